"""The donors of a registry as a donor file, which an import reads to the same registry; or under pseudonyms."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.registry import Registry, persons_of
from hla_match.errors import CriteriaError, ErrorCode, FileError
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import given_path
from registry_io.disk.key_file import check_key
from registry_io.disk.permissions import OWNER_FILE
from registry_io.disk.writer_lock import user_name
from registry_io.store.journal.journal import SLICE
from registry_io.store.journal.person_texts import TYPINGS
from registry_io.store.pseudonyms import pseudonyms, without_names
from registry_io.store.registry_store import open_registry
from registry_io.store.search_log import log_search
from registry_io.tables.spreadsheet_text import neutral_frame

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def export_donors(
    folder: str | Path,
    out: str | Path,
    *,
    key: bytes | None = None,
    at: int | datetime.date | None = None,
    raw_text: bool = False,
    replace: bool = False,
    actor: str = "",
) -> int:
    """Write all donors of a registry to a file, and return their number.

    The file has the columns of donor files: with the nomenclature and the multiple allele codes of the registry an
    import makes the same registry of it. It is its owner's alone, and the log of searches says that it was written.

    Args:
        folder: the registry's.
        out: the file, CSV or TSV by its ending.
        key: at least 16 random bytes, with which donors have pseudonyms, as `registry_io.store.pseudonyms` makes them,
            and stand in their order.
        at: a transaction, or the last one up to the end of a day, whose donors are written; by default those of now.
        raw_text: leave identifiers and texts as they are that a spreadsheet would take for a formula.
        replace: whether a file that is there may be replaced.
        actor: who asks for it; by default the user's name.

    Raises:
        CriteriaError: the ending names no such format, the file would lie in the registry's folder, a path is none, or
            the key is too short.
        FileError: the file is there, or cannot be written; or the log cannot.
        RegistryError: there is no registry, it is damaged, or it has no such transaction.
    """
    path, place = given_path("out", out), given_path("folder", folder)
    check_key(key)
    separator = _SEPARATORS.get(path.suffix.lower())
    if separator is None:
        raise CriteriaError(
            "output file",
            found=path.name,
            expected=f"a name that ends in one of {', '.join(_SEPARATORS)}",
            code=ErrorCode.CRITERIA_OUTPUT,
        )
    if path.resolve().is_relative_to(place.resolve()):
        # What lies there, an erasure would not reach.
        raise CriteriaError(
            "output file",
            found=path.name,
            expected="a place outside the registry's folder",
            code=ErrorCode.CRITERIA_OUTPUT,
        )
    _make_way(path, replace=replace)
    registry = open_registry(place, at=at)
    with atomic_write(path) as file:
        is_first = True
        for persons in _slices(registry, key):
            texts = persons if raw_text else _neutral(persons)
            texts.write_csv(file, include_header=is_first, separator=separator)
            is_first = False
        # Nobody reads the file before its name stands in the folder.
        _log(place, registry, key, actor or user_name())
    return registry.n_donors


def _make_way(path: Path, *, replace: bool) -> None:
    """Refuse a file that is there, or let its owner alone read what takes its place.

    Raises:
        FileError: it is there.
    """
    if path.exists() and not replace:
        raise FileError(
            str(path),
            found="a file",
            expected="a new name",
            hint="name another file, or allow this one to be replaced",
            code=ErrorCode.FILE_EXISTS,
        )
    if path.is_file():
        path.chmod(OWNER_FILE)


def _slices(registry: Registry, key: bytes | None) -> Iterator[pl.DataFrame]:
    """Yield the donors as they are written; texts of millions would fill the memory."""
    rows: NDArray[np.uint32] = np.arange(registry.n_donors, dtype=np.uint32)
    identifiers = registry.attributes["donor_id"]
    if key is not None:
        identifiers = pseudonyms(identifiers, key)
        rows = identifiers.arg_sort().to_numpy()
    for start in range(0, registry.n_donors, SLICE):
        part = rows[start : start + SLICE]
        taken = dataclasses.replace(
            registry,
            donor_typing=registry.donor_typing[:, part],
            donor_attributes=DonorAttributes(
                (registry.attributes[part].with_columns(identifiers[part].alias("donor_id")),)
            ),
        )
        persons = persons_of(taken).rename({"person_id": "donor_id"})
        yield persons if key is None else without_names(persons)


def _neutral(persons: pl.DataFrame) -> pl.DataFrame:
    """Return persons without texts that a spreadsheet takes for formulas; a typing that was read is none."""
    others = persons.select(name for name in persons.columns if name not in TYPINGS)
    return persons.with_columns(neutral_frame(others))


def _log(folder: Path, registry: Registry, key: bytes | None, actor: str) -> None:
    made = registry.provenance.transaction
    log_search(
        folder,
        actor=actor,
        program=f"hla-match {version('hla-match')}",
        snapshot=registry.snapshot,
        command="export",
        request=json.dumps({"donors": registry.n_donors, "pseudonyms": key is not None, "transaction": made}),
    )
