"""The only place where Numba's options are chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core import config

from hla_match.kernels._machine_code import KernelCache

_CONFIG: Any = config  # whose names Numba makes when it is imported

_njit: Any = numba.njit  # whose type knows fewer options than it takes

ENTRIES: list[tuple[Callable[..., Any], bool]] = []
"""The functions of the kernels that Python calls, and whether searches do, of all modules that are imported."""


def compiled(function: Callable[..., Any], *, counts: bool = True) -> Any:
    """Compile a kernel on first use, without the interpreter lock, and keep the machine code for later processes.

    Where no folder can be written to, or others can write to it, the kernel is compiled once a process. `counts` says
    whether it counts the references of arrays.
    """
    made: Any = _njit(nogil=True, _nrt=counts)(function)
    # Under NUMBA_DISABLE_JIT a kernel stays a function.
    if not _CONFIG.DISABLE_JIT:
        try:
            made._cache = KernelCache(function)
        except RuntimeError:
            pass
    return made


def kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel that Python calls; its annotations declare its arguments (`hla_match.kernels.signatures`)."""
    ENTRIES.append((function, True))
    return compiled(function)


def other_kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel that Python calls, but no search, so that a first search need not compile it."""
    ENTRIES.append((function, False))
    return compiled(function)


def array_kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel that only kernels call, and that makes arrays."""
    return compiled(function)


def inner_kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel that only kernels call, and that makes no arrays: it does not count the references of its own.

    Where a kernel with twenty arrays is called for each donor, counting them takes half of the time.
    """
    return compiled(function, counts=False)
