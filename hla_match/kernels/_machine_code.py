"""Where the machine code of kernels is kept between processes, and when it is run again.

Machine code is kept in the folder that `numba.config.CACHE_DIR` names, which Numba reads from NUMBA_CACHE_DIR and which
the composition root may set before kernels are imported; else in the user's cache folder for this program. Numba's own
choice would come earlier: the folder of the sources. There it would outlive an uninstalled program, be out of reach in
a read-only install, and be shared by users who need not trust each other.

What is kept is unpickled and run. It is taken only from folders and files that only the user can write; from a
folder that others can write nothing is run, and nothing is kept there. And where a disk has changed a byte, another
instruction would be run: every file begins with a checksum, and a file that does not match it counts as none.

Numba keeps the machine code of a kernel for as long as the kernel's own file is the same. But the code holds copies of
the kernels that it calls and of the constants that it uses, which may stand in other files; after an upgrade the old
rules would go on being used. The checksum therefore also covers what the code was made from and by (`_imported`).
"""

from __future__ import annotations

import inspect
import os
import pickle
import secrets
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator
from numba.core.dispatcher import Dispatcher
from numba.misc.appdirs import AppDirs
from xxhash import xxh3_128

from hla_match.kernels import _private_files

_CONFIG: Any = config  # whose names Numba makes when it is imported

_MAKERS = f"{numba.__version__} {llvmlite.__version__} {np.__version__}"

_STAMP: dict[str, str] = {}
"""By module of kernels, the checksum of everything that decides its machine code."""

_DIGEST = 16
"""Bytes of a checksum."""

_FORGOTTEN = 3600
"""Seconds after which what a process wrote aside was left behind."""


def ignore(error: OSError) -> None:
    """Go on, as machine code that cannot be written is compiled again in the next process."""


unsaved: Callable[[OSError], None] = ignore
"""What is done where machine code cannot be written; one who wants to say so may put his own here."""


class UnsafeFolderError(RuntimeError):
    """Others can write to the folder for machine code; the message says where, and what mends it."""


def cache_folder() -> Path | None:
    """Return where the machine code of kernels that are imported now is kept, or None where no folder can be written.

    Raises:
        UnsafeFolderError: others can write to it.
    """
    return None if _CONFIG.DISABLE_JIT else _chosen_folder()


def _chosen_folder() -> Path | None:
    # One folder for the kernels of all rooms, apart from that of another installation of this program.
    below = UserProvidedCacheLocator.get_suitable_cache_subpath(__file__)
    # A user without a home, as in a container that is run under any number: a folder "~" in the present folder would
    # be the place.
    home = AppDirs("hla-match", appauthor=False).user_cache_dir
    places = (_CONFIG.CACHE_DIR, "" if home.startswith("~") else f"{home}/kernels")
    return next((found for place in places if place and (found := _made_ready(f"{place}/{below}"))), None)


@cache
def _made_ready(path: str) -> Path | None:
    # Where a link on the way is changed later, this process goes on with the folder that was looked at.
    folder = Path(os.path.realpath(path))
    try:
        _private_files.make_folder(folder)
        tempfile.TemporaryFile(dir=folder).close()
        found = _private_files.fault(folder)
    except OSError:
        return None
    if found is not None:
        raise UnsafeFolderError(found)
    return folder


class _Locator(UserProvidedCacheLocator):
    def __init__(self, function: Callable[..., Any], source: str, folder: Path) -> None:
        super().__init__(function, source)
        self._cache_path = str(folder)

    def ensure_cache_path(self) -> None:
        _private_files.make_folder(Path(self._cache_path))


class _KernelCacheImpl(CompileResultCacheImpl):
    def __init__(self, function: Callable[..., Any]) -> None:
        # Numba's own would ask other locators, too, which the environment can name.
        folder = _chosen_folder()
        if folder is None:
            raise RuntimeError("no folder can be written to")
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, inspect.getfile(function), folder)
        name = f"{function.__module__}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _CodeFiles(IndexDataCacheFile):
    """Numba's two kinds of files for a kernel: the index by signature, and the machine code of each.

    No two processes ever write the same file of machine code. Where they write the index at the same time, one of them
    forgets what the other has compiled.
    """

    def load(self, key: Any) -> Any:
        name = self._load_index().get(key)
        content = None if name is None else self._read(name)
        return None if content is None else pickle.loads(content)

    def save(self, key: Any, data: Any) -> None:
        name = self._data_name_pattern.format(number=secrets.randbits(64))
        self._write(name, self._dump(data))
        self._save_index(self._load_index() | {key: name})

    def _load_index(self) -> dict[Any, str]:
        content = self._read(self._index_name)
        return {} if content is None else pickle.loads(content)

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_name, self._dump(overloads))
        index = Path(self._index_path)
        now = index.stat().st_mtime
        for path in index.parent.glob(f"{index.stem}.*"):
            is_old_code = path.suffix == ".nbc" and path.name not in overloads.values()
            if is_old_code or (path.suffix == ".tmp" and path.stat().st_mtime < now - _FORGOTTEN):
                path.unlink(missing_ok=True)

    def _read(self, name: str) -> bytes | None:
        found = _private_files.read(Path(self._cache_path, name))
        if found is None or found[:_DIGEST] != self._checksum(name, found[_DIGEST:]):
            return None
        return found[_DIGEST:]

    def _write(self, name: str, content: bytes) -> None:
        _private_files.write(Path(self._cache_path, name), self._checksum(name, content) + content)

    def _checksum(self, name: str, content: bytes) -> bytes:
        found = xxh3_128(f"{_MAKERS}\n{self._source_stamp}\n{name}\n".encode())
        found.update(content)
        return found.digest()


class KernelCache(FunctionCache):
    """Numba's cache of a kernel, in the place, the files and with the checksums above.

    Raises:
        UnsafeFolderError: others can write to its folder.
        RuntimeError: no folder can be written to.
    """

    _impl_class = _KernelCacheImpl

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        made_from = repr((self._cache_file._source_stamp, _imported(function)))
        stamp = _STAMP[function.__module__] = xxh3_128(made_from.encode()).hexdigest()
        self._cache_file = _CodeFiles(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code for a signature, or None where there is none that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code for a signature, or go on without where the disk is full or the folder gone."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            unsaved(error)


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
