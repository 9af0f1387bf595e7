"""Columns of frames from one array, and from codes of their values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.exceptions import PolarsError

from hla_match.frame_columns import CodedColumn, columns_of, decoded


def test_columns_are_the_rows_of_the_array() -> None:
    rows = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    found = columns_of(("gvh", "hvg"), rows)
    assert [(one.name, one.dtype, one.to_list()) for one in found] == [
        ("gvh", pl.UInt8, [1, 2, 3]),
        ("hvg", pl.UInt8, [4, 5, 6]),
    ]
    # Rows of an array that is turned over do not lie one behind another.
    assert [one.to_list() for one in columns_of(("a", "b", "c"), rows.T)] == [[1, 4], [2, 5], [3, 6]]


def test_a_number_that_is_none_is_no_value_in_its_own_column_alone() -> None:
    first, second = columns_of(("p0", "p1"), np.array([[0.5, np.nan], [0.25, 0.0]]))
    assert (first.to_list(), first.null_count()) == ([0.5, None], 1)
    assert (second.to_list(), second.null_count()) == ([0.25, 0.0], 0)


def test_columns_of_no_rows() -> None:
    found = columns_of(("p0", "p1"), np.zeros((2, 0)))
    assert [(one.name, one.dtype, one.len()) for one in found] == [("p0", pl.Float64, 0), ("p1", pl.Float64, 0)]
    (coded,) = decoded([CodedColumn("grade", pl.Series(["A"]), np.zeros(0, np.int64))])
    assert (coded.name, coded.dtype, coded.len()) == ("grade", pl.String, 0)


def test_codes_of_several_types_stand_for_the_values_of_their_column() -> None:
    kinds = pl.Series(["match", "unknown", None], dtype=pl.Enum(["match", "unknown"]))
    texts = pl.Series(["none", "C1", "C2"])
    found = decoded(
        [
            CodedColumn("dpb1_tce", kinds, np.array([0, 2], np.int8)),
            CodedColumn("kir_missing_gvh", texts, np.array([2, 1], np.uint8)),
            CodedColumn("kir_missing_hvg", texts, np.array([0, 0])),
        ]
    )
    assert [one.to_list() for one in found] == [["match", None], ["C2", "C1"], ["none", "none"]]
    assert [one.name for one in found] == ["dpb1_tce", "kir_missing_gvh", "kir_missing_hvg"]


@pytest.mark.parametrize("code", [-1, 1, 1 << 31])
def test_a_code_without_a_value_is_refused(code: int) -> None:
    with pytest.raises((IndexError, PolarsError)):
        decoded([CodedColumn("grade", pl.Series(["A"]), np.array([0, code]))])
