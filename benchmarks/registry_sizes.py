"""Import, open, search and batch on synthetic registries, without and with probabilities, beside the streaming floor.

The floor is one sum over the same typing columns that the search reads, in the same run; the ratio to it is what holds
on another machine.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.frequency_sets import frequency_set
from hla_match.frequencies.imputation import ImputedRegistry, impute_registry, registry_tables
from hla_match.frequencies.panels import build_panels
from hla_match.kernels.donor_pass import select_donors
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.matcher import Matcher
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry
from hla_match.synthetic.volunteers import patients, volunteers
from registry_io.donor_import import import_donors
from registry_io.patient_file import read_patients
from registry_io.results_file import write_frame
from registry_io.store import open_registry

AS_OF = datetime.date(2026, 1, 1)
CRITERIA = SearchCriteria(scope="10/10", max_mismatches=2)
N_PATIENTS = 100
LIMIT = 100
"""Donors for each patient of a batch."""


def measure(n_donors: int, folder: Path, frequencies: Path | None, workers: int) -> dict[str, float]:
    """Return the figures of one registry size, in seconds; what is shorter than a second is a median.

    Args:
        n_donors: the size.
        folder: an empty one.
        frequencies: file of haplotype frequencies, or None for those that the donors are drawn from.
        workers: threads for imputation and predictions.
    """
    donors, _ = volunteers(n_donors, seed=1, as_of=AS_OF)
    people, _ = patients(N_PATIENTS, seed=1, as_of=AS_OF)
    donor_file, patient_file = folder / "donors.csv", folder / "patients.csv"
    write_frame(donors, donor_file)
    write_frame(people, patient_file)
    nomenclature = Nomenclature(builtin_tables())
    imported = _timed(lambda: import_donors(folder / "registry", donor_file, nomenclature, today=AS_OF))[0]
    opened = median(_timed(lambda: open_registry(folder / "registry"), 5))
    registry = open_registry(folder / "registry")
    wanted = [patient for _, patient in read_patients(patient_file).patients]
    counting = Matcher(registry)
    counted = _searches(counting, wanted)
    batch = _batch(counting, wanted, folder / "matches.parquet")
    floor, donor_pass = _floor_seconds(registry), _pass_seconds(registry)
    set_of_registry = frequency_set(frequencies, registry.nomenclature)
    laid_out: list[ImputedRegistry] = []

    def impute() -> None:
        panels = build_panels(set_of_registry, registry_tables(registry))
        laid_out.append(ImputedRegistry(panels, impute_registry(registry, panels, workers=workers)))

    # The first call of all compiles; from then on nothing is kept from one imputation to the next.
    imputed = _timed(impute, 2)[1]
    predicting = Matcher(registry, laid_out[-1], workers=workers)
    predicted = _searches(predicting, wanted)
    return {
        "donors": n_donors,
        "import": imported,
        "open": opened,
        "search": median(counted),
        "search p99": float(np.percentile(counted, 99)),
        f"batch of {N_PATIENTS}": batch,
        "imputation": imputed,
        "search P": median(predicted),
        "search P p99": float(np.percentile(predicted, 99)),
        f"batch P of {N_PATIENTS}": _batch(predicting, wanted, folder / "predicted.parquet"),
        "donor pass": donor_pass,
        "floor": floor,
        "pass / floor": donor_pass / floor,
    }


def _timed(action: Callable[[], object], repeats: int = 1) -> list[float]:
    """Return the seconds of each repetition."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds


def _searches(matcher: Matcher, wanted: list[Patient]) -> list[float]:
    """Return the median seconds of each patient's search for all donors."""
    # Searching everyone once compiles both ways of predicting and reads every page of the registry.
    for patient in wanted:
        matcher.search(patient, CRITERIA)
    return [median(_timed(partial(matcher.search, patient, CRITERIA), 3)) for patient in wanted]


def _batch(matcher: Matcher, wanted: list[Patient], out: Path) -> float:
    """Return the median seconds of searching all patients and writing their best donors."""
    criteria = CRITERIA.model_copy(update={"limit": LIMIT})

    def batch() -> None:
        frames = [matcher.search(patient, criteria).to_polars() for patient in wanted]
        write_frame(pl.concat(frames, how="diagonal"), out)

    batch()
    return median(_timed(batch, 3))


def _sum_column(column: NDArray[np.uint16]) -> int:
    """Add up one column: the least that any full pass must do."""
    total = np.uint32(0)
    for value in column:
        total += np.uint32(value)
    return int(total)


_streaming_sum: Any = numba.njit(_sum_column)


def _floor_seconds(registry: Registry) -> float:
    """Return the median seconds of one streaming sum over the typing columns in scope."""
    columns = [registry.donor_typing[registry.loci.index(locus)] for locus in CRITERIA.loci]

    def stream() -> int:
        return sum(int(_streaming_sum(column)) for column in columns)

    stream()
    return median(_timed(stream, 50))


def _pass_seconds(registry: Registry) -> float:
    """Return the median seconds of the kernel's pass over the donors alone."""
    rows = np.array([registry.loci.index(locus) for locus in CRITERIA.loci], np.int64)
    sizes = [registry.columns[locus].meaning.size for locus in CRITERIA.loci]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    table = np.random.default_rng(1).integers(0, 3, sum(sizes)).astype(np.uint8)
    eligible = np.ones(registry.n_donors, np.bool_)
    donor = np.empty(registry.n_donors, np.uint32)

    def run() -> int:
        return int(select_donors(registry.donor_typing, rows, starts, table, eligible, 2, donor))

    run()
    return median(_timed(run, 50))


def n_workers() -> int:
    """Return the number of threads to compute with."""
    return os.cpu_count() or 1
