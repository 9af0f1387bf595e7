"""What the attacks rest on: faults that strike where they should, and comparisons that see a difference."""

from __future__ import annotations

import random
import sys

import pytest

from benchmarks.reliability.attack import Attack, Tally, spread
from benchmarks.reliability.children import TEMPORARY, Children, Ended
from benchmarks.reliability.damage import damaged
from benchmarks.reliability.deeds import deeds
from benchmarks.reliability.inputs import patient_text, write_inputs
from benchmarks.reliability.mutated_inputs import mutated, write_mutation
from benchmarks.reliability.originals import KINDS, write_originals
from benchmarks.reliability.races import races
from benchmarks.reliability.scene import Scene, differences, open_to_others, tree_of
from benchmarks.reliability.section import FORMAT, in_words, reliability_section
from benchmarks.report import write_report
from benchmarks.results import FORMAT as SUITE_FORMAT
from hla_match import Patient

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="children are watched as Linux allows it")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    with Children(folder / "said") as children:
        yield Scene(folder, children, seed=1)


@pytest.fixture
def first(scene):
    """The first import of the scene, as a deed."""
    return next(deed for deed in deeds(scene.lines) if deed.name == "first import")


@needs_linux
@pytest.mark.exhaustive
def test_every_command_is_a_child_that_says_how_it_ended(scene):
    with scene.place("test") as place:
        done = scene.children.run(("--version",), place)
        assert (done.status, done.fault, "version" in done.output) == (0, "", True)
        refused = scene.children.run(("search", "nowhere", "--hla", patient_text()), place)
        assert refused.is_refusal
        assert "nowhere" in refused.last_line
        broken = scene.children.run((), place, function="benchmarks.reliability.nothing:nothing")
        assert broken.fault.startswith("a traceback: ModuleNotFoundError")
        assert done.peak > 1_000_000


@needs_linux
@pytest.mark.exhaustive
def test_a_kill_leaves_what_was_before_the_step(scene, first):
    steps = scene.steps(first.history, first.line)
    assert {name.partition(" ")[0] for name in steps} >= {"open", "os.rename", "os.fsync", "os.write"}
    last_rename = max(number for number, name in enumerate(steps) if name.startswith("os.rename registry/CURRENT"))
    answers = []
    for step in (last_rename, last_rename + 1):
        with scene.copy(first.history) as place:
            ended = scene.children.run(first.line, place, fault={"act": "kill", "at": step})
            assert ended.fault == "ended by SIGKILL"
            answers.append((place / "registry" / "CURRENT").exists())
            assert not first.neither(scene, place)
    assert answers == [False, True]


@needs_linux
@pytest.mark.exhaustive
def test_a_torn_write_is_half_a_write(scene, first):
    steps = scene.steps(first.history, first.line)
    step = next(number for number, name in enumerate(steps) if name.startswith("os.write") and "donor_typing" in name)
    sizes = []
    for act in ("kill", "tear"):
        with scene.copy(first.history) as place:
            assert scene.children.run(first.line, place, fault={"act": act, "at": step}).status == -9
            (file,) = place.glob("registry/.writing-*/donor_typing.npy")
            sizes.append(file.stat().st_size)
    assert sizes[0] < sizes[1]


@needs_linux
@pytest.mark.exhaustive
@pytest.mark.parametrize(("act", "status"), [("no room", 2), ("INT", 130)])
def test_what_befalls_a_step_reaches_the_command(scene, first, act, status):
    with scene.copy(first.history) as place:
        ended = scene.children.run(first.line, place, fault={"act": act, "at": 20})
        assert ended.status == status
        assert not first.unlike_before(scene, place)


@needs_linux
@pytest.mark.exhaustive
def test_a_folder_that_answers_as_no_state_is_seen(scene, first):
    with scene.copy(first.after) as place:
        assert not first.neither(scene, place)
        assert not first.unlike_after(scene, place)
        scene.children.run(scene.lines.second, place)
        assert "neither the old state nor the new" in first.neither(scene, place)
        assert "registry/CURRENT has other bytes" in first.unlike_after(scene, place)


@needs_linux
@pytest.mark.exhaustive
def test_every_command_that_writes_is_attacked(scene):
    words = {" ".join(deed.line[:2]) for deed in deeds(scene.lines)}
    assert words >= {
        "registry import", "registry gc", "registry rollback", "registry donor", "registry merge", "registry erase",
        "registry compact", "registry rebase", "search registry", "batch registry", "impute registry",
        "frequencies estimate", "frequencies install", "nomenclature install",
    }  # fmt: skip
    assert {race.stop for race in races(scene.lines)} >= {"CURRENT", "snapshot-", "imputed-"}


def test_differences_are_what_is_missing_changed_or_left_over(tmp_path):
    for name in ("same", "changed", "missing"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
    (tmp_path / TEMPORARY).mkdir()
    before = tree_of(tmp_path)
    assert set(before) == {"same", "changed", "missing"}
    assert not differences(before, before, {})
    assert not open_to_others(before)
    (tmp_path / "changed").write_text("other")
    (tmp_path / "missing").rename(tmp_path / "new")
    (tmp_path / "same").chmod(0o640)
    after = tree_of(tmp_path)
    expected = ["missing is missing", "changed has other bytes", "new is left over"]
    assert sorted(differences(after, before, {})) == sorted(expected)
    assert sorted(differences(after, before, {"new": before["missing"]})) == sorted(expected[:2])
    assert open_to_others(after) == ["same has mode 640"]


def test_successive_trials_lie_evenly_over_all_steps():
    for n_trials in (20, 50, 300):
        places = sorted(spread(number, 1000, random.Random(number)) for number in range(n_trials))
        gaps = [after - before for before, after in zip([0, *places], [*places, 1000], strict=True)]
        assert max(gaps) <= 15 + 2500 / n_trials


def test_a_damage_changes_bytes_and_is_made_again_by_its_seed(tmp_path):
    said = []
    for turn in range(2):
        place = tmp_path / str(turn)
        for number in range(40):
            folder = place / str(number)
            folder.mkdir(parents=True)
            for name in ("a", "b"):
                (folder / name).write_bytes(random.Random(name).randbytes(9000))
            before = tree_of(folder)
            what = damaged(folder, sorted(folder.iterdir()), random.Random(number))
            said.append((what, tree_of(folder)))
            assert (tree_of(folder) == before) == what.endswith("the same"), what
    assert said[:40] == said[40:]
    assert len({what.split(": ")[1].split()[0] for what, _ in said}) >= 8


def test_mutations_differ_and_are_made_again_by_their_seed(tmp_path):
    write_inputs(tmp_path / "inputs", seed=1)
    write_originals(tmp_path / "originals", tmp_path / "inputs")
    for kind in KINDS:
        written = [
            tree_of(write_mutation(kind, tmp_path / "originals", tmp_path, random.Random(number)).parent)
            for number in (1, 1, 2)
        ]
        assert kind.startswith("release") or written[0] == written[1]
        assert written[1] != written[2]
    assert {mutated(b"02:01", random.Random(number)) for number in range(50)} > {b""}


def test_inputs_are_those_of_the_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_inputs(tmp_path / name, seed)
    assert tree_of(tmp_path / "a") == tree_of(tmp_path / "b") != tree_of(tmp_path / "c")
    assert len(Patient.from_gl_string("patient", patient_text()).typings) == 5


def test_what_a_trial_finds_is_kept_with_its_number(tmp_path):
    class Nowhere:
        seed = 1

    def trial(scene: object, number: int, tally: Tally) -> None:
        tally.did("things", 2)
        tally.expect(number != 3, f"{tally.rng.random()}")

    attack = Attack("some", "Nothing.", trial, long=5, quick=1)
    said: list[str] = []
    runs = [attack.run(Nowhere(), range(5), said.append) for _ in range(2)]  # type: ignore[arg-type]
    assert runs[0]["findings"] == runs[1]["findings"]
    assert [one["trial"] for one in runs[0]["findings"]] == [3]
    assert in_words(runs[0]).startswith("1 problem in 5 trials")
    assert len(said) == 2


def test_an_end_by_signal_traceback_or_panic_is_a_fault():
    def ended(status: int, said: str) -> Ended:
        return Ended(("search", "x"), status, "", said, 0.1, 1)

    assert ended(-11, "").fault == "ended by SIGSEGV"
    assert ended(1, "Traceback (most recent call last)\nValueError: x").fault == "a traceback: ValueError: x"
    assert ended(2, "thread 'x' panicked at y\nhla-match: x").fault
    assert ended(2, "hla-match: x: found y").is_refusal
    assert not ended(1, "hla-match: x: found y").is_refusal


def test_the_report_has_a_section_of_the_attacks(tmp_path):
    machine = dict.fromkeys(("processor", "cores", "python", "numpy", "numba", "polars", "commit"), "x")
    found = {"attack": "kills", "proves": "Nothing is lost.", "trials": 7, "seconds": 1.0, "counts": {"kills": 7}}
    problems = [{"trial": 4, "problem": "a loss"}]
    attacks = {
        "format": FORMAT, "machine": machine, "settings": {"seed": 9, "quick": False}, "seconds": 600.0,
        "results": [{**found, "findings": []}, {**found, "attack": "races", "findings": problems}],
    }  # fmt: skip
    text = "\n".join(reliability_section(attacks))
    assert "| kills | Nothing is lost. | 7 kills | none |" in text
    assert "| races | Nothing is lost. | 7 kills | **1** |" in text
    assert "- trial 4: a loss" in text
    assert "--seed 9" in text
    suite = {"format": SUITE_FORMAT, "machine": machine, "settings": {"quick": True, "workers": 1}, "results": []}
    write_report(suite, (), tmp_path / "REPORT.md", attacks)
    assert "## Reliability" in (tmp_path / "REPORT.md").read_text(encoding="utf-8")
    write_report(suite, (), tmp_path / "REPORT.md")
    assert "## Reliability" not in (tmp_path / "REPORT.md").read_text(encoding="utf-8")
