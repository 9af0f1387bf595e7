"""``hla-match frequencies estimate``: haplotype frequencies from a registry's own typings, with a report."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.frequency_options import n_workers
from hla_match.cli.messages import bars, say
from hla_match.cli.raw_text import raw_text_option
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.loci import typed_loci

if TYPE_CHECKING:
    from hla_match.donors.registry import Registry
    from hla_match.estimation.estimated_frequencies import Estimation, Iteration, PopulationEstimate, Progress

# The values of `hla_match.estimation.estimate`, whose import would make the help wait for the kernels.
TOLERANCE, MAX_ITERATIONS, FLOOR = 0.05, 2000, 0.01

_SAY_EVERY = 25
"""Iterations between two lines of progress where there is no terminal."""

_POSITIVE = click.IntRange(1)
_COUNT = click.IntRange(0)


@click.command("estimate")
@click.argument("registry", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Where the frequencies go; .csv and others."
)
@click.option("--loci", default="10/10", show_default=True, help="6/6, 8/8, 10/10, 12/12 or loci: A,B,DRB1.")
@click.option("--by-population", is_flag=True, help="Estimate each of the donors' populations by itself.")
@click.option("--population", "populations", multiple=True, help="Estimate this population; can be repeated.")
@click.option("--start", help="Frequencies to start from: a file, or an installed set's name.")
@click.option("--restarts", default=0, show_default=True, type=_COUNT, help="More runs, from random frequencies.")
@click.option("--seed", default=0, show_default=True, type=_COUNT, help="Of the random numbers.")
@click.option("--bootstrap", default=0, show_default=True, type=_COUNT, help="Samples for standard errors; 0: none.")
@click.option(
    "--tolerance",
    default=TOLERANCE,
    show_default=True,
    type=click.FloatRange(0),
    help="Iterations end where no expected number of copies changes by more.",
)
@click.option("--max-iterations", default=MAX_ITERATIONS, show_default=True, type=_POSITIVE, help="At most, each run.")
@click.option(
    "--floor",
    default=FLOOR,
    show_default=True,
    type=float,
    help="Haplotypes expected in fewer copies are left out; less than 1.",
)
@click.option("--workers", type=_POSITIVE, help="Threads.  [default: all processors]")
@raw_text_option
@click.pass_context
def estimate(
    context: click.Context,
    registry: Path,
    out: Path,
    loci: str,
    by_population: bool,
    populations: tuple[str, ...],
    start: str | None,
    restarts: int,
    seed: int,
    bootstrap: int,
    tolerance: float,
    max_iterations: int,
    floor: float,
    workers: int | None,
    raw_text: bool,
) -> None:
    """Estimate haplotype frequencies from the donors of REGISTRY, whatever the resolution of their typings.

    Beside the frequencies a report of the same name is written, with the ending .report.json: the log-likelihood of
    every iteration, a test of Hardy-Weinberg proportions at every locus, the effective sample size.
    """
    from registry_io.disk.joint_files import lock_files, write_together
    from registry_io.tables.results_file import check_writable_ending, put_rows

    check_writable_ending(out)
    if out.resolve().is_relative_to(registry.resolve()):
        raise CriteriaError(
            "output file",
            found=str(out),
            expected="a place outside the registry's folder",
            code=ErrorCode.CRITERIA_OUTPUT,
        )
    context.with_resource(lock_files(out, report_path(out)))
    prepare_kernels()
    from hla_match.estimation.estimate import estimate_frequencies
    from registry_io.store.frequency_store import load_frequencies
    from registry_io.store.nomenclature_store import data_folder
    from registry_io.store.registry_store import open_registry
    from registry_io.tables.spreadsheet_text import neutral_file

    opened = open_registry(registry)
    if by_population and not populations:
        populations = _populations(opened)
    with _progress(tolerance) as progress:
        estimation = estimate_frequencies(
            opened,
            typed_loci(loci),
            populations=populations or None,
            start=load_frequencies(start, opened.nomenclature, data_folder()) if start is not None else None,
            restarts=restarts,
            seed=seed,
            tolerance=tolerance,
            max_iterations=max_iterations,
            floor=floor,
            bootstrap=bootstrap,
            workers=workers or n_workers(),
            progress=progress,
        )
    settings = {
        "start": start,
        "restarts": restarts,
        "seed": seed,
        "bootstrap": bootstrap,
        "tolerance": tolerance,
        "max_iterations": max_iterations,
        "floor": floor,
    }
    report = json.dumps(_report(opened, estimation, settings), indent=1, ensure_ascii=False, allow_nan=False)
    frame = neutral_file(estimation.to_polars(opened.nomenclature), out, raw_text=raw_text)
    # The frequencies come last: where they stand, the report does too.
    with write_together(report_path(out), out) as (beside, file):
        beside.write(f"{report}\n".encode())
        put_rows(frame.lazy(), frame.height, file, out)
    for population in estimation.populations:
        say(*describe(population))
    say(f"{frame.height:,} frequencies in {out}, the report in {report_path(out)}")


def report_path(out: Path) -> Path:
    """Return where the report stands: beside the frequencies, under the same name but for the ending.

    >>> report_path(Path("own.1.csv.gz")).name
    'own.1.report.json'
    """
    from registry_io.tables.results_file import check_writable_ending

    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".report.json")


def describe(estimate: PopulationEstimate) -> list[str]:
    """Return the report of one population in lines."""
    first, last = estimate.log_likelihood[0], estimate.log_likelihood[-1]
    left_out = [
        f"{count:,} {reason}"
        for count, reason in (
            (estimate.n_new, "with an allele reported as NEW"),
            (estimate.n_untyped, "typed at none of the loci"),
            (estimate.n_unexplained, "whom no haplotype explains"),
        )
        if count
    ]
    support = "all that the typings allow" if estimate.complete else f"from {estimate.n_contributing:,} donors' typings"
    lines = [
        f"{estimate.population or 'All donors'}: {estimate.n_haplotypes:,} haplotypes "
        f"from {estimate.n_persons:,} donors{'; left out: ' + ', '.join(left_out) if left_out else ''}",
        f"  {'converged' if estimate.converged else 'NOT CONVERGED'} after {estimate.iterations:,} iterations, "
        f"log-likelihood from {first:,.2f} to {last:,.2f}",
        f"  {estimate.n_support:,} haplotypes tried, {support}; left out below the floor: {estimate.left_out:.2g}",
        f"  effective sample size {estimate.effective_sample_size:,.0f} donors",
    ]
    if len(estimate.runs) > 1:
        lines.append(f"  last log-likelihood of each run: {', '.join(f'{one:,.2f}' for one in estimate.runs)}")
    lines.append("  Hardy-Weinberg, of donors with one genotype:")
    for test in estimate.hardy_weinberg:
        lines.append(
            f"    {test.locus:<5} {test.n_persons:>9,} donors, chi-square {test.chi_square:,.1f}, "
            f"{test.degrees:,} degrees of freedom, p {test.p_value:.3g}"
            if test.degrees
            else f"    {test.locus:<5} {test.n_persons:>9,} donors, too few to test"
        )
    return lines


def _populations(registry: Registry) -> tuple[str, ...]:
    column = registry.attributes.get_column("population", default=None)
    known = tuple(column.drop_nulls().unique().sort()) if column is not None else ()
    if not known:
        raise CriteriaError(
            "by-population", found=registry.name, expected="donors with a population", code=ErrorCode.ESTIMATION_DONORS
        )
    return known


def _report(registry: Registry, estimation: Estimation, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "registry": registry.name,
        "nomenclature": registry.nomenclature.title,
        "provenance": registry.provenance.entries(),
        "loci": list(estimation.frequencies.loci),
        "settings": settings,
        "populations": [
            {**dataclasses.asdict(one), "iterations": one.iterations, "n_excluded": one.n_excluded}
            for one in estimation.populations
        ],
    }


@contextmanager
def _progress(tolerance: float) -> Iterator[Progress]:
    """Yield what is told of iterations: a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        with bars(transient=True) as bar:
            task = bar.add_task("Estimating", total=1.0)
            stage, first = ("", ""), 1.0

            def show(iteration: Iteration) -> None:
                nonlocal stage, first
                if stage != (iteration.population, iteration.stage):
                    stage, first = (iteration.population, iteration.stage), max(iteration.change, 1e-300)
                text = f"{_title(iteration)}: iteration {iteration.number}, change {iteration.change:.3g} copies"
                bar.update(task, description=text, completed=_done(first, iteration.change, tolerance))

            yield show
        return

    def tell(iteration: Iteration) -> None:
        if iteration.number == 1 or iteration.number % _SAY_EVERY == 0:
            say(
                f"{_title(iteration)}: iteration {iteration.number:,}, log-likelihood {iteration.log_likelihood:,.2f}, "
                f"largest change {iteration.change:.3g} copies",
                err=True,
            )

    yield tell


def _title(iteration: Iteration) -> str:
    return f"{iteration.population}, {iteration.stage}" if iteration.population else iteration.stage


def _done(first: float, change: float, tolerance: float) -> float:
    """Return how far a run is, from 0 to 1: the change falls by much the same factor in every iteration.

    >>> _done(100.0, 1.0, 0.01)
    0.5
    """
    if change <= tolerance:
        return 1.0
    if tolerance <= 0 or first <= tolerance:
        return 0.0
    return max(0.0, math.log(first / change) / math.log(first / tolerance))
