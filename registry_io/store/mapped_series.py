"""Columns of a frame over memory that is mapped from files, without a copy: the Arrow C data interface.

polars takes the addresses of an array's buffers from two small structures
(https://arrow.apache.org/docs/format/CDataInterface.html). Reading an Arrow file would copy it into memory instead.
"""

from __future__ import annotations

import ctypes
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


# polars calls back when it drops an array, which can be while an exception is on its way; Python code must not run
# there. This function takes nothing, does nothing, and needs no lock.
_RELEASE = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p)

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class MappedArray:
    """An array of the interface over buffers, which must never change.

    polars does not say when it needs the buffers no more: an array is kept as long as anything that was made of it.

    Args:
        form: format string of the interface, such as ``b"i"`` for int32 or ``b"vu"`` for views of text.
        values: one value a row, C-contiguous.
        valid: bit for each row, lowest first, whether it has a value; None where all have.
        more: the buffers that follow the values in this format.
    """

    def __init__(self, form: bytes, values: NDArray[Any], valid: NDArray[np.uint8] | None, *more: NDArray[Any]) -> None:
        self._buffers = (valid, values, *more)
        self._addresses = (ctypes.c_void_p * len(self._buffers))(
            *(None if buffer is None else buffer.ctypes.data for buffer in self._buffers)
        )
        self._schema = _Schema(format=form, name=b"", flags=_NULLABLE, release=_RELEASE)
        self._array = _Array(
            length=len(values),
            null_count=0 if valid is None else -1,
            n_buffers=len(self._buffers),
            buffers=ctypes.addressof(self._addresses),
            release=_RELEASE,
        )

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Return the capsules that polars asks for; it may take them once."""
        return (
            _new_capsule(ctypes.addressof(self._schema), b"arrow_schema", None),
            _new_capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )

    def series(self, name: str) -> pl.Series:
        """Return the array as a series, without a copy."""
        return pl.Series(self).alias(name)
