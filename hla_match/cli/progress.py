"""How far a command is, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hla_match.cli.messages import bars, say
from hla_match.language import translated


@contextmanager
def progress(what: str, say_every: int) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how many of all persons are done: a bar on a terminal, a line now and then elsewhere.

    Args:
        what: the persons, such as "patients", in the language of the moment.
        say_every: persons between two lines where there is no terminal.
    """
    if sys.stderr.isatty():
        with bars() as bar:
            task = bar.add_task(what.capitalize(), total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)
                if done == total:
                    bar.stop()

            yield show
        return
    before = 0

    def say_it(done: int, total: int) -> None:
        nonlocal before
        if done > before and (done == total or done // say_every > before // say_every):
            say(translated("{done} of {total} {things}", done=f"{done:,}", total=f"{total:,}", things=what), err=True)
        before = done

    yield say_it
