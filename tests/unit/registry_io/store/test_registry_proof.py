"""The proof of a registry: sound after every kind of change, and every kind of fault is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import registry_io
from hla_match.errors import RegistryError
from registry_io.store import registry_proof
from registry_io.store.registry_folder import CURRENT, JOURNAL
from registry_io.store.registry_proof import prove_registry
from registry_io.store.rollback import roll_back

DONORS = "donor_id,A_1,A_2,sex,birth_date,status\n" + "".join(
    f"D{number},02:01,24:02,F,1990-01-{number % 28 + 1:02},AV\n" for number in range(40)
)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


def test_a_registry_is_sound_after_every_change(registry: Path) -> None:
    assert prove_registry(registry) is None
    registry_io.update_donor(registry, "D1", {"status": "TU", "A_1": "02:06"})
    registry_io.withdraw_donor(registry, "D2")
    registry_io.add_donor(registry, "D99", {"gl_string": "A*11:01+A*24:02", "sex": "M"})
    assert prove_registry(registry) is None
    roll_back(registry)
    assert prove_registry(registry) is None


def test_a_snapshot_behind_the_record_is_told_and_caught_up(registry: Path) -> None:
    first = (registry / CURRENT).read_bytes()
    registry_io.withdraw_donor(registry, "D2")
    (registry / CURRENT).write_bytes(first)
    assert prove_registry(registry) == 2
    registry_io.withdraw_donor(registry, "D3")
    assert prove_registry(registry) is None
    assert registry_io.open_registry(registry).n_donors == 38


def test_donors_who_are_not_those_of_the_record_are_found(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry_io.update_donor(registry, "D1", {"status": "TU"})
    monkeypatch.setattr(registry_proof, "transaction_of", lambda *_: 1)
    with pytest.raises(RegistryError, match=r"40 donors in the snapshot, 40 in the record .* 1 who are others"):
        prove_registry(registry)
    registry_io.withdraw_donor(registry, "D2")
    with pytest.raises(RegistryError, match="39 donors in the snapshot, 40 in the record"):
        prove_registry(registry)


def test_a_changed_record_is_found(registry: Path) -> None:
    with closing(sqlite3.connect(registry / JOURNAL)) as connection, connection:
        connection.execute("UPDATE version SET person = replace(person, '24:02', '11:01') WHERE id = 3")
    with pytest.raises(RegistryError, match="a changed record: transaction 1, row 4"):
        prove_registry(registry)


def test_changed_files_are_named(registry: Path) -> None:
    snapshot = registry / (registry / CURRENT).read_text().strip()
    path = snapshot / "donor_typing.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(RegistryError, match=r"changed files: .*donor_typing\.npy"):
        prove_registry(registry)
