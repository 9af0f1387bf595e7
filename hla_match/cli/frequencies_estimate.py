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
from hla_match.language import listed, translatable, translated, translated_count
from hla_match.services.executors import n_processors

if TYPE_CHECKING:
    from hla_match.estimation.estimated_frequencies import PopulationEstimate
    from hla_match.estimation.hardy_weinberg import HardyWeinberg

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
        text = translated_count(
            "{file} stays: it was estimated when the registry had {n} donor, which now has {now}",
            "{file} stays: it was estimated when the registry had {n} donors, which now has {now}",
            growth.n_before,
            file=out,
            now=f"{growth.n_donors:,}",
        )
        say(text)
        return
    if if_grown_by is not None and growth is None and out.exists():
        text = translated(
            "{file}: no report beside it says from how many donors it was estimated; it is estimated again", file=out
        )
        say(text, err=True)
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
    n = f"{report.n_frequencies:,}"
    say(translated("{n} frequencies in {file}, the report in {report}", n=n, file=report.out, report=report.report))


def describe(estimate: PopulationEstimate) -> list[str]:
    """Return the report of one population in lines."""
    lines = [
        _found(estimate),
        _iterated(estimate),
        _tried(estimate),
        translated("  effective sample size {n} donors", n=f"{estimate.effective_sample_size:,.0f}"),
    ]
    if len(estimate.runs) > 1:
        runs = ", ".join(f"{one:,.2f}" for one in estimate.runs)
        lines.append(translated("  last log-likelihood of each run: {runs}", runs=runs))
    lines.append(translated("  Hardy-Weinberg, of donors with one genotype:"))
    return [*lines, *map(_tested, estimate.hardy_weinberg)]


def _found(estimate: PopulationEstimate) -> str:
    """Return how many haplotypes there are, from how many donors, and which donors were left out."""
    values = {
        "population": estimate.population or translated("All donors"),
        "haplotypes": f"{estimate.n_haplotypes:,}",
        "donors": f"{estimate.n_persons:,}",
    }
    left_out = [
        translated(text, n=f"{count:,}")
        for count, text in (
            (estimate.n_new, translatable("{n} with an allele reported as NEW")),
            (estimate.n_untyped, translatable("{n} typed at none of the loci")),
            (estimate.n_unexplained, translatable("{n} whom no haplotype explains")),
        )
        if count
    ]
    if not left_out:
        return translated("{population}: {haplotypes} haplotypes from {donors} donors", **values)
    return translated(
        "{population}: {haplotypes} haplotypes from {donors} donors; left out: {others}",
        others=listed(left_out),
        **values,
    )


def _iterated(estimate: PopulationEstimate) -> str:
    values = {
        "n": f"{estimate.iterations:,}",
        "first": f"{estimate.log_likelihood[0]:,.2f}",
        "last": f"{estimate.log_likelihood[-1]:,.2f}",
    }
    if estimate.converged:
        return translated("  converged after {n} iterations, log-likelihood from {first} to {last}", **values)
    return translated("  NOT CONVERGED after {n} iterations, log-likelihood from {first} to {last}", **values)


def _tried(estimate: PopulationEstimate) -> str:
    if estimate.complete:
        support = translated("all that the typings allow")
    else:
        support = translated("from {n} donors' typings", n=f"{estimate.n_contributing:,}")
    return translated(
        "  {n} haplotypes tried, {support}; left out below the floor: {share}",
        n=f"{estimate.n_support:,}",
        support=support,
        share=f"{estimate.left_out:.2g}",
    )


def _tested(test: HardyWeinberg) -> str:
    donors = f"{test.n_persons:>9,}"
    if not test.degrees:
        text = translated("{n} donors, too few to test", n=donors)
    else:
        text = translated(
            "{n} donors, chi-square {value}, {degrees} degrees of freedom, p {p}",
            n=donors,
            value=f"{test.chi_square:,.1f}",
            degrees=f"{test.degrees:,}",
            p=f"{test.p_value:.3g}",
        )
    return f"    {test.locus:<5} {text}"
