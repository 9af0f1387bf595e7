"""The only place where Numba's options are chosen, and where the machine code of the kernels is kept.

Machine code is kept in the folder that `numba.config.CACHE_DIR` names, which Numba reads from NUMBA_CACHE_DIR and which
the composition root may set before kernels are imported; else in the user's cache folder for this program. Numba's own
choice would come earlier: the folder of the sources. There it would outlive an uninstalled program, be out of reach in
a read-only install, and be shared by users who need not trust each other.

Numba keeps the machine code of a kernel for as long as the kernel's own file is the same. But the code holds copies of
the kernels that it calls and of the constants that it uses, which may stand in other files; after an upgrade the old
rules would go on being used. What is kept therefore also counts as old when one of those changed (`_imported`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator, UserWideCacheLocator
from numba.core.dispatcher import Dispatcher
from numba.misc.appdirs import AppDirs

_CONFIG: Any = config  # whose names Numba makes when it is imported

_njit: Any = numba.njit  # whose type knows fewer options than it takes

_STAMP: dict[str, Any] = {}
"""By module of kernels, everything that decides its machine code."""


class _UserLocator(UserWideCacheLocator):
    """The user's cache folder for this program, under the name that platformdirs would give it."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        home = AppDirs("hla-match", appauthor=False).user_cache_dir
        self._cache_path = f"{home}/kernels/{self.get_suitable_cache_subpath(file)}"

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _UserLocator | None:
        """Return the locator, or None where the folder cannot be written to."""
        # A user without a home, as in a container that is run under any number: a folder "~" in the present folder
        # would be the place.
        if cls(function, file).get_cache_path().startswith("~"):
            return None
        found: _UserLocator | None = super().from_function(function, file)
        return found


class _KernelCacheImpl(CompileResultCacheImpl):
    _locator_classes: list[Any] = [UserProvidedCacheLocator, _UserLocator]  # noqa: RUF012 - Numba's own type


class _KernelCache(FunctionCache):
    """Numba's cache, in the places above, with a stamp that also tells what a kernel takes from other files."""

    _impl_class = _KernelCacheImpl

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = (self._cache_file._source_stamp, _imported(function))
        self._cache_file._source_stamp = _STAMP[function.__module__] = stamp


def _imported(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return the modules of kernels and the constants that a kernel's module has imported, by name.

    Imports stand before the first kernel of a file. Constants of the file itself may be among them, which does no harm.
    """
    found: list[tuple[str, Any]] = []
    for name, value in function.__globals__.items():
        origin = value.py_func.__module__ if isinstance(value, Dispatcher) else getattr(value, "__name__", None)
        if origin != function.__module__ and isinstance(origin, str) and origin in _STAMP:
            found.append((name, _STAMP[origin]))
        elif isinstance(value, np.ndarray):
            found.append((name, (value.dtype.str, value.shape, value.tobytes())))
        elif isinstance(value, bool | int | float | tuple | np.generic):
            found.append((name, repr(value)))
    return sorted(found, key=lambda one: one[0])


def compiled(function: Callable[..., Any], *, counts: bool = True) -> Any:
    """Compile a kernel on first use, without the interpreter lock, and keep the machine code for later processes.

    Where no folder can be written to, the kernel is compiled once a process. `counts` says whether it counts the
    references of arrays.
    """
    made: Any = _njit(nogil=True, _nrt=counts)(function)
    # Under NUMBA_DISABLE_JIT a kernel stays a function.
    if not _CONFIG.DISABLE_JIT:
        try:
            made._cache = _KernelCache(function)
        except RuntimeError:
            pass
    return made


make: Callable[..., Any] = compiled
"""What becomes of a kernel; before kernels are imported, one who wants to know their calls may put his own here."""


def kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel of a function."""
    return make(function)


def inner_kernel(function: Callable[..., Any]) -> Any:
    """Make a kernel that only kernels call, and that makes no arrays: it does not count the references of its own.

    Where a kernel with twenty arrays is called for each donor, counting them takes half of the time.
    """
    return make(function, counts=False)


def cache_folder() -> str | None:
    """Return where the machine code of kernels that are imported now is kept, or None where none is or can be."""
    if _CONFIG.DISABLE_JIT:
        return None
    try:
        folder: str = _KernelCacheImpl(cache_folder).locator.get_cache_path()
    except RuntimeError:
        return None
    return folder
