"""Panics of the libraries that are written in Rust: bytes that break their assumptions are damaged files."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from hla_match.errors import FileError

_STANDARD_ERROR = 2
_OTHERS_END = 0.1
"""Seconds in which the threads that a panic did not begin in have ended, with what they have to say of it."""


@contextmanager
def panics_as_errors(damaged: FileError) -> Iterator[None]:
    """Raise `damaged` where the block ends in a panic, and keep the panic's own words from standard error.

    Every library has its own class of that name, outside the hierarchy of `Exception`.
    """
    try:
        with _panics_unsaid():
            yield
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise damaged from None


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


@contextmanager
def _panics_unsaid() -> Iterator[None]:
    """Hold back what the block says on standard error, and say it after the block unless that ends in a panic.

    Rust tells descriptor 2 of a panic, with a trace of its calls, before Python knows of it. The descriptor belongs to
    the whole process, and what is started meanwhile inherits it: so only the main thread turns it aside, where a
    command reads. What the threads of a server read may panic aloud in the log of the server.
    """
    held = _place_to_hold() if threading.current_thread() is threading.main_thread() else None
    if held is None:
        yield
        return
    is_panic = False
    with held:
        said = os.dup(_STANDARD_ERROR)
        try:
            os.dup2(held.fileno(), _STANDARD_ERROR)
            yield
        except BaseException as error:
            is_panic = _is_panic(error)
            if is_panic:
                time.sleep(_OTHERS_END)
            raise
        finally:
            os.dup2(said, _STANDARD_ERROR)
            if not is_panic:
                held.seek(0)
                with suppress(OSError), os.fdopen(said, "wb", buffering=0, closefd=False) as standard_error:
                    shutil.copyfileobj(held, standard_error)
            os.close(said)


def _place_to_hold() -> IO[bytes] | None:
    """Return an empty file without a name, or None where there can be none, or there is no standard error."""
    try:
        os.fstat(_STANDARD_ERROR)
        return tempfile.TemporaryFile(buffering=0)
    except OSError:
        return None
