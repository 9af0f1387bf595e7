"""Attributes of donors as numbers: a category as the place of its value, a date as the digits of its day.

Searches, rankings and checks of ages read these arrays instead of texts and dates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.attribute_types import Category
from hla_match.donors.attributes import coded_types


def codes_of(attributes: pl.DataFrame) -> dict[str, NDArray[np.integer[Any]]]:
    """Return the codes of every attribute that is coded, by name.

    Args:
        attributes: one row a donor; an attribute that is no column is missing of every donor.

    Returns:
        (donors,) uint8 places of categories among their values, 255 where missing or where an attribute has a default
        that of the default; (donors,) int32 dates as ``year * 10000 + month * 100 + day``, 0 where missing.

    >>> codes = codes_of(pl.DataFrame({"sex": ["M", None]}))
    >>> codes["sex"].tolist(), codes["status"].tolist(), codes["birth_date"].tolist()
    ([1, 255], [0, 0], [0, 0])
    """
    codes: dict[str, NDArray[np.integer[Any]]] = {}
    for name, kind in coded_types().items():
        if name not in attributes.columns:
            codes[name] = np.full(attributes.height, kind.missing_code, kind.code_dtype)
            continue
        code = _places(name, kind) if isinstance(kind, Category) else day_numbers(name)
        codes[name] = attributes.select(code.fill_null(kind.missing_code)).to_series().to_numpy()
    return codes


def day_numbers(name: str) -> pl.Expr:
    """Return the dates of a column as Int32 numbers ``year * 10000 + month * 100 + day``, null where missing."""
    date = pl.col(name).dt
    number = date.year() * 10000 + date.month().cast(pl.Int32) * 100 + date.day().cast(pl.Int32)
    return number.cast(pl.Int32)


def _places(name: str, category: Category) -> pl.Expr:
    values = category.values
    places = list(range(len(values)))
    return (
        pl.col(name)
        .cast(pl.String)
        .replace_strict(list(values), places, default=category.missing_code, return_dtype=pl.UInt8)
    )
