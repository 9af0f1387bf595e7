"""Compiling in advance: the kernels that Python calls, in several processes, once for a version.

What a kernel is compiled for is read from the declarations of its arguments.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import os
import pkgutil
from collections.abc import Generator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from functools import cache, partial
from pathlib import Path

import hla_match
import hla_match.kernels
from hla_match.cli.kernel_folder import choose_cache_folder
from hla_match.errors import HlaMatchError
from hla_match.kernels import _machine_code, _private_files
from hla_match.kernels._jit import ENTRIES
from hla_match.kernels.signatures import argument_types, n_arrays
from hla_match.services.worker_processes import children_spared, end_with_parent, worker_processes

_MARK = "warm-"
"""Beginning of the name of the file that tells for which sources and processor a warm-up was finished.

It names the files of machine code that there were then.
"""


def is_warm(folder: Path) -> bool:
    """Say whether what searches call was compiled, for these sources and this processor, in a folder of machine code.

    Machine code that was deleted since counts; what was damaged since is compiled as it is called.
    """
    named = _private_files.read(folder / _mark())
    return named is not None and set(named.decode("utf-8", "replace").split("\n")) <= _code_files(folder)


def warm_up(folder: Path, *, searches_only: bool = False) -> Generator[tuple[int, int]]:
    """Compile the kernels; yield how many are done, of how many.

    Numba compiles one kernel at a time in a process, so that processes share the work. They end with this one, and
    with the iterator when it is closed.

    Args:
        folder: where machine code is kept, as `choose_cache_folder` tells.
        searches_only: leave out what ``search`` and ``batch`` do not call.

    Raises:
        OSError: no process can be started, or the folder cannot be written to.
        BrokenProcessPool: a process ended before its time.
    """
    kernels = _kernels(searches_only=searches_only)
    left_by = partial(_private_files.remove_left_by, folder=folder)
    with worker_processes(os.cpu_count(), _begin, left_by) as pool:
        with children_spared():
            futures = [pool.submit(_compile, *names) for names in kernels]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            yield done, len(kernels)
    # Those of other processors stay: hosts may share a home.
    for old in folder.glob(f"{_processor_mark()}*"):
        old.unlink(missing_ok=True)
    _private_files.write(folder / _mark(), "\n".join(sorted(_code_files(folder))).encode())


def try_to_warm_up(folder: Path) -> None:
    """Warm up what searches call; where that cannot be done, kernels are compiled as they are called.

    No process may be started, or the disk may be full.
    """
    with suppress(OSError, ImportError, BrokenProcessPool, HlaMatchError):
        with closing(warm_up(folder, searches_only=True)) as steps:
            for _ in steps:
                pass


def _begin() -> None:
    """Begin a process of a warm-up."""
    # Reference cycles are few in the little time that a process has: looking for them takes 6 % of it.
    gc.disable()
    end_with_parent()


def _kernels(*, searches_only: bool) -> list[tuple[str, str]]:
    """Return module and name of the kernels to compile."""
    for room in pkgutil.walk_packages(hla_match.kernels.__path__, f"{hla_match.kernels.__name__}."):
        importlib.import_module(room.name)
    chosen = [function for function, in_searches in ENTRIES if in_searches or not searches_only]
    # Kernels of many arrays are the long ones: started last, one would go on when all others are done.
    chosen.sort(key=lambda function: -n_arrays(function))
    return [(function.__module__, function.__name__) for function in chosen]


def _compile(module: str, name: str) -> None:
    def fail(error: OSError) -> None:
        raise error

    choose_cache_folder()
    # Where machine code cannot be kept, compiling in advance is of no use.
    _machine_code.unsaved = fail
    kernel = getattr(importlib.import_module(module), name)
    kernel.compile(argument_types(kernel.py_func))


def _code_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in (".nbi", ".nbc")}


def _processor_mark() -> str:
    """Return the beginning of the marks for this processor."""
    from llvmlite.binding import get_host_cpu_name

    # No name of a processor holds a dot, though one may begin with another.
    return f"{_MARK}{get_host_cpu_name()}."


@cache
def _mark() -> str:
    """Return the name of the mark. All sources are part of it, as a change of any may change the types of a call."""
    import numba

    content = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(hla_match.__file__).parent.rglob("*.py")):
        content.update(path.read_bytes())
    return _processor_mark() + content.hexdigest()[:16]
