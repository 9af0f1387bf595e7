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
            data = source.read()
        source.budget.check_held(_BYTES * len(data), f"{len(data):,} bytes of TOML")
        text, _ = text_of(data)
    except OSError as error:
        raise read_error(path, error, expected=expected) from error
    except UndecodableError as error:
        raise FileError(
            str(path), row=error.row, found=error.found, expected=expected, code=ErrorCode.FILE_ENCODING
        ) from error
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = "tables within tables" if isinstance(error, RecursionError) else f"what is not TOML: {error}"
        raise FileError(str(path), found=found, expected=expected, code=ErrorCode.FILE_FORMAT) from None
