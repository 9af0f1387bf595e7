"""What commands print. Text reaches the terminal here only, with control characters written out.

A test fails where a command prints in another way.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click

from hla_match.language import DEFAULT, language
from hla_match.visible_text import visible
from hla_match.wide_text import wrapped

if TYPE_CHECKING:
    from rich.progress import Progress


def say(*lines: str, err: bool = False) -> None:
    """Print lines on standard output, or on standard error; what is no text in them is written out.

    A line stays a line: a line break inside is written out, too.
    """
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo("\n".join(visible(line, encoding) for line in lines), err=err)


def terminal_lines(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return a text in lines of a terminal's width, broken between words, or between characters that are wide.

    Args:
        text: a text, visible already.
        width: of a line.
        first: what the first line begins with.
        rest: what the other lines begin with.
    """
    if language() == DEFAULT:
        return click.wrap_text(text, width, first, rest).split("\n")
    return wrapped(text, width, first=first, rest=rest)


def usage_error(error: click.ClickException) -> list[str]:
    """Return in lines what click says of arguments that it cannot understand, which stand in it as they were given."""
    screen = _Screen()
    error.show(file=screen)
    return screen.getvalue().rstrip("\n").split("\n")


class _Screen(io.StringIO):
    """Takes what click shows, whole: from what goes to no terminal it takes out colours, and arguments that look so."""

    def isatty(self) -> bool:
        return True


def bars(*, transient: bool = False) -> Progress:
    """Return bars of progress on standard error, with their descriptions as text.

    Args:
        transient: whether the bars vanish at their end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    console = Console(stderr=True)

    class Description(ProgressColumn):
        """What a bar is about, which may be the name of a population."""

        def render(self, task: Task) -> Text:
            return Text(visible(task.description, console.encoding))

    columns = (Description(Column(no_wrap=True)), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=transient)
