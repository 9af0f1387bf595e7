"""Processor time of two checkouts, measured by turns, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.checkouts.course import command, environment_of

_WORKER = Path(__file__).with_name("times_worker.py")
_NIGHT_PATIENTS = 1_000
_ORDER = 20
"""The patients beside the shared ones are the volunteers of the last years, one in so many."""

Seconds = dict[str, list[float]]


def compare_times(
    checkouts: tuple[Path, Path], data: Path, folder: Path, rounds: int, say: Callable[[str], None]
) -> None:
    """Print the medians of both checkouts and their ratio.

    Args:
        checkouts: base and candidate.
        data: the folder of shared data.
        folder: for registries and results.
        rounds: repetitions of each measurement.
        say: takes one line for each.

    Raises:
        RuntimeError: a command failed.
    """
    shared = data / "data" / "registry_103k"
    han = str(data / "data" / "frequencies" / "synthetic_han_5locus.csv")
    night = folder / "night.csv"
    write_night_patients(shared, night)
    measured: list[Seconds] = [defaultdict(list), defaultdict(list)]
    homes = [folder / name for name in ("base", "candidate")]
    donors = [str(shared / "donors.csv.gz"), "--codes", str(shared / "mac.txt")]
    batch = ["batch", "registry", str(night), "--out", "night.parquet", "--frequencies", han, "--limit", "100"]
    batch += ["--max-mismatches", "2", "--as-of", "2026-11-01"]
    for checkout, home in zip(checkouts, homes, strict=True):
        home.mkdir()
        for arguments in (["warmup"], ["nomenclature", "install", "--from", str(data / "imgt" / "3.58.0")]):
            _run(command(arguments), checkout, home)
        _run(command(["registry", "import", "registry", *donors]), checkout, home)
        _run(command([*batch[:2], str(shared / "patients.csv"), *batch[3:]]), checkout, home)
    for turn in range(rounds):
        for at in (0, 1) if turn % 2 == 0 else (1, 0):
            checkout, home, seconds = checkouts[at], homes[at], measured[at]
            searches = [sys.executable, "-P", str(_WORKER), "registry", han, str(shared / "patients.csv")]
            for name, found in json.loads(_run(searches, checkout, home)).items():
                seconds[name].append(found)
            for name, arguments in (("import", ["registry", "import", f"new-{turn}", *donors]), ("night run", batch)):
                # A batch replaces no result unasked.
                (home / "night.parquet").unlink(missing_ok=True)
                start, used = time.perf_counter(), _processor_time()
                _run(command(arguments), checkout, home)
                seconds[f"{name}, processor"].append(_processor_time() - used)
                seconds[f"{name}, clock"].append(time.perf_counter() - start)
        say(f"round {turn + 1} of {rounds}")
    for line in table(*measured):
        say(line)


def table(base: Seconds, candidate: Seconds) -> list[str]:
    """Return one line for each measurement: both medians, their ratio, and the ratios of the quickest rounds.

    >>> table({"import": [2.0, 3.0, 4.0]}, {"import": [1.0, 1.5, 9.0]})[1].split()
    ['import', '3.00', 's', '1.50', 's', '0.500', '0.500']
    """
    found = [f"{'measurement':<28}{'base':>13}{'candidate':>13}{'ratio':>8}{'of the quickest':>17}"]
    for name, before in base.items():
        after = candidate[name]
        old, new = median(before), median(after)
        found.append(f"{name:<28}{_shown(old):>13}{_shown(new):>13}{new / old:>8.3f}{min(after) / min(before):>17.3f}")
    return found


def write_night_patients(shared: Path, out: Path) -> None:
    """Write a file of a thousand patients: the shared ones, and volunteers of the last years."""
    with (shared / "patients.csv").open(newline="", encoding="utf-8") as file:
        patients = list(csv.DictReader(file))
    with gzip.open(shared / "donors.csv.gz", "rt", newline="", encoding="utf-8") as file:
        recent = [row for row in csv.DictReader(file) if row["C_1"] and row["DQB1_1"]]
    columns = [name for name in patients[0] if name == "patient_id" or name in recent[0]]
    volunteers = ({"patient_id": row["donor_id"], **row} for row in recent[-_ORDER * _NIGHT_PATIENTS :: _ORDER])
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(itertools.islice(itertools.chain(patients, volunteers), _NIGHT_PATIENTS))


def _run(line: Sequence[str], checkout: Path, home: Path) -> str:
    environment = environment_of(checkout, home / "home")
    # An installed program is compiled to bytecode once; the sources of a checkout would be in each process.
    del environment["PYTHONDONTWRITEBYTECODE"]
    environment["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    done = subprocess.run(line, cwd=home, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{checkout}: {line[3:6]} failed: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def _processor_time() -> float:
    """Return the processor seconds of all processes that have ended, with those that they started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3f} ms"
