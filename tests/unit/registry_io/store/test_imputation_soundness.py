"""What donors may carry is followed by kernels only where its numbers lead somewhere and add up."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.kernels.schema.array import arrays_of, declarations, of_arrays
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import open_frequencies
from registry_io.store.imputation_soundness import is_sound
from registry_io.store.imputation_store import open_imputation
from registry_io.store.registry_store import open_registry

DONORS = """donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2
D1,02:01,24:02,40:01,46:01,09:01,15:01
D2,02:XX,24:02,40:01,46:01,,
D3,11:01,11:01,13:01,15:02,12:02,12:02
"""
FREQUENCIES = """haplotype,frequency
A*02:01~B*40:01~DRB1*09:01,0.3
A*24:02~B*46:01~DRB1*15:01,0.5
A*02:07~B*40:01~DRB1*15:01,0.1
A*24:02~B*40:01~DRB1*09:01,0.06
A*02:07~B*46:01~DRB1*15:01,0.04
"""


@pytest.fixture(scope="module")
def imputed(tmp_path_factory: pytest.TempPathFactory) -> ImputedRegistry:
    folder = tmp_path_factory.mktemp("imputed")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    (folder / "frequencies.csv").write_text(FREQUENCIES, encoding="utf-8")
    import_donors(folder / "r", folder / "donors.csv", Nomenclature.builtin(), today=datetime.date(2026, 1, 1))
    registry = open_registry(folder / "r")
    found = open_imputation(folder / "r", registry, open_frequencies(folder / "frequencies.csv", registry, home=folder))
    assert isinstance(found, ImputedRegistry)
    return found


Change = Callable[[NDArray[Any]], NDArray[Any] | None]


def put(place: int, value: float) -> Change:
    def change(array: NDArray[Any]) -> None:
        array.reshape(-1)[place] = value

    return change


LEADS_OUT: dict[str, tuple[str, Change]] = {
    "a donor more": ("person", lambda array: np.append(array, array[-1:])),
    "a donor of no person": ("person", put(0, 99)),
    "a negative person": ("person", put(0, -1)),
    "parts that do not begin at 0": ("person_part", put(0, 1)),
    "parts that fall": ("person_part", put(1, 99)),
    "a locus that there is not": ("person_missing", put(0, 1 << 15)),
    "a panel that there is not": ("part_panel", put(0, 99)),
    "a negative panel": ("part_panel", put(0, -1)),
    "no weight": ("part_mass", put(0, 0.0)),
    "a negative weight": ("part_mass", put(0, -0.5)),
    "a weight that is no number": ("part_mass", put(0, np.nan)),
    "a weight beyond all": ("part_mass", put(0, np.inf)),
    "a weight more": ("part_mass", lambda array: np.append(array, array[-1:])),
    "classes that end too early": ("part_class", lambda array: array - (np.arange(array.size) == array.size - 1)),
    "pairs that fall": ("part_pair", put(1, 99)),
    "members that fall": ("class_member", put(1, 99)),
    "a class that the part does not have": ("pair", put(0, 99)),
    "a haplotype of another panel": ("member", put(0, 1 << 20)),
    "numbers of another type": ("member", lambda array: array.astype(np.int64)),
    "numbers of another shape": ("pair", lambda array: array.reshape(-1)),
}

ADDS_UP_TO_ANOTHER: dict[str, tuple[str, Change]] = {
    "another weight": ("part_mass", lambda array: array * (1 + 1e-6)),
    "another haplotype": ("member", lambda array: np.where(np.arange(array.size) == 0, array[::-1], array)
                          .astype(array.dtype)),
    "one class for all pairs": ("pair", lambda array: np.zeros_like(array)),
}  # fmt: skip


@pytest.mark.parametrize("thorough", [False, True])
def test_what_was_computed_is_sound(imputed: ImputedRegistry, thorough: bool) -> None:
    assert is_sound(imputed.donors, 3, imputed.panels, thorough=thorough)
    assert not is_sound(imputed.donors, 4, imputed.panels, thorough=thorough)


@pytest.mark.parametrize(("name", "change"), LEADS_OUT.values(), ids=LEADS_OUT)
def test_what_leads_out_is_not(imputed: ImputedRegistry, name: str, change: Change) -> None:
    assert not is_sound(changed(imputed, name, change), 3, imputed.panels, thorough=False)


@pytest.mark.parametrize(("name", "change"), ADDS_UP_TO_ANOTHER.values(), ids=ADDS_UP_TO_ANOTHER)
def test_what_adds_up_to_another_weight_is_not_where_all_is_added_up(
    imputed: ImputedRegistry, name: str, change: Change
) -> None:
    assert not is_sound(changed(imputed, name, change), 3, imputed.panels, thorough=True)


def test_every_array_has_its_damage() -> None:
    assert {name for name, _ in LEADS_OUT.values()} == set(declarations(Imputation))


def changed(imputed: ImputedRegistry, name: str, change: Change) -> Any:
    arrays = arrays_of(imputed.donors)
    array = arrays[name].copy()
    found = change(array)
    return of_arrays(Imputation, arrays | {name: array if found is None else found})
