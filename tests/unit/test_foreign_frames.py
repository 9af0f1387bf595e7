"""Donors, persons and frequencies in frames of other packages are read as those of polars are."""

from __future__ import annotations

import datetime
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, FileError
from hla_match.foreign_frames import pandas_frame
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import open_frequencies

DAY = datetime.date(2026, 1, 1)
DONORS = pl.DataFrame(
    {
        "donor_id": ["D1", "D2", "D3", None],
        "A_1": ["02:01", "11:01", "99:99", "02:01"],
        "A_2": ["24:02", "24:02", "24:02", "24:02"],
        "birth_date": [datetime.date(1990, 5, 1), None, None, None],
        "weight_kg": [70.0, None, 60.5, None],
    }
)
PERSONS = DONORS.head(2).select(person_id="donor_id", A_1="A_1", A_2="A_2")
SHARES = {"A*02:01": 0.3, "A*24:02": 0.2}


def pandas(frame: pl.DataFrame) -> Any:
    module = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("narwhals", reason="narwhals is not installed")
    return module.DataFrame(frame.to_dict(as_series=False))


def pyarrow(frame: pl.DataFrame) -> Any:
    module = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pytest.importorskip("narwhals", reason="narwhals is not installed")
    return module.table(frame.to_dict(as_series=False))


KINDS = [pl.DataFrame.clone, pl.DataFrame.lazy, pandas, pyarrow]


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_is_imported_as_a_parquet_file_is(tmp_path: Path, kind: Callable[[pl.DataFrame], Any]) -> None:
    DONORS.write_parquet(tmp_path / "donors.parquet")
    by_file = import_donors(tmp_path / "file", tmp_path / "donors.parquet", "builtin", today=DAY)
    by_frame = import_donors(tmp_path / "frame", kind(DONORS), "builtin", today=DAY)
    assert by_frame.registry.attributes.equals(by_file.registry.attributes)
    assert (by_frame.registry.donor_typing == by_file.registry.donor_typing).all()
    assert [(one.row, one.column, one.reason) for one in by_frame.quarantined] == [
        (one.row, one.column, one.reason) for one in by_file.quarantined
    ]
    assert {record.row for record in by_frame.quarantined} == {4, 5}
    assert by_frame.registry.provenance.source == "frame of donors"
    assert by_frame.registry.provenance.source_rows == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_registry_is_built_from_any_frame(kind: Callable[[pl.DataFrame], Any]) -> None:
    wanted, _ = build_registry(PERSONS, Nomenclature.builtin(), name="two", provenance={})
    found, _ = build_registry(kind(PERSONS), Nomenclature.builtin(), name="two", provenance={})
    assert (found.donor_typing == wanted.donor_typing).all()
    assert found.attributes.equals(wanted.attributes)


@pytest.mark.parametrize("kind", KINDS)
def test_frequencies_of_a_frame_are_those_of_a_file(tmp_path: Path, kind: Callable[[pl.DataFrame], Any]) -> None:
    registry, _ = build_registry(PERSONS, Nomenclature.builtin(), name="two", provenance={})
    frame = pl.DataFrame({"haplotype": list(SHARES), "frequency": list(SHARES.values())})
    frame.write_csv(tmp_path / "shares.csv")
    wanted = open_frequencies(tmp_path / "shares.csv", registry)
    for found in (open_frequencies(kind(frame), registry), open_frequencies(SHARES, registry)):
        assert (found.allele == wanted.allele).all()
        assert (found.frequency == wanted.frequency).all()
        assert found.loci == wanted.loci


@pytest.mark.parametrize("wrong", [{}, {"haplotype": 0.2}, {"A*02:01": 0.0}, {"A*02:01": -0.1}])
def test_a_mapping_that_holds_no_frequencies_is_refused_as_a_file_is(tmp_path: Path, wrong: dict[str, float]) -> None:
    registry, _ = build_registry(PERSONS, Nomenclature.builtin(), name="two", provenance={})
    rows = "".join(f"{name},{share}\n" for name, share in wrong.items())
    (tmp_path / "own.csv").write_text(f"haplotype,frequency\n{rows}", encoding="utf-8")
    with pytest.raises(FileError) as of_file:
        open_frequencies(tmp_path / "own.csv", registry)
    with pytest.raises(FileError) as of_mapping:
        open_frequencies(wrong, registry, name="own")
    assert str(of_mapping.value) == str(of_file.value).replace(str(tmp_path / "own.csv"), "own")


class Unknown:
    """A type that no table has, whose value nobody may read in a message."""

    def __repr__(self) -> str:
        return "secret"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["secret", 5], id="mixed"),
        pytest.param([Unknown(), Unknown()], id="objects"),
        pytest.param([1j, 2j], id="complex"),
    ],
)
def test_a_column_that_polars_cannot_hold_is_named_and_not_quoted(tmp_path: Path, values: list[object]) -> None:
    frame = pandas(PERSONS).rename(columns={"person_id": "donor_id"}).assign(donor_id=values)
    with pytest.raises(CriteriaError, match=r"^donors: column donor_id: found values of several types") as caught:
        import_donors(tmp_path / "registry", frame, "builtin")
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("names", [[0, 1, 2], [("donor_id", ""), ("A", "1"), ("A", "2")]])
def test_columns_whose_names_are_no_texts_are_read_by_their_texts(tmp_path: Path, names: list[Any]) -> None:
    frame = pandas(PERSONS).set_axis(names, axis=1)
    with pytest.raises(FileError, match="frame of donors, row 1: found no column of"):
        import_donors(tmp_path / "registry", frame, "builtin")


@pytest.mark.parametrize("kind", [pandas, pyarrow])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, kind: Callable[[pl.DataFrame], Any]) -> None:
    frame = kind(PERSONS)
    names = ["donor_id", "A", "A"]
    frame = frame.set_axis(names, axis=1) if kind is pandas else frame.rename_columns(names)
    with pytest.raises(CriteriaError, match="donors: found two columns of one name"):
        import_donors(tmp_path / "registry", frame, "builtin")


NO_TEXT = [
    pytest.param(pl.Series([datetime.timedelta(1)]), id="span of time"),
    pytest.param(pl.Series([b"\xff"]), id="bytes"),
    pytest.param(pl.Series([["02:01"]]), id="list"),
]


@pytest.mark.parametrize("values", NO_TEXT)
def test_a_column_without_text_is_refused_by_name(tmp_path: Path, values: pl.Series) -> None:
    donors = DONORS.head(1).with_columns(values.alias("diagnosis"))
    with pytest.raises(FileError, match=r"^frame of donors, column diagnosis: found a column of"):
        import_donors(tmp_path / "registry", donors, "builtin")
    registry, _ = build_registry(PERSONS, Nomenclature.builtin(), name="two", provenance={})
    shares = pl.DataFrame({"haplotype": ["A*02:01"], "frequency": values})
    with pytest.raises(FileError, match=r"^frequencies, column frequency: found a column of"):
        open_frequencies(shares, registry)


@pytest.mark.parametrize("values", NO_TEXT[:2])
def test_a_column_without_text_in_a_parquet_file_is_refused_by_name(tmp_path: Path, values: pl.Series) -> None:
    DONORS.head(1).with_columns(values.alias("diagnosis")).write_parquet(tmp_path / "donors.parquet")
    with pytest.raises(FileError, match="column diagnosis: found a column of"):
        import_donors(tmp_path / "registry", tmp_path / "donors.parquet", "builtin")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"A*02:01": "0.3"}, r"frequencies: A\*02:01: found a value of type str, expected a number from 0 to 1"),
        ({"A*02:01": None}, r"frequencies: A\*02:01: found None, expected a number"),
        ({"Han": SHARES}, "frequencies: Han: found a value of type dict, expected a number"),
        ({7: 0.3}, "frequencies: found a value of type int, expected haplotypes as texts"),
        (7, "frequencies: found a value of type int, expected a file, the name of an installed set, a mapping"),
    ],
)
def test_what_are_no_frequencies_is_refused(wrong: Any, message: str) -> None:
    registry, _ = build_registry(PERSONS, Nomenclature.builtin(), name="two", provenance={})
    with pytest.raises(CriteriaError, match=message):
        open_frequencies(wrong, registry)
    with pytest.raises(CriteriaError, match="registry: found a value of type str, expected a Registry"):
        open_frequencies(SHARES, "registry")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 7, [1, 2], object()])
def test_what_is_no_frame_is_refused(tmp_path: Path, wrong: Any) -> None:
    for call in (
        lambda: build_registry(wrong, Nomenclature.builtin(), name="none", provenance={}),
        lambda: import_donors(tmp_path / "registry", wrong, "builtin"),
    ):
        with pytest.raises(CriteriaError, match=r"expected (a file, or )?a frame of polars, pandas or pyarrow"):
            call()
    assert not (tmp_path / "registry" / "CURRENT").exists()


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (pl.DataFrame(), "no columns"),
        (pl.DataFrame({"donor_id": ["D1"], "A": [["02:01", "24:02"]]}), "column A: found a column of List"),
        (pl.DataFrame({"donor_id": ["D1"], "sex": ["F"]}), "no column of typings"),
        (pl.DataFrame({"A_1": ["02:01"], "A_2": ["24:02"]}), "no column of identifiers"),
    ],
)
def test_a_frame_that_is_no_table_of_donors_is_refused_by_name(tmp_path: Path, frame: pl.DataFrame, text: str) -> None:
    with pytest.raises(FileError) as caught:
        import_donors(tmp_path / "registry", frame, "builtin")
    assert str(caught.value).startswith("frame of donors")
    assert text in str(caught.value)


COLUMNS = pl.DataFrame(
    {
        "text": ["a", None, "c"],
        "no text": pl.Series([None] * 3, dtype=pl.String),
        "word": pl.Series(["y", None, "x"], dtype=pl.Enum(["x", "y", "z"])),
        "whole": pl.Series([1, 2, 3], dtype=pl.UInt8),
        "some whole": pl.Series([1, None, 3], dtype=pl.Int32),
        "number": [0.5, None, 1.5],
        "truth": [True, False, True],
        "some truth": [True, None, False],
        "day": [datetime.date(1990, 5, 1), None, datetime.date(1899, 1, 1)],
        "nothing": [None, None, None],
    }
)


@pytest.mark.parametrize("frame", [COLUMNS, COLUMNS.clear()], ids=["rows", "none"])
def test_a_frame_of_pandas_is_what_polars_makes_of_it_by_pyarrow(frame: pl.DataFrame) -> None:
    module = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    ours, theirs = pandas_frame(frame), frame.to_pandas()
    # Truth values of which some are missing are objects there, and here of the type that pandas has for them.
    assert [None if module.isna(value) else value for value in ours.pop("some truth")] == [*theirs.pop("some truth")]
    module.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_a_frame_of_pandas_needs_no_pyarrow_and_keeps_types(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    types = {name: str(dtype) for name, dtype in pandas_frame(COLUMNS).dtypes.items()}
    assert types["word"] == "category"
    assert types["whole"] == "uint8"
    assert types["some whole"] == "Int32"
    assert types["some truth"] == "boolean"
    assert types["day"].startswith("datetime64")
    assert types["no text"] == types["text"]


def test_pandas_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(CriteriaError, match="pip install pandas"):
        pandas_frame(COLUMNS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["birth_date", "registered_on", "weight_kg", "sex", "city"])
@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_column_of_nothing_is_an_attribute_that_is_missing(
    tmp_path: Path, kind: Callable[[pl.DataFrame], Any], column: str, nothing: float | None
) -> None:
    frame = PERSONS.with_columns(pl.Series(column, [nothing] * PERSONS.height))
    registry, unreadable = build_registry(
        kind(frame), Nomenclature.builtin(), name="few", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    assert registry.attributes[column].to_list() == [None, None]
    assert not registry.attribute_codes["birth_date"].any()
    found = import_donors(tmp_path / "few", kind(frame.rename({"person_id": "donor_id"})), "builtin", today=DAY)
    assert found.registry.attributes[column].to_list() == [None, None]


@pytest.mark.parametrize("values", [["1990-05-01", None], [19900501, None], [1.5, None]])
def test_a_column_of_dates_that_holds_none_is_refused_by_name(values: list[object]) -> None:
    frame = PERSONS.with_columns(pl.Series("birth_date", values))
    with pytest.raises(CriteriaError, match=r"column birth_date: found values of type \w+, expected dates"):
        build_registry(frame, Nomenclature.builtin(), name="few", provenance={"imported_on": "2026-01-01"})
