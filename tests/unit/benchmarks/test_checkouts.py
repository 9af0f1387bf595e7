"""Two checkouts are compared: what is the same is said to be, and whatever a change does is seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.checkouts import comparison, corner_persons
from benchmarks.checkouts.__main__ import main
from benchmarks.checkouts.bad_inputs import BAD_LINES
from benchmarks.checkouts.course import WORK, Left, Record, run_checkout
from benchmarks.checkouts.steps import Step, chosen_steps, steps
from benchmarks.checkouts.times import table, write_night_patients

PROGRAM = """
import os, pathlib, sys
def main():
    print("hla-match", sys.argv[1:], sys.stdin.read())
    print(os.getcwd(), file=sys.stderr)
    pathlib.Path("out.csv").write_text("patient,donor\\nP1,D1\\n")
    pathlib.Path("none.bin").write_bytes(bytes([255, 0]))
    sys.exit(0)
"""
STEPS = (Step("first", ("search", "registry"), standard_input="A2"), Step("second", ("batch",)))


def checkout(folder: Path, program: str = PROGRAM) -> Path:
    """A checkout whose command does what it is told to."""
    for package in ("hla_match", "hla_match/cli", "registry_io"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("")
    (folder / "hla_match" / "cli" / "main.py").write_text(program)
    return folder


def found(folder: Path, old: Path, new: Path) -> dict[str, list[str]]:
    records = [run_checkout(place, STEPS, folder / place.name, print) for place in (old, new)]
    return dict(comparison.findings(STEPS, *records))


def test_the_same_program_leaves_the_same(tmp_path: Path) -> None:
    differences = found(tmp_path / "runs", checkout(tmp_path / "base"), checkout(tmp_path / "candidate"))
    assert differences == {"first": [], "second": []}
    record = json.loads((tmp_path / "runs" / "base" / "record.json").read_text())["left"]["first"]
    assert record["output"] == "hla-match ['search', 'registry'] A2\n"
    assert record["messages"] == "WORK\n"
    assert set(record["files"]) == {"out.csv", "none.bin"}


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("sys.exit(0)", "sys.exit(0 if sys.argv[1:] == ['warmup'] else 2)", "exit code 0, now 2"),
        ('print("hla-match"', 'print("hla-match!"', "output, line 1:"),
        ("os.getcwd()", "os.getcwd(), 1", "messages, line 1:"),
        ("P1,D1", "P1,D2", "out.csv, line 2:"),
        ("P1,D1\\n", "P1,D1\\nP1,D2\\n", "out.csv, line 3: candidate alone goes on: 'P1,D2'"),
        ("[255, 0]", "[255, 1]", "none.bin: 2 bytes, now 2 other ones"),
        ('Path("out.csv")', 'Path("other.csv")', "out.csv: written by the base alone"),
    ],
)
def test_whatever_differs_is_seen(tmp_path: Path, old: str, new: str, part: str) -> None:
    assert old in PROGRAM
    changed = checkout(tmp_path / "candidate", PROGRAM.replace(old, new))
    differences = found(tmp_path / "runs", checkout(tmp_path / "base"), changed)
    assert any(line.startswith(part) for line in differences["first"])
    assert any(line.startswith(part) for line in differences["second"])


def test_a_record_is_kept_for_the_same_code_and_for_steps_that_it_holds(tmp_path: Path) -> None:
    place, said = checkout(tmp_path / "base"), []
    run_checkout(place, STEPS, tmp_path / "kept", said.append)
    again = run_checkout(place, STEPS, tmp_path / "kept", said.append)
    assert sum("as kept" in line for line in said) == 1
    assert set(again.left) == {"first", "second"}
    run_checkout(place, STEPS[:1], tmp_path / "kept", said.append)
    assert sum("as kept" in line for line in said) == 2
    run_checkout(place, [*STEPS, Step("third", ("demo",))], tmp_path / "kept", said.append)
    (place / "registry_io" / "more.py").write_text("")
    run_checkout(place, STEPS[:1], tmp_path / "kept", said.append)
    assert sum("as kept" in line for line in said) == 2


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(RuntimeError, match="found other files"):
        run_checkout(checkout(tmp_path.parent / f"{tmp_path.name}-base"), STEPS, tmp_path, print)
    with pytest.raises(FileNotFoundError, match="expected a checkout"):
        run_checkout(tmp_path, STEPS, tmp_path / "new", print)


def snapshot(folder: Path, name: str, files: list[str]) -> Record:
    """A record of one step that wrote a snapshot and a batch that names it."""
    place = folder / WORK / "registry" / name
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps({"format_version": 3, "files": files}))
    (folder / WORK / "out.json").write_text(f'"{name}"')
    written = {"out.json": name, f"registry/{name}/manifest.json": name}
    return Record(folder, {"first": Left(0, f"made {name}", "", written)})


def test_names_of_snapshots_are_compared_where_their_format_is_one(tmp_path: Path) -> None:
    base = snapshot(tmp_path / "base", "snapshot-0123456789abcdef", ["a.npy"])
    other = snapshot(tmp_path / "other", "snapshot-fedcba9876543210", ["a.npy"])
    renamed = snapshot(tmp_path / "renamed", "snapshot-fedcba9876543210", ["b.npy"])
    assert len(dict(comparison.findings(STEPS[:1], base, other))["first"]) == 4
    assert dict(comparison.findings(STEPS[:1], base, renamed)) == {"first": []}


def test_steps_are_chosen_with_those_that_they_rest_on(tmp_path: Path) -> None:
    every = steps(tmp_path)
    names = [step.name for step in every]
    assert len(set(names)) == len(names) > 100
    assert {f"bad-{name}" for name in BAD_LINES} <= set(names)
    chosen = [step.name for step in chosen_steps(every, ["batch-p-1*"], quick=True)]
    needed = [step.name for step in every if step.is_needed]
    assert needed[:3] == ["install", "install-3.33", "import"]
    assert chosen[: len(needed)] == needed
    assert set(chosen[len(needed) :]) == {"batch-p-10", "batch-p-10-all", "batch-p-12", "batch-p-10-parquet"}
    quick = chosen_steps(every, (), quick=True)
    assert 0 < sum(step.is_slow for step in every) == len(every) - len(quick)
    with pytest.raises(ValueError, match="no step matches 'batsch'"):
        chosen_steps(every, ["batsch"], quick=False)


def test_the_command_exits_with_1_where_something_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLA_MATCH_TEST_DATA", str(tmp_path))
    base = str(checkout(tmp_path / "base"))
    same = str(shutil.copytree(base, tmp_path / "same"))
    other = str(checkout(tmp_path / "other", PROGRAM.replace("P1,D1", "P1,D2")))
    options = ["--only", "info", "--keep", str(tmp_path / "kept")]
    done = CliRunner().invoke(main, [base, same, *options])
    assert (done.exit_code, "9 steps: 9 same, 0 different" in done.output) == (0, True)
    done = CliRunner().invoke(main, [base, other, *options])
    assert (done.exit_code, "9 steps: 0 same, 9 different" in done.output) == (1, True)
    assert "DIFFERENT info (2 files" in done.output


def test_corner_persons_are_the_same_from_one_seed(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        corner_persons.write_corner_persons(tmp_path / name)
        texts.append([path.read_text() for path in sorted((tmp_path / name).iterdir())])
    assert texts[0] == texts[1]
    donors = (tmp_path / "one" / corner_persons.DONORS).read_text()
    assert all(typing in donors for typing in ("01:11N", "NNNN", "NEW", "02:ABCD", "24:02/24:09N", ",62,"))


def test_times_are_medians_and_the_quickest_rounds(tmp_path: Path, shared_data: Path) -> None:
    line = table({"import": [2.0, 0.004, 0.002]}, {"import": [1.0, 0.002, 0.004]})[1]
    assert line.split() == ["import", "4.000", "ms", "4.000", "ms", "1.000", "1.000"]
    write_night_patients(shared_data / "data" / "registry_103k", tmp_path / "night.csv")
    rows = (tmp_path / "night.csv").read_text().splitlines()
    assert len(rows) == 1 + 1_000
    assert len({row.partition(",")[0] for row in rows}) == len(rows)
