"""The benchmark suite runs, says what is wrong, and its results can be compared and reported. No time is judged."""

import copy
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import results, suite
from benchmarks.__main__ import main
from benchmarks.case import Case, Figure, Measured, Target
from benchmarks.cases import CASES
from benchmarks.comparison import changes
from benchmarks.findings import SHARED, Disagreement, NotRun
from benchmarks.growth_plot import growth_plot
from benchmarks.peers import ard, graph_match
from benchmarks.places import Settings, registry_of_size
from benchmarks.programs_plot import PUBLISHED, programs_plot
from benchmarks.report import write_report

PEERS = ("py-ard", "py-graph-match", "py-graph-imputation")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A quick run of the whole table without the shared data, as a command."""
    folder = tmp_path_factory.mktemp("quick")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HLA_MATCH_TEST_DATA", raising=False)
        done = CliRunner().invoke(main, ["--quick", "--json", str(folder / "results.json")])
    assert done.exit_code == 0, done.output
    return done.output, results.read(folder / "results.json")


@pytest.mark.exhaustive
def test_every_case_runs_or_says_in_one_line_why_not(quick):
    output, document = quick
    assert not suite.failures(document)
    found = {(entry["case"], entry["place"]) for entry in document["results"]}
    assert found == {(case.name, label) for case in CASES for label in (SHARED, "300", "600") if case.is_for(label)}
    for entry in document["results"]:
        # The lesser of a quick run is imported from a file, the greater streamed to disk.
        is_left_out = entry["place"] == SHARED or (entry["case"], entry["place"]) in (
            ("build", "300"),
            ("import", "600"),
        )
        assert ("skipped" in entry) == is_left_out
        if not is_left_out:
            assert entry["agreed"]
            assert all(math.isfinite(one["value"]) for one in entry["figures"].values())
    assert "search with P: skipped, HLA_MATCH_TEST_DATA is not set" in output
    assert "not judged" in output


@pytest.mark.exhaustive
def test_results_hold_machine_commit_and_every_repetition(quick):
    _, document = quick
    assert {"processor", "cores", "python", "numpy", "numba", "polars", "commit"} <= set(document["machine"])
    searches = next(entry for entry in document["results"] if entry["case"] == "search" and entry["place"] == "300")
    assert np.array(searches["repetitions"]["seconds"]).shape == (1, 3)


@pytest.mark.exhaustive
def test_shared_cases_run(shared_data, tmp_path):
    done = CliRunner().invoke(
        main, ["--quick", "--cases", "search with P", "--cases", "night run", "--cases", "start*", "--cases", "red*"]
    )
    assert done.exit_code == 0, done.output
    assert "night run: skipped" not in done.output
    assert "the first run says why it takes longer" in done.output


def test_a_program_that_is_not_installed_is_skipped_with_one_line(shared_data, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    done = CliRunner().invoke(main, ["--quick", *(word for name in PEERS for word in ("--cases", name))])
    assert done.exit_code == 0, done.output
    for name in PEERS:
        said = f"{name}: skipped, {name} is not installed; name an interpreter that has it by --peer-python"
        assert said in done.output


def small(name="one", **changed):
    def check(place):
        return "agreed"

    case = Case(
        name=name,
        proves="nothing",
        setup=lambda place: place,
        check=check,
        run=lambda place: Measured({"median": Figure(0.5)}, {"seconds": [[0.5]]}),
        places="sizes",
    )
    return replace(case, **changed)


def fail(place):
    raise Disagreement("other donors")


def never(place):
    raise AssertionError("a case that disagrees is not timed")


def test_a_case_that_disagrees_is_not_timed_and_fails_the_run(tmp_path):
    said = []
    cases = [small("wrong", check=fail, run=never), small("right")]
    document = suite.run(cases, Settings(tmp_path, (50,), quick=True), said.append)
    assert [entry["case"] for entry in suite.failures(document)] == ["wrong"]
    assert "  wrong: FAILED, other donors" in said
    assert "figures" not in document["results"][0]


def test_a_failed_case_makes_the_command_fail(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.cases.CASES", (small("wrong", check=fail),))
    done = CliRunner().invoke(main, ["--quick"])
    assert done.exit_code == 1
    assert "wrong: FAILED" in done.output


def test_a_case_that_cannot_run_is_skipped(tmp_path):
    def setup(place):
        raise NotRun("no such program")

    document = suite.run([small(setup=setup)], Settings(tmp_path, (50,), quick=True), lambda line: None)
    assert document["results"][0]["skipped"] == "no such program"


def test_cases_are_chosen_by_name_or_pattern():
    assert [case.name for case in suite.chosen_cases(CASES, ["search*"])] == [
        "search",
        "search for barely typed",
        "search over 20 snapshots of changes",
        "search with P",
    ]
    with pytest.raises(ValueError, match="no case matches 'nothing'"):
        suite.chosen_cases(CASES, ["nothing"])
    assert CliRunner().invoke(main, ["--cases", "nothing"]).exit_code == 2


def test_a_registry_that_is_kept_is_not_built_again(tmp_path):
    folder = registry_of_size(50, tmp_path, from_a_file=True)
    made = (folder / "CURRENT").stat().st_mtime_ns
    assert registry_of_size(50, tmp_path, from_a_file=True) == folder
    assert (folder / "CURRENT").stat().st_mtime_ns == made


def document_of(*values):
    """Results of a case at places with a median each."""
    return {
        "format": results.FORMAT,
        "machine": {
            "processor": "P",
            "commit": "c",
            "cores": 2,
            "python": "3",
            "numba": "0",
            "numpy": "2",
            "polars": "2",
        },
        "settings": {"quick": False, "workers": 2, "sizes": []},
        "results": [
            {
                "case": case,
                "place": place,
                "agreed": "agreed | so",
                "figures": {"median": {"value": value, "unit": "s"}},
                "repetitions": {"seconds": [[value], [value * 1.02]]},
                "notes": [],
            }
            for case, place, value in values
        ],
    }


def test_targets_are_absolute_beside_a_floor_or_grown_from_a_smaller_size():
    targets = (
        Target("median", at_most=1.0, place="1000"),
        Target("median", at_most=1.0, place="1000", beside=("floor", "median")),
        Target("median", at_most=30.0, place="1000", grown_from="10"),
        Target("median", at_least=1.0, place="1000"),
        Target("median", at_most=1.0, place="7"),
    )
    document = document_of(("one", "1000", 0.9), ("one", "10", 0.01), ("floor", "1000", 0.5))
    found = list(results.verdicts(document, [small(targets=targets)]))
    assert [one.word for one in found] == ["holds", "MISSED", "MISSED", "MISSED", "not measured"]
    assert [one.value for one in found[:3]] == pytest.approx([0.9, 1.8, 90.0])
    assert results.bound(found[1]) == "at most 1 times floor"
    assert results.bound(found[2]) == "at most 30 times that of 10 donors"


def test_compare_names_what_is_beyond_noise(tmp_path):
    old = document_of(("a", "10", 1.0), ("b", "10", 1.0), ("c", "10", 1.0), ("gone", "10", 1.0))
    new = document_of(("a", "10", 1.05), ("b", "10", 2.0), ("c", "10", 0.5))
    assert {one.case: one.word for one in changes(old, new)} == {"a": "same", "b": "worse", "c": "better"}
    noisy = copy.deepcopy(new)
    noisy["results"][1]["repetitions"]["seconds"] = [[0.5], [1.5], [2.0], [3.5]]
    assert {one.case: one.word for one in changes(old, noisy)}["b"] == "worse"
    noisy["results"][1]["repetitions"]["seconds"] = [[0.5], [0.6], [2.0], [3.5], [4.0]]
    assert {one.case: one.word for one in changes(old, noisy)}["b"] == "same"
    for name, content in (("old.json", old), ("new.json", new)):
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    done = CliRunner().invoke(main, ["compare", str(tmp_path / "old.json"), str(tmp_path / "new.json")])
    assert done.exit_code == 0
    assert "worse     2.000" in done.output


def test_compare_refuses_another_file(tmp_path):
    other = tmp_path / "other.json"
    other.write_text("[]", encoding="utf-8")
    done = CliRunner().invoke(main, ["compare", str(other), str(other)])
    assert done.exit_code == 1
    assert "found no hla-match benchmark results" in done.output


@pytest.mark.exhaustive
def test_report_shows_every_result_and_draws_growth(quick, tmp_path):
    _, document = quick
    (tmp_path / "results.json").write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "REPORT.md"
    done = CliRunner().invoke(main, ["report", str(tmp_path / "results.json"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert all(f"| {case.name} |" in text for case in CASES)
    assert "A quick run" in text
    drawing = (tmp_path / "report" / "searches.svg").read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert drawing.count("<polyline") == 7
    assert drawing.count("<circle") == 14
    beside = (tmp_path / "report" / "programs.svg").read_text(encoding="utf-8")
    assert "hla-match with probabilities" in beside
    assert "py-graph-match" not in beside


def test_report_says_what_failed_and_escapes_tables(tmp_path):
    document = document_of(("one", "10", 1.0))
    document["results"].append({"case": "two", "place": "10", "failed": "x | y"})
    write_report(document, [small("one"), small("two")], tmp_path / "REPORT.md")
    text = (tmp_path / "REPORT.md").read_text(encoding="utf-8")
    assert "| two | **failed**: x \\| y | | |" in text
    assert "agreed \\| so" in text
    assert not list((tmp_path / "report").iterdir())


def test_growth_plot_keeps_points_and_labels_inside():
    series = {name: [(10_000.0, 0.001 * k), (1e6, 0.1)] for k, name in enumerate("abcdefgh", 1)}
    drawing = growth_plot("a < b", series, unit="s", dashed=["a"])
    assert "a &lt; b" in drawing
    assert drawing.count("stroke-dasharray") == 1
    heights = [float(part.split('"')[0]) for part in drawing.split('y2="')[-8:]]
    assert all(0 <= one <= 340 for one in heights)


def test_programs_plot_draws_measured_points_full_and_published_ones_hollow():
    document = document_of(("search", "100", 0.001), ("search", "1000", 0.002), ("py-graph-match", SHARED, 0.5))
    measured = document["results"][-1]["figures"]
    measured["py-graph-match as shipped, mean"] = measured["median"]
    drawing = programs_plot(document)
    assert drawing.count("<circle") == 4
    assert drawing.count('fill="#fff" stroke=') == len(PUBLISHED) == 1
    assert "100,000 donors, 500 ms" in drawing
    assert "py-graph-match, first 100 donors" in drawing


def test_programs_plot_needs_growth():
    assert programs_plot(document_of(("search", "100", 0.001))) is None


def own(*rows):
    return np.arange(len(rows), dtype=np.int64), np.array(rows)


def answer(*listed):
    donors, mismatches, probabilities = zip(*listed, strict=True) if listed else ((), (), ())
    return {
        "donor": [1_000_001 + donor for donor in donors],
        "mismatches": list(mismatches),
        "probability": list(probabilities),
    }


@pytest.mark.parametrize(
    ("listed", "disputed"),
    [
        (((0, 0, 0.9), (1, 1, 0.5)), []),
        (((0, 0, 0.9),), [1]),
        (((0, 0, 0.8), (1, 1, 0.5)), [0]),
        (((0, 1, 0.9), (1, 1, 0.5)), [0]),
    ],
)
def test_donors_that_a_peer_lists_otherwise_are_disputed(listed, disputed):
    rows = own((0.9, 0.06, 0, 0), (0.05, 0.5, 0.4, 0), (0.01, 0.02, 0.03, 0))
    assert graph_match.compare(rows, answer(*listed), 0.1, None).disputed.tolist() == disputed


def test_donors_beyond_the_cutoff_of_a_peer_are_not_disputed_and_equal_ones_are_any():
    rows = own((0.9, 0, 0, 0), (0.5, 0, 0, 0), (0.5, 0, 0, 0), (0, 0.9, 0, 0))
    assert not graph_match.compare(rows, answer((0, 0, 0.9), (2, 0, 0.5)), 0.1, 2).disputed.size
    assert graph_match.compare(rows, answer((1, 0, 0.5), (2, 0, 0.5)), 0.1, 2).disputed.tolist() == [0]


def test_a_donor_that_a_peer_invents_is_an_error():
    with pytest.raises(Disagreement, match="not found here"):
        graph_match.compare(own((0.9, 0, 0, 0)), answer((7, 0, 0.9)), 0.1, None)


def test_the_command_starts_as_a_module():
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--help"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0
    for name in ("compare", "report", "calibration", "estimation", "grim"):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("name", "own", "theirs", "known"),
    [
        ("A*26:XX", {"A*26:01P"}, {"A*26:01P", "A*26:11N"}, ard.NULLS_OF_FAMILY),
        ("A*24:02:01G", {"A*24:02P", "A*24:09N"}, {"A*24:02P"}, ard.NULLS_OF_GROUP),
        ("A*02:16:01G", {"A*02:16P"}, {"A*02:16:01"}, ard.MEMBER),
        ("A33", {"A*33:03P", "A*33:09"}, {"A*33:03P"}, ard.ANTIGEN),
        ("A*26:XX", {"A*26:01P"}, {"A*26:01P", "A*26:02P"}, None),
        ("A*02:01", {"A*02:01P"}, {"A*02:01P", "A*02:43N"}, None),
    ],
)
def test_a_reduction_may_differ_from_py_ard_only_as_is_known(name, own, theirs, known):
    assert ard.difference(name, own, theirs, lambda one: one.endswith("N")) == known


@pytest.mark.exhaustive
def test_a_target_has_the_unit_of_its_figure(quick):
    _, document = quick
    known = {(case, name): figure.unit for (case, _, name), figure in results.figures(document).items()}
    for case in CASES:
        for target in case.targets:
            assert known.get((case.name, target.figure), target.unit) == target.unit
