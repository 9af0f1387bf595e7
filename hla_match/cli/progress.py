"""How far a command is, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hla_match.cli.messages import bars, say


@contextmanager
def progress(total: int, what: str, say_every: int) -> Iterator[Callable[[int], None]]:
    """Yield what is told of persons that are done: a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        with bars() as bar:
            task = bar.add_task(what.capitalize(), total=total)
            yield lambda count: bar.advance(task, count)
        return
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if done == total or done // say_every > before // say_every:
            say(f"{done:,} of {total:,} {what}", err=True)

    yield tell
