"""Times import, open, one search and a batch of 100 patients on synthetic registries, beside the streaming floor.

The floor is one sum over the same typing columns that the search reads, in the same run; the ratio to it is what holds
on another machine.
"""

from __future__ import annotations

import datetime
import json
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

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


def _streaming_sum(column: NDArray[np.uint16]) -> int:
    """Add up one column: the least that any full pass must do."""
    total = np.uint32(0)
    for value in column:
        total += np.uint32(value)
    return int(total)


streaming_sum: Any = numba.njit(_streaming_sum)


def timed(action: Callable[[], object], repeats: int = 1) -> list[float]:
    """Return the seconds of each repetition."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds


def floor_seconds(registry: Registry) -> float:
    """Return the median seconds of one streaming sum over the typing columns in scope."""
    columns = [registry.donor_typing[registry.loci.index(locus)] for locus in CRITERIA.loci]

    def stream() -> int:
        return sum(int(streaming_sum(column)) for column in columns)

    stream()
    return median(timed(stream, 50))


def pass_seconds(registry: Registry) -> float:
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
    return median(timed(run, 50))


def measure(n_donors: int, folder: Path) -> dict[str, float]:
    """Return the figures of one registry size, in seconds."""
    donors, _ = volunteers(n_donors, seed=1, as_of=AS_OF)
    people, _ = patients(100, seed=1, as_of=AS_OF)
    donor_file, patient_file = folder / "donors.csv", folder / "patients.csv"
    write_frame(donors, donor_file)
    write_frame(people, patient_file)
    nomenclature = Nomenclature(builtin_tables())
    imported = timed(lambda: import_donors(folder / "registry", donor_file, nomenclature, today=AS_OF))[0]
    opened = median(timed(lambda: open_registry(folder / "registry"), 5))
    registry = open_registry(folder / "registry")
    wanted: list[Patient] = [patient for _, patient in read_patients(patient_file).patients]
    matcher = Matcher(registry)
    matcher.search(wanted[0], CRITERIA)
    searches = [median(timed(partial(matcher.search, patient, CRITERIA), 3)) for patient in wanted]

    def batch() -> None:
        frames = [matcher.search(patient, CRITERIA.model_copy(update={"limit": 100})).to_polars() for patient in wanted]
        write_frame(pl.concat(frames, how="diagonal"), folder / "matches.parquet")

    batch()
    floor, donor_pass = floor_seconds(registry), pass_seconds(registry)
    return {
        "donors": n_donors,
        "import": imported,
        "open": opened,
        "search": median(searches),
        "search p99": float(np.percentile(searches, 99)),
        "batch of 100": median(timed(batch, 3)),
        "donor pass": donor_pass,
        "floor": floor,
        "pass / floor": donor_pass / floor,
    }


@click.command()
@click.option("--donors", "sizes", multiple=True, type=int, default=(10_000, 103_000, 1_000_000), show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here too.")
def main(sizes: tuple[int, ...], json_path: Path | None) -> None:
    """Measure each registry size and print one table; seconds, medians."""
    results = []
    for n_donors in sizes:
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(n_donors, Path(folder)))
    names = list(results[0])
    click.echo(f"Python {platform.python_version()}, numba {numba.__version__}, {platform.machine()}; seconds, medians")
    click.echo("".join(f"{name:>14}" for name in names))
    for result in results:
        click.echo("".join(f"{value:>14,.0f}" if value >= 1000 else f"{value:>14.5f}" for value in result.values()))
    if json_path is not None:
        json_path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
