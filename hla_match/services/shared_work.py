"""Tasks that other processes and a thread of this one take, whoever is free first.

A process takes a second to start and another to open the registry, which this one has done already: it works from the
first task on, and the others join when they are ready.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from threading import Condition, Thread
from typing import Any, NamedTuple

_WAITING = 1
"""Tasks that wait at the processes, so that none of them waits for the next one."""


@contextmanager
def shared_work(processes: Executor, number: int, begin: Callable[[], object]) -> Iterator[Executor]:
    """Yield an executor whose tasks are done by processes and by one thread of this process.

    Args:
        processes: does the tasks of the processes.
        number: of the processes.
        begin: is called in each process before its first task; it can be pickled.
    """
    work = _SharedWork(processes)
    try:
        for place in range(number):
            processes.submit(begin).add_done_callback(partial(work.join, 1 if place else 1 + _WAITING))
        yield work
    finally:
        work.shutdown(cancel_futures=True)


class _Task(NamedTuple):
    """What somebody asked for, and where the answer goes."""

    call: Callable[[], Any]
    answer: Future[Any]


class _SharedWork(Executor):
    """Gives out tasks in their order.

    Args:
        processes: does the tasks of the processes.
    """

    def __init__(self, processes: Executor) -> None:
        self._processes = processes
        self._room = 0
        self._waiting: deque[_Task] = deque()
        self._ended = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def join(self, room: int, _begun: Future[Any]) -> None:
        """Let a process take tasks from now on; what kept it from beginning ends its first task, too."""
        with self._changed:
            self._room += room
        self._hand_on()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give out a call; as `Executor.submit`."""
        task = _Task(partial(fn, *args, **kwargs), Future())
        with self._changed:
            self._waiting.append(task)
            self._changed.notify()
        self._hand_on()
        return task.answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the thread, after the task that it is at; as `Executor.shutdown`."""
        with self._changed:
            self._ended = True
            if cancel_futures:
                for task in self._waiting:
                    task.answer.cancel()
                self._waiting.clear()
            self._changed.notify()
        if wait:
            self._thread.join()

    def _work(self) -> None:
        """Do tasks in this process."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                task = self._waiting.popleft()
            if task.answer.set_running_or_notify_cancel():
                try:
                    task.answer.set_result(task.call())
                except BaseException as error:
                    task.answer.set_exception(error)

    def _hand_on(self) -> None:
        """Give the processes what they have room for."""
        while True:
            with self._changed:
                if not self._room or not self._waiting:
                    return
                task = self._waiting.popleft()
                if not task.answer.set_running_or_notify_cancel():
                    continue
                self._room -= 1
            try:
                self._processes.submit(task.call).add_done_callback(partial(self._done, task))
            except Exception as error:  # such as processes that were ended
                task.answer.set_exception(error)

    def _done(self, task: _Task, there: Future[Any]) -> None:
        with self._changed:
            self._room += 1
        error = there.exception()
        if error is not None:
            task.answer.set_exception(error)
        else:
            task.answer.set_result(there.result())
        self._hand_on()
