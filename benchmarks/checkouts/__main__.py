"""``python -m benchmarks.checkouts BASE CANDIDATE``: the bytes that differ, or with ``--times`` the speed of both."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.checkouts import comparison
from benchmarks.checkouts.course import run_checkout
from benchmarks.checkouts.steps import chosen_steps, steps
from benchmarks.checkouts.times import compare_times

_PATH = click.Path(path_type=Path, resolve_path=True)
_DATA = "HLA_MATCH_TEST_DATA"


@click.command()
@click.argument("base", type=_PATH)
@click.argument("candidate", type=_PATH)
@click.option("--only", "patterns", multiple=True, help="Names of steps, or patterns such as 'batch-p-*'; repeatable.")
@click.option("--quick", is_flag=True, help="Leave out the slow steps.")
@click.option("--keep", type=_PATH, help="Keep what the base leaves here, and use it again on the same day.")
@click.option("--work", type=_PATH, help="Leave what the candidate writes here, to look at; else a temporary folder.")
@click.option("--times", is_flag=True, help="Compare processor time instead of bytes.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Repetitions of each time.")
def main(
    base: Path,
    candidate: Path,
    patterns: tuple[str, ...],
    quick: bool,
    keep: Path | None,
    work: Path | None,
    times: bool,
    rounds: int,
) -> None:
    """Compare what the checkouts BASE and CANDIDATE of hla-match leave, byte by byte.

    Exits with 1 where anything differs. Paths of the run are replaced in what is printed; everything else is compared
    as it is.
    """
    if not os.environ.get(_DATA):
        raise click.ClickException(f"{_DATA} is not set; tests/README.md says what it names")
    data = Path(os.environ[_DATA]).resolve()
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            if times:
                compare_times((base, candidate), data, temporary, rounds, click.echo)
                return
            chosen = chosen_steps(steps(data), patterns, quick=quick)
            old = run_checkout(base, chosen, keep or temporary / "base", click.echo)
            new = run_checkout(candidate, chosen, work or temporary / "candidate", click.echo)
        except (ValueError, RuntimeError, FileNotFoundError) as error:
            raise click.ClickException(str(error)) from None
        n_different = 0
        for name, differences in comparison.findings(chosen, old, new):
            n_different += bool(differences)
            word = "DIFFERENT" if differences else "same"
            click.echo(f"{word:<10}{name} ({len(old.left[name].files)} files, {comparison.n_bytes(old, name):,} bytes)")
            for line in differences:
                click.echo(f"    {line}")
    click.echo(f"\n{len(chosen)} steps: {len(chosen) - n_different} same, {n_different} different")
    raise SystemExit(1 if n_different else 0)


if __name__ == "__main__":
    main()
