"""Files of persons: what is read, what is quarantined with its row and column, what is refused."""

from __future__ import annotations

import datetime
import gzip
import hashlib
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import FileError, Reason
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.tables import text_file
from registry_io.tables.frame_table import FrameTable
from registry_io.tables.quarantine import COLUMNS, QuarantinedRecord, write_quarantine
from registry_io.tables.table_file import read_table, scan_table

HEADER = "donor_id,A_1,A_2,sex\n"


def written(folder: Path, content: str | bytes, name: str = "donors.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def donors(folder: Path, content: str) -> PersonRecords:
    return read_persons(written(folder, content), kind="donor")


def places(records: PersonRecords) -> list[tuple[int, str, Reason]]:
    return [(record.row, record.column, record.reason) for record in records.quarantined]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "x,y\n1,\n2,b\n"),
        ("a.CSV", "x,y\r\n1,\r\n2,b\r\n"),
        ("a.csv", "\ufeffx,y\n1,\n2,b"),
        ("a.csv", "x,y\r1,\r2,b\r"),
        ("a.csv", 'x,y\n"1",""\n2,"b"\n\n'),
        ("a.tsv", "x\ty\n1\t\n2\tb\n"),
        ("a.txt", "x;y\n1;\n2;b\n"),
        ("a.csv.gz", gzip.compress(b"x,y\n1,\n2,b\n", mtime=0)),
        ("a.csv", "x,y,\n1,,\n2,b,\n"),
    ],
)
def test_text_tables_of_every_kind_are_read_alike(tmp_path: Path, name: str, content: str | bytes) -> None:
    table = scan_table(written(tmp_path, content, name))
    assert table.frame.equals(pl.DataFrame({"x": ["1", "2"], "y": [None, "b"]}))
    assert table.frame.schema == {"x": pl.String, "y": pl.String}
    assert table.row.to_list() == [2, 3]
    assert table.odd == ()


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_workbook_and_parquet_become_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    frame = pl.DataFrame(
        {"id": ["1", "2"], "kg": [65, None], "born": [datetime.date(1980, 2, 3), None], "n": ["", "b"]}
    )
    if name.endswith("xlsx"):
        frame.write_excel(path)
    else:
        frame.write_parquet(path)
    assert read_table(path).rows() == [("1", "65", "1980-02-03", None), ("2", None, None, "b")]


def test_floats_and_midnights_of_a_data_frame_are_numbers_and_dates(tmp_path: Path) -> None:
    born = datetime.datetime(1980, 2, 3)
    frame = pl.DataFrame(
        {
            "donor_id": [1.0, 2.0],
            "A_1": [2.0, 24.0],
            "A_2": [float("nan"), 2.0],
            "birth_date": [born, None],
            "weight_kg": [65.5, float("nan")],
        }
    )
    for name in ("a.parquet", "a.csv"):
        path = tmp_path / name
        if name == "a.parquet":
            frame.with_columns(pl.col("birth_date").cast(pl.Datetime("ns"))).write_parquet(path)
        else:
            path.write_text("donor_id,A_1,A_2,birth_date,weight_kg\n1,2,,1980-02-03 00:00:00,65.5\n2,24,2,,\n")
        records = read_persons(path, kind="donor")
        assert records.quarantined == []
        assert records.frame.drop("row").rows() == [
            ("1", "2", None, born.date(), 65.5),
            ("2", "24", "2", None, None),
        ]


def test_a_row_without_any_typing_is_quarantined(tmp_path: Path) -> None:
    records = donors(tmp_path, "donor_id,A_1,A_2,gl_string\nX1,,,\nX2,1,,\nX3,,,MICA*001\nX4,,2,\nX5,,,A*02:\n")
    assert records.frame["person_id"].to_list() == ["X2"]
    assert places(records) == [
        (2, "", Reason.NOT_TYPED),
        (4, "", Reason.NOT_TYPED),
        (5, "A_2", Reason.SECOND_WITHOUT_FIRST),
        (6, "gl_string", Reason.MALFORMED),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet"])
def test_header_alone_is_a_table_without_rows(tmp_path: Path, name: str) -> None:
    path, frame = tmp_path / name, pl.DataFrame({"x": [], "y": []}, schema={"x": pl.String, "y": pl.String})
    {"csv": frame.write_csv, "xlsx": frame.write_excel, "parquet": frame.write_parquet}[name[2:]](path)
    table = read_table(path)
    assert table.columns == ["x", "y"]
    # polars leaves one blank row under the header of an empty Excel table.
    assert table.drop_nulls().height == 0


@pytest.mark.parametrize(
    ("name", "content", "row", "found"),
    [
        ("a.doc", b"x,y\n", None, "ending"),
        ("a.csv", b"", 1, "empty file"),
        ("a.csv", b"\n\n", 1, "empty file"),
        ("a.csv", b"\nx,y\n1,2\n", 1, "empty first row"),
        ("a.csv", b",,\n1,2,3\n", 1, "empty first row"),
        ("a.csv", b"x,y\n1,2\n3,Z\xfcrich\n", 3, "0xFC (byte 12"),
        ("a.csv", b"x,y\n1,2\n3,\xe5\xbc", 3, "0xE5"),
        ("a.csv", "x,y\n1,2\n".encode("utf-16") + b"3", 3, "the byte 0x33"),
        ("a.csv", b"x,y\n1,\0\n", 2, "NUL"),
        ("a.csv", b"x,y\n1," + b"2" * 1_000_001 + b"\n3,4\n", 2, "a line of more than"),
        ("a.csv", b"x,y,x\n1,2,3\n", 1, "second column"),
        ("a.csv", b"x,\n1,2\n", 1, "without a name"),
        ("a.csv", b'x,y\n1,2\n"3,4\n', 3, "cannot be read"),
        ("a.csv.gz", gzip.compress(b"x,y\n" + bytes(range(1, 128)) * 99, mtime=0)[:-12], None, "too early"),
        ("a.csv.gz", b"x,y\n1,2\n", None, "damaged gzip"),
        ("a.xlsx", b"x,y\n1,2\n", None, "no workbook"),
        ("a.parquet", b"x,y\n1,2\n", None, "no table"),
    ],
)
def test_damaged_files_are_refused_with_their_place(
    tmp_path: Path, name: str, content: bytes, row: int | None, found: str
) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(FileError) as caught:
        read_table(path)
    assert caught.value.path == str(path)
    assert found in caught.value.found
    assert caught.value.row == row
    assert caught.value.hint


def test_workbook_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["A", "A"])
        sheet.write_row(1, 0, ["1", "2"])
    with pytest.raises(FileError, match="second column of this name"):
        read_table(tmp_path / "a.xlsx")


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", "missing.xlsx"])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_table(tmp_path / name)


def test_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(FileError, match="a file that can be read"):
        read_table(tmp_path / "a.csv")


def test_endless_line_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as handle:
        handle.write(b"x,y\n")
        for _ in range(100):
            handle.write(b"1" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(FileError, match="a line of more than"):
        read_table(path)
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


def test_places_hold_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "_CHUNK", 16)
    monkeypatch.setattr(text_file, "LONGEST_LINE", 40)
    lines = [f"张{number},杭州" for number in range(50)]
    content = "\n".join(["x,y", *lines])
    assert read_table(written(tmp_path, content))["x"].to_list() == [f"张{number}" for number in range(50)]
    assert scan_table(written(tmp_path, content + ",9\n1\n")).odd[1].row == 52
    for bad in (b"\xff", b"\0", b"9" * 41):
        with pytest.raises(FileError) as caught:
            read_table(written(tmp_path, content.encode() + b"\n" + bad + b"\n1,2\n"))
        assert caught.value.row == 52


def test_record_with_a_line_break_counts_as_one_row(tmp_path: Path) -> None:
    records = donors(tmp_path, 'donor_id,A_1,A_2,city\nX1,1,2,"Hang\nzhou"\nX2,1,2\n')
    assert records.frame["row"].to_list() == [2]
    assert places(records) == [(3, "", Reason.WRONG_COLUMN_COUNT)]
    assert records.quarantined[0].person_id == "X2"


def test_column_without_name_or_content_shifts_nothing(tmp_path: Path) -> None:
    records = donors(tmp_path, ",donor_id,A_1,A_2\n,X1,1,2\n,X2,1\n")
    assert records.frame.rows() == [(2, "X1", "1", "2")]
    assert records.quarantined[0].person_id == "X2"
    assert records.quarantined[0].message == "3 fields where the header has 4"


def test_every_attribute_is_read(tmp_path: Path) -> None:
    records = donors(
        tmp_path,
        "ID,HLA-A_1,hla-a_2,DRB1_1,DRB1_2,B_1,B_2,Sex,birth_date,abo,rhesus,cmv,weight_kg,status,registered_on,"
        "last_contact_on,city,grid,Population,race,diagnosis\n"
        "X1, A*02:01 ,,04:XX,,,,male,1980-01-31,ab,+,NEG,65.5,av,2001-01-01,2002-02-02,杭州,G, Han ,x,ALL\n"
        "X2,1,2,,,,,F,,,,,,,,,,,,,\n",
    )
    assert records.frame.columns == [
        "row", "person_id", "A_1", "A_2", "DRB1_1", "DRB1_2", "sex", "birth_date", "abo", "rhesus", "cmv", "weight_kg",
        "status", "registered_on", "last_contact_on", "city", "grid", "population",
    ]  # fmt: skip
    assert records.frame.row(0) == (
        2, "X1", "A*02:01", None, "04:XX", None, "M", datetime.date(1980, 1, 31), "AB", "P", "N", 65.5, "AV",
        datetime.date(2001, 1, 1), datetime.date(2002, 2, 2), "杭州", "G", "Han",
    )  # fmt: skip
    assert records.frame.schema["row"] == pl.UInt32
    assert records.frame.schema["weight_kg"] == pl.Float32
    assert records.frame.row(1)[6:] == ("F", *[None] * 11)
    assert records.notes == ("ignored columns: race, diagnosis",)
    assert records.source == "donors.csv"
    assert records.checksum == hashlib.sha256((tmp_path / "donors.csv").read_bytes()).hexdigest()
    assert records.n_rows == 2


def test_findings_name_row_and_column(tmp_path: Path) -> None:
    records = donors(
        tmp_path, HEADER + "X1,1,2,M\n,1,2,M\nX1,1,2,M\nX3,,2,M\nX4,1\n\uff385,1,2,M\nX\u200b6,1,2,M\nX1,1,2,\n,,,\n"
    )
    assert records.frame.select("row", "person_id").rows() == [(2, "X1")]
    assert places(records) == [
        (3, "donor_id", Reason.MISSING_IDENTIFIER),
        (4, "donor_id", Reason.DUPLICATE_IDENTIFIER),
        (5, "A_2", Reason.SECOND_WITHOUT_FIRST),
        (6, "", Reason.WRONG_COLUMN_COUNT),
        (7, "donor_id", Reason.BAD_TEXT),
        (8, "donor_id", Reason.BAD_TEXT),
        (9, "donor_id", Reason.DUPLICATE_IDENTIFIER),
    ]
    assert "row 2" in records.quarantined[1].message
    assert records.n_rows == 8
    assert records.notes == ("skipped 1 empty rows",)


def test_gl_strings_become_columns(tmp_path: Path) -> None:
    records = donors(
        tmp_path,
        "donor_id,A_1,A_2,gl_string\n"
        "X1,,,HLA-A*01:01+HLA-A*02:01^HLA-B*07:02+HLA-B*08:01\n"
        "X2,HLA-A*02:01,01:01,A*01:01+A*02:01\n"
        "X3,03:01,,A*01:01+A*02:01\n"
        "X4,03:01,,A*03:01+A*03:01\n"
        "X5,03:01,,A*03:01+\n"
        "X6,03:01,,\n"
        "X7,,,A*01:01^MICA*001\n",
    )
    assert records.frame.drop("row").rows() == [
        ("X1", "01:01", "02:01", "07:02", "08:01"),
        ("X2", "HLA-A*02:01", "01:01", None, None),
        ("X3", "03:01", None, None, None),
        ("X4", "03:01", None, None, None),
        ("X6", "03:01", None, None, None),
        ("X7", "01:01", None, None, None),
    ]
    assert records.twice.rows() == [(4, "A", "03:01", "", "01:01", "02:01")]
    assert places(records) == [(6, "gl_string", Reason.MALFORMED)]
    assert records.notes == ("ignored loci of GL Strings: MICA",)


def test_a_misspelt_locus_is_a_finding_of_its_row_with_what_may_be_meant(tmp_path: Path) -> None:
    rows = "X1,A*01:01^DR*09:01+DR*15:01\nX2,A*01:01^MICA*001\nX3,A*01:01^dq1*03:03\nX4,HLA-AA*01:01\n"
    records = donors(tmp_path, f"donor_id,gl_string\n{rows}")
    assert records.frame["person_id"].to_list() == ["X2"]
    assert places(records) == [(row, "gl_string", Reason.UNKNOWN_LOCUS) for row in (2, 4, 5)]
    assert [record.hint for record in records.quarantined] == [
        "did you mean DRB1, DRB3, DRB4 or DRB5?",
        "did you mean DQA1 or DQB1?",
        "did you mean A?",
    ]
    assert "A, B, C, DRB1" in records.quarantined[0].message
    assert records.notes == ("ignored loci of GL Strings: MICA",)


def test_a_misspelt_locus_in_the_first_row_makes_no_header_of_it(tmp_path: Path) -> None:
    records = donors(tmp_path, "X1;DR*09:01+DR*15:01\nX2;A*01:01\n")
    assert places(records) == [(1, "gl_string", Reason.UNKNOWN_LOCUS)]
    assert records.frame["person_id"].to_list() == ["X2"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("name,A_1,A_2", "no column of identifiers"),
        ("donor_id,A_1", "no column A_2"),
        ("donor_id,A_2,B_1,B_2", "no column A_1"),
        ("donor_id,sex", "no column of typings"),
        ("donor_id,A_1,A_2,HLA-A_1", "the meaning of column A_1 again"),
        ("donor_id,A_1,A_2,sex,SEX", "the meaning of column sex again"),
    ],
)
def test_file_without_the_columns_it_needs_is_refused(tmp_path: Path, header: str, found: str) -> None:
    with pytest.raises(FileError, match=found) as caught:
        donors(tmp_path, header + "\n")
    assert caught.value.row == 1
    assert caught.value.hint


def test_kind_prefers_its_own_identifier(tmp_path: Path) -> None:
    path = written(tmp_path, "donor_id,patient_id,A_1,A_2\nD,P,1,2\n")
    assert read_persons(path, kind="donor").frame["person_id"].to_list() == ["D"]
    assert read_persons(path, kind="patient").frame["person_id"].to_list() == ["P"]


def test_quarantine_report_is_written_even_when_empty(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    record = QuarantinedRecord(3, "X1", "sex", 'a,"b', Reason.BAD_ATTRIBUTE, "sex is not M or F", "correct it")
    write_quarantine([record], path)
    assert pl.read_csv(path).rows() == [(3, "X1", "sex", 'a,"b', "bad_attribute", "sex is not M or F", "correct it")]
    write_quarantine([], path)
    assert path.read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"
    assert list(tmp_path.iterdir()) == [path]


def test_quarantine_report_is_no_program_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.csv"
    texts = ["+24:02", "=1+1", "-", "@x", "'=1", "A*02:01", "'x", ""]
    records = [QuarantinedRecord(3, text, text, text, Reason.MALFORMED, text, text) for text in texts]
    neutral = ["'+24:02", "'=1+1", "'-", "'@x", "''=1", "A*02:01", "'x", ""]
    for raw_text, expected in ((False, neutral), (True, texts)):
        write_quarantine(records, path, raw_text=raw_text)
        found = pl.read_csv(path).with_columns(pl.col(pl.String).fill_null(""))
        for column in ("person_id", "column", "text", "message", "hint"):
            assert found[column].to_list() == expected
        assert found["row"].to_list() == [3] * len(texts)


def test_simulated_registry_is_read_whole(shared_data: Path) -> None:
    donors = shared_data / "data" / "registry_103k" / "donors.csv.gz"
    records = read_persons(donors, kind="donor", today=datetime.date(2026, 11, 1))
    assert (records.frame.height, records.n_rows, records.quarantined) == (103_000, 103_000, [])
    # Donors beyond 70 years are on the registry still.
    old = records.frame.filter(pl.col("birth_date") <= datetime.date(1955, 11, 1))["row"]
    assert records.warnings.select("row", "reason").rows() == [(row, "unusual_value") for row in old]
    assert records.read_notes.cautions == ()
    assert records.frame["person_id"][0] == "ZJ0000001"
    assert records.frame["birth_date"].dtype == pl.Date


@pytest.mark.parametrize("separator", [";", "%", ",", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_identifiers_and_gl_strings_need_no_header(tmp_path: Path, separator: str, quote: str) -> None:
    rows = [("D1", "A*02:01+A*24:02"), ("D2", "A*02:01/A*02:02+A*24:02^B*40:01"), ("D1", "A*11:01"), ("D3", "A*01^")]
    lines = "".join(f"{name}{separator}{quote}{text}{quote}\n" for name, text in rows)
    read = donors(tmp_path, lines + f"D4{separator}A*01:01{separator}A*01:02\n")
    assert read.frame.select("row", "person_id", "A_2").rows() == [(1, "D1", "24:02"), (2, "D2", "24:02")]
    assert [(row, reason) for row, _, reason in places(read)] == [
        (3, Reason.DUPLICATE_IDENTIFIER),
        (4, Reason.MALFORMED),
        (5, Reason.WRONG_COLUMN_COUNT),
    ]
    assert read.quarantined[-1].message == "3 fields where the first row has 2"
    assert read.n_rows == 5
    assert read.notes[0].startswith("read without header: ")
    plain = donors(tmp_path, "D1%A*02:01\nD2%A*24:02\n")
    assert plain.frame["row"].to_list() == [1, 2]


@pytest.mark.parametrize("first", ["D1;A2+A24", "D1;A*02:01;x", "D1;A*02:01+", "id;A*_1"])
def test_a_first_row_that_is_no_record_is_a_header(tmp_path: Path, first: str) -> None:
    with pytest.raises(FileError, match=r"no column of (identifiers|typings)"):
        donors(tmp_path, f"{first}\nD2;A*02:01\n")


@pytest.mark.parametrize("number", [1e20, -1e300, float("inf"), float("-inf")])
def test_a_number_beyond_whole_numbers_is_no_empty_cell(tmp_path: Path, number: float) -> None:
    frame = pl.DataFrame(
        {"donor_id": [number, 2.0], "A_1": ["02:01"] * 2, "A_2": [""] * 2, "weight_kg": [number, 65.0]}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (tmp_path / "a.parquet", FrameTable(frame, "frame")):
        read = read_persons(source, kind="donor")
        assert read.frame["weight_kg"].to_list() == [None, 65.0]
        assert read.frame["person_id"].to_list() == [str(number), "2"]
        assert [(one["row"], one["column"]) for one in read.warnings.to_dicts()] == [(2, "weight_kg")]
