"""The record of a registry written anew, encrypted, in place of the plain one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from registry_io.disk.given_path import given_path
from registry_io.store.journal.contents import Contents
from registry_io.store.journal.encryption import is_encrypted, write_encrypted
from registry_io.store.journal.file_seal import unseal
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged, in_use, journal_faults, open_for_reading, replacing
from registry_io.store.journal.verification import record_faults
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import JOURNAL, writing_registry
from registry_io.store.registry_versions import require_registry


def encrypt_record(folder: str | Path) -> bool:
    """Encrypt the record of a registry with the key that the user names, and return whether it was plain before.

    The encrypted file takes the place of the plain one when all of it was proved; a kill leaves the one or the other.

    Args:
        folder: the registry's.

    Raises:
        RegistryError: there is no registry, its record is damaged, there is no key, or the package that encrypts is not
            installed.
        FileError: somebody reads the record, it cannot be written, or the file of the key holds none.
        LockedError: another process writes.
    """
    place = given_path("folder", folder)
    require_registry(place)
    path = place / JOURNAL
    with writing_registry(place):
        with Journal.writing(place) as journal:
            begin(place, journal)
        if is_encrypted(path):
            return False
        with journal_faults(path), replacing(path) as aside:
            write_encrypted(path, aside)
            # The last who closes a file removes its log.
            if path.with_name(f"{path.name}-wal").exists():
                raise in_use(path, "a reader of the record")
            with closing(open_for_reading(aside)) as new:
                if faults := list(record_faults(new, Contents(path, new))):
                    raise damaged(path, "; ".join(faults))
            unseal(path)
        with Journal.writing(place):  # opens it as a writer does, and seals it
            pass
    return True
