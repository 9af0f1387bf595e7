"""Times the engine on synthetic registries of several sizes: ``python -m benchmarks``.

The other benchmarks are modules of their own: ``python -m benchmarks.calibration``, ``benchmarks.estimation`` and
``benchmarks.peers.grim``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from benchmarks.machine import machine, machine_line
from benchmarks.registry_sizes import measure, n_workers


@click.command()
@click.option("--donors", "sizes", multiple=True, type=int, default=(10_000, 103_000, 1_000_000), show_default=True)
@click.option("--frequencies", type=click.Path(path_type=Path), help="A frequency file; else the built-in haplotypes.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here too.")
def main(sizes: tuple[int, ...], frequencies: Path | None, json_path: Path | None) -> None:
    """Measure each registry size and print one table; "P" is with probabilities."""
    workers = n_workers()
    results = []
    for n_donors in sizes:
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(n_donors, Path(folder), frequencies, workers))
    click.echo(f"{machine_line()}\nseconds, medians; imputation and predictions with {workers} threads")
    width = max(len(name) for name in results[0])
    for name in results[0]:
        values = [result[name] for result in results]
        cells = (f"{value:>14,.0f}" if name == "donors" else f"{value:>14.5f}" for value in values)
        click.echo(f"{name:<{width}}{''.join(cells)}")
    if json_path is not None:
        source = frequencies.name if frequencies is not None else "built-in Chinese haplotypes"
        content = {"machine": machine(), "threads": workers, "frequencies": source, "sizes": results}
        json_path.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
