"""The haplotype frequencies that a search computes with where none are named: the registry's own.

What needs no kernel is decided when a registry is opened (`OwnFrequencies.look`); what has to be estimated is estimated
later, once (`OwnFrequencies.estimated`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.estimation.own_frequencies import ALGORITHM_VERSION, WHOLE, OwnLoci, own_loci, shortage
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.matching.criteria import SearchCriteria
from hla_match.services.counts import counted
from hla_match.services.executors import n_processors
from hla_match.services.notices import NoticeKind, Notices
from registry_io.store.own_frequency_store import estimated_once, kept_own_frequencies
from registry_io.store.registry_store import open_registry

if TYPE_CHECKING:
    from hla_match.estimation.estimated_frequencies import Progress


@dataclass(frozen=True, slots=True)
class OwnFrequencies:
    """The own frequencies of an opened registry.

    Attributes:
        folder: the registry's.
        registry: whose typings they are estimated from, opened from it.
        notices: takes what there is to say.
        kept: the frequencies, where they are kept; else None.
        why_none: why there can be none for a scope, in a sentence; empty where there are, or can be estimated.
        is_exact: whether those of this registry itself are wanted, rather than those that hold for it.
    """

    folder: Path
    registry: Registry
    notices: Notices
    kept: HaplotypeFrequencies | None
    why_none: str
    is_exact: bool = False

    @classmethod
    def look(
        cls,
        folder: Path,
        registry: Registry,
        criteria: SearchCriteria,
        notices: Notices,
        *,
        of: int | None = None,
        verify: bool = False,
    ) -> OwnFrequencies:
        """Return what is known of a registry's own frequencies before anything is compiled.

        Args:
            folder: the registry's.
            registry: opened from it.
            criteria: of the search.
            notices: takes what there is to say.
            of: transaction whose donors they are to be estimated from; None for those that hold for the registry.
            verify: whether every file is compared with its checksum.

        Raises:
            RegistryError: there is no such transaction.
            CriteriaError: donors were read with another nomenclature then.
        """
        is_exact = of is not None
        registry = registry if of is None else _registry_of(folder, registry, of)
        kept = kept_own_frequencies(folder, registry, ALGORITHM_VERSION, exactly=is_exact, verify=verify)
        if kept is not None and not is_exact and _is_outgrown(kept, registry, criteria):
            kept = None
        loci = own_loci(registry) if kept is None else OwnLoci(kept.loci, kept.covered_loci)
        lacking = loci.lacking(criteria.loci)
        if lacking or not loci.whole:
            return cls(folder, registry, notices, None, _sentence(shortage(registry, lacking or WHOLE)), is_exact)
        return cls(folder, registry, notices, kept, "", is_exact)

    @property
    def can_be_estimated(self) -> bool:
        """Whether they are not kept, and as many donors are typed as an estimation needs."""
        return self.kept is None and not self.why_none

    def estimated(self, on_iteration: Progress | None = None) -> OwnFrequencies:
        """Return the same with frequencies, estimated where they are not kept, or with the reason against them."""
        if not self.can_be_estimated:
            return self
        try:
            if self.is_exact:
                return replace(self, kept=self._estimate(on_iteration))
            loci = own_loci(self.registry)
            found = estimated_once(
                self.folder,
                self.registry,
                ALGORITHM_VERSION,
                lambda: self._estimate(on_iteration),
                covering=loci.whole + loci.apart,
                on_unkept=self._note_unkept,
                on_wait=lambda: self._note(
                    "Another process estimates the registry's haplotype frequencies; waiting ..."
                ),
            )
        except CriteriaError as error:
            return replace(self, why_none=_sentence(f"found {error.found}; expected {error.expected}"))
        return replace(self, kept=found)

    def _estimate(self, on_iteration: Progress | None) -> HaplotypeFrequencies:
        from hla_match.estimation.own_frequencies import estimate_own_frequencies

        number = self.registry.provenance.transaction
        name = f"own, {self.registry.snapshot}" if number is None else f"own, transaction {number}"
        return estimate_own_frequencies(
            self.registry, name=name, workers=n_processors(), on_begin=self._note_begin, on_iteration=on_iteration
        )

    def _note_begin(self) -> None:
        donors = counted(self.registry.n_donors, "donor")
        self._note(f"Estimating haplotype frequencies from the typings of {donors}, which is done once ...")

    def _note(self, text: str) -> None:
        self.notices.add(NoticeKind.STATE, text)

    def _note_unkept(self, reason: str) -> None:
        text = f"the registry's haplotype frequencies cannot be kept and are estimated at every start: {reason}"
        self.notices.add(NoticeKind.NOTE, text)


def _is_outgrown(kept: HaplotypeFrequencies, registry: Registry, criteria: SearchCriteria) -> bool:
    """Say whether frequencies that are kept lack loci of a search at which enough donors have been typed since."""
    lacking = OwnLoci(kept.loci, kept.covered_loci).lacking(criteria.loci)
    return bool(lacking) and not own_loci(registry).lacking(criteria.loci)


def _registry_of(folder: Path, registry: Registry, number: int) -> Registry:
    """Return the registry as it was at a transaction, for frequencies that the one of a search is computed with."""
    found = open_registry(folder, at=number)
    if found.nomenclature.tables.checksum != registry.nomenclature.tables.checksum:
        raise CriteriaError(
            "frequencies",
            found=f"own@{number}, of donors read with {found.nomenclature.title}",
            expected=f"a transaction at which they were read with {registry.nomenclature.title}",
            code=ErrorCode.CRITERIA_CONFLICT,
        )
    return found


def _sentence(reason: str) -> str:
    return f"No match probabilities: {reason}; name a set of frequencies"
