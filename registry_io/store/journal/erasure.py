"""What a record forgets of erased donors: all but that there were versions, when, and the digests of these.

The row of a donor stays without its identifier, those of the versions without content and salt; where there was a
record an empty text stands, so that it is still known how many donors there were. The last version says that they were
erased. A digest without its salt tells nothing, and the chain of hashes holds on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from registry_io.store.journal.case_tables import has_cases
from registry_io.store.journal.known_donors import merged_by

_MERGED_INTO = """SELECT w.donor, w.id FROM version v JOIN version w ON w.txn = v.txn AND w.id IN (v.id - 1, v.id + 1)
WHERE v.donor = ? AND v.action = 'merge' AND w.person IS NULL"""


def with_merged(connection: sqlite3.Connection, keys: Iterable[int]) -> list[int]:
    """Return the keys of some donors, and those of all records that were merged into theirs.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    found, new = list(keys), list(keys)
    while new:
        merged = [
            key
            for one in new
            for key, version in connection.execute(_MERGED_INTO, (one,)).fetchall()
            if merged_by(connection, key) == version
        ]
        new = [key for key in merged if key not in found]
        found += new
    return found


def erase_content(connection: sqlite3.Connection, keys: Iterable[int]) -> None:
    """Remove all that is known of some donors, whose last versions say that they were erased.

    Raises:
        sqlite3.Error: the record cannot be written to.
    """
    erased = [(key,) for key in keys]
    connection.executemany(
        "UPDATE version SET row = NULL, person = iif(person IS NULL, NULL, ''), reported = NULL, noted = NULL,"
        " salt = NULL WHERE donor = ?",
        erased,
    )
    connection.executemany("UPDATE donor SET donor_id = NULL WHERE key = ?", erased)
    if has_cases(connection):
        connection.executemany(
            "UPDATE case_donor SET content = NULL, place = NULL, salt = NULL WHERE donor = ?", erased
        )


def is_erased(donor_id: str | None, last_action: str | None, cells: Sequence[str | int | None]) -> bool:
    """Say whether a version without a salt is one of an erased donor.

    Args:
        donor_id: of the donor.
        last_action: of the last version of the donor, None without a donor.
        cells: row, person, what was reported and what was noted of the version.
    """
    row, person, reported, noted = cells
    return (
        donor_id is None
        and last_action == "erase"
        and person in (None, "")
        and row is None
        and reported is None
        and noted is None
    )


def write_anew(connection: sqlite3.Connection) -> bool:
    """Commit all, and write the file anew without what was removed; say whether nobody held its log up.

    The file then says up to which transaction that is so. A transaction of the database has begun again.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    (latest,) = connection.execute("SELECT coalesce(max(id), 0) FROM txn").fetchone()
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    (is_held, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if not is_held:
        connection.execute(f"PRAGMA user_version={latest}")
    connection.execute("BEGIN IMMEDIATE")
    return not is_held
