"""Names of groups: their alleles, and what takes the place of a G group that a release does not have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.group_names import members_of_group
from hla_match.nomenclature.release import Nomenclature
from tests.tiny_tables import tiny_nomenclature

ALLELES = {
    "01:01:01:01": ("01:01P", "01:01:01G"),
    "01:01:02": ("01:01P", ""),
    "01:01:03": ("01:01P", "01:01:03G"),
    "01:04:01:01N": ("", "01:01:01G"),
    "02:01:01": ("01:01P", "01:01:01G"),
    "02:05N": ("", ""),
    "03:01": ("", ""),
}
CLOSED = tiny_nomenclature({"A": ALLELES})
OPEN = Nomenclature(replace(CLOSED.tables, closed=False))


def members(name: str, nomenclature: Nomenclature = CLOSED) -> tuple[set[str], str]:
    """The alleles of a group, and what it was read as."""
    rows, read_as = members_of_group(nomenclature.index("A"), name)
    return {nomenclature.tables.loci["A"].allele[row] for row in rows}, read_as


@pytest.mark.parametrize(
    ("name", "alleles"),
    [
        ("01:01:01G", {"01:01:01:01", "01:04:01:01N", "02:01:01"}),
        ("01:01P", {"01:01:01:01", "01:01:02", "01:01:03", "02:01:01"}),
        ("03:01P", {"03:01"}),
        ("02:05P", {"02:05N"}),
        ("01:01g", {"01:01:01:01", "01:01:02", "01:01:03", "01:04:01:01N", "02:01:01"}),
        ("03:01g", {"03:01"}),
        ("77:01P", set()),
        ("77:01:01G", set()),
    ],
)
def test_the_alleles_of_a_group(name: str, alleles: set[str]) -> None:
    assert members(name) == (alleles, "")


@pytest.mark.parametrize(
    ("name", "alleles", "read_as"),
    [
        # The namesake is in another group now, and brings all of its members.
        ("02:01:01G", {"01:01:01:01", "01:04:01:01N", "02:01:01"}, "01:01:01G"),
        ("01:04:01G", {"01:01:01:01", "01:04:01:01N", "02:01:01"}, "01:01:01G"),
        # Of several alleles that begin as the name does, the first that is in a group tells.
        ("01:01G", {"01:01:01:01", "01:04:01:01N", "02:01:01"}, "01:01:01G"),
        # The namesake is in no group: it is read alone.
        ("01:01:02G", {"01:01:02"}, "01:01:02"),
        ("03:01G", {"03:01"}, "03:01"),
    ],
)
def test_the_namesake_of_a_g_group_that_a_release_does_not_have_tells_its_heir(
    name: str, alleles: set[str], read_as: str
) -> None:
    assert members(name) == (alleles, read_as)
    note = f"A*{name} is no group of {CLOSED.title}; read as A*{read_as}"
    assert note in CLOSED.expand("A", name).notes


def test_a_nomenclature_without_g_groups_reads_one_as_the_p_group_of_its_fields() -> None:
    alleles = {"01:01:01:01", "01:01:02", "01:01:03", "02:01:01"}
    assert members("01:01:09G", OPEN) == (alleles, "")
    assert members("03:01:01G", OPEN) == ({"03:01"}, "")
    assert not OPEN.expand("A", "01:01:09G").notes


def test_a_group_of_no_known_allele_is_refused() -> None:
    with pytest.raises(TypingError, match="expected a G group of") as error:
        CLOSED.expand("A", "77:01:01G")
    assert error.value.reason is Reason.UNKNOWN_GROUP
