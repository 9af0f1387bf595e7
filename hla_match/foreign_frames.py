"""Tables of other packages: whatever frame a notebook holds becomes a frame of polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hla_match.errors import CriteriaError, ErrorCode

if TYPE_CHECKING:
    import polars as pl
    from narwhals.typing import IntoDataFrame


def polars_frame(frame: IntoDataFrame | pl.LazyFrame, name: str = "frame") -> pl.DataFrame:
    """Return a frame as one of polars.

    Args:
        frame: a frame of polars, pandas, pyarrow, or of another package that narwhals knows; its data stay in memory.
        name: of the argument, for the error.

    Raises:
        CriteriaError: it is no frame.

    >>> import polars as pl
    >>> polars_frame(pl.LazyFrame({"A_1": ["02:01"]})).rows()
    [('02:01',)]
    >>> polars_frame([1, 2])
    Traceback (most recent call last):
    ...
    hla_match.errors.CriteriaError: frame: found 'a list', expected a frame of polars, pandas or pyarrow
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    refused = CriteriaError(
        name,
        found=f"a {type(frame).__name__}",
        expected="a frame of polars, pandas or pyarrow",
        code=ErrorCode.CRITERIA_TYPE,
    )
    if not hasattr(frame, "columns"):
        raise refused
    import narwhals

    try:
        found: pl.DataFrame = narwhals.from_native(frame, eager_only=True).to_polars()
    except TypeError as error:
        raise refused from error
    return found
