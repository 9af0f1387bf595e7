"""The standard streams as a command finds them: closed, full, without a reader, or unable to show a name."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

STANDARD_OUTPUT = "standard output"
"""What an error of standard output names as its file."""


class _StandardOutput(io.TextIOWrapper):
    """Standard output whose errors tell that they are its own, and not those of a file that the command writes."""

    def write(self, text: str) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = STANDARD_OUTPUT
        raise


def prepare() -> None:
    r"""Make the streams take any text, and keep files from getting the numbers of streams that are closed.

    A character that a stream cannot encode is written as its escape, as in ``\u5f20``: no name may end a command. A
    file that is opened while standard output is closed would get its number, and what native code prints would end up
    in it.
    """
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # Opened for reading, a standard output without a reader fails when it is written to.
            os.open(os.devnull, mode)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    # That of a test stays as it is, as does a console of Windows.
    if sys.stdout is None or (sys.stdout is sys.__stdout__ and os.name != "nt"):
        sys.stdout = _standard_output(sys.stdout)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _standard_output(like: Any) -> io.TextIOWrapper:
    """Return a stream on standard output as Python makes it, with its encoding, or UTF-8 where it was closed."""
    unbuffered = getattr(like, "write_through", False)
    target = open(1, "wb", buffering=0 if unbuffered else -1, closefd=False)
    return _StandardOutput(
        target, getattr(like, "encoding", "utf-8"), line_buffering=target.isatty(), write_through=unbuffered
    )


def abandon() -> None:
    """Discard what the streams did not take, so that Python does not write it again, and fail, at the end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
