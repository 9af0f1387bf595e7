"""What the record knows of some identifiers, looked up at once."""

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
