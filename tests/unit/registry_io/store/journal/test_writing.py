"""One writer of a record: what it commits stays, what fails behind the commit says so, and the file is sealed again."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

import registry_io
from hla_match.errors import ErrorCode, FileError, RegistryError
from registry_io.disk.durable_files import Action, listening
from registry_io.store.journal import journal_file, writing
from registry_io.store.journal.file_seal import Seal, is_sealed
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_folder import CURRENT, JOURNAL, PREVIOUS, QUARANTINE, current_snapshot, writing_registry
from registry_io.store.registry_proof import prove_registry
from tests.oracle.block_seal import seal_text
from tests.tiny_tables import tiny_nomenclature

NOMENCLATURE = tiny_nomenclature({"A": {"02:01": ("", ""), "24:02": ("", "")}})
DONORS = pl.DataFrame({"donor_id": [f"D{n}" for n in range(40)], "A_1": ["02:01"] * 40, "A_2": ["24:02"] * 40})


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    registry_io.import_donors(tmp_path / "registry", DONORS, NOMENCLATURE)
    return tmp_path / "registry"


def _full_at(action: Action, name: str):
    def hear(step: Action, path: Path) -> None:
        if step == action and path.name == name:
            raise OSError(errno.ENOSPC, "no room")

    return listening(hear)


@pytest.mark.parametrize("name", [PREVIOUS, CURRENT])
def test_what_fails_behind_the_commit_says_that_the_change_is_recorded(registry: Path, name: str) -> None:
    before = current_snapshot(registry)
    with _full_at("rename", name), pytest.raises(RegistryError) as error:
        registry_io.withdraw_donor(registry, "D1")
    assert error.value.code == ErrorCode.REGISTRY_UNPUBLISHED
    assert "no room left on the disk, when transaction 2 was recorded" in str(error.value)
    assert current_snapshot(registry) == before
    assert not (registry / PREVIOUS).exists()
    assert prove_registry(registry) == 2
    registry_io.update_donor(registry, "D2", {"A_1": "24:02"})
    assert registry_io.open_registry(registry).n_donors == 39
    assert prove_registry(registry) is None


def test_reports_of_an_import_that_could_not_be_published_come_with_the_next_command(registry: Path) -> None:
    rows = pl.DataFrame({"donor_id": ["N1", "N2"], "A_1": ["02:01", "99:99"], "A_2": ["24:02", "24:02"]})
    with _full_at("rename", CURRENT), pytest.raises(RegistryError, match="transaction 2 was recorded"):
        registry_io.import_donors(registry, rows, add=True)
    assert "N2" not in (registry / QUARANTINE).read_text()
    registry_io.withdraw_donor(registry, "D1")
    assert "N2" in (registry / QUARANTINE).read_text()
    assert registry_io.open_registry(registry).n_donors == 40


def test_a_first_import_that_could_not_be_published_is_there_after_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    with _full_at("rename", CURRENT), pytest.raises(RegistryError, match="transaction 1 was recorded"):
        registry_io.import_donors(folder, DONORS, NOMENCLATURE)
    assert not (folder / CURRENT).exists()
    assert registry_io.import_donors(folder, DONORS).transaction is None
    assert registry_io.open_registry(folder).n_donors == 40


def test_what_fails_before_the_commit_leaves_nothing(registry: Path) -> None:
    with _full_at("create", "manifest.json"), pytest.raises(FileError) as error:
        registry_io.withdraw_donor(registry, "D1")
    assert error.value.code == ErrorCode.FILE_NO_ROOM
    assert prove_registry(registry) is None
    assert registry_io.open_registry(registry).n_donors == 40


def test_a_new_record_that_cannot_be_opened_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_path: Path, _connection: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE  # type: ignore[misc]
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(journal_file, "_check_format", no_room)
        with pytest.raises(FileError, match="no room left"):
            registry_io.import_donors(tmp_path / "registry", DONORS, NOMENCLATURE)
    assert not (tmp_path / "registry").exists()


def test_a_record_without_a_transaction_is_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / JOURNAL).write_bytes(journal_file._empty_record())
    for look in (registry_io.open_registry, prove_registry):
        with pytest.raises(RegistryError, match="no registry"):
            look(folder)
    registry_io.import_donors(folder, DONORS, NOMENCLATURE)
    assert prove_registry(folder) is None


def test_a_writer_reads_the_blocks_alone_that_it_wrote(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    of = Seal.of
    monkeypatch.setattr(
        Seal,
        "of",
        classmethod(lambda _cls, *given: asked.append(given[1:]) or of(*given)),  # type: ignore[func-returns-value]
    )
    registry_io.withdraw_donor(registry, "D1")
    ((before, written),) = asked
    assert before is not None
    assert written
    path = registry / JOURNAL
    assert (registry / f"{JOURNAL}-seal").read_bytes() == seal_text(path.read_bytes())


def test_a_command_that_changes_nothing_leaves_the_seal(registry: Path) -> None:
    state = (registry / f"{JOURNAL}-seal").stat()
    with writing_registry(registry), Journal.writing(registry) as journal:
        assert is_sealed(registry / JOURNAL)
        assert journal.n_donors == 40
    assert (registry / f"{JOURNAL}-seal").stat() == state


def test_a_writer_that_was_killed_leaves_no_seal_and_the_next_one_reads_all(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(writing, "seal", lambda *_: None)
        registry_io.withdraw_donor(registry, "D1")
    path = registry / JOURNAL
    assert not is_sealed(path)
    with writing_registry(registry), Journal.writing(registry):
        pass
    assert (registry / f"{JOURNAL}-seal").read_bytes() == seal_text(path.read_bytes())


def test_a_log_that_somebody_else_brings_to_the_file_leaves_no_block_out(registry: Path) -> None:
    path = registry / JOURNAL
    with writing.writing_record(path) as writer:
        for number in range(60):
            writer.connection.execute("INSERT INTO meta VALUES (?, ?)", (f"k{number:02}", "x" * 9000))
    assert is_sealed(path)
    with writing.writing_record(path) as writer:
        for key in ("k05", "k55"):
            writer.connection.execute("UPDATE meta SET value = upper(value) WHERE key = ?", (key,))
            writer.commit()
            writer.connection.execute("COMMIT")
            with closing(sqlite3.connect(path)) as other:
                assert other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[0] == 0
            writer.connection.execute("BEGIN IMMEDIATE")
    assert (registry / f"{JOURNAL}-seal").read_bytes() == seal_text(path.read_bytes())
