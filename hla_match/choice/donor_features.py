"""Features of the donor as a person: age, cytomegalovirus status, blood group, sex, and the identifier."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.feature import UNKNOWN_VALUE, Feature, Unknown, said_as, said_in
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.attributes import DONOR_AGES, values_of
from hla_match.language import translatable

_DEHN = "Dehn et al., Blood 2019;134:924"
_KOLLMAN = "Kollman et al., Blood 2016;127:260"


def age_in_years(candidates: Candidates) -> NDArray[np.int16]:
    """Return (n,) int16 completed years.

    An age below that of donors counts as unknown, as a mistaken birth date must not put a donor first.
    """
    return _VALUE_OF_AGE.take(candidates.age, mode="clip")


_GREATEST_AGE = 254
"""Completed years that are told apart: all that a person can reach."""

_VALUE_OF_AGE = np.arange(_GREATEST_AGE + 1, dtype=np.int16)
_VALUE_OF_AGE[: DONOR_AGES[0]] = UNKNOWN_VALUE


def cmv_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8: 0 the patient's cytomegalovirus status, 1 another; 0 for all where the patient's is unknown."""
    return _classes(candidates, "cmv", _cmv_class_of, candidates.patient.cmv)


def _cmv_class_of(sign: str, wanted: str) -> int:
    return int(sign != wanted)


def abo_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8: 0 the patient's blood group, 1 compatible red cells, 2 incompatible ones.

    0 for all where the patient's is unknown.
    """
    return _classes(candidates, "abo", _abo_class_of, candidates.patient.abo)


def _abo_class_of(group: str, wanted: str) -> int:
    return 0 if group == wanted else 1 if set(group) - {"O"} <= set(wanted) else 2


def sex_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8: 0 male, whose blood no pregnancy has immunised, 1 female."""
    return _classes(candidates, "sex", _sex_class_of, "M")


def _sex_class_of(sex: str, wanted: str) -> int:
    return int(sex != wanted)


def _classes(
    candidates: Candidates, attribute: str, class_of: Callable[[str, str], int], wanted: str | None
) -> NDArray[np.int8]:
    """Return (n,) int8 the class of each candidate by the values of an attribute, of the donor and as it is wanted."""
    if wanted is None:
        return np.zeros(candidates.donor.size, np.int8)
    by_code = _class_by_code(attribute, class_of, wanted)
    return by_code.take(candidates.registry.attribute_codes[attribute].take(candidates.donor))


@cache
def _class_by_code(attribute: str, class_of: Callable[[str, str], int], wanted: str) -> NDArray[np.int8]:
    """Return (codes,) int8 the class of each code of an attribute; worked out once, as every search asks for it."""
    values = values_of(attribute)
    found = np.full(MISSING_CATEGORY + 1, UNKNOWN_VALUE, np.int8)
    found[: len(values)] = [class_of(value, wanted) for value in values]
    found.setflags(write=False)
    return found


AGE = Feature(
    name="age",
    source=_KOLLMAN,
    values=age_in_years,
    directions={"ascending": translatable("younger"), "descending": translatable("older")},
    greatest=_GREATEST_AGE,
    unit=translatable("years"),
    said=said_in(translatable(" years")),
    unknown=Unknown(
        said=translatable("no age, or one below that of donors"),
        places={
            "last": translatable("unknown ages, and those below that of donors, last"),
            "first": translatable("unknown ages, and those below that of donors, first"),
        },
    ),
    columns=("age",),
    heading="age",
)

CMV = Feature(
    name="cmv",
    source=_DEHN,
    values=cmv_class,
    directions={"ascending": translatable("same CMV status")},
    greatest=1,
    said=said_as(translatable("same CMV status"), translatable("another CMV status")),
    unknown=Unknown(
        said=translatable("unknown CMV status"),
        places={
            "before-worst": translatable("unknown before another"),
            "last": translatable("unknown last"),
            "first": translatable("unknown first"),
        },
    ),
    columns=("cmv",),
)

ABO = Feature(
    name="abo",
    source=_DEHN,
    values=abo_class,
    directions={"ascending": translatable("same or compatible blood group")},
    greatest=2,
    said=said_as(
        translatable("same blood group"),
        translatable("compatible blood group"),
        translatable("incompatible blood group"),
    ),
    unknown=Unknown(
        said=translatable("unknown blood group"),
        places={
            "before-worst": translatable("same before compatible, unknown before incompatible"),
            "last": translatable("same before compatible before incompatible, unknown last"),
            "first": translatable("unknown first, same before compatible before incompatible"),
        },
    ),
    columns=("abo",),
)

SEX = Feature(
    name="sex",
    source=_DEHN,
    values=sex_class,
    directions={"ascending": translatable("male"), "descending": translatable("female")},
    greatest=1,
    said=said_as(translatable("male"), translatable("female")),
    unknown=Unknown(
        said=translatable("unknown sex"),
        places={"last": translatable("unknown last"), "first": translatable("unknown first")},
    ),
    columns=("sex",),
)

DONOR_ID = Feature(
    name="donor_id",
    source="a reproducible order",
    values=lambda candidates: candidates.registry.id_rank[candidates.donor],
    directions={"ascending": translatable("identifier in ascending order")},
    greatest=0,
    columns=("donor_id",),
)
