"""Work that is done in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.findings import Disagreement

_ROOT = Path(__file__).parents[1]


def run_module(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module of the benchmarks in a process of its own, and return the JSON that it prints.

    Raises:
        Disagreement: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])}
    done = subprocess.run([sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Disagreement(f"the process failed: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
