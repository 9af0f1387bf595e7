"""The tables of the case book in the file of a record, and the format version of a record that has them."""

from __future__ import annotations

import sqlite3

WITHOUT_CASES, WITH_CASES = 1, 2
"""Format versions of a record: before its first case, and from then on."""

CASE_SCHEMA = (
    "CREATE TABLE case_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE case_context(sha256 TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT",
    "CREATE TABLE case_entry("
    " id INTEGER PRIMARY KEY, at TEXT NOT NULL, day TEXT NOT NULL, actor TEXT NOT NULL, number INTEGER NOT NULL,"
    " step TEXT NOT NULL, txn INTEGER NOT NULL, content TEXT NOT NULL, last_row INTEGER NOT NULL,"
    " rows_digest BLOB NOT NULL, previous_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    "CREATE INDEX entry_of_case ON case_entry(number, id)",
    "CREATE TABLE case_donor("
    " id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, number INTEGER NOT NULL, listed INTEGER NOT NULL,"
    " donor INTEGER NOT NULL, content TEXT, place BLOB, salt BLOB, digest BLOB NOT NULL) STRICT",
    "CREATE INDEX row_of_donor ON case_donor(donor, number, listed, id)",
    "CREATE INDEX row_of_case ON case_donor(number, listed, donor, id)",
    "CREATE INDEX row_of_entry ON case_donor(entry, listed)",
)


def has_cases(connection: sqlite3.Connection) -> bool:
    """Say whether a record has the tables of a case book.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'case_entry'").fetchone()
    return found is not None
