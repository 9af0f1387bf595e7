"""Installed sets of frequencies: what was read comes back, and a missing name lists those there are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError
from registry_io.formats.frequency_file import FrequencyFile, read_frequencies
from registry_io.store.frequency_store import FrequencyStore

CSV = "hap,pop,freq\nA*01:01~B*08:01~DRB1*03:01~DRB3*01:01,CAU,0.5\nA*02:01~B*07:02~DRB1*01:01~DRBX*NNNN,AFA,0.25\n"


def same(one: FrequencyFile, other: FrequencyFile) -> bool:
    about = (one.source, one.checksum, one.notes) == (other.source, other.checksum, other.notes)
    return about and one.frame.schema == other.frame.schema and one.frame.equals(other.frame)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_an_installed_set_comes_back_as_it_was_read(tmp_path: Path, source: Path) -> None:
    store = FrequencyStore(tmp_path / "home")
    assert store.names() == []
    installed = store.install(source, "nmdp-2011_v1.0")
    store.install(source, "CAU")
    assert store.names() == ["CAU", "nmdp-2011_v1.0"]
    assert sorted(path.name for path in (tmp_path / "home" / "frequencies").iterdir()) == [
        "CAU.parquet",
        "nmdp-2011_v1.0.parquet",
    ]
    direct = read_frequencies(source)
    source.unlink()
    assert direct.source == "source.csv"
    assert same(installed, direct)
    assert same(store.load("nmdp-2011_v1.0"), direct)
    assert same(store.resolve("CAU"), direct)


def test_a_set_is_replaced_whole_and_kept_where_the_new_one_is_bad(tmp_path: Path, source: Path) -> None:
    store = FrequencyStore(tmp_path)
    store.install(source, "set")
    bad = tmp_path / "bad.csv"
    bad.write_text("hap,freq\nA*01,0.5\n", encoding="utf-8")
    with pytest.raises(FileError, match="row 2"):
        store.install(bad, "set")
    assert store.load("set").frame.height == 2
    bad.write_text("hap,freq\nA*01:01,0.5\n", encoding="utf-8")
    store.install(bad, "set")
    assert store.load("set").source == "bad.csv"
    assert [path.name for path in (tmp_path / "frequencies").iterdir()] == ["set.parquet"]


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a b", "-rf", ".hidden", "名", "a\n", "x" * 101])
def test_a_name_of_other_characters_is_refused(tmp_path: Path, source: Path, name: str) -> None:
    with pytest.raises(CriteriaError, match="letters, digits"):
        FrequencyStore(tmp_path).install(source, name)
    with pytest.raises(FileError, match="none is installed"):
        FrequencyStore(tmp_path).load(name)


def test_resolve_prefers_a_file_and_lists_the_names_there_are(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = FrequencyStore(tmp_path / "home")
    store.install(source, "CAU")
    assert store.resolve(str(source)).source == "source.csv"
    Path("CAU").mkdir()
    assert store.resolve("CAU").source == "source.csv"
    Path("CAU").rmdir()
    Path("CAU").write_text(CSV, encoding="utf-8")
    assert store.resolve("CAU").source == "CAU"
    for text in ("AFA", "AFA.csv", "", "x" * 5000, "a\0b", "home"):
        with pytest.raises(FileError, match="one of: CAU") as caught:
            store.resolve(text)
        assert caught.value.path == text


def test_damaged_sets_are_refused(tmp_path: Path, source: Path) -> None:
    store = FrequencyStore(tmp_path)
    store.install(source, "set")
    path = tmp_path / "frequencies" / "set.parquet"
    whole = path.read_bytes()
    frame = pl.read_parquet(whole)
    path.write_bytes(whole[:100])
    with pytest.raises(FileError, match="cannot be read"):
        store.load("set")
    for wrong, found in (
        (frame.drop("A"), "other columns"),
        (frame.head(0), "other columns"),
        (frame.with_columns(pl.lit(2, pl.UInt32).alias("format_version")), "format version 2"),
    ):
        wrong.write_parquet(path)
        with pytest.raises(FileError, match=found):
            store.load("set")


def test_a_folder_that_cannot_be_made(tmp_path: Path, source: Path) -> None:
    (tmp_path / "frequencies").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="HLA_MATCH_HOME"):
        FrequencyStore(tmp_path).install(source, "set")


def test_another_number_in_an_installed_set_is_noticed(tmp_path: Path, source: Path) -> None:
    """Parquet has no checksum of its own that polars would compare."""
    store = FrequencyStore(tmp_path)
    store.install(source, "set")
    path = tmp_path / "frequencies" / "set.parquet"
    frame = pl.read_parquet(path)
    columns = [name for name in frame.columns if name not in ("format_version", "content", "notes")]
    for name in columns:
        column = frame[name]
        # What is true of the whole set is taken from its first row.
        for row in range(1 if name in ("source", "checksum") else min(frame.height, 3)):
            other = f"{column[row]}x" if column.dtype == pl.String else (column[row] or 0) + 1
            values = column.to_list()
            values[row] = other
            frame.with_columns(pl.Series(name, values, dtype=column.dtype)).write_parquet(path)
            with pytest.raises(FileError, match="install the set again"):
                store.load("set")
    frame.write_parquet(path)
    assert store.load("set").frame.height == frame.height
