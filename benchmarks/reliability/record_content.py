"""What the record of a registry holds, read without the product: two records that say the same have one checksum.

One that is encrypted has another than a plain one. Times, salts, identities and the hashes of all these differ from run
to run and are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from importlib import import_module
from pathlib import Path

from benchmarks.reliability.inputs import RECORD_KEY

RECORD = "journal.sqlite"
"""The file of a registry's record."""

BESIDE = (f"{RECORD}-wal", f"{RECORD}-shm", f"{RECORD}-seal", "case-head", "searches.jsonl")
"""Patterns of files that come and go with a record, hold hashes of it, or grow with every search."""

_PLAIN = b"SQLite format 3\0"
_SALT = re.compile(r'\\"salt\\": \\"[0-9a-f]+\\"')
_TRANSACTIONS = (
    "SELECT id, day, action, reason, source, source_sha256, source_rows, file_date, settings, same_as, attributes,"
    " counts, last_version FROM txn ORDER BY id"
)
_VERSIONS = (
    "SELECT v.id, d.donor_id, v.txn, v.action, v.row, v.person, v.reported, v.noted FROM version v"
    " JOIN donor d ON d.key = v.donor ORDER BY v.id"
)
_CASES = (
    "SELECT id, day, number, step, txn, content, last_row FROM case_entry ORDER BY id",
    "SELECT r.id, r.entry, r.number, r.listed, d.donor_id, r.content, hex(r.place) FROM case_donor r"
    " JOIN donor d ON d.key = r.donor ORDER BY r.id",
    "SELECT content FROM case_context ORDER BY sha256",
)
"""The codes of a case book are its own, too."""


def checksum_of_record(path: Path) -> str:
    """Return the SHA-256 of what a record says, with what its WAL holds; the files stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / RECORD
        for ending in ("", "-wal", "-journal"):
            if (source := path.with_name(f"{path.name}{ending}")).exists():
                shutil.copy(source, f"{copy}{ending}")
        is_plain = copy.read_bytes()[: len(_PLAIN)] == _PLAIN
        with closing(sqlite3.connect(copy) if is_plain else _decrypted(copy)) as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            queries = (*(_TRANSACTIONS, _VERSIONS) * ("txn" in known), *_CASES * ("case_entry" in known))
            told = [list(map(list, connection.execute(query).fetchall())) for query in queries]
    return hashlib.sha256(_SALT.sub("", json.dumps([is_plain, told])).encode()).hexdigest()


def _decrypted(path: Path) -> sqlite3.Connection:
    """Return a connection to an encrypted record; its key is as `registry_io/FORMAT.md` says."""
    connection: sqlite3.Connection = import_module("sqlcipher3.dbapi2").connect(path)
    key = hashlib.sha256(b"hla-match record 1\n" + RECORD_KEY).hexdigest()
    connection.execute(f"""PRAGMA key="x'{key}'\"""")
    return connection
