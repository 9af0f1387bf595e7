"""Trials in processes forked from one that has collected all tests: a mutant is the changed code of one function.

    collect -> run without a mutant, dealt out to the workers: which test reaches which mutant, in how much time
            -> fork for each mutant: exchange the code of its function, run the tests that reach it, cheap ones first

A trial costs its tests alone, not the seconds in which modules are imported and tests collected. What was computed
before the exchange, while modules were imported, is as without the mutant, and what is kept is made by the test that
asks first: a mutant that survives here meets all tests that may reach it in a copy of the tree (`trials.py`), and only
what is killed is final. A test that takes many times what it takes without the mutant kills it too.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NoReturn

from tests.mutants.nearest_tests import nearest_tests
from tests.mutants.reach import Reach
from tests.mutants.sites import Mutant

LEAST_SECONDS, SLOWER = 10, 5
"""Processor time of a test at most: so much, and so many times what it takes without a mutant, fixtures included."""
MOST_SECONDS = 30
"""Processor time of a test without a mutant at most; those that take longer with interpreted kernels are left out."""
MOST_WAITING = 1800
"""Seconds of the clock that a trial may take, since a mutant can wait for ever without computing."""
CHEAP = 0.3
"""Seconds of a test that runs before those that take longer."""
PASSED, FAILED, BROKEN = 0, 1, 70
"""Exit codes: every test passed, one failed, the trial itself failed."""
_POOL = "polars-0"
"""The first thread of the pool of polars: a forked process would wait for it for ever."""


class TooLongError(BaseException):
    """A test takes too long; it is no failure that a test could expect."""


class QuickTrials:
    """A plugin of pytest that runs the collected tests for each mutant instead of running them once.

    Args:
        tree: the copy of the tree that the tests are of.
        mutants: to be tried.
        workers: processes at a time.
        tell: is called as each trial ends, with its number, exit code and last words, and with the tests that the
            mutant may meet and the seconds that each takes without it, the cheap ones first; with the number -1 it
            tells of progress.
    """

    def __init__(self, tree: Path, mutants: Sequence[Mutant], workers: int, tell: Callable[..., None]) -> None:
        self._reach = Reach()
        self._tree, self._mutants, self._workers, self._tell = tree, mutants, workers, tell
        self._reaching: dict[int, set[str]] = defaultdict(set)
        self._starting: set[str] = set()
        self._seconds: dict[str, float] = {}
        self._set_up_seconds: dict[Path, float] = defaultdict(float)
        self._by_all: set[int] = set()
        self._set_up: set[int] = set()
        self._began = 0.0

    def pytest_runtest_call(self, item: Any) -> None:
        """Note what the fixtures of a test reached, which other tests of the file may use, too."""
        self._set_up |= self._reach.now
        self._set_up_seconds[item.path] += time.process_time() - self._began

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the tests without a mutant, then for each mutant those that reach it."""
        _refuse_pool()
        self._by_all = set(self._reach.now)
        items = list(session.items)
        self._run_unchanged(items)
        items = [item for item in items if item.nodeid in self._seconds]
        path_of = {item.nodeid: item.path for item in items}
        works, may_meet = [], []
        for number, mutant in enumerate(self._mutants):
            near = tuple(self._tree / test for test in nearest_tests(mutant.path))
            nearest = [item for item in items if any(path in (item.path, *item.path.parents) for path in near)]
            reaching = [item for item in nearest if item.nodeid in self._reaching[number]]
            works.append(partial(self._tried, mutant, self._cheap_first(reaching)))
            files = {path_of[test] for test in self._reaching[number]}
            is_for_all = number in self._by_all or not is_in_function(mutant)
            met = [item for item in nearest if is_for_all or item.path in files or item.nodeid in self._starting]
            may_meet.append({item.nodeid: self._seconds[item.nodeid] for item in self._cheap_first(met)})
        with tempfile.TemporaryDirectory() as folder:
            for number, code, said in in_forks(works, self._workers, Path(folder)):
                self._tell(number, code, said, may_meet[number])
        return True

    def _run_unchanged(self, items: Sequence[Any]) -> None:
        """Note of every test how long it takes and what it reaches."""
        by_file: dict[Path, list[Any]] = defaultdict(list)
        for item in items:
            by_file[item.path].append(item)
        works = [partial(self._noted, tests) for tests in by_file.values()]
        self._tell(-1, PASSED, f"{len(items)} tests in {len(works)} files without a mutant", {})
        with tempfile.TemporaryDirectory() as folder:
            for at, (_, code, said) in enumerate(in_forks(works, self._workers, Path(folder)), start=1):
                if code != PASSED:
                    raise RuntimeError(f"failed without a mutant: {said}")
                notes = json.loads(said)
                path = Path(notes["path"])
                self._set_up_seconds[path] = notes["set up"]
                for test, (seconds, starts, reached) in notes["tests"].items():
                    self._seconds[test] = seconds
                    self._starting |= {test} if starts else set()
                    for number in reached:
                        self._reaching[number].add(test)
                left_out = f", {notes['left out']} tests left out" if notes["left out"] else ""
                self._tell(-1, PASSED, f"{at} of {len(works)} files, the last {path.name}{left_out}", {})

    def _cheap_first(self, tests: Sequence[Any]) -> list[Any]:
        """Return tests in the order in which they are run; those of a file stay together, since they share fixtures."""
        total: dict[tuple[bool, Path], float] = defaultdict(float)
        for item in tests:
            total[self._is_dear(item), item.path] += self._seconds[item.nodeid]

        def order(item: Any) -> tuple[bool, float, Path, float]:
            is_dear = self._is_dear(item)
            return is_dear, total[is_dear, item.path], item.path, self._seconds[item.nodeid]

        return sorted(tests, key=order)

    def _is_dear(self, item: Any) -> bool:
        return self._seconds[item.nodeid] > CHEAP

    def _tried(self, mutant: Mutant, tests: Sequence[Any]) -> tuple[int, str]:
        """Run the tests that reach a mutant until one fails."""
        path = self._tree / mutant.path
        if not exchange(str(path), mutant, path.read_bytes()):
            return PASSED, "no function to exchange"
        signal.alarm(MOST_WAITING)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # it ends this process
        for item, following in pairwise([*tests, None]):
            limit_test(LEAST_SECONDS + SLOWER * (self._seconds[item.nodeid] + self._set_up_seconds[item.path]))
            if _failed(item, following):
                return FAILED, f"FAILED {item.nodeid}"
        return PASSED, f"{len(tests)} tests passed"

    def _noted(self, items: Sequence[Any]) -> tuple[int, str]:
        """Run the tests of a file; return as JSON what each takes and reaches, or the first that failed."""
        self._reach.listen()
        is_too_long = [False]

        def stop(*_: object) -> None:
            is_too_long[0] = True
            raise TooLongError

        signal.signal(signal.SIGPROF, stop)
        tests: dict[str, tuple[float, bool, set[int]]] = {}
        path = items[0].path
        for item, following in pairwise([*items, None]):
            self._reach.begin()
            self._began = time.process_time()
            limit_test(MOST_SECONDS)
            failed = _failed(item, following)
            limit_test(0)
            if not failed:
                tests[item.nodeid] = time.process_time() - self._began, *self._reach.end()
            elif not is_too_long[0]:  # a fixture that took too long fails later tests, too
                return FAILED, item.nodeid
        told = {test: (seconds, starts, sorted(own | self._set_up)) for test, (seconds, starts, own) in tests.items()}
        left_out = len(items) - len(tests)
        notes = {"path": str(path), "set up": self._set_up_seconds[path], "tests": told, "left out": left_out}
        return PASSED, json.dumps(notes)


def is_in_function(mutant: Mutant) -> bool:
    """Return whether a mutant changes a function, not what a module or class says when it is imported.

    >>> [is_in_function(Mutant("rule.py", name, 1, "", "", 0, 0)) for name in ("rule", "Rule.of", "Rule", "")]
    [True, True, False, False]
    """
    return bool(mutant.function) and not _is_class(mutant.function.rpartition(".")[2])


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


def limit_test(seconds: float) -> None:
    """Send SIGPROF when this process has used some processor time, unless this is called again; 0: never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _refuse_pool() -> None:
    """Refuse to fork where the pool of polars runs.

    Raises:
        RuntimeError: a module of tests computes frames while it is imported.
    """
    tasks = Path("/proc/self/task")
    names = [(task / "comm").read_text().strip() for task in tasks.iterdir()] if tasks.exists() else []
    if _POOL in names:
        raise RuntimeError("a module computes a frame while it is imported; make it a fixture, so that tests can fork")
