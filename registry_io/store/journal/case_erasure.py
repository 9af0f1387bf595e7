"""What a case book forgets of an erased case: the request, why it was closed, its lists, and what its steps held.

What its searches were made from has the criteria; it goes, too, where no other case asks alike. That there was a case
stays, and its steps: when, by whom, of which donor. A text that is forgotten was salted, so that its hash tells
nothing. The entry that erases keeps of each such entry the hash that it had, and that of what is left: so the chain of
the hashes holds on, and what is left cannot be changed either.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping

FORGOTTEN = ""
"""The content of an entry whose text was forgotten; an entry that says nothing has an empty object of JSON."""

ERASE = "erase"
_SALT, _SALT_BYTES = "salt", 16
_NOTHING = "{}"


def salted(content: str) -> str:
    """Return JSON of an entry with a salt, without which nobody can try out what it may have been."""
    told = {**json.loads(content), _SALT: secrets.token_hex(_SALT_BYTES)}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def unsalted(told: Mapping[str, object]) -> dict[str, object]:
    """Return what an entry says, without its salt."""
    return {name: value for name, value in told.items() if name != _SALT}


def is_of_person(step: str, content: str) -> bool:
    """Say whether an entry holds a text that an erasure forgets."""
    return step in ("open", "close") and content not in (FORGOTTEN, _NOTHING)


def erasure_content(forgotten: Mapping[str, list[str]], reason: str) -> str:
    """Return the content of the entry that erases: by entry its hash and that of what is left, perhaps the reason."""
    told = {"erased": forgotten, **({"reason": reason} if reason else {})}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def forget_case(connection: sqlite3.Connection, number: int, entries: Iterable[str]) -> None:
    """Remove the texts of some entries of a case, and all that it says of donors; the file is not compacted then.

    What its searches were made from has the criteria of the request, and stays where another case asks alike.

    Raises:
        sqlite3.Error: the record cannot be written to.
    """
    connection.executemany("UPDATE case_entry SET content = ? WHERE id = ?", [(FORGOTTEN, int(one)) for one in entries])
    connection.execute("UPDATE case_donor SET content = NULL, place = NULL, salt = NULL WHERE number = ?", (number,))
    connection.execute(
        "DELETE FROM case_context WHERE sha256 NOT IN (SELECT json_extract(e.content, '$.context') FROM case_entry e"
        " WHERE e.step = 'search' AND NOT EXISTS"
        " (SELECT 1 FROM case_entry x WHERE x.number = e.number AND x.step = ?))",
        (ERASE,),
    )
    (compacted,) = connection.execute("PRAGMA user_version").fetchone()
    if compacted >= 0:
        connection.execute(f"PRAGMA user_version={-1 - compacted}")


def compacted_at(connection: sqlite3.Connection) -> tuple[int, bool]:
    """Return the latest transaction when the file was last compacted, 0 before; and whether a case was erased since.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return (int(number), False) if number >= 0 else (-1 - int(number), True)


def n_cases_in_file(connection: sqlite3.Connection) -> int:
    """Return the number of erased cases of which the file may still hold data; 0 once it was written anew.

    Raises:
        sqlite3.Error: the record is damaged.
    """
    if not compacted_at(connection)[1]:
        return 0
    (n,) = connection.execute("SELECT count(*) FROM case_entry WHERE step = ?", (ERASE,)).fetchone()
    return int(n)


def erased_cases(connection: sqlite3.Connection) -> tuple[set[int], dict[int, list[str]]]:
    """Return the numbers of the erased cases, and by entry without its text its hash and that of what is left.

    Raises:
        sqlite3.Error: the record is damaged.
        ValueError, TypeError, AttributeError: an entry that erases says something else.
    """
    cases: set[int] = set()
    found: dict[int, list[str]] = {}
    for number, content in connection.execute("SELECT number, content FROM case_entry WHERE step = ?", (ERASE,)):
        cases.add(number)
        found |= {int(one): both for one, both in json.loads(content)["erased"].items()}
    return cases, found
