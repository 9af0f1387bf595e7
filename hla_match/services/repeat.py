"""``repeat``: every open case against what changed in the registry since its last search."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.cases.steps import Refusal
from hla_match.errors import ErrorCode, HlaMatchError, RegistryError, TypingError
from hla_match.errors.arguments import check_day
from hla_match.language import translatable
from hla_match.services.batch_outputs import existing_error
from hla_match.services.case_lists import CaseLists, FoundList, search_request
from hla_match.services.notices import Notices, OnNotice, OnProgress
from hla_match.services.outputs import output_error
from hla_match.services.repeat_report import RepeatedCase, RepeatReport, failed_case, repeated_case, whole_lists
from hla_match.services.report_files import report_files, write_report
from hla_match.services.searched_registry import SearchedRegistry, check_folder
from registry_io.disk.given_path import given_path
from registry_io.disk.writer_lock import user_name
from registry_io.store.case_recording import refused
from registry_io.store.case_records import CaseRecord, list_cases, show_case
from registry_io.store.case_runs import record_runs
from registry_io.store.journal.journal import Journal

if TYPE_CHECKING:
    from hla_match.estimation.estimated_frequencies import Progress


def repeat(
    registry: str | Path,
    *,
    full: bool = False,
    out: str | Path | None = None,
    lists: str | Path | None = None,
    overwrite: bool = False,
    raw_text: bool = False,
    today: datetime.date | None = None,
    actor: str = "",
    on_notice: OnNotice | None = None,
    on_progress: OnProgress | None = None,
) -> RepeatReport:
    """Bring the list of every open case up to date, and return what changed since its last search.

    Only those donors are looked at of whom a list may say something else; where that is not exact, all are, and the
    case says why. What was found is recorded, so that the next time begins from there.

    Args:
        registry: folder of the registry.
        full: whether all donors are looked at for every case.
        out: file of the changes: CSV, Parquet, JSON lines or Excel, by its ending.
        lists: file of the whole list of every open case; it needs `full`.
        overwrite: whether files of these names may be replaced.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        today: the day at which ages are computed; by default the clock's.
        actor: who searches; by default the user's name.
        on_notice, on_progress: are called with each notice; with the number of cases that are done, and of all.

    Raises:
        CriteriaError: an option has a value that it cannot have.
        FileError: a file cannot be written, or is there already; the case book is then as it was.
        RegistryError: there is no registry in the folder, it is damaged, or it changed while it was searched.
        LockedError: another process writes.
    """
    opened = open_repeat(registry, full=full, out=out, lists=lists, overwrite=overwrite, on_notice=on_notice)
    with opened as cases:
        return cases.run(raw_text=raw_text, today=today, actor=actor, on_progress=on_progress)


@contextmanager
def open_repeat(
    registry: str | Path,
    *,
    full: bool = False,
    out: str | Path | None = None,
    lists: str | Path | None = None,
    overwrite: bool = False,
    on_notice: OnNotice | None = None,
    only: int | str | None = None,
) -> Iterator[OpenRepeat]:
    """Yield the open cases of a registry; nobody else writes the files meanwhile.

    Args:
        registry: folder of the registry.
        full, out, lists, overwrite, on_notice: as in `repeat`.
        only: number of the only case that is searched, or the code of its patient; None for all.

    Raises:
        CriteriaError, FileError, RegistryError, LockedError: as `repeat`.
    """
    check_folder(registry)
    folder = Path(registry)
    table, whole = (None if one is None else given_path("out", one) for one in (out, lists))
    if whole is not None and not full:
        raise output_error(whole, "whole lists where all donors are looked at")
    files = [one for one in (table, whole) if one is not None]
    if only is None:
        cases = [one for one in list_cases(folder) if one.is_open]
    else:
        cases = [show_case(folder, only)]
    with report_files(folder, files, None) if files else nullcontext():
        for path in files:
            if path.exists() and not overwrite:
                raise existing_error(path)
        yield OpenRepeat(folder, tuple(cases), full, table, whole, Notices(on_notice), only is not None)


@dataclass(frozen=True, slots=True)
class OpenRepeat:
    """Cases that can be searched; `open_repeat` makes it.

    Attributes:
        folder: the registry's.
        cases: the cases.
        full: whether all donors are looked at.
        out: file of the changes, or None.
        lists: file of the whole lists, or None.
        notices: takes what there is to say.
        is_single: whether one case was asked for, which is searched or an error.
    """

    folder: Path
    cases: tuple[CaseRecord, ...]
    full: bool
    out: Path | None
    lists: Path | None
    notices: Notices
    is_single: bool = False

    @property
    def has_probabilities(self) -> bool:
        """Whether a case may ask for match probabilities."""
        return any((one.request.frequencies or "").strip().lower() != "none" for one in self.cases)

    def run(
        self,
        *,
        raw_text: bool = False,
        today: datetime.date | None = None,
        actor: str = "",
        on_progress: OnProgress | None = None,
        on_iteration: Progress | None = None,
    ) -> RepeatReport:
        """Search the cases, write the files and record the searches; arguments and errors are those of `repeat`."""
        report, _ = self.found(
            raw_text=raw_text, today=today, actor=actor, on_progress=on_progress, on_iteration=on_iteration
        )
        return report

    def found(
        self,
        *,
        raw_text: bool = False,
        today: datetime.date | None = None,
        actor: str = "",
        on_progress: OnProgress | None = None,
        on_iteration: Progress | None = None,
    ) -> tuple[RepeatReport, list[FoundList]]:
        """Do what `run` does, and return the lists, too."""
        day = datetime.date.today() if today is None else today
        check_day("today", day)
        lists, repeated = self._searched(day, on_progress, on_iteration)
        transaction = lists[0].new.run.transaction if lists else None
        closed: list[int] = []

        def report() -> RepeatReport:
            cases = tuple(_closed(one) if one.number in closed else one for one in repeated)
            return RepeatReport(cases=cases, transaction=transaction, out=self.out, lists=self.lists)

        def write(acknowledge: Callable[[], None] | None = None) -> None:
            kept = [one for one in lists if one.case.number not in closed]
            tables = [(self.out, report().to_polars()), (self.lists, whole_lists(kept))]
            named = {path: table for path, table in tables if path is not None}
            if named:
                write_report(named, {}, raw_text=raw_text, acknowledge=acknowledge)

        if lists:
            record_runs(
                self.folder,
                [one.new for one in lists],
                day=day,
                actor=actor or user_name(),
                before_commit=lambda journal: write(journal.commit),
                # Somebody's work of the day must not spoil the searches of all others.
                on_closed=None if self.is_single else closed.append,
            )
        else:
            write()
        return report(), lists

    def _searched(
        self, day: datetime.date, on_progress: OnProgress | None, on_iteration: Progress | None
    ) -> tuple[list[FoundList], list[RepeatedCase]]:
        """Search the cases, those that ask for the same frequencies and scope together."""
        lists: list[FoundList] = []
        repeated: list[RepeatedCase] = []
        groups: dict[tuple[object, ...], CaseLists] = {}
        scopes: dict[str, tuple[str, ...]] = {}
        if not self.cases:
            return [], []
        with Journal.open(self.folder) as journal:
            secret = journal.cases.secret
            for done, case in enumerate(self.cases, start=1):
                try:
                    asked = case.request.asked
                    if asked not in scopes:
                        # A policy may set the scope, too.
                        scopes[asked] = search_request(case.request, day).criteria.loci
                    key = (case.request.frequencies, case.request.global_frequencies, scopes[asked])
                    if key not in groups:
                        groups[key] = self._opened(case, day, on_iteration)
                    found = groups[key].find(journal, case, full=self.full)
                except TypingError as error:
                    if self.is_single:
                        raise
                    repeated.append(failed_case(case, f"{error.reason}: expected {error.expected}"))
                    continue
                except HlaMatchError as error:
                    # The record has no more of it from which a list could be brought up to date.
                    if isinstance(error, RegistryError) and case.number in journal.cases.erased:
                        if self.is_single:
                            raise refused(self.folder, Refusal.ERASED) from None
                        repeated.append(_closed(case))
                        continue
                    if len(self.cases) == 1 or not _is_of_case(error):
                        raise
                    repeated.append(failed_case(case, str(error)))
                    continue
                lists.append(found)
                repeated.append(repeated_case(found, journal, secret))
                if on_progress is not None:
                    on_progress(done, len(self.cases))
        _refuse_different(self.folder, groups)
        return lists, repeated

    def _opened(self, case: CaseRecord, day: datetime.date, on_iteration: Progress | None) -> CaseLists:
        searched = SearchedRegistry.open(self.folder, search_request(case.request, day), self.notices).ready(
            on_iteration
        )
        searched.note_without()
        return CaseLists(self.folder, searched, day)


def _closed(case: CaseRecord | RepeatedCase) -> RepeatedCase:
    """Return a case that was closed, or erased, while it was searched."""
    return RepeatedCase(
        number=case.number, patient_code=case.patient_code, error=translatable("the case was closed meanwhile")
    )


def _is_of_case(error: HlaMatchError) -> bool:
    """Say whether an error is of one case, so that the others can be searched."""
    return error.code.startswith(("criteria.", "frequencies.", "file."))


def _refuse_different(folder: Path, groups: Mapping[tuple[object, ...], CaseLists]) -> None:
    """Refuse searches of registries of two transactions: somebody wrote while they were opened."""
    if len({one.transaction for one in groups.values()}) > 1:
        raise RegistryError(
            str(folder),
            found="a registry that changed while the cases were searched",
            expected="one registry for all cases",
            hint="start again",
            code=ErrorCode.REGISTRY_CHANGED,
        )
