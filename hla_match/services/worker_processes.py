"""Processes of this machine that work for this one: they leave nothing behind, whichever of them ends first.

Each is started anew ("spawn"), as a copy of a process with threads may hang. A terminal's signals reach this process
alone, which ends the others. Should this one be killed, the others end themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def search_processes(number: int) -> Iterator[Executor]:
    """Yield processes that search; they are starting while this one goes on.

    Args:
        number: of processes.

    Raises:
        BrokenProcessPool: a process was ended from outside, or cannot start.
    """
    with worker_processes(number, _begin_searching) as pool:
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
    with executor as pool:
        try:
            yield pool
        except BaseException:
            children = multiprocessing.active_children()
            for child in children:
                child.kill()
            for child in children:
                child.join()
                if on_kill is not None:
                    on_kill(child.pid or 0)
            raise


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


def _begin_searching() -> None:
    end_with_parent()
    # What every search needs is imported while the first process still opens the registry.
    import registry_io.store.worker_registry  # noqa: F401
