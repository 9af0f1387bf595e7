"""``hla-match frequencies estimate``: haplotype frequencies from a registry's own typings, with a report."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import estimation_progress
from hla_match.cli.messages import say
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.estimation.settings import FLOOR, MAX_ITERATIONS, TOLERANCE, EstimationSettings
from hla_match.services.counts import counted
from hla_match.services.executors import n_processors

if TYPE_CHECKING:
    from hla_match.estimation.estimated_frequencies import PopulationEstimate

_POSITIVE = click.IntRange(1)
_COUNT = click.IntRange(0)


_SETTINGS = (
    click.option("--restarts", default=0, show_default=True, type=_COUNT, help="More runs, from random frequencies."),
    click.option("--seed", default=0, show_default=True, type=_COUNT, help="Of the random numbers."),
    click.option(
        "--bootstrap", default=0, show_default=True, type=_COUNT, help="Samples for standard errors; 0: none."
    ),
    click.option(
        "--tolerance",
        default=TOLERANCE,
        show_default=True,
        type=click.FloatRange(0),
        help="Iterations end where no expected number of copies changes by more.",
    ),
    click.option(
        "--max-iterations", default=MAX_ITERATIONS, show_default=True, type=_POSITIVE, help="At most, each run."
    ),
    click.option(
        "--floor",
        default=FLOOR,
        show_default=True,
        type=float,
        help="Haplotypes expected in fewer copies are left out; less than 1.",
    ),
    click.option("--workers", type=_POSITIVE, help="Threads.  [default: all processors]"),
)


def _settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `EstimationSettings`; it receives them as one argument, `settings`."""

    @functools.wraps(command)
    def with_settings(**values: Any) -> None:
        chosen = {one.name: values.pop(one.name) for one in dataclasses.fields(EstimationSettings)}
        chosen["workers"] = chosen["workers"] or n_processors()
        command(settings=EstimationSettings(**chosen), **values)

    decorated: Callable[..., None] = with_settings
    for option in reversed(_SETTINGS):
        decorated = option(decorated)
    return decorated


@click.command("estimate", cls=SpokenCommand)
@click.argument("registry", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Where the frequencies go; .csv and others."
)
@click.option("--loci", default="10/10", show_default=True, help="6/6, 8/8, 10/10, 12/12 or loci: A,B,DRB1.")
@click.option("--by-population", is_flag=True, help="Estimate each of the donors' populations by itself.")
@click.option("--population", "populations", multiple=True, help="Estimate this population; can be repeated.")
@click.option("--start", help="Frequencies to start from: a file, or an installed set's name.")
@click.option(
    "--if-grown-by",
    type=click.FloatRange(0, min_open=True),
    metavar="SHARE",
    help="Estimate only where the registry has grown by this share since FILE was estimated, such as 0.05.",
)
@_settings_options
@raw_text_option
def estimate(
    registry: Path,
    out: Path,
    loci: str,
    by_population: bool,
    populations: tuple[str, ...],
    start: str | None,
    if_grown_by: float | None,
    settings: EstimationSettings,
    raw_text: bool,
) -> None:
    """Estimate haplotype frequencies from the donors of REGISTRY, whose typings may be of any resolution.

    Beside the frequencies a report of the same name is written, with the ending .report.json: the log-likelihood of
    every iteration, a test of Hardy-Weinberg proportions at every locus, the effective sample size.
    """
    from hla_match.services.estimation import estimate as estimate_file
    from hla_match.services.estimation import growth_since_estimate

    growth = growth_since_estimate(registry, out) if if_grown_by is not None else None
    if growth is not None and if_grown_by is not None and growth.share < if_grown_by:
        say(
            f"{out} stays: it was estimated when the registry had {counted(growth.n_before, 'donor')}, "
            f"which now has {growth.n_donors:,}"
        )
        return
    if if_grown_by is not None and growth is None and out.exists():
        text = "no report beside it says from how many donors it was estimated; it is estimated again"
        say(f"{out}: {text}", err=True)
    prepare_kernels()

    with estimation_progress(settings.tolerance) as on_iteration:
        report = estimate_file(
            registry,
            out,
            loci=loci,
            populations=populations,
            by_population=by_population,
            start=start,
            settings=settings,
            raw_text=raw_text,
            on_iteration=on_iteration,
        )
    for population in report.estimation.populations:
        say(*describe(population))
    say(f"{report.n_frequencies:,} frequencies in {report.out}, the report in {report.report}")


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
