"""The machine, the versions and the commit that figures were measured with."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Return what must stand beside every figure."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "numba", "polars")},
        "commit": _commit(),
    }


def machine_line(facts: Mapping[str, str | int] | None = None) -> str:
    """Return the same in one line, of this machine or as it was kept."""
    facts = facts or machine()
    return (
        f"{facts['processor']}, {facts['cores']} cores; Python {facts['python']}, numba {facts['numba']}, "
        f"numpy {facts['numpy']}, polars {facts['polars']}; commit {facts['commit']}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _commit() -> str:
    """Return the commit of the checkout, marked where files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
