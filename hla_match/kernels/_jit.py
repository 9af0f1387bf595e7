"""The only place where Numba's options are chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel on first use, without the interpreter lock, and keep the machine code for later processes.

    Where no folder can be written, Numba refuses to cache; the kernel is then compiled once a process.
    """
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)
