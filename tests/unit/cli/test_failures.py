"""What ends a command is one line that says what to do, and a fault of the program names nobody."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable

import polars as pl
import pytest

from hla_match.cli import failures
from hla_match.cli.interruption import Interruption
from hla_match.errors import CriteriaError
from hla_match.matching.criteria import SearchCriteria


def reported(error: BaseException, number: int | None = None) -> tuple[int, str]:
    """The code, and what is said."""
    lines, code = failures._outcome(error, number)
    return code, "\n".join(lines)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no room is left on the disk"),
        (errno.EDQUOT, "no room is left in your share of the disk"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "can only be read"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "too many open files"),
        (errno.EIO, "the disk fails"),
        (errno.ENOENT, "no such file"),
    ],
)
def test_an_error_of_the_system_is_one_line_with_its_path_and_what_to_do(number: int, words: str) -> None:
    code, line = reported(OSError(number, os.strerror(number), "/data/registry/x.npy"))
    assert code == 2
    assert line.startswith("hla-match: /data/registry/x.npy: ")
    assert words in line
    assert "\n" not in line
    assert "Errno" not in line


@pytest.mark.parametrize(
    "error",
    [
        OSError("No space left on device (os error 28)"),
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
        pl.exceptions.PanicException("called `unwrap()` on: No space left on device (os error 28)"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_disk_that_polars_tells_of_is_the_same_line(error: BaseException) -> None:
    assert reported(error) == reported(OSError(errno.ENOSPC, "No space left on device"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError("Unable to allocate 9 EiB"), "there is not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "found text that is not utf-8"),
        (CriteriaError("scope", found="9/9", expected="10/10"), "scope: found '9/9', expected 10/10"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_comes_from_outside_the_program_is_one_line(error: BaseException, words: str) -> None:
    code, line = reported(error)
    assert code == 2
    assert words in line
    assert "\n" not in line


def test_a_wrong_criterion_is_told_by_its_place_and_not_its_value() -> None:
    with pytest.raises(ValueError, match="max_mismatches") as caught:
        SearchCriteria(max_mismatches="DE-4711")  # type: ignore[arg-type]
    code, line = reported(caught.value)
    assert code == 2
    assert line.startswith("hla-match: max_mismatches: ")
    assert "4711" not in line


def raised(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("error", [KeyError("DE-4711"), pl.exceptions.ComputeError("could not parse 'DE-4711'")])
def test_a_fault_of_the_program_shows_where_and_what_but_no_person(error: Exception) -> None:
    def fails() -> None:
        donor_id = "DE-4711"
        raise error from ValueError(donor_id)

    code, lines = reported(raised(fails))
    assert code == 1
    assert "4711" not in lines.replace('donor_id = "DE-4711"', "")
    assert "in fails" in lines
    assert type(error).__name__ in lines.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "hla-match: interrupted; "),
        (signal.SIGTERM, 143, "hla-match: interrupted by SIGTERM; "),
        (signal.SIGHUP, 129, "hla-match: interrupted by SIGHUP; "),
    ],
)
def test_a_signal_is_named_whatever_became_of_it(number: int, code: int, words: str) -> None:
    for error in (Interruption(number), KeyboardInterrupt(), ImportError("numpy"), pl.exceptions.PanicException("x")):
        assert reported(error, number) == (code, f"{words}nothing half-written was left behind")


def test_what_a_command_noted_of_its_interruption_is_said_even_where_it_became_another_error() -> None:
    def fails() -> None:
        interruption = KeyboardInterrupt()
        interruption.add_note("what was finished is kept")
        raise ImportError from interruption

    assert reported(raised(fails), signal.SIGINT) == (130, "hla-match: interrupted; what was finished is kept")


def test_a_reader_that_has_seen_enough_is_told_nothing() -> None:
    def printed() -> None:
        try:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        except BrokenPipeError:
            sys.exit(1)

    assert reported(BrokenPipeError(errno.EPIPE, "Broken pipe")) == (141, "")
    assert reported(raised(printed)) == (141, "")


def test_a_command_may_end_with_a_code_of_its_own() -> None:
    ends = [reported(SystemExit(code)) for code in (0, 2, None, "why")]
    assert ends == [(0, ""), (2, ""), (0, ""), (1, "why")]
