"""A set of haplotype frequencies as it is kept in a snapshot: its arrays, and what it says of itself.

`registry_io.store.own_frequency_store` says which set holds for a registry, and who estimates it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.errors import RegistryError
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.kernels.codes import FIRST_P_GROUP, NULL
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.estimation import KeptFrequencies
from hla_match.loci import LOCI
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.checked_files import changed, checked_files
from registry_io.store.derived_folder import (
    derived_arrays,
    derived_manifest,
    derived_sums,
    file_names,
    verify_derived,
    write_derived,
)

FORMAT = "hla-match own frequencies"
FORMAT_VERSION = 1

FILES = file_names(KeptFrequencies)
"""The files of a set beside its manifest."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class KeptSet:
    """A set that is kept.

    Attributes:
        folder: in which it lies.
        manifest: what it says of itself.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path, registry: Registry, algorithm: int) -> KeptSet | None:
        """Return the set of a folder; None without one of this estimation and of the registry's nomenclature."""
        manifest = derived_manifest(folder)
        wanted = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "algorithm_version": algorithm,
            "nomenclature": registry.nomenclature.tables.checksum,
        }
        is_one = manifest is not None and all(manifest.get(name) == value for name, value in wanted.items())
        return cls(folder, manifest) if manifest is not None and is_one else None

    @property
    def transaction(self) -> int | None:
        """The transaction of the record whose donors it was estimated from; None where that is not known."""
        number = self.manifest["estimated_from"]["transaction"]
        return number if isinstance(number, int) else None

    @property
    def title(self) -> str:
        """The set in words: its name, its donors and its loci."""
        apart = "".join(f", and {locus} by itself" for locus in self.manifest["apart"])
        loci = ", ".join(self.manifest["loci"])
        return f"{self.manifest['name']}, from {self.n_donors:,} donors: {loci}{apart}"

    @property
    def told(self) -> dict[str, Any]:
        """What the manifest says beside checksums and sizes."""
        return {name: value for name, value in self.manifest.items() if name not in ("files", "xxh3", "bytes")}

    @property
    def n_donors(self) -> int:
        """The number of these donors."""
        return int(self.manifest["estimated_from"]["n_donors"])

    def open(self, nomenclature: Nomenclature, *, verify: bool = False) -> HaplotypeFrequencies | None:
        """Return the frequencies; None of another nomenclature, or where a file is not as it was written."""
        if self.manifest.get("nomenclature") != nomenclature.tables.checksum:
            return None
        try:
            sums = derived_sums(self.manifest, FILES)
            with checked_files(self.folder, sums, thorough=verify):
                found = _frequencies(self.manifest, derived_arrays(self.folder, KeptFrequencies), nomenclature)
                if not _is_sound(found, nomenclature):
                    raise changed(self.folder, "numbers that no frequencies have", "those of the donors")
        except (OSError, ValueError, KeyError, RegistryError):
            return None
        return found


def told_of(found: HaplotypeFrequencies, registry: Registry, algorithm: int) -> dict[str, Any]:
    """Return what the manifest of frequencies says that were estimated from a registry."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "algorithm_version": algorithm,
        "nomenclature": registry.nomenclature.tables.checksum,
        "name": found.name,
        "loci": list(found.loci),
        "apart": [] if found.apart is None else list(found.apart.loci),
        "content": found.content,
        "estimated_from": {
            "snapshot": registry.snapshot,
            "transaction": registry.provenance.transaction,
            "n_donors": registry.n_donors,
        },
    }


def write_set(folder: Path, found: HaplotypeFrequencies, told: Mapping[str, Any]) -> None:
    """Keep frequencies in a folder of a snapshot; the caller holds the snapshot's lock.

    Args:
        folder: its place.
        found: the frequencies.
        told: what `told_of` gave when they were estimated.

    Raises:
        OSError: the folder cannot be written to, or is no longer there.
        FileError: a file reads back differently than written.
    """
    apart_allele, apart_frequency = np.zeros((0, 0), np.int32), np.zeros(0)
    if found.apart is not None:
        apart_allele, apart_frequency = found.apart.allele, found.apart.frequency[0]
    arrays = KeptFrequencies(found.allele, found.frequency[0], apart_allele, apart_frequency)

    def is_there() -> bool:
        manifest = derived_manifest(folder)
        if manifest is None or manifest.get("content") != found.content or not manifest["files"].keys() >= set(FILES):
            return False
        return all(sound for _, sound in verify_derived(iter([folder])))

    write_derived(folder, arrays_of(arrays), told, is_there)


def _frequencies(
    manifest: Mapping[str, Any], arrays: KeptFrequencies, nomenclature: Nomenclature
) -> HaplotypeFrequencies:
    """Return frequencies as they are kept, whatever numbers they hold.

    Raises:
        ValueError: the arrays are not as declared.
    """
    loci, apart = tuple(manifest["loci"]), tuple(manifest["apart"])
    sizes = {"loci": len(loci), "further loci": len(apart)}
    if not all(one.fits(arrays_of(arrays)[name], sizes) for name, one in declarations(KeptFrequencies).items()):
        raise ValueError("arrays of another kind")

    def over(some: tuple[str, ...], allele: NDArray[np.int32], frequency: NDArray[np.float64]) -> HaplotypeFrequencies:
        return HaplotypeFrequencies(
            name=str(manifest["name"]),
            loci=some,
            allele=allele,
            populations=("",),
            frequency=frequency[None, :],
            unmapped=(),
            unmapped_mass=np.zeros(1),
            checksum=str(manifest["content"]),
            coded_by=nomenclature.identity,
        )

    whole = over(loci, arrays.own_allele, arrays.own_frequency)
    return replace(whole, apart=over(apart, arrays.apart_allele, arrays.apart_frequency) if apart else None)


def _is_sound(found: HaplotypeFrequencies, nomenclature: Nomenclature) -> bool:
    """Say whether frequencies are of alleles that there are, each haplotype once, with a sum of 1."""
    for one in (found, found.apart):
        if one is None:
            continue
        if not one.loci or not set(one.loci) <= set(LOCI) or not one.n_haplotypes:
            return False
        for column, locus in enumerate(one.loci):
            codes = one.allele[:, column]
            is_known = (codes == NULL) | (
                (codes >= FIRST_P_GROUP) & (codes < FIRST_P_GROUP + len(nomenclature.p_groups(locus)))
            )
            if not is_known.all():
                return False
        ordered = one.allele[np.lexsort(one.allele.T[::-1])]
        is_once = bool((ordered[1:] != ordered[:-1]).any(axis=1).all())
        frequency = one.frequency[0]
        if not is_once or not (frequency >= 0).all() or abs(float(frequency.sum()) - 1.0) > _ROUNDING:
            return False
    return found.content == found.checksum
