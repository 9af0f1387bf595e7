"""The next steps of one search: the numbers behind its donors, joined with costs of typings and availability."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.registry import as_of_date
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count, check_type
from hla_match.language import translatable, translated, translated_count
from hla_match.next_steps.availability import Availability
from hla_match.next_steps.enough_donors import certainty_by_donor, donors_to_ask
from hla_match.next_steps.typing_costs import TypingCosts
from hla_match.next_steps.typing_value import (
    TypingResults,
    entropy,
    patient_typing_results,
    sets_of_loci,
    typing_results,
)
from hla_match.prediction.pair_outcomes import PairOutcomes
from hla_match.reporting.next_steps import NextSteps
from hla_match.searches.list_outcomes import ListOutcomes

_DAYS_A_YEAR = 365.25
_NOTHING = 1e-9
"""Bits and probabilities below which there is nothing."""

_HOPE = 0.01
"""The least probability of a match worth looking for; it is the program's own, of no source."""


@dataclass(frozen=True, slots=True)
class _Donor:
    """The numbers of one donor.

    Attributes:
        outcomes: what may come out of typing the donor.
        distribution: (outcomes, numbers) probability of each number of mismatches, given an outcome.
        by_patient: (patient genotypes, numbers) likewise, given what the patient carries.
    """

    outcomes: PairOutcomes
    distribution: NDArray[np.float64]
    by_patient: NDArray[np.float64]


def next_steps(
    found: RankedDonors,
    outcomes: ListOutcomes,
    *,
    costs: TypingCosts,
    availability: Availability,
    mismatches: int | None,
    wanted: int,
    certainty: float,
) -> NextSteps:
    """Return what to type next and whom to ask, of the first donors of a list.

    Args:
        found: the list.
        outcomes: of its first donors, as many as are looked at.
        costs: of typings.
        availability: of donors who are asked.
        mismatches: of a donor who matches at most; None for the least that one of the donors has with 1% or more.
        wanted: donors who match and are available.
        certainty: with which probability.

    Raises:
        CriteriaError: a number is none that it can be.
    """
    _check(costs, availability, mismatches, wanted, certainty)
    n_positions, weight = 2 * len(found.criteria.loci), outcomes.patient.probability
    donors = [None if one is None else _numbers(one, weight, n_positions) for one in outcomes.donors]
    most = _least_possible(donors, weight) if mismatches is None else min(mismatches, n_positions)
    p_available = _availability(found, len(donors), availability)

    def enough(most: int) -> NDArray[np.float64]:
        return certainty_by_donor(_matched(donors, weight, most).T * p_available, weight, wanted=wanted)

    p_match, p_enough = _matched(donors, weight, most) @ weight, enough(most)
    n_to_ask = donors_to_ask(p_enough, certainty)
    last = len(donors) if n_to_ask is None else n_to_ask
    # The donors of the list that are not looked at can be the best one, too.
    worth = _Worth(costs, most, p_match, _best_beyond(found, len(donors), most))
    return NextSteps(
        typings=_typings_frame([*_patient_rows(outcomes, donors, worth), *_donor_rows(found, outcomes, donors, worth)]),
        donors=_donors_frame(found, outcomes, donors, weight, (p_match, p_available, p_enough)),
        mismatches=most,
        n_positions=n_positions,
        p_best=worth.best,
        wanted=wanted,
        certainty=certainty,
        n_to_ask=n_to_ask,
        n_with_more={
            more: donors_to_ask(enough(more), certainty) for more in range(most + 1, found.criteria.max_mismatches + 1)
        },
        p_reached=float(p_enough[last - 1]) if last else 0.0,
        availability=availability,
        frequency_set=outcomes.frequency_set,
        notes=_notes(outcomes),
    )


def _check(costs: object, availability: object, mismatches: int | None, wanted: int, certainty: float) -> None:
    check_type("costs", costs, TypingCosts, expected="TypingCosts")
    check_type("availability", availability, Availability, expected="Availability")
    check_count("wanted", wanted)
    if mismatches is not None:
        check_count("mismatches", mismatches, least=0)
    if isinstance(certainty, bool) or not isinstance(certainty, int | float) or not 0 < certainty < 1:
        raise CriteriaError("certainty", found=certainty, expected="a probability between 0 and 1")


def _numbers(outcomes: PairOutcomes, weight: NDArray[np.float64], n_positions: int) -> _Donor:
    """Return the distributions of the number of mismatches of one donor."""
    n_genotypes, n_outcomes = outcomes.mismatches.shape
    distribution, by_patient = np.zeros((n_outcomes, n_positions + 1)), np.zeros((n_genotypes, n_positions + 1))
    every = np.arange(n_outcomes)
    for genotype, of_genotype in enumerate(outcomes.mismatches):
        distribution[every, of_genotype] += weight[genotype]
        by_patient[genotype] = np.bincount(of_genotype, outcomes.probability, minlength=n_positions + 1)
    return _Donor(outcomes, distribution, by_patient)


def _matched(donors: Sequence[_Donor | None], weight: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return (donors, patient genotypes) the probability that each donor matches; 0 where nothing is known."""
    found = np.zeros((len(donors), weight.size))
    for row, donor in enumerate(donors):
        if donor is not None:
            found[row] = donor.by_patient[:, : most + 1].sum(axis=1)
    return found


def _least_possible(donors: Sequence[_Donor | None], weight: NDArray[np.float64]) -> int:
    """Return the least number of mismatches that is probable enough of one of the donors; 0 where nothing is known."""
    at_most = [np.cumsum(weight @ one.by_patient) for one in donors if one is not None]
    return min((int(np.argmax(one >= _HOPE)) for one in at_most), default=0)


def _availability(found: RankedDonors, n: int, availability: Availability) -> NDArray[np.float64]:
    """Return (n,) the probability that each of the first donors is available."""
    attributes, donor = found.registry.attributes, found.donor[:n]
    as_of = found.criteria.as_of or as_of_date(found.registry)
    nothing = pl.Series([None] * n)
    sex = attributes["sex"][donor].cast(pl.String) if "sex" in attributes.columns else nothing
    contact = attributes["last_contact_on"][donor] if "last_contact_on" in attributes.columns else nothing
    is_woman = np.array([one == "F" for one in sex.to_list()], np.bool_)
    return availability.of_donors(
        found.age[:n].astype(np.int64),
        is_woman,
        np.array([_years(one, as_of) for one in contact.to_list()], np.float64),
    )


def _years(date: datetime.date | None, as_of: datetime.date) -> float:
    return 0.0 if date is None else max(0.0, (as_of - date).days / _DAYS_A_YEAR)


def _best_beyond(found: RankedDonors, n: int, most: int) -> float:
    """Return the greatest probability of a match among the donors of the list behind the first ones."""
    if found.prediction is None or most >= found.prediction.mismatches.shape[1]:
        return 0.0
    match = found.prediction.mismatches[n:, : most + 1].sum(axis=1)
    return float(np.nanmax(match, initial=0.0)) if match.size else 0.0


@dataclass(frozen=True, slots=True)
class _Worth:
    """By what typings are compared.

    Attributes:
        costs: of typings.
        most: mismatches of a donor who matches at most.
        p_match: (donors,) probability that each donor matches.
        beyond: the greatest probability of a match among the donors of the list who are not looked at.
    """

    costs: TypingCosts
    most: int
    p_match: NDArray[np.float64]
    beyond: float

    @property
    def best(self) -> float:
        """The probability that the best donor matches."""
        return max(self.beyond, float(self.p_match.max(initial=0.0)))

    def best_other(self, position: int) -> float:
        """Return the same without one of the donors."""
        return max(self.beyond, float(np.delete(self.p_match, position).max(initial=0.0)))

    def row(self, loci: tuple[str, ...], results: TypingResults, other: float) -> dict[str, object]:
        """Return what a typing costs, tells and gains."""
        cost = self.costs.of([loci[at] for at in results.loci])
        gain = results.gain(self.best, other)
        # Sums of the same terms in another order are no gain.
        gain = gain if gain > _NOTHING else 0.0
        return {
            "loci": ",".join(loci[at] for at in results.loci),
            "n_loci": len(results.loci),
            "cost": cost,
            "gain": gain,
            "gain_per_cost": gain / cost,
            "match_information": results.match_information,
            "match_information_per_cost": results.match_information / cost,
            "information": results.information,
            "information_per_cost": results.information / cost,
            "bits_left": results.left,
        }


def _patient_rows(
    outcomes: ListOutcomes, donors: Sequence[_Donor | None], worth: _Worth
) -> Iterator[dict[str, object]]:
    """Yield a row for each set of loci whose typing of the patient tells something of the donors."""
    known = [one.by_patient for one in donors if one is not None]
    if not known:
        return
    carried = outcomes.patient.allele
    outcome = np.stack(
        [np.unique(carried[:, at], axis=0, return_inverse=True)[1].ravel() for at in range(carried.shape[1])], axis=1
    )
    sets = sets_of_loci(np.flatnonzero(outcome.max(axis=0) > 0).tolist())
    weight = outcomes.patient.probability
    for results in patient_typing_results(np.stack(known), weight, outcome, sets, most=worth.most):
        if results.information > _NOTHING:
            yield {"person": "patient", **worth.row(outcomes.loci, results, worth.beyond)}


def _donor_rows(
    found: RankedDonors, outcomes: ListOutcomes, donors: Sequence[_Donor | None], worth: _Worth
) -> Iterator[dict[str, object]]:
    """Yield a row for each donor and set of loci whose typing tells something."""
    identifiers = found.registry.attributes["donor_id"][found.donor[: len(donors)]].to_list()
    # Donors who are typed alike share their outcomes.
    by_outcomes: dict[int, list[TypingResults]] = {}
    for position, donor in enumerate(donors):
        if donor is None:
            continue
        of_pair = donor.outcomes
        if id(of_pair) not in by_outcomes:
            by_outcomes[id(of_pair)] = typing_results(
                donor.distribution,
                of_pair.probability,
                of_pair.outcome,
                sets_of_loci(of_pair.open_loci),
                most=worth.most,
            )
        named = {"person": "donor", "rank": int(found.ranks[position]), "donor_id": identifiers[position]}
        other = worth.best_other(position)
        for results in by_outcomes[id(of_pair)]:
            if results.information > _NOTHING:
                yield {**named, **worth.row(outcomes.loci, results, other)}


_TYPINGS = {
    "person": pl.String, "rank": pl.UInt32, "donor_id": pl.String, "loci": pl.String, "n_loci": pl.UInt32,
    "cost": pl.Float64, "gain": pl.Float64, "gain_per_cost": pl.Float64,
    "match_information": pl.Float64, "match_information_per_cost": pl.Float64, "information": pl.Float64,
    "information_per_cost": pl.Float64, "bits_left": pl.Float64,
}  # fmt: skip


def _typings_frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return the typings, the most gain for its cost first, then the most information; the patient before donors.

    Information on whether a donor matches comes before that on the number of mismatches.
    """
    frame = pl.DataFrame(rows, schema=_TYPINGS, orient="row")
    # Sums of the same terms in another order must not decide.
    worth = [pl.col(f"{name}_per_cost").round(9) for name in ("gain", "match_information", "information")]
    descending = [True, True, True, False, False, False]
    ordered = frame.sort([*worth, "rank", "n_loci", "loci"], descending=descending, nulls_last=False)
    return ordered.drop("n_loci")


def _donors_frame(
    found: RankedDonors,
    outcomes: ListOutcomes,
    donors: Sequence[_Donor | None],
    weight: NDArray[np.float64],
    columns: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> pl.DataFrame:
    """Return the donors in the order of the list."""
    n = len(donors)
    p_match, p_available, p_enough = columns
    is_known = [one is not None for one in donors]
    return pl.DataFrame(
        [
            pl.Series("rank", found.ranks[:n]),
            found.registry.attributes["donor_id"][found.donor[:n]].alias("donor_id"),
            pl.Series("p_match", [p if known else None for p, known in zip(p_match.tolist(), is_known, strict=True)],
                      pl.Float64),
            pl.Series("p_available", p_available),
            pl.Series("p_enough", p_enough),
            pl.Series(
                "open_loci",
                [
                    None if one is None else ",".join(outcomes.loci[at] for at in one.outcomes.open_loci)
                    for one in donors
                ],
                pl.String,
            ),
            pl.Series(
                "bits", [None if one is None else entropy(weight @ one.by_patient) for one in donors], pl.Float64
            ),
            pl.Series("p_cut", [None if one is None else one.outcomes.cut for one in donors], pl.Float64),
        ]
    )  # fmt: skip


def _notes(outcomes: ListOutcomes) -> tuple[str, ...]:
    """Return what is left out or cut, in sentences."""
    notes = []
    unknown = sum(one is None for one in outcomes.donors)
    if unknown:
        notes.append(
            translated_count(
                "{n} of {several} donors has no probability and counts as not matched.",
                "{n} of {several} donors have no probability and count as not matched.",
                unknown,
                several=f"{len(outcomes.donors):,}",
            )
        )
    cut = max((one.cut for one in outcomes.donors if one is not None), default=0.0)
    if cut > 1e-6:
        form = translatable("Of the most ambiguous donor {share} of the probability is cut: its rarest genotypes.")
        notes.append(translated(form, share=f"{100 * cut:.2g}%"))
    if outcomes.patient.cut > 1e-6:
        form = translatable("Of the patient {share} of the probability is cut: the rarest genotypes.")
        notes.append(translated(form, share=f"{100 * outcomes.patient.cut:.2g}%"))
    return tuple(notes)
