"""The command in the process of a test, where it is not the process that is tested: its start takes the most time."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from hla_match.cli.main import main


class Called(NamedTuple):
    """How a command ended.

    Attributes:
        status: its exit status.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
    """

    status: int
    out: str
    err: str


def called(folder: Path, *arguments: str) -> Called:
    """Run the command in a folder, with the folder ``home`` in it for what is installed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.chdir(folder)
        patch.setenv("HLA_MATCH_HOME", str(folder / "home"))
        patch.setattr(sys, "argv", ["hla-match", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return Called(int(ended.value.code or 0), out.getvalue(), err.getvalue())
