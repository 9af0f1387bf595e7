"""The Numba types that a kernel is compiled for in advance: read from the annotations of its arguments.

A number is of 64 bits. An array has the dtype and the dimensions that its declaration says, the narrowest of several
dtypes, and is contiguous and writable; a plain array type without a declaration is of one dimension. A named tuple of
the schema is a tuple of its fields.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numba import types
from numba.np.numpy_support import from_dtype

from hla_match.kernels.schema.array import declaration

_NUMBERS = {int: types.int64, float: types.float64, bool: types.boolean, np.uint64: types.uint64}


def argument_types(function: Any) -> tuple[Any, ...]:
    """Return the Numba types of the arguments of a kernel, given as the Python function."""
    hints = get_type_hints(function, include_extras=True)
    return tuple(_numba_type(name, hints[name]) for name in signature(function).parameters)


def n_arrays(function: Any) -> int:
    """Return how many arrays a kernel takes, those of named tuples included."""
    found = [one for argument in argument_types(function) for one in getattr(argument, "types", (argument,))]
    return sum(isinstance(one, types.Array) for one in found)


def _numba_type(name: str, annotation: Any) -> Any:
    if annotation in _NUMBERS:
        return _NUMBERS[annotation]
    if hasattr(annotation, "_fields"):
        fields = get_type_hints(annotation, include_extras=True)
        members = [_numba_type(field, hint) for field, hint in fields.items()]
        return types.BaseTuple.from_types(members, annotation)
    declared = declaration(name, annotation)
    if declared is not None:
        return _array(declared.dtypes[0], len(declared.array.dimensions))
    if get_origin(annotation) is np.ndarray:
        return _array(np.dtype(get_args(get_args(annotation)[1])[0]), 1)
    raise TypeError(f"argument {name} of a kernel is annotated as {annotation}: no number, array or named tuple")


def _array(dtype: np.dtype[Any], n_dimensions: int) -> Any:
    return types.Array(from_dtype(dtype), n_dimensions, "C")
