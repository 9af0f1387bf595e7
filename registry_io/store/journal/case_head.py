"""The head of the chain of case entries, in a file beside the record: entries that are cut off its end are found.

A chain whose last links are gone is a chain. Where the file of a record and its seal are put back as they were,
nothing in them tells of the entries since; this file does. It is written when the record is on the disk, so that it may
be behind after a kill, never ahead; a record that does not have its entry leaves it as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import xxhash

from hla_match.errors import FileError
from registry_io.disk.durable_files import atomic_write, remove
from registry_io.store.journal.case_tables import has_cases
from registry_io.store.registry_folder import CASE_HEAD

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CaseHead:
    """The last entry of a case book.

    Attributes:
        entry: its number, from 1.
        hash: its hash, in hexadecimal.
    """

    entry: int
    hash: str

    @property
    def text(self) -> bytes:
        """The file: a line of both and a checksum of them."""
        line = f"{self.entry} {self.hash}"
        return f"{line} {xxhash.xxh3_64_hexdigest(line.encode())}\n".encode()

    @classmethod
    def read(cls, text: bytes) -> CaseHead | None:
        """Return the head that `text` is the file of; None where it is none."""
        words = text.decode("ascii", "replace").split(" ")
        found = cls(int(words[0]), words[1]) if len(words) == 3 and words[0].isdecimal() else None
        return found if found is not None and found.text == text else None

    @classmethod
    def last(cls, connection: sqlite3.Connection) -> CaseHead | None:
        """Return the head of a record; None where there is no entry.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        return cls._at(connection, "ORDER BY id DESC LIMIT 1")

    @classmethod
    def _at(cls, connection: sqlite3.Connection, clause: str, *values: int) -> CaseHead | None:
        if not has_cases(connection):
            return None
        found = connection.execute(f"SELECT id, hash FROM case_entry {clause}", values).fetchone()
        return None if found is None else cls(found[0], found[1].hex())

    def is_in(self, connection: sqlite3.Connection) -> bool:
        """Say whether a record has this entry.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        return CaseHead._at(connection, "WHERE id = ?", self.entry) == self


def new_head(folder: Path, connection: sqlite3.Connection) -> CaseHead | None:
    """Return the head that is to be kept; None where it is, where there is none, and where the record lost it.

    Raises:
        sqlite3.Error: the record cannot be read.
        OSError: the file cannot be read.
    """
    last, text = CaseHead.last(connection), _kept(folder)
    if last is None or text == last.text:
        return None
    if text is None:
        return last
    kept = CaseHead.read(text)
    return last if kept is not None and kept.is_in(connection) else None


def keep_head(folder: Path, head: CaseHead) -> None:
    """Keep the head of a record that is on the disk; where there is no room, that is left to a later writer."""
    with suppress(FileError, OSError), atomic_write(folder / CASE_HEAD) as file:
        file.write(head.text)


def forget_head(folder: Path) -> None:
    """Remove the head of another record, which the one that now begins takes the place of."""
    remove(folder / CASE_HEAD)


def head_faults(folder: Path, connection: sqlite3.Connection) -> Iterator[str]:
    """Yield in words that a record lacks the entry that is kept; nothing where it has it, or none is kept.

    Raises:
        sqlite3.Error: the record cannot be read.
        OSError: the file cannot be read.
    """
    text = _kept(folder)
    if text is None:
        return
    kept = CaseHead.read(text)
    if kept is None:
        yield f"{CASE_HEAD}: another content than was written"
    elif not kept.is_in(connection):
        yield f"case entry {kept.entry}: missing, or another one, as are those behind it"


def _kept(folder: Path) -> bytes | None:
    try:
        with (folder / CASE_HEAD).open("rb") as file:
            return file.read(_LONGEST)
    except FileNotFoundError:
        return None
