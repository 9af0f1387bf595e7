"""A feature of a donor: one thing that policies rank by, declared once with its words, its source and its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.language import translated
from hla_match.prediction.prediction import Prediction

Direction = Literal["ascending", "descending"]
UnknownPlace = Literal["first", "before-worst", "with-worst", "last"]
"""Where donors of unknown value stand.

"before-worst" is between the worst known value and all better ones, "with-worst" makes them equal to the worst.
"""

UNKNOWN_VALUE = -1
"""The value of donors of whom a feature is not known."""


class Cost(StrEnum):
    """What the value of one donor costs.

    COLUMN: it is read from the registry or from the counts of the search.
    PREDICTION: the match of patient and donor is predicted, which costs a thousand times as much.
    """

    COLUMN = "column"
    PREDICTION = "prediction"


@dataclass(frozen=True, slots=True)
class Unknown:
    """How a feature treats donors of unknown value.

    Attributes:
        said: what `MatchList.why` says of such a donor.
        places: where a key may put them, in the words of a printed policy; the first place is the default.
        banded_places: other words of a place, for keys that put the value 0 into a band with others.
    """

    said: str
    places: Mapping[UnknownPlace, str]
    banded_places: Mapping[UnknownPlace, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing that policies rank by.

    Attributes:
        name: what policies and `MatchList.why` call it.
        source: the publication or standard that supports ranking by it.
        values: returns (n,) integers from 0 to `greatest`, `UNKNOWN_VALUE` where unknown. The values of a feature
            without a unit number its classes, the best class first.
        directions: in which order values can stand, each with what "before" means in words; the first is the default.
        greatest: the greatest value; 0 where every donor has a value of its own, which is a uint32.
        unit: of the values, "" where they number classes. Only values with a unit can be put into bands.
        resolution: the precision of single values, in words; "" where values are exact.
        zero_apart: whether the value 0 is a band of its own, where a key does not say otherwise.
        cost: what a value costs.
        bounds: of a feature whose values cost a prediction: returns (n,) the greatest value that each donor can have,
            `UNKNOWN_VALUE` where it is not known. A donor with a bound of 0 has the value 0, one with another bound
            can be of unknown value as well. It returns None where it costs no less to find so many first donors.
        said: what a value, or a band from a least to a greatest value, says of a donor; None where `directions` says
            it already.
        unknown: how donors of unknown value are treated; None where every value is known.
        is_least: returns (n,) bool of which predicted donors no more is known than the least possible value.
        columns: the columns of a match list that show it.
        heading: its column in a summary; "" where there is none, or where the attribute of the donor has one.
    """

    name: str
    source: str
    values: Callable[[Candidates], NDArray[np.integer[Any]]]
    directions: Mapping[Direction, str]
    greatest: int
    unit: str = ""
    resolution: str = ""
    zero_apart: bool = False
    cost: Cost = Cost.COLUMN
    bounds: Callable[[Candidates, int], NDArray[np.integer[Any]] | None] | None = None
    said: Callable[[int, int], str] | None = None
    unknown: Unknown | None = None
    is_least: Callable[[Prediction], NDArray[np.bool_]] | None = None
    columns: tuple[str, ...] = ()
    heading: str = ""


def said_in(unit: str) -> Callable[[int, int], str]:
    """Return what says values with a unit.

    >>> said_in(" years")(30, 30), said_in("%")(80, 89)
    ('30 years', '80 to 89%')
    """
    return lambda least, greatest: f"{said_range(str(least), str(greatest))}{translated(unit)}"


def said_range(least: str, greatest: str) -> str:
    """Return values from a least to a greatest one in words.

    >>> said_range("30", "30"), said_range("80", "89")
    ('30', '80 to 89')
    """
    return least if least == greatest else translated("{least} to {greatest}", least=least, greatest=greatest)


def said_as(*classes: str) -> Callable[[int, int], str]:
    """Return what says the class of a donor by its number."""
    return lambda number, _: translated(classes[number])
