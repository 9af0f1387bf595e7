"""Prepares the kernels of a command, and announces it when they are compiled."""

from __future__ import annotations

from multiprocessing import parent_process

import click

from hla_match.cli import messages
from hla_match.cli.kernel_folder import choose_cache_folder, why_not_kept
from hla_match.language import translated
from hla_match.language.retelling import retold


def prepare_kernels(*, probabilities: bool = False) -> None:
    """Make the kernels of the running command ready; to be called before they are imported.

    A command that is silent for seconds looks as if it hangs: one line on standard error announces the first
    compilation. Numba reports every compilation, and none where it finds the machine code of an earlier process.

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
        text = translated("The machine code cannot be kept ({why}); the next command compiles it again.", why=why)
        messages.say(text, err=True)

    _machine_code.unsaved = say_unsaved
    click.get_current_context().with_resource(event.install_listener("numba:compile", Line()))


def say(*, kept: bool) -> None:
    """Say it; where the machine code is not kept, also why."""
    if kept:
        text = translated("Compiling kernels, which takes some seconds once on a machine ...")
    else:
        why = retold(why_not_kept())
        text = translated("Compiling kernels, which takes some seconds in every run, as {why} ...", why=why)
    messages.say(text, err=True)
