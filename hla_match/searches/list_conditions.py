"""Conditions on the donors of a match list: which of them meet all, and how that is said above the list."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_type
from hla_match.language import retellable

_UNFIT = (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError, AttributeError)
"""What polars raises of a value, or a condition, that does not fit a column."""


def met_positions(
    frame: pl.DataFrame, expressions: Sequence[pl.Expr], values: Mapping[str, object]
) -> NDArray[np.intp]:
    """Return the positions of the donors who meet all conditions; what is unknown of a donor meets none.

    Args:
        frame: one row a donor.
        expressions: of polars, each true or false of a donor.
        values: by column the value that a donor has there, a collection of values of which it has one; None stands for
            what is unknown.

    Raises:
        CriteriaError: there is no such column, or a condition cannot hold or fail there.

    >>> met_positions(pl.DataFrame({"age": [30, 50, None]}), [pl.col("age") < 40], {})
    array([0])
    """
    met = np.ones(frame.height, np.bool_)
    for expression in expressions:
        check_type("filter", expression, pl.Expr, expected="an expression such as pl.col('age') < 35")
        for name in expression.meta.root_names():
            _check_column(name, frame.columns)
        met &= _truth(frame, expression, "filter")
    for name, value in values.items():
        _check_column(name, frame.columns)
        _check_words(frame[name], value)
        met &= _truth(frame, _equals(name, value), name)
    return np.flatnonzero(met)


def narrowed_by(n_left: int, n_listed: int, columns: Iterable[str]) -> str:
    """Return in a sentence that a list was narrowed, and by which columns; it names no value, which may name a person.

    >>> narrowed_by(12, 1057, ["sex", "age"])
    '12 of the 1,057 donors of the list, by conditions on sex, age; ranks are those of the whole list'
    """
    return retellable(
        "{left} of the {listed} donors of the list, by conditions on {columns}; ranks are those of the whole list",
        left=f"{n_left:,}",
        listed=f"{n_listed:,}",
        columns=", ".join(dict.fromkeys(columns)) or retellable("their rows"),
    )


def condition_columns(expressions: Sequence[pl.Expr], values: Mapping[str, object]) -> list[str]:
    """Return the columns that conditions are on."""
    return [*(name for expression in expressions for name in expression.meta.root_names()), *values]


def _check_column(name: str, known: Collection[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        raise CriteriaError(
            "filter",
            found=name,
            expected="a column of the list, as to_polars().columns names them",
            hint=f"did you mean {', '.join(near)}?" if near else "",
            code=ErrorCode.CRITERIA_UNKNOWN,
        )


def _values_of(value: object) -> list[object]:
    """Return the values of which a donor is to have one."""
    return [*value] if isinstance(value, list | tuple | set | frozenset | range | pl.Series) else [value]


def _check_words(column: pl.Series, value: object) -> None:
    """Refuse a value that a column of few words cannot have."""
    if value is None or not isinstance(column.dtype, pl.Enum):
        return
    words = column.dtype.categories.to_list()
    for one in _values_of(value):
        if one is None:
            continue
        if not isinstance(one, str) or one not in words:
            found = one if isinstance(one, str) else InWords(f"a value of type {type(one).__name__}")
            raise CriteriaError(
                column.name, found=found, expected=f"one of {', '.join(words)}", code=ErrorCode.CRITERIA_UNKNOWN
            )


def _equals(name: str, value: object) -> pl.Expr:
    """Return the condition that a column has a value, or one of several."""
    known = [one for one in _values_of(value) if one is not None]
    is_unknown = pl.col(name).is_null() if len(known) < len(_values_of(value)) else pl.lit(False)
    if not known:
        return is_unknown
    try:
        return is_unknown | pl.col(name).is_in(known)
    except _UNFIT:
        raise _refused(name) from None


def _truth(frame: pl.DataFrame, expression: pl.Expr, name: str) -> NDArray[np.bool_]:
    """Return whether each row meets a condition."""
    try:
        found = frame.select(expression.alias("met"))["met"]
    except _UNFIT:
        raise _refused(name) from None
    if found.dtype != pl.Boolean or found.len() not in (1, frame.height):
        raise _refused(name)
    if found.len() != frame.height:
        found = found.new_from_index(0, frame.height)
    return found.fill_null(False).to_numpy()


def _refused(name: str) -> CriteriaError:
    """Return the error of a condition that does not fit, to be raised from none: messages of polars quote values."""
    return CriteriaError(
        name,
        found=InWords("a condition that does not fit the column's type"),
        expected="one that is true or false of each donor, such as pl.col('age') < 35",
        code=ErrorCode.CRITERIA_TYPE,
    )
