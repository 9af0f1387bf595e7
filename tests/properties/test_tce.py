"""DPB1's T-cell epitope classes of ambiguous typings against the oracle of `tests.oracle.tce`."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics.tce import (
    TCE_CLASSES,
    donor_tce_groups,
    patient_tce_groups,
    possible_tce_classes,
    tce_class_by_typing,
)
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from tests import strategies
from tests.examples import examples
from tests.oracle import matching as matching_oracle
from tests.oracle import tce as oracle

NOMENCLATURE = Nomenclature.builtin()
# Two alleles of each group, one without a group, and a null allele.
ALLELES = dict(zip(strategies.NAMES, ("09:01", "10:01", "03:01", "14:01", "04:02", "05:01", "900:01"), strict=True))
GROUP = dict(zip(strategies.NAMES, ("1", "1", "2", "2", "3", "3", ""), strict=True))
WRITTEN = {**ALLELES, matching_oracle.NULL: "61:01N", matching_oracle.NEW: "NEW"}


def texts(typing):
    """The two column texts of a typing; null alleles are written out as whole genotypes, which keep them."""
    if typing is None:
        return "", ""
    pairs = [tuple("/".join(WRITTEN[name] for name in sorted(side)) for side in pair) for pair in typing]
    return pairs[0] if len(pairs) == 1 else ("|".join(f"{one}+{other}" for one, other in pairs), "")


def compared(patient, donors, null_rule="consensus"):
    """The comparison of a patient with a registry of some donors, and the expanded typing of each donor."""
    pairs = [texts(donor) for donor in donors]
    frame = pl.DataFrame(
        {
            "person_id": [f"D{number}" for number in range(len(donors))],
            "DPB1_1": [first for first, _ in pairs],
            "DPB1_2": [second for _, second in pairs],
        }
    )
    registry, unreadable = build_registry(
        frame, NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"}, ambiguous_nulls="keep"
    )
    assert not unreadable
    typings = {"DPB1": texts(patient), "A": ("02:01", "02:01")}
    criteria = SearchCriteria(scope="DPB1", null_rule=null_rule)
    result = RegistryComparisons(registry).compare("DPB1", Patient(typings=typings), criteria)
    rows = [registry.attributes["donor_id"].to_list().index(one) for one in frame["person_id"]]
    return result, result.expanded_typing_of(np.array(rows, np.uint32)).tolist()


def written(typing):
    """A typing as a laboratory can write it: an allele without a name stands alone."""
    new = frozenset({matching_oracle.NEW})
    return typing and [tuple(new if new <= side else side for side in pair) for pair in typing]


RULES = st.sampled_from(("consensus", "strict"))
TYPINGS = strategies.typings().map(written)
DONORS = st.lists(st.one_of(TYPINGS, strategies.with_nulls()), min_size=1, max_size=6)


def test_the_alleles_are_of_the_groups_that_the_oracle_is_told():
    index = NOMENCLATURE.index("DPB1")
    for name, allele in ALLELES.items():
        assert {index.tables.tce_group[row] for row in index.prefix[allele]} == {GROUP[name]}
    assert all(index.is_null[row] for row in index.prefix["61:01"])


@given(st.one_of(TYPINGS, strategies.with_nulls()), DONORS, RULES)
@examples(400)
def test_classes_and_groups_are_the_oracles(patient, donors, null_rule):
    result, typings = compared(patient, donors, null_rule)
    shown = tce_class_by_typing(result)
    assert set(patient_tce_groups(result)) == oracle.person_groups(patient, GROUP)
    for donor, expanded_typing in zip(donors, typings, strict=True):
        expected = oracle.tce_classes(patient, donor, GROUP, null_rule)
        assert set(possible_tce_classes(result, expanded_typing)) == expected
        assert TCE_CLASSES[shown[expanded_typing]] == (next(iter(expected)) if len(expected) == 1 else "unknown")
        assert set(donor_tce_groups(result, expanded_typing)) == oracle.person_groups(donor, GROUP)


@given(TYPINGS, TYPINGS)
@examples(100)
def test_swapping_patient_and_donor_swaps_the_direction(patient, donor):
    swapped = {"non-permissive GvH": "non-permissive HvG", "non-permissive HvG": "non-permissive GvH"}
    (there, [one]), (back, [other]) = compared(patient, [donor]), compared(donor, [patient])
    found = {swapped.get(name, name) for name in possible_tce_classes(there, one)}
    assert found == set(possible_tce_classes(back, other))


COMBINATIONS = """
    1+1 1+2 1+3 2+2 2+3 3+3
1+1  =   =   =  GvH GvH GvH
1+2  =   =   =  GvH GvH GvH
1+3  =   =   =  GvH GvH GvH
2+2 HvG HvG HvG  =   =  GvH
2+3 HvG HvG HvG  =   =  GvH
3+3 HvG HvG HvG HvG HvG  =
"""
"""The patient's two groups in rows, the donor's in columns, "=" is permissive (Fleischhauer et al. 2012, Methods)."""


@pytest.mark.parametrize("row", COMBINATIONS.split("\n")[2:-1])
def test_36_combinations_of_groups(row):
    columns = COMBINATIONS.split("\n")[1].split()
    mine, *classes = row.split()
    patient_allele, donor_allele = {"1": "p0", "2": "p2", "3": "p4"}, {"1": "p1", "2": "p3", "3": "p5"}
    assert len(classes) == len(columns) == 6
    patient, *donors = (
        [tuple(frozenset({allele[group]}) for group in groups.split("+"))]
        for groups, allele in ((mine, patient_allele), *((theirs, donor_allele) for theirs in columns))
    )
    result, typings = compared(patient, donors)
    found = [TCE_CLASSES[code] for code in tce_class_by_typing(result)[typings]]
    assert found == ["permissive" if one == "=" else f"non-permissive {one}" for one in classes]
