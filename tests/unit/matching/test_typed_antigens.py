"""A grade takes the antigens that were typed, and what serology tells apart on both sides is a mismatch."""

from __future__ import annotations

import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

CODES = MacTable.from_items(
    [("TWO", "01/02"), ("RARE", "01/04/05/06/08/09/16"), ("FEW", "01/16"), ("WHOLE", "15:01/15:02/40:01")]
)


@pytest.fixture(scope="module", params=["builtin", "3.58.0"])
def nomenclature(request: pytest.FixtureRequest) -> Nomenclature:
    if request.param == "builtin":
        return Nomenclature.builtin()
    release: Nomenclature = request.getfixturevalue("release_358")
    return release


def compared(nomenclature: Nomenclature, locus: str, patient: str, donor: str) -> tuple[str, int, int, int, int]:
    """Grades, best and worst count, and the greatest GvH and HvG mismatches of two typings."""
    first, _, second = donor.partition("+")
    columns = {"person_id": ["D"], f"{locus}_1": [first], f"{locus}_2": [second or first]}
    persons, provenance = pl.DataFrame(columns), {"imported_on": "2026-01-01"}
    registry, unreadable = build_registry(persons, nomenclature, name="x", provenance=provenance, codes=CODES)
    assert not unreadable
    first, _, second = patient.partition("+")
    found = Matcher(registry).search(
        Patient(typings={locus: (first, second)}), SearchCriteria(scope=locus, max_mismatches=2)
    )
    (row,) = (
        found.to_polars().select(f"{locus}_grade", "matches_best", "matches_worst", "gvh_worst", "hvg_worst").rows()
    )
    return row


@pytest.mark.parametrize(
    ("locus", "patient", "donor", "grades"),
    [
        ("A", "24:02", "A3", "MM"),
        ("B", "27:05", "B7", "MM"),
        ("DRB1", "04:01", "DR17", "MM"),
        ("B", "15:02", "B62", "MM"),
        ("A", "A3", "24:02", "MM"),
        ("A", "02:03", "A2", "PP"),
        ("A", "02:01", "A203", "LL"),
        ("A", "24:03", "A24", "PP"),
        ("A", "24:02", "A2403", "LL"),
        ("B", "39:02", "B3901", "LL"),
        ("DRB1", "01:01", "DR103", "LL"),
        ("B", "38:01", "B16", "PP"),
        ("B", "38:01", "B39", "MM"),
        ("B", "15:10", "B62", "MM"),
        ("B", "15:03", "B62", "MM"),
        ("B", "15:01", "B70", "MM"),
        ("B", "15:01", "B71", "MM"),
        ("B", "15:01", "B72", "MM"),
        ("B", "15:01", "B75", "MM"),
        ("B", "15:10", "B70", "PP"),
        ("B", "15:10", "B15", "MM"),
        # By DNA: of a list those of its alleles, of a family or code those of most.
        ("DRB1", "13:01", "11:XX", "MM"),
        ("DRB1", "13:01", "11:01/11:16", "LL"),
        ("DRB1", "13:01", "11:FEW", "LL"),
        ("DRB1", "13:01", "11:RARE", "MM"),
        ("B", "45:01", "50:XX", "MM"),
        ("B", "45:01", "50:02", "LL"),
        ("B", "15:21", "15:TWO", "LL"),
        ("B", "40:02", "15:WHOLE", "MM"),
        ("A", "24:02", "A3/24:02", "PP"),
        ("A", "24:03", "A3/24:02", "LL"),
        # A null leaves the other allele twice, and what it was typed as.
        ("A", "24:03", "A24+24:09N", "PP"),
        ("A", "03:02", "A24+24:09N", "MM"),
    ],
)
def test_grades_take_the_antigens_that_were_typed(
    nomenclature: Nomenclature, locus: str, patient: str, donor: str, grades: str
) -> None:
    found, best, *_ = compared(nomenclature, locus, patient, donor)
    assert found == grades
    assert best == 2 * (grades == "PP")


APART = [
    ("B", "B38", "B39"),
    ("A", "A25", "A26"),
    ("DRB1", "DR15", "DR16"),
    ("DQB1", "DQ7", "DQ8"),
    ("B", "B62", "B75"),
    ("B", "B62", "B71"),
    ("B", "B60", "B61"),
    ("C", "Cw9", "Cw10"),
    ("B", "62/75", "63/76"),
]


@pytest.mark.parametrize(("locus", "patient", "donor"), APART)
def test_different_antigens_on_both_sides_are_a_certain_mismatch(
    nomenclature: Nomenclature, locus: str, patient: str, donor: str
) -> None:
    for pair in ((patient, donor), (donor, patient)):
        assert compared(nomenclature, locus, *pair) == ("MM", 0, 0, 2, 2)


@pytest.mark.parametrize(
    ("locus", "patient", "donor"),
    [
        ("B", "B15", "B62"),
        ("A", "A203", "A2"),
        ("DRB1", "DR3", "DR17"),
        ("B", "B5", "B5102"),
        ("B", "62/75", "B62"),
        # DNA beside serology: it is the set of alleles that counts.
        ("B", "38:03", "B39"),
        ("A", "26:10", "A25"),
    ],
)
def test_what_is_related_or_typed_by_dna_stays_potential(
    nomenclature: Nomenclature, locus: str, patient: str, donor: str
) -> None:
    for pair in ((patient, donor), (donor, patient)):
        assert compared(nomenclature, locus, *pair)[:3] == ("PP", 2, 0)


def test_one_antigen_in_common_is_one_match(nomenclature: Nomenclature) -> None:
    assert compared(nomenclature, "B", "B38+B62", "B39+B62") == ("MP", 1, 0, 2, 2)
    assert compared(nomenclature, "B", "B38+B62", "B62+B39") == ("PM", 1, 0, 2, 2)


@pytest.mark.parametrize(("locus", "one", "other"), [("B", "B3901", "B3902"), ("A", "A203", "A210")])
def test_two_variants_of_an_antigen_are_a_mismatch_within_it(
    nomenclature: Nomenclature, locus: str, one: str, other: str
) -> None:
    assert compared(nomenclature, locus, one, other) == ("LL", 0, 0, 2, 2)
