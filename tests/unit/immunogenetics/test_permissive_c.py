"""C*03:03 against C*03:04, against the oracle: all pairs of some typings."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics.permissive_c import NOT_KNOWN, permissive_by_typing
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from tests.oracle import mismatch_kinds as oracle

SIDES = ("03:03", "03:04", "03:02", "07:02", "03:03/03:04", "03:04/07:02", "03:02/07:02")
TYPINGS = [*combinations_with_replacement(SIDES, 2)]


class Donors:
    """Donors typed at C alone."""

    def __init__(self, typings: list[tuple[str, str]]) -> None:
        frame = pl.DataFrame(
            {
                "person_id": [f"D{row:03}" for row in range(len(typings))],
                "C_1": [first for first, _ in typings],
                "C_2": [second for _, second in typings],
            }
        )
        made_from = {"imported_on": "2026-01-01"}
        self.registry, left_out = build_registry(frame, Nomenclature.builtin(), name="c", provenance=made_from)
        assert not left_out
        self.comparisons = RegistryComparisons(self.registry)

    def permissive(self, *patient: str) -> dict[str, int]:
        result = self.comparisons.compare("C", Patient(typings={"C": patient}), SearchCriteria(scope="C"))
        rows = np.arange(self.registry.n_donors, dtype=np.uint32)
        found = permissive_by_typing(result)[result.expanded_typing_of(rows)].tolist()
        return dict(zip(self.registry.attributes["donor_id"], found, strict=True))


def genotypes(typing: tuple[str, str]) -> set[tuple[str, str]]:
    first, second = (side.split("/") for side in typing)
    return {(min(pair), max(pair)) for pair in product(first, second)}


def test_which_mismatches_at_c_are_permissive() -> None:
    donors = Donors(TYPINGS)
    for typing in TYPINGS:
        for donor_id, found in donors.permissive(*typing).items():
            donor = TYPINGS[int(donor_id[1:])]
            expected = oracle.permissive_mismatches(genotypes(typing), genotypes(donor))
            assert found == (NOT_KNOWN if expected is None else expected), (typing, donor)


@pytest.mark.parametrize(("patient", "expected"), [("Cw9", NOT_KNOWN), ("03:03:01", 1), ("03:03:01:01", 1)])
def test_serology_leaves_it_open_and_further_fields_do_not(patient: str, expected: int) -> None:
    assert Donors([("03:04", "07:02")]).permissive(patient, "07:02") == {"D000": expected}


def test_a_null_allele_leaves_it_open() -> None:
    assert Donors([("03:04", "04:09N")]).permissive("03:03", "03:03") == {"D000": NOT_KNOWN}
