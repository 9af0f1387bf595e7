"""The sets of haplotype frequencies of a use case, and the notices on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.nomenclature.release import Nomenclature
from hla_match.services.notices import NoticeKind, Notices
from registry_io.store.frequency_store import FrequencyInput, open_frequencies

_SHOWN = 3
"""Names that the line about alleles left out shows; ``frequencies show`` has them all."""


@dataclass(frozen=True, slots=True)
class FrequencySets:
    """The sets that a use case computes with, coded by one nomenclature."""

    frequencies: HaplotypeFrequencies
    fallback: HaplotypeFrequencies | None

    @classmethod
    def load(
        cls, frequencies: FrequencyInput, fallback: FrequencyInput | None, registry: Registry, notices: Notices
    ) -> FrequencySets:
        """Read both sets with the nomenclature of a registry, and note what of them cannot be used.

        Raises:
            FileError: a set is neither a file nor installed, or cannot be read.
            CriteriaError: the nomenclature can read no haplotype of a set, or a set is coded by another nomenclature.
        """
        if isinstance(fallback, HaplotypeFrequencies):
            fallback.check_coded_by(registry.nomenclature, "global_frequencies")
        own = open_frequencies(frequencies, registry)
        other = open_frequencies(fallback, registry) if fallback is not None else None
        for one in (own, other):
            if one is not None and one.unmapped:
                notices.add(NoticeKind.NOTE, unmapped_note(one, registry.nomenclature))
        return cls(own, other)

    @property
    def manifest(self) -> dict[str, Any]:
        """What a manifest says of the sets."""
        return {
            "own": _entry(self.frequencies),
            "global": None if self.fallback is None else _entry(self.fallback),
        }

    def __str__(self) -> str:
        texts = [_line(one) for one in (self.frequencies, self.fallback) if one is not None]
        return "; then ".join(texts)


def unmapped_note(frequencies: HaplotypeFrequencies, nomenclature: Nomenclature) -> str:
    """Return in one line how many names and how much frequency were left out, and the first names."""
    names = [f"{one.locus}*{one.name}" for one in frequencies.unmapped]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return (
        f"Frequencies {frequencies.name}: {len(names):,} {'name is' if len(names) == 1 else 'names are'} no single P "
        f"group of {nomenclature.title} ({', '.join(names[:_SHOWN])}{more}); left out {unmapped_mass(frequencies)}"
    )


def unmapped_mass(frequencies: HaplotypeFrequencies) -> str:
    """Return the frequency left out in words; of several populations the range."""
    low, high = float(frequencies.unmapped_mass.min()), float(frequencies.unmapped_mass.max())
    if len(frequencies.populations) == 1 or low == high:
        return f"a frequency of {high:.4g}"
    return f"frequencies from {low:.4g} to {high:.4g}, by population"


def _entry(frequencies: HaplotypeFrequencies) -> dict[str, Any]:
    mass = zip(frequencies.populations, frequencies.unmapped_mass.tolist(), strict=True)
    return {
        "name": frequencies.name,
        "sha256": frequencies.checksum,
        "loci": list(frequencies.loci),
        **({} if frequencies.apart is None else {"apart": list(frequencies.apart.loci)}),
        "haplotypes": frequencies.n_haplotypes,
        "unmapped_names": len(frequencies.unmapped),
        "unmapped_mass": dict(mass),
    }


def _line(frequencies: HaplotypeFrequencies) -> str:
    left_out = f", left out {unmapped_mass(frequencies)}" if frequencies.unmapped else ""
    return f"{frequencies.name}, SHA-256 {frequencies.checksum[:12]}...{left_out}"
