"""The folder where the machine code of kernels is kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

_NO_FOLDER = "no cache folder can be written to"


def choose_cache_folder() -> Path | None:
    """Choose where machine code is kept, and return the folder, or None where it is not kept.

    It is the folder of NUMBA_CACHE_DIR, else the user's cache folder; where neither can be written to, such as in a
    container under any user number, a folder of the user's own among the temporary files. A folder
    that others can write to is not replaced by another: the user has to change its permissions.
    """
    import numba

    from hla_match.kernels._machine_code import UnsafeFolderError, cache_folder

    try:
        found = cache_folder()
        if found is None and (temporary := own_temporary_folder()) is not None:
            config: Any = numba.config
            # Here, and in processes started from here.
            config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = str(temporary)
            found = cache_folder()
    except UnsafeFolderError:
        return None
    return found


def why_not_kept() -> str:
    """Return why machine code is not kept, and what helps, where something does."""
    from hla_match.kernels._machine_code import UnsafeFolderError, cache_folder

    try:
        cache_folder()
    except UnsafeFolderError as unsafe:
        return str(unsafe)
    return _fault_of_temporary_folder() or _NO_FOLDER


def own_temporary_folder() -> Path | None:
    """Return a temporary folder that only the user can write to, or None.

    Machine code is run: a folder that somebody else made, or a link, is never taken.
    """
    return None if _fault_of_temporary_folder() is not None else _temporary_folder()


def _temporary_folder() -> Path:
    return Path(os.path.realpath(tempfile.gettempdir())) / f"hla-match-{os.getuid()}"


def _fault_of_temporary_folder() -> str | None:
    from hla_match.kernels import _private_files

    if not hasattr(os, "getuid"):  # Windows, where every user has a cache folder
        return _NO_FOLDER
    try:
        _private_files.make_folder(_temporary_folder())
        return _private_files.fault(_temporary_folder())
    except OSError:
        return _NO_FOLDER
