"""The course of a run: which attacks, how many trials, and the document of what they found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.machine import machine, machine_line
from benchmarks.reliability.attack import Attack, Say
from benchmarks.reliability.bomb_commands import BOMBS
from benchmarks.reliability.children import Children
from benchmarks.reliability.damage import DAMAGE
from benchmarks.reliability.flips import FLIPS
from benchmarks.reliability.full_disk import FULL_DISK
from benchmarks.reliability.kills import INTERRUPTS, KILLS
from benchmarks.reliability.living_readers import LIVING_READERS
from benchmarks.reliability.mutations import MUTATIONS
from benchmarks.reliability.races import RACES
from benchmarks.reliability.readers import READERS
from benchmarks.reliability.scene import Scene
from benchmarks.reliability.section import FORMAT, in_words

ATTACKS: tuple[Attack, ...] = (
    KILLS, INTERRUPTS, FULL_DISK, DAMAGE, FLIPS, RACES, READERS, LIVING_READERS, MUTATIONS, BOMBS,
)  # fmt: skip


def attack(
    attacks: Sequence[Attack],
    folder: Path,
    say: Say,
    *,
    seed: int,
    quick: bool,
    times: int = 1,
    trials: Sequence[int] = (),
) -> dict[str, Any]:
    """Run attacks and return what they found, as plain values.

    Args:
        attacks: of the table.
        folder: an empty one, in which all takes place.
        say: takes one line.
        seed: of inputs and trials.
        quick: a few trials of each.
        times: how many times as many trials as an attack has.
        trials: numbers of the trials to run, in place of all.
    """
    began = time.perf_counter()
    results = []
    with Children(folder / "said") as children:
        scene = Scene(folder, children, seed)
        for one in attacks:
            found = one.run(scene, trials or range(times * (one.quick if quick else one.long)), say)
            say(f"{one.name}: {in_words(found)}")
            results.append({**found, "proves": one.proves})
    return {
        "format": FORMAT,
        "machine": machine(),
        "settings": {"seed": seed, "quick": quick, "times": times},
        "seconds": time.perf_counter() - began,
        "results": results,
    }


@click.command()
@click.option("--quick", is_flag=True, help="A few trials of each attack.")
@click.option("--times", default=1, show_default=True, type=click.IntRange(1), help="Times as many trials.")
@click.option("--seed", default=1, show_default=True, help="Of inputs and trials.")
@click.option("--only", help="Attacks, separated by commas.")
@click.option("--trial", "trials", multiple=True, type=click.IntRange(0), help="This trial alone; can be repeated.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the results here.")
def main(quick: bool, times: int, seed: int, only: str | None, trials: tuple[int, ...], json_path: Path | None) -> None:
    """Attack the commands that write and read; exit with 1 where one of them loses something or is wrong."""
    from benchmarks import results

    by_name = {one.name: one for one in ATTACKS}
    names = only.split(",") if only else list(by_name)
    for name in names:
        if name not in by_name:
            raise click.BadParameter(f"no attack {name!r}; there are {', '.join(by_name)}", param_hint="--only")
    click.echo(f"{machine_line()}; seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        document = attack(
            [by_name[name] for name in names],
            Path(folder).resolve(),
            click.echo,
            seed=seed,
            quick=quick,
            times=times,
            trials=trials,
        )
    if json_path is not None:
        results.write(document, json_path)
    n = sum(len(one["findings"]) for one in document["results"])
    click.echo(f"{n} problem{'s' * (n != 1)} in {document['seconds']:.0f} s")
    raise SystemExit(n > 0)
