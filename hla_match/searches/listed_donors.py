"""The donors of a list as a case keeps them: what is said of each, and what they are ordered by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hla_match.kernels.codes import BEST, WORST
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.searches.match_list import MatchList

_PLACES = 6
"""Decimal places of a probability: what differs beyond them is rounding."""
_SHOWN = 3
_CODE = np.dtype(">u4")


class ListedDonor(NamedTuple):
    """One donor of a list.

    Attributes:
        content: JSON of counts, grades by locus, the probabilities of 0, 1 and 2 mismatches, and the age.
        place: codes of the ranking keys but the identifier, so that bytes are in the order of the donors.
    """

    content: str
    place: bytes


def listed_donors(found: MatchList) -> dict[str, ListedDonor]:
    """Return the donors of a list by their identifiers, best first."""
    if not len(found):
        return {}
    grades = _grades(found)
    best, worst = found.total[BEST].tolist(), found.total[WORST].tolist()
    chances = _chances(found)
    ages = [None if age < 0 else age for age in found.age.tolist()]
    keys = found.key_columns[:-1]
    codes = np.stack([np.asarray(column, _CODE) for column in keys], axis=1) if keys else np.zeros((len(found), 0))
    donor_ids = found.registry.attributes["donor_id"][found.donor].to_list()
    return {
        donor_id: ListedDonor(
            json.dumps({"best": best[at], "worst": worst[at], "grades": grades[at], "p": chances[at], "age": ages[at]}),
            codes[at].tobytes(),
        )
        for at, donor_id in enumerate(donor_ids)
    }


def _chances(found: MatchList) -> Sequence[list[float | None] | None]:
    if found.prediction is None:
        return [None] * len(found)
    rounded = found.prediction.mismatches[:, :_SHOWN].round(_PLACES) + 0.0
    return [[None if one != one else one for one in row] for row in rounded.tolist()]


def _grades(found: MatchList) -> list[dict[str, str]]:
    """Return the position grades of each donor by locus."""
    columns = {}
    for result in found.loci:
        first, second = result.grades(result.expanded_typing_of(found.donor))
        letters = zip(first.tolist(), second.tolist(), strict=True)
        columns[result.locus] = [GRADE_LETTERS[one] + GRADE_LETTERS[other] for one, other in letters]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
