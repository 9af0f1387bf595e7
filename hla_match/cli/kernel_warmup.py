"""Compiling before it is asked for: the kernels that the commands call, in several processes, once for a version."""

from __future__ import annotations

import gc
import hashlib
import importlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import hla_match
from hla_match.cli.compilation import choose_cache_folder
from hla_match.cli.kernel_calls import KernelCall, find_calls
from hla_match.errors import HlaMatchError

_MARK = "warm-"
"""Beginning of the name of the empty file that tells for which sources and processor a warm-up was finished."""


def is_warm(folder: Path) -> bool:
    """Say whether what searches call was compiled, for these sources and this processor, in a folder of machine code.

    Of machine code that was deleted since, the mark knows nothing; it is then compiled as it is called.
    """
    return (folder / _mark()).exists()


def warm_up(folder: Path, *, searches_only: bool = False) -> Iterator[tuple[int, int]]:
    """Compile the kernels for the calls that the commands make; yield how many are done, of how many.

    Numba compiles one kernel at a time in a process, so that processes share the work.

    Args:
        folder: where machine code is kept, as `choose_cache_folder` tells.
        searches_only: leave out what ``search`` and ``batch`` do not call.

    Raises:
        OSError: no process can be started, or the folder cannot be written to.
        BrokenProcessPool: a process ended before its time.
    """
    context = get_context("spawn")
    # The process that finds the calls has kernels that are never compiled, and is of no further use.
    with ProcessPoolExecutor(1, mp_context=context) as finder:
        calls = finder.submit(find_calls, searches_only=searches_only).result()
    # Reference cycles are few in the little time that a process has: looking for them takes 6 % of it.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, initializer=gc.disable) as pool:
        # Kernels of many arguments are the long ones: started last, one would go on when all others are done.
        futures = [pool.submit(_compile, call) for call in sorted(calls, key=lambda call: -len(call[2]))]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            yield done, len(calls)
    # Those of other processors stay: hosts may share a home.
    for old in folder.glob(f"{_processor_mark()}*"):
        old.unlink(missing_ok=True)
    (folder / _mark()).touch()


def try_to_warm_up(folder: Path) -> None:
    """Warm up what searches call; where that cannot be done, kernels are compiled as they are called.

    No process may be started, or the small registry on which the calls are found may have no room on the disk.
    """
    with suppress(OSError, ImportError, BrokenProcessPool, HlaMatchError):
        for _ in warm_up(folder, searches_only=True):
            pass


def _compile(call: KernelCall) -> None:
    choose_cache_folder()
    module, name, types = call
    getattr(importlib.import_module(module), name).compile(types)


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
