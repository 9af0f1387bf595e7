"""The seal of a record: every byte of its file, whatever of it was written since the seal before."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_io.store.journal import file_seal
from registry_io.store.journal.file_seal import BLOCK, Seal, is_sealed, seal, seal_faults, unseal, written_blocks
from tests.oracle.block_seal import seal_text

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

    def while_another_writes(of: Path, seal_text: bytes) -> bytes:
        found = text(of, seal_text)
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


def test_a_seal_of_one_checksum_is_read_and_replaced(path: Path) -> None:
    before = f"xxh3-128 {xxhash.xxh3_128_hexdigest(path.read_bytes())}\n".encode()
    seal_of(path).write_bytes(before)
    assert list(seal_faults(path)) == []
    path.write_bytes(path.read_bytes() + b"x")
    assert list(seal_faults(path)) == FAULT
    assert unseal(path) is None
    seal(path)
    assert seal_of(path).read_bytes() == seal_text(path.read_bytes())


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_the_seal_is_a_checksum_of_each_block(path: Path, size: int) -> None:
    path.write_bytes(b"\x07" * size)
    unseal(path)
    seal(path)
    assert seal_of(path).read_bytes() == seal_text(path.read_bytes())
    assert Seal.read(seal_text(path.read_bytes())) == Seal.of(path)


def test_what_was_not_written_keeps_its_checksum(path: Path) -> None:
    path.write_bytes(bytes(3 * BLOCK))
    unseal(path)
    seal(path)
    before = unseal(path)
    data = bytearray(path.read_bytes())
    data[5] = data[2 * BLOCK] = 1
    path.write_bytes(data)
    seal(path, before, {2})
    assert list(seal_faults(path)) == FAULT
    data[5] = 0
    path.write_bytes(data)
    assert list(seal_faults(path)) == []


def test_a_file_of_another_size_than_its_seal_is_read_anew(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")
    assert unseal(path) is None
    assert not is_sealed(path)


def test_a_log_that_is_none_tells_nothing(path: Path) -> None:
    log = path.with_name("journal.sqlite-wal")
    assert written_blocks(path) == ()
    log.write_bytes(b"")
    assert written_blocks(path) == ()
    for text in (b"short", b"another kind of file that is longer", bytes(2000)):
        log.write_bytes(text)
        assert written_blocks(path) is None


@settings(max_examples=25, deadline=None)
@given(
    changes=st.lists(
        st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9000)), max_size=6), min_size=1, max_size=4
    ),
    shrink=st.booleans(),
)
def test_a_seal_gone_on_from_is_that_of_the_whole_file(changes: list[list[tuple[int, int]]], shrink: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE t(key INTEGER PRIMARY KEY, text TEXT)")
            connection.executemany("INSERT INTO t VALUES (?, ?)", ((key, "x" * 900) for key in range(300)))
        seal(path)
        for change in changes:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_autocheckpoint=0")
                before = unseal(path)
                assert before is not None
                for key, size in change:
                    connection.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (key, "y" * size))
                if shrink:
                    connection.execute("DELETE FROM t WHERE key > 200")
                written = written_blocks(path)
            seal(path, before, written)
            assert seal_of(path).read_bytes() == seal_text(path.read_bytes())
