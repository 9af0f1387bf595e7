"""Trials of mutants with the nearest tests: a quick one, and where that kills nothing one in a copy of the tree.

A mutant that survives the quick trial gets a process of its own, forked from one that has the libraries imported but
nothing of the program, and meets all examples of Hypothesis in the files whose tests may reach it. The processor time
of a trial is bounded, because an error in a loop may never end; the clock is so loosely that a busy machine decides
nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from tests.mutants.nearest_tests import nearest_tests
from tests.mutants.quick_trials import BROKEN, FAILED, MOST_WAITING, PASSED, QuickTrials, limit_seconds
from tests.mutants.reach import forget_marks, mark_while_imported
from tests.mutants.sites import Mutant

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("hla_match", "registry_io", "tests", "benchmarks", "pyproject.toml", "README.md", "docs")
_FEW_EXAMPLES = 30
LEAST_SECONDS, SLOWER = 120, 30
"""Processor time of a trial with all examples at most: so much, and so many times what its tests take with few."""
_OUTPUT = "output.txt"
"""What a run of tests prints, in the copy of the tree."""
_SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps the settings of a test."""


@dataclass(frozen=True)
class Trial:
    """A mutant, and how its tests ended.

    Attributes:
        mutant: the change.
        code: exit code of pytest; the negative number of the signal that ended it.
        said: the test that failed, or the last line.
    """

    mutant: Mutant
    code: int
    said: str

    @property
    def survived(self) -> bool:
        """Whether no test noticed."""
        return self.code == PASSED


def run_trials(mutants: Sequence[Mutant], workers: int, tell: Callable[[str], object] = print) -> Iterator[Trial]:
    """Yield the trials as they end.

    Args:
        mutants: to be tried.
        workers: processes at a time, each with a copy of the tree.
        tell: is told how far the work is.

    Raises:
        RuntimeError: the tests fail without any mutant.
    """
    import_libraries()
    with TemporaryDirectory() as folder:
        first = copied_tree(Path(folder) / "0")
        survivors = []
        for quick, seconds in quick_trials(mutants, first, workers, tell):
            if quick.code == FAILED or quick.code < 0:
                yield quick
            elif not seconds:
                yield Trial(quick.mutant, PASSED, "no test reaches it")
            else:
                survivors.append((quick.mutant, seconds))
        tell(f"{len(survivors)} of them once more, in a copy of the tree")
        forget_marks(first, mutants)
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(1, workers + 1):
            # With the compiled modules, which the quick trials wrote.
            trees.put(Path(shutil.copytree(first, Path(folder) / str(number))))

        def in_a_tree(mutant: Mutant, seconds: Mapping[str, float]) -> Trial:
            tree = trees.get()
            try:
                return run_trial(mutant, tree, seconds)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(workers) as pool:
            for ended in as_completed([pool.submit(in_a_tree, *survivor) for survivor in survivors]):
                yield ended.result()


def run_trial(mutant: Mutant, tree: Path, seconds: Mapping[str, float]) -> Trial:
    """Try one mutant in a copy of the tree, which is as before afterwards.

    Args:
        mutant: the change.
        tree: the copy.
        seconds: by test what it takes without the change, in the order in which they are to run; others are left out.
    """
    files = tuple(dict.fromkeys(test.partition("::")[0] for test in seconds))
    path = tree / mutant.path
    source = path.read_bytes()
    path.write_bytes(mutant.applied(source))
    try:
        child = os.fork()
        if child == 0:
            sys.dont_write_bytecode = True  # none of the changed module is to stay
            limit_seconds(LEAST_SECONDS + SLOWER * sum(seconds.values()))
            signal.alarm(MOST_WAITING)
            _end_with(lambda: _tested(files, tree, ["-x"], [_Chosen(seconds)]))
        _, status = os.waitpid(child, 0)
    finally:
        path.write_bytes(source)
    return Trial(mutant, os.waitstatus_to_exitcode(status), _said(tree))


def copied_tree(folder: Path) -> Path:
    """Copy what tests need of the checkout into a folder, without compiled files."""
    folder.mkdir(exist_ok=True)
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def import_libraries() -> None:
    """Import what every trial needs before processes are forked, which then have it; kernels are to be interpreted."""
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # read when Numba is imported
    import numba  # noqa: F401
    import polars  # noqa: F401
    import pydantic  # noqa: F401
    import pytest  # noqa: F401


def quick_trials(
    mutants: Sequence[Mutant], tree: Path, workers: int, tell_progress: Callable[[str], object]
) -> Iterator[tuple[Trial, dict[str, float]]]:
    """Yield the quick trials as they end, each with the tests that may meet the mutant and their seconds without it."""
    tests = sorted({test for mutant in mutants for test in nearest_tests(mutant.path)})
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:

            def tell(*values: object) -> None:
                print(json.dumps(values), file=pipe, flush=True)

            mark_while_imported(tree, mutants)
            quick = QuickTrials(tree, mutants, workers, tell)
            _end_with(lambda: _tested(tests, tree, [], [_FewExamples(), quick]))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        for line in pipe:
            number, code, said, seconds = json.loads(line)
            if number < 0:
                tell_progress(said)
                continue
            yield Trial(mutants[number], code, said), seconds
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != PASSED:
        raise RuntimeError((tree / _OUTPUT).read_text(encoding="utf-8", errors="replace")[-2000:])


def _end_with(work: Callable[[], int]) -> NoReturn:
    """Do a work and end this process, which is a forked one, with its exit code."""
    code = BROKEN
    try:
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _said(tree: Path) -> str:
    """Return the first failure of a run of tests, or its last line."""
    lines = (tree / _OUTPUT).read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1] if lines else "")


def _tested(tests: Sequence[str], tree: Path, options: Sequence[str], plugins: Sequence[object]) -> int:
    """Run tests of a copy of the tree in this process, kernels interpreted."""
    import pytest

    os.chdir(tree)
    os.environ.update(HLA_MATCH_HOME=str(tree / "home"))
    sys.path[:] = [str(tree), *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "hla_match", "registry_io")]:
        del sys.modules[name]
    descriptor = os.open(_OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # Modules that are named for their examples would be imported by pytest's own loader, without marks.
    plain = ["-q", "-p", "no:cacheprovider", "--tb=no", "--assert=plain"]
    return int(pytest.main([*plain, *options, *tests], plugins=plugins))


class _SameExamples:
    """Settings of Hypothesis: the same examples in every trial, and none made smaller."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants",
            settings(),
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
        )
        settings.load_profile("mutants")


class _FewExamples(_SameExamples):
    """Few of them, because most mutants fail at once."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import settings

        for test in {item.obj for item in items if hasattr(item.obj, _SETTINGS)}:
            asked = getattr(test, _SETTINGS)
            setattr(test, _SETTINGS, settings(asked, max_examples=min(_FEW_EXAMPLES, asked.max_examples)))


class _Chosen(_SameExamples):
    """All of them, of some tests in their order."""

    def __init__(self, tests: Iterable[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        chosen = [item for item in items if item.nodeid in self._place]
        items[:] = sorted(chosen, key=lambda item: self._place[item.nodeid])
