"""A registry opened for searches: its donors, and the haplotype frequencies that give them probabilities."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_type
from hla_match.matching.criteria import SearchCriteria
from hla_match.services.counts import counted
from hla_match.services.executors import n_processors
from hla_match.services.frequency_sets import FrequencySets
from hla_match.services.notices import NoticeKind, Notices
from hla_match.services.own_frequencies import OwnFrequencies
from registry_io.store.frequency_store import WITHOUT, FrequencyInput
from registry_io.store.past_registry import n_erased_since
from registry_io.store.registry_store import open_registry

_OWN = re.compile(r"own@([1-9][0-9]{0,8})", re.IGNORECASE)
_LIKE_OWN = re.compile(r"own@.*", re.IGNORECASE | re.DOTALL)

if TYPE_CHECKING:
    from hla_match.choice.policies import RankingPolicy
    from hla_match.estimation.estimated_frequencies import Progress
    from hla_match.searches.matcher import Matcher
    from hla_match.services.policy_files import PolicyInput
    from registry_io.store.worker_registry import RegistrySource


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """Which donors are wanted, in which order, and under which frequencies.

    Attributes:
        criteria: which donors.
        policy: the order, its name or its TOML file; None for ``wmda`` with frequencies, else ``plain``.
        frequencies: haplotype frequencies as `registry_io.open_frequencies` takes them; None for the registry's own,
            which are estimated once, ``"own@3"`` for those of its donors at transaction 3, ``"none"`` to go without.
        global_frequencies: those that are tried where the first explain nothing, or None.
        verify: whether every file of the registry is compared with its checksum, even files that were compared before.
        at: transaction or day whose registry is searched, as `registry_io.open_registry` takes it; None for the valid
            one.
    """

    criteria: SearchCriteria = field(default_factory=SearchCriteria)
    policy: PolicyInput | None = None
    frequencies: FrequencyInput | None = None
    global_frequencies: FrequencyInput | None = None
    verify: bool = False
    at: int | datetime.date | None = None

    @property
    def goes_without(self) -> bool:
        """Whether no frequencies are wanted, not even the registry's own."""
        return isinstance(self.frequencies, str) and self.frequencies.strip().lower() == WITHOUT

    @property
    def own_of(self) -> int | None:
        """The transaction from whose donors own frequencies are wanted, as ``own@3`` says; else None."""
        named = _OWN.fullmatch(self.frequencies.strip()) if isinstance(self.frequencies, str) else None
        return None if named is None else int(named[1])

    @property
    def named_frequencies(self) -> FrequencyInput | None:
        """The frequencies that are named, if any, other than the registry's own."""
        return None if self.goes_without or self.own_of is not None else self.frequencies

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of frequencies, which a result must not replace."""
        return source_files(self.named_frequencies, self.global_frequencies)

    def checked(self) -> SearchRequest:
        """Return the request with the policy itself, and with the criteria that its filters set.

        What does not fit together is refused.

        Raises:
            CriteriaError: there is no such policy, it needs frequencies that are not wanted, there are global
                frequencies only, own frequencies are of no number of a transaction, or the criteria are none.
            FileError: the policy's file cannot be read, or holds no policy.
        """
        from hla_match.choice.policies import policy_for
        from hla_match.services.policy_files import open_policy

        check_type("criteria", self.criteria, SearchCriteria, expected="SearchCriteria")
        check_fallback(self.named_frequencies, self.global_frequencies)
        _check_own(self.named_frequencies)
        if self.policy is None:
            return self
        ranking = policy_for(open_policy(self.policy), has_probabilities=not self.goes_without)
        return replace(self, policy=ranking, criteria=ranking.criteria_of(self.criteria))


@dataclass(frozen=True, slots=True)
class SearchedRegistry:
    """A registry of a folder, and the frequencies asked for, coded for it.

    Attributes:
        folder: the registry's folder.
        registry: opened from it.
        request: what was asked for.
        sets: the frequencies, or None.
        notices: takes what there is to say.
        own: the registry's own frequencies, where these are computed with; None where others are named or none wanted.
    """

    folder: Path
    registry: Registry
    request: SearchRequest
    sets: FrequencySets | None
    notices: Notices
    own: OwnFrequencies | None = None

    @classmethod
    def open(cls, folder: str | Path, request: SearchRequest, notices: Notices) -> SearchedRegistry:
        """Open the registry and read the frequencies; nothing is compiled for that.

        Raises:
            RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.
            FileError: frequencies are neither a file nor installed, or cannot be read.
            CriteriaError: the folder is no path, the registry's nomenclature can read no haplotype, or the policy needs
                probabilities of which there are none.
        """
        check_folder(folder)
        registry = open_registry(folder, verify=request.verify, at=request.at)
        if request.at is not None:
            made_from = registry.provenance
            text = f"as it was at transaction {made_from.transaction}, of {made_from.imported_on}"
            if n_erased := n_erased_since(Path(folder), made_from.transaction or 0):
                text = f"{text}, without {counted(n_erased, 'record')} erased since then"
            notices.add(NoticeKind.STATE, f"{counted(registry.n_donors, 'donor')}: the registry {text}")
        return cls.of(Path(folder), registry, request, notices)

    @classmethod
    def of(cls, folder: Path, registry: Registry, request: SearchRequest, notices: Notices) -> SearchedRegistry:
        """Return an opened registry with the frequencies that a request asks for.

        Args:
            folder: the registry's.
            registry: opened from it.
            request: what is asked for.
            notices: takes what there is to say.

        Raises:
            FileError, CriteriaError: as `open`.
        """
        if request.named_frequencies is not None:
            sets = FrequencySets.load(request.named_frequencies, request.global_frequencies, registry, notices)
            return cls(folder, registry, request, sets, notices)
        if request.goes_without:
            return cls(folder, registry, request, None, notices)
        own = OwnFrequencies.look(folder, registry, request.criteria, notices, of=request.own_of, verify=request.verify)
        found = cls(
            folder, registry, request, None if own.kept is None else FrequencySets(own.kept, None), notices, own
        )
        if not found.will_predict:
            _ = found.ranking
        return found

    @property
    def will_predict(self) -> bool:
        """Whether there are frequencies, or there will be once they are estimated, as far as that is known before."""
        return self.sets is not None or (self.own is not None and self.own.can_be_estimated)

    @property
    def ranking(self) -> RankingPolicy:
        """The ranking policy, given or by default, for the frequencies that there are.

        Raises:
            CriteriaError: there is none of that name, or it needs probabilities of which there are none.
            FileError: its file cannot be read, or holds no policy.
        """
        from hla_match.choice.policies import policy_for
        from hla_match.services.policy_files import open_policy

        asked = None if self.request.policy is None else open_policy(self.request.policy)
        return policy_for(asked, has_probabilities=self.sets is not None, declined=self.request.goes_without)

    def ready(self, on_iteration: Progress | None = None) -> SearchedRegistry:
        """Return the registry with its own frequencies, estimated where that is needed and was not done before.

        Args:
            on_iteration: is called after every iteration of an estimation.

        Raises:
            CriteriaError: the policy needs probabilities, and the typings say too little to estimate frequencies.
        """
        if self.sets is not None or self.own is None or not self.own.can_be_estimated:
            return self
        own = self.own.estimated(on_iteration)
        ready = replace(self, sets=None if own.kept is None else FrequencySets(own.kept, None), own=own)
        _ = ready.ranking
        return ready

    def note_without(self) -> None:
        """Note why there are no probabilities, where nobody asked to go without."""
        if self.own is not None and self.own.why_none:
            self.notices.add(NoticeKind.STATE, self.own.why_none)

    def note_unknown_donors(self) -> None:
        """Note how many of the identifiers asked for are not in the registry."""
        criteria = self.request.criteria
        named = [("only_donors", criteria.only_donors), ("without_donors", criteria.without_donors)]
        for argument, identifiers in named:
            if identifiers:
                known = int(self.registry.attributes["donor_id"].is_in(list(identifiers)).sum())
                if known < len(identifiers):
                    missing = f"{len(identifiers) - known:,} of {len(identifiers):,} identifiers"
                    self.notices.add(NoticeKind.NOTE, f"{missing} are not in the registry", argument)

    def matcher(self, *, workers: int) -> Matcher:
        """Return what searches the registry; with frequencies its donors are imputed, once, by all processors.

        Args:
            workers: threads that predict the matches of one patient.
        """
        from hla_match.searches.matcher import Matcher

        if self.sets is None:
            return Matcher(self.registry)
        from registry_io.store.imputation_store import open_imputation

        imputed = open_imputation(
            self.folder,
            self.registry,
            self.sets.frequencies,
            self.sets.fallback,
            workers=n_processors(),
            verify=self.request.verify,
            on_build=self._note_imputing,
        )
        return Matcher(self.registry, imputed, workers=workers)

    def source(self) -> RegistrySource:
        """Return what makes the same matcher in another process.

        Raises:
            RegistryError: there is no registry in the folder.
            FileError: a set of frequencies cannot be read.
        """
        from registry_io.store.worker_registry import registry_source

        # Frequencies in a file are read by each worker; those in memory travel, coded as they are.
        given = (self.request.named_frequencies, self.request.global_frequencies)
        coded = (None, None) if self.sets is None else (self.sets.frequencies, self.sets.fallback)
        named = [
            source if isinstance(source, str | Path) else found for source, found in zip(given, coded, strict=True)
        ]
        past = self.registry.provenance.transaction if not self.registry.snapshot else None
        return registry_source(self.folder, *named, at=past)

    def _note_imputing(self) -> None:
        donors = counted(self.registry.n_donors, "donor")
        text = f"Imputing {donors}, which is done once for a registry and a set of frequencies ..."
        self.notices.add(NoticeKind.STATE, text)


def check_folder(registry: object) -> None:
    """Refuse what names no folder of a registry, such as a registry that is open.

    Raises:
        CriteriaError: it is no path.
    """
    expected = "the folder of a registry; hla_match.Matcher searches a registry that is open"
    check_type("registry", registry, str, os.PathLike, expected=expected)


def check_fallback(frequencies: object | None, fallback: object | None) -> None:
    """Refuse a fallback without what it is a fallback of.

    Raises:
        CriteriaError: there are global frequencies only.
    """
    if frequencies is None and fallback is not None:
        raise CriteriaError(
            "global_frequencies",
            found=fallback if isinstance(fallback, str | Path) else InWords("frequencies given in memory"),
            expected="frequencies beside it; name the set there if it is alone",
            code=ErrorCode.CRITERIA_CONFLICT,
        )


def _check_own(named: object | None) -> None:
    """Refuse a text that begins as own frequencies do and names no transaction, unless there is a file of that name.

    Raises:
        CriteriaError: it is one; no set that is installed has such a name.
    """
    if isinstance(named, str) and _LIKE_OWN.fullmatch(named.strip()) and not os.path.exists(named):
        raise CriteriaError("frequencies", found=named, expected="own@ and the number of a transaction, such as own@3")


def source_files(*sources: object | None) -> tuple[Path, ...]:
    """Return those of the sources of frequencies that are files, which a result must not replace."""
    named = [one for one in sources if isinstance(one, str | Path)]
    return tuple(Path(one) for one in named if os.path.exists(one))
