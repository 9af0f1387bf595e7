"""Commands as a user starts them: a search on the first run and on a later one, and the night run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.case import Figure, Measured, of_passes, passes
from benchmarks.findings import Disagreement, NotRun
from benchmarks.places import AS_OF, Place, SharedPlace, shared
from benchmarks.searches import CRITERIA, first_of_all, same_lists
from hla_match import Patient
from registry_io.persons.patient_file import read_patients

_COMMAND = [sys.executable, "-c", "from hla_match.cli.main import main; main()"]
_KERNELS = "kernels"
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Finished:
    """What a command left: its seconds, and what it printed."""

    seconds: float
    output: str
    said: str


def run_command(arguments: list[str], cache: Path) -> Finished:
    """Run a command of hla-match in a process of its own.

    Args:
        arguments: after ``hla-match``.
        cache: folder of compiled kernels.

    Raises:
        Disagreement: it failed.
    """
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])}
    start = time.perf_counter()
    done = subprocess.run([*_COMMAND, *arguments], env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise Disagreement(f"hla-match {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    return Finished(seconds, done.stdout, done.stderr)


@dataclass(frozen=True)
class Starts:
    """One patient searched by ``hla-match search`` with probabilities."""

    place: Place
    patient: Patient
    caches: Path
    first_seconds: list[float]

    def search(self, cache: Path) -> Finished:
        """Search with the compiled kernels of a folder."""
        loci = {locus: pair for locus, pair in self.patient.typings.items() if pair[0]}
        text = "^".join(
            "+".join(f"{locus}*{part}" for part in (first, second or first)) for locus, (first, second) in loci.items()
        )
        arguments = ["search", str(self.place.registry_folder), "--hla", text, *_options(self.place)]
        return run_command([*arguments, "--limit", "20"], cache)

    def first(self) -> Finished:
        """Search as on the first run of a machine: nothing compiled, nothing imputed."""
        shutil.rmtree(self.caches, ignore_errors=True)
        self.place.discard_imputations()
        done = self.search(self.caches)
        self.first_seconds.append(done.seconds)
        return done


def starts(place: Place) -> Starts:
    """Return the starts for a patient whose typings are single names."""
    plain = [one for one in place.patients if "/" not in str(one.typings)]
    return Starts(place, plain[0], place.folder / _KERNELS, [])


def check_starts(subject: Starts) -> str:
    """Compare what the first and a later run print, and see that the first says why it takes longer."""
    first, later = subject.first(), subject.search(subject.caches)
    if first.output != later.output:
        raise Disagreement("the first run prints another list than the second")
    if not all(word in first.said for word in ("Compiling", "Imputing")):
        raise Disagreement("the first run does not say why it takes longer")
    return "the first run says why it takes longer, and prints the list of the second"


def run_starts(subject: Starts) -> Measured:
    """Time the first run, later runs, and the same search in a process that has lived long."""
    repeats = subject.place.settings.repeats
    later = [subject.search(subject.caches).seconds for _ in range(1 if repeats == 1 else 5)]
    if repeats > 1:
        subject.first()
    first = subject.first_seconds
    search = partial(subject.place.predicting.search, criteria=CRITERIA)
    lived = of_passes(passes(search, [subject.patient], 20))
    return Measured(
        {
            "median": Figure(median(later)),
            "first run": Figure(median(first)),
            "in a process that has lived long": lived.figures["median"],
        },
        {"later": [[one] for one in later], "first": [[one] for one in first], **lived.repetitions},
    )


@dataclass(frozen=True)
class NightRun:
    """``hla-match batch`` for a thousand patients with probabilities, to Parquet."""

    place: SharedPlace
    cache: Path
    out: Path

    def run(self, *options: str) -> float:
        """Run it and return the seconds from the start of the command."""
        arguments = [
            "batch",
            str(self.place.registry_folder),
            str(self.place.many_patients),
            "--out",
            str(self.out),
            "--overwrite",
        ]
        arguments += [*_options(self.place), "--limit", str(CRITERIA.limit), *options]
        return run_command(arguments, self.cache).seconds


def night_run(place: Place) -> NightRun:
    """Return the night run."""
    return NightRun(shared(place), place.folder / _KERNELS, place.folder / "night.parquet")


def check_night_run(night: NightRun) -> str:
    """Compare lists of the file with searches in this process; the run also compiles and imputes once."""
    night.run()
    place = night.place
    people = read_patients(place.many_patients, place.registry.nomenclature, place.registry.codes).patients
    return same_lists(night.out, place.predicting, first_of_all([patient for _, patient in people], 20))


def run_night_run(night: NightRun) -> Measured:
    """Time it from the start of the command, kernels compiled and donors imputed before."""
    seconds = [night.run() for _ in range(night.place.settings.repeats)]
    n = len(read_patients(night.place.many_patients).patients)
    middle = median(seconds)
    return Measured(
        {"median": Figure(middle), "pairs a second": Figure(n * night.place.n_donors / middle, "1/s")},
        {"seconds": [[one] for one in seconds]},
        (f"{n:,} patients x {night.place.n_donors:,} donors, the best {CRITERIA.limit} each",),
    )


def check_on_dask(night: NightRun) -> str:
    """Compare the files that threads and a cluster write, byte by byte; the runs also compile and impute once."""
    night.run()
    written = night.out.read_bytes()
    with _cluster(night) as scheduler:
        night.run("--dask", scheduler)
    if night.out.read_bytes() != written:
        raise Disagreement("a cluster writes other bytes than threads")
    return "the bytes that threads write"


def run_on_dask(night: NightRun) -> Measured:
    """Time the night run on a cluster that is there, and on threads, by turns."""
    on_dask, on_threads = [], []
    with _cluster(night) as scheduler:
        # Workers keep the registry open; the first run opens it.
        night.run("--dask", scheduler)
        for _ in range(night.place.settings.repeats):
            on_dask.append(night.run("--dask", scheduler))
            on_threads.append(night.run())
    return Measured(
        {
            "median": Figure(median(on_dask)),
            "on threads": Figure(median(on_threads)),
            "times that of threads": Figure(median(on_dask) / median(on_threads), ""),
        },
        {"on dask": [[one] for one in on_dask], "on threads": [[one] for one in on_threads]},
        (f"a local cluster of {night.place.settings.workers} workers of one thread each, started before",),
    )


@contextmanager
def _cluster(night: NightRun) -> Iterator[str]:
    """Yield the address of a cluster on this machine, as many workers as a search has threads.

    Raises:
        NotRun: Dask is not installed.
    """
    try:
        from distributed import LocalCluster
    except ImportError:
        raise NotRun("Dask is not installed: pip install 'hla-match[dask]'") from None
    kernels = {"NUMBA_CACHE_DIR": str(night.cache)}
    n_workers = night.place.settings.workers
    with LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None, env=kernels) as cluster:
        yield cluster.scheduler_address


def _options(place: Place) -> list[str]:
    chosen = ["--scope", CRITERIA.scope, "--max-mismatches", str(CRITERIA.max_mismatches)]
    return [*chosen, "--as-of", AS_OF.isoformat(), "--frequencies", str(place.frequency_file)]
