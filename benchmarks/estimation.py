"""Times the estimation of haplotype frequencies, and measures how far they are from those that made the persons.

The distance is the total variation: half the sum over haplotypes of the absolute difference, from 0 to 1. Run as
``python -m benchmarks estimation``; where ``HLA_MATCH_TEST_DATA`` names the folder of shared data that
``tests/README.md`` describes, the shared registry is measured too.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import click
import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.places import import_shared_donors
from hla_match.donors.registry import Registry, build_registry
from hla_match.estimation.estimate import estimate_frequencies
from hla_match.estimation.estimated_frequencies import Estimation
from hla_match.estimation.settings import EstimationSettings
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, code_haplotypes
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool
from registry_io.formats.frequency_file import read_frequencies
from registry_io.store.registry_store import open_registry

LOCI = ("A", "C", "B", "DRB1", "DQB1")
AMBIGUOUS = 0.3


def distance(found: HaplotypeFrequencies, truth: HaplotypeFrequencies) -> float:
    """Return the total variation between two sets of frequencies over the same loci, each scaled to a sum of 1."""
    value: dict[tuple[int, ...], float] = {}
    for frequencies, sign in ((found, 1.0), (truth, -1.0)):
        scaled = frequencies.frequency[0] / frequencies.frequency[0].sum()
        for haplotype, frequency in zip(frequencies.allele.tolist(), scaled.tolist(), strict=True):
            value[tuple(haplotype)] = value.get(tuple(haplotype), 0.0) + sign * frequency
    return sum(map(abs, value.values())) / 2


def synthetic(n_persons: int, *, ambiguous: float, seed: int = 1) -> tuple[Registry, HaplotypeFrequencies]:
    """Return persons of two-field alleles, of whom some have lists of two to five alleles a side, and the truth.

    The same seed gives the same persons, be they ambiguous or not.
    """
    haplotypes, frequency = haplotype_pool(POOL_SEED)
    nomenclature = Nomenclature.builtin()
    columns = {locus: pl.Series([haplotype[row] for haplotype in haplotypes]) for row, locus in enumerate(LOCI)}
    frame = pl.DataFrame(columns).with_columns(frequency=pl.Series(frequency), population=pl.lit(""))
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(haplotypes), size=(n_persons, 2), p=frequency)
    blurred = rng.random(n_persons) < AMBIGUOUS
    persons: dict[str, Iterable[str]] = {"person_id": [f"S{number:06}" for number in range(n_persons)]}
    for locus, names in columns.items():
        known = names.unique().sort().to_list()
        for side in (0, 1):
            true = names.gather(drawn[:, side]).to_list()
            lists = [_list(rng, name, known) if blur else name for name, blur in zip(true, blurred, strict=True)]
            persons[f"{locus}_{side + 1}"] = lists if ambiguous else true
    registry, unreadable = build_registry(pl.DataFrame(persons), nomenclature, name="synthetic", provenance={})
    if unreadable:
        raise ValueError(f"{len(unreadable)} typings that the built-in nomenclature does not read")
    return registry, code_haplotypes(frame, nomenclature, name="truth")


def _list(rng: np.random.Generator, name: str, known: list[str]) -> str:
    """Return a list of two to five alleles with the true one among them."""
    others = [one for one in rng.permutation(known)[:5].tolist() if one != name]
    return "/".join(sorted([name, *others[: int(rng.integers(1, 5))]]))


def subsample(registry: Registry, n_persons: int, seed: int = 1) -> Registry:
    """Return some of the donors of a registry, drawn at random."""
    rows: NDArray[np.int64] = np.sort(
        np.random.default_rng(seed).choice(registry.n_donors, size=n_persons, replace=False)
    )
    return registry.take(rows)


def shared_registry(data: Path, folder: Path) -> tuple[Registry, HaplotypeFrequencies]:
    """Return the shared registry and the frequencies that it was made from, by the P groups of its release."""
    import_shared_donors(data, folder / "registry")
    registry = open_registry(folder / "registry")
    truth = read_frequencies(data / "data" / "frequencies" / "synthetic_han_5locus.csv")
    return registry, code_haplotypes(truth.frame, registry.nomenclature, name="truth")


def measure(name: str, registry: Registry, truth: HaplotypeFrequencies, workers: int) -> dict[str, str | float]:
    """Return the figures of one estimation."""
    start = time.perf_counter()
    found: Estimation = estimate_frequencies(registry, LOCI, settings=EstimationSettings(workers=workers))
    seconds = time.perf_counter() - start
    report = found.populations[0]
    return {
        "persons": name,
        "n": report.n_persons,
        "unexplained": report.n_unexplained,
        "effective": report.effective_sample_size,
        "haplotypes": report.n_haplotypes,
        "iterations": report.iterations,
        "seconds": seconds,
        "distance": distance(found.frequencies, truth),
    }


@click.command()
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Threads.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here too.")
def main(workers: int, json_path: Path | None) -> None:
    """Estimate from synthetic persons, and from the shared registry where it is given; print one table."""
    click.echo(
        f"Python {platform.python_version()}, numba {numba.__version__}, {platform.machine()}, {workers} threads"
    )
    results: list[dict[str, str | float]] = []

    def show(result: dict[str, str | float]) -> None:
        if not results:
            click.echo("".join(f"{column:>14}" for column in result))
        results.append(result)
        click.echo("".join(f"{_shown(value):>14}" for value in result.values()))

    # Compilation is not what is measured.
    measure("warm-up", *synthetic(2_000, ambiguous=AMBIGUOUS), workers)
    for name, ambiguous in (("unambiguous", 0.0), ("30% ambiguous", AMBIGUOUS)):
        show(measure(name, *synthetic(50_000, ambiguous=ambiguous), workers))
    click.echo(
        f"distance, ambiguous to unambiguous: {float(results[1]['distance']) / float(results[0]['distance']):.3f}"
    )
    if data := os.environ.get("HLA_MATCH_TEST_DATA"):
        with tempfile.TemporaryDirectory() as folder:
            registry, truth = shared_registry(Path(data), Path(folder))
            for n_persons in (10_000, 30_000, registry.n_donors):
                show(measure("shared", subsample(registry, n_persons), truth, workers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    click.echo(f"peak memory: {peak / 2**30:.2f} GiB")
    if json_path is not None:
        json_path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4f}"


if __name__ == "__main__":
    main()
