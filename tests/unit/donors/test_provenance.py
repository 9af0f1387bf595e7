"""What a registry was made from, as a mapping gives it and as a manifest holds it."""

from __future__ import annotations

import dataclasses
import datetime
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from hla_match.donors.provenance import Provenance
from hla_match.donors.registry import as_of_date, build_registry
from hla_match.errors import CriteriaError
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_store import open_registry

ENTRIES = {
    "source": "donors.csv", "source_rows": 3, "imported_on": "2026-01-31", "codes": "", "ambiguous_nulls": "keep",
    "operator": "night run", "shift": 2,
}  # fmt: skip


def test_entries_come_back_as_they_were_given() -> None:
    made_from = Provenance.of(ENTRIES)
    assert made_from.imported_on == datetime.date(2026, 1, 31)
    assert made_from.further == {"operator": "night run", "shift": 2}
    assert made_from.entries() == ENTRIES
    assert list(made_from.entries()) == sorted(ENTRIES)
    assert Provenance.of(made_from) is made_from
    assert pickle.loads(pickle.dumps(made_from)) == made_from


def test_dates_and_numbers_of_other_libraries_are_taken() -> None:
    found = Provenance.of({"imported_on": datetime.date(2026, 1, 31), "source_rows": np.int64(3), "n": np.uint8(4)})
    assert found.entries() == {"imported_on": "2026-01-31", "n": 4, "source_rows": 3}
    assert {type(value) for value in found.entries().values()} == {int, str}


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        (None, "provenance"),
        ("donors.csv", "provenance"),
        ({"imported_on": "31.1.2026"}, "provenance.imported_on"),
        ({"imported_on": None}, "provenance.imported_on"),
        ({"ambiguous_nulls": "some"}, "provenance.ambiguous_nulls"),
        ({"source": 5}, "provenance.source"),
        ({"source_rows": "5"}, "provenance.source_rows"),
        ({"source_rows": -1}, "provenance.source_rows"),
        ({"source_rows": True}, "provenance.source_rows"),
        ({"operator": None}, "provenance.operator"),
        ({"operator": 1.5}, "provenance.operator"),
        ({5: "x"}, "provenance.5"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_place(entries: Any, place: str) -> None:
    with pytest.raises(CriteriaError) as caught:
        Provenance.of(entries)
    assert caught.value.name == place


def test_all_wrong_entries_are_told_at_once() -> None:
    with pytest.raises(CriteriaError) as caught:
        Provenance.of({"source": 5, "imported_on": "today"})
    assert [fault.name for fault in caught.value.faults] == ["provenance.source", "provenance.imported_on"]


def test_a_registry_keeps_it_on_disk(tmp_path: Path) -> None:
    donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]})
    registry, _ = build_registry(
        donors, Nomenclature(builtin_tables()), name="r", provenance=ENTRIES, ambiguous_nulls="keep"
    )
    write_registry(registry, tmp_path / "r")
    assert registry.provenance == Provenance.of(ENTRIES)
    assert open_registry(tmp_path / "r").provenance == dataclasses.replace(registry.provenance, transaction=1)


def test_ages_need_the_day_of_the_import() -> None:
    donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]})
    registry, _ = build_registry(donors, Nomenclature(builtin_tables()), name="r", provenance={})
    with pytest.raises(CriteriaError, match="as_of: found None, expected a date"):
        as_of_date(registry)
