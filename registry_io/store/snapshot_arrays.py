"""The arrays of a registry on disk, written from their declarations and checked against them when they are opened.

`hla_match.kernels.schema` declares every array: its name, its dtype, its dimensions, and what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.attributes import coded_types
from hla_match.errors import RegistryError
from hla_match.kernels.schema.array import Array, Declaration
from registry_io.disk.array_bounds import check_below, check_offsets
from registry_io.disk.array_file import map_array
from registry_io.disk.aside_folder import AsideFolder
from registry_io.disk.checked_files import changed

ATTRIBUTE_CODES = {
    name: Declaration(name, (np.dtype(kind.code_dtype),), Array("donors", kind.code_sentence))
    for name, kind in coded_types().items()
}
"""The arrays of `Registry.attribute_codes`."""


def write_arrays(
    aside: AsideFolder, declared: Mapping[str, Declaration], arrays: Mapping[str, NDArray[Any]], pattern: str = "{}"
) -> None:
    """Write arrays by name as they are declared; `pattern` makes the name of a file from the declared one.

    Raises:
        OSError: a file cannot be written.
    """
    for name, one in declared.items():
        aside.write_array(pattern.format(one.file), arrays[name])


def open_arrays(
    folder: Path, declared: Mapping[str, Declaration], sizes: Mapping[str, int], pattern: str = "{}"
) -> dict[str, NDArray[Any]]:
    """Return the arrays by name, memory-mapped; what is written into them stays in this process.

    Args:
        folder: of the snapshot.
        declared: which.
        sizes: numbers of what dimensions count, as far as they are known; what a dimension counts has one number in
            all arrays.
        pattern: as in `write_arrays`.

    Raises:
        FileNotFoundError: a file is missing.
        RegistryError: a file is not as declared.
    """
    known = dict(sizes)
    opened: dict[str, NDArray[Any]] = {}
    for name, one in declared.items():
        path = folder / f"{pattern.format(one.file)}.npy"
        try:
            opened[name] = found = array_of_file(folder, path.stem)
        except ValueError:
            raise damaged(path) from None
        if not one.fits(found, known):
            kind = Declaration.kind(found.dtype)
            expected = f"{' '.join(map(Declaration.kind, one.dtypes))} by {one.array.dims}"
            raise changed(path, f"{kind} of shape {found.shape}", expected)
    return opened


def check_bounds(
    declared: Mapping[str, Declaration],
    arrays: Mapping[str, NDArray[Any]],
    paths: Mapping[str, Path],
    *,
    filled: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Refuse offsets that do not fit what they count, and numbers of what there is not, as far as it is declared.

    Args:
        declared: the declarations.
        arrays: the arrays by name, of the declared types and sizes.
        paths: their files.
        filled: for some offsets the first of the ranges that hold something, as all behind it do.

    Raises:
        RegistryError: a number leads out of what it points into.
    """
    sizes: dict[str, int] = {}
    for name, one in declared.items():
        one.fits(arrays[name], sizes)
    for name, one in declared.items():
        if one.array.into:
            check_offsets(arrays[name], sizes[one.array.into], paths[name], filled=filled.get(name))
        if one.array.below:
            check_below(arrays[name], sizes[one.array.below], paths[name])


def array_of_file(folder: Path, name: str) -> NDArray[Any]:
    """Map the file of an array into memory; what is written into the array stays in this process.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no array, or less than it says.
    """
    # Copy-on-write mapping: a read-only array is another type to Numba, and every kernel would be compiled twice.
    return map_array(folder / f"{name}.npy")


def damaged(path: Path) -> RegistryError:
    """Return the error of a file that is no array, or too short."""
    return changed(path, "a damaged file", "an array")
