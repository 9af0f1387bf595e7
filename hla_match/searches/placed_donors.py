"""Where one donor stands beside a list: in it, or outside it and why, with everything that is known of the pair."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, SupportsIndex

import numpy as np

from hla_match.choice.policies import RankingPolicy
from hla_match.choice.probable_donors import ROUNDING
from hla_match.choice.ranked_donors import RankedDonors
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.immunogenetics.antibodies import (
    POSSIBLE,
    against_any,
    antibody_texts,
    counted,
    least_left_out,
    read_antibodies,
)
from hla_match.language import retellable
from hla_match.matching.cord_criteria import unit_criteria
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.criteria_counts import antibody_criterion, probability_criterion
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.obstacles import Obstacle, obstacles, without_filters
from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction, join_predictions
from hla_match.reporting.match_summary import percent

Donor = str | SupportsIndex
"""A donor's identifier, or a position in the list, from 0."""

_OF_MATCH = {"max_mismatches", "locus_limits"}


class SearchAgain(Protocol):
    """Searches the registry for the same patient, by other criteria or in another order."""

    def __call__(
        self,
        criteria: SearchCriteria,
        policy: RankingPolicy,
        donors: range | None = None,
        *,
        with_frequencies: bool = True,
    ) -> RankedDonors:
        """Return the donors found.

        Args:
            criteria: which donors.
            policy: the order.
            donors: rows of the registry to choose from, or None for all.
            with_frequencies: whether matches are predicted, where there are frequencies.
        """
        ...


@dataclass(frozen=True, slots=True)
class PlacedDonor:
    """One donor beside a list.

    Attributes:
        donor_id: the donor.
        found: a list in which the donor stands: the one that is explained, or one of the donor alone.
        at: the place there, from 0.
        rank: in the list that is explained, from 1; None where the donor is not in it.
        obstacles: the criteria that keep the donor out.
    """

    donor_id: str
    found: RankedDonors
    at: int
    rank: int | None
    obstacles: tuple[Obstacle, ...]

    @property
    def row(self) -> int:
        """The donor's row in the registry."""
        return int(self.found.donor[self.at])

    @property
    def codes(self) -> tuple[int, ...]:
        """The donor's codes for the keys of the policy."""
        return tuple(int(column[self.at]) for column in self.found.key_columns)

    @property
    def prediction(self) -> Prediction | None:
        """The match probabilities of the donor alone, or None without frequencies."""
        return None if self.found.prediction is None else self.found.prediction.take(slice(self.at, self.at + 1))


def results_by_locus(found: RankedDonors) -> Mapping[str, LocusResult]:
    """Return what was compared, by locus."""
    return {result.locus: result for result in found.loci}


def placed(found: RankedDonors, donor: Donor, again: SearchAgain) -> PlacedDonor:
    """Return where a donor stands beside a list.

    Args:
        found: the list.
        donor: the donor.
        again: searches for a donor who is not in it.

    Raises:
        CriteriaError: there is no such donor in the registry, or no such position in the list.
    """
    if isinstance(donor, str):
        row = _row_of(found, donor)
    else:
        position = position_given(donor)
        if not -len(found) <= position < len(found):
            expected = f"a position in a list of {len(found)}, from 0, or an identifier"
            raise CriteriaError("donor", found=position, expected=expected)
        row = int(found.donor[position])
    donor_id = str(found.registry.attributes["donor_id"][row])
    at = np.flatnonzero(found.donor == row)
    if at.size:
        return PlacedDonor(donor_id, found, int(at[0]), int(found.ranks[at[0]]), ())
    against = obstacles(found.registry, found.criteria, results_by_locus(found), row)
    over = any(_OF_MATCH & one.change.keys() or not one.change for one in against)
    criteria = without_filters(found.criteria, max_mismatches=None if over else found.criteria.max_mismatches)
    alone = again(criteria, replace(found.policy, filters=()), range(row, row + 1))
    # The least probability is that of as many mismatches as let the donor in; where these are more than are predicted,
    # no probability can be asked for at all.
    more = [one.change["max_mismatches"] for one in against if "max_mismatches" in one.change]
    never = any("min_p" in one.change for one in against)
    letting_in = {"max_mismatches": max(more)} if more and not never else {}
    judged = found.criteria.model_copy(update=letting_in)
    further = (
        *_antibody_obstacles(found, row),
        *_too_improbable(judged, alone, never=never),
        *_unit_obstacles(found, row),
    )
    return PlacedDonor(donor_id, alone, 0, None, (*against, *further))


def position_given(donor: object) -> int:
    """Return the position that a whole number of any kind names, such as one of numpy.

    Raises:
        CriteriaError: it is none; true and false are none.

    >>> position_given(np.int64(3))
    3
    """
    expected = "the identifier of a donor, or a position in the list"
    if not isinstance(donor, SupportsIndex) or isinstance(donor, bool | np.bool_):
        found = None if donor is None else InWords(f"a value of type {type(donor).__name__}")
        raise CriteriaError("donor", found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)
    try:
        return operator.index(donor)
    except TypeError:
        found = InWords(f"a value of type {type(donor).__name__}")
        raise CriteriaError("donor", found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE) from None


def _row_of(found: RankedDonors, donor_id: str) -> int:
    named = found.registry.attributes["donor_id"]
    row = (named == donor_id).arg_true()
    if row.len() != 1:
        raise CriteriaError(
            "donor",
            found="an identifier",
            expected="that of a donor of the registry",
            hint="hla-match registry donor show tells whether it was withdrawn or never there",
            code=ErrorCode.CRITERIA_UNKNOWN,
        )
    return int(row[0])


def _too_improbable(criteria: SearchCriteria, alone: RankedDonors, *, never: bool) -> tuple[Obstacle, ...]:
    """Return the obstacle of a donor whose probability is below the least one asked for.

    Args:
        criteria: what was asked, with as many mismatches as let the donor in.
        alone: the donor alone.
        never: whether no lesser probability can be asked for either.
    """
    if criteria.min_p is None or alone.prediction is None or criteria.max_mismatches > MAX_MISMATCHES:
        return ()
    # As `hla_match.choice.probable_donors`: a donor stays of whom it is not known, or so much was cut that it may do.
    within = float(alone.prediction.mismatches[0, : criteria.max_mismatches + 1].sum())
    greatest = within + float(alone.prediction.cut[0])
    if not greatest < criteria.min_p - ROUNDING:
        return ()
    least = np.floor(1000 * greatest) / 1000
    change = {"min_p": float(least) if least > 0 and not never else None}
    return (Obstacle(probability_criterion(criteria), retellable("probability {p}", p=percent(within)), change),)


def _antibody_obstacles(found: RankedDonors, row: int) -> Iterator[Obstacle]:
    """Yield the obstacle of a donor whom the patient has antibodies against, where such donors are left out."""
    limit, donor = found.criteria.without_antibodies, np.array([row], np.uint32)
    if limit is None or not found.patient.antibodies:
        return
    antibodies, _ = read_antibodies(found.patient.antibodies, found.registry.nomenclature)
    against, loci = counted(antibodies, found.criteria.antibody_mfi), results_by_locus(found)
    (kind,) = against_any(against, loci, donor).tolist()
    if kind >= least_left_out(limit):
        (names,) = antibody_texts(against, loci, donor)
        change = {"without_antibodies": "certain" if kind == POSSIBLE else None}
        yield Obstacle(antibody_criterion(found.criteria), retellable("antibodies {names}", names=names), change)


def _unit_obstacles(found: RankedDonors, row: int) -> tuple[Obstacle, ...]:
    """Return what of a unit of cord blood keeps it out."""
    asked = unit_criteria(found.criteria, found.patient, found.registry, results_by_locus(found))
    return tuple(obstacle for one in asked if (obstacle := one.obstacle(row)) is not None)


def n_before(found: RankedDonors, one: PlacedDonor) -> int:
    """Return how many donors of a list stand before a donor by its policy."""
    before, equal = np.zeros(len(found), np.bool_), np.ones(len(found), np.bool_)
    for column, code in zip(found.key_columns, one.codes, strict=True):
        before |= equal & (column < code)
        equal &= column == code
    return int(before.sum())


def deciding_reason(policy: RankingPolicy, first: PlacedDonor, second: PlacedDonor) -> tuple[bool, str]:
    """Return whether the first of two donors stands before the second, and the key that decides with both values."""
    swapped = second.codes < first.codes
    one, other = (second, first) if swapped else (first, second)
    columns = tuple(np.array(pair) for pair in zip(one.codes, other.codes, strict=True))
    key, before, after = policy.deciding_key(columns, 0)
    is_least = key.declared.is_least
    predictions = [donor.prediction for donor in (one, other)]
    known = [prediction for prediction in predictions if prediction is not None]
    if is_least is None or len(known) < len(predictions):
        return not swapped, key.reason(before, after)
    least_one, least_other = is_least(join_predictions(known)).tolist()
    return not swapped, key.reason(before, after, is_least=(least_one, least_other))
