"""Bad files through the command: what is refused, what is quarantined, and that nothing half-written stays."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from hla_match.cli.main import main

GOOD = "02:01,24:02,40:01,46:01,09:01,15:01"
HEADER = "ID,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2"
ROWS = (
    HEADER,
    f"X1,{GOOD}",
    f"X1,{GOOD}",
    "X3,02:01,24:02,,46:01,09:01,15:01",
    "X4,B*40:01,B*46:01,A*02:01,A*24:02,09:01,15:01",
    "X5,02:01,24:02,40:01,46:01,09:ZZZZ,15:01",
    "X6,\u0660\u0662:01,24:02,40:01,46:01,09:01,15:01",
    f"\uff387,{GOOD}",
    f"X8,{GOOD},1",
    f",{GOOD}",
    f"X10,{GOOD}",
)
FINDINGS = [
    (3, "ID", "duplicate_identifier"),
    (4, "B_2", "second_without_first"),
    (5, "A", "wrong_locus"),
    (5, "B", "wrong_locus"),
    (6, "DRB1", "unknown_code"),
    (7, "A", "malformed"),
    (8, "ID", "bad_text"),
    (9, "", "wrong_column_count"),
    (10, "ID", "missing_identifier"),
]
LONGEST_LINE = b"ID,A_1,A_2\nX1," + b"0" * 1_000_001

UNREADABLE = {
    "GB18030 and UTF-8": (
        "p.csv",
        "杭州,杭州\n".encode("gb18030") + "杭州,\n".encode(),
        "row 2: found a word in UTF-8",
    ),
    "Big5": ("p.csv", f"{HEADER},city\nX1,{GOOD},高雄\n".encode("big5"), "row 2: found the byte 0xB0"),
    "Latin-1": ("p.csv", f"{HEADER},city\nX1,{GOOD},\nX2,{GOOD},Zürich\n".encode("latin-1"), "row 3: found the byte"),
    "UTF-16 that was cut": ("p.csv", f"{HEADER}\nX1,{GOOD}\n".encode("utf-16")[:-1], "row 2: found the byte 0x0A"),
    "truncated gzip": ("p.csv.gz", gzip.compress("\n".join(ROWS).encode())[:-20], "ends too early"),
    "no gzip": ("p.csv.gz", "\n".join(ROWS).encode(), "damaged gzip"),
    "NUL bytes": ("p.csv", f"{HEADER}\nX1,{GOOD}\nX2,\0,{GOOD}\n".encode(), "row 3: found a NUL byte"),
    "long line": ("p.csv", LONGEST_LINE, "row 2: found a line of more than 1,000,000 bytes"),
    "full-width commas": ("p.csv", f"{HEADER}\nX1,{GOOD}\n".replace(",", "\uff0c").encode(), "no column of identif"),
    "half a pair of columns": ("p.csv", b"ID,A_1,B_1,B_2\nX1,02:01,40:01,46:01\n", "row 1, column A_1: found no col"),
    "open quotation mark": ("p.csv", f'{HEADER}\nX1,{GOOD}\n"X2,{GOOD}\n'.encode(), "row 3: found a record that can"),
    "empty": ("p.csv", b"", "an empty file"),
    "no table": ("p.parquet", b"PAR1", "found no table"),
}
TEXT = "\n".join(ROWS) + "\n"
SHAPES = {
    "plain": ("p.csv", TEXT.encode()),
    "CRLF": ("p.csv", TEXT.replace("\n", "\r\n").encode()),
    "CR": ("p.csv", TEXT.replace("\n", "\r").encode()),
    "BOM": ("p.csv", TEXT.encode("utf-8-sig")),
    "BOM and CRLF": ("p.csv", TEXT.replace("\n", "\r\n").encode("utf-8-sig")),
    "tabs": ("p.tsv", TEXT.replace(",", "\t").encode()),
    "semicolons": ("p.csv", TEXT.replace(",", ";").encode()),
    "quotation marks": ("p.csv", TEXT.replace("02:01", '"02:01"').encode()),
    "UTF-16": ("p.csv", TEXT.encode("utf-16")),
    "blank end": ("p.csv", (TEXT + "\n\n").encode()),
    "gzip": ("p.csv.gz", gzip.compress(TEXT.encode())),
}


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    errors: list[str]


@pytest.fixture
def hla_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command in this process, in an empty folder, with no nomenclature installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLA_MATCH_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["hla-match", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        errors = [line for line in captured.err.splitlines() if not line.startswith("Nomenclature: ")]
        return Done(int(ended.value.code or 0), captured.out, errors)

    return run


Command = Callable[..., Done]


@pytest.fixture
def registry(hla_match: Command, tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(f"{HEADER}\nX1,{GOOD}\nX2,{GOOD}\n", encoding="utf-8")
    assert hla_match("registry", "import", "registry", "good.csv").status == 0
    return tmp_path / "registry"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("name", "content", "found"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_changes_nothing(
    hla_match: Command, registry: Path, tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    (tmp_path / name).write_bytes(content)
    before = contents(tmp_path)
    for arguments in (
        ("registry", "import", "new", name),
        ("registry", "import", "registry", name),
        ("batch", "registry", name, "--out", "out.csv"),
    ):
        done = hla_match(*arguments)
        assert done.status == 2
        assert done.out == ""
        assert len(done.errors) == 1
        assert done.errors[0].startswith(f"hla-match: {name}")
        assert found in done.errors[0]
        assert "X1" not in done.errors[0]
        assert contents(tmp_path) == before
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("name", "content"), SHAPES.values(), ids=SHAPES)
def test_quarantine_names_the_rows_of_the_file_in_every_shape(
    hla_match: Command, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    done = hla_match("registry", "import", "registry", name)
    assert (done.status, done.errors) == (0, [])
    assert "10 rows: 2 imported, 8 quarantined" in done.out
    report = pl.read_csv(tmp_path / "registry" / "quarantine.csv").with_columns(pl.col(pl.String).fill_null(""))
    assert report.select("row", "column", "reason").rows() == FINDINGS
    assert "All files are as they were written." in hla_match("registry", "verify", "registry").out


def test_a_batch_gives_every_bad_patient_a_reason(hla_match: Command, registry: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(TEXT, encoding="utf-8")
    done = hla_match("batch", "registry", "p.csv", "--out", "out.csv", "--scope", "6/6")
    assert done.status == 0
    status = pl.read_csv(tmp_path / "out.csv.status.csv").with_columns(pl.col(pl.String).fill_null(""))
    assert status["row"].to_list() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert status.filter(pl.col("status") == "ok")["row"].to_list() == [2, 11]
    assert status.filter((pl.col("status") == "error") != (pl.col("reason") != "")).is_empty()
    assert pl.read_csv(tmp_path / "out.csv").select("patient_id", "donor_id").rows() == [
        ("X1", "X1"), ("X1", "X2"), ("X10", "X1"), ("X10", "X2"),
    ]  # fmt: skip


@pytest.mark.parametrize("rows", ["", "X1,02:9999,,,,,\n"], ids=["no patient", "no readable patient"])
def test_a_batch_without_results_keeps_the_header(
    hla_match: Command, registry: Path, tmp_path: Path, rows: str
) -> None:
    (tmp_path / "p.csv").write_text(f"{HEADER}\n{rows}", encoding="utf-8")
    assert hla_match("batch", "registry", "p.csv", "--out", "out.csv").status == 0
    results = pl.read_csv(tmp_path / "out.csv")
    assert results.is_empty()
    assert results.columns[:6] == ["patient_id", "rank", "donor_id", "scope", "matches_best", "matches_worst"]
    assert pl.read_csv(tmp_path / "out.csv.status.csv").height == (1 if rows else 0)


@pytest.mark.parametrize("code", ["ZZZZ", "QQQQQ"])
def test_a_code_that_the_file_of_codes_lacks_is_quarantined(hla_match: Command, tmp_path: Path, code: str) -> None:
    (tmp_path / "mac.txt").write_text("*\tCODE\tSUBTYPE\n\n\tZAAB\t01/02\n", encoding="utf-8")
    rows = f"{HEADER}\nX1,{GOOD}\nX2,02:ZAAB,24:02,40:01,,09:01,\nX3,02:{code},24:02,40:01,,09:01,\n"
    (tmp_path / "p.csv").write_text(rows, encoding="utf-8")
    done = hla_match("registry", "import", "registry", "p.csv", "--codes", "mac.txt")
    assert done.status == 0
    report = pl.read_csv(tmp_path / "registry" / "quarantine.csv")
    assert report.select("row", "column", "text", "reason").rows() == [(4, "A", f"02:{code}", "unknown_code")]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "sparse"])
def test_a_line_of_a_gigabyte_is_refused_without_its_memory(tmp_path: Path, packed: bool) -> None:
    name = "p.csv.gz" if packed else "p.csv"
    with (tmp_path / name).open("wb") as file:
        if packed:
            # One member of repeated digits, again and again: a gzip file is a sequence of members.
            member = gzip.compress(b"1" * (1 << 24), compresslevel=1)
            file.write(gzip.compress(b"ID,A_1,A_2\n"))
            for _ in range(64):
                file.write(member)
        else:
            file.write(b"ID,A_1,A_2\n")
            file.truncate(1 << 30)
    script = """
import atexit, pathlib, sys
from hla_match.cli.main import main
# VmHWM is this program's own peak; getrusage would count the parent's memory before exec as well.
atexit.register(lambda: print(next(
    line.split()[1] for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
)))
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "registry", "import", "registry", name],
        cwd=tmp_path,
        env={**os.environ, "HLA_MATCH_HOME": str(tmp_path / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert ("a line of more than" if packed else "a NUL byte") in done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stdout) < 400_000, "kilobytes"
    assert not (tmp_path / "registry").exists()


def test_codes_that_were_cut_and_budgets_that_are_exceeded_are_one_line(hla_match: Command, tmp_path: Path) -> None:
    (tmp_path / "mac.txt").write_text("\tAB\t01/02\n\tAC\t01/02/0", encoding="utf-8")
    columns = ",".join(f"c{number}" for number in range(100_000))
    (tmp_path / "wide.csv").write_text(f"{HEADER},{columns}\n", encoding="utf-8")
    (tmp_path / "bomb.csv.gz").write_bytes(
        gzip.compress(f"{HEADER}\n".encode()) + gzip.compress(b"x\n" * 20_000_000) * 8
    )
    for arguments, found in (
        (
            ("reduce", "--to", "P", "A*02:AC", "--codes", "mac.txt"),
            "mac.txt, row 2: found a last row without a line end",
        ),
        (("registry", "import", "new", "wide.csv"), "wide.csv: found 100,007 columns"),
        (("registry", "import", "new", "bomb.csv.gz"), "bomb.csv.gz: found more than 250,000,000 bytes unpacked"),
        (("frequencies", "show", "bomb.csv.gz"), "bomb.csv.gz: found more than 250,000,000 bytes unpacked"),
    ):
        done = hla_match(*arguments)
        assert (done.status, done.out, len(done.errors)) == (2, "", 1)
        assert done.errors[0].startswith(f"hla-match: {found}")
        assert not (tmp_path / "new").exists()


def test_what_is_not_verified_of_a_release_is_said(hla_match: Command, tmp_path: Path, shared_data: Path) -> None:
    done = hla_match("nomenclature", "install", "--from", str(shared_data / "imgt" / "3.58.0"))
    assert done.status == 0
    assert ["not verified" in line and "rel_dna_ser.txt" in line for line in done.errors] == [True]
    listed = hla_match("nomenclature", "list")
    assert listed.out.splitlines() == ["3.58.0", "builtin"]
    assert "not verified" in listed.errors[0]
    (tmp_path / "d.csv").write_text(f"{HEADER}\nX1,{GOOD}\n", encoding="utf-8")
    assert hla_match("registry", "import", "r", "d.csv").status == 0
    manifest = next((tmp_path / "r").glob("snapshot-*/manifest.json")).read_text("utf-8")
    assert "hla_nom_g.txt" in manifest
