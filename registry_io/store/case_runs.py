"""The searches of cases in the case book: what each was made from, and the list that holds since.

A search writes the rows of the donors of whom the list says something else than before. Of a list that was cut, those
up to its last donor are known: whoever stands behind that place was not looked at since.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from hla_match.cases.steps import CaseStep, Step
from hla_match.errors import ErrorCode, RegistryError
from hla_match.errors.arguments import check_day
from registry_io.store.case_recording import refused
from registry_io.store.case_records import state_of
from registry_io.store.journal.case_entry import LEFT, CaseEntry, CaseRow
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import damaged
from registry_io.store.recorded_registry import begin
from registry_io.store.registry_folder import writing_registry

_KEPT_CONTEXTS = 64
ListedRow = tuple[str, bytes]
"""What a list says of a donor as JSON, and what its donors are ordered by before their identifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRun:
    """A search of a case.

    Attributes:
        day: at which ages were computed.
        transaction: whose donors were searched.
        snapshot: that held them.
        is_full: whether all donors were looked at, and not only those who changed.
        since: number of the entry of the search whose list this one brought up to date, or None.
        n_kept: donors that are kept of the list, those beyond the limit too.
        end: key of the last donor up to whom the list is known, whose row says the place; None of a whole list.
        context: everything else that it was made from, as JSON holds it.
    """

    day: datetime.date
    transaction: int
    snapshot: str
    is_full: bool
    since: int | None
    n_kept: int
    end: int | None
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A search that is to be recorded.

    Attributes:
        case: number of the case.
        run: the search; `end` is set here.
        last: identifier of the last donor up to whom the list is known, who is in it; None of a whole list.
        before: number of the entry of the last search that was looked at, or None.
        changed: by identifier the row of each donor of whom the list says something else; None of one who left it.
    """

    case: int
    run: CaseRun
    last: str | None
    before: int | None
    changed: Mapping[str, ListedRow | None] = field(default_factory=dict)


def run_of(journal: Journal, told: Mapping[str, Any]) -> CaseRun:
    """Return a search by what its entry says.

    Raises:
        RegistryError: what it was made from is missing or damaged.
    """
    try:
        return CaseRun(
            day=datetime.date.fromisoformat(told["day"]),
            transaction=told["transaction"],
            snapshot=told["snapshot"],
            is_full=told["full"],
            since=told["since"],
            n_kept=told["kept"],
            end=told["end"],
            context=_read_context(journal.cases.context(told["context"])),
        )
    except (ValueError, TypeError, KeyError):
        raise damaged(journal.path, "a search of a case, which is none") from None


@lru_cache(_KEPT_CONTEXTS)
def _read_context(text: str) -> Mapping[str, Any]:
    """Return what a search was made from; cases that ask alike share it."""
    found: Mapping[str, Any] = json.loads(text)
    return found


def record_runs(
    folder: Path,
    runs: Sequence[NewRun],
    *,
    day: datetime.date,
    actor: str,
    before_commit: Callable[[Journal], None] | None = None,
    on_closed: Callable[[int], None] | None = None,
) -> list[int]:
    """Record searches, all of them or none, and return the numbers of their entries.

    Args:
        folder: the registry's.
        runs: the searches.
        day: on which they were made.
        actor: who searched.
        before_commit: is called when all is written, right before it is brought to the disk.
        on_closed: is called with the number of a case that was closed meanwhile, whose search is then not recorded;
            without it that is an error.

    Raises:
        RegistryError: a case is closed, or was searched by somebody else meanwhile.
        FileError: the folder cannot be written to.
        LockedError: another process writes.
    """
    check_day("day", day)
    found = []
    with writing_registry(folder), Journal.writing(folder) as journal:
        begin(folder, journal)
        latest = journal.latest_transaction()
        assert latest is not None, "a record that has cases has a transaction"
        entries = _entries_of(journal, runs)
        for new in runs:
            if on_closed is not None and not state_of(entries[new.case]).is_open:
                on_closed(new.case)
                continue
            _refuse_late(folder, entries[new.case], new, day)
            entry = journal.cases.put(
                number=new.case,
                step=Step.SEARCH,
                day=day,
                actor=actor,
                txn=latest.number,
                content=_content(journal, new),
                listed=_rows(journal, new.changed),
            )
            found.append(entry.id)
        if before_commit is not None:
            before_commit(journal)
    return found


def _content(journal: Journal, new: NewRun) -> str:
    run, end = new.run, None
    if new.last is not None:
        if new.last not in (keys := journal.cases.keys([new.last])):  # erased meanwhile
            raise _late(journal.path.parent)
        # The place stands in the donor's row alone, which is taken along when the donor is erased.
        end = keys[new.last]
    context = json.dumps(run.context, ensure_ascii=False, sort_keys=True)
    told = {
        "day": run.day.isoformat(),
        "transaction": run.transaction,
        "snapshot": run.snapshot,
        "full": run.is_full,
        "since": run.since,
        "kept": run.n_kept,
        "end": end,
        "context": journal.cases.keep_context(context),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _rows(journal: Journal, changed: Mapping[str, ListedRow | None]) -> list[CaseRow]:
    """Return the rows to write; of a donor who was erased meanwhile none."""
    keys = journal.cases.keys(list(changed))
    return [
        CaseRow(keys[donor_id], LEFT) if row is None else CaseRow(keys[donor_id], *row)
        for donor_id, row in changed.items()
        if donor_id in keys
    ]


def _entries_of(journal: Journal, runs: Sequence[NewRun]) -> Mapping[int, Sequence[CaseEntry]]:
    """Return the entries of the cases of some searches, of several in one query."""
    found: dict[int, list[CaseEntry]] = {one.case: [] for one in runs}
    for entry in journal.cases.entries(runs[0].case if len(runs) == 1 else None):
        if entry.number in found:
            found[entry.number].append(entry)
    return found


def _refuse_late(folder: Path, entries: Sequence[CaseEntry], new: NewRun, day: datetime.date) -> None:
    """Refuse a search of a case that is closed, or whose list is another one than the search began with."""
    refusal = state_of(entries).refusal(CaseStep(step=Step.SEARCH, day=day))
    if refusal is not None:
        raise refused(folder, refusal)
    last = next((one.id for one in reversed(entries) if one.step == Step.SEARCH), None)
    if last != new.before:
        raise _late(folder)


def _late(folder: Path) -> RegistryError:
    return RegistryError(
        str(folder),
        found="a case whose list somebody else changed meanwhile",
        expected="the list that the search began with",
        hint="search again",
        code=ErrorCode.CASE_STEP,
    )
