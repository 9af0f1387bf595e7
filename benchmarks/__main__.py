"""``python -m benchmarks``: runs the table of cases; its sub-commands compare and report results, or measure more."""

from __future__ import annotations

import importlib
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

_PATH = click.Path(path_type=Path)
_MEASURES = {
    "calibration": ("benchmarks.calibration", "Predicted match probabilities beside the truth."),
    "desk": ("benchmarks.desk_load", "The desk: painted lists, users at once, memory over many requests."),
    "estimation": ("benchmarks.estimation", "Time and accuracy of the estimation of frequencies."),
    "reliability": ("benchmarks.reliability.course", "Attacks: kills, full disks, damage, races, bad inputs."),
    "typings": ("benchmarks.typing_orders", "How many typings until the best donor is found."),
    "grim": ("benchmarks.peers.grim", "Imputation beside py-graph-imputation, kind by kind."),
}


class _Group(click.Group):
    """Imports a measurement only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_MEASURES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MEASURES:
            return super().get_command(ctx, cmd_name)
        found: click.Command = importlib.import_module(_MEASURES[cmd_name][0]).main
        return found


@click.group(cls=_Group, invoke_without_command=True)
@click.option(
    "--donors", "sizes", multiple=True, type=int, default=(10_000, 103_000, 1_000_000), show_default=True,
    help="Sizes of synthetic registries; can be repeated.",
)  # fmt: skip
@click.option("--cases", "patterns", multiple=True, help="Names of cases, or patterns such as 'search*'; repeatable.")
@click.option("--folder", type=_PATH, help="Keep registries here, so that they are built once; else a temporary one.")
@click.option("--json", "json_path", type=_PATH, help="Write the results here.")
@click.option("--quick", is_flag=True, help="Tiny registries, few patients, one repetition: does everything run?")
@click.option("--workers", type=click.IntRange(1), help="Threads.  [default: all cores]")
@click.option(
    "--most-predicted", default=100_000_000, show_default=True, help="Donors up to which probabilities are computed."
)
@click.option("--peer-python", type=_PATH, help="An interpreter that has the other programs.")
@click.pass_context
def main(
    context: click.Context,
    sizes: tuple[int, ...],
    patterns: tuple[str, ...],
    folder: Path | None,
    json_path: Path | None,
    quick: bool,
    workers: int | None,
    most_predicted: int,
    peer_python: Path | None,
) -> None:
    """Run the benchmark suite: each case is compared with another way to its result, then timed.

    Exits with 1 where a result is wrong; a missed target is said, and no error.
    """
    if context.invoked_subcommand is not None:
        return
    from benchmarks import results, suite
    from benchmarks.cases import CASES
    from benchmarks.machine import machine_line
    from benchmarks.places import Settings

    try:
        cases = suite.chosen_cases(CASES, patterns)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--cases") from None
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            folder=folder.resolve(),
            sizes=(300, 600) if quick else sizes,
            quick=quick,
            most_predicted=most_predicted,
            peer_python=peer_python,
            **({} if workers is None else {"workers": workers}),
        )
        click.echo(f"{machine_line()}; {settings.workers} threads")
        document = suite.run(cases, settings, click.echo)
    if json_path is not None:
        results.write(document, json_path)
    if quick:
        click.echo("\nTargets: not judged in a quick run")
    else:
        click.echo("\nTargets")
        for verdict in results.verdicts(document, cases):
            measured = "" if verdict.value is None else f", measured {results.shown(verdict.value, verdict.unit)}"
            where = results.place_name(verdict.target.place)
            name = f"{verdict.case}, {verdict.target.figure}, {where}"
            click.echo(f"  {verdict.word}: {name}: {results.bound(verdict)}{measured}")
    failed = suite.failures(document)
    if failed:
        click.echo(f"\n{len(failed)} results are wrong", err=True)
    context.exit(1 if failed else 0)


@main.command()
@click.argument("old", type=_PATH)
@click.argument("new", type=_PATH)
def compare(old: Path, new: Path) -> None:
    """Compare the results NEW with OLD: ratios, and whether they are beyond the noise of both."""
    from benchmarks import comparison, results

    before, after = _read(old), _read(new)
    click.echo(f"old: {before['machine']['commit']}; new: {after['machine']['commit']}")
    if before["machine"]["processor"] != after["machine"]["processor"]:
        click.echo("measured on different processors: only ratios within one file mean much")
    for change in comparison.changes(before, after):
        click.echo(
            f"{change.word:<7}{change.ratio:>8.3f}  margin {change.margin:4.0%}  {results.place_name(change.place)}, "
            f"{change.case}, {change.figure}: {results.shown(change.old.value, change.old.unit)} -> "
            f"{results.shown(change.new.value, change.new.unit)}"
        )


@main.command()
@click.argument("result", type=_PATH)
@click.option("--out", type=_PATH, default=Path(__file__).with_name("REPORT.md"), show_default="benchmarks/REPORT.md")
@click.option(
    "--reliability", type=_PATH, help="Results of `python -m benchmarks reliability --json`, to be a section."
)
def report(result: Path, out: Path, reliability: Path | None) -> None:
    """Write the report of the results RESULT, with its plots in a folder beside it."""
    from benchmarks.cases import CASES
    from benchmarks.reliability.section import FORMAT
    from benchmarks.report import write_report

    attacks = None if reliability is None else _read(reliability, FORMAT)
    for path in write_report(_read(result), CASES, out, attacks):
        click.echo(path)


def _read(path: Path, *expected: str) -> dict[str, Any]:
    from benchmarks import results

    try:
        return results.read(path, *expected)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
