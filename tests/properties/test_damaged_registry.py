"""A number of a registry that is changed is found where something follows it, or where another number says otherwise.

Checksums, which find every change, are right here: the registry is sealed again. What is left is what the numbers say.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import RegistryError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.synthetic.volunteers import volunteers
from registry_io.store import attribute_columns
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_folder import current_snapshot
from registry_io.store.registry_store import open_registry
from registry_io.store.snapshot_store import MANIFEST
from tests.examples import examples
from tests.sealing import sealed

ALONE = re.compile(
    r"(set|antigen)_(start|member)-\w+|code_\w+|(meaning|carried_\w+|alternative_\w+)-DPB1|donor_typing"
    r"|attribute-(weight_kg|rhesus|donor_id|status|\w+-valid|\w+-text)"
)
"""Arrays of which no other array says the same: a number that could stand there is found by its checksum only."""

CRITERIA = (
    SearchCriteria(),
    SearchCriteria(scope="6/6", max_mismatches=3),
    SearchCriteria(scope="8/8", max_mismatches=2, min_age=18, max_age=35),
    SearchCriteria(max_mismatches=4, direction="gvh"),
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    persons = volunteers(200, seed=1, as_of=datetime.date(2026, 1, 1))[0].rename({"donor_id": "person_id"})
    row = pl.int_range(pl.len())
    persons = persons.with_columns(
        pl.when(row % 20 == 7).then(pl.lit("24:09N")).otherwise("A_2").alias("A_2"),
        pl.when(row % 3 == 0).then(pl.lit("血液中心 in a place of many letters")).alias("note"),
    )
    codes = MacTable.from_items([("AB", "01/02"), ("CD", "02/03")])
    provenance = {"imported_on": "2026-01-01"}
    return build_registry(persons, Nomenclature.builtin(), name="r", provenance=provenance, codes=codes)[0]


@pytest.fixture(scope="module")
def folder(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_registry(registry, tmp_path_factory.mktemp("damaged") / "r").parent


@pytest.fixture(scope="module")
def right(registry: Registry) -> list[pl.DataFrame]:
    lists = searched(registry)
    assert sum(len(found) > 0 for found in lists) >= len(lists) // 2
    return lists


def searched(registry: Registry) -> list[pl.DataFrame]:
    """The lists of a patient typed as a donor is, and of one who is hardly typed."""
    broad = {"A": ("02:XX", "24:XX"), "B": ("40:XX", "46:XX"), "DRB1": ("09:XX", "15:XX")}
    typed = {"A": ("02:07", "11:01"), "B": ("46:01", "40:01"), "C": ("01:02", ""), "DRB1": ("09:01", "08:03")}
    patients = (
        Patient(patient_id="1", typings=broad),
        Patient(patient_id="2", typings=typed, sex="F", abo="A", cmv="N"),
    )
    matcher = Matcher(registry)
    return [matcher.search(patient, criteria).to_polars() for patient in patients for criteria in CRITERIA]


@contextmanager
def changed(folder: Path, name: str, array: NDArray[Any]) -> Iterator[None]:
    """Let an array of the registry be another one, with the right checksums, for a while."""
    snapshot = current_snapshot(folder)
    before = {path: (snapshot / path).read_bytes() for path in (f"{name}.npy", MANIFEST)}
    np.save(snapshot / f"{name}.npy", array)
    try:
        sealed(snapshot, f"{name}.npy")
        yield
    finally:
        found = current_snapshot(folder)
        for path, content in before.items():
            (found / path).write_bytes(content)
        sealed(found)


@st.composite
def damages(draw: st.DrawFn, array: NDArray[Any]) -> NDArray[Any]:
    """Another array of the same shape and type, of which one number is another, or two have changed places."""
    found = array.copy()
    numbers = found.view(np.uint8) if found.dtype.kind == "S" else found.reshape(-1)
    place, other = (draw(st.integers(0, numbers.size - 1)) for _ in range(2))
    kind = draw(st.sampled_from(("bit", "more", "less", "nothing", "least", "greatest", "repeat", "swap")))
    if kind == "bit":
        own = numbers[place : place + 1].view(np.uint8)
        own[draw(st.integers(0, own.size - 1))] ^= np.uint8(1 << draw(st.integers(0, 7)))
    elif kind == "swap":
        numbers[[place, other]] = numbers[[other, place]]
    elif kind == "repeat":
        numbers[place] = numbers[other]
    elif kind in ("least", "greatest") and numbers.dtype.kind in "ui":
        numbers[place] = np.iinfo(numbers.dtype).min if kind == "least" else np.iinfo(numbers.dtype).max
    elif kind in ("more", "less"):
        numbers[place : place + 1] += np.array(1 if kind == "more" else -1).astype(numbers.dtype)
    else:
        numbers[place] = 0
    return found


@examples(150)
@given(data=st.data())
def test_a_changed_number_is_refused_or_changes_nothing(
    folder: Path, right: list[pl.DataFrame], data: st.DataObject
) -> None:
    few, attribute_columns._FEW = attribute_columns._FEW, data.draw(st.sampled_from((0, 4096)))
    arrays = sorted(path.stem for path in current_snapshot(folder).glob("*.npy"))
    name = data.draw(st.sampled_from(arrays))
    array = np.load(current_snapshot(folder) / f"{name}.npy")
    try:
        if array.size:
            with changed(folder, name, data.draw(damages(array))):
                found = searched(open_registry(folder))
            if not ALONE.fullmatch(name):
                assert all(one.equals(other) for one, other in zip(found, right, strict=True))
    except RegistryError:
        pass
    finally:
        attribute_columns._FEW = few
