"""Panics of the libraries that are written in Rust: bytes that break their assumptions are damaged files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hla_match.errors import FileError


@contextmanager
def panics_as_errors(damaged: FileError) -> Iterator[None]:
    """Raise `damaged` where the block ends in a panic.

    Every library has its own class of that name, outside the hierarchy of `Exception`.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise damaged from None
