"""The record encrypted: nothing of it can be read without its key, and all commands go on with it."""

from __future__ import annotations

import datetime
import errno
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hla_match.cli.commands import group
from hla_match.errors import ErrorCode, FileError, RegistryError
from registry_io.disk.durable_files import listening
from registry_io.store.compaction import compact_registry
from registry_io.store.donor_changes import add_donor, update_donor, withdraw_donor
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_records import donor_history, registry_log
from registry_io.store.journal.encryption import KEY_FILE
from registry_io.store.journal.journal import Journal
from registry_io.store.record_encryption import encrypt_record
from registry_io.store.registry_folder import CURRENT, JOURNAL
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from tests.tiny_tables import tiny_nomenclature

pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")

DAY = datetime.date(2026, 1, 31)
NOMENCLATURE = tiny_nomenclature({"A": {"02:01": ("", ""), "24:02": ("", "")}})
DONORS = "donor_id,A_1,A_2,city\nD1-SECRET,02:01,24:02,寂静岭\nD2,24:02,,\nD3,02:01,,\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a plain record, and two keys beside it."""
    folder = tmp_path_factory.mktemp("encryption")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    import_donors(folder / "registry", folder / "donors.csv", NOMENCLATURE, today=DAY)
    update_donor(folder / "registry", "D1-SECRET", {"status": "TU"}, today=DAY)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    for name in ("key", "other"):
        (tmp_path / "copy" / name).write_text(f"{name} of 16 bytes and more\n")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "copy" / "key"))
    return tmp_path / "copy"


def is_readable(registry: Path) -> bool:
    """Whether a text of the record, or what every plain file begins with, stands in it or beside it."""
    content = b"".join(path.read_bytes() for path in registry.glob(f"{JOURNAL}*"))
    return any(text.encode() in content for text in ("D1-SECRET", "寂静岭", "SQLite format", "donors.csv"))


def test_an_encrypted_record_is_the_same_record(folder: Path) -> None:
    registry = folder / "registry"
    assert is_readable(registry)
    before, history = registry_log(registry), donor_history(registry, "D1-SECRET")
    assert encrypt_record(registry)
    assert not is_readable(registry)
    assert (registry_log(registry), donor_history(registry, "D1-SECRET")) == (before, history)
    assert prove_registry(registry) is None
    assert not encrypt_record(registry), "it is encrypted already"
    assert (registry / JOURNAL).stat().st_mode & 0o777 == 0o600


def test_all_changes_go_on(folder: Path) -> None:
    registry = folder / "registry"
    encrypt_record(registry)
    add_donor(registry, "D4", {"A": "02:01"}, today=DAY)
    withdraw_donor(registry, "D2", today=DAY)
    assert not is_readable(registry)
    with Journal.open(registry) as journal, pytest.raises(RegistryError):
        journal.transaction_at(9)
    erase_donors(registry, ["D1-SECRET"], today=DAY)
    assert compact_registry(registry, grace=datetime.timedelta(0)).n_erased == 1
    assert set(open_registry(registry).attributes["donor_id"]) == {"D3", "D4"}
    assert set(open_registry(registry, at=1).attributes["donor_id"]) == {"D2", "D3"}


def test_a_new_registry_is_encrypted_where_there_is_a_key(folder: Path) -> None:
    import_donors(folder / "new", folder / "donors.csv", NOMENCLATURE, today=DAY)
    assert not is_readable(folder / "new")
    assert [one.action for one in registry_log(folder / "new")] == ["import"]
    assert prove_registry(folder / "new") is None


def test_without_the_right_key_there_is_one_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = folder / "registry"
    encrypt_record(registry)
    monkeypatch.setenv(KEY_FILE, str(folder / "other"))
    for change in (lambda: registry_log(registry), lambda: withdraw_donor(registry, "D2", today=DAY)):
        with pytest.raises(RegistryError, match="a record that the key does not open, or a damaged file") as error:
            change()
        assert error.value.code == ErrorCode.REGISTRY_KEY
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(RegistryError, match=f"no key, or a damaged file, .*the file that {KEY_FILE} names"):
        registry_log(registry)
    assert open_registry(registry).n_donors == 3, "the snapshot is searched without it"
    monkeypatch.setenv(KEY_FILE, str(folder / "none"))
    with pytest.raises(FileError, match="expected a file that holds a key"):
        registry_log(registry)
    monkeypatch.setenv(KEY_FILE, str(folder / "key"))
    assert len(registry_log(registry)) == 2


def test_a_plain_record_is_read_without_a_key_and_encrypted_with_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(RegistryError, match="found a plain record and no key, expected a key to encrypt it") as error:
        encrypt_record(folder / "registry")
    assert error.value.code == ErrorCode.REGISTRY_KEY
    assert prove_registry(folder / "registry") is None
    assert {path.name for path in (folder / "registry").iterdir() if path.name.startswith(".")} == set()


def test_a_machine_without_the_package_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encrypt_record(folder / "registry")
    monkeypatch.setitem(sys.modules, "sqlcipher3.dbapi2", None)
    with pytest.raises(RegistryError, match=r"the package sqlcipher3.*install hla-match\[encryption\]"):
        registry_log(folder / "registry")


def test_a_damaged_page_is_found(folder: Path) -> None:
    registry = folder / "registry"
    encrypt_record(registry)
    content = bytearray((registry / JOURNAL).read_bytes())
    content[len(content) // 2] ^= 1
    (registry / JOURNAL).write_bytes(content)
    with pytest.raises(RegistryError):
        prove_registry(registry)


@pytest.mark.parametrize("action", ["flush", "rename", "flush folder"])
def test_a_failing_disk_leaves_a_record_that_is_whole(folder: Path, action: str) -> None:
    registry = folder / "registry"

    def fail(step: str, path: Path) -> None:
        if step == action and (JOURNAL in path.name or action == "flush folder"):
            raise OSError(errno.EIO, "a broken disk")

    with pytest.raises(FileError), listening(fail):
        encrypt_record(registry)
    assert prove_registry(registry) is None
    assert {path.name for path in registry.iterdir() if path.name.endswith(".part")} == set()
    encrypt_record(registry)
    assert not is_readable(registry)


def test_a_writer_that_was_killed_is_caught_up_with(folder: Path) -> None:
    registry = folder / "registry"
    encrypt_record(registry)
    before = (registry / CURRENT).read_bytes()
    withdraw_donor(registry, "D2", today=DAY)
    (registry / CURRENT).write_bytes(before)
    assert prove_registry(registry) == 3
    add_donor(registry, "D5", {"A": "02:01"}, today=DAY)
    assert set(open_registry(registry).attributes["donor_id"]) == {"D1-SECRET", "D3", "D5"}


def test_the_command_says_that_the_record_is_encrypted(folder: Path) -> None:
    def told(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["registry", *arguments, str(folder / "registry")])
        assert done.exit_code == 0
        return done.output

    assert "  record: 2 transactions" in told("info")
    assert told("encrypt") == "The record is encrypted.\n"
    assert "  encrypted record: 2 transactions" in told("info")
    assert told("encrypt") == "Nothing changed: the record is encrypted already.\n"
