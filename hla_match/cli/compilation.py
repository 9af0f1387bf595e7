"""The kernels of a command made ready: where their machine code is kept, and what is said when they are compiled."""

from __future__ import annotations

import os
import stat
import tempfile
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import click

from hla_match.cli import messages


def prepare_kernels(*, probabilities: bool = False) -> None:
    """Make the kernels of the running command ready; to be called before they are imported.

    Seconds without a word look like a command that hangs: the first compilation is said in one line on standard error.
    Numba tells of every compilation, and of none where it finds the machine code of an earlier process.

    Args:
        probabilities: whether the command predicts matches. Compiling what that takes is shared among processes where
            it was not done before; the few other kernels are compiled as they are called.
    """
    folder = choose_cache_folder()
    # A process of a warm-up, which runs commands too, must never start another warm-up.
    if probabilities and folder is not None and parent_process() is None:
        from hla_match.cli import kernel_warmup

        if not kernel_warmup.is_warm(folder):
            say(kept=True)
            # Where no process can be started, kernels are compiled as they are called.
            kernel_warmup.try_to_warm_up(folder)
    _say_compilations()


def choose_cache_folder() -> Path | None:
    """Choose where machine code is kept, and return the folder, or None where no place can be written to.

    It is the folder of NUMBA_CACHE_DIR, else the user's cache folder; where neither can be written to, such as in a
    container under any user number, a folder of the user's own among the temporary files.
    """
    import numba

    from hla_match.kernels._jit import cache_folder

    found = cache_folder()
    if found is None and (temporary := own_temporary_folder()) is not None:
        config: Any = numba.config
        config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = str(temporary)  # here, and in processes started from here
        found = cache_folder()
    return None if found is None else Path(found)


def own_temporary_folder() -> Path | None:
    """Return a temporary folder that is the user's and nobody else's to read or write, or None.

    Machine code is run: a folder that somebody else made, or a link, is never taken.
    """
    if not hasattr(os, "getuid"):  # Windows, where every user has a cache folder
        return None
    try:
        folder = Path(tempfile.gettempdir()) / f"hla-match-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    return folder if is_own else None


def _say_compilations() -> None:
    from numba.core import event

    class Line(event.Listener):
        """Says it at the first compilation."""

        said = False

        def on_start(self, event: event.Event) -> None:
            if not self.said:
                self.said = True
                say(kept=event.data["dispatcher"].stats.cache_path is not None)

        def on_end(self, event: event.Event) -> None:
            """Need not be said."""

    click.get_current_context().with_resource(event.install_listener("numba:compile", Line()))


def say(*, kept: bool) -> None:
    """Say it; without a folder that can be written to, the machine code is not kept."""
    often = "once on a machine" if kept else "in every run, as no cache folder can be written to"
    messages.say(f"Compiling kernels, which takes some seconds {often} ...", err=True)
