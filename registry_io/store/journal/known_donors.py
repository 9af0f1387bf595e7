"""What the record knows of some identifiers, looked up at once; and which it knows of merged records alone."""

from __future__ import annotations

import sqlite3

import polars as pl

_GREATEST = 2**63 - 1
_KNOWN = {"donor_id": pl.String, "key": pl.Int64, "person": pl.String}


def known_donors(connection: sqlite3.Connection, identifiers: pl.Series) -> pl.DataFrame:
    """Return `donor_id`, `key` and the latest `person`, null of one who left; unknown identifiers have no row.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted(donor_id TEXT)")
    connection.execute("DELETE FROM wanted")
    connection.executemany("INSERT INTO wanted VALUES (?)", ((one,) for one in identifiers))
    rows = connection.execute(
        "SELECT d.donor_id, d.key, v.person FROM wanted w JOIN donor d ON d.donor_id = w.donor_id"
        " JOIN version v ON v.id = d.latest"
    ).fetchall()
    return pl.DataFrame(rows, _KNOWN, orient="row")


def merges(connection: sqlite3.Connection, upto: int | None = None) -> dict[str, str]:
    """Return by the identifier of each record that was merged away the one of the record that it is a part of now.

    Those that came back since are not among them, unless a rollback took that back.

    Args:
        connection: to the record.
        upto: the last transaction whose merges count; None for all.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    # The versions of a transaction are one after the other, and a merge has two.
    found = connection.execute(
        "SELECT d.donor_id, e.donor_id, d.key, v.id FROM txn t"
        " JOIN version v ON v.id IN (t.last_version - 1, t.last_version)"
        " JOIN donor d ON d.key = v.donor"
        " JOIN version l ON l.id = d.latest AND (l.id = v.id OR l.action = 'rollback' AND l.person IS NULL)"
        " JOIN version w ON w.txn = v.txn AND w.id IN (v.id - 1, v.id + 1) JOIN donor e ON e.key = w.donor"
        " WHERE t.action = 'merge' AND v.person IS NULL AND (? IS NULL OR t.id <= ?)",
        (upto, upto),
    )
    into = {leaves: stays for leaves, stays, key, one in found.fetchall() if merged_by(connection, key) == one}
    for leaves, stays in into.items():
        while stays in into:
            stays = into[stays]
        into[leaves] = stays
    return into


def merged_by(connection: sqlite3.Connection, donor: int) -> int | None:
    """Return the version by which the record of a donor is merged away now; None of another record.

    A rollback to a time when it was merged away leaves it so.

    Args:
        connection: to the record.
        donor: its key.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    holds = "SELECT id, txn, action, person IS NULL FROM version WHERE donor = ? AND txn <= ? ORDER BY txn DESC LIMIT 1"
    upto: int | None = _GREATEST
    while upto is not None:
        found = connection.execute(holds, (donor, upto)).fetchone()
        version, txn, action, is_away = found or (0, 0, "", False)
        if not is_away or action not in ("merge", "rollback"):
            return None
        if action == "merge":
            return int(version)
        (earlier,) = connection.execute("SELECT same_as FROM txn WHERE id = ?", (txn,)).fetchone()
        # Each is before the last one, also in a record that somebody changed.
        upto = earlier if earlier is not None and earlier < txn else None
    return None
