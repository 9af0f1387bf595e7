"""What is declared of an array: dimensions, dtype, missing value, one sentence; and how a declaration is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
Uint8 = NDArray[np.uint8]
Uint16 = NDArray[np.uint16]
Uint32 = NDArray[np.uint32]
Uint64 = NDArray[np.uint64]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

Table = TypeVar("Table", bound=tuple[Any, ...])
"""A named tuple of the schema."""


@dataclass(frozen=True, slots=True)
class Array:
    """What an annotation says of an array beside its dtype.

    Attributes:
        dims: its dimensions, separated by commas: the name of what is counted, a number, or a name and a number to add.
        sentence: what it holds, in one sentence.
        missing: the value that stands for none, where there is one.
        into: for offsets, what they count: they begin at 0, never fall, and end at its number.
        below: what the numbers are numbers of.
        file: the name in files, where it is another.
    """

    dims: str
    sentence: str
    missing: int | None = None
    into: str = ""
    below: str = ""
    file: str = ""

    @property
    def dimensions(self) -> tuple[tuple[str, int], ...]:
        """What each dimension counts, and what is added to it; a plain number counts nothing.

        >>> Array("loci, typings + 1, 2", "offsets").dimensions
        (('loci', 0), ('typings', 1), ('', 2))
        """
        parts = [dim.strip().rpartition(" + ") for dim in self.dims.split(",")]
        return tuple((counted, int(number)) if number.isdecimal() else (number, 0) for counted, _, number in parts)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape that the array has for given numbers of what its dimensions count.

        >>> Array("loci, typings + 1, 2", "offsets").shape({"loci": 5, "typings": 9})
        (5, 10, 2)
        """
        return tuple((sizes[counted] if counted else 0) + added for counted, added in self.dimensions)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared array.

    Attributes:
        name: the name of the field or argument.
        dtypes: its dtype, or the dtypes that it may have, the narrowest first.
        array: what else is declared.
    """

    name: str
    dtypes: tuple[np.dtype[Any], ...]
    array: Array

    @property
    def file(self) -> str:
        """The name in files."""
        return self.array.file or self.name

    @staticmethod
    def kind(dtype: np.dtype[Any]) -> str:
        """Return what a dtype is called; bytes of any width are one kind."""
        return "bytes" if dtype.kind == "S" else dtype.name

    def fits(self, array: NDArray[Any], sizes: dict[str, int]) -> bool:
        """Say whether an array is as declared, and note the numbers that its dimensions give in `sizes`.

        >>> declared = Declaration("pair", (np.dtype("int32"),), Array("donors, 2", "pairs"))
        >>> sizes = {}
        >>> declared.fits(np.zeros((5, 2), np.int32), sizes), sizes
        (True, {'donors': 5})
        >>> declared.fits(np.zeros((6, 2), np.int32), sizes)
        False
        """
        dimensions = self.array.dimensions
        if array.ndim != len(dimensions) or self.kind(array.dtype) not in map(self.kind, self.dtypes):
            return False
        for size, (counted, added) in zip(array.shape, dimensions, strict=True):
            if size != added + (sizes.setdefault(counted, size - added) if counted else 0):
                return False
        return True


@cache
def declarations(table: type) -> Mapping[str, Declaration]:
    """Return the arrays that a named tuple of the schema declares, and those of its named tuples, in their order.

    >>> from hla_match.kernels.schema.haplotypes import HaplotypeClasses
    >>> found = declarations(HaplotypeClasses)["pair"]
    >>> found.dtypes, found.array.dims
    ((dtype('uint16'),), 'pairs, 2')
    """
    hints = get_type_hints(table, include_extras=True)
    found: dict[str, Declaration] = {}
    for name, hint in hints.items():
        if hasattr(hint, "_fields"):
            found |= declarations(hint)
        elif (one := declaration(name, hint)) is not None:
            found[name] = one
    return MappingProxyType(found)


def arrays_of(table: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a named tuple of the schema, and those of its named tuples, by name."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in table._asdict().items():
        if hasattr(value, "_fields"):
            found |= arrays_of(value)
        elif isinstance(value, np.ndarray):
            found[name] = value
    return found


@cache
def _fields_of(table: type) -> Mapping[str, Any]:
    """Return the types of the fields of a named tuple, worked out once."""
    return MappingProxyType(get_type_hints(table))


def of_arrays(table: type[Table], arrays: Mapping[str, NDArray[Any]]) -> Table:
    """Return a named tuple of the schema that holds arrays given by name."""
    hints = _fields_of(table)
    fields = {
        name: of_arrays(hint, arrays) if hasattr(hint, "_fields") else arrays[name] for name, hint in hints.items()
    }
    return table(**fields)


def new_arrays(table: type[Table], sizes: Mapping[str, int]) -> Table:
    """Return a named tuple of new arrays as declared, not yet filled, for given numbers of what dimensions count."""
    return table(*(np.empty(one.array.shape(sizes), one.dtypes[0]) for one in declarations(table).values()))


def declaration(name: str, annotation: Any) -> Declaration | None:
    """Return the array that an annotation declares, or None where it declares a number."""
    if get_origin(annotation) is not Annotated:
        return None
    kind, array = get_args(annotation)[:2]
    if not isinstance(array, Array):
        return None
    arrays = (kind,) if get_origin(kind) is np.ndarray else get_args(kind)
    return Declaration(name, tuple(np.dtype(get_args(get_args(one)[1])[0]) for one in arrays), array)
