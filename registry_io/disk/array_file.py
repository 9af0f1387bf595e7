"""Files of NumPy's array format, mapped into memory as they were written, and in no other form.

`numpy.load` takes forms that this package does not write (another order of bytes or of dimensions, bytes behind the
array), which kernels would be compiled for again or fail on, and takes five times as long to open a file.
"""

from __future__ import annotations

import math
import mmap
import os
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(<[uif][248]|\|[ui]1|\|S[1-9][0-9]{0,3})', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,18}(?:, [0-9]{1,18})*),?\), \} *\n"
)
_ALIGNMENT = 64
_SMALL = 1 << 16
"""Bytes up to which a file is read: a mapping takes longer, and keeps a descriptor."""


def map_array(path: Path, *, writable: bool = True) -> NDArray[Any]:
    """Return the array of a file, memory-mapped where it is large.

    Args:
        path: the file.
        writable: what is written into the array stays in this process; otherwise the array is read-only.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not as `numpy.save` writes it, or not as long as it says.
    """
    content = _content(path, writable)
    start = len(_MAGIC) + 2 + int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 2], "little")
    header = _HEADER.fullmatch(content[len(_MAGIC) + 2 : start])
    if content[: len(_MAGIC)] != _MAGIC or header is None or start % _ALIGNMENT:
        raise ValueError(f"{path}: found another header, expected that of an array")
    dtype = np.dtype(header[1].decode())
    shape = tuple(map(int, header[2].split(b", ")))
    # Integers of Python do not overflow, even with the numbers of a damaged header.
    size = start + dtype.itemsize * math.prod(shape)
    if size != len(content):
        raise ValueError(f"{path}: found {len(content)} bytes, expected {size}")
    array: NDArray[Any] = np.ndarray(shape, dtype, content, start)
    array.flags.writeable = writable
    return array


def _content(path: Path, writable: bool) -> bytearray | mmap.mmap:
    """Return the bytes of a regular file; one that becomes shorter meanwhile is as long as it was found."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise ValueError(f"{path}: found no regular file, expected an array")
        if state.st_size > _SMALL:
            access = mmap.ACCESS_COPY if writable else mmap.ACCESS_READ
            return mmap.mmap(descriptor, state.st_size, access=access)
        content = bytearray(state.st_size)
        del content[os.readv(descriptor, [content]) :]
        return content
    finally:
        os.close(descriptor)
