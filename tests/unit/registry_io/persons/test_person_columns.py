"""Columns that look like typings or attributes and are not read: said, with the names that would be."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import FileError
from registry_io.persons.column_names import attribute_name, typing_name
from registry_io.persons.person_table import PersonRecords, read_persons

TYPINGS = [
    ("DR_1", "DRB1_1"), ("DRB_1", "DRB1_1"), ("HLA-DR_1", "DRB1_1"), ("A1", "A_1"), ("A-1", "A_1"), ("HLA_A_1", "A_1"),
    ("A_3", ""), ("DRB1_one", "DRB1_1"), ("A.1", "A_1"), ("DRB1 1", "DRB1_1"), ("DQ_1", "DQB1_1"), ("Cw_1", "C_1"),
    ("DRB345_1", ""), ("DQ1_2", "DQB1_2"), ("DR1_1", "DRB1_1"), ("DQA_2", "DQA1_2"),
    ("DPB_2", "DPB1_2"), ("DRB1_B", "DRB1_2"), ("HlaA1", "A_1"), ("drb1Allele1", "DRB1_1"), ("A (2)", "A_2"),
    ("A*1", "A_1"), ("DRB3/4/5_1", ""),
    ("\uff24\uff32\uff3f1", "DRB1_1"),
    ("DR51_1", "DRB5_1"), ("A1 typing", "A_1"), ("B_first", "B_1"), ("DQB1_01", "DQB1_1"), ("A__1", "A_1"),
]  # fmt: skip
OTHERS = ["A", "AB", "ABO", "DRA", "ID", "B27", "CMV", "notes", "", "_", "age", "MICA_1", "A_1_2", "BC", "x" * 1000]
ATTRIBUTES = [
    ("wieght_kg", "weight_kg"), ("populaton", "population"), ("weight", "weight_kg"), ("availability", "status"),
    ("birthday", "birth_date"), ("ABO/Rh", "abo"), ("民族", "population"), ("出生年月", "birth_date"),
]  # fmt: skip


def read(folder: Path, content: str) -> PersonRecords:
    path = folder / "donors.csv"
    path.write_text(content, encoding="utf-8")
    return read_persons(path, kind="donor")


@pytest.mark.parametrize(("name", "wanted"), TYPINGS)
def test_a_name_close_to_a_locus_is_one_of_typings(tmp_path: Path, name: str, wanted: str) -> None:
    assert typing_name(name) == wanted
    records = read(tmp_path, f"donor_id,B_1,B_2,{name}\nX1,40:01,,9\n")
    assert records.frame.columns == ["row", "person_id", "B_1", "B_2"]
    (caution,) = records.read_notes.cautions
    assert caution.startswith(f"column {name} looks like typings and was not read; ")
    # A name that the file has already is no help.
    if wanted and not wanted.startswith("B_"):
        assert caution.endswith(f"name it {wanted}")
    else:
        assert "LOCUS_1 and LOCUS_2, such as A_1 and A_2" in caution
    assert records.notes == ()


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_not(name: str) -> None:
    assert typing_name(name) is None


@pytest.mark.parametrize(("name", "wanted"), ATTRIBUTES)
def test_a_name_close_to_an_attribute_is_one(tmp_path: Path, name: str, wanted: str) -> None:
    assert attribute_name(name) == wanted
    frame = pl.DataFrame({"donor_id": ["X1"], "A_1": ["02:01"], "A_2": [""], name: ["F"]})
    frame.write_parquet(tmp_path / "donors.parquet")
    records = read_persons(tmp_path / "donors.parquet", kind="donor")
    assert wanted not in records.frame.columns
    assert records.read_notes.cautions == (f"column {name} looks like attributes and was not read; name it {wanted}",)


@pytest.mark.parametrize("name", ["race", "diagnosis", "height", "age", "postcode", "grade", "centre", "", "x" * 1000])
def test_other_columns_are_a_note(tmp_path: Path, name: str) -> None:
    assert attribute_name(name) is None


@pytest.mark.parametrize(
    ("cells", "is_caution"),
    [
        (["02:01", "24:02", ""], True),
        (["A*02:01", "HLA-A*24:02/HLA-A*24:03", "x"], True),
        (["A*02:01+A*24:02^B*40:01", "", ""], True),
        (["02:XX", "02:AB", "02:01:01G"], True),
        (["DR9", "Cw7", ""], True),
        (["02:01", "x", "y"], False),
        (["02:01", "x", ""], False),
        (["2", "24", "9"], False),
        (["08:30", "14:35", "09:00"], False),
        (["2020-01-01", "2021-01-01", ""], False),
        (["", "", ""], False),
    ],
)
def test_a_column_of_alleles_is_one_of_typings(tmp_path: Path, cells: list[str], is_caution: bool) -> None:
    rows = "".join(f"X{number},02:01,,{cell}\n" for number, cell in enumerate(cells))
    records = read(tmp_path, f"donor_id,A_1,A_2,位点\n{rows}")
    assert bool(records.read_notes.cautions) == is_caution
    assert (records.notes == ("ignored columns: 位点",)) == (not is_caution)


@pytest.mark.parametrize("cells", ["A,B", "1,0", "pos,neg", ",", "+,"])
@pytest.mark.parametrize("names", ["A,B", "B,AB", "C1,C2", "A1,A2"])
def test_a_name_that_may_be_something_else_is_read_over_typings_only(tmp_path: Path, names: str, cells: str) -> None:
    records = read(tmp_path, f"donor_id,{names},DRB1_1,DRB1_2,abo\nX1,{cells},09:01,,B\n")
    is_read = names in ("C1,C2", "A1,A2") and cells in (",", "A,B")
    assert (records.frame.columns == ["row", "person_id", "DRB1_1", "DRB1_2", "abo"]) != (is_read and cells != ",")
    told = " ".join((*records.notes, *records.read_notes.cautions))
    assert all(name in told for name in names.split(","))


def test_a_column_an_antigen_is_no_column_of_typings(tmp_path: Path) -> None:
    records = read(tmp_path, "donor_id,A1,A2,A3,A11,DRB1_1,DRB1_2\nX1,2,24,,,09:01,\n")
    assert records.frame.columns == ["row", "person_id", "DRB1_1", "DRB1_2"]
    assert records.read_notes.cautions[0].startswith("columns A1, A2, A3 look like typings and were not read")


@pytest.mark.parametrize("pair", ["DRB1,DRB2", "DQB1,DQB2", "DPB1,dpb2", "HLA-DRB1,HLA-DRB2"])
def test_the_two_typings_of_a_locus_without_its_number_are_not_one_of_each(tmp_path: Path, pair: str) -> None:
    records = read(tmp_path, f"donor_id,{pair},A_1,A_2\nX1,09:01,15:01,2,24\n")
    assert records.frame.columns == ["row", "person_id", "A_1", "A_2"]
    assert records.read_notes.cautions[0].startswith(f"columns {pair.replace(',', ', ')} look like typings")


@pytest.mark.parametrize(
    ("header", "other"),
    [
        ("id,A_1,A_2,A1,A2", "A_1"),
        ("id,A_1,A_2,HLA-A", "A_1"),
        ("id,A_1,A_2,sex,gender", "sex"),
        ("id,A_1,A_2,sex,性别", "sex"),
        ("id,A_1,A_2,DRB345_1,DRB345_2,DRB4_1,DRB4_2", "DRB4_1"),
        ("donor_id,Donor ID,A_1,A_2", "donor_id"),
        ("编号,ID,A_1,A_2", "编号"),
        ("id,gl_string,GL String", "gl_string"),
        ("id,A_1,A_2,population,population,人群", "人群"),
    ],
)
def test_two_columns_of_one_meaning_are_an_error_that_names_both(tmp_path: Path, header: str, other: str) -> None:
    with pytest.raises(FileError, match="again") as caught:
        read(tmp_path, f"{header}\n")
    assert other in caught.value.found
    assert caught.value.column != other


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DBR1_1", "DRB1_1"), ("gendre", "gender"), ("登记日朔", "登记日期"), ("A", "HLA-A"), ("wieght", "weight_kg"),
        ("weight_lb", "weight_kg"), ("sex code", "sex"), ("HLA_X", "HLA-A_1"), ("HLA-D_1", "HLA-A_1"),
    ],
)  # fmt: skip
def test_an_ignored_column_is_named_with_the_closest_name(tmp_path: Path, name: str, near: str) -> None:
    records = read(tmp_path, f"donor_id,B_1,B_2,{name}\nX1,40:01,,x\n")
    assert records.notes == (f"ignored columns: {name} (did you mean {near}?)",)


def test_a_file_without_identifiers_is_told_the_closest_name(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column of identifiers") as caught:
        read(tmp_path, "供者编码,A_1,A_2\nX1,1,2\n")
    assert caught.value.hint == "is it column 供者编码? Name it 供者编号"
    with pytest.raises(FileError, match="no column of identifiers") as caught:
        read(tmp_path, "donor,A_1,A_2\nX1,1,2\n")
    assert caught.value.hint == "is it column donor? Name it donor_id"


def test_several_columns_are_one_line_of_each_kind(tmp_path: Path) -> None:
    header = "donor_id,A_1,A_2,DR_1,DR_2,geschlecht,birthday,note"
    records = read(tmp_path, f"{header}\nX1,02:01,,09:01,15:01,F,1985-05-01,x\n")
    assert records.read_notes.cautions == (
        "columns DR_1, DR_2 look like typings and were not read; name them DRB1_1, DRB1_2",
        "columns geschlecht, birthday look like attributes and were not read; name them sex, birth_date",
    )
    assert records.notes == ("ignored columns: note",)
    mixed = read(tmp_path, "donor_id,A_1,A_2,DR_1,A_3\nX1,02:01,,09:01,\n")
    assert mixed.read_notes.cautions == (
        "columns DR_1, A_3 look like typings and were not read; "
        "name DR_1 as DRB1_1, and others LOCUS_1 and LOCUS_2, such as A_1 and A_2",
    )


def test_hundreds_of_columns_are_not_all_listed(tmp_path: Path) -> None:
    names = ",".join(f"A_{number}" for number in range(3, 5)) + "," + ",".join(f"x{number}" for number in range(300))
    records = read(tmp_path, f"donor_id,A_1,A_2,{names}\nX1,02:01,{',02:01' * 302}\n")
    assert "and 282 more look like typings" in records.read_notes.cautions[0]


def test_a_column_beside_its_better_name_is_no_attribute(tmp_path: Path) -> None:
    records = read(tmp_path, "donor_id,A_1,A_2,sex,geschlecht\nX1,02:01,,F,F\n")
    assert records.read_notes.cautions == ()
    assert records.notes == ("ignored columns: geschlecht",)


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("donor_id,DR_1,DR_2", "DR_1, DR_2 look like typings: name them DRB1_1, DRB1_2"),
        ("donor_id,A1,A3,sex", "A1, A3 look like typings: name A1 as A_1, and others"),
        ("donor_id,GL", "GL look like typings: name them gl_string"),
        ("donor_id,sex", "loci: A, B, C"),
    ],
)
def test_a_file_whose_typings_all_go_by_other_names_is_refused(tmp_path: Path, header: str, hint: str) -> None:
    with pytest.raises(FileError, match="no column of typings") as caught:
        read(tmp_path, header + "\n")
    assert caught.value.hint.startswith(hint)


def test_half_a_pair_names_the_other_half(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column A_2 beside it") as caught:
        read(tmp_path, "donor_id,A_1,A-b\n")
    assert caught.value.hint == "name the column A-b A_2"
