"""How far an estimation of haplotype frequencies is, on standard error."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from hla_match.cli.messages import bars, say
from hla_match.language import translated
from hla_match.language.retelling import retold

if TYPE_CHECKING:
    from hla_match.estimation.estimated_frequencies import Iteration, Progress

_SAY_EVERY = 25
"""Iterations between two lines of progress where there is no terminal."""


@contextmanager
def estimation_progress(tolerance: float) -> Iterator[Progress]:
    """Yield a callback that shows iterations: a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        with bars(transient=True) as bar:
            task = bar.add_task(translated("Estimating"), total=1.0)
            stage, first = ("", ""), 1.0

            def show(iteration: Iteration) -> None:
                nonlocal stage, first
                if stage != (iteration.population, iteration.stage):
                    stage, first = (iteration.population, iteration.stage), max(iteration.change, 1e-300)
                text = translated(
                    "{title}: iteration {number}, change {change} copies",
                    title=_title(iteration),
                    number=iteration.number,
                    change=f"{iteration.change:.3g}",
                )
                bar.update(task, description=text, completed=_done(first, iteration.change, tolerance))

            yield show
        return

    def say_it(iteration: Iteration) -> None:
        if iteration.number == 1 or iteration.number % _SAY_EVERY == 0:
            text = translated(
                "{title}: iteration {number}, log-likelihood {likelihood}, largest change {change} copies",
                title=_title(iteration),
                number=f"{iteration.number:,}",
                likelihood=f"{iteration.log_likelihood:,.2f}",
                change=f"{iteration.change:.3g}",
            )
            say(text, err=True)

    yield say_it


@contextmanager
def own_progress() -> Iterator[Progress]:
    """Yield a callback that shows the iterations of an estimation of a registry's own frequencies, if it is called."""
    from hla_match.estimation.own_frequencies import TOLERANCE

    with ExitStack() as opened:
        shown: list[Progress] = []

        def show(iteration: Iteration) -> None:
            if not shown:
                shown.append(opened.enter_context(estimation_progress(TOLERANCE)))
            shown[0](iteration)

        yield show


def _title(iteration: Iteration) -> str:
    stage = retold(iteration.stage)
    return f"{iteration.population}, {stage}" if iteration.population else stage


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
