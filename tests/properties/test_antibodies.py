"""Antibodies of the patient against donors, against the oracle of `tests.oracle.antibodies`."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics.antibodies import against_by_typing, antibody_texts, counted, read_antibodies
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from tests import strategies
from tests.examples import examples
from tests.oracle import antibodies as oracle
from tests.oracle.matching import NEW, NULL

NOMENCLATURE = Nomenclature.builtin()
NAME = {
    **dict(zip(strategies.NAMES, "07:02 08:01 15:01 40:01 46:01 27:05 51:01".split(), strict=True)),
    NULL: "51:11N",
    NEW: "NEW",
}


def texts(typing):
    if typing is None:
        return "", ""
    pairs = [tuple("/".join(NAME[name] for name in sorted(side)) for side in pair) for pair in typing]
    return pairs[0] if len(pairs) == 1 else ("|".join(f"{one}+{other}" for one, other in pairs), "")


def written(typing):
    """A typing as a laboratory can write it: an allele without a name stands alone."""
    new = frozenset({NEW})
    return typing and [tuple(new if new <= side else side for side in pair) for pair in typing]


def compared(patient, donors):
    pairs = [texts(donor) for donor in donors]
    frame = pl.DataFrame(
        {
            "person_id": [f"D{number}" for number in range(len(donors))],
            "B_1": [first for first, _ in pairs],
            "B_2": [second for _, second in pairs],
        }
    )
    registry, unreadable = build_registry(
        frame, NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"}, ambiguous_nulls="keep"
    )
    assert not unreadable
    person = Patient(typings={"B": texts(patient), "A": ("02:01", "")})
    result = RegistryComparisons(registry).compare("B", person, SearchCriteria())
    rows = [registry.attributes["donor_id"].to_list().index(one) for one in frame["person_id"]]
    return result, np.array(rows, np.uint32)


TYPINGS = strategies.typings().map(written)


@given(TYPINGS, st.lists(TYPINGS, min_size=1, max_size=6), st.sets(st.sampled_from(strategies.NAMES), max_size=3))
@examples(500)
def test_donors_are_flagged_as_the_oracle_says(patient, donors, bound):
    result, rows = compared(patient, donors)
    listed, _ = read_antibodies(";".join(f"B*{NAME[name]}" for name in sorted(bound)), NOMENCLATURE)
    codes = frozenset(code for one in listed for code in one.codes)
    found = against_by_typing(result, codes)[result.expanded_typing_of(rows)].tolist()
    expected = [oracle.against(patient, donor, bound) for donor in donors]
    assert [("no", "perhaps", "yes")[kind] for kind in found] == expected


@pytest.mark.parametrize(
    ("text", "found", "unread"),
    [
        ("B*27:05=4500", [("B*27:05", 4500.0, "B")], []),
        ("B27 (1000.5), Cw4", [("B27", 1000.5, "B"), ("Cw4", None, "C")], []),
        ("HLA-DPB1*05:01 = 900\uff1bDR53 2000", [("HLA-DPB1*05:01", 900.0, "DPB1"), ("DR53", 2000.0, "DRB4")], []),
        ("; ,", [], []),
        ("B*27:05=many; X1", [], ["B*27:05=many", "X1"]),
    ],
)
def test_lists_of_antibodies(text, found, unread):
    antibodies, others = read_antibodies(text, NOMENCLATURE)
    assert [(one.name, one.mfi, one.locus) for one in antibodies] == found
    assert others == unread


def test_the_threshold_is_the_centres():
    antibodies, _ = read_antibodies("B27=500; B7=1000; B8", NOMENCLATURE)
    assert [one.name for one in counted(antibodies, 1000)] == ["B7", "B8"]
    assert len(counted(antibodies, 0)) == 3


def test_antibodies_in_words():
    one, other, both, untyped = "p5", "p2", frozenset({"p5", "p2"}), None
    donors = [[(frozenset({name}), frozenset({"p0"}))] for name in (one, other)]
    donors += [[(both, frozenset({"p0"}))], untyped]
    result, rows = compared([(frozenset({"p0"}), frozenset({"p1"}))], donors)
    antibodies, _ = read_antibodies("B27=4500, B*07:02=800; A2=100", NOMENCLATURE)
    # The patient has 07:02; nothing was compared at A.
    assert antibody_texts(antibodies, {"B": result}, rows) == [
        "A2 (100)?, B27 (4500)", "A2 (100)?", "A2 (100)?, B27 (4500)?", "A2 (100)?, B27 (4500)?",
    ]  # fmt: skip
