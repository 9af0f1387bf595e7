"""What the record knows of some identifiers, looked up at once; and which it knows of merged records alone."""

from __future__ import annotations

import sqlite3

import polars as pl

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

    Those that came back since are not among them.

    Args:
        connection: to the record.
        upto: the last transaction whose merges count; None for all.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    # The versions of a transaction are one after the other, and a merge has two.
    found = connection.execute(
        "SELECT d.donor_id, e.donor_id FROM txn t JOIN version v ON v.id IN (t.last_version - 1, t.last_version)"
        " JOIN donor d ON d.key = v.donor AND d.latest = v.id"
        " JOIN version w ON w.txn = v.txn AND w.id IN (v.id - 1, v.id + 1) JOIN donor e ON e.key = w.donor"
        " WHERE t.action = 'merge' AND v.person IS NULL AND (? IS NULL OR t.id <= ?)",
        (upto, upto),
    )
    into = dict(found.fetchall())
    for leaves, stays in into.items():
        while stays in into:
            stays = into[stays]
        into[leaves] = stays
    return into
