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
    version, action = leaving(connection, donor) or (None, "")
    return version if action == "merge" else None


def leaving(connection: sqlite3.Connection, donor: int, upto: int = _GREATEST) -> tuple[int, str] | None:
    """Return the version by which somebody had left, and its action; None of a donor, and of who never was one.

    What a rollback took back never was: the version is that of the state that it brought back.

    Args:
        connection: to the record.
        donor: the key of the donor.
        upto: the transaction at which that is so.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    holds = "SELECT id, txn, action, person IS NULL FROM version WHERE donor = ? AND txn <= ? ORDER BY txn DESC LIMIT 1"
    at: int | None = upto
    while at is not None:
        version, txn, action, is_away = connection.execute(holds, (donor, at)).fetchone() or (0, 0, "", False)
        if not is_away:
            return None
        if action != "rollback":
            return int(version), str(action)
        (earlier,) = connection.execute("SELECT same_as FROM txn WHERE id = ?", (txn,)).fetchone()
        # Each is before the last one, also in a record that somebody changed.
        at = earlier if earlier is not None and earlier < txn else None
    return None


def left_versions(connection: sqlite3.Connection, upto: int) -> list[int]:
    """Return the last versions with a record of those who had left at a transaction, and were not merged into others.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    rows = connection.execute(
        "SELECT w.donor, w.action, (SELECT id FROM version x WHERE x.donor = w.donor AND x.txn < w.txn"
        " AND x.person <> '' ORDER BY txn DESC LIMIT 1) AS told FROM version w JOIN donor d ON d.key = w.donor"
        " WHERE w.txn <= ? AND w.person IS NULL AND d.donor_id IS NOT NULL AND told IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM version y WHERE y.donor = w.donor AND y.txn > w.txn AND y.txn <= ?) ORDER BY told",
        (upto, upto),
    ).fetchall()
    found = []
    for donor, action, told in rows:
        left = leaving(connection, donor, upto) if action == "rollback" else (told, action)
        if left is not None and left[1] != "merge":
            found.append(told)
    return found
