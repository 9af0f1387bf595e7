"""Attributes come back from their files as they went in, in any order, without being read through."""

from __future__ import annotations

import datetime
import gc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.errors import CriteriaError, RegistryError
from registry_io.disk.aside_folder import AsideFolder
from registry_io.store import attribute_columns
from registry_io.store.attribute_columns import attribute_column, map_column, write_column

TEXTS = ["Hangzhou", "", None, "杭州", "exactly 12 B", "thirteen byte", "a text of more than twelve bytes, ä", "x" * 99]
COLUMNS = {
    "text": pl.Series(TEXTS),
    "short": pl.Series(["a", "bc", "", "def", "g", "h", "i", "j"]),
    "long": pl.Series([f"GRID{number:015d}" for number in range(8)]),
    "nothing": pl.Series([None] * 8, dtype=pl.String),
    "date": pl.Series([datetime.date(1960 + year, 2, 28) for year in range(7)] + [None]),
    "number": pl.Series(range(-3, 5)),
    "weight": pl.Series([1.5, None, 70, 80.25, 0, -0.0, 1, 2], dtype=pl.Float32),
    "tiny": pl.Series([1, 2, 3, None, 5, 6, 7, 8], dtype=pl.UInt8),
}
ORDERS = {"as it was": None, "turned": np.arange(7, -1, -1, dtype=np.uint32), "some": np.array([6, 5, 6], np.uint32)}


@pytest.fixture
def mapped(monkeypatch) -> None:
    """Columns of few rows are mapped too."""
    monkeypatch.setattr(attribute_columns, "_FEW", -1)


@pytest.mark.parametrize("few", [-1, 4096], ids=["mapped", "copied"])
@pytest.mark.parametrize("order", [pytest.param(order, id=name) for name, order in ORDERS.items()])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back(tmp_path: Path, monkeypatch, name, order, few) -> None:
    monkeypatch.setattr(attribute_columns, "_FEW", few)
    monkeypatch.setattr(attribute_columns, "SLICE", 3)
    series = COLUMNS[name]
    wanted = series if order is None else series.gather(order)
    write_column(AsideFolder(tmp_path), name, attribute_column(series), order)
    found = map_column(tmp_path, name, str(series.dtype), len(wanted))
    assert found.dtype == series.dtype
    assert found.to_list() == wanted.to_list()
    assert found.name == name


@pytest.mark.parametrize("name", COLUMNS)
def test_an_empty_column_comes_back(tmp_path: Path, name) -> None:
    series = COLUMNS[name].clear()
    write_column(AsideFolder(tmp_path), name, attribute_column(series))
    assert map_column(tmp_path, name, str(series.dtype), 0).to_list() == []


@pytest.mark.usefixtures("mapped")
def test_long_texts_may_fill_more_than_one_buffer(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(attribute_columns, "_BUFFER_BITS", 6)
    monkeypatch.setattr(attribute_columns, "_BUFFER", 64)
    series = pl.Series([f"{number:040d}" for number in range(100)])
    order = np.random.default_rng(1).permutation(100).astype(np.uint32)
    write_column(AsideFolder(tmp_path), "text", attribute_column(series), order)
    assert map_column(tmp_path, "text", "String", 100).to_list() == series.gather(order).to_list()


@pytest.mark.usefixtures("mapped")
def test_a_file_is_mapped_once_until_it_is_another(tmp_path: Path) -> None:
    write_column(AsideFolder(tmp_path), "text", attribute_column(COLUMNS["text"]))
    first, again = (map_column(tmp_path, "text", "String", 8) for _ in range(2))
    assert first is again
    (tmp_path / "new").mkdir()
    write_column(AsideFolder(tmp_path / "new"), "text", attribute_column(COLUMNS["text"].reverse()))
    for path in (tmp_path / "new").iterdir():
        path.replace(tmp_path / path.name)
    assert map_column(tmp_path, "text", "String", 8).to_list() == TEXTS[::-1]
    assert first.to_list() == TEXTS


@pytest.mark.usefixtures("mapped")
def test_a_series_lives_longer_than_its_file(tmp_path: Path) -> None:
    write_column(AsideFolder(tmp_path), "text", attribute_column(COLUMNS["text"]))
    last = map_column(tmp_path, "text", "String", 8).tail(1)
    (tmp_path / "attribute-text.npy").unlink()
    gc.collect()
    assert last.to_list() == ["x" * 99]


@pytest.mark.usefixtures("mapped")
def test_a_mapped_series_may_be_dropped_while_an_exception_is_on_its_way(tmp_path: Path) -> None:
    write_column(AsideFolder(tmp_path), "text", attribute_column(COLUMNS["text"]))

    def fail() -> None:
        frame = pl.DataFrame([map_column(tmp_path, "text", "String", 8)])
        attribute_columns._mapped.clear()
        raise LookupError(frame.height)

    for _ in range(20):
        with pytest.raises(LookupError):
            fail()


@pytest.mark.parametrize("content", [b"", b"no array", None], ids=["empty", "text", "other size"])
def test_a_damaged_file_is_refused(tmp_path: Path, content) -> None:
    write_column(AsideFolder(tmp_path), "text", attribute_column(COLUMNS["text"]))
    if content is not None:
        (tmp_path / "attribute-text.npy").write_bytes(content)
    with pytest.raises(RegistryError, match="a damaged file"):
        map_column(tmp_path, "text", "String", 9)


def test_a_type_that_has_no_file_is_refused() -> None:
    with pytest.raises(CriteriaError, match="column text: found values of type Boolean, expected one of String"):
        attribute_column(pl.Series("text", [True]))
