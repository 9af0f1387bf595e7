"""Antigens under the names of 2026: old names and alleles of before 2010 mean what they meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from hla_match.errors import TypingError
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.antigen_names import antigen_in_use
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from registry_io.formats.imgt_release import read_release
from tests.layout_2026 import ASSOCIATED, RENAMED, convert


@pytest.fixture(scope="module")
def old(release_358: Nomenclature) -> Nomenclature:
    return release_358


@pytest.fixture(scope="module", params=[False, True], ids=["named", "assigned"])
def new(shared_data: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Nomenclature:
    """The same release in the layout of 2026: with new names of antigens alone, and assigned to alleles."""
    target = tmp_path_factory.mktemp("layout") / "3.58.0"
    return Nomenclature(read_release(convert(shared_data / "imgt/3.58.0", target, assign=request.param)))


def _meaning(nomenclature: Nomenclature, locus: str, text: str) -> tuple[tuple[int, ...], bool] | str:
    try:
        expansion = nomenclature.expand(locus, text)
    except TypingError as error:
        return error.reason
    return expansion.p_codes, expansion.has_null


def test_p_groups_are_the_same(old: Nomenclature, new: Nomenclature) -> None:
    assert [new.p_groups(locus) for locus in new.tables.loci] == [old.p_groups(locus) for locus in old.tables.loci]
    assert new.tables.cautions == ()


@pytest.mark.parametrize("locus", SEROLOGY_PREFIX)
def test_every_antigen_of_before_means_the_same(old: Nomenclature, new: Nomenclature, locus: str) -> None:
    prefix = SEROLOGY_PREFIX[locus]
    for number in old.tables.antigens[prefix]:
        for text in (number, prefix + number):
            assert _meaning(new, locus, text) == _meaning(old, locus, text), text


@pytest.mark.parametrize("locus", ["A", "B", "C", "DRB1", "DRB3", "DRB4", "DRB5", "DQB1"])
def test_every_name_of_four_digits_means_the_same(old: Nomenclature, new: Nomenclature, locus: str) -> None:
    families = sorted({name.partition(":")[0] for name in old.tables.loci[locus].allele})
    numbers = [f"{family}{second:02}" for family in families if len(family) == 2 for second in range(1, 100)]
    differing = [number for number in numbers if _meaning(new, locus, number) != _meaning(old, locus, number)]
    assert differing == []


@pytest.mark.parametrize("locus", ["A", "B", "C"])
def test_names_that_antigens_of_2026_took_are_still_alleles(old: Nomenclature, new: Nomenclature, locus: str) -> None:
    prefix = SEROLOGY_PREFIX[locus]
    names = " ".join(names for (of, _), names in ASSOCIATED.items() if of == prefix).split()
    for name in names:
        for text in (f"{prefix}{name}", f"{prefix}*{name}", f"HLA-{prefix}{name}", f"{name}/{name}"):
            meaning = _meaning(new, locus, text)
            assert meaning == _meaning(old, locus, text), text
            assert not isinstance(meaning, str), text


@pytest.mark.parametrize(
    ("locus", "text", "members"),
    [("A", "A203", "02:03P"), ("A", "210", "02:10P"), ("B", "B703", "07:03"), ("DRB1", "DR103", "01:03P")],
)
def test_old_names_follow_and_say_so(new: Nomenclature, locus: str, text: str, members: str) -> None:
    expansion = new.expand(locus, text)
    assert [new.p_groups(locus)[code] for code in expansion.p_codes] == [members]
    prefix, digits = SEROLOGY_PREFIX[locus], text.lstrip("ABDR")
    assert expansion.notes == (f"{prefix}{digits} is {prefix}0{digits} in {new.title}",)


@pytest.mark.parametrize("text", ["Cw12", "Cw14", "Cw15", "Cw16", "Cw17", "Cw18"])
def test_new_antigens_that_are_assigned_to_none_are_read_with_a_note(new: Nomenclature, text: str) -> None:
    expansion = new.expand("C", text)
    groups = {new.p_groups("C")[code].partition(":")[0] for code in expansion.p_codes}
    assert groups == {text.removeprefix("Cw")}
    assert [f"{text} is assigned to no allele" in note for note in expansion.notes] == [True]


def test_antigens_of_other_dr_genes_are_those_of_their_genes(new: Nomenclature) -> None:
    for locus, number in (("DRB5", "5101"), ("DRB3", "5202")):
        groups = {new.p_groups(locus)[code][:2] for code in new.expand(locus, f"DR{number}").p_codes}
        assert number[2:] in groups
        assert len(groups) < len({group[:2] for group in new.p_groups(locus)})
        assert _meaning(new, "DRB1", f"DR{number}") == "wrong_locus"


def test_numbers_behind_dr_are_antigens_only(new: Nomenclature) -> None:
    expansion = new.expand("DRB1", "DR1501")
    assert "15:01P" in {new.p_groups("DRB1")[code] for code in expansion.p_codes}
    assert antigen_in_use(new.tables, "DRB1", "DR", "1501") == "1501"
    assert antigen_in_use(new.tables, "DRB1", "", "1501") == ""


def test_every_associated_antigen_of_2026_is_known(new: Nomenclature) -> None:
    for (prefix, _), names in ASSOCIATED.items():
        assert set(names.split()) <= set(new.tables.antigens[prefix])
    assert not any(number in new.tables.antigens[prefix] for prefix, number in RENAMED)


def test_builtin_antigens_are_in_use() -> None:
    tables = builtin_tables()
    second = {"DRB3": {"52"}, "DRB4": {"53"}, "DRB5": {"51"}}
    for locus, prefix in SEROLOGY_PREFIX.items():
        listed = set(tables.antigens[prefix])
        expected = second.get(locus, listed - {"51", "52", "53"} if locus == "DRB1" else listed)
        in_use = {number for number in listed if antigen_in_use(tables, locus, prefix, number)}
        assert in_use == expected, locus
