"""Reads a TOML file into plain data."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import Budgets
from registry_io.tables.source_file import SourceFile, read_error
from registry_io.tables.text_encoding import READ_ENCODINGS, UndecodableError, text_of

_BYTES = 60  # of memory, for a byte of a file that is all tables


def read_toml(path: Path, *, budgets: Budgets | None = None) -> dict[str, Any]:
    """Read the entries of a TOML file.

    Raises:
        FileError: the file cannot be read as text, or is not TOML.
        BudgetError: it takes more than its budget; without `budgets` those of the environment hold.
    """
    expected = f"TOML, {READ_ENCODINGS}"
    try:
        with SourceFile.open(path, budgets) as source:
            source.budget.check_held(_BYTES * source.budget.size, f"{source.budget.size:,} bytes of TOML")
            data = source.read()
        text, _ = text_of(data)
    except OSError as error:
        raise read_error(path, error, expected=expected) from error
    except UndecodableError as error:
        raise FileError(
            str(path), row=error.row, found=error.found, expected=expected, code=ErrorCode.FILE_ENCODING
        ) from error
    try:
        entries = tomllib.loads(text)
        found = "a whole number of more than 64 bits" if _has_long_integer(entries) else ""
    except RecursionError:
        found = "tables within tables"
    except tomllib.TOMLDecodeError as error:
        found = f"what is not TOML: {error}"
    except ValueError:  # Python reads no number of some thousands of digits.
        found = "a whole number of more than 64 bits"
    if found:
        raise FileError(str(path), found=found, expected=expected, code=ErrorCode.FILE_FORMAT)
    return entries


def _has_long_integer(entries: dict[str, Any]) -> bool:
    """Return whether there is a whole number that is none of TOML's (TOML 1.0.0, Integer): 64 bits with the sign."""
    left: list[object] = [entries]
    while left:
        one = left.pop()
        if isinstance(one, dict | list):
            left.extend(one.values() if isinstance(one, dict) else one)
        elif isinstance(one, int) and not -(2**63) <= one < 2**63:
            return True
    return False
