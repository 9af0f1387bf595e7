"""``hla-match warmup``: the kernels compiled in advance, so that no command waits for the compiler."""

from __future__ import annotations

import sys
import time

import click

from hla_match.cli.messages import say
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated


@click.command(cls=SpokenCommand)
def command() -> None:
    """Compile the kernels of all commands and keep the machine code, so that no command waits for it later.

    It is kept in the folder that NUMBA_CACHE_DIR names, else in your cache folder, else among the temporary files, for
    this version of hla-match and this kind of processor.
    """
    from concurrent.futures.process import BrokenProcessPool
    from contextlib import closing

    from hla_match.cli.kernel_folder import choose_cache_folder, why_not_kept
    from hla_match.cli.kernel_warmup import warm_up
    from hla_match.errors import HlaMatchError

    start = time.perf_counter()
    folder = choose_cache_folder()
    if folder is None:
        raise HlaMatchError(f"{why_not_kept()}; or name another folder in the environment variable NUMBA_CACHE_DIR")
    total = 0
    try:
        with (
            click.progressbar(length=1, label=translated("Compiling kernels"), file=sys.stderr) as bar,
            closing(warm_up(folder)) as steps,
        ):
            for done, total in steps:
                bar.length, bar.pos = total, done - 1
                bar.update(1)
    except BrokenProcessPool:
        raise HlaMatchError("a process that compiled kernels was ended; is there memory enough?") from None
    seconds = f"{time.perf_counter() - start:.1f}"
    say(translated("{n} kernels are ready in {folder}, after {seconds} s.", n=total, folder=folder, seconds=seconds))
