"""The registry that all tabs search: opened once, with what each set of frequencies needs, and again after a change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hla_match.donors.registry import Registry
from hla_match.estimation.estimated_frequencies import Iteration, Progress
from hla_match.language import translated
from hla_match.matching.criteria import Patient
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.services.executors import n_processors
from hla_match.services.notices import Notice, NoticeKind, Notices
from hla_match.services.search import search_opened
from hla_match.services.search_logging import log_patient
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.nomenclature_store import data_folder
from registry_io.store.registry_store import is_current, open_registry

OWN, WITHOUT = "own", "none"
"""What the page calls the registry's own frequencies, and none."""

_MOST_SETS = 8
"""Sets of frequencies and loci that are kept ready; the one that was made first is forgotten."""

_LOOK = 0.2
"""Seconds between two looks whether somebody still waits."""

OnText = Callable[[str], None]
"""Is called with what is being done; it raises where nobody waits for it any more."""


def frequency_choices() -> tuple[str, ...]:
    """Return the sets of frequencies that a page can choose: the registry's own, none, and those installed."""
    return (OWN, WITHOUT, *FrequencyStore(data_folder()).names())


@dataclass(frozen=True, slots=True)
class Ready:
    """A registry that can be searched at once.

    Attributes:
        searched: the registry and its frequencies.
        matcher: searches it.
        notices: what there is to say of the frequencies.
    """

    searched: SearchedRegistry
    matcher: Matcher
    notices: tuple[Notice, ...]


@dataclass(slots=True)
class _Version:
    """One version of the registry, and what was made ready of it.

    Attributes:
        registry: as it was opened.
        ready: by frequencies, when they were installed, and loci.
        making: held while something is made ready, which takes all processors.
    """

    registry: Registry
    ready: OrderedDict[tuple[str, int, tuple[str, ...]], Ready] = field(default_factory=OrderedDict)
    making: threading.Lock = field(default_factory=threading.Lock)

    def matcher_of(self, checksum: str | None) -> Matcher | None:
        """Return what searches the registry under frequencies, by their checksum."""
        return next((one.matcher for one in self.ready.values() if _checksum(one.searched) == checksum), None)


class Registries:
    """A registry's folder, of which the valid version is searched; threads may share it.

    Args:
        folder: the registry's.

    Raises:
        RegistryError: there is no registry in the folder, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._version = _Version(open_registry(folder))

    @property
    def registry(self) -> Registry:
        """The registry as it is now.

        Raises:
            RegistryError: there is none any more, or it is damaged.
        """
        return self._valid().registry

    def ready(self, request: SearchRequest, on_text: OnText, on_iteration: Progress | None = None) -> Ready:
        """Return the registry with the frequencies of a request, which are estimated first where nobody did.

        Args:
            request: what is asked for, checked.
            on_text: is called with what is being done, where that takes long.
            on_iteration: is called after every iteration of an estimation, in place of `on_text`.

        Raises:
            HlaMatchError: as `hla_match.services.search.search`.
        """
        version = self._valid()
        name = OWN if request.frequencies is None else str(request.frequencies)
        installed_at = 0 if name in (OWN, WITHOUT) else FrequencyStore(data_folder()).installed_at(name)
        key = (name, installed_at, request.criteria.loci)
        found = version.ready.get(key)
        while found is None and not version.making.acquire(timeout=_LOOK):
            on_text(translated("Waiting for another search, which makes the registry ready ..."))
            found = version.ready.get(key)
        if found is not None:
            return found
        try:
            found = version.ready.get(key)
            if found is None:
                found = version.ready[key] = self._made(version, request, on_text, on_iteration)
                while len(version.ready) > _MOST_SETS:
                    version.ready.popitem(last=False)
        finally:
            version.making.release()
        return found

    def search(
        self, request: SearchRequest, patient: Patient, actor: str, on_text: OnText
    ) -> tuple[MatchList, SearchedRegistry]:
        """Search for one patient as the command does, with its entry in the log of searches.

        Returns:
            The donors, and the registry as it was searched, with the notices of the search.

        Raises:
            HlaMatchError: as `hla_match.services.search.search`.
        """
        ready = self.ready(request, on_text)
        on_text(translated("Searching ..."))
        notices = Notices()
        for notice in ready.notices:
            notices.add(notice.kind, notice.text, notice.about)
        searched = replace(ready.searched, request=request, notices=notices)
        return search_opened(searched, patient, actor=actor, matcher=ready.matcher), searched

    def log_again(self, ready: Ready, request: SearchRequest, patient: Patient, actor: str) -> bool:
        """Write a search into the log whose list is known; say whether it stands there, as every search has to."""
        notices = Notices()
        log_patient(replace(ready.searched, request=request, notices=notices), patient, actor)
        return not notices.all

    def _valid(self) -> _Version:
        if not is_current(self.folder, self._version.registry):
            with self._lock:
                if not is_current(self.folder, self._version.registry):
                    self._version = _Version(open_registry(self.folder))
        return self._version

    def _made(self, version: _Version, request: SearchRequest, on_text: OnText, on_iteration: Progress | None) -> Ready:
        notices = Notices(lambda notice: on_text(str(notice)))

        def tell(iteration: Iteration) -> None:
            on_text(translated("Estimating haplotype frequencies: iteration {n}", n=iteration.number))

        searched = SearchedRegistry.of(self.folder, version.registry, request, notices).ready(on_iteration or tell)
        matcher = version.matcher_of(_checksum(searched))
        if matcher is None:
            matcher = searched.matcher(workers=n_processors())
            matcher.make_ready()
        return Ready(searched, matcher, tuple(one for one in notices.all if one.kind != NoticeKind.STATE))


def _checksum(searched: SearchedRegistry) -> str | None:
    return None if searched.sets is None else searched.sets.frequencies.checksum
