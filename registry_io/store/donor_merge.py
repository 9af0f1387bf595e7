"""Two records of one person made one: the first identifier stays, the second leaves with its history.

The record that stays has the values of the first, completed by those of the second. Where both have one and the two
differ, the finer typing holds; of other values somebody has to say which.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_type
from registry_io.disk.given_path import given_path
from registry_io.persons.column_names import is_gl_string
from registry_io.store.donor_changes import (
    DonorChange,
    RecordedDonor,
    cause_now,
    present_record,
    record_change,
    recorded_identifier,
)
from registry_io.store.donor_values import given_identifier, no_locus_named, replaced_columns
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.person_texts import TYPINGS, in_order
from registry_io.store.journal.transactions import Settings
from registry_io.store.registry_versions import require_registry
from registry_io.store.typing_refinement import TypingReading

Person = Mapping[str, str]
Origin = Literal["stays", "leaves", "both", "given", "overlapping", "apart", "different"]
"""Whose value holds: that of the record that stays or leaves, both alike, one that was given; or nobody has said so:
two typings of which neither is the finer, two that exclude each other, two values that differ."""

_OPEN = ("overlapping", "apart", "different")


@dataclass(frozen=True, slots=True)
class MergedValue:
    """What becomes of a value, or of the typing of a locus, in a merge.

    Attributes:
        name: of its column, or of the locus.
        stays: cells of the record that stays, None where empty; two of a typing.
        leaves: those of the record that leaves.
        origin: whose hold.
    """

    name: str
    stays: tuple[str | None, ...]
    leaves: tuple[str | None, ...]
    origin: Origin

    @property
    def is_open(self) -> bool:
        """Whether somebody has to say which holds."""
        return self.origin in _OPEN


def plan_merge(
    folder: str | Path,
    stays: str,
    leaves: str,
    *,
    take: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> list[MergedValue]:
    """Return what `merge_donors` would make of each value of two records; nothing is changed.

    Args:
        folder: the registry's.
        stays: identifier of the record that stays.
        leaves: identifier of the record that leaves.
        take: as in `merge_donors`.
        values: as in `merge_donors`.

    Raises:
        RegistryError: there is no registry or no record of it, it is damaged, or it has no such donors.
        CriteriaError: `take` or `values` cannot be, or both identifiers are one.
    """
    place = given_path("folder", folder)
    require_registry(place)
    with Journal.open(place) as journal:
        latest = journal.latest_transaction()
        assert latest is not None, "a record that can be opened has a transaction"
        both = recorded_identifier(journal, stays), recorded_identifier(journal, leaves)
        return _planned(place, journal, latest.settings, both, take or {}, values or {})


def merge_donors(
    folder: str | Path,
    stays: str,
    leaves: str,
    *,
    take: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    today: datetime.date | None = None,
    actor: str = "",
    reason: str = "",
) -> DonorChange:
    """Merge two records of one person into one.

    The record that leaves is in no search any more; its history stays, and says into which record it was merged.

    Args:
        folder: the registry's.
        stays: identifier of the record that stays.
        leaves: identifier of the record that leaves.
        take: by name of a column or locus the identifier of the record whose value holds, such as ``{"status": "D2"}``.
        values: texts by the names of the columns of donor files that hold in place of those of both records.
        today: the day of the change; by default the clock's.
        actor: who makes it; by default the user's name.
        reason: why.

    Raises:
        RegistryError: there is no registry, it is damaged, or it has no such donors.
        CriteriaError: values differ, and nothing says which holds; `take` or `values` cannot be, or both identifiers
            are one.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    place, given = given_path("folder", folder), values or {}

    def change(journal: Journal, entry: Entry) -> None:
        assert entry.settings is not None, "the record of a registry says what it is read with"
        both = recorded_identifier(journal, stays), recorded_identifier(journal, leaves)
        planned = _planned(place, journal, entry.settings, both, take or {}, given)
        _refuse_open(planned)
        RecordedDonor(place, journal, entry, stays).put(given, _merged(planned), action="merge")
        RecordedDonor(place, journal, entry, leaves).withdraw(action="merge")

    return record_change(place, change, cause_now("merge", today, actor, reason))


def _planned(
    folder: Path,
    journal: Journal,
    settings: Settings,
    identifiers: tuple[str, str],
    take: Mapping[str, str],
    values: Mapping[str, str],
) -> list[MergedValue]:
    check_type("take", take, Mapping, expected="a mapping of names of columns to identifiers")
    check_type("values", values, Mapping, expected="a mapping of names of columns to texts")
    if identifiers[0] == identifiers[1]:
        raise CriteriaError("merge", found=InWords("one identifier twice"), expected="those of two records")
    own, other = (present_record(folder, journal.versions(one)) for one in identifiers)
    given = {column for name, text in values.items() for column in replaced_columns(name, text)}
    asked = _asked(take, identifiers, given)
    reading = TypingReading(journal.nomenclature(settings), journal.codes(settings))
    planned = []
    for name, columns in _values(own, other):
        stays, leaves = (tuple(person.get(column) for column in columns) for person in (own, other))
        origin: Origin
        # Of a typing that is given for one side alone, the other side is that of a record.
        if given.issuperset(columns):
            origin = "given"
        elif chosen := {asked[column] for column in columns if column in asked}:
            origin = _one(name, chosen)
        elif stays == leaves:
            origin = "both"
        elif not any(stays) or not any(leaves):
            origin = "leaves" if not any(stays) else "stays"
        else:
            origin = _finer(reading, name, stays, leaves) if len(columns) > 1 else "different"
        planned.append(MergedValue(name, stays, leaves, origin))
    return planned


def _one(name: str, chosen: set[Literal["stays", "leaves"]]) -> Literal["stays", "leaves"]:
    """Return whose typing is asked for."""
    if len(chosen) > 1:
        raise CriteriaError(
            f"take {name}",
            found=InWords("a side of each record"),
            expected="the typing of one of the two",
            hint="set both typings of the locus",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    return chosen.pop()


def _asked(
    take: Mapping[str, str], identifiers: tuple[str, str], given: set[str]
) -> dict[str, Literal["stays", "leaves"]]:
    """Return by column whose value is asked for.

    Raises:
        CriteriaError: a name is of no column, an identifier is of neither record, or it is asked for two values.
    """
    asked: dict[str, Literal["stays", "leaves"]] = {}
    for name, identifier in take.items():
        if is_gl_string(name):
            raise no_locus_named(f"take {name}")
        if identifier not in identifiers and (identifier := given_identifier(identifier)) not in identifiers:
            raise CriteriaError(
                f"take {name}", found=InWords("another identifier"), expected="one of the two that are merged"
            )
        columns = replaced_columns(name, "")
        whose: Literal["stays", "leaves"] = "stays" if identifier == identifiers[0] else "leaves"
        twice = "a value that is set, too" if columns <= given else "the other record, too"
        if columns <= given or any(asked.get(column, whose) != whose for column in columns):
            code = ErrorCode.CRITERIA_CONFLICT
            raise CriteriaError(f"take {name}", found=InWords(twice), expected="one of the two", code=code)
        asked |= dict.fromkeys(columns, whose)
    return asked


def _values(own: Person, other: Person) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the loci and attributes that one of two records has, each with its columns."""
    known = own.keys() | other.keys()
    for first, second in zip(TYPINGS[::2], TYPINGS[1::2], strict=True):
        if first in known or second in known:
            yield first[:-2], (first, second)
    yield from ((name, (name,)) for name in in_order(dict.fromkeys(known - set(TYPINGS), "")))


def _finer(reading: TypingReading, locus: str, stays: tuple[str | None, ...], leaves: tuple[str | None, ...]) -> Origin:
    one, other = ((cells[0] or "", cells[1] or "") for cells in (stays, leaves))
    relation = reading.relation(locus, one, other)
    if relation in ("overlapping", "apart"):
        return relation
    return "leaves" if relation == "second" else "stays"


def _merged(planned: list[MergedValue]) -> dict[str, str]:
    """Return the record that stays, before values that were given."""
    person: dict[str, str] = {}
    for value in planned:
        columns = (value.name,) if len(value.stays) == 1 else (f"{value.name}_1", f"{value.name}_2")
        cells = value.leaves if value.origin == "leaves" else value.stays
        person |= {column: cell for column, cell in zip(columns, cells, strict=True) if cell is not None}
    return person


def _refuse_open(planned: list[MergedValue]) -> None:
    """Refuse values of which nobody has said which holds.

    Raises:
        CriteriaError: there are such.
    """
    named = {origin: [value.name for value in planned if value.origin == origin] for origin in _OPEN}
    told = {
        "apart": "typings that exclude each other",
        "overlapping": "typings of which neither is the finer one",
        "different": "different values",
    }
    found = [f"{words} ({', '.join(named[origin])})" for origin, words in told.items() if named[origin]]
    if found:
        two = "look whether they are of two persons; if they are not, " if named["apart"] else ""
        raise CriteriaError(
            "merge",
            found=InWords("; ".join(found)),
            expected="records that say the same, or a word on whose value holds",
            hint=f"{two}take the value of one of the two records, or set another",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
