"""Text that a spreadsheet would take for a formula: found wherever it hides, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_io.tables.spreadsheet_text import neutral_file, neutral_frame, neutral_text

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "\rx", "\nx", "=", "-", "+24:02",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201",
    " =1", "\u00a0=1", "\u3000\uff1d1", "\ufeff=1", "\u200b@x", "\x00=1", '"=1', "'=1", "''=1", "' =1", " '=1",
]  # fmt: skip
TEXTS = ["", "P1", "02:01", "A*02:01+A*24:02", "x=1", "1-2", "'x", "''", " x", '"', "\u22125", "王=1", "a\n=1"]

alphabet = st.sampled_from(list("=+-@'\" \t\r\nxX1\uff1d\ufeff\u200b\x00\u3000"))
texts = st.text(alphabet, max_size=6)


def restored(text: str) -> str:
    """What the documentation says of reading: a cell that is neutral loses its one apostrophe."""
    return text[1:] if text.startswith("'") and neutral_text(text) != text else text


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_looks_like_a_formula_gets_one_apostrophe(text: str) -> None:
    assert neutral_text(text) == f"'{text}"


@pytest.mark.parametrize("text", TEXTS)
def test_other_text_stays(text: str) -> None:
    assert neutral_text(text) == text


@given(texts)
def test_nothing_is_lost(text: str) -> None:
    assert restored(neutral_text(text)) == text


@given(st.lists(texts | st.none(), max_size=5))
def test_a_table_is_neutral_as_its_cells_are(cells: list[str | None]) -> None:
    found = neutral_frame(pl.DataFrame({"a": cells}, schema={"a": pl.String}))
    assert found["a"].to_list() == [None if cell is None else neutral_text(cell) for cell in cells]


def test_numbers_stay_numbers_and_names_of_columns_are_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"=n": [-5, 1], "x": [-0.5, float("nan")], "t": ["-5", "1"]})
    found = neutral_frame(frame)
    assert found.columns == ["'=n", "x", "t"]
    assert found.dtypes == frame.dtypes
    assert found["'=n"].to_list() == [-5, 1]
    assert found["t"].to_list() == ["'-5", "1"]


def test_types_follow_from_types_alone() -> None:
    for kind in (pl.Enum(["-", "x"]), pl.Categorical()):
        types = {neutral_frame(pl.DataFrame({"a": ["x"] * n}, schema={"a": kind})).dtypes[0] for n in (0, 1)}
        assert types == {pl.String}
    safe = pl.DataFrame({"a": ["AA"]}, schema={"a": pl.Enum(["AA", "PA"])})
    assert neutral_frame(safe).dtypes == safe.dtypes
    assert neutral_frame(pl.DataFrame({"a": ["-"]}, schema={"a": pl.Enum(["-", "x"])}))["a"].to_list() == ["'-"]


@pytest.mark.parametrize(
    ("name", "neutral"), [("a.csv", True), ("a.CSV.gz", True), ("a.tsv", True), ("a.parquet", False), ("a.xlsx", False)]
)
def test_files_that_carry_types_stay_as_they_are(name: str, neutral: bool) -> None:
    frame = pl.DataFrame({"a": ["=1"]})
    assert neutral_file(frame, Path(name))["a"].to_list() == (["'=1"] if neutral else ["=1"])
    assert neutral_file(frame, Path(name), raw_text=True)["a"].to_list() == ["=1"]
