"""Panics of libraries are damage in our words, and their own words do not reach standard error."""

from __future__ import annotations

import io
import os
import threading

import polars as pl
import pytest

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import FileBudget
from registry_io.tables.panics import panics_as_errors
from registry_io.tables.parquet_file import parquet_frame

_DAMAGED = FileError("x", found="y", expected="z", hint="write it again", code=ErrorCode.FILE_DAMAGED)


def _error_of(said: str, error: BaseException | None) -> BaseException | None:
    """Return what a block raises at its end that says a text and then raises an error, or none."""
    try:
        with panics_as_errors(_DAMAGED):
            os.write(2, said.encode())
            if error is not None:
                raise error
    except BaseException as raised:
        return raised
    return None


def test_a_panic_is_the_error_given_and_its_words_are_not_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert _error_of("thread panicked at x.rs:1\n", pl.exceptions.PanicException("assertion failed")) is _DAMAGED
    os.write(2, b"behind it\n")
    assert capfd.readouterr().err == "behind it\n"


@pytest.mark.parametrize("error", [None, ValueError("of its own"), KeyboardInterrupt()], ids=["none", "error", "stop"])
def test_all_else_is_said_and_raised_as_it_is(error: BaseException | None, capfd: pytest.CaptureFixture[str]) -> None:
    assert _error_of("a warning\n", error) is error
    assert capfd.readouterr().err == "a warning\n"


def test_descriptors_are_as_before() -> None:
    before = sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
    standard_error = os.fstat(2)
    for error in (None, pl.exceptions.PanicException("x")):
        with pytest.raises(FileError) if error else panics_as_errors(_DAMAGED), panics_as_errors(_DAMAGED):
            if error:
                raise error
    assert os.path.samestat(os.fstat(2), standard_error)
    if before:
        assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_thread_of_a_server_leaves_standard_error_where_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    raised: list[FileError] = []

    def read() -> None:
        before = os.fstat(2)
        try:
            with panics_as_errors(_DAMAGED):
                assert os.path.samestat(os.fstat(2), before)
                raise pl.exceptions.PanicException("assertion failed")
        except FileError as error:
            raised.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert raised == [_DAMAGED]
    assert capfd.readouterr().err == ""


def test_where_nothing_can_be_held_the_block_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def no_place(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", no_place)
    assert _error_of("thread panicked\n", pl.exceptions.PanicException("assertion failed")) is _DAMAGED
    assert capfd.readouterr().err == "thread panicked\n"


def test_a_damaged_page_of_parquet_says_nothing_but_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    written = io.BytesIO()
    pl.DataFrame({"A": [f"A*02:{i % 20 + 1:02}" for i in range(300)]}).write_parquet(written)
    sound = written.getvalue()
    errors = []
    for place in range(100, 160):  # headers of pages, in which most panics begin
        for bit in range(8):
            damaged = bytearray(sound)
            damaged[place] ^= 1 << bit
            try:
                parquet_frame(bytes(damaged), FileBudget.of("rows.parquet", len(damaged)))
            except FileError as error:
                errors.append(error)
    assert {error.code for error in errors} == {ErrorCode.FILE_DAMAGED}
    assert any(error.__cause__ is None for error in errors), "nothing ended in a panic"
    assert capfd.readouterr().err == ""
