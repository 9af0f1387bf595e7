"""Trials of mutants: each in a process of its own, on a copy of the tree, with the tests nearest to its module.

A process is forked from one that has the libraries imported but nothing of the program, which spares two seconds. Its
processor time is bounded, because an error in a loop may never end; the clock is not, so that a busy machine decides
nothing. Few examples of Hypothesis come first, because most mutants fail at once; what survives them meets all.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from tests.mutants.nearest_tests import nearest_tests
from tests.mutants.sites import Mutant

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("hla_match", "registry_io", "tests", "benchmarks", "pyproject.toml", "README.md", "docs")
_SECONDS = 400
"""Processor time of a run of tests; the slowest tests that are nearest to a module take half of it."""
_FEW_EXAMPLES = 30
_Result = TypeVar("_Result")
_PASSED = 0
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
        """Whether no test read_notes."""
        return self.code == _PASSED


def run_trials(mutants: Sequence[Mutant], workers: int) -> Iterator[Trial]:
    """Yield the trials as they end.

    Args:
        mutants: to be tried.
        workers: processes at a time, each with a copy of the tree.

    Raises:
        RuntimeError: the tests fail without any mutant.
    """
    _import_libraries()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            trees.put(copied_tree(Path(folder) / str(number)))

        def in_a_tree(work: Callable[[Path], _Result]) -> _Result:
            tree = trees.get()
            try:
                return work(tree)
            finally:
                trees.put(tree)

        tests = sorted({test for mutant in mutants for test in nearest_tests(mutant.path)})
        unchanged = pool.submit(in_a_tree, lambda tree: _run_tests(tests, tree, few=True))
        yield from pool.map(lambda mutant: in_a_tree(lambda tree: run_trial(mutant, tree)), mutants)
        code, said = unchanged.result()
        if code != _PASSED:
            raise RuntimeError(f"the tests fail without a mutant: {said}")


def run_trial(mutant: Mutant, tree: Path) -> Trial:
    """Try one mutant in a copy of the tree, which is as before afterwards."""
    path = tree / mutant.path
    source = path.read_bytes()
    path.write_bytes(mutant.applied(source))
    try:
        code, said = _run_tests(nearest_tests(mutant.path), tree, few=True)
        if code == _PASSED:
            code, said = _run_tests(nearest_tests(mutant.path), tree, few=False)
    finally:
        path.write_bytes(source)
    return Trial(mutant, code, said)


def copied_tree(folder: Path) -> Path:
    """Copy what tests need of the checkout into a folder, without compiled files."""
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _import_libraries() -> None:
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # read when Numba is imported
    import numba  # noqa: F401 - imported before processes are forked, which then have it
    import polars  # noqa: F401
    import pydantic  # noqa: F401
    import pytest  # noqa: F401


def _run_tests(tests: Sequence[str], tree: Path, *, few: bool) -> tuple[int, str]:
    """Run tests in a forked process; return the exit code and the first failure."""
    output = tree / "output.txt"
    child = os.fork()
    if child == 0:
        code = 70
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
            code = _tested(tests, tree, output, few=few)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1] if lines else "")
    return os.waitstatus_to_exitcode(status), said


def _tested(tests: Sequence[str], tree: Path, output: Path, *, few: bool) -> int:
    """Run tests of a copy of the tree in this process, kernels interpreted, until the first failure."""
    import pytest

    os.chdir(tree)
    os.environ.update(HLA_MATCH_HOME=str(tree / "home"), PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    sys.path[:] = [str(tree), *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "hla_match", "registry_io")]:
        del sys.modules[name]
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--tb=no", *tests], plugins=[_Quick(few=few)]))


class _Quick:
    """Settings of Hypothesis: the same examples in every trial, none made smaller, and where asked for few of them."""

    def __init__(self, *, few: bool) -> None:
        self._few = few

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import settings

        for test in {item.obj for item in items if self._few and hasattr(item.obj, _SETTINGS)}:
            asked = getattr(test, _SETTINGS)
            setattr(test, _SETTINGS, settings(asked, max_examples=min(_FEW_EXAMPLES, asked.max_examples)))

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
