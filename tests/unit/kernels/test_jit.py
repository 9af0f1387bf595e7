"""Machine code is kept between processes, and counts as old when a kernel or constant of another file has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RULES = """
from hla_match.kernels._jit import kernel

LIMIT = {limit}

@kernel
def rule(x):
    return x + {added}
"""
LOOP = """
from rules import LIMIT, rule
from hla_match.kernels._jit import kernel

@kernel
def loop(x):
    return rule(x) * LIMIT
"""
PROGRAM = """
import outer
print(outer.outer(1), sum(outer.outer.stats.cache_hits.values()))
"""
OUTER = """
from loop import loop
from hla_match.kernels._jit import kernel

@kernel
def outer(x):
    return loop(x)
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")
def test_machine_code_is_as_old_as_what_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP, encoding="utf-8")
    (tmp_path / "outer.py").write_text(OUTER, encoding="utf-8")

    def run(*, limit: int, added: int) -> list[str]:
        (tmp_path / "rules.py").write_text(RULES.format(limit=limit, added=added), encoding="utf-8")
        paths = os.pathsep.join([str(tmp_path), *sys.path])
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": paths}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert run(limit=10, added=1) == ["20", "0"]
    assert run(limit=10, added=1) == ["20", "1"]
    assert run(limit=10, added=2) == ["30", "0"]
    assert run(limit=100, added=2) == ["300", "0"]
    assert run(limit=100, added=2) == ["300", "1"]
