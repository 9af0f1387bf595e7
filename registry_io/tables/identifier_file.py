"""Reads a file of donor identifiers, one a line."""

from __future__ import annotations

from pathlib import Path

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.budgets import Budgets
from registry_io.tables.source_file import SourceFile, read_error
from registry_io.tables.text_encoding import READ_ENCODINGS, UndecodableError, text_of

_LINE_BYTES = 160  # of memory, for a line, its identifier and a place in the set


def read_identifiers(path: Path, *, budgets: Budgets | None = None) -> frozenset[str]:
    """Read the identifiers of a text file; blanks around them and empty lines do not count.

    Raises:
        FileError: the file cannot be read as text, or holds no identifier.
        BudgetError: it takes more than its budget; without `budgets` those of the environment hold.
    """
    expected = f"{READ_ENCODINGS}, one identifier a line"
    try:
        with SourceFile.open(path, budgets) as source:
            data = source.read()
        n_lines = data.count(b"\n")
        source.budget.check_held(_LINE_BYTES * n_lines, f"{n_lines:,} lines")
        text, _ = text_of(data)
    except OSError as error:
        raise read_error(path, error, expected=expected) from error
    except UndecodableError as error:
        raise FileError(
            str(path), row=error.row, found=error.found, expected=expected, code=ErrorCode.FILE_ENCODING
        ) from error
    identifiers = frozenset(line.strip() for line in text.splitlines()) - {""}
    if not identifiers:
        raise FileError(str(path), found="no identifier", expected=expected, code=ErrorCode.FILE_NOTHING)
    return identifiers
