"""The registry on disk: a folder of snapshots, of which `CURRENT` names the valid one. `FORMAT.md` describes it.

A snapshot is written aside and renamed when it is complete, so that a reader sees the old one or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.encoding import TypingTable
from hla_match.errors import RegistryError
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import LocusColumn, Registry
from registry_io.nomenclature_file import dumps, loads

FORMAT_VERSION = 1
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
QUARANTINE = "quarantine.csv"
FAILED_QUARANTINE = "quarantine-failed.csv"
_OWN_NAMES = (
    CURRENT, QUARANTINE, FAILED_QUARANTINE, f".{CURRENT}.new", f".{QUARANTINE}.*", f".{FAILED_QUARANTINE}.*",
    "snapshot-*", ".writing-*",
)  # fmt: skip
_TABLE_ARRAYS = TypingTable.__slots__
_CODE_ARRAYS = ("name", "offset", "text")


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
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        _write_files(registry, aside)
        files = {path.name: sha256_of_file(path) for path in sorted(aside.iterdir())}
        manifest = {
            "format": "hla-match registry",
            "format_version": FORMAT_VERSION,
            "name": registry.name,
            "loci": list(registry.loci),
            "n_donors": registry.n_donors,
            "nomenclature": registry.nomenclature.title,
            "provenance": dict(registry.provenance),
            "notes": dict(registry.notes),
            "files": files,
        }
        text = json.dumps(manifest, indent=1, sort_keys=True)
        (aside / MANIFEST).write_text(text, encoding="utf-8")
        for path in aside.iterdir():
            flush(path)
        snapshot = folder / f"snapshot-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        if snapshot.exists():
            shutil.rmtree(aside)
        else:
            os.chmod(aside, 0o755)
            aside.rename(snapshot)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
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
    try:
        tables = loads((snapshot / "nomenclature.hlanom").read_bytes(), str(snapshot / "nomenclature.hlanom"))
        columns = {
            locus: LocusColumn(
                text=pl.read_ipc(snapshot / f"typing-{locus}.arrow"),
                meaning=array_of_file(snapshot, f"meaning-{locus}"),
                table=TypingTable(*(array_of_file(snapshot, f"{name}-{locus}") for name in _TABLE_ARRAYS)),
            )
            for locus in manifest["loci"]
        }
        codes = None
        if (snapshot / "code_name.npy").exists():
            codes = MultipleAlleleCodes(*(array_of_file(snapshot, f"code_{name}") for name in _CODE_ARRAYS))
        return Registry(
            name=manifest["name"],
            loci=tuple(manifest["loci"]),
            donor_typing=array_of_file(snapshot, "donor_typing"),
            columns=columns,
            attributes=pl.read_ipc(snapshot / "attributes.arrow"),
            donor_order=array_of_file(snapshot, "donor_order"),
            nomenclature=Nomenclature(tables),
            codes=codes,
            provenance=manifest["provenance"],
            notes=manifest.get("notes", {}),
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


def _write_files(registry: Registry, folder: Path) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "donor_typing": registry.donor_typing,
        "donor_order": registry.donor_order,
    }
    for locus, column in registry.columns.items():
        arrays[f"meaning-{locus}"] = column.meaning
        for name in _TABLE_ARRAYS:
            arrays[f"{name}-{locus}"] = getattr(column.table, name)
        column.text.write_ipc(folder / f"typing-{locus}.arrow")
    if registry.codes is not None:
        for name in _CODE_ARRAYS:
            arrays[f"code_{name}"] = getattr(registry.codes, name)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    registry.attributes.write_ipc(folder / "attributes.arrow")
    (folder / "nomenclature.hlanom").write_bytes(dumps(registry.nomenclature.tables))


def array_of_file(folder: Path, name: str) -> NDArray[Any]:
    """Map the file of an array into memory; what is written into the array stays in this process."""
    # Copy-on-write mapping: a read-only array is another type to Numba, and every kernel would be compiled twice.
    array: NDArray[Any] = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c"))
    return array


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
