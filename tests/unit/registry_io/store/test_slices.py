"""A file that is read in slices gives what it gives as a whole, whatever the slices."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hla_match.errors import FileError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import volunteers
from registry_io.store.donor_import import import_donors
from registry_io.store.import_report import ImportReport
from registry_io.store.registry_folder import QUARANTINE, WARNINGS, current_snapshot
from registry_io.store.snapshot_store import read_manifest
from registry_io.tables import table_file, text_file, text_table

NOMENCLATURE = Nomenclature.builtin()
CODES = MacTable.from_items([("AB", "01/9999")])
TODAY = datetime.date(2026, 1, 1)

FINDINGS = """donor_id,A_1,A_2,B_1,B_2,gl_string,sex,status,weight_kg,note
D01,02:01,24:02,40:01,46:01,,M,AV,60,x
D02,02:XX,,,,,F,,70,
,02:01,,,,,M,AV,,no identifier
D03,02:01,24:02,,,B*40:01+B*46:01^MICA*001,M,AV,,
D01,99:99,,,,,M,AV,,a duplicate that cannot be read
,,,,,,,,,
D04,,,,,,M,AV,,not typed
D05,02:01,,13:01,,,X,AV,,bad sex
D05,02:01,,13:01,,,M,AV,,a duplicate of a row with a bad cell
D04,,,,,,M,AV,,a duplicate that is not typed
D06,02:AB,,40:01,,,M,AV,1000,too heavy
D07,02:AB,,40:01,,,M,,80.5,
too,few
D08,,02:01,,,,F,AV,,second without first
D09,A2,,,,A*02:01+A*02:06,F,AV,,settled

D10,03:01,,,,A*01:01+A*02:01,F,AV,,a conflict
D10,03:01,,,,A*01:01+A*02:01,F,AV,,a duplicate of a conflict
D11,99:99,,88:88,,,F,AV,,not readable twice
D12,,,,,A*02:,F,AV,,a bad GL String
D13,,,,,A*11:01+A*11:01^TAP1*01,F,AV,,
D02,02:XX,,,,,F,,70,a duplicate far away
"""
QUOTED = FINDINGS.replace("D07,02:AB", '"D07","02:AB"').replace("not readable twice", '"not readable,\ntwice"')
HEADERLESS = "".join(f"D{number};A*02:01+A*24:02^B*40:0{number % 4}\n" for number in range(9)) + "D3;A*02:01\n"
FILES = {
    "plain": ("donors.csv", FINDINGS.encode()),
    "with a byte order mark": ("donors.csv", FINDINGS.encode("utf-8-sig")),
    "with carriage returns": ("donors.csv", FINDINGS.replace("\n", "\r\n").encode()),
    "without a last line end": ("donors.csv", FINDINGS.rstrip("\n").encode()),
    "with blank lines at the end": ("donors.csv", FINDINGS.encode() + b"\n" * 40),
    "quoted": ("donors.csv", QUOTED.encode()),
    "packed": ("donors.csv.gz", gzip.compress(FINDINGS.encode())),
    "headerless": ("donors.txt", HEADERLESS.encode()),
    "headerless, quoted": ("donors.txt", HEADERLESS.replace("D1;", '"D1";').encode()),
}


def imported(folder: Path, source: Path) -> ImportReport:
    return import_donors(folder, source, NOMENCLATURE, today=TODAY, codes=CODES)


def manifest(folder: Path) -> dict[str, Any]:
    return read_manifest(current_snapshot(folder))


def cut(patch: pytest.MonkeyPatch, size: int) -> None:
    patch.setattr(text_file, "_BLOCK", size)
    patch.setattr(text_table, "_BATCH", max(size // 40, 1))
    patch.setattr(table_file, "ROWS", max(size // 40, 1))


def assert_same(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...]) -> ImportReport:
    whole = imported(folder / "whole" / "r", source)
    for size in sizes:
        with monkeypatch.context() as patch:
            cut(patch, size)
            assert len(list(table_file.scan_slices(source))) > 1
            parts = imported(folder / f"{size}" / "r", source)
        assert parts.quarantined == whole.quarantined
        assert parts.warnings.equals(whole.warnings)
        assert (parts.notes, parts.cautions) == (whole.notes, whole.cautions)
        assert (parts.n_rows, parts.n_imported, parts.n_quarantined) == (
            whole.n_rows, whole.n_imported, whole.n_quarantined,
        )  # fmt: skip
        assert manifest(folder / f"{size}" / "r") == manifest(folder / "whole" / "r")
        for report in (QUARANTINE, WARNINGS):
            assert (folder / f"{size}" / "r" / report).read_bytes() == (folder / "whole" / "r" / report).read_bytes()
    return whole


@pytest.mark.parametrize(("name", "content"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("size", [7, *(pytest.param(one, marks=pytest.mark.exhaustive) for one in (1, 64, 200))])
def test_text_in_blocks_is_the_text(tmp_path: Path, monkeypatch, name: str, content: bytes, size: int) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    assert_same(tmp_path, source, monkeypatch, (size,))


def test_the_findings_of_a_file_are_the_known_ones(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "donors.csv"
    source.write_text(FINDINGS, encoding="utf-8")
    report = assert_same(tmp_path, source, monkeypatch, (100,))
    assert report.registry.attributes["donor_id"].sort().to_list() == [
        "D01", "D02", "D03", "D05", "D06", "D07", "D09", "D13",
    ]  # fmt: skip
    assert report.warnings.select("row", "column", "reason").rows() == [
        (9, "sex", "bad_attribute"),
        (12, "weight_kg", "bad_attribute"),
    ]
    assert [(record.row, record.reason.value) for record in report.quarantined] == [
        (4, "missing_identifier"),
        (6, "duplicate_identifier"),
        (8, "not_typed"),
        (10, "duplicate_identifier"),
        (11, "duplicate_identifier"),
        (14, "wrong_column_count"),
        (15, "second_without_first"),
        (18, "conflicting_typings"),
        (19, "duplicate_identifier"),
        (20, "unknown_allele"),
        (20, "unknown_allele"),
        (21, "malformed"),
        (23, "duplicate_identifier"),
    ]
    assert report.notes[:4] == (
        "ignored columns: note",
        "skipped 1 empty rows",
        "ignored loci of GL Strings: MICA, TAP1",
        "1 typings given in columns and in gl_string: the DNA one or the finer one was taken",
    )


def test_parquet_in_slices_is_the_file(tmp_path: Path, monkeypatch) -> None:
    donors = volunteers(300, seed=2, as_of=TODAY)[0]
    pl.concat([donors, donors[7:9]]).write_parquet(tmp_path / "donors.parquet", row_group_size=70)
    report = assert_same(tmp_path, tmp_path / "donors.parquet", monkeypatch, (40 * 64,))
    assert [(record.row, record.message) for record in report.quarantined] == [
        (302, "the identifier stands in row 9 already"),
        (303, "the identifier stands in row 10 already"),
    ]


@pytest.mark.parametrize("line", ["X,02:01,24:02,extra\n", '"X,02:01,24:02\n'])
def test_a_file_that_is_refused_in_a_later_slice_leaves_nothing(tmp_path: Path, monkeypatch, line: str) -> None:
    cut(monkeypatch, 40)
    source = tmp_path / "donors.csv"
    rows = "".join(f"D{number},02:01,24:02,\n" for number in range(9))
    source.write_text(f"donor_id,A_1,A_2,\n{rows}{line}", encoding="utf-8")
    with pytest.raises(FileError):
        imported(tmp_path / "r", source)
    assert not (tmp_path / "r").exists()
