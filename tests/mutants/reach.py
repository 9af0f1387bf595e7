"""Which test reaches which mutant: the statements that hold mutants report when they are executed.

A module is marked while it is imported: before the statement of each mutant stands a call with the mutant's number. So
a run of the tests without a mutant costs hardly more than always, where a tracer is asked at every call of anything.

A test that reaches no mutant itself can still meet what the mutant made: a value that a fixture or a cache keeps. Each
file of tests is run in a process of its own, in which nothing is kept but what was made while modules were imported
and tests collected. So a test may meet what is reached while they are, and what any test of its file reaches. A test
that starts processes may reach any mutant in them.
"""

from __future__ import annotations

import ast
import builtins
import resource
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from tests.mutants.sites import Mutant

MARK = "_mark_reached"
"""The name of the call that reports, in builtins."""
_STARTS_PROCESSES = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})
"""Events of Python's audit."""


def marked(source: bytes, path: str, numbered: Sequence[tuple[int, Mutant]]) -> CodeType:
    """Return the code of a module whose statements report the mutants that they hold; lines stay where they are.

    Args:
        source: of the module.
        path: where it lies.
        numbered: its mutants with the numbers that are reported.
    """
    tree = ast.parse(source)
    at_start = [0]
    for line in source.splitlines(keepends=True):
        at_start.append(at_start[-1] + len(line))

    def holds(statement: ast.stmt, mutant: Mutant) -> bool:
        assert statement.end_lineno is not None
        assert statement.end_col_offset is not None
        start = at_start[statement.lineno - 1] + statement.col_offset
        return start <= mutant.start and mutant.stop <= at_start[statement.end_lineno - 1] + statement.end_col_offset

    for number, mutant in numbered:
        body, place = next((body, at) for body, at in _innermost_first(tree) if holds(body[at], mutant))
        call = ast.Expr(ast.Call(ast.Name(MARK, ast.Load()), [ast.Constant(number)], []))
        ast.copy_location(call, body[place])
        call.end_lineno, call.end_col_offset = call.lineno, call.col_offset  # it holds no mutant itself
        body.insert(place, ast.fix_missing_locations(call))
    return compile(tree, path, "exec", dont_inherit=True)


def _innermost_first(tree: ast.AST) -> Iterator[tuple[list[ast.stmt], int]]:
    """Yield every place of a statement, those within a statement before its own."""
    for _, value in ast.iter_fields(tree):
        for at, node in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(node, ast.AST):
                yield from _innermost_first(node)
            if isinstance(node, ast.stmt):
                yield value, at


def mark_while_imported(tree: Path, mutants: Sequence[Mutant]) -> None:
    """Let this process import modules of a tree with marks."""
    of_path: dict[str, list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in enumerate(mutants):
        of_path[str(tree / mutant.path)].append((number, mutant))
    plain = SourceFileLoader.source_to_code

    def source_to_code(self: SourceFileLoader, data: Any, path: Any, *args: Any, **options: Any) -> Any:
        if numbered := of_path.get(str(path)):
            return marked(bytes(data), str(path), numbered)
        return plain(self, data, path, *args, **options)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]


def forget_marks(tree: Path, mutants: Sequence[Mutant]) -> None:
    """Remove the compiled files of modules that were imported with marks."""
    for path in {tree / mutant.path for mutant in mutants}:
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()


class Reach:
    """Notes for each test which mutants it reaches, and whether it starts processes.

    Attributes:
        now: mutants that are reached since `begin`.
        starts: whether processes were started since then.
    """

    def __init__(self) -> None:
        self.now: set[int] = set()
        self.starts = False
        self._children = 0.0
        setattr(builtins, MARK, self.now.add)

    def listen(self) -> None:
        """Hear of processes that are started from now on; nothing is unheard again in this process."""

        def hear(event: str, arguments: object) -> None:
            if event in _STARTS_PROCESSES:
                self.starts = True

        sys.addaudithook(hear)

    def begin(self) -> None:
        """Forget what was reached."""
        self.now.clear()
        self.starts = False
        self._children = _seconds_of_children()

    def end(self) -> tuple[bool, set[int]]:
        """Return whether processes were started since `begin`, and what was reached."""
        return self.starts or _seconds_of_children() > self._children, set(self.now)


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
