"""A registry written to disk: one that is in memory, or persons who come in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry
from registry_io.registry_builder import BuiltSnapshot, RegistryBuilder
from registry_io.registry_folder import writing_registry
from registry_io.registry_versions import make_current
from registry_io.replacement import refuse_any
from registry_io.snapshot_writer import commit_snapshot, write_snapshot


def write_registry(registry: Registry, folder: Path, *, replace: bool = False) -> Path:
    """Write a registry that is in memory as the current snapshot of a folder, and return the snapshot's folder.

    Args:
        registry: the registry.
        folder: where it is to lie; made where it is missing.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
    """
    with writing_registry(folder):
        if not replace:
            refuse_any(folder)
        snapshot = write_snapshot(registry, folder)
        make_current(snapshot)
        return snapshot


def write_registry_stream(
    parts: Iterable[pl.DataFrame],
    folder: Path,
    nomenclature: Nomenclature,
    *,
    name: str,
    provenance: Mapping[str, str | int],
    codes: MultipleAlleleCodes | None = None,
    replace: bool = False,
) -> BuiltSnapshot:
    """Write persons that come in parts as the current snapshot of a registry's folder; see `RegistryBuilder`.

    Where no donor can be read, the folder stays as it is.

    Args:
        parts: as `RegistryBuilder.add` takes them.
        folder: the registry's.
        nomenclature: reads the typings.
        name: what messages call the registry.
        provenance: as in `hla_match.registry.build_registry`.
        codes: multiple allele codes.
        replace: whether a registry that is there may be replaced.

    Raises:
        RegistryError: the folder holds a registry that may not be replaced, or something that is none.
        LockedError: another process writes.
        FileError: it cannot be written.
        ValueError: two persons have one identifier.
    """
    with writing_registry(folder):
        if not replace:
            refuse_any(folder)
        with RegistryBuilder(folder, nomenclature, name=name, codes=codes) as builder:
            for part in parts:
                builder.add(part)
            built = builder.build()
            if built.n_donors:
                make_current(commit_snapshot(built.aside, built.description, provenance))
    return built
