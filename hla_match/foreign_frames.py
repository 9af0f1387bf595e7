"""Frames of other packages, such as pandas and pyarrow, as frames of polars, and back to pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from polars.exceptions import PolarsError

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords

_UNCONVERTIBLE = (TypeError, ValueError, NotImplementedError, PolarsError)
"""What polars and pyarrow raise of values that they cannot hold."""

if TYPE_CHECKING:
    import narwhals
    import pandas
    from narwhals.typing import IntoDataFrame


def polars_frame(
    frame: IntoDataFrame | pl.LazyFrame, name: str = "frame", *, expected: str = "a frame of polars, pandas or pyarrow"
) -> pl.DataFrame:
    """Return a frame as one of polars.

    Args:
        frame: a frame of polars, pandas, pyarrow, or of another package that narwhals knows; its data stay in memory.
        name: of the argument, for the error.
        expected: what the argument must be, for the error.

    Raises:
        CriteriaError: it is no frame, or one with a column that polars cannot hold.

    >>> import polars as pl
    >>> polars_frame(pl.LazyFrame({"A_1": ["02:01"]})).rows()
    [('02:01',)]
    >>> polars_frame([1, 2])
    Traceback (most recent call last):
    ...
    hla_match.errors.CriteriaError: frame: found a value of type list, expected a frame of polars, pandas or pyarrow
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    refused = CriteriaError(
        name,
        found=None if frame is None else InWords(f"a value of type {type(frame).__name__}"),
        expected=expected,
        code=ErrorCode.CRITERIA_TYPE,
    )
    if not hasattr(frame, "columns"):
        raise refused
    import narwhals

    try:
        found = narwhals.from_native(frame, eager_only=True)
    except narwhals.exceptions.DuplicateError as error:
        raise _wrong_column(name, found="two columns of one name", expected="a name for each column") from error
    except TypeError as error:
        raise refused from error
    try:
        return found.to_polars()
    except _UNCONVERTIBLE:
        # Without the chain: messages of polars and pyarrow quote values.
        raise _unconvertible(found, name) from None


def pandas_frame(frame: pl.DataFrame) -> pandas.DataFrame:
    """Return a frame of polars as one of pandas, which needs no pyarrow.

    Text is text, words of a fixed vocabulary are categories in their order, days are `datetime64`. Whole numbers and
    truth values stay what they are where some are missing: such columns have pandas' own types, such as `Int64`.

    Raises:
        CriteriaError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise CriteriaError(
            "to_pandas",
            found=InWords("no pandas"),
            expected="pandas to be installed: pip install pandas",
            code=ErrorCode.CRITERIA_PACKAGE,
        ) from None
    return pandas.DataFrame({series.name: _pandas_values(series) for series in frame}, copy=False)


def _pandas_values(series: pl.Series) -> Any:
    """Return the values of a column as pandas takes them."""
    import pandas

    kind = series.dtype
    if isinstance(kind, pl.Enum):
        codes = series.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
        return pandas.Categorical.from_codes(codes, kind.categories.to_list(), ordered=True)
    if kind == pl.Null:
        return pandas.Series([None] * series.len(), dtype=object)
    if kind == pl.Date:
        return series.cast(pl.Datetime("ms")).to_numpy()
    if series.null_count() and (kind.is_integer() or kind == pl.Boolean):
        name = "boolean" if kind == pl.Boolean else str(kind)
        return pandas.array(series.to_list(), dtype=name)
    if kind.is_numeric() or kind.is_temporal() or kind == pl.Boolean:
        return series.to_numpy()
    # Pandas tells text by its values, which a column without any has none of.
    return pandas.Series(series.to_list(), dtype=pandas.Series([""]).dtype)


def _unconvertible(frame: narwhals.DataFrame[Any], name: str) -> CriteriaError:
    """Return what is said of a frame with a column of values of several types, or of a type that polars lacks."""
    place = name
    for column in frame.iter_columns():
        try:
            column.to_polars()
        except _UNCONVERTIBLE:
            place = f"{name}: column {column.name}"
            break
    return _wrong_column(
        place,
        found="values of several types, or of a type that no table has",
        expected="text, numbers or dates; convert the column, such as by astype(str)",
    )


def _wrong_column(name: str, *, found: str, expected: str) -> CriteriaError:
    return CriteriaError(name, found=InWords(found), expected=expected, code=ErrorCode.CRITERIA_COLUMN)
