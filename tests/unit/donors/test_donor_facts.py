"""What lists say of each donor's typing: as it was reported, and how little it leaves open."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from hla_match.auditing.resolution import resolution
from hla_match.donors.donor_scores import SCORED_LOCI
from hla_match.donors.registry import Registry, build_registry
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import Side, alternatives_with_nulls
from tests.oracle import audit as oracle


@pytest.fixture(scope="module")
def registry() -> Registry:
    rows = [
        {"A_1": "02:01", "A_2": "24:02", "B_1": "40:01", "B_2": "46:01", "DRB4_1": "01:03", "DPB1_1": "04:01"},
        {"A_1": "2", "A_2": "24:XX", "B_1": "40:01/40:02", "B_2": "40:01"},
        {"A_1": "NEW", "A_2": "02:01"},
        {"A_1": "02:01+24:02|02:01+11:01"},
        {"B_1": "40:01", "B_2": "46:01"},
    ]
    columns = [f"{locus}_{side}" for locus in ("A", "B", "DRB4", "DPB1") for side in (1, 2)]
    schema = dict.fromkeys(["person_id", *columns], pl.String)
    frame = pl.DataFrame([{"person_id": f"D{at}", **row} for at, row in enumerate(rows)], schema=schema)
    made_from = {"imported_on": "2026-01-01"}
    found, left_out = build_registry(frame, Nomenclature.builtin(), name="five", provenance=made_from)
    assert not left_out
    return found


def in_order(registry: Registry, values: list[object]) -> dict[str, object]:
    return dict(zip(registry.attributes["donor_id"].to_list(), values, strict=True))


def everybody(registry: Registry) -> np.ndarray:
    return np.arange(registry.n_donors, dtype=np.uint32)


def test_typings_are_gl_strings_as_they_were_reported(registry: Registry) -> None:
    found = in_order(registry, registry.reported_typings.gl_strings(everybody(registry)).to_list())
    assert found == {
        "D0": "A*02:01+A*24:02^B*40:01+B*46:01^DRB4*01:03^DPB1*04:01",
        "D1": "A2+A*24:XX^B*40:01/B*40:02+B*40:01",
        "D2": "A*NEW+A*02:01",
        "D3": "A*02:01+A*24:02|A*02:01+A*11:01",
        "D4": "B*40:01+B*46:01",
    }
    assert registry.reported_typings.gl_strings(everybody(registry)[:0]).to_list() == []


def test_scores_are_those_of_the_oracle(registry: Registry) -> None:
    found = registry.donor_scores.of(everybody(registry))
    for donor in range(registry.n_donors):
        scores = [score_of(registry, locus, donor) for locus in SCORED_LOCI]
        assert found[donor] == pytest.approx(float(sum(scores, Fraction(0)) / len(scores)))


def score_of(registry: Registry, locus: str, donor: int) -> Fraction:
    """The score of a donor at a locus by the oracle, every P group, NULL and NEW as frequent as another."""
    everything = tuple(map(str, range(len(registry.nomenclature.index(locus).p_names) + 2)))
    typing = [(everything, everything)]
    if locus in registry.loci:
        column = registry.columns[locus]
        expanded_typing = column.expanded_typing[registry.donor_typing[registry.loci.index(locus), donor]]
        alternatives = alternatives_with_nulls(column.table, int(expanded_typing))
        typing = [(names(first), names(second)) for first, second in alternatives] or typing
    if typing == [(everything, everything)]:
        # So many genotypes have a closed form: n homozygotes of weight 1, the others of weight 2.
        n = len(everything)
        return Fraction(n + 4 * (n * (n - 1) // 2), n**4)
    score = oracle.resolution_score(typing, dict.fromkeys(everything, Fraction(1)))
    assert score is not None
    return score


def names(side: Side) -> tuple[str, ...]:
    return tuple(map(str, side.codes))


def test_scores_of_some_donors_are_those_of_all_and_of_the_audit(registry: Registry) -> None:
    donors = everybody(registry)
    one_by_one = [registry.take(donors).donor_scores.of(donors[at : at + 1])[0] for at in donors]
    assert one_by_one == registry.donor_scores.of(donors).tolist()
    assert np.array_equal(resolution(registry).score, registry.donor_scores.of(donors))
    named = in_order(registry, registry.donor_scores.of(donors).tolist())
    assert named["D0"] == pytest.approx(2 / 5, abs=0.01)
    # One genotype at A, though one of its alleles has no name; hardly anything is known of the other loci.
    assert named["D2"] == pytest.approx(1 / 5, abs=0.01)
