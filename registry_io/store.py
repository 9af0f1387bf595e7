"""The registry on disk: a folder of snapshots, of which `CURRENT` names the valid one. `FORMAT.md` describes it.

A snapshot is written aside and renamed when it is complete, so that a reader sees the old one or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import polars as pl

from hla_match.donor_orders import DonorOrder, n_orders
from hla_match.encoding import TypingTable
from hla_match.errors import RegistryError
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry
from hla_match.typing_book import LocusColumn
from registry_io.attribute_columns import attribute_column, map_column, write_column
from registry_io.nomenclature_file import dumps, loads
from registry_io.registry_arrays import (
    CODE_ARRAYS,
    COLUMN_ARRAYS,
    DONOR_ARRAYS,
    ORDER_ARRAYS,
    TABLE_ARRAYS,
    open_arrays,
    write_arrays,
)

FORMAT_VERSION = 2
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
NOMENCLATURE = "nomenclature.hlanom"
QUARANTINE = "quarantine.csv"
FAILED_QUARANTINE = "quarantine-failed.csv"
_OWN_NAMES = (
    CURRENT, QUARANTINE, FAILED_QUARANTINE, f".{CURRENT}.new", f".{QUARANTINE}.*", f".{FAILED_QUARANTINE}.*",
    "snapshot-*", ".writing-*",
)  # fmt: skip


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a registry or what an interrupted import left.

    Raises:
        RegistryError: the folder holds something that is not a registry.
    """
    if not folder.exists() or (folder / CURRENT).exists():
        return
    if any(not any(path.match(own) for own in _OWN_NAMES) for path in folder.iterdir()):
        raise RegistryError(
            str(folder),
            found="a folder with other files",
            expected="a registry, an empty folder or none",
            hint="name a new folder",
        )


def write_snapshot(registry: Registry, folder: Path) -> Path:
    """Write a registry as a snapshot of the folder, which readers do not see yet, and return the snapshot's folder.

    Raises:
        RegistryError: the folder holds something that is not a registry.
    """
    with writing_aside(folder) as aside:
        write_arrays(aside, DONOR_ARRAYS, registry)
        write_orders(aside, registry.orders)
        for column in registry.attributes:
            write_column(aside, column.name, attribute_column(column))
        write_meanings(aside, registry.columns, registry.nomenclature, registry.codes)
        return seal(
            aside,
            name=registry.name,
            n_donors=registry.n_donors,
            loci=registry.loci,
            attributes={name: str(dtype) for name, dtype in registry.attributes.schema.items()},
            nomenclature=registry.nomenclature.title,
            provenance=registry.provenance,
            notes=registry.notes,
        )


@contextmanager
def writing_aside(folder: Path) -> Iterator[Path]:
    """Give a folder in which a snapshot can be written; it is removed when `seal` has not made it one.

    Raises:
        RegistryError: `folder` holds something that is not a registry.
    """
    check_folder(folder)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # where it holds a snapshot now
                folder.rmdir()


def write_orders(folder: Path, orders: Iterable[DonorOrder]) -> None:
    """Write the donors by typing; of orders that are made one after another only one is held."""
    for position, order in enumerate(orders):
        write_arrays(folder, ORDER_ARRAYS, order, f"order_{position}_{{}}")


def write_meanings(
    folder: Path,
    columns: Mapping[str, LocusColumn],
    nomenclature: Nomenclature,
    codes: MultipleAlleleCodes | None,
) -> None:
    """Write the files on what typings mean."""
    for locus, column in columns.items():
        column.text.write_ipc(folder / f"typing-{locus}.arrow")
        write_arrays(folder, COLUMN_ARRAYS, column, f"{{}}-{locus}")
        write_arrays(folder, TABLE_ARRAYS, column.table, f"{{}}-{locus}")
    if codes is not None:
        write_arrays(folder, CODE_ARRAYS, codes, "code_{}")
    (folder / NOMENCLATURE).write_bytes(dumps(nomenclature.tables))


def seal(
    aside: Path,
    *,
    name: str,
    n_donors: int,
    loci: Sequence[str],
    attributes: Mapping[str, str],
    nomenclature: str,
    provenance: Mapping[str, str | int],
    notes: Mapping[str, int],
) -> Path:
    """Write the manifest of a snapshot whose other files are written, and give it its name; return its folder."""
    manifest = {
        "format": "hla-match registry",
        "format_version": FORMAT_VERSION,
        "name": name,
        "loci": list(loci),
        "n_donors": n_donors,
        "attributes": list(map(list, attributes.items())),
        "nomenclature": nomenclature,
        "provenance": dict(provenance),
        "notes": dict(notes),
        "files": {path.name: sha256_of_file(path) for path in sorted(aside.iterdir())},
    }
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (aside / MANIFEST).write_text(text, encoding="utf-8")
    for path in aside.iterdir():
        flush(path)
    snapshot = aside.parent / f"snapshot-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if not snapshot.exists():
        os.chmod(aside, 0o755)
        aside.rename(snapshot)
    return snapshot


def make_current(snapshot: Path) -> None:
    """Make a snapshot the one that readers of its folder see, and delete the others."""
    folder = snapshot.parent
    pointer = folder / f".{CURRENT}.new"
    pointer.write_text(snapshot.name + "\n", encoding="utf-8")
    flush(pointer)
    pointer.replace(folder / CURRENT)
    for old in folder.glob("snapshot-*"):
        if old != snapshot:
            shutil.rmtree(old, ignore_errors=True)


def open_registry(folder: str | Path) -> Registry:
    """Open a registry; its arrays are memory-mapped, so that this takes milliseconds whatever its size.

    Raises:
        RegistryError: there is no registry, it is of another format version, or a file is missing.
    """
    snapshot, manifest = read_manifest(Path(folder))
    loci: list[str] = manifest["loci"]
    n_donors: int = manifest["n_donors"]
    try:
        tables = loads((snapshot / NOMENCLATURE).read_bytes(), str(snapshot / NOMENCLATURE))
        codes = None
        if (snapshot / "code_name.npy").exists():
            codes = MultipleAlleleCodes(**open_arrays(snapshot, CODE_ARRAYS, {}, "code_{}"))
        return Registry(
            name=manifest["name"],
            loci=tuple(loci),
            columns={locus: _open_column(snapshot, locus) for locus in loci},
            attributes=_open_attributes(snapshot, manifest["attributes"], n_donors),
            orders=tuple(
                DonorOrder(**open_arrays(snapshot, ORDER_ARRAYS, {"donors": n_donors}, f"order_{position}_{{}}"))
                for position in range(n_orders(loci))
            ),
            nomenclature=Nomenclature(tables),
            codes=codes,
            provenance=manifest["provenance"],
            notes=manifest["notes"],
            snapshot=snapshot.name,
            **open_arrays(snapshot, DONOR_ARRAYS, {"loci": len(loci), "donors": n_donors}),
        )
    except FileNotFoundError as error:
        raise RegistryError(
            str(error.filename), found="no file", expected="a file of the registry", hint="import the donors again"
        ) from None


def verify_registry(folder: str | Path) -> Iterator[tuple[str, bool]]:
    """Yield each file of the current snapshot and whether its SHA-256 is the manifest's.

    Raises:
        RegistryError: there is no registry.
    """
    snapshot, manifest = read_manifest(Path(folder))
    for name, expected in manifest["files"].items():
        path = snapshot / name
        yield name, path.exists() and sha256_of_file(path) == expected


def read_manifest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the current snapshot's folder and its manifest.

    Raises:
        RegistryError: there is no registry, or it is of another format version.
    """
    try:
        snapshot = folder / (folder / CURRENT).read_text(encoding="utf-8").strip()
        manifest = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise RegistryError(
            str(folder),
            found="no registry",
            expected="a folder made by registry import",
            hint="make it with: hla-match registry import REGISTRY DONORS",
        ) from None
    except ValueError as error:
        raise RegistryError(str(folder), found=f"a damaged manifest ({error})", expected="JSON") from None
    if manifest.get("format_version") != FORMAT_VERSION:
        raise RegistryError(
            str(folder),
            found=f"format version {manifest.get('format_version')}",
            expected=f"{FORMAT_VERSION}",
            hint="import the donors again with this version of hla-match",
        )
    return snapshot, manifest


def _open_column(snapshot: Path, locus: str) -> LocusColumn:
    text = pl.read_ipc(snapshot / f"typing-{locus}.arrow")
    meaning = open_arrays(snapshot, COLUMN_ARRAYS, {"reported": text.height}, f"{{}}-{locus}")
    table = TypingTable(**open_arrays(snapshot, TABLE_ARRAYS, {}, f"{{}}-{locus}"))
    return LocusColumn(text=text, table=table, **meaning)


def _open_attributes(snapshot: Path, attributes: list[tuple[str, str]], n_donors: int) -> pl.DataFrame:
    """Return the frame of attributes over mapped files; what it is made of is not read through."""
    columns: list[pl.Series] = []
    for name, dtype in attributes:
        columns.append(map_column(snapshot, name, dtype, n_donors))
    return pl.DataFrame(columns)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
