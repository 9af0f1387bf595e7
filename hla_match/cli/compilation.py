"""The kernels of a command made ready: where their machine code is kept, and what is said when they are compiled."""

from __future__ import annotations

import os
import tempfile
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import click

from hla_match.cli import messages

_NO_FOLDER = "no cache folder can be written to"


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
    """Choose where machine code is kept, and return the folder, or None where it is not kept.

    It is the folder of NUMBA_CACHE_DIR, else the user's cache folder; where neither can be written to, such as in a
    container under any user number, a folder of the user's own among the temporary files. In the stead of one that
    others can write to no other is taken: that is for the user to mend.
    """
    import numba

    from hla_match.kernels._machine_code import UnsafeFolderError, cache_folder

    try:
        found = cache_folder()
        if found is None and (temporary := own_temporary_folder()) is not None:
            config: Any = numba.config
            config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = str(
                temporary
            )  # here, and in processes started from here
            found = cache_folder()
    except UnsafeFolderError:
        return None
    return found


def why_not_kept() -> str:
    """Return why machine code is not kept, and what mends that where something does."""
    from hla_match.kernels._machine_code import UnsafeFolderError, cache_folder

    try:
        cache_folder()
    except UnsafeFolderError as unsafe:
        return str(unsafe)
    return _fault_of_temporary_folder() or _NO_FOLDER


def own_temporary_folder() -> Path | None:
    """Return a temporary folder that is the user's and nobody else's to write, or None.

    Machine code is run: a folder that somebody else made, or a link, is never taken.
    """
    return None if _fault_of_temporary_folder() is not None else _temporary_folder()


def _temporary_folder() -> Path:
    return Path(os.path.realpath(tempfile.gettempdir())) / f"hla-match-{os.getuid()}"


def _fault_of_temporary_folder() -> str | None:
    from hla_match.kernels import _private_files

    if not hasattr(os, "getuid"):  # Windows, where every user has a cache folder
        return _NO_FOLDER
    try:
        _private_files.make_folder(_temporary_folder())
        return _private_files.fault(_temporary_folder())
    except OSError:
        return _NO_FOLDER


def _say_compilations() -> None:
    from numba.core import event

    from hla_match.kernels import _machine_code

    class Line(event.Listener):
        """Says it at the first compilation."""

        said = False

        def on_start(self, event: event.Event) -> None:
            if not self.said:
                self.said = True
                say(kept=event.data["dispatcher"].stats.cache_path is not None)

        def on_end(self, event: event.Event) -> None:
            """Need not be said."""

    def say_unsaved(error: OSError) -> None:
        _machine_code.unsaved = _machine_code.ignore
        why = error.strerror or str(error)
        messages.say(f"The machine code cannot be kept ({why}); the next command compiles it again.", err=True)

    _machine_code.unsaved = say_unsaved
    click.get_current_context().with_resource(event.install_listener("numba:compile", Line()))


def say(*, kept: bool) -> None:
    """Say it; where the machine code is not kept, also why."""
    often = "once on a machine" if kept else f"in every run, as {why_not_kept()}"
    messages.say(f"Compiling kernels, which takes some seconds {often} ...", err=True)
