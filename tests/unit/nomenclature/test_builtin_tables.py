"""The built-in nomenclature: facts that any typing laboratory knows, and the shape of its tables."""

from __future__ import annotations

import pytest

from hla_match.loci import LOCI
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.builtin.ard_groups import ARD_GROUPS
from hla_match.nomenclature.builtin.null_alleles import NULL, QUESTIONABLE
from hla_match.nomenclature.builtin.serology import EXCEPTIONS, EXPERT
from hla_match.nomenclature.builtin.tce import TCE_GROUPS


def _column(locus: str, column: str, name: str) -> str:
    tables = builtin_tables().loci[locus]
    values: tuple[str, ...] = getattr(tables, column)
    return values[tables.allele.index(name)]


def test_is_open_named_and_states_its_limits() -> None:
    tables = builtin_tables()
    assert (tables.release, tables.title, tables.closed) == ("builtin", "built-in nomenclature 1", False)
    assert tables.limits
    assert all(sentence.endswith(".") for sentence in tables.limits)
    assert len(tables.checksum) == 64
    assert builtin_tables() is tables


def test_every_locus_has_parallel_columns_of_distinct_names() -> None:
    tables = builtin_tables()
    assert tuple(tables.loci) == LOCI
    for locus in tables.loci.values():
        columns = (
            locus.g_group,
            locus.p_group,
            locus.antigen,
            locus.possible_antigen,
            locus.expert_antigen,
            locus.tce_group,
        )
        assert {len(column) for column in columns} == {len(locus.allele)}
        assert len({name.rstrip("NQ") for name in locus.allele}) == len(locus.allele)
        assert not any(locus.g_group)


@pytest.mark.parametrize(
    ("locus", "name"),
    [(locus, name) for table in (NULL, QUESTIONABLE) for locus, names in table.items() for name in names.split()]
    + [
        (locus, name)
        for locus, groups in ARD_GROUPS.items()
        for g, names in groups.items()
        for name in (g, *names.split())
    ]
    + [
        (locus, name)
        for table in (EXCEPTIONS, EXPERT)
        for locus, by in table.items()
        for names in by.values()
        for name in names.split()
    ]
    + [("DPB1", name) for names in TCE_GROUPS.values() for name in names.split()],
)
def test_every_name_of_a_table_is_in_the_universe(locus: str, name: str) -> None:
    assert name in builtin_tables().loci[locus].allele


def test_no_name_is_given_twice() -> None:
    for groups in ARD_GROUPS.values():
        names = [name for group, others in groups.items() for name in (group, *others.split())]
        assert len(names) == len(set(names))
    graded = [name for names in TCE_GROUPS.values() for name in names.split()]
    assert len(graded) == len(set(graded))
    for by in EXCEPTIONS.values():
        listed = [name for names in by.values() for name in names.split()]
        assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("locus", "name", "group"),
    [
        ("A", "02:01", "02:01P"),
        ("A", "02:09", "02:01P"),
        ("A", "02:06", ""),
        ("A", "74:02", "74:01P"),
        ("B", "46:01", ""),
        ("C", "07:18", "07:01P"),
        ("DRB1", "14:54", "14:01P"),
        ("DQB1", "02:02", "02:01P"),
        ("DQA1", "05:05", "05:01P"),
        ("DPB1", "126:01", "04:01P"),
        ("A", "24:09N", ""),
    ],
)
def test_antigen_recognition_domain(locus: str, name: str, group: str) -> None:
    assert _column(locus, "p_group", name) == group


@pytest.mark.parametrize(
    ("locus", "name", "antigen"),
    [
        ("A", "02:01", "2"),
        ("A", "02:03", "203"),
        ("A", "24:03", "2403"),
        ("A", "24:09N", ""),
        ("B", "15:01", "62"),
        ("B", "15:02", "75"),
        ("B", "15:03", "72"),
        ("B", "15:10", "71"),
        ("B", "15:12", "76"),
        ("B", "15:13", "77"),
        ("B", "15:17", "63"),
        ("B", "14:01", "64"),
        ("B", "14:02", "65"),
        ("B", "40:01", "60"),
        ("B", "40:02", "61"),
        ("B", "39:01", "3901"),
        ("B", "46:01", "46"),
        ("B", "50:02", "45"),
        ("C", "03:03", "9"),
        ("C", "03:04", "10"),
        ("C", "12:03", ""),
        ("DRB1", "01:03", "103"),
        ("DRB1", "03:01", "17"),
        ("DRB1", "03:02", "18"),
        ("DRB3", "02:02", "52"),
        ("DRB4", "01:03", "53"),
        ("DRB5", "01:01", "51"),
        ("DQB1", "03:01", "7"),
        ("DQB1", "03:02", "8"),
        ("DQB1", "03:03", "9"),
        ("DQB1", "05:01", "5"),
        ("DPB1", "04:01", ""),
    ],
)
def test_serology(locus: str, name: str, antigen: str) -> None:
    assert _column(locus, "antigen", name) == antigen


@pytest.mark.parametrize(
    ("name", "group"),
    [("09:01", "1"), ("10:01", "1"), ("17:01", "1"), ("03:01", "2"), ("14:01", "2"), ("45:01", "2"), ("04:01", "3")],
)
def test_t_cell_epitope_groups(name: str, group: str) -> None:
    assert _column("DPB1", "tce_group", name) == group


def test_antigen_relations() -> None:
    relations = {(r.prefix, r.antigen): r for r in builtin_tables().antigen_relations}
    assert relations["B", "16"].splits == ("38", "39")
    assert relations["B", "39"].associated == ("3901", "3902")
    assert relations["DR", "3"].splits == ("17", "18")
    known = builtin_tables().antigens
    assert all({r.antigen, *r.splits, *r.associated} <= set(known[r.prefix]) for r in relations.values())


def test_every_antigen_of_an_allele_is_an_antigen() -> None:
    known = builtin_tables().antigens
    for locus, prefix in (("A", "A"), ("B", "B"), ("C", "Cw"), ("DRB1", "DR"), ("DRB3", "DR"), ("DQB1", "DQ")):
        tables = builtin_tables().loci[locus]
        cells = (*tables.antigen, *tables.possible_antigen, *tables.expert_antigen)
        carried = {a for cell in cells for a in cell.split("/") if a}
        assert carried <= set(known[prefix])


def test_abandoned_names_are_absent() -> None:
    assert "24:01" not in builtin_tables().loci["A"].allele
    assert "38:130" not in builtin_tables().loci["B"].allele
    assert "07:01" not in builtin_tables().loci["DPB1"].allele


def test_special_first_fields_before_2010() -> None:
    old = builtin_tables().loci["A"].old_name
    assert (old["9201"], old["9213N"], old["9299"]) == ("02:101", "02:113N", "02:199")
    assert builtin_tables().loci["B"].old_name["9501"] == "15:101"
    assert "9530" not in builtin_tables().loci["B"].old_name
    assert not builtin_tables().loci["C"].old_name
