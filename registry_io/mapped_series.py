"""Columns of a frame over memory that is mapped from files, without a copy: the Arrow C data interface.

polars takes the addresses of an array's buffers from two small structures, and calls back when it needs them no more
(https://arrow.apache.org/docs/format/CDataInterface.html). Reading an Arrow file would copy it into memory instead.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_NULLABLE = 2


class _Schema(ctypes.Structure):
    """``struct ArrowSchema``."""

    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


class _Array(ctypes.Structure):
    """``struct ArrowArray``."""

    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.c_void_p),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_held: dict[int, tuple[Any, ...]] = {}
"""What the structures point to, by the address of each, until it is released."""


# The names are bound as defaults, because a last frame may be released while the interpreter takes modules apart.
def _release_schema(address: int, held: dict[int, tuple[Any, ...]] = _held, struct: Any = _Schema) -> None:
    schema = struct.from_address(address)
    held.pop(schema.private_data, None)
    schema.release = None


def _release_array(address: int, held: dict[int, tuple[Any, ...]] = _held, struct: Any = _Array) -> None:
    array = struct.from_address(address)
    held.pop(array.private_data, None)
    array.release = None


_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_RELEASE_SCHEMA, _RELEASE_ARRAY = _RELEASE(_release_schema), _RELEASE(_release_array)
for _callback in (_RELEASE_SCHEMA, _RELEASE_ARRAY):
    # For ever: what calls them may outlive this module.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_callback))

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class _Buffers:
    """An array of the interface: its format, and its buffers in the order that the format asks for."""

    def __init__(self, form: bytes, length: int, buffers: Sequence[NDArray[Any] | None]) -> None:
        self._form, self._length, self._buffers = form, length, buffers

    def forget_schema(self) -> None:
        """Drop what describes the array, once it has been read: polars does not release it."""
        _held.pop(self._schema, None)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        addresses = (ctypes.c_void_p * len(self._buffers))(
            *(None if buffer is None else buffer.ctypes.data for buffer in self._buffers)
        )
        schema = _Schema(
            format=self._form, name=b"", flags=_NULLABLE, release=ctypes.cast(_RELEASE_SCHEMA, ctypes.c_void_p)
        )
        array = _Array(
            length=self._length,
            null_count=0 if self._buffers[0] is None else -1,
            n_buffers=len(self._buffers),
            buffers=ctypes.addressof(addresses),
            release=ctypes.cast(_RELEASE_ARRAY, ctypes.c_void_p),
        )
        self._schema = ctypes.addressof(schema)
        capsules = []
        for struct, name, more in ((schema, b"arrow_schema", ()), (array, b"arrow_array", (addresses, self._buffers))):
            struct.private_data = ctypes.addressof(struct)
            _held[ctypes.addressof(struct)] = (struct, *more)
            capsules.append(_new_capsule(ctypes.addressof(struct), name, None))
        return capsules[0], capsules[1]


def mapped_series(form: bytes, values: NDArray[Any], valid: NDArray[np.uint8] | None, *more: NDArray[Any]) -> pl.Series:
    """Return a series over arrays, which must never change; it keeps them alive.

    Args:
        form: format string of the interface, such as ``b"i"`` for int32 or ``b"vu"`` for views of text.
        values: one value a row, C-contiguous.
        valid: bit for each row, lowest first, whether it has a value; None where all have.
        more: the buffers that follow the values in this format.
    """
    buffers = _Buffers(form, len(values), (valid, values, *more))
    series = pl.Series(buffers)
    buffers.forget_schema()
    return series
