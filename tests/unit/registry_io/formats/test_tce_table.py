"""The layouts in which T-cell epitope groups were published, and groups that contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hla_match.errors import NomenclatureError
from hla_match.nomenclature.tables import NomenclatureTables
from registry_io.formats.imgt_release import read_release
from registry_io.store.nomenclature_file import dumps, loads
from tests.tiny_release import HEAD, edit, make_release, write

NAMES = ("01:01", "02:01", "08:01", "61:01N")
HEADER_3 = "Allele,Protein,V1_Assignment,V2_Assignment,V3_Assignment,Comments\n"


def _read(root: Path, table: str) -> NomenclatureTables:
    write(make_release(root) / "tce/dpb_tce.csv", table)
    return read_release(root)


def _table(*groups: str, header: str = HEADER_3) -> str:
    rows = zip(NAMES, groups, strict=True)
    return HEAD + header + "".join(f"DPB1*{name},DPB1*{name},{group},\n" for name, group in rows)


def test_third_version_stands_beside_the_second(tmp_path: Path) -> None:
    tables = _read(tmp_path, _table(",3,3 (core)", ",3,3 (non-core)", ",2,2", ",0,0"))
    dpb1 = tables.loci["DPB1"]
    assert dpb1.tce_group == ("3", "3", "2", "")
    assert dpb1.tce_group_v3 == ("3 (core)", "3 (non-core)", "2", "")
    assert tables.loci["A"].tce_group_v3 == ()
    assert loads(dumps(tables), "x") == tables


def test_third_version_is_read_without_a_row_of_columns(tmp_path: Path) -> None:
    dpb1 = _read(tmp_path, _table(",3,3 (core)", ",3,3 (non-core)", ",1,1", ",0,0", header="")).loci["DPB1"]
    assert dpb1.tce_group == ("3", "3", "1", "")
    assert dpb1.tce_group_v3 == ("3 (core)", "3 (non-core)", "1", "")


@pytest.mark.parametrize("header", ["", "Allele,Protein,V1_Assignment,V2_Assignment,Comments\n"])
@pytest.mark.parametrize("comments", [HEAD, ""])
def test_second_version_alone(tmp_path: Path, header: str, comments: str) -> None:
    table = _table("3,3$", "NA,NA", "3$,2a$", "0,0", header=header).replace(HEAD, comments)
    dpb1 = _read(tmp_path, table).loci["DPB1"]
    assert dpb1.tce_group == ("3", "", "2", "")
    assert dpb1.tce_group_v3 == ()


def test_groups_in_quotes_and_capitals(tmp_path: Path) -> None:
    dpb1 = _read(tmp_path, _table(',3,"3 (core)"', ",3,3 (Non-core)", ",2A,2", ",na,N/A")).loci["DPB1"]
    assert dpb1.tce_group == ("3", "3", "2", "")
    assert dpb1.tce_group_v3 == ("3 (core)", "3 (non-core)", "2", "")


@pytest.mark.parametrize("group", ["4", "3 (coreish)", "core"])
def test_unknown_groups_are_refused(tmp_path: Path, group: str) -> None:
    with pytest.raises(NomenclatureError, match="row 4") as caught:
        _read(tmp_path, _table(f",3,{group}", ",3,3 (core)", ",2,2", ",0,0"))
    assert "V3_Assignment" in caught.value.expected


def test_p_groups_in_several_groups_are_named(tmp_path: Path) -> None:
    make_release(tmp_path)
    edit(tmp_path / "wmda/hla_nom_p.txt", "DPB1*;01:01;\nDPB1*;02:01;\n", "DPB1*;01:01/02:01;01:01P\n")
    write(tmp_path / "tce/dpb_tce.csv", _table(",3,3 (core)", ",1$,3 (non-core)", ",2,2", ",0,0"))
    assert read_release(tmp_path).cautions == (
        "dpb_tce.csv: members of DPB1*01:01P are in T-cell epitope groups 1 and 3 (version 2)",
        "dpb_tce.csv: members of DPB1*01:01P are in T-cell epitope groups 3 (core) and 3 (non-core) (version 3)",
    )
    # One that is not assigned contradicts none.
    write(tmp_path / "tce/dpb_tce.csv", _table(",3,3 (core)", ",,0", ",2,2", ",0,0"))
    assert read_release(tmp_path).cautions == ()


@pytest.mark.parametrize("release", ["3.33.0", "3.42.0", "3.58.0"])
def test_published_tables(shared_data: Path, release: str) -> None:
    tables = read_release(shared_data / "imgt" / release)
    dpb1 = tables.loci["DPB1"]
    found: dict[str, set[str]] = {}
    for name, group in zip(dpb1.allele, dpb1.tce_group, strict=True):
        found.setdefault(":".join(name.split(":")[:2]), set()).add(group)
    expected = {"01:01": "3", "02:01": "3", "03:01": "2", "08:01": "2", "09:01": "1", "61:01N": ""}
    assert {name: found[name] for name in expected} == {name: {group} for name, group in expected.items()}
    assert not any("T-cell" in caution for caution in tables.cautions)
