from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from hla_match.errors import NomenclatureError
from hla_match.loci import LOCI
from hla_match.nomenclature.tables import AntigenRelation, Deletion
from registry_io.formats.imgt_release import read_release
from registry_io.store.nomenclature_file import dumps, loads
from tests.tiny_release import edit, make_release, write


def test_reads_every_column(tmp_path: Path) -> None:
    tables = read_release(make_release(tmp_path / "IMGTHLA"))
    a, c, dpb1 = (tables.loci[locus] for locus in ("A", "C", "DPB1"))
    assert (tables.release, tables.title, tables.source) == ("3.58.0", "IPD-IMGT/HLA 3.58.0", "IMGTHLA")
    assert tuple(tables.loci) == LOCI
    assert a.allele == ("02:01:01:01", "02:01:02L", "24:02", "24:09N")
    assert a.g_group == ("02:01:01G", "02:01:01G", "24:02:01G", "24:02:01G")
    assert a.p_group == ("02:01P", "02:01P", "", "")
    assert a.antigen == ("2", "", "", "")
    assert a.possible_antigen == ("", "2/203", "24", "")
    assert a.expert_antigen == ("203", "", "", "")
    assert a.old_name == {"02010101": "02:01:01:01"}
    assert c.old_name == {"0102": "01:02"}
    assert c.deleted == {"0101": Deletion("01:02", "Error")}
    assert dpb1.tce_group == ("3", "", "2", "")
    assert set(a.tce_group) == {""}
    assert tables.antigen_relations == (
        AntigenRelation("A", "2", (), ("203", "210")),
        AntigenRelation("A", "9", ("23", "24"), ()),
    )
    assert tables.antigens["A"] == ("2", "9", "23", "24", "203", "210")
    assert tables.antigens["Cw"] == ()
    assert tables.closed
    assert tables.limits == ()


def test_deletions_of_both_files_are_joined(tmp_path: Path) -> None:
    assert read_release(make_release(tmp_path)).loci["A"].deleted == {
        "0105N": Deletion("24:02", "Sequence identical"),
        "02:01:02": Deletion("02:01:02L", "Sequence renamed A*02:01:02L (March 2011)"),
        "24:03": Deletion("", "Named in error"),
    }


@pytest.mark.parametrize("inside", ["", "IMGTHLA-3580/", "download/IMGTHLA-3580/"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_place_of_the_release_makes_no_difference(tmp_path: Path, inside: str, is_zip: bool) -> None:
    expected = read_release(make_release(tmp_path / "plain"))
    place = tmp_path / "nested"
    make_release(place / inside)
    if is_zip:
        with zipfile.ZipFile(tmp_path / "nested.zip", "w") as archive:
            for file in place.rglob("*.*"):
                archive.write(file, file.relative_to(place))
        place = tmp_path / "nested.zip"
    tables = read_release(place)
    assert tables.loci == expected.loci
    assert tables.checksum == expected.checksum


def test_files_without_folders_are_read(tmp_path: Path) -> None:
    expected = read_release(make_release(tmp_path / "plain"))
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in (tmp_path / "plain").rglob("*.*"):
        (flat / file.name).write_bytes(file.read_bytes())
    assert read_release(flat).loci == expected.loci


def test_line_ends_of_windows_change_neither_tables_nor_checksum(tmp_path: Path) -> None:
    expected = read_release(make_release(tmp_path))
    for file in tmp_path.rglob("*.*"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_release(tmp_path) == expected


def test_optional_files_may_be_absent(tmp_path: Path) -> None:
    make_release(tmp_path)
    for name in ("Nomenclature_2009.txt", "Deleted_alleles.txt", "release_version.txt"):
        (tmp_path / name).unlink()
    assert read_release(tmp_path).loci["A"].old_name == {}


def test_old_layout_is_preferred_where_both_are_there(tmp_path: Path) -> None:
    expected = read_release(make_release(tmp_path))
    for name in ("hla_nom.txt", "rel_dna_ser.txt", "rel_ser_ser.txt"):
        write(tmp_path / "wmda/pre2026" / name, (tmp_path / "wmda" / name).read_text(encoding="utf-8"))
    edit(tmp_path / "wmda/rel_dna_ser.txt", "A*;24:02;;;24;", "A*;24:02;;;;;2402")
    edit(tmp_path / "wmda/rel_ser_ser.txt", "203/210", "0201/0202/0203")
    assert read_release(tmp_path) == expected


def test_new_layout_is_read_where_it_is_alone(tmp_path: Path) -> None:
    make_release(tmp_path)
    for name in ("hla_nom.txt", "rel_dna_ser.txt"):
        text = (tmp_path / "wmda" / name).read_text(encoding="utf-8")
        write(tmp_path / "wmda" / name, re.sub(r"(?m)^([^#\n].*)$", r"\1;0201", text))
    edit(tmp_path / "wmda/rel_ser_ser.txt", "203/210", "0201/0203")
    edit(tmp_path / "wmda/rel_ser_ser.txt", "Dw;6", "DR5;1;;01/02/03\nDw;6")
    tables = read_release(tmp_path)
    # An antigen goes by the name that the release lists, also where a file still has the old one.
    assert tables.loci["A"].antigen == ("2", "", "", "")
    assert tables.loci["A"].possible_antigen == ("", "2/0203", "24", "")
    assert tables.loci["A"].expert_antigen == ("0203", "", "", "")
    assert tables.loci["A"].computed_antigen == ("0201", "0201", "0201", "")
    assert tables.antigen_relations[0] == AntigenRelation("A", "2", (), ("0201", "0203"))
    assert AntigenRelation("DR", "51", (), ("5101", "5102", "5103")) in tables.antigen_relations
    assert tables.antigens["A"] == ("2", "9", "23", "24", "0201", "0203")


@pytest.mark.parametrize(
    ("name", "old", "new", "row", "expected"),
    [
        ("wmda/rel_dna_ser.txt", "A*;24:02;;;24;", "A*;24:02;;;", 5, "6 fields"),
        ("wmda/rel_dna_ser.txt", "A*;24:02;", "A*;x;", 5, "allele name"),
        ("wmda/rel_dna_ser.txt", "A*;24:02;;;24;\n", "", None, "4 alleles of A"),
        ("wmda/rel_dna_ser.txt", "DRB5*;01:01;1;;;\n", "", None, "every locus"),
        ("wmda/hla_nom.txt", "A*;24:02;19990101;;;\n", "", None, "alleles of A"),
        ("wmda/hla_nom_g.txt", "A*;24:02/24:09N;24:02:01G", "A*;24:02/24:09N;24:02:01", 4, "a G group"),
        ("wmda/hla_nom_g.txt", "A*;24:02/24:09N;24:02:01G\n", "", None, "alleles of A"),
        ("wmda/hla_nom_p.txt", ";02:01P", "", 3, "3 fields"),
        ("wmda/hla_nom_p.txt", "A*;24:02;\n", "", None, "3 alleles of A"),
        ("wmda/rel_ser_ser.txt", "A;9;23/24;", "A;9;23", 4, "4 fields"),
        ("tce/dpb_tce.csv", "DPB1*01:01,DPB1*01:01,3,3$,", "DPB1*01:01,DPB1", 4, "V2_Assignment"),
        ("tce/dpb_tce.csv", ",3,3$,", ",3,7,", 4, "V2_Assignment"),
        ("tce/dpb_tce.csv", "V2_Assignment", "V3", 3, "V2_Assignment"),
    ],
)
def test_damage_is_an_error_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, row: int | None, expected: str
) -> None:
    edit(make_release(tmp_path) / name, old, new)
    with pytest.raises(NomenclatureError) as caught:
        read_release(tmp_path)
    assert caught.value.path.endswith(name)
    assert caught.value.row == row
    assert expected in caught.value.expected


def test_other_encoding_is_an_error_with_its_row(tmp_path: Path) -> None:
    make_release(tmp_path)
    path = tmp_path / "wmda/rel_ser_ser.txt"
    path.write_bytes(path.read_bytes().replace(b"A;9;", b"\xe9;9;"))
    with pytest.raises(NomenclatureError, match=r"rel_ser_ser.txt, row 4: found byte 0xe9"):
        read_release(tmp_path)


@pytest.mark.parametrize(
    "name", ["wmda/hla_nom_p.txt", "tce/dpb_tce.csv", "Deleted_alleles.txt", "release_version.txt"]
)
def test_files_of_several_releases_are_refused(tmp_path: Path, name: str) -> None:
    edit(make_release(tmp_path) / name, "3.58.0", "3.57.0")
    with pytest.raises(NomenclatureError, match=r"several releases.*3\.57\.0"):
        read_release(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    (make_release(tmp_path) / "tce/dpb_tce.csv").unlink()
    with pytest.raises(NomenclatureError, match=r"no dpb_tce\.csv.*holds wmda/ and tce/"):
        read_release(tmp_path)


def test_two_releases_in_one_folder_are_refused(tmp_path: Path) -> None:
    make_release(tmp_path / "3570")
    make_release(tmp_path / "3580")
    with pytest.raises(NomenclatureError, match="several releases: 3570/, 3580/"):
        read_release(tmp_path)


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("text", encoding="utf-8")
    with pytest.raises(NomenclatureError, match="neither folder nor zip"):
        read_release(text)
    with pytest.raises(NomenclatureError, match="nothing of that name"):
        read_release(tmp_path / "absent")


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("wmda/hla_nom.txt", "some text that is long enough to be hit")
    data = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(data.replace(b"long enough", b"LONG ENOUGH"))
    with pytest.raises(NomenclatureError, match="damaged zip"):
        read_release(tmp_path / "x.zip")


@pytest.mark.parametrize("layout", ["MD5 ({name}) = {digest}\n", "{digest}  {name}\n"])
def test_fingerprints_of_the_release_are_checked(tmp_path: Path, layout: str) -> None:
    path = make_release(tmp_path) / "wmda/hla_nom_p.txt"
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    write(tmp_path / "wmda/md5checksum.txt", layout.format(name=path.name, digest=digest))
    read_release(tmp_path)
    edit(path, "02:01P", "02:02P")
    with pytest.raises(NomenclatureError, match=r"hla_nom_p\.txt: found MD5"):
        read_release(tmp_path)


def test_checksum_follows_the_content(tmp_path: Path) -> None:
    first = read_release(make_release(tmp_path)).checksum
    edit(tmp_path / "wmda/rel_ser_ser.txt", "203/210", "203")
    assert read_release(tmp_path).checksum != first


def test_real_release(shared_data: Path) -> None:
    tables = read_release(shared_data / "imgt" / "3.58.0")
    alleles = {
        locus: dict(zip(columns.allele, range(len(columns.allele)), strict=True))
        for locus, columns in tables.loci.items()
    }
    a, dpb1 = tables.loci["A"], tables.loci["DPB1"]
    assert tables.title == "IPD-IMGT/HLA 3.58.0"
    assert sum(map(len, alleles.values())) == 39_083
    row = alleles["A"]["02:01:01:02L"]
    assert (a.g_group[row], a.p_group[row]) == ("02:01:01G", "02:01P")
    assert (a.antigen[row], a.possible_antigen[row]) == ("", "2")
    assert a.p_group[alleles["A"]["24:09N"]] == ""
    assert a.g_group[alleles["A"]["24:09N"]] == "24:02:01G"
    assert dpb1.tce_group[alleles["DPB1"]["08:01"]] == "2"
    assert a.deleted["02:01:08"] == Deletion("02:1040", "Sequence renamed")
    assert a.old_name["02010102L"] == "02:01:01:02L"
    assert tables.antigens["DQ"] == tuple("123456789")
    assert AntigenRelation("B", "21", ("49", "50"), ("4005",)) in tables.antigen_relations


def test_files_that_no_list_of_checksums_names_are_not_verified(tmp_path: Path) -> None:
    names = [path.name for path in sorted(make_release(tmp_path).rglob("*.*")) if path.is_file()]
    assert sorted(read_release(tmp_path).unverified) == sorted(names)
    path = tmp_path / "wmda/hla_nom_p.txt"
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    write(tmp_path / "wmda/md5checksum.txt", f"MD5 (hla_nom_p.txt) = {digest}\n")
    tables = read_release(tmp_path)
    assert sorted(tables.unverified) == sorted(set(names) - {"hla_nom_p.txt"})
    assert loads(dumps(tables), "x").unverified == tables.unverified


@pytest.mark.parametrize("name", ["9" * 5_000 + ":01", "01:" + "9" * 5_000])
def test_digits_by_the_thousand_are_no_allele(tmp_path: Path, name: str) -> None:
    edit(make_release(tmp_path) / "wmda/rel_dna_ser.txt", "A*;24:02;;;24;", f"A*;{name};;;24;")
    with pytest.raises(NomenclatureError, match="expected an allele name"):
        read_release(tmp_path)


def test_antigens_and_versions_of_digits_by_the_thousand(tmp_path: Path) -> None:
    edit(make_release(tmp_path) / "wmda/rel_ser_ser.txt", "203/210", "203/" + "9" * 5_000)
    assert "9" * 5_000 in read_release(tmp_path).antigens["A"]
    edit(tmp_path / "wmda/hla_nom.txt", "3.58.0", "3." + "9" * 5_000)
    assert read_release(tmp_path).release == "3.58.0"
