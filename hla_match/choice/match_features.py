"""Features of the match: mismatches, certainty, and the probabilities of few mismatches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.feature import UNKNOWN_VALUE, Cost, Feature, Unknown, said_as, said_in
from hla_match.language import translatable
from hla_match.loci import SCOPE_LOCI
from hla_match.prediction.prediction import MAX_MISMATCHES, Prediction

_DECIMALS = 9
"""Decimals of a percentage that count, so that a half is rounded alike in any order of summation."""

_HALF_BOUNDED = 2
"""Mismatches asked for at which bounds leave half of the donors to predict: to predict all at once costs less then, as
they share work (a patient typed at A and B by serology, 31,890 donors: 27 s against 32 s)."""

_ROUNDING = 1e-6
"""Added to a bound in percent, so that it does not round below what it bounds."""


def percents(prediction: Prediction, mismatches: int) -> NDArray[np.int16]:
    """Return (n,) int16 the probability of at most so many mismatches in whole percent.

    It is `UNKNOWN_VALUE` where the probability is missing, and where it rounds to 0 percent and too much was cut to
    tell a low probability from an unknown one.
    """
    probability = prediction.mismatches[:, : mismatches + 1].sum(axis=1)
    percent = np.rint(np.round(100 * np.nan_to_num(probability), _DECIMALS))
    unknown = np.isnan(probability) | is_cut(prediction)
    return np.where((percent == 0) & unknown, UNKNOWN_VALUE, percent).astype(np.int16)


def is_cut(prediction: Prediction) -> NDArray[np.bool_]:
    """Return (n,) bool: so much was cut that whole percents are lower bounds."""
    return prediction.cut >= 0.005


def match_percent(candidates: Candidates, *, mismatches: int) -> NDArray[np.int16]:
    """Return (n,) int16 the probability of at most so many mismatches in whole percent; 0 without frequencies.

    It is 0 where the counts of the search exclude so few mismatches.
    """
    percent = np.zeros(candidates.donor.size, np.int16)
    if candidates.predictions is not None:
        possible = np.flatnonzero(candidates.mismatches <= mismatches)
        percent[possible] = percents(candidates.predicted(possible, mismatches), mismatches)
    return percent


def greatest_match_percent(candidates: Candidates, wanted: int, *, mismatches: int) -> NDArray[np.int16] | None:
    """Return (n,) int16 the greatest value that `match_percent` can have for each candidate.

    None where a bound costs as much as a prediction, and where no more donors are possible than are wanted.
    """
    possible = np.flatnonzero(candidates.mismatches <= mismatches)
    if candidates.predictions is None or wanted >= possible.size:
        return None
    bound = candidates.predictions.bounds(candidates.position[possible])
    if bound is None:
        return None
    # A bound is a sum that can be above 1.
    share = np.minimum(bound[:, mismatches], 1.0)
    greatest = np.rint(100 * np.nan_to_num(share) + _ROUNDING)
    percent = np.zeros(candidates.donor.size, np.int16)
    percent[possible] = np.where(np.isnan(share), UNKNOWN_VALUE, greatest)
    return percent


def asked_percent(candidates: Candidates) -> NDArray[np.int16]:
    """Return (n,) int16 the probability of at most as many mismatches as were asked for, at most four, in percent."""
    return match_percent(candidates, mismatches=_asked(candidates))


def greatest_asked_percent(candidates: Candidates, wanted: int) -> NDArray[np.int16] | None:
    """Return (n,) int16 the greatest value that `asked_percent` can have; None as of `greatest_match_percent`."""
    asked = _asked(candidates)
    return None if asked == _HALF_BOUNDED else greatest_match_percent(candidates, wanted, mismatches=asked)


def _asked(candidates: Candidates) -> int:
    """Return the mismatches asked for, but not more than probabilities are known of."""
    return min(candidates.criteria.max_mismatches, MAX_MISMATCHES)


def _match_probability(
    name: str,
    before: str,
    values: Callable[[Candidates], NDArray[np.int16]],
    bounds: Callable[[Candidates, int], NDArray[np.int16] | None],
    columns: tuple[str, ...],
) -> Feature:
    """Return the feature of the probability of at most so many mismatches."""
    return Feature(
        name=name,
        source="Dehn et al., Blood 2019;134:924",
        values=values,
        directions={"descending": before},
        greatest=100,
        unit=translatable("percent"),
        resolution=translatable("in whole percent"),
        zero_apart=True,
        cost=Cost.PREDICTION,
        bounds=bounds,
        said=said_in("%"),
        unknown=Unknown(
            said=translatable("not known"),
            places={
                "before-worst": translatable("where that is not known, behind 1% and before 0%"),
                "with-worst": translatable("where that is not known, like 0%"),
                "last": translatable("where that is not known, last"),
                "first": translatable("where that is not known, first"),
            },
            banded_places={
                "before-worst": translatable("where that is not known, before the lowest band"),
                "with-worst": translatable("where that is not known, in the lowest band"),
            },
        ),
        is_least=is_cut,
        columns=columns,
    )


FULL_MATCH = _match_probability(
    "p0",
    translatable("more probably no mismatch"),
    partial(match_percent, mismatches=0),
    partial(greatest_match_percent, mismatches=0),
    ("p0",),
)
NEAR_MATCH = _match_probability(
    "p0+p1",
    translatable("more probably at most one mismatch"),
    partial(match_percent, mismatches=1),
    partial(greatest_match_percent, mismatches=1),
    ("p0", "p1"),
)
ASKED_MATCH = _match_probability(
    "p_asked",
    translatable("more probably at most as many mismatches as were asked for, at most four"),
    asked_percent,
    greatest_asked_percent,
    tuple(f"p{count}" for count in range(MAX_MISMATCHES + 1)),
)

MISMATCHES = Feature(
    name="mismatches",
    source="Bochtler et al., Bone Marrow Transplant 2011;46:338",
    values=lambda candidates: candidates.mismatches,
    directions={"ascending": translatable("fewer mismatches"), "descending": translatable("more mismatches")},
    greatest=2 * len(SCOPE_LOCI),
    unit=translatable("mismatches"),
    said=said_in(""),
    columns=("matches_best", "gvh", "hvg"),
)

CERTAINTY = Feature(
    name="certainty",
    source="Bochtler et al., Bone Marrow Transplant 2011;46:338",
    values=lambda candidates: (~candidates.certain).view(np.uint8),
    directions={
        "ascending": translatable("a certain match before a potential one"),
        "descending": translatable("a potential match before a certain one"),
    },
    greatest=1,
    columns=("matches_best", "matches_worst"),
)

RESOLVED = Feature(
    name="resolved",
    source="Bochtler et al., Bone Marrow Transplant 2011;46:338",
    values=lambda candidates: candidates.unresolved.view(np.uint8),
    directions={
        "ascending": translatable("certain to have no more mismatches than were asked for"),
        "descending": translatable("open whether there are more mismatches than were asked for"),
    },
    greatest=1,
    said=said_as(translatable("certain to meet the criteria"), translatable("may fail them, as typings leave it open")),
    columns=("matches_worst", "gvh_worst", "hvg_worst"),
)
