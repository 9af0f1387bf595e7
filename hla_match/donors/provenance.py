"""What a registry was made from: the donor file, the day, the nomenclature, the multiple allele codes."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hla_match.errors import CriteriaError, ErrorCode, criteria_error
from hla_match.errors.arguments import InWords, check_type
from hla_match.typings.encoding import AmbiguousNulls

_NUMBERS = ("source_rows", "transaction")
"""Entries that are whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a registry was made from; None where it is not known.

    Attributes:
        imported_on: the day of the import; ages are computed at it unless a search names a date.
        source: name of the donor file, without its folder.
        source_sha256: its checksum, in hexadecimal.
        source_rows: its rows, the header excluded.
        nomenclature: title of the nomenclature that the typings were read with.
        nomenclature_checksum: its checksum.
        nomenclature_unverified: names of files of the release without a checksum, separated by commas.
        nomenclature_mismatched: names of files of the release that differ from their checksum, separated by commas.
        nomenclature_cautions: other faults of the release, in words, separated by semicolons.
        codes: source of the multiple allele codes; "" where there were none.
        ambiguous_nulls: what became of null alleles that lists and codes name beside expressed ones.
        transaction: the transaction of the registry's record whose donors these are.
        further: what else whoever made the registry wrote down, by name.

    >>> made_from = Provenance.of({"imported_on": "2026-01-31", "source": "donors.csv", "operator": "night run"})
    >>> made_from.imported_on, made_from.source, made_from.further
    (datetime.date(2026, 1, 31), 'donors.csv', {'operator': 'night run'})
    >>> made_from.entries()
    {'imported_on': '2026-01-31', 'operator': 'night run', 'source': 'donors.csv'}
    """

    imported_on: datetime.date | None = None
    source: str | None = None
    source_sha256: str | None = None
    source_rows: int | None = None
    nomenclature: str | None = None
    nomenclature_checksum: str | None = None
    nomenclature_unverified: str | None = None
    nomenclature_mismatched: str | None = None
    nomenclature_cautions: str | None = None
    codes: str | None = None
    ambiguous_nulls: AmbiguousNulls | None = None
    transaction: int | None = None
    further: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Mapping[str, Any] | Provenance) -> Provenance:
        """Read what a registry was made from; names that are no attribute go to `further`.

        Args:
            entries: texts and whole numbers by name, `imported_on` as a date or its ISO form; or what is one already.

        Raises:
            CriteriaError: an entry is of another type, or `imported_on` is no date, or `ambiguous_nulls` neither drop
                nor keep; all of them at once.
        """
        if isinstance(entries, Provenance):
            return entries
        check_type("provenance", entries, Mapping, expected="a mapping of names to texts and whole numbers")
        own = {one.name for one in dataclasses.fields(cls)} - {"further"}
        faults: list[CriteriaError] = []
        values: dict[str, Any] = {}
        for name, entry in entries.items():
            try:
                values[name] = _value(name, entry)
            except CriteriaError as error:
                faults.append(error)
        if faults:
            raise criteria_error(faults)
        further = {name: value for name, value in values.items() if name not in own}
        return cls(**{name: value for name, value in values.items() if name in own}, further=further)

    def entries(self) -> dict[str, str | int]:
        """Return what is known, by name in alphabetical order, as the manifest of a snapshot holds it."""
        known = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "further"}
        if self.imported_on is not None:
            known["imported_on"] = self.imported_on.isoformat()
        every = {**self.further, **{name: value for name, value in known.items() if value is not None}}
        return dict(sorted(every.items()))


def _value(name: object, entry: object) -> str | int | datetime.date:
    """Return the value of an entry, once it is what its name asks for."""
    place = f"provenance.{name}"
    check_type(place, name, str, expected="a text as its name")
    if name == "imported_on":
        return _day(place, entry)
    if name == "ambiguous_nulls" and entry not in ("drop", "keep"):
        raise CriteriaError(place, found=entry, expected="drop or keep", code=ErrorCode.CRITERIA_UNKNOWN)
    if name in _NUMBERS or (not isinstance(entry, str) and name not in Provenance.__slots__):
        is_whole = hasattr(entry, "__index__") and not isinstance(entry, bool)
        if not is_whole or (name in _NUMBERS and int(entry) < 0):  # type: ignore[call-overload]
            found = InWords(f"a value of type {type(entry).__name__}")
            expected = "a whole number" if name in _NUMBERS else "a text or a whole number"
            raise CriteriaError(place, found=found, expected=expected, code=ErrorCode.CRITERIA_TYPE)
        return int(entry)  # type: ignore[call-overload, no-any-return]
    check_type(place, entry, str, expected="a text")
    return str(entry)


def _day(place: str, entry: object) -> datetime.date:
    if isinstance(entry, datetime.date) and not isinstance(entry, datetime.datetime):
        return entry
    try:
        return datetime.date.fromisoformat(str(entry))
    except ValueError:
        raise CriteriaError(place, found=entry, expected="a date such as 2026-01-31") from None
