"""Trials in processes forked from one that has collected all tests: a mutant is the changed code of one function.

    collect -> run without a mutant, dealt out to the workers: which test calls which function, in how much time
            -> fork for each mutant: exchange the code of its function, run the nearest tests that call it

A trial costs its tests alone, not the seconds in which modules are imported and tests collected. What was computed
before the exchange, while modules were imported, is as without the mutant, and of what is kept only the test that asks
first calls the function: a mutant that survives here meets all of its nearest tests in a copy of the tree
(`trials.py`), and only what is killed is final.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import resource
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NoReturn

from tests.mutants.nearest_tests import nearest_tests
from tests.mutants.sites import Mutant

LEAST_SECONDS, SLOWER = 60, 5
"""Processor time of a trial at most: so much, and so many times what its tests take without a mutant."""
PASSED, FAILED, BROKEN = 0, 1, 70
"""Exit codes: every test passed, one failed, the trial itself failed."""
_POOL = "polars-0"
"""The first thread of the pool of polars: a forked process would wait for it for ever."""

Function = tuple[str, str]
"""Path of a module below the root, and the name of the outermost function with its class."""


class QuickTrials:
    """A plugin of pytest that runs the collected tests for each mutant instead of running them once.

    Args:
        tree: the copy of the tree that the tests are of.
        mutants: to be tried.
        workers: processes at a time.
        tell: is called as each trial ends, with its number, exit code and last words, and with the seconds that each of
            its nearest tests takes without the mutant.
    """

    def __init__(self, tree: Path, mutants: Sequence[Mutant], workers: int, tell: Callable[..., None]) -> None:
        self._tree, self._mutants, self._workers, self._tell = tree, mutants, workers, tell
        self._callers: dict[Function, set[str]] = defaultdict(set)
        self._called: set[CodeType] = set()
        self._set_up: dict[Path, set[CodeType]] = defaultdict(set)
        self._seconds: dict[str, float] = {}

    def pytest_runtest_call(self, item: Any) -> None:
        """Note what was called while the fixtures of a test were set up, which other tests of the file may use, too."""
        self._set_up[item.path] |= self._called

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the tests without a mutant, then for each mutant those that call its function."""
        _refuse_pool()
        items = list(session.items)
        self._run_unchanged(items)
        near = [self._nearest(mutant, items) for mutant in self._mutants]
        works = [partial(self._tried, *one) for one in zip(self._mutants, near, strict=True)]
        with tempfile.TemporaryDirectory() as folder:
            for number, code, said in in_forks(works, self._workers, Path(folder)):
                seconds = {item.nodeid: self._seconds[item.nodeid] for item in near[number]}
                self._tell(number, code, said, seconds)
        return True

    def _run_unchanged(self, items: Sequence[Any]) -> None:
        """Note of every test how long it takes and what it calls."""
        by_file: dict[str, list[Any]] = defaultdict(list)
        for item in items:
            by_file[str(item.path)].append(item)
        shares: list[list[Any]] = [[] for _ in range(self._workers)]
        for number, path in enumerate(sorted(by_file, key=lambda path: -len(by_file[path]))):
            shares[number % self._workers] += by_file[path]
        works = [partial(self._noted, share) for share in shares]
        with tempfile.TemporaryDirectory() as folder:
            ended = list(in_forks(works, self._workers, Path(folder)))
        if failed := [said for _, code, said in ended if code != PASSED]:
            raise RuntimeError(f"failed without a mutant: {', '.join(failed)}")
        for _, _, said in ended:
            for test, (seconds, functions) in json.loads(said).items():
                self._seconds[test] = seconds
                for path, name in functions:
                    self._callers[path, name].add(test)

    def _nearest(self, mutant: Mutant, items: Sequence[Any]) -> list[Any]:
        """Return the nearest tests of a mutant, quickest files first, since those of a file share fixtures."""
        near = tuple(self._tree / test for test in nearest_tests(mutant.path))
        nearest = [item for item in items if any(path in (item.path, *item.path.parents) for path in near)]
        total: dict[Path, float] = defaultdict(float)
        for item in nearest:
            total[item.path] += self._seconds[item.nodeid]
        return sorted(nearest, key=lambda item: (total[item.path], item.path))

    def _tried(self, mutant: Mutant, near: Sequence[Any]) -> tuple[int, str]:
        """Run the tests that call the function of a mutant until one fails."""
        callers = self._callers[mutant.path, outermost(mutant.function)]
        chosen = [item for item in near if item.nodeid in callers]
        path = self._tree / mutant.path
        limit_seconds(LEAST_SECONDS + SLOWER * sum(self._seconds[item.nodeid] for item in chosen))
        if not exchange(str(path), mutant, path.read_bytes()):
            return PASSED, "no function to exchange"
        failed = next(_failures(chosen), None)
        return (PASSED, f"{len(chosen)} tests passed") if failed is None else (FAILED, f"FAILED {failed}")

    def _noted(self, items: Sequence[Any]) -> tuple[int, str]:
        """Run tests; return of each its seconds and the functions that it calls, as JSON, or the first failure."""

        def note(frame: FrameType, event: str, argument: object) -> None:
            self._called.add(frame.f_code)

        notes: dict[str, tuple[float, set[CodeType]]] = {}
        threading.settrace(note)
        for item, following in pairwise([*items, None]):
            self._called.clear()
            began = time.process_time()
            sys.settrace(note)
            failed = _failed(item, following)
            sys.settrace(None)
            if failed:
                return FAILED, item.nodeid
            notes[item.nodeid] = time.process_time() - began, set(self._called)
        path_of = {item.nodeid: item.path for item in items}
        return PASSED, json.dumps(
            {
                test: (seconds, sorted(self._functions_of(called | self._set_up[path_of[test]])))
                for test, (seconds, called) in notes.items()
            }
        )

    def _functions_of(self, codes: Iterable[CodeType]) -> set[Function]:
        prefix = f"{self._tree / 'hla_match'}{os.sep}"
        return {
            (os.path.relpath(code.co_filename, self._tree), outermost(code.co_qualname))
            for code in codes
            if code.co_filename.startswith(prefix)
        }


def outermost(function: str) -> str:
    """Return the function of a module or class that holds a function.

    >>> outermost("Typing.read.<locals>.one"), outermost("Typing.read"), outermost("read.one")
    ('Typing.read', 'Typing.read', 'read')
    """
    names = function.partition(".<locals>")[0].split(".")
    return ".".join(names[: 1 + next((at for at, name in enumerate(names) if not _is_class(name)), len(names))])


def _is_class(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()


def exchange(path: str, mutant: Mutant, source: bytes) -> bool:
    """Give the living functions of a module the changed code; return whether there are any."""
    name = outermost(mutant.function)
    new = {
        code.co_firstlineno: code
        for code in _functions(compile(mutant.applied(source), path, "exec", dont_inherit=True))
        if code.co_qualname == name and code.co_firstlineno <= mutant.line
    }
    living = [
        one
        for one in gc.get_objects()
        if type(one) is FunctionType and one.__code__.co_filename == path and one.__qualname__ == name
    ]
    try:
        for function in living:
            if (code := new.get(function.__code__.co_firstlineno)) is not None:
                function.__code__ = code
    except ValueError:  # the change took the function's last use of a name from outside
        return False
    return bool(living and new)


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of functions of a module and of its classes, not of those in functions."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if one.co_flags & inspect.CO_NEWLOCALS:  # which a class does not have
                yield one
            else:
                yield from _functions(one)


def _failures(items: Sequence[Any]) -> Iterator[str]:
    for item, following in pairwise([*items, None]):
        if _failed(item, following):
            yield item.nodeid


def _failed(item: Any, following: Any | None) -> bool:
    """Run a test with its fixtures; return whether it failed."""
    before = item.session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return bool(item.session.testsfailed > before)


def in_forks(
    works: Sequence[Callable[[], tuple[int, str]]], workers: int, folder: Path
) -> Iterator[tuple[int, int, str]]:
    """Do works in forked processes, some at a time; yield number, exit code and what was said as they end.

    Args:
        works: return an exit code and a text.
        workers: processes at a time.
        folder: for what they say, and for their temporary files.
    """
    running: dict[int, int] = {}

    def ended() -> tuple[int, int, str]:
        process, status = os.wait()
        number = running.pop(process)
        said = folder / f"{number}.txt"
        code = os.waitstatus_to_exitcode(status)
        return number, code, said.read_text(encoding="utf-8") if said.exists() else f"ended by {code}"

    for number, work in enumerate(works):
        if len(running) == workers:
            yield ended()
        process = os.fork()
        if process == 0:
            _work(work, folder, number)
        running[process] = number
    while running:
        yield ended()


def _work(work: Callable[[], tuple[int, str]], folder: Path, number: int) -> NoReturn:
    """Do a work and end this process."""
    code = BROKEN
    try:
        own = folder / str(number)
        own.mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(own)
        try:
            code, said = work()
        except BaseException:
            said = traceback.format_exc()
        (folder / f"{number}.txt").write_text(said, encoding="utf-8")
    finally:
        os._exit(code)


def limit_seconds(seconds: float) -> None:
    """Bound the processor time of this process from now on."""
    limit = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))


def _refuse_pool() -> None:
    """Refuse to fork where the pool of polars runs.

    Raises:
        RuntimeError: a module of tests computes frames while it is imported.
    """
    tasks = Path("/proc/self/task")
    names = [(task / "comm").read_text().strip() for task in tasks.iterdir()] if tasks.exists() else []
    if _POOL in names:
        raise RuntimeError("a module computes a frame while it is imported; make it a fixture, so that tests can fork")
