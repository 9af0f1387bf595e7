"""Processes of this machine that work for this one: they leave nothing behind, whichever of them ends first.

Each is newly started ("spawn"), as a copy of a process with threads may hang. A terminal's signals reach this process
alone, which ends the others. Should this one be killed, the others end themselves.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

_LOOKS_SECONDS, _GRACE_SECONDS = 0.5, 3.0
"""How often it is seen whether a process was killed, and how long the executor may take to notice it by itself."""


@contextmanager
def search_processes(number: int, prepare: Callable[[], object] | None = None) -> Iterator[Executor]:
    """Yield processes that search; they are starting while this one goes on.

    Args:
        number: of processes.
        prepare: is called in each process before it imports what searches; it can be pickled.

    Raises:
        BrokenProcessPool: a process was ended from outside, or cannot start.
    """
    with worker_processes(number, partial(_begin_searching, prepare)) as pool:
        with children_spared():
            # A process is started for each task that waits; all are wanted at once.
            for _ in range(number):
                pool.submit(os.getpid)
        yield pool


@contextmanager
def worker_processes(
    number: int | None, begin: Callable[[], None], on_kill: Callable[[int], None] | None = None
) -> Iterator[Executor]:
    """Yield processes that do not outlive the block, however it ends.

    Args:
        number: of processes at most; None for one a processor.
        begin: is called in each process at its start.
        on_kill: is called with the number of each process that was killed, to remove what it left.
    """
    with children_spared():
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(number, mp_context=context, initializer=begin)
    ended = threading.Event()
    watching = threading.Thread(target=_end_with_a_child, args=(executor, ended), daemon=True)
    watching.start()
    with executor as pool:
        try:
            yield pool
        except BaseException:
            ended.set()
            watching.join()
            for child in _killed(executor):
                if on_kill is not None:
                    on_kill(child.pid or 0)
            raise
        finally:
            ended.set()


def _end_with_a_child(executor: ProcessPoolExecutor, ended: threading.Event) -> None:
    """Break an executor of which a process was killed, where it does not notice that by itself."""
    while not ended.wait(_LOOKS_SECONDS):
        if any(child.exitcode not in (None, 0) for child in _processes(executor)):
            if not ended.wait(_GRACE_SECONDS):
                _killed(executor)
            return


def _killed(executor: ProcessPoolExecutor) -> list[BaseProcess]:
    """Kill the processes of an executor and return them; whoever waits for a result then gets `BrokenProcessPool`.

    A process that is killed while it sends a result leaves half of it in the pipe. The executor reads on for the rest,
    and looks at no process meanwhile: it must see the end of the pipe, which this process holds open as well.
    """
    children = _processes(executor)
    results: Any = executor._result_queue
    for child in children:
        child.kill()
    for child in children:
        child.join()
    if results is not None:
        results._writer.close()
    return children


def _processes(executor: ProcessPoolExecutor) -> list[BaseProcess]:
    # The children that multiprocessing lists are without those that have ended.
    return list((executor._processes or {}).values())


@contextmanager
def children_spared() -> Iterator[None]:
    """Start processes that a terminal's signals do not reach: the command itself gets them, and ends its processes."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # A process is born with the signals blocked that its parent blocks; a signal that comes now comes a moment later.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """End this process as soon as the one is gone that started it: it would wait for work for ever."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _begin_searching(prepare: Callable[[], object] | None) -> None:
    end_with_parent()
    # What every search needs is imported while the first process goes on. All of it stays, so that nothing is gained by
    # looking for reference cycles in it, which takes a tenth of the time.
    gc.disable()
    if prepare is not None:
        prepare()
    import registry_io.store.worker_registry  # noqa: F401

    gc.freeze()
    gc.enable()
