"""The seal of a record: every byte of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_io.store.journal import file_seal
from registry_io.store.journal.file_seal import seal, seal_faults, unseal

FAULT = ["file: other bytes than were written"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "journal.sqlite"
    found.write_bytes(bytes(range(64)))
    seal(found)
    return found


def seal_of(path: Path) -> Path:
    return path.with_name("journal.sqlite-seal")


def test_a_file_as_it_was_sealed_has_no_fault(path: Path) -> None:
    assert list(seal_faults(path)) == []
    assert seal_of(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.sqlite-seal"])
def test_every_changed_byte_is_found(path: Path, name: str) -> None:
    changed = path.with_name(name)
    data = changed.read_bytes()
    for at in range(len(data)):
        changed.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert list(seal_faults(path)) == FAULT
    changed.write_bytes(data + b"\0")
    assert list(seal_faults(path)) == FAULT


def test_without_a_seal_nothing_is_said(path: Path) -> None:
    unseal(path)
    path.write_bytes(b"other")
    assert list(seal_faults(path)) == []
    unseal(path)  # of which there is none


def test_a_writer_that_begins_or_ends_meanwhile_is_no_fault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = file_seal._text

    def while_another_writes(of: Path) -> bytes:
        found = text(of)
        if of.read_bytes() != b"next":
            of.write_bytes(b"next")
            seal(of)
        return found

    path.write_bytes(b"before")
    monkeypatch.setattr(file_seal, "_text", while_another_writes)
    assert list(seal_faults(path)) == []


def test_what_is_not_all_in_the_file_gets_no_seal(path: Path) -> None:
    unseal(path)
    path.with_name("journal.sqlite-wal").write_bytes(b"frames that a reader holds")
    seal(path)
    assert not seal_of(path).exists()


def test_no_room_for_a_seal_is_no_error(path: Path) -> None:
    unseal(path)
    seal_of(path).mkdir()
    seal(path)
    assert list(seal_of(path).iterdir()) == []
