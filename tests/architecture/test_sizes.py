"""Modules and functions stay short enough to be read: what is longer has its reason here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path for package in ("hla_match", "registry_io", "benchmarks") for path in (ROOT / package).rglob("*.py")
)
MODULE_LINES = 350
FUNCTION_LINES = 60
KERNEL_ARGUMENTS = 12


def faults(path: Path, source: str) -> Iterator[str]:
    """What is too long in a module, by its path below the root."""
    if source.count("\n") > MODULE_LINES:
        yield f"{path}: more than {MODULE_LINES} lines"
    is_kernel = path.parts[:2] == ("hla_match", "kernels")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {lines} lines"
        given = node.args
        n_arguments = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
        if n_arguments > KERNEL_ARGUMENTS and is_kernel:
            yield f"{path}:{node.lineno}: {node.name} takes {n_arguments} arguments"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_short(path: Path) -> None:
    found = list(faults(path.relative_to(ROOT), path.read_text(encoding="utf-8")))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source", "n_faults"),
    [
        ("hla_match/long.py", "\n" * 351, 1),
        ("hla_match/long.py", "\n" * 350, 0),
        ("registry_io/long.py", "def f():\n" + "    x = 1\n" * 60, 1),
        ("registry_io/long.py", "def f():\n" + "    x = 1\n" * 59, 0),
        ("hla_match/kernels/search/long.py", "def f():\n" + "    x = 1\n" * 60, 1),
        ("hla_match/kernels/search/wide.py", f"def f({', '.join(f'a{k}' for k in range(13))}): ...", 1),
        ("hla_match/kernels/search/wide.py", f"def f({', '.join(f'a{k}' for k in range(12))}): ...", 0),
    ],
)
def test_what_is_long_is_found(module: str, source: str, n_faults: int) -> None:
    assert len(list(faults(Path(module), source))) == n_faults
