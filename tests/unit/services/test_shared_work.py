"""Tasks of processes and of a thread of this one: each is done once, and what goes wrong is told to who asked."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from hla_match.services.shared_work import shared_work

SECONDS = 30


def test_every_task_is_done_once_and_answers_who_asked() -> None:
    done: list[int] = []

    def square(number: int) -> int:
        done.append(number)
        return number * number

    with ThreadPoolExecutor(3) as others, shared_work(others, 3, int) as work:
        answers = [work.submit(square, number) for number in range(200)]
        assert [answer.result(SECONDS) for answer in answers] == [number * number for number in range(200)]
    assert sorted(done) == list(range(200))


def test_this_process_works_while_the_others_begin() -> None:
    begin, begun = threading.Event(), threading.Event()

    def late() -> None:
        begun.set()
        assert begin.wait(SECONDS)

    here = threading.get_ident()
    with ThreadPoolExecutor(1) as others, shared_work(others, 1, late) as work:
        assert begun.wait(SECONDS)
        of_thread = {work.submit(threading.get_ident).result(SECONDS) for _ in range(5)}
        assert len(of_thread) == 1
        assert here not in of_thread
        # The thread of this process is kept busy, so that what follows is done by the other one.
        busy, free = threading.Event(), threading.Event()
        held = work.submit(lambda: (busy.set(), free.wait(SECONDS)))
        assert busy.wait(SECONDS)
        begin.set()
        assert work.submit(threading.get_ident).result(SECONDS) not in of_thread
        free.set()
        held.result(SECONDS)


def test_errors_reach_who_asked() -> None:
    def fail(number: int) -> None:
        raise ValueError(number)

    with ThreadPoolExecutor(1) as others, shared_work(others, 1, int) as work:
        answers = [work.submit(fail, number) for number in range(20)]
        assert [str(answer.exception(SECONDS)) for answer in answers] == [str(number) for number in range(20)]


class Broken(ThreadPoolExecutor):
    """Takes what begins a process, and breaks at what follows."""

    n_tasks = 0

    def submit(self, fn, /, *args, **kwargs):
        self.n_tasks += 1
        if self.n_tasks > 1:
            raise BrokenProcessPool
        return super().submit(fn, *args, **kwargs)


def test_processes_that_are_gone_end_a_task() -> None:
    busy, free = threading.Event(), threading.Event()
    with Broken(1) as others, shared_work(others, 1, int) as work:
        held = work.submit(lambda: (busy.set(), free.wait(SECONDS)))
        # Whichever of the two takes it.
        found = [held, *(work.submit(int) for _ in range(3))]
        free.set()
        wait(found, SECONDS)
        errors = [answer.exception(SECONDS) for answer in found]
    assert any(isinstance(error, BrokenProcessPool) for error in errors)


def test_what_waits_is_cancelled_at_the_end() -> None:
    begin, busy, free = threading.Event(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as others:
        with shared_work(others, 1, lambda: begin.wait(SECONDS)) as work:
            held = work.submit(lambda: (busy.set(), free.wait(SECONDS)))
            assert busy.wait(SECONDS)
            waiting: list[Future[int]] = [work.submit(int) for _ in range(3)]
            threading.Timer(0.2, free.set).start()
        begin.set()
    assert held.done()
    assert all(answer.cancelled() for answer in waiting)
