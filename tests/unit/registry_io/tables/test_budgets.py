"""A file that asks for more than its budget is refused in one line that says which budget to raise."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import BudgetError, CriteriaError, FileError
from hla_match.nomenclature.release import Nomenclature
from registry_io.formats.frequency_file import read_frequencies
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.persons.person_table import person_slices, read_persons
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import FrequencyStore
from registry_io.tables.budgets import VARIABLE, Budgets, FileBudget
from registry_io.tables.identifier_file import read_identifiers
from registry_io.tables.parquet_footer import DamagedParquetError, read_shape
from registry_io.tables.table_file import read_table, scan_slices, scan_table

HEADER = "donor_id,A_1,A_2"
ROW = "D1,02:01,24:02"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def workbook(path: Path, frame: pl.DataFrame, **members: str) -> Path:
    """Write a workbook, members of it replaced: `sheet` and `strings`."""
    buffer = io.BytesIO()
    frame.write_excel(buffer)
    places = {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml"}
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        texts = {name: old.read(name) for name in old.namelist()}
        texts |= {places[name]: text.encode() for name, text in members.items()}
        for name, data in texts.items():
            new.writestr(name, data)
    return path


def test_the_environment_sets_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, " columns=7, ratio = 3 ,")
    assert Budgets.from_environment() == Budgets(columns=7, ratio=3)
    assert FileBudget.of("f", 10, Budgets()).budgets == Budgets()
    assert FileBudget.of("f", 10).budgets.columns == 7


@pytest.mark.parametrize(
    "text", ["rows=1", "columns", "columns=", "columns=0", "columns=-1", "columns=x", "columns=" + "9" * 5_000]
)
def test_a_setting_that_is_no_budget_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(CriteriaError, match=VARIABLE):
        Budgets.from_environment()


def test_budgets_grow_with_the_file() -> None:
    small, large = (FileBudget.of("f", size, Budgets()) for size in (1_000, 100_000_000))
    assert small.unpacked == 250_000_000
    assert large.unpacked == 2_500_000_000
    small.check_records(500_000)
    with pytest.raises(BudgetError):
        small.check_records(500_001)
    large.check_records(5_000_000)


def test_the_budget_that_is_named_lets_the_file_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "d.csv", ",".join([HEADER, *(f"c{n}" for n in range(9))]) + "\n" + ROW + "," * 9 + "\n")
    monkeypatch.setenv(VARIABLE, "columns=6")
    with pytest.raises(BudgetError) as caught:
        read_table(path)
    assert caught.value.budget == "columns"
    assert "found 12 columns, expected at most 6 columns" in str(caught.value)
    _, _, setting = caught.value.hint.partition(f"set {VARIABLE}=")
    monkeypatch.setenv(VARIABLE, setting)
    assert read_table(path).width == 12


@pytest.mark.parametrize("quoted", [False, True])
def test_text_that_unpacks_beyond_the_budget(tmp_path: Path, quoted: bool) -> None:
    row = ROW.replace("D1", '"D1"') if quoted else ROW
    path = written(tmp_path / "d.csv.gz", gzip.compress(f"{HEADER}\n".encode() + f"{row}\n".encode() * 100_000))
    assert scan_table(path).frame.height == 100_000
    with pytest.raises(BudgetError, match="more than 1,000,000 bytes unpacked"):
        list(scan_slices(path, budgets=Budgets(unpacked_mb=1, ratio=1)))


def test_a_large_file_is_streamed_whatever_a_small_one_may_hold(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", HEADER + "\n" + f"{ROW}\n" * 100_000)
    assert sum(part.frame.height for part in scan_slices(path, budgets=Budgets(held_mb=1, held_ratio=1))) == 100_000
    with pytest.raises(BudgetError, match="held_mb"):
        scan_table(path, budgets=Budgets(held_mb=1, held_ratio=1))


@pytest.mark.parametrize("rows", ["x\n" * 30, "D2,,\n" * 30, "D1,02:01,24:02\n" * 31], ids=["short", "untyped", "same"])
def test_records_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str) -> None:
    path = written(tmp_path / "d.csv", f"{HEADER}\n{rows}")
    assert sum(len(part.quarantined) for part in person_slices(path, kind="donor")) >= 30
    monkeypatch.setenv(VARIABLE, "records=29")
    with pytest.raises(BudgetError, match="more than 29 findings"):
        list(person_slices(path, kind="donor"))


def test_persons_who_are_held_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "p.csv", f"{HEADER}\n" + "".join(f"P{n},02:01,\n" for n in range(30)))
    assert read_persons(path, kind="patient").n_rows == 30
    monkeypatch.setenv(VARIABLE, "persons=29")
    with pytest.raises(BudgetError, match="more than 29 rows, expected at most 29 persons"):
        read_persons(path, kind="patient")


def test_many_lines_of_next_to_nothing_come_in_small_slices(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", f"{HEADER}\n" + "a,b,c\n" * 1_100_000)
    slices = list(scan_slices(path))
    assert max(part.frame.height for part in slices) <= 600_000
    rows = pl.concat([part.row for part in slices])
    assert rows.to_list() == list(range(2, 1_100_002))


FAR = '<row r="1"><c r="A1" t="inlineStr"><is><t>donor_id</t></is></c></row>'


@pytest.mark.parametrize(
    "cells",
    [
        FAR + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        FAR + "<row r='1048576'><c r = 'XFD1048576'><v>1</v></c></row>",
        FAR + f'<row>{"<c><v>1</v></c>" * 16_384}</row><row r="1048576"><c><v>1</v></c></row>',
    ],
    ids=["far", "far, in other words", "without places"],
)
@pytest.mark.parametrize("reader", [read_table, read_frequencies])
def test_a_workbook_with_a_far_cell(tmp_path: Path, cells: str, reader: object) -> None:
    sheet = f"<worksheet {MAIN}><sheetData>{cells}</sheetData></worksheet>"
    path = workbook(tmp_path / "d.xlsx", pl.DataFrame({"a": ["x"]}), sheet=sheet)
    with pytest.raises(BudgetError, match="cells, most of them empty"):
        reader(path)  # type: ignore[operator]


@pytest.mark.parametrize("place", ["ANEWNEW1", "AAAA1", "A10000000", "A4294967298", "A" + "9" * 5_000])
@pytest.mark.parametrize("reader", [read_table, read_frequencies])
def test_a_cell_in_a_place_that_no_sheet_has(tmp_path: Path, place: str, reader: object) -> None:
    sheet = f'<worksheet {MAIN}><sheetData>{FAR}<row r="2"><c r="{place}"><v>1</v></c></row></sheetData></worksheet>'
    path = workbook(tmp_path / "d.xlsx", pl.DataFrame({"a": ["x"]}), sheet=sheet)
    with pytest.raises(FileError, match="a damaged workbook"):
        reader(path)  # type: ignore[operator]


def test_a_dimension_is_only_what_a_workbook_says(tmp_path: Path) -> None:
    sheet = f'<worksheet {MAIN}><dimension ref="A1:XFD1048576"/><sheetData>{FAR}</sheetData></worksheet>'
    path = workbook(tmp_path / "d.xlsx", pl.DataFrame({"a": ["x"]}), sheet=sheet)
    assert read_table(path).columns == ["donor_id"]


def test_a_workbook_that_repeats_a_long_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({f"c{n}": ["x"] * 3_000 for n in range(8)})
    strings = f"<sst {MAIN}><si><t>{'x' * 30_000}</t></si></sst>"
    rows = "<row>" + '<c t="s"><v>0</v></c>' * 8 + "</row>"
    sheet = f"<worksheet {MAIN}><sheetData>{FAR}{rows * 3_000}</sheetData></worksheet>"
    with pytest.raises(BudgetError, match="repeat long texts"):
        read_table(workbook(tmp_path / "d.xlsx", frame, sheet=sheet, strings=strings))


def test_a_workbook_of_many_donors_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"donor_id": [f"D{n}" for n in range(20_000)], "A_1": "02:01", "note": "x" * 500})
    frame.write_excel(tmp_path / "d.xlsx")
    assert read_table(tmp_path / "d.xlsx").equals(frame)


def test_a_zip_whose_sizes_lie(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("c.txt", b"\tAB\t01/02\n" * 500_000)
    data = buffer.getvalue()
    size = (5_500_000 - 500_000).to_bytes(4, "little")
    assert data.count(size) == 2
    path = written(tmp_path / "c.zip", data.replace(size, (50).to_bytes(4, "little")))
    with pytest.raises(FileError, match="does not have the size"):
        read_codes(path)
    with pytest.raises(BudgetError, match="unpacked"):
        read_codes(path, budgets=Budgets(unpacked_mb=1, ratio=1))


def test_a_zip_of_many_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}", b"")
    with pytest.raises(BudgetError, match="20 files"):
        read_release(tmp_path / "r.zip", budgets=Budgets(members=19))


def test_a_release_that_unpacks_beyond_the_budget(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wmda/hla_nom.txt", b"A*;1;2;;;\n" * 500_000)
    with pytest.raises(BudgetError, match="unpacked"):
        read_release(tmp_path / "r.zip", budgets=Budgets(unpacked_mb=1, ratio=1))
    with pytest.raises(BudgetError, match="tables in the zip"):
        read_release(tmp_path / "r.zip", budgets=Budgets(held_mb=1, held_ratio=1))


def test_codes_that_unpack_beyond_the_budget(tmp_path: Path) -> None:
    path = written(tmp_path / "c.gz", gzip.compress(b"\tAB\t01/02\n" * 200_000))
    assert len(read_codes(path)) == 1
    with pytest.raises(BudgetError, match="unpacked"):
        read_codes(path, budgets=Budgets(unpacked_mb=1, ratio=1))
    with pytest.raises(BudgetError, match="bytes of codes"):
        read_codes(path, budgets=Budgets(held_mb=1, held_ratio=1))


def test_frequencies_of_twenty_thousand_keys(tmp_path: Path) -> None:
    entries = [{"a": "01:01", "frequency": 1e-6, f"k{n}": 1} for n in range(20_000)]
    path = written(tmp_path / "f.json", json.dumps({"frequencies": entries}))
    with pytest.raises(BudgetError, match="20,002 columns"):
        read_frequencies(path)


def test_frequencies_of_twenty_thousand_populations(tmp_path: Path) -> None:
    wide = "A,B" + "".join(f",P{n}_freq" for n in range(20_000)) + "\n01:01,08:01" + ",0.1" * 20_000 + "\n"
    with pytest.raises(BudgetError, match="20,002 columns"):
        read_frequencies(written(tmp_path / "f.csv", wide))
    rows = "".join(f"A*01:{n % 90 + 10}~B*{n % 50 + 10}:01,0.5,P{n}\n" for n in range(20_000))
    path = written(tmp_path / "g.csv", f"haplotype,frequency,population\n{rows}")
    with pytest.raises(BudgetError, match="20,000 populations, expected at most 2,000"):
        read_frequencies(path)
    with pytest.raises(BudgetError, match="20,000 populations and"):
        read_frequencies(path, budgets=Budgets(populations=20_000, held_mb=20, held_ratio=1))


def test_frequencies_that_unpack_beyond_the_budget(tmp_path: Path) -> None:
    path = written(tmp_path / "f.csv.gz", gzip.compress(b"haplotype,frequency\n" + b"A*01:01~B*08:01,0\n" * 100_000))
    with pytest.raises(BudgetError, match="unpacked"):
        read_frequencies(path, budgets=Budgets(unpacked_mb=1, ratio=1))
    with pytest.raises(BudgetError, match="bytes of text"):
        read_frequencies(path, budgets=Budgets(held_mb=1, held_ratio=1))


def test_parquet_that_holds_more_than_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    frame = pl.DataFrame({"donor_id": ["D1"] * 400_000, "A_1": "02:01", "A_2": None})
    frame.write_parquet(path)
    assert scan_table(path).frame.height == 400_000
    with pytest.raises(BudgetError, match="unpacked"):
        list(scan_slices(path, budgets=Budgets(unpacked_mb=1, ratio=1)))
    pl.DataFrame({"donor_id": ["D1"] * 400, "city": ["x" * 100_000] * 400}).write_parquet(path)
    with pytest.raises(BudgetError, match="repeat long texts"):
        list(scan_slices(path, budgets=Budgets(held_mb=1, held_ratio=1)))


@pytest.mark.parametrize(
    "frame", [pl.DataFrame({"a": [[1, 2]]}), pl.DataFrame({"a": [{"b": 1}]})], ids=["list", "struct"]
)
def test_parquet_of_columns_within_columns(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(tmp_path / "d.parquet")
    with pytest.raises(FileError, match="no table of plain columns"):
        read_table(tmp_path / "d.parquet")


def test_the_shape_of_a_parquet_file() -> None:
    buffer = io.BytesIO()
    frame = pl.DataFrame({"é": ["x", None, "y"] * 1_000, "n": range(3_000)})
    frame.write_parquet(buffer, row_group_size=700, data_page_size=100)
    shape = read_shape(buffer)
    assert (shape.names, shape.n_rows, shape.n_values, shape.is_flat) == (("é", "n"), 3_000, 6_000, True)
    assert shape.n_unpacked > 3_000
    with pytest.raises(DamagedParquetError):
        read_shape(io.BytesIO(buffer.getvalue()[:-1]))


def test_an_installed_set_that_unpacks_beyond_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FrequencyStore(tmp_path)
    store.install(written(tmp_path / "f.csv", "haplotype,frequency\nA*01:01~B*08:01,0.5\n"), "set")
    frame = pl.read_parquet(tmp_path / "frequencies" / "set.parquet")
    pl.concat([frame] * 300_000).write_parquet(tmp_path / "frequencies" / "set.parquet")
    monkeypatch.setenv(VARIABLE, "held_mb=1,held_ratio=1")
    with pytest.raises(BudgetError, match="values"):
        store.load("set")


def pass_time(monkeypatch: pytest.MonkeyPatch, **seconds: int) -> None:
    """Let clocks of the module `time` gain so many seconds with every look at them."""
    for name, gained in seconds.items():
        monkeypatch.setattr(time, name, count(step=gained).__next__)


def a_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("c.txt", "\tAB\t01/02\n")
    return path


TIMED: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "donors": ("d.csv", f"{HEADER}\n{ROW}\n".encode(), lambda path: list(person_slices(path, kind="donor"))),
    "donors, gzip": ("d.csv.gz", gzip.compress(f"{HEADER}\n{ROW}\n".encode()), read_table),
    "patients": ("p.csv", f"{HEADER}\n{ROW}\n".encode(), read_patients),
    "frequencies": ("f.csv", b"haplotype,frequency\nA*01:01~B*08:01,0.5\n", read_frequencies),
    "codes": ("c.txt", b"\tAB\t01/02\n", read_codes),
    "identifiers": ("i.txt", b"D1\n", read_identifiers),
}


@pytest.mark.parametrize(("name", "data", "read"), TIMED.values(), ids=TIMED)
def test_a_file_that_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, read: Callable[[Path], object]
) -> None:
    path = written(tmp_path / name, data)
    pass_time(monkeypatch, monotonic=1_000, process_time=1_000)
    with pytest.raises(BudgetError, match=f"more than 120 seconds of reading {len(data)} bytes") as caught:
        read(path)
    assert caught.value.budget == "seconds"
    assert f"set {VARIABLE}=seconds=240" in caught.value.hint
    monkeypatch.setenv(VARIABLE, "seconds=1000000")
    read(path)


def test_a_zip_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path / "c.zip")
    assert len(read_codes(path)) == 1
    pass_time(monkeypatch, monotonic=1_000, process_time=1_000)
    with pytest.raises(BudgetError, match="seconds"):
        read_codes(path)


@pytest.mark.parametrize("clock", ["monotonic", "process_time"])
def test_time_that_the_file_did_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    path = written(tmp_path / "d.csv", f"{HEADER}\n{ROW}\n")
    pass_time(monkeypatch, **{"monotonic": 0, "process_time": 0, clock: 1_000})
    assert read_table(path).height == 1


def test_a_large_file_may_take_long() -> None:
    small, large = (FileBudget.of("f", size, Budgets()) for size in (1_000, 300_000_000))
    assert (small.seconds, large.seconds) == (120, 6_000)


def test_a_setting_that_an_error_names_raises_the_bound_of_a_large_file() -> None:
    size = 100_000_000
    with pytest.raises(BudgetError) as caught:
        FileBudget.of("f", size, Budgets()).check_unpacked(2_500_000_001)
    _, _, setting = caught.value.hint.partition("unpacked_mb=")
    assert FileBudget.of("f", size, Budgets(unpacked_mb=int(setting))).unpacked == 5_000_000_000


def test_budgets_are_given_to_every_reader_of_persons(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", f"{HEADER}\n{ROW}\n")
    budgets = Budgets(columns=2)
    readers: tuple[Callable[[], object], ...] = (
        lambda: read_persons(path, kind="donor", budgets=budgets),
        lambda: list(person_slices(path, kind="donor", budgets=budgets)),
        lambda: read_patients(path, budgets=budgets),
        lambda: import_donors(
            tmp_path / "r", path, Nomenclature.builtin(), today=datetime.date(2026, 1, 1), budgets=budgets
        ),
    )
    for read in readers:
        with pytest.raises(BudgetError, match="3 columns, expected at most 2 columns"):
            read()


def test_one_more_hint_leaves_the_budget_and_the_hint_of_how_to_raise_it() -> None:
    error = BudgetError("f.csv", budget="rows", found="3 rows", expected="2", hint="raise it")
    hinted = error.with_hint("start again")
    assert str(hinted) == f"{error}; start again"
    assert hinted.budget == "rows"


def test_a_zip_with_an_entry_without_a_name_is_damaged(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w") as archive:
        archive.writestr("x", b"")
    path = tmp_path / "d.xlsx"
    # The name of the one entry, in the list at the end, becomes an empty one.
    data = path.read_bytes()
    at = data.index(b"PK\1\2")
    path.write_bytes(data[: at + 28] + b"\0\0" + data[at + 30 : at + 46] + data[at + 47 :])
    with pytest.raises(FileError, match="workbook"):
        read_table(path)
