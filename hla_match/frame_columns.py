"""Columns of frames from arrays of one type, at the cost of one of them.

To make a series of an array takes as long as to cut ten out of another series, or to take four out of a table of texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray


class CodedColumn(NamedTuple):
    """A column of few distinct values.

    Attributes:
        name: its name.
        values: the values.
        code: (n,) which of them each row has.
    """

    name: str
    values: pl.Series
    code: NDArray[np.integer[Any]]


def columns_of(names: Sequence[str], rows: NDArray[Any]) -> list[pl.Series]:
    """Return columns of one type; of one of floating-point numbers NaN is no value.

    Args:
        names: of the columns.
        rows: (columns, n) their values.

    >>> columns_of(("p0", "p1"), np.array([[0.5, np.nan], [0.25, 0.0]]))[0].to_list()
    [0.5, None]
    """
    n = rows.shape[1]
    whole = pl.Series(rows.ravel(), nan_to_null=True)
    return [whole.slice(at * n, n).alias(name) for at, name in enumerate(names)]


def text_columns(texts: Mapping[str, Sequence[str | None]]) -> list[pl.Series]:
    """Return columns from their texts; all have equally many.

    >>> [series.to_list() for series in text_columns({"one": ["a", None], "other": ["b", ""]})]
    [['a', None], ['b', '']]
    """
    whole = pl.Series(list(chain.from_iterable(texts.values())), dtype=pl.String)
    n = len(whole) // len(texts)
    return [whole.slice(at * n, n).alias(name) for at, name in enumerate(texts)]


def decoded(columns: Sequence[CodedColumn]) -> list[pl.Series]:
    """Return columns from the codes of their values; all have equally many rows, and there is at least one column.

    >>> letters = pl.Series(["M", "P", "A"])
    >>> [one] = decoded([CodedColumn("grade", letters, np.array([2, 2, 0]))])
    >>> one.name, one.to_list()
    ('grade', ['A', 'A', 'M'])
    """
    n = columns[0].code.size
    # A number that fits no row of a table would be refused there, so that narrowing hides none.
    codes = pl.Series(np.concatenate([one.code for one in columns], dtype=np.uint32, casting="unsafe"))
    return [one.values[codes.slice(at * n, n)].alias(one.name) for at, one in enumerate(columns)]
