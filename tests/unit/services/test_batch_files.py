"""What a batch writes: by one writer, from parts that are as they were written, all files or none, and what is said."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.cli.option_hints import with_option_hint
from hla_match.errors import BrokenPartsError, CriteriaError, ErrorCode, FileError, LockedError
from hla_match.searches.matcher import Matcher
from hla_match.services import batch_run, batch_size
from hla_match.services.batch_parts import BatchParts
from registry_io.disk.durable_files import listening
from registry_io.disk.joint_files import lock_files

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
N_PATIENTS, N_DONORS = 10, 6
NAMES = ("out.csv", "out.csv.status.csv", "out.csv.manifest.json")
BATCH = ("batch", "registry", "patients.csv", "--overwrite", "--scope", "6/6", "--as-of=2026-06-14", "--out")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch_run, "PART_SIZE", 3)
    Path("home").mkdir()
    donors = "".join(f"D{number},{PATIENT}\n" for number in range(N_DONORS))
    Path("donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    patients = "".join(f"P{number},{PATIENT}\n" for number in range(N_PATIENTS))
    Path("patients.csv").write_text(f"patient_id,gl_string\n{patients}", encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv").exit_code == 0
    return call


def contents(*names: str) -> list[bytes | None]:
    return [Path(name).read_bytes() if Path(name).exists() else None for name in names]


def interrupted(run: Callable[..., Result], out: str = "out.csv") -> Path:
    """Return the folder of the parts of a batch that ended before it wrote its result."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchParts, "joined", lambda *_, **__: 1 / 0)
        assert isinstance(run(*BATCH, out).exception, ZeroDivisionError)
    (folder,) = Path().glob(f".{out}.parts-*")
    return folder


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The patients that are searched from here on."""
    found: list[str | None] = []
    inner = Matcher.search

    def search(self: Matcher, patient, *rest, **options):  # type: ignore[no-untyped-def]
        found.append(patient.patient_id)
        return inner(self, patient, *rest, **options)

    monkeypatch.setattr(Matcher, "search", search)
    return found


def test_files_are_their_owners_alone_and_know_each_other(run) -> None:
    assert run(*BATCH, "out.csv").exit_code == 0
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in NAMES} == {0o600}
    files = json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))["files"]
    for role, name, n_rows in (
        ("results", "out.csv", N_PATIENTS * N_DONORS),
        ("statuses", "out.csv.status.csv", N_PATIENTS),
    ):
        data = Path(name).read_bytes()
        assert files[role] == {"rows": n_rows, "sha256": hashlib.sha256(data).hexdigest()}
        assert data.count(b"\n") == n_rows + 1
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize("held", ["out.csv", "out.csv.status.csv", "out.csv.manifest.json"])
def test_a_second_writer_of_any_of_the_files_is_told_and_changes_nothing(run, searched, held: str) -> None:
    for name in NAMES:
        Path(name).write_bytes(b"old")
    folder = interrupted(run)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    searched.clear()
    with lock_files(Path(held)):
        done = run(*BATCH, "out.csv")
    assert isinstance(done.exception, LockedError)
    assert f"{held}: found process {os.getpid()} " in str(done.exception)
    assert not searched
    assert contents(*NAMES) == [b"old"] * 3
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert run(*BATCH, "out.csv").exit_code == 0


@pytest.mark.parametrize(
    "kind", ["results", *(pytest.param(one, marks=pytest.mark.exhaustive) for one in ("status", "seal"))]
)
def test_a_damaged_part_is_searched_again_and_no_other(run, searched, kind: str) -> None:
    assert run(*BATCH, "whole.csv").exit_code == 0
    whole = contents("whole.csv", "whole.csv.status.csv", "whole.csv.manifest.json")
    for damage in (lambda data: data[:-1], lambda data: data[:50] + bytes([data[50] ^ 4]) + data[51:], lambda _: b""):
        folder = interrupted(run)
        (path,) = folder.glob(f"3-6.*{kind}.parquet")
        path.write_bytes(damage(path.read_bytes()))
        searched.clear()
        assert run(*BATCH, "out.csv").exit_code == 0
        assert sorted(searched, key=str) == ["P3", "P4", "P5"]
        assert contents(*NAMES) == whole


def test_what_an_older_program_left_is_not_joined(run, searched) -> None:
    assert run(*BATCH, "whole.csv").exit_code == 0
    folder = interrupted(run)
    for path in list(folder.iterdir()):
        path.unlink()
    pl.DataFrame({"patient_id": ["P0"]}).write_parquet(folder / "0-10.parquet")
    pl.DataFrame({"patient_id": ["P0"]}).write_parquet(folder / "0-10.status.parquet")
    assert run(*BATCH, "out.csv").exit_code == 0
    assert contents("out.csv") == contents("whole.csv")
    assert not folder.exists()


def _remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def _remove_part(folder: Path) -> None:
    (folder / "0-3.results.parquet").unlink()


def _remove_statuses(folder: Path) -> None:
    (folder / "0-3.status.parquet").unlink()


def _flip(folder: Path) -> None:
    path = folder / "0-3.results.parquet"
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [_remove_folder, _remove_part, _remove_statuses, _flip])
@pytest.mark.parametrize("at", [2, 4])
def test_parts_that_are_harmed_while_the_batch_runs_end_it_and_the_old_files_stay(
    run, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], at: int
) -> None:
    for name in NAMES:
        Path(name).write_bytes(b"old")
    write = BatchParts.write
    n_written = 0

    def harmed(self: BatchParts, *rest: object) -> None:
        nonlocal n_written
        write(self, *rest)  # type: ignore[arg-type]
        n_written += 1
        if n_written == at:
            harm(self.folder)

    monkeypatch.setattr(BatchParts, "write", harmed)
    done = run(*BATCH, "out.csv")
    assert isinstance(done.exception, BrokenPartsError)
    assert done.exception.exit_status == 1
    assert "no result was written" in str(done.exception)
    assert "start the same command again" in str(done.exception)
    assert contents(*NAMES) == [b"old"] * 3
    assert not list(Path().glob(".*.part"))
    monkeypatch.setattr(BatchParts, "write", write)
    assert run(*BATCH, "out.csv").exit_code == 0
    assert run(*BATCH, "whole.csv").exit_code == 0
    assert contents("out.csv", "out.csv.status.csv") == contents("whole.csv", "whole.csv.status.csv")


def test_statuses_and_rows_that_do_not_agree_write_nothing(run, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = BatchParts.statuses
    monkeypatch.setattr(BatchParts, "statuses", lambda self: statuses(self).with_columns(pl.col("donors") + 1))
    done = run(*BATCH, "out.csv")
    assert isinstance(done.exception, BrokenPartsError)
    assert "found 60 rows, expected 70, as the statuses say" in str(done.exception)
    assert contents(*NAMES) == [None] * 3


def is_of_batch(path: Path) -> bool:
    """Whether a batch writes there for its results: not what a registry is remembered by, nor the log of searches."""
    return not {"home", "registry"} & set(path.parts)


@pytest.mark.parametrize(
    ("ending", "every"),
    [
        (".csv", 7),
        *(pytest.param(one, 1, marks=pytest.mark.exhaustive) for one in (".csv", ".csv.gz", ".parquet", ".xlsx")),
    ],
)
def test_a_disk_that_is_full_at_any_step_is_one_error_and_the_same_command_goes_on(
    run, ending: str, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_run, "PART_SIZE", 5)
    names = [f"out{ending}{end}" for end in ("", ".status.csv", ".manifest.json")]
    steps: list[str] = []
    with listening(lambda action, path: steps.append(action) if is_of_batch(path) else None):
        assert run(*BATCH, f"whole{ending}").exit_code == 0
    whole = contents(*(name.replace("out", "whole") for name in names))
    for name in names:
        Path(name).write_bytes(b"old")
    before = set(Path().iterdir())
    # The formats differ in the last file alone.
    first = 0 if ending == ".csv" else len(steps) - 12
    for at in range(first, len(steps), every):
        if steps[at] == "remove":  # which needs no room
            continue
        counted = iter(range(10_000))

        def fail(action: str, path: Path, at: int = at, counted: Iterator[int] = counted) -> None:
            if is_of_batch(path) and next(counted) == at:
                raise OSError(errno.ENOSPC, "No space left on device")

        with listening(fail):
            done = run(*BATCH, f"out{ending}")
        assert isinstance(done.exception, FileError), (at, done)
        assert str(done.exception).count("no room left on the disk") == 1
        left = set(Path().iterdir()) - before
        goes_on = "the same command, started again, goes on from there" in str(done.exception)
        assert [path.name[: len(f".out{ending}.parts-")] for path in left] == [f".out{ending}.parts-"] * goes_on
        assert contents(*names) in ([b"old"] * 3, whole)
        assert run(*BATCH, f"out{ending}").exit_code == 0
        assert contents(*names) == whole
        assert set(Path().iterdir()) == before
        for name in names:
            Path(name).write_bytes(b"old")


def test_parts_of_other_options_stay_and_it_is_said(run) -> None:
    folder = interrupted(run)
    done = run(*BATCH, "out.csv", "--limit", "2")
    assert done.exit_code == 0
    assert f"note: {folder.name} holds what another batch for out.csv finished" in done.stderr
    assert folder.is_dir()


def test_a_patient_with_two_faults_is_one_row_and_counts_once(run) -> None:
    Path("patients.csv").write_text(
        f"ID,A_1,A_2,B_1,B_2,gl_string\nP1,,02:01,,40:01,\nP2,,,,,{PATIENT}\n", encoding="utf-8"
    )
    done = run(*BATCH, "out.csv")
    assert done.stdout.startswith("2 patients: 1 ok, 1 with errors")
    status = pl.read_csv("out.csv.status.csv")
    assert status.select("patient_id", "row", "status").rows() == [("P1", 2, "error"), ("P2", 3, "ok")]
    assert status["reason"][0].startswith("A_2: second_without_first: ")
    assert "; B_2: second_without_first: " in status["reason"][0]


def formulas(run, *options: str, out: str) -> Result:
    ids = ["=1+1", "+1", "-5", "@x", "'=2", "D9"]
    donors = "".join(f"{name},{PATIENT}\n" for name in ids)
    Path("donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    assert run("registry", "import", "other", "donors.csv", "--replace").exit_code == 0
    Path("patients.csv").write_text(f"patient_id,gl_string\n=P1,{PATIENT}\n-P2,A*99:01+\n", encoding="utf-8")
    done = run("batch", "other", *BATCH[2:], out, *options)
    assert done.exit_code == 0, done
    return done


def test_formulas_are_neutral_where_a_spreadsheet_opens_the_file(run) -> None:
    for out, separator in (("out.csv", ","), ("out.csv.gz", ","), ("out.tsv", "\t")):
        formulas(run, out=out)
        rows = pl.read_csv(out, separator=separator)
        assert sorted(rows["donor_id"]) == sorted(["'=1+1", "'+1", "'-5", "'@x", "''=2", "D9"])
        assert rows["patient_id"].unique().to_list() == ["'=P1"]
        assert rows.schema["matches_best"] == pl.Int64
        assert pl.read_csv("out.csv.status.csv")["patient_id"].to_list() == ["'=P1", "'-P2"]
        assert json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))["raw_text"] is False


def test_raw_text_and_files_that_carry_types_keep_text_as_it_is(run) -> None:
    expected = sorted(["=1+1", "+1", "-5", "@x", "'=2", "D9"])
    formulas(run, "--raw-text", out="out.csv")
    assert sorted(pl.read_csv("out.csv")["donor_id"]) == expected
    assert pl.read_csv("out.csv.status.csv")["patient_id"].to_list() == ["=P1", "-P2"]
    assert json.loads(Path("out.csv.manifest.json").read_text(encoding="utf-8"))["raw_text"] is True
    for out, read in (
        ("out.parquet", pl.read_parquet),
        ("out.jsonl", pl.read_ndjson),
        ("out.xlsx", pl.read_excel),
    ):
        formulas(run, out=out)
        assert sorted(read(out)["donor_id"]) == expected


def test_a_sheet_that_is_full_ends_the_search_and_another_format_goes_on(
    run, searched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_size, "EXCEL_ROWS", 4 * N_DONORS)
    done = run(*BATCH, "out.xlsx", "--workers", "1")
    assert isinstance(done.exception, CriteriaError)
    assert "at most 24 rows in Excel" in str(done.exception)
    assert "write out.parquet or .csv" in str(done.exception)
    assert len(set(searched)) < N_PATIENTS
    assert not list(Path().glob("out.*"))
    (folder,) = Path().glob(".out.xlsx.parts-*")
    finished = len(list(folder.glob("*.seal.parquet"))) * 3
    assert finished
    searched.clear()
    done = run(*BATCH, "out.parquet")
    assert done.exit_code == 0
    assert "going on from what was finished for out.xlsx" in done.stderr
    assert len(searched) == N_PATIENTS - finished
    assert not folder.exists()
    assert run(*BATCH, "whole.parquet").exit_code == 0
    names = ("out.parquet", "out.parquet.manifest.json")
    assert contents(*names) == contents(*(name.replace("out", "whole") for name in names))


def test_a_batch_that_nothing_bounds_says_before_and_soon_how_large_it_becomes(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(*BATCH, "out.csv")
    assert "no limit" not in done.stderr
    monkeypatch.setattr(batch_size, "MANY", 50)
    for out in ("out.csv", "out.csv.gz", "out.tsv", "out.parquet", "out.jsonl", "out.xlsx"):
        lines = run(*BATCH, out, "--frequencies", "none").stderr.splitlines()
        assert lines[0].startswith("10 patients, no limit: all donors that meet the criteria are written, 6 at most")
        assert lines[1].startswith(f"about 60 rows are expected, about 1 MB in {out}, from the donors of the first ")
        assert lines[1].endswith("stop and give a limit")
        assert len(lines) == 3
    assert "no limit" not in run(*BATCH, "out.csv", "--limit", "6").stderr
    assert "about 0 rows are expected" in run(*BATCH, "out.csv", "--status", "TU").stderr


def test_the_size_that_is_expected_is_near_the_one_that_comes(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_size, "MANY", 50)
    monkeypatch.setattr(batch_size, "_rounded", lambda number: str(number))
    for ending in (".csv", ".tsv", ".jsonl"):
        (line,) = [one for one in run(*BATCH, f"out{ending}").stderr.splitlines() if one.startswith("about ")]
        expected = float(line.split(" MB in ")[0].split()[-1]) * 1e6
        assert 0.3 < expected / Path(f"out{ending}").stat().st_size < 3


ONCE = tuple(word for word in BATCH if word != "--overwrite")


def test_a_result_is_not_replaced_unasked(run) -> None:
    assert run(*ONCE, "out.csv").exit_code == 0
    before = contents(*NAMES)
    for options in ((), ("--limit", "1")):
        done = run(*ONCE, "out.csv", *options)
        assert isinstance(done.exception, FileError)
        assert done.exception.code == ErrorCode.FILE_RESULT_EXISTS
        assert with_option_hint(done.exception).endswith("; give --overwrite")
    assert contents(*NAMES) == before
    assert run(*ONCE, "out.csv", "--limit", "1", "--overwrite").exit_code == 0
    assert contents(*NAMES) != before
    assert run(*ONCE, "out.parquet").exit_code == 0


def test_an_interrupted_batch_goes_on_over_a_result_that_it_may_replace(run) -> None:
    assert run(*ONCE, "out.csv", "--limit", "1").exit_code == 0
    folder = interrupted(run)
    # The same command without the option names no other batch: what is finished is taken up.
    assert run(*ONCE, "out.csv").exit_code == 0
    assert not folder.exists()
    whole = contents("out.csv")
    interrupted(run)
    done = run(*ONCE, "out.csv", "--limit", "2")
    assert isinstance(done.exception, FileError)
    assert contents("out.csv") == whole


def test_rows_that_a_limit_allows_are_said_before_where_they_are_many(run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "up to" not in run(*BATCH, "out.csv", "--limit", "5").stderr
    monkeypatch.setattr(batch_size, "MANY_WITH_LIMIT", 49)
    (line,) = [one for one in run(*BATCH, "out.csv", "--limit", "5").stderr.splitlines() if "up to" in one]
    assert line == "10 patients with up to 5 donors each: up to 50 rows"
    (line,) = [one for one in run(*BATCH, "out.csv", "--limit", "900").stderr.splitlines() if "up to" in one]
    assert line == "10 patients with up to 900 donors each: up to 60 rows"
    assert "up to" not in run(*BATCH, "out.csv", "--limit", "4").stderr


def test_a_patient_is_counted_once_however_many_faults_it_has(run) -> None:
    rows = "P1,99:99,02:9999,X,-3\nP1,99:99,,Z,\nP2,02:01,24:02,,\nP3,,24:02,Y,1000\n"
    Path("patients.csv").write_text(f"patient_id,A_1,A_2,sex,weight_kg\n{rows}", encoding="utf-8")
    done = run("batch", "registry", "patients.csv", "--scope", "A", "--out", "out.csv")
    assert done.stdout.startswith("3 patients: 1 ok, 2 with errors")
    assert pl.read_csv("out.csv.status.csv")["patient_id"].to_list() == ["P1", "P1", "P2", "P3"]
