"""The table of rules in ARCHITECTURE.md leads to modules, to names in them and to tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Where a rule lives")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", CHAPTER, re.MULTILINE)[1:]
MODULE = re.compile(r"`([\w/]+\.py)`(?: \(([^)]*)\))?")


def names_in(source: str) -> set[str]:
    """What a module, or a class in it, defines."""
    nodes = list(ast.walk(ast.parse(source)))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return defined | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@pytest.mark.parametrize(("rule", "modules", "tests"), ROWS, ids=[rule for rule, *_ in ROWS])
def test_a_rule_is_where_the_table_says(rule: str, modules: str, tests: str) -> None:
    found = MODULE.findall(modules)
    assert found, rule
    for module, names in found:
        path = ROOT / ("" if module.startswith("registry_io/") else "hla_match") / module
        assert path.is_file(), module
        assert set(re.findall(r"`(\w+)`", names)) <= names_in(path.read_text(encoding="utf-8")), module
    for test, _ in MODULE.findall(tests):
        assert (ROOT / "tests" / test).is_file(), test


def test_the_table_is_read() -> None:
    assert len(ROWS) > 30
    assert names_in("LIMIT: int = 3\nclass A:\n    def rule(self): ...\n") == {"LIMIT", "A", "rule"}
