"""Bombs set off: their commands run, measured and judged; run `python -m benchmarks.reliability.bomb_runs`."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.bomb_files import (
    DONORS,
    HOME,
    LARGEST_FILE,
    MOST_MEMORY_MB,
    MOST_SECONDS,
    NEW,
    REGISTRY,
    Bomb,
)
from benchmarks.reliability.bombs import BOMBS

COMMAND = [sys.executable, "-c", "from hla_match.cli.main import main; main()"]
"""The command of this interpreter and these sources, installed or not."""

_MEASURE = f"""
import resource, subprocess, sys
try:
    status = subprocess.run([*{COMMAND}, *sys.argv[1:]], timeout={10 * MOST_SECONDS}).returncode
except subprocess.TimeoutExpired:
    status = -9
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("PEAK", used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(status if status >= 0 else 128 - status)
"""


def prepare(folder: Path) -> None:
    """Make the registry that the commands of some bombs search."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "good.csv").write_text(DONORS, encoding="utf-8")
    if not (folder / REGISTRY).exists():
        subprocess.run(
            [*COMMAND, "registry", "import", REGISTRY, "good.csv"],
            cwd=folder,
            env=_environment(folder),
            check=True,
            capture_output=True,
        )


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"HLA_MATCH_HOME": str(folder / HOME), "PYTHONPATH": os.pathsep.join(sys.path)}


@dataclass(frozen=True)
class Outcome:
    """How a command ended that met a bomb.

    Attributes:
        status: its exit status; 128 and the signal's number where a signal ended it.
        seconds: time that passed.
        cpu_seconds: time of all processors together; where others use them too, less may be the truer figure.
        peak_mb: greatest resident memory.
        said: the last line of standard error.
        has_traceback: whether it ended by a traceback.
    """

    status: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str
    has_traceback: bool

    @property
    def is_within(self) -> bool:
        """Whether it kept within memory and time, and ended as it should."""
        orderly = self.status in (0, 1, 2) and not self.has_traceback
        return orderly and self.peak_mb <= MOST_MEMORY_MB and min(self.seconds, self.cpu_seconds) <= MOST_SECONDS


def run(bomb: Bomb, folder: Path) -> Outcome:
    """Write a bomb into a prepared folder and run its command."""
    place = folder / bomb.file
    place.parent.mkdir(parents=True, exist_ok=True)
    bomb.write(place)
    if place.stat().st_size >= LARGEST_FILE:
        raise ValueError(f"{bomb.name} has {place.stat().st_size} bytes")
    source = place.read_bytes() if bomb.is_input else b""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *bomb.arguments(folder)],
        cwd=folder,
        env=_environment(folder),
        input=source,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30)),
    )
    seconds = time.perf_counter() - began
    place.unlink()
    # A registry is not replaced without being asked to.
    shutil.rmtree(folder / NEW, ignore_errors=True)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    _, peak, cpu_seconds = next(line for line in reversed(lines) if line.startswith("PEAK ")).split()
    said = [line for line in lines if not line.startswith(("PEAK ", "Nomenclature: "))]
    has_traceback = any(line.startswith("Traceback ") or "panicked at" in line for line in said)
    last = said[-1] if said else ""
    return Outcome(done.returncode, seconds, float(cpu_seconds), int(peak) / 1000, last, has_traceback)


def main(folder: Path, names: list[str]) -> int:
    """Run bombs, all of them where none is named, print a line for each, and return how many exceed the bounds."""
    prepare(folder)
    n_over = 0
    for bomb in BOMBS:
        if names and bomb.name not in names:
            continue
        found = run(bomb, folder)
        n_over += not found.is_within
        verdict = "ok" if found.is_within else "OVER"
        print(
            f"{bomb.name:24} {found.status:4} {found.seconds:6.1f} s {found.cpu_seconds:6.1f} s "
            f"{found.peak_mb:6.0f} MB {verdict:5} {found.said[:150]}",
            flush=True,
        )
    return n_over


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]) > 0)
