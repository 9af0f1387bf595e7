"""Work that may take long: done by threads of its own, with progress to look at, and given up when it is cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from hla_match.desk.kept import Kept
from hla_match.errors import HlaMatchError

_MOST_KEPT = 256
_MOST_WAITING = 64
"""Jobs that wait for their turn; another one is refused, so that a page that asks again and again fills no memory."""


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The job was cancelled, which its work finds out where it tells of its progress."""


class Job:
    """Work in a thread; pages read its attributes.

    Attributes:
        state: how far it is.
        told: what is being done, in the language of who asked for it; "" before there is something to say.
        goal: address of the page of the result, once it is done.
        error: what went wrong, in words, where it failed.
        back: address of the page to go back to.
        is_file: whether the goal is a file, at which no browser stays.
    """

    def __init__(self, back: str, *, is_file: bool = False) -> None:
        self.state = JobState.WAITING
        self.told = ""
        self.goal = ""
        self.error: HlaMatchError | None = None
        self.back = back
        self.is_file = is_file
        self._is_cancelled = threading.Event()
        self._is_over = threading.Event()
        self._wakers: list[Callable[[], None]] = []

    def tell(self, text: str) -> None:
        """Say what is being done.

        Raises:
            Cancelled: nobody waits for it any more.
        """
        if self._is_cancelled.is_set():
            raise Cancelled
        self.told = text

    def cancel(self) -> None:
        """Give the work up: nobody waits for it from now on, and it ends when it next tells of its progress."""
        self._is_cancelled.set()
        if not self.is_over:
            self._end(JobState.CANCELLED)

    def wait(self, seconds: float) -> bool:
        """Wait until the job is over, at most so long, and say whether it is."""
        return self._is_over.wait(seconds)

    async def ended(self, seconds: float) -> bool:
        """Wait likewise without a thread, so that many who wait keep nobody from being answered."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # A loop that is closed has nobody who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(over.set)

        self._wakers.append(wake)
        try:
            # Who ends the job meanwhile has found this waker, or has said before that it is over.
            if not self.is_over:
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), seconds)
        finally:
            self._wakers.remove(wake)
        return self.is_over

    @property
    def is_over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self._is_over.is_set()

    def run(self, work: Callable[[Job], str], on_fault: Callable[[BaseException], None]) -> None:
        """Do the work, which returns the address of its result."""
        if self.is_over:
            return
        self.state = JobState.RUNNING
        try:
            goal = work(self)
        except Cancelled:
            self._end(JobState.CANCELLED)
        except HlaMatchError as error:
            self.error = error
            self._end(JobState.FAILED)
        except Exception as error:
            on_fault(error)
            self._end(JobState.FAILED)
        else:
            self.goal = goal
            self._end(JobState.DONE)

    def _end(self, state: JobState) -> None:
        # Who cancelled it stays right, also where the work came to its end meanwhile.
        self.state = JobState.CANCELLED if self._is_cancelled.is_set() else state
        self._is_over.set()
        for wake in tuple(self._wakers):
            wake()


class Jobs:
    """The jobs of all tabs, so many at a time.

    Args:
        at_once: jobs that run at the same time.
        on_fault: is called with a fault of the program.
    """

    def __init__(self, at_once: int, on_fault: Callable[[BaseException], None]) -> None:
        self._kept: Kept[Job] = Kept(_MOST_KEPT)
        self._turn = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + _MOST_WAITING)
        self._on_fault = on_fault

    def start(self, work: Callable[[Job], str], back: str, *, is_file: bool = False) -> tuple[str, Job] | None:
        """Begin with some work, in the language of the moment; return its key, None where too many jobs wait."""
        if not self._places.acquire(blocking=False):
            return None
        job = Job(back, is_file=is_file)
        context = contextvars.copy_context()
        # The end of the process waits for no thread of this kind; what it writes is written aside.
        threading.Thread(target=context.run, args=(self._run, job, work), name="desk job", daemon=True).start()
        return self._kept.add(job), job

    def get(self, key: str) -> Job | None:
        """Return the job of a key."""
        return self._kept.get(key)

    def cancel_all(self) -> None:
        """Give up all work, at the end of the program."""
        for job in self._kept.values():
            job.cancel()

    def _run(self, job: Job, work: Callable[[Job], str]) -> None:
        try:
            with self._turn:
                job.run(work, self._on_fault)
        finally:
            self._places.release()
