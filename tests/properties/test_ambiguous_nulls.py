"""Null alleles in lists and codes against the oracle, dropped and kept, from reported texts to the search."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.kernels.codes import NULL
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.searches.matcher import Matcher
from hla_match.typings.encoding import NULLS_DROPPED, LocusEncoder
from tests.examples import examples
from tests.oracle import ambiguous_nulls as oracle
from tests.oracle import matching
from tests.tiny_tables import tiny_nomenclature

# By whole name the P group, or NULL, and the G group.
ALLELES = {
    "01:01:01": ("01:01P", "01:01:01G"),
    "01:01:02N": (matching.NULL, "01:01:01G"),
    "01:02": ("01:02", ""),
    "24:02:01:01": ("24:02P", "24:02:01G"),
    "24:02:01:02N": (matching.NULL, "24:02:01G"),
    "24:03": ("24:03", ""),
    "24:09N": (matching.NULL, "24:02:01G"),
    "24:11N": (matching.NULL, ""),
    "68:11N": (matching.NULL, ""),
}
CODES = {"AB": "01/02", "NULL": "02/09N", "MORE": "03/09N/11N", "BARE": "02/09", "NONE": "09N/11N"}
NAMES = (
    *ALLELES, "01:01", "01:XX", "01:AB", "01:01:01G", "24:02", "24:02:01", "24:XX", "24:09", "24:NULL", "24:MORE",
    "24:BARE", "24:NONE", "24:02:01G", "68:XX",
)  # fmt: skip
MODES = st.sampled_from(("drop", "keep"))


NOMENCLATURE = tiny_nomenclature({"A": ALLELES})
BOOK = MacTable.from_items(CODES.items())
P_NAMES = (matching.NULL, matching.NEW, *NOMENCLATURE.p_groups("A"))

sides = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map("/".join)
columns = st.tuples(sides, sides | st.just(""))
genotypes = st.lists(st.tuples(sides, sides).map("+".join), min_size=1, max_size=3, unique=True).map("|".join)
typings = columns | genotypes.map(lambda text: (text, ""))


def named(alternatives):
    """The alternatives of the product in the oracle's terms, without their order."""
    return {tuple(sorted([frozenset(P_NAMES[code] for code in side.codes) for side in pair], key=sorted))
            for pair in alternatives}  # fmt: skip


@given(typings, MODES)
@examples(500)
def test_typings_are_read_as_the_oracle_reads_them(typing, mode):
    encoder = LocusEncoder(NOMENCLATURE, "A", BOOK, ambiguous_nulls=mode)
    wanted = oracle.alternatives(*typing, ALLELES, CODES, mode)
    assert named(encoder.with_nulls(*typing)) == {tuple(sorted(pair, key=sorted)) for pair in wanted}


@given(typings, st.lists(typings, min_size=1, max_size=6), MODES, MODES | st.none(), st.integers(0, 2))
@examples(150)
def test_searches_find_the_oracles_donors(patient, donors, imported, searched, most):
    frame = pl.DataFrame(
        {
            "person_id": [f"D{number}" for number in range(len(donors))],
            "A_1": [first for first, _ in donors],
            "A_2": [second or None for _, second in donors],
        },
        schema_overrides={"A_2": pl.String},
    )
    registry, unreadable = build_registry(
        frame, NOMENCLATURE, name="random", provenance={"imported_on": "2026-01-01"}, codes=BOOK,
        ambiguous_nulls=imported,
    )  # fmt: skip
    assert not unreadable
    criteria = SearchCriteria(scope="A", max_mismatches=most, ambiguous_nulls=searched)
    found = Matcher(registry).search(Patient(typings={"A": patient}), criteria)
    assert (found.ambiguous_nulls, registry.ambiguous_nulls) == (searched or imported, imported)
    persons = {
        f"D{number}": {"A": oracle.alternatives(*donor, ALLELES, CODES, imported)}
        for number, donor in enumerate(donors)
    }
    own = {"A": oracle.alternatives(*patient, ALLELES, CODES, searched or imported)}
    rows = found.to_polars().select("donor_id", "matches_best", "matches_worst").rows()
    assert set(rows) == set(matching.search(own, persons, ["A"], most, {}))


@pytest.mark.parametrize("text", ["24:02/24:09N", "24:NULL", "24:BARE", "24:02/24:09", "24:02:01:01/24:02:01:02N"])
def test_what_is_dropped_is_said(text):
    encoder = LocusEncoder(NOMENCLATURE, "A", BOOK)
    (expressed,) = encoder.with_nulls(text, "01:02")[0][0].codes
    assert encoder.notes(text, "01:02") == (NULLS_DROPPED,)
    keeping = LocusEncoder(NOMENCLATURE, "A", BOOK, ambiguous_nulls="keep")
    assert keeping.with_nulls(text, "01:02")[0][0].codes == (NULL, expressed)
    assert keeping.notes(text, "01:02") == ()


@pytest.mark.parametrize("text", ["24:02", "24:XX", "24:02:01G", "24:02:01", "24:09N", "24:NONE"])
def test_implied_nulls_are_dropped_without_a_word(text):
    read = [LocusEncoder(NOMENCLATURE, "A", BOOK, ambiguous_nulls=mode) for mode in ("drop", "keep")]
    assert read[0].with_nulls(text, "01:02") == read[1].with_nulls(text, "01:02")
    assert read[0].notes(text, "01:02") == ()
