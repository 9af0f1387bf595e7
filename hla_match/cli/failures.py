"""The line and the exit code of a command that an exception ended."""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Iterator
from contextlib import suppress
from signal import Signals
from typing import Any, cast

from hla_match.cli.messages import say, usage_error
from hla_match.cli.standard_streams import STANDARD_OUTPUT
from hla_match.language import translatable, translated
from hla_match.language.retelling import retold

_SIGPIPE = 13
"""The signal by which a program ends whose reader, such as ``head``, has seen enough; Windows has no name for it."""

_SYSTEM_ERRORS = {
    errno.ENOSPC: translatable(
        "no room is left on the disk; make room and start the command again: what was there before is unchanged"
    ),
    errno.EDQUOT: translatable(
        "no room is left in your share of the disk; make room and start the command again: "
        "what was there before is unchanged"
    ),
    errno.EFBIG: translatable(
        "the file grows beyond the limit for files; raise it with 'ulimit -f', or choose another folder"
    ),
    errno.EACCES: translatable("permission denied; change it with 'chmod', or choose another place"),
    errno.EPERM: translatable("permission denied; change it with 'chmod' or 'chown', or choose another place"),
    errno.EROFS: translatable("the disk can only be read; choose a place on another"),
    errno.ENOENT: translatable("found no such file or folder; check its name"),
    errno.ENOTDIR: translatable("found a file where a folder should be; check the name"),
    errno.EISDIR: translatable("found a folder where a file should be; check the name"),
    errno.EMFILE: translatable("too many open files; raise the limit with 'ulimit -n'"),
    errno.ENFILE: translatable("too many open files on this machine; end other programs"),
    errno.ENOMEM: translatable(
        "there is not enough memory; end other programs, or give fewer --workers or less --memory"
    ),
    errno.EIO: translatable("the disk fails; see the system's log, and copy the data to another one"),
    errno.EBADF: translatable("closed; leave standard input and output open, or connect them with /dev/null"),
}
"""What the numbers of the system's errors mean, and what to do."""


def report(error: BaseException, signal: int | None) -> int:
    """Say in one line on standard error what ended a command, and return its exit code.

    The code is 128 plus the number of the signal that interrupted it; else 2 for what the user can correct, and 1 for a
    fault of the program.

    Args:
        error: what ended it.
        signal: the number of the signal that interrupted it, or None. Foreign code makes errors of all kinds from an
            interruption: whichever comes after a signal is the interruption.
    """
    lines, code = _outcome(error, signal)
    if lines:
        # Where standard error cannot be written to, only the exit code tells.
        with suppress(OSError):
            say(*lines, err=True)
    return code


def _outcome(error: BaseException, signal: int | None) -> tuple[list[str], int]:
    if signal is not None or isinstance(error, KeyboardInterrupt):
        return _interrupted(error, Signals.SIGINT if signal is None else Signals(signal))
    if any(isinstance(one, BrokenPipeError) for one in _chain(error)):
        return [], 128 + _SIGPIPE
    if isinstance(error, SystemExit):
        return ([error.code], 1) if isinstance(error.code, str) else ([], int(error.code or 0))
    if _is_of(error, "click.exceptions"):
        return usage_error(cast("Any", error)), cast("Any", error).exit_code
    lines = _expected(error)
    if lines is None:
        return _unexpected(error), 1
    return [f"hla-match: {lines[0]}", *lines[1:]], getattr(error, "exit_status", 2)


def _interrupted(error: BaseException, signal: Signals) -> tuple[list[str], int]:
    # Python notes what a command adds, such as how it can be taken up again.
    notes = [note for one in _chain(error) for note in getattr(one, "__notes__", ())]
    told = "; ".join(map(retold, notes)) or translated("nothing half-written was left behind")
    if signal == Signals.SIGINT:
        return [translated("hla-match: interrupted; {notes}", notes=told)], 128 + signal
    return [translated("hla-match: interrupted by {signal}; {notes}", signal=signal.name, notes=told)], 128 + signal


def _expected(error: BaseException) -> list[str] | None:
    """Return what an error that comes from outside the program says, or None where it is the program's own."""
    from hla_match.cli.told_errors import error_lines
    from hla_match.errors import HlaMatchError

    if isinstance(error, HlaMatchError):
        return error_lines(error)
    if isinstance(error, OSError):
        named = [str(name) for name in (error.filename, error.filename2) if name is not None]
        told = _output_error(error) if error.filename == STANDARD_OUTPUT else _system_error(error)
        return [translated("{place}: {error}", place=" -> ".join(named), error=told) if named else told]
    if isinstance(error, MemoryError):
        return [translated(_SYSTEM_ERRORS[errno.ENOMEM])]
    if isinstance(error, RecursionError):
        return [translated("what was read is nested too deeply; expected tables and texts that are not")]
    if isinstance(error, UnicodeError):
        encoding = getattr(error, "encoding", "UTF-8")
        return [translated("found text that is not {encoding}; save it as UTF-8", encoding=encoding)]
    if _is_of(error, "polars", "pyo3_runtime") and _system_number(error) is not None:
        return [_system_error(error)]
    return None


def _system_number(error: BaseException) -> int | None:
    """Return the number of the system's error; polars tells it in its text alone."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


def _system_error(error: BaseException) -> str:
    number = _system_number(error)
    if number in _SYSTEM_ERRORS:
        return translated(_SYSTEM_ERRORS[number])
    return getattr(error, "strerror", None) or str(error)


def _output_error(error: OSError) -> str:
    """Say what is wrong with standard output; a command prints after its work, which no error of the output undoes."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    told = translated("no room is left on the disk") if is_full else _system_error(error)
    return translated("{error}; what the command had done is done: look before you start it again", error=told)


def _unexpected(error: BaseException) -> list[str]:
    """Return where a fault of the program shows itself, without its message, which may hold what a donor file says."""
    return [
        "Traceback (most recent call last):",
        *"".join(traceback.format_tb(error.__traceback__)).splitlines(),
        translated(
            "hla-match: {error}, a fault of the program; please report these lines. "
            "The message is left out, as it may name persons.",
            error=type(error).__name__,
        ),
    ]


def _is_of(error: BaseException, *packages: str) -> bool:
    """Say whether an error is of a package, which need not have been imported."""
    return any(one.__module__.startswith(packages) for one in type(error).__mro__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
