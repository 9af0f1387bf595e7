"""What is said when kernels are compiled: seconds without a word look like a command that hangs."""

from __future__ import annotations

import click


def say_compiling() -> None:
    """Say in one line on standard error when the running command compiles kernels; those kept before are no reason.

    Numba tells of every compilation, and of none where it finds the machine code of an earlier process.
    """
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
    click.echo(f"Compiling kernels, which takes some seconds {often} ...", err=True)
