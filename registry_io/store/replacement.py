"""What becomes of the donors of a registry when a donor file replaces it, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import ErrorCode, FileError, RegistryError
from registry_io.store.attribute_columns import SLICE, TEXT, map_column
from registry_io.store.registry_builder import BuiltSnapshot
from registry_io.store.registry_folder import CURRENT, valid_snapshot
from registry_io.store.registry_store import open_snapshot, read_manifest

GREATEST_LOSS = 0.1
"""Share of the donors that a replacement may lose without being asked for: more is a cut or a wrong file."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Donors of a registry before and after.

    Attributes:
        n_before: donors that it has now; None where its files are damaged.
        n_after: donors that it would have.
        n_kept: donors that it has now and would have; None where the present ones cannot be read.
    """

    n_before: int | None
    n_after: int
    n_kept: int | None

    def __str__(self) -> str:
        if self.n_before is None:
            return f"a registry that cannot be read; {self.n_after:,} donors come"
        if self.n_kept is None:
            return f"a damaged registry of {self.n_before:,} donors; {self.n_after:,} come"
        return (
            f"{self.n_before:,} donors: {self.n_before - self.n_kept:,} go, {self.n_kept:,} stay, "
            f"{self.n_after - self.n_kept:,} come"
        )

    @property
    def loss(self) -> float:
        """Share of the present donors who go, or at least go."""
        if not self.n_before:
            return 0.0
        kept = min(self.n_before, self.n_after) if self.n_kept is None else self.n_kept
        return 1 - kept / self.n_before


def check_replacement(folder: Path, built: BuiltSnapshot, *, replace: bool, allow_shrink: bool) -> Replacement | None:
    """Return what becomes of the donors of the registry that is in a folder; None where there is none.

    Args:
        folder: the registry's.
        built: what would replace it.
        replace: whether it may be replaced.
        allow_shrink: whether it may lose more than `GREATEST_LOSS` of its donors.

    Raises:
        RegistryError: it may not.
    """
    if not (folder / CURRENT).exists():
        return None
    found = _compared(folder, built)
    if not replace:
        raise _refused(
            folder,
            f"a registry of {found}",
            "a new folder, or leave to replace it",
            "allow it to be replaced",
            ErrorCode.REGISTRY_EXISTS,
        )
    if found.loss > GREATEST_LOSS and not allow_shrink:
        raise _refused(
            folder,
            str(found),
            f"a donor file that loses at most {GREATEST_LOSS:.0%} of them, or leave to lose more",
            "check that the file is whole; if it is, allow the registry to shrink",
            ErrorCode.REGISTRY_SHRINKS,
        )
    return found


def _compared(folder: Path, built: BuiltSnapshot) -> Replacement:
    before = valid_snapshot(folder)
    try:
        present = open_snapshot(before) if before is not None else None
    except FileError:
        present = None
    if present is not None:
        new = map_column(built.aside.path, "donor_id", TEXT, built.n_donors)
        n_kept = np.intersect1d(_hashes(present.attributes["donor_id"]), _hashes(new), assume_unique=True).size
        return Replacement(present.n_donors, built.n_donors, n_kept)
    try:
        n_before = None if before is None else read_manifest(before).n_donors
    except FileError:
        n_before = None
    return Replacement(n_before, built.n_donors, None)


def _hashes(identifiers: pl.Series) -> NDArray[np.uint64]:
    """Return a hash of each identifier: of millions of donors the texts would fill the memory."""
    parts = [identifiers.slice(start, SLICE).hash().to_numpy() for start in range(0, len(identifiers), SLICE)]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _refused(folder: Path, found: str, expected: str, hint: str, code: ErrorCode) -> RegistryError:
    hint = f"{hint}; the one before is kept for registry rollback"
    return RegistryError(str(folder), found=found, expected=expected, hint=hint, code=code)
