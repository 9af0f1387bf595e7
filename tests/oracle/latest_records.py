"""Who is in a registry after some changes, and as what: the last record of each who did not leave after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Record = Mapping[str, object]


def latest_records(changes: Iterable[tuple[Iterable[str], Mapping[str, Record]]]) -> dict[str, Record]:
    """Return the record of every person; of each change first some leave, then records come."""
    found: dict[str, Record] = {}
    for leaving, coming in changes:
        for identifier in leaving:
            found.pop(identifier, None)
        found.update(coming)
    return found
