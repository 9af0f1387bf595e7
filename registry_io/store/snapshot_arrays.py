"""Every array of a registry on disk, declared once: its file, its type, its dimensions, and what it holds.

Files are written from these tables and checked against them when they are opened. `FORMAT.md` says the same in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hla_match.donors.attributes import coded_types
from hla_match.errors import RegistryError
from registry_io.disk.array_file import map_array
from registry_io.disk.aside_folder import AsideFolder
from registry_io.disk.checked_files import changed


@dataclass(frozen=True, slots=True)
class ArrayOfRegistry:
    """An array and its file.

    Attributes:
        name: attribute of the object that holds it.
        dtype: its type, or types divided by a blank.
        dims: what it has one of; dimensions of one name have one size wherever they stand. A number is a fixed size,
            a name with ``+1`` one more than its dimension, as offsets are.
        holds: one sentence.
    """

    name: str
    dtype: str
    dims: tuple[str, ...]
    holds: str


DONOR_ARRAYS = (
    ArrayOfRegistry("donor_typing", "uint16 uint32", ("loci", "donors"), "row of the locus's typings"),
    ArrayOfRegistry("donor_order", "uint32", ("donors",), "rank of the identifier among all identifiers"),
)
"""Arrays of a `Registry`, ``<name>.npy``."""

ATTRIBUTE_CODE_ARRAYS = tuple(
    ArrayOfRegistry(name, kind.code_dtype, ("donors",), kind.code_sentence) for name, kind in coded_types().items()
)
"""The `Registry.attribute_codes`, ``<name>.npy``."""

ORDER_ARRAYS = (
    ArrayOfRegistry("first_run", "uint32", ("meanings+1",), "first run of each meaning at the first locus"),
    ArrayOfRegistry("run_second", "uint16 uint32", ("runs",), "meaning at the second locus"),
    ArrayOfRegistry("run_donor", "uint32", ("runs+1",), "offsets of the runs into donor"),
    ArrayOfRegistry("donor", "uint32", ("donors",), "donors in this order"),
    ArrayOfRegistry("typing", "uint16 uint32", ("3", "donors"), "their meanings at the third locus, at C, and at DQB1"),
)
"""Arrays of a `DonorOrder`, ``order_<position>_<name>.npy``."""

COLUMN_ARRAYS = (ArrayOfRegistry("meaning", "int32", ("reported",), "typing of the table that a text means"),)
"""Arrays of a `LocusColumn`, ``<name>-<locus>.npy``."""

TABLE_ARRAYS = (
    ArrayOfRegistry("set_start", "int32", ("sets+1",), "offsets into set_member"),
    ArrayOfRegistry("set_member", "int32", ("members",), "codes of each set, ascending"),
    ArrayOfRegistry("antigen_start", "int32", ("sets+1",), "offsets into antigen_member"),
    ArrayOfRegistry("antigen_member", "int32", ("antigens",), "antigens of each set, ascending"),
    ArrayOfRegistry("serology_start", "int32", ("sets+1",), "offsets into serology_member"),
    ArrayOfRegistry("serology_member", "int32", ("reports",), "antigens reported of each set, ascending"),
    ArrayOfRegistry("alternative_start", "int32", ("typings+1",), "offsets into alternative_set"),
    ArrayOfRegistry("alternative_set", "int32", ("alternatives", "2"), "the two sets as they count for matching"),
    ArrayOfRegistry("alternative_kind", "uint8", ("alternatives",), "what became of null alleles: 1, 2 or 4"),
    ArrayOfRegistry("carried_start", "int32", ("typings+1",), "offsets into carried_set"),
    ArrayOfRegistry("carried_set", "int32", ("carried", "2"), "the two sets as the chromosomes carry them"),
)
"""Arrays of a `TypingTable`, ``<name>-<locus>.npy``."""

CODE_ARRAYS = (
    ArrayOfRegistry("name", "bytes", ("codes",), "multiple allele codes, ascending"),
    ArrayOfRegistry("offset", "int64", ("codes+1",), "offsets into text"),
    ArrayOfRegistry("text", "uint8", ("bytes",), "UTF-8 text of all expansions"),
)
"""Arrays of the `MultipleAlleleCodes`, ``code_<name>.npy``."""


def write_arrays(aside: AsideFolder, arrays: Sequence[ArrayOfRegistry], holder: object, pattern: str = "{}") -> None:
    """Write the arrays that an object holds; `pattern` makes the name of the file from that of the array.

    Raises:
        OSError: a file cannot be written.
    """
    for array in arrays:
        aside.write_array(pattern.format(array.name), getattr(holder, array.name))


def open_arrays(
    folder: Path, arrays: Sequence[ArrayOfRegistry], sizes: Mapping[str, int], pattern: str = "{}"
) -> dict[str, NDArray[Any]]:
    """Return the arrays by name, memory-mapped; what is written into them stays in this process.

    Args:
        folder: of the snapshot.
        arrays: which.
        sizes: dimensions that are known.
        pattern: as in `write_arrays`.

    Raises:
        FileNotFoundError: a file is missing.
        RegistryError: a file is not as declared.
    """
    known = {str(size): size for size in range(4)} | dict(sizes)
    opened: dict[str, NDArray[Any]] = {}
    for array in arrays:
        name = pattern.format(array.name)
        try:
            opened[array.name] = found = array_of_file(folder, name)
        except ValueError:
            raise damaged(folder / f"{name}.npy") from None
        shape = tuple(_size(known, dim, size) for dim, size in zip(array.dims, found.shape, strict=False))
        kind = "bytes" if found.dtype.kind == "S" else found.dtype.name
        if found.shape != shape or found.ndim != len(array.dims) or kind not in array.dtype.split():
            raise changed(
                folder / f"{name}.npy", f"{kind} of shape {found.shape}", f"{array.dtype} by {', '.join(array.dims)}"
            )
    return opened


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


def _size(known: dict[str, int], dim: str, found: int) -> int:
    """Return the size that a dimension must have; one that is not known yet is what is found."""
    name, _, more = dim.partition("+")
    return known.setdefault(name, found - int(more or 0)) + int(more or 0)
