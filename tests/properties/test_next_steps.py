"""What to type and whom to ask, against the exact oracle of `tests.oracle.next_steps`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.next_steps.availability import Availability
from hla_match.next_steps.enough_donors import certainty_by_donor, count_distribution, donors_to_ask
from hla_match.next_steps.typing_value import patient_typing_results, sets_of_loci, typing_results
from hla_match.prediction.pair_outcomes import NOT_KNOWN, pair_outcomes, patient_genotypes
from hla_match.prediction.scope import PredictionScope
from tests.examples import examples
from tests.oracle import next_steps as oracle
from tests.oracle import probability
from tests.properties.test_prediction import cases, chain, predictor, set_up

PARTS = st.integers(0, 20).map(lambda part: Fraction(part, 20))


def by_number(outcomes, weight, n_numbers):
    """Distributions of the number of mismatches: by outcome, and by what the patient carries."""
    equal = outcomes.mismatches[:, :, None] == np.arange(n_numbers)
    return np.einsum("p,pgk->gk", weight, equal), np.einsum("g,pgk->pk", outcomes.probability, equal)


@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
@given(case=cases(), most=st.integers(0, 2), other=PARTS)
@examples(400)
def test_what_a_typing_tells_and_gains_is_the_oracles(null_rule, case, most, other):
    loci, populations, everywhere, patient, donors, homes, scope = case
    blocks, registry, of_patient = set_up(case)
    predicted = predictor(of_patient, registry, scope, null_rule).predict(np.arange(len(donors), dtype=np.uint32))
    prepared = PredictionScope(registry.panels, scope, null_rule)
    carried = patient_genotypes(of_patient, prepared)
    nothing = [NOT_KNOWN] * len(scope), [0] * len(scope)
    found = [pair_outcomes(carried, registry.donors, row, prepared, *nothing) for row in range(len(donors))]
    patient_dist, _ = probability.scope_distribution(
        patient, scope, loci, chain(populations, everywhere, homes[0]), blocks
    )
    is_strict = null_rule == "strict"
    n_numbers = 2 * len(scope) + 1
    sets = sets_of_loci(range(len(scope)))
    known = []
    for row, outcomes in enumerate(found):
        assert (outcomes is None) == bool(np.isnan(predicted.mismatches[row]).any())
        if outcomes is None:
            continue
        chain_of_donor = chain(populations, everywhere, homes[1 + row])
        donor_dist, _ = probability.scope_distribution(donors[row], scope, loci, chain_of_donor, blocks)
        if patient_dist is None or donor_dist is None:
            continue  # a stated genotype without frequencies
        of_outcome, of_patient_genotype = by_number(outcomes, carried.probability, n_numbers)
        total = outcomes.probability @ of_outcome
        assert total[:5] == pytest.approx(predicted.mismatches[row][: total.size], abs=1e-9)
        known.append((donor_dist, of_patient_genotype))
        values = typing_results(of_outcome, outcomes.probability, outcomes.outcome, sets, most=most)
        best = max(float(other), float(total[: most + 1].sum()))
        for value in values:
            joint = oracle.joint_distribution(patient_dist, donor_dist, value.loci, strict=is_strict)
            assert value.information == pytest.approx(oracle.information(joint), abs=1e-7)
            assert value.match_information == pytest.approx(oracle.match_information(joint, most), abs=1e-7)
            wanted = float(oracle.gain(joint, most, other))
            assert value.gain(best, float(other)) == pytest.approx(wanted, abs=1e-7)
        # Once all loci are typed only the patient's genotype is open.
        if carried.probability.size == 1:
            assert values[-1].left == pytest.approx(0.0, abs=1e-7)
    if known and patient_dist is not None:
        outcome = np.stack(
            [np.unique(carried.allele[:, at], axis=0, return_inverse=True)[1].ravel() for at in range(len(scope))],
            axis=1,
        )
        distribution = np.stack([one for _, one in known])
        best = max(float(other), *(carried.probability @ distribution[:, :, : most + 1].sum(axis=2).T))
        values = patient_typing_results(distribution, carried.probability, outcome, sets, most=most)
        for value in values:
            wanted = oracle.patient_gain(
                patient_dist, [one for one, _ in known], value.loci, most, other, strict=is_strict
            )
            assert value.gain(best, float(other)) == pytest.approx(float(wanted), abs=1e-7)


@given(
    rows=st.integers(1, 3).flatmap(
        lambda n: st.lists(
            st.tuples(st.integers(1, 9), st.lists(PARTS, min_size=n, max_size=n)), min_size=1, max_size=3
        )
    ),
    wanted=st.integers(1, 3),
    certainty=st.floats(0.05, 0.95),
)
@examples(300)
def test_enough_donors_are_those_of_all_ways_to_answer(rows, wanted, certainty):
    total = sum(part for part, _ in rows)
    weight = np.array([part / total for part, _ in rows])
    chances = np.array([[float(p) for p in row] for _, row in rows])
    found = certainty_by_donor(chances, weight, wanted=wanted)
    n_donors = chances.shape[1]
    exact = [
        float(sum(Fraction(part, total) * oracle.at_least(wanted, row[:n]) for part, row in rows))
        for n in range(1, n_donors + 1)
    ]
    assert found == pytest.approx(exact, abs=1e-12)
    enough = donors_to_ask(found, certainty)
    assert all(p < certainty for p in found[: n_donors if enough is None else enough - 1])
    assert enough is None or found[enough - 1] >= certainty - 1e-9
    # The distribution of the number says the same.
    numbers = count_distribution(chances[0])
    assert numbers.sum() == pytest.approx(1.0)
    assert numbers[wanted:].sum() == pytest.approx(float(oracle.at_least(wanted, rows[0][1])), abs=1e-12)


def test_more_wanted_donors_than_there_are_take_no_memory() -> None:
    found = certainty_by_donor(np.array([[0.5, 1.0]]), np.array([1.0]), wanted=10**12)
    assert found.tolist() == [0.0, 0.0]
    assert donors_to_ask(found, 0.5) is None


@given(share=st.integers(1, 99), woman=st.integers(1, 30), decade=st.integers(1, 30), year=st.integers(1, 30),
       age=st.integers(-1, 80), years=st.integers(0, 30), is_woman=st.booleans())  # fmt: skip
@examples(200)
def test_odds_ratios_multiply_the_odds_of_being_available(share, woman, decade, year, age, years, is_woman):
    ratios = {"woman": woman / 10, "ten_years": decade / 10, "year_since_contact": year / 10}
    odds = share / (100 - share)
    odds *= ratios["woman"] if is_woman else 1.0
    odds *= ratios["ten_years"] ** (max(age - 30, 0) / 10)
    for _ in range(years):
        odds *= ratios["year_since_contact"]
    found = Availability(share=share / 100, **ratios).of(None if age < 0 else age, "F" if is_woman else "M", years)
    assert found == pytest.approx(odds / (1 + odds), rel=1e-9)
