"""Whose donors were imputed: told by the registry's arrays, by its snapshot, or by what its donors are typed as.

Two of these are compared at once, however large the registry is. Only donors of another snapshot are looked at, one
after another and a single time: they may be the same.
"""

from __future__ import annotations

import hashlib

import numpy as np

from hla_match.donors.registry import Registry
from hla_match.imputation.donor_typings import population_rows
from hla_match.imputation.panels import Panels
from hla_match.imputation.typing_digests import population_digests, typing_digests


class DonorIdentity:
    """The donors of a registry as far as an imputation depends on them: typings and population, in their order.

    It keeps the registry, but is pickled without it.

    Args:
        registry: whose donors they are.
        panels: what they were imputed with.
    """

    __slots__ = ("_digest", "_panels", "_registry", "_snapshot")

    def __init__(self, registry: Registry, panels: Panels) -> None:
        self._snapshot = registry.snapshot
        self._registry: Registry | None = registry
        self._panels = panels
        self._digest = b""

    def is_of(self, registry: Registry) -> bool:
        """Return whether the donors are those of a registry that was read with the same nomenclature."""
        if self._registry is not None and _shares_donors(self._registry, registry):
            return True
        if self._snapshot and self._snapshot == registry.snapshot:
            return True
        return self._own_digest() == donors_digest(registry, self._panels)

    def _own_digest(self) -> bytes:
        if not self._digest and self._registry is not None:
            self._digest = donors_digest(self._registry, self._panels)
        return self._digest

    def __getstate__(self) -> tuple[str, Panels, bytes]:
        return self._snapshot, self._panels, self._own_digest()

    def __setstate__(self, state: tuple[str, Panels, bytes]) -> None:
        self._snapshot, self._panels, self._digest = state
        self._registry = None


def donors_digest(registry: Registry, panels: Panels) -> bytes:
    """Return a digest of the typings and populations of all donors, in their order, whatever typings are numbered by.

    Args:
        registry: the donors.
        panels: a population counts where they know it.
    """
    total = population_digests(panels.populations)[population_rows(panels, registry, slice(None))]
    for locus, reported in zip(registry.loci, registry.donor_typing, strict=True):
        column = registry.columns[locus]
        of_typing = typing_digests(column.table, locus, registry.nomenclature.tables.checksum)
        total += of_typing[column.expanded_typing][reported]
    return hashlib.blake2b(np.ascontiguousarray(total).data, digest_size=16).digest()


def _shares_donors(one: Registry, other: Registry) -> bool:
    """Return whether two registries have the very same arrays of donors, such as one and itself with other settings."""
    return (
        one.donor_typing is other.donor_typing
        and one.columns is other.columns
        and one.donor_attributes is other.donor_attributes
    )
