"""What lies on disk is what is declared, and what is not is refused before it is used."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import Registry, build_registry
from hla_match.donors.typing_index import CYCLE
from hla_match.errors import RegistryError
from hla_match.kernels.schema.array import declarations
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import volunteers
from registry_io.store import attribute_columns
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES
from tests.sealing import changed

CODES = MacTable.from_items([("AB", "01/9999")])


@pytest.fixture(scope="module")
def registry() -> Registry:
    persons = volunteers(200, seed=1, as_of=datetime.date(2026, 1, 1))[0].rename({"donor_id": "person_id"})
    built, _ = build_registry(
        persons, Nomenclature.builtin(), name="r", provenance={"imported_on": "2026-01-01"}, codes=CODES
    )
    return built


@pytest.fixture
def snapshot(tmp_path: Path, registry: Registry) -> Path:
    return write_registry(registry, tmp_path / "r")


def test_a_registry_comes_back(snapshot: Path, registry: Registry) -> None:
    opened = open_registry(snapshot.parent)
    assert opened.attributes.equals(registry.attributes)
    assert opened.attributes.schema == registry.attributes.schema
    pairs = [(getattr(opened, name), getattr(registry, name)) for name in declarations(DonorArrays)]
    for order, wanted in zip(opened.typing_index, registry.typing_index, strict=True):
        pairs += zip(order, wanted, strict=True)
    for found, wanted in pairs:
        assert found.dtype == wanted.dtype
        assert np.array_equal(found, wanted)
    assert opened.attribute_codes.keys() == registry.attribute_codes.keys()
    for name, code in registry.attribute_codes.items():
        assert opened.attribute_codes[name].dtype == code.dtype
        assert np.array_equal(opened.attribute_codes[name], code)
    for locus, column in registry.columns.items():
        assert opened.columns[locus].text.equals(column.text)
        assert np.array_equal(opened.columns[locus].expanded_typing, column.expanded_typing)
    assert (opened.name, opened.loci, opened.notes) == (registry.name, registry.loci, registry.notes)
    assert write_registry(opened, snapshot.parent, replace=True) == snapshot


def test_a_registry_without_donors_comes_back(tmp_path: Path, registry: Registry) -> None:
    write_registry(registry.take(np.zeros(0, np.int64)), tmp_path / "r")
    opened = open_registry(tmp_path / "r")
    assert (opened.n_donors, opened.attributes.schema) == (0, registry.attributes.schema)


def test_every_array_is_declared(snapshot: Path, registry: Registry) -> None:
    declared = {f"{one.file}.npy" for table in (DonorArrays, MacArrays) for one in declarations(table).values()}
    declared |= {f"{name}.npy" for name in ATTRIBUTE_CODES}
    for locus in registry.loci:
        tables = (ReportedTypings, TypingTable)
        declared |= {f"{one.file}-{locus}.npy" for table in tables for one in declarations(table).values()}
    for position in range(len(CYCLE)):
        declared |= {f"order_{position}_{one.file}.npy" for one in declarations(TypingOrder).values()}
    assert {path.name for path in snapshot.glob("*.npy") if not path.name.startswith("attribute-")} == declared
    assert ATTRIBUTE_CODES.keys() == registry.attribute_codes.keys()


WRONG = {
    "another type": ("donor_order", lambda array: array.astype(np.int64)),
    "too few donors": ("status", lambda array: array[1:]),
    "too many loci": ("donor_typing", lambda array: np.concatenate([array, array[:1]])),
    "another dimension": ("sex", lambda array: array[:, None]),
    "offsets that do not fit": ("antigen_start-A", lambda array: array[1:]),
    "texts without meaning": ("meaning-A", lambda array: array[1:]),
    "half a pair": ("carried_set-A", lambda array: np.ascontiguousarray(array[:, :1])),
    "attributes of fewer donors": ("attribute-donor_id", lambda array: array[1:]),
    "numbers for texts": ("attribute-donor_id", lambda array: array[:, 0].copy()),
}


@pytest.mark.parametrize(("name", "change"), WRONG.values(), ids=WRONG)
def test_an_array_that_is_not_as_declared_is_refused(snapshot: Path, monkeypatch, name: str, change) -> None:
    monkeypatch.setattr(attribute_columns, "_FEW", 0)
    snapshot = changed(snapshot, name, change)
    with pytest.raises(RegistryError, match=f"{name}.npy.*import the donors again"):
        open_registry(snapshot.parent)


@pytest.mark.parametrize("name", ["donor_typing", "birth_date", "set_start-A", "attribute-sex"])
@pytest.mark.parametrize("damage", ["short", "empty", "missing"])
def test_a_damaged_file_is_named(snapshot: Path, name: str, damage: str) -> None:
    path = snapshot / f"{name}.npy"
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "short" else b"")
    with pytest.raises(RegistryError, match=f"{name}.npy"):
        open_registry(snapshot.parent)


def test_a_registry_of_an_older_format_is_refused(snapshot: Path) -> None:
    manifest = snapshot / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format_version": 3', '"format_version": 2'))
    with pytest.raises(RegistryError, match=r"format version 2.*expected 3.*import the donors again"):
        open_registry(snapshot.parent)


def test_rows_of_attributes_outlive_the_registry(snapshot: Path, registry: Registry, monkeypatch) -> None:
    monkeypatch.setattr(attribute_columns, "_FEW", 0)
    opened = open_registry(snapshot.parent)
    rows = opened.attributes[np.array([5, 2])]
    lazy = opened.attributes.lazy().group_by("sex").agg(pl.len())
    del opened
    assert rows.equals(registry.attributes[np.array([5, 2])])
    assert lazy.collect()["len"].sum() == registry.n_donors
