"""The proof of a registry: sound after every kind of change, and every kind of fault is found."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

import registry_io
from hla_match.errors import RegistryError
from registry_io.store import registry_proof
from registry_io.store.registry_folder import CURRENT, JOURNAL, PREVIOUS
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


@pytest.mark.parametrize("pointer", [CURRENT, PREVIOUS])
def test_a_changed_byte_of_what_names_snapshots_is_found(registry: Path, pointer: str) -> None:
    registry_io.withdraw_donor(registry, "D2")
    path = registry / pointer
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x2A]) + data[at + 1 :])
        with pytest.raises(RegistryError):
            prove_registry(registry)
    path.write_bytes(data)
    assert prove_registry(registry) is None


def test_a_changed_file_of_a_snapshot_kept_for_a_rollback_is_found(registry: Path) -> None:
    kept = registry / (registry / CURRENT).read_text().strip()
    registry_io.import_donors(
        registry, pl.DataFrame({"donor_id": ["X"], "A_1": ["02:01"], "A_2": [""]}), replace=True, allow_shrink=True
    )
    assert prove_registry(registry) is None
    for name in ("donor_typing.npy", "manifest.json"):
        data = (kept / name).read_bytes()
        (kept / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(RegistryError, match=rf"changed files: {kept.name}/{name}.* registry rollback"):
            prove_registry(registry)
        (kept / name).write_bytes(data)


def test_a_record_that_lost_what_the_snapshot_has_is_found(registry: Path) -> None:
    before = (registry / JOURNAL).read_bytes(), (registry / f"{JOURNAL}-seal").read_bytes()
    registry_io.withdraw_donor(registry, "D2")
    for ending, data in zip(("", "-seal"), before, strict=True):
        (registry / f"{JOURNAL}{ending}").write_bytes(data)
    for look in (prove_registry, lambda folder: registry_io.withdraw_donor(folder, "D3")):
        with pytest.raises(RegistryError, match="ends at transaction 1, where the snapshot has transaction 2"):
            look(registry)


def test_a_record_that_is_gone_is_found(registry: Path) -> None:
    (registry / JOURNAL).unlink()
    with pytest.raises(RegistryError, match="no record, where the snapshot has transaction 1"):
        prove_registry(registry)


def test_what_an_earlier_version_kept_is_compared_though_it_is_not_read(registry: Path) -> None:
    registry_io.withdraw_donor(registry, "D2")
    kept = registry / "snapshot-0"
    kept.mkdir()
    (kept / "donors.npy").write_bytes(b"donors")
    checksum = hashlib.sha256(b"donors").hexdigest()
    manifest = json.dumps({"format": "hla-match registry", "format_version": 2, "files": {"donors.npy": checksum}})
    (kept / "manifest.json").write_text(manifest)
    kept = kept.rename(registry / f"snapshot-{hashlib.sha256(manifest.encode()).hexdigest()[:16]}")
    previous = (registry / PREVIOUS).read_bytes()
    (registry / PREVIOUS).write_bytes(previous[: previous.index(b"xxh3")])
    assert prove_registry(registry) is None
    (kept / "donors.npy").write_bytes(b"others")
    with pytest.raises(RegistryError, match=rf"changed files: {kept.name}/donors\.npy"):
        prove_registry(registry)
    (kept / "donors.npy").write_bytes(b"donors")
    (kept / "manifest.json").write_text(manifest.replace("2", "1", 1))
    with pytest.raises(RegistryError, match=rf"changed files: {kept.name}/manifest\.json"):
        prove_registry(registry)
