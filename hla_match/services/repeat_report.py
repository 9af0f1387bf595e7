"""What ``repeat`` reports: by case the donors who are new, changed or gone, each with the reason, as a table, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hla_match.cases.blind_codes import donor_code
from hla_match.cases.list_changes import ChangedDonor, ListChange, matches
from hla_match.language import translated
from hla_match.services.case_lists import FoundList
from hla_match.services.registry_changes import RecordChange, RegistryChanges
from registry_io.store.case_records import CaseRecord
from registry_io.store.journal.journal import Journal

COLUMNS = {
    "case": pl.UInt32,
    "patient_code": pl.String,
    "change": pl.String,
    "donor_id": pl.String,
    "donor_code": pl.String,
    "matches_before": pl.String,
    "matches_after": pl.String,
    "p0_before": pl.Float64,
    "p0_after": pl.Float64,
    "reason": pl.String,
}
"""Columns of the table of changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedDonor:
    """A donor of whom the list of a case says something else than at its last search.

    Attributes:
        donor_id: the identifier.
        donor_code: the code in this case.
        change: new, changed or gone.
        reason: why, in words.
        before: what the list said: `best`, `worst`, `grades`, `p`, `age`; None of a new donor.
        after: what it says; None of one who is gone.
    """

    donor_id: str
    donor_code: str
    change: ListChange
    reason: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedCase:
    """A case after its search.

    Attributes:
        number: of the case.
        patient_code: the code of its patient.
        why_full: why all donors were looked at, in words; "" where only those who changed were.
        changes: donors who are new, changed or gone.
        n_listed: donors of the list.
        n_erased: donors of the list before whose records were erased since; nobody knows who they were.
        error: why the case could not be searched; "" where it was.
    """

    number: int
    patient_code: str
    why_full: str = ""
    changes: tuple[RepeatedDonor, ...] = ()
    n_listed: int = 0
    n_erased: int = 0
    error: str = ""

    def n_of(self, change: ListChange) -> int:
        """Return the number of donors with a change."""
        return sum(one.change is change for one in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatReport:
    """What the open cases of a registry have become.

    Attributes:
        cases: each open case, by number.
        transaction: whose donors were searched.
        out: the table of changes, or None.
        lists: the table of the whole lists, or None.
    """

    cases: tuple[RepeatedCase, ...]
    transaction: int | None
    out: Path | None = None
    lists: Path | None = None

    def to_polars(self) -> pl.DataFrame:
        """Return one row a change, as `COLUMNS`; of erased donors and cases not searched without a donor."""
        rows = [row for case in self.cases for row in _rows(case)]
        return pl.DataFrame(rows, COLUMNS, orient="row")


def failed_case(case: CaseRecord, why: str) -> RepeatedCase:
    """Return a case that could not be searched."""
    return RepeatedCase(number=case.number, patient_code=case.patient_code, error=why)


def repeated_case(found: FoundList, journal: Journal, secret: bytes) -> RepeatedCase:
    """Return what became of a case, with the reasons."""
    number = found.case.number
    keys = journal.cases.keys([one.donor_id for one in found.changes])
    changes = tuple(
        RepeatedDonor(
            donor_id=one.donor_id,
            donor_code=donor_code(secret, number, keys[one.donor_id]) if one.donor_id in keys else "",
            change=one.change,
            reason=reason_of(one, found.since, found.why_other),
            before=one.before,
            after=one.after,
        )
        for one in found.changes
    )
    return RepeatedCase(
        number=number,
        patient_code=found.case.patient_code,
        why_full=found.why_full,
        changes=changes,
        n_listed=found.n_listed,
        n_erased=found.n_erased,
    )


def reason_of(change: ChangedDonor, since: RegistryChanges | None, why_other: str) -> str:
    """Return why a list says something else of a donor.

    Args:
        change: of the donor.
        since: what changed in between.
        why_other: what else than the donors is another one than before, in words; "" where nothing is.
    """
    of_record = None if since is None else since.differences.get(change.donor_id)
    if of_record is not None and since is not None:
        return _of_record(change.donor_id, of_record, since)
    if why_other:
        return why_other
    if since is not None and since.has_birthday(change.donor_id):
        return translated("another age since then")
    if change.change is ListChange.NEW:
        return translated("others left the list")
    if change.change is ListChange.GONE:
        return translated("others stand before")
    return translated("alleles of other donors came or went")


def _of_record(donor_id: str, of_record: RecordChange, since: RegistryChanges) -> str:
    if of_record.what == "added":
        return translated("came into the registry")
    if of_record.what == "withdrawn":
        into = since.merged.get(donor_id)
        return translated("left the registry") if into is None else translated("merged into {other}", other=into)
    return "; ".join(of_record.values)


def _rows(case: RepeatedCase) -> Iterator[Sequence[object]]:
    if case.error:
        # Who reads the file alone must not take it for a case without a change.
        yield (case.number, case.patient_code, "not searched", None, None, None, None, None, None, case.error)
    for one in case.changes:
        yield (
            case.number, case.patient_code, str(one.change), one.donor_id, one.donor_code, matches(one.before) or None,
            matches(one.after) or None, _p0(one.before), _p0(one.after), one.reason,
        )  # fmt: skip
    for _ in range(case.n_erased):
        gone = translated("the record was erased")
        yield (case.number, case.patient_code, str(ListChange.GONE), None, None, None, None, None, None, gone)


def _p0(told: Mapping[str, Any] | None) -> float | None:
    return None if told is None or told["p"] is None else told["p"][0]


def whole_lists(lists: Sequence[FoundList]) -> pl.DataFrame:
    """Return the whole lists of cases, with the codes of the patients in front."""
    frames = []
    for one in lists:
        if one.found is None:
            continue
        shown = one.found if one.case.request.criteria.limit is None else one.found.head(one.n_listed)
        code = pl.lit(one.case.patient_code).alias("patient_code")
        frames.append(shown.to_polars().select(pl.lit(one.case.number).cast(pl.UInt32).alias("case"), code, pl.all()))
    empty = pl.DataFrame(schema={"case": pl.UInt32, "patient_code": pl.String})
    return pl.concat([empty, *frames], how="diagonal_relaxed")
