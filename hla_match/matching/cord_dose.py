"""What a unit of cord blood holds for a kilogram of the patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.registry import Registry


def tnc_per_kg(registry: Registry, donor: NDArray[np.uint32], weight_kg: float | None) -> NDArray[np.float64]:
    """Return (n,) float64 nucleated cells of donors in 10^7 per kilogram of the patient, NaN where not known."""
    return _per_kg(registry, donor, "tnc_e7", weight_kg)


def cd34_per_kg(registry: Registry, donor: NDArray[np.uint32], weight_kg: float | None) -> NDArray[np.float64]:
    """Return (n,) float64 CD34 positive cells of donors in 10^5 per kilogram of the patient, NaN where not known."""
    return 10 * _per_kg(registry, donor, "cd34_e6", weight_kg)


def _per_kg(registry: Registry, donor: NDArray[np.uint32], name: str, weight_kg: float | None) -> NDArray[np.float64]:
    if weight_kg is None or name not in registry.donor_attributes.schema:
        return np.full(donor.size, np.nan)
    cells: NDArray[Any] = registry.donor_attributes.of(name, pl.Series(donor)).to_numpy()
    return cells.astype(np.float64) / weight_kg
