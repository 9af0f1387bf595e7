"""The donors of a registry in terms of panels: their typings at the loci of these, and their populations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.imputation.panels import Panels


def registry_typing(panels: Panels, registry: Registry, donor: NDArray[np.uint32] | slice) -> NDArray[np.int32]:
    """Return (loci, n) int32 expanded typings of some donors, at the loci of the panels."""
    reported = registry.donor_typing[:, donor]
    typing = np.zeros((len(panels.loci), reported.shape[1]), np.int32)
    for row, locus in enumerate(panels.loci):
        if locus in registry.loci:
            typing[row] = registry.columns[locus].expanded_typing[reported[registry.loci.index(locus)]]
    return typing


def population_rows(panels: Panels, registry: Registry, donor: NDArray[np.uint32] | slice) -> NDArray[np.int16]:
    """Return (n,) int16 the chain of the population of some donors; the last one where it is not known."""
    if not panels.populations or "population" not in registry.donor_attributes.schema:
        return np.full(registry.id_rank[donor].size, len(panels.populations), np.int16)
    row = {name: number for number, name in enumerate(panels.populations)}
    named = registry.attributes["population"][donor].fill_null("").to_list()
    return np.array([row.get(name, len(row)) for name in named], np.int16)
