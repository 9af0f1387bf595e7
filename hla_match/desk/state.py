"""What the desk keeps while it runs: the registry, the searches of all tabs, and the work that is under way."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import polars as pl

from hla_match.desk.changed_search import Further
from hla_match.desk.erasures import Erasures
from hla_match.desk.forms import SearchForm
from hla_match.desk.jobs import Job, Jobs
from hla_match.desk.kept import Kept
from hla_match.desk.list_query import ON_PAGE, choices
from hla_match.desk.overview import Overview
from hla_match.desk.registries import OnText, Registries
from hla_match.desk.rendered_rows import RenderedRows
from hla_match.desk.result_file import ResultFile
from hla_match.donors.registry import Registry
from hla_match.errors import HlaMatchError
from hla_match.estimation.estimated_frequencies import Progress
from hla_match.language import language
from hla_match.matching.criteria import Patient
from hla_match.reporting.explanation import Explanation
from hla_match.reporting.list_view import ListView, list_view
from hla_match.reporting.match_frame import order_frame
from hla_match.searches.match_list import MatchList
from hla_match.services.executors import n_processors
from hla_match.services.repeat_report import RepeatReport
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.disk.writer_lock import user_name
from registry_io.store.case_records import CaseRecord

MOST_LISTS = 64
"""Lists that are kept; of 2,000 donors each takes a few megabytes."""

MOST_VERSIONS = 3
"""Versions of the registry whose lists are kept; each holds a registry in memory."""

_MOST_DONORS = 512
_MOST_NOTES = 256
_MOST_REPEATS = 16
_MOST_FILES = 16


@dataclass
class FoundList:
    """A list, and what it was asked for with.

    Attributes:
        found: the donors.
        form: the fields of the search, to change them.
        searched: the registry as it was searched.
        case: number of the case that the list is of, or that was opened from it; None without one.
        further: what was asked for beyond the fields of the form.
    """

    found: MatchList
    form: SearchForm
    searched: SearchedRegistry
    case: int | None = None
    further: Further = field(default_factory=Further)
    _frame: pl.DataFrame | None = None
    _views: dict[str, ListView] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def frame(self) -> pl.DataFrame:
        """What the list is filtered and sorted by, made once."""
        with self._lock:
            if self._frame is None:
                self._frame = order_frame(self.found)
            return self._frame

    @property
    def view(self) -> ListView:
        """What stands around the donors, in the language of the moment; made once in each."""
        if language() not in self._views:
            self._views[language()] = list_view(self.found, first=0)
        return self._views[language()]

    @cached_property
    def choices(self) -> dict[str, list[tuple[str, str | None]]]:
        """The values that filters can take."""
        return choices(self.frame)

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What there is to say beside the list's own notices, once each."""
        return tuple(dict.fromkeys(map(str, self.searched.notices.all)))

    @cached_property
    def nearest(self) -> list[tuple[Explanation, int | None]]:
        """Of an empty list the donors who come nearest to the criteria, and their rows in the registry; else nobody."""
        if self.found.n_found:
            return []
        identifiers = self.found.registry.attributes["donor_id"]
        return [(one, identifiers.index_of(one.donor_id)) for one in self.found.nearest()]

    @property
    def loci(self) -> tuple[str, ...]:
        """The loci that were compared."""
        return tuple(one.locus for one in self.found.loci)

    @property
    def version(self) -> Registry:
        """The version of the registry that was searched."""
        return self.searched.registry

    def is_answer_to(self, form: SearchForm, asked: SearchRequest, ready: SearchedRegistry) -> bool:
        """Say whether a search would find this list again.

        Args:
            form: of the search.
            asked: what it asks for.
            ready: what would be searched.
        """
        is_same_registry = self.version is ready.registry and self.searched.sets is ready.sets
        # A list of a case leads to that case; another search of the same may be for another one.
        return is_same_registry and self.case is None and self.form == form and self.searched.request == asked


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report that is waiting to be fetched.

    Attributes:
        content: its bytes.
        kind: what it is.
        name: what the file is called.
        version: of the registry that was searched.
        case: number of the case whose list it is of; None without one.
    """

    content: bytes
    kind: str
    name: str
    version: Registry
    case: int | None = None


_OfCase = TypeVar("_OfCase", FoundList, ReportFile)


class Desk:
    """The state of the desk, which all requests share.

    Args:
        folder: of the registry.
        on_fault: is called with a fault of the program.
        results: the results of a night run, or None.

    Raises:
        RegistryError: there is no registry in the folder, or it is damaged.
    """

    def __init__(
        self, folder: Path, *, on_fault: Callable[[BaseException], None], results: ResultFile | None = None
    ) -> None:
        self.registries = Registries(folder)
        self.results = results
        self.lists: Kept[FoundList] = Kept(MOST_LISTS)
        self.rows = RenderedRows()
        # Pages of donors who stand in no list: the address has a key in place of the identifier.
        self.donors: Kept[str] = Kept(_MOST_DONORS)
        # What a page says once after a step of a case, and what became of the lists of cases.
        self.notes: Kept[tuple[str, ...]] = Kept(_MOST_NOTES)
        self.repeats: Kept[RepeatReport] = Kept(_MOST_REPEATS)
        self.overview = Overview()
        self._erasures = Erasures(folder)
        self.jobs = Jobs(max(2, n_processors()), on_fault)
        # A report in PDF takes long, and no search shall wait for it.
        self.reports = Jobs(1, on_fault)
        self.files: Kept[ReportFile] = Kept(_MOST_FILES)
        self.actor = user_name()

    def keep(self, listed: FoundList) -> str:
        """Keep a list and return its key; those of the versions that were longest unused are forgotten."""
        key = self.lists.add(listed)
        versions: list[Registry] = []
        for name, one in reversed(self.lists.items()):
            if any(one.version is known for known in versions):
                continue
            if len(versions) < MOST_VERSIONS:
                versions.append(one.version)
            else:
                self.lists.remove(name)
        return key

    def list_of(self, key: str) -> FoundList | None:
        """Return the list of a key.

        None where it is kept no longer: also of a case that was erased meanwhile, and of an earlier version of the
        registry where records of donors were erased since.
        """
        return self._unless_erased(self.lists, key)

    def file_of(self, key: str) -> ReportFile | None:
        """Return the report of a key likewise."""
        return self._unless_erased(self.files, key)

    def _unless_erased(self, kept: Kept[_OfCase], key: str) -> _OfCase | None:
        found = kept.get(key)
        if found is not None and self._is_erased(found):
            kept.remove(key)
            return None
        return found

    def _is_erased(self, found: FoundList | ReportFile) -> bool:
        if found.case is not None and self._erasures.has_case(found.case):
            return True
        return self._is_behind(found.version.provenance.transaction)

    def changes_of(self, key: str) -> RepeatReport | None:
        """Return what became of the lists of cases; None likewise."""
        found = self.repeats.get(key)
        if found is None:
            return None
        # Where no case was searched, nobody is named.
        is_behind = found.transaction is not None and self._is_behind(found.transaction)
        if is_behind or any(self._erasures.has_case(one.number) for one in found.cases):
            self.repeats.remove(key)
            return None
        return found

    def _is_behind(self, transaction: int | None) -> bool:
        """Say whether donors of a transaction may have been erased since; those of the valid version were not."""
        valid = self.registries.registry.provenance.transaction
        return self._erasures.may_follow(transaction) and transaction != valid

    def same_list(self, form: SearchForm, asked: SearchRequest, ready: SearchedRegistry) -> str | None:
        """Return the key of a list that a search would find again, or None; see `FoundList.is_answer_to`."""
        kept = reversed(self.lists.items())
        return next((key for key, one in kept if one.is_answer_to(form, asked, ready)), None)

    def is_old(self, listed: FoundList) -> bool:
        """Say whether the registry has changed since a list was searched."""
        return listed.version is not self.registries.registry

    def who_left(self, cases: Iterable[CaseRecord]) -> frozenset[str]:
        """Return the identifiers of the donors of cases whom the registry has no longer; none where it is damaged."""
        asked = {one.donor_id for case in cases for one in case.donors if one.donor_id is not None}
        if not asked:
            return frozenset()
        try:
            identifiers = self.registries.registry.attributes["donor_id"]
        except HlaMatchError:
            return frozenset()
        return frozenset(asked.difference(identifiers.filter(identifiers.is_in(list(asked)))))

    def make_ready(self, request: SearchRequest, on_text: OnText, on_iteration: Progress | None = None) -> None:
        """Do what the first search would wait for: frequencies, kernels, and the figures of the registry.

        Args:
            request: a search as the page asks for it.
            on_text: is called with what is being done.
            on_iteration: is called after every iteration of an estimation.

        Raises:
            HlaMatchError: as `hla_match.services.search.search`.
        """
        ready = self.registries.ready(request, on_text, on_iteration)
        registry = ready.searched.registry
        if registry.n_donors:
            typings = {locus: registry.reported_typings.texts(locus, 0) for locus in registry.loci}
            # A donor who is typed at no locus in scope is no patient.
            with suppress(HlaMatchError):
                found = ready.matcher.search(Patient(typings=typings), request.criteria)
                list_view(found, first=ON_PAGE)
        self.jobs.start(partial(self._figures_made, registry), back="/")

    def _figures_made(self, registry: Registry, _: Job) -> str:
        self.overview.of(registry, datetime.date.today())
        return "/registry"

    def job(self, key: str) -> Job | None:
        """Return the work of a key, whatever it is on."""
        return self.jobs.get(key) or self.reports.get(key)

    @property
    def registry_title(self) -> str:
        """What pages call the registry: the name of its folder."""
        return self.folder.resolve().name

    @property
    def folder(self) -> Path:
        """The registry's folder."""
        return self.registries.folder
