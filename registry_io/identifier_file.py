"""Reads a file of donor identifiers, one a line."""

from __future__ import annotations

from pathlib import Path

from hla_match.errors import FileError


def read_identifiers(path: Path) -> frozenset[str]:
    """Read the identifiers of a text file; blanks around them and empty lines do not count.

    Raises:
        FileError: the file cannot be read as text, or holds no identifier.
    """
    expected = "text in UTF-8, one identifier a line"
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(str(path), found=error.strerror or str(error), expected=expected) from error
    except UnicodeDecodeError as error:
        raise FileError(str(path), found="bytes that are not UTF-8", expected=expected) from error
    identifiers = frozenset(line.strip() for line in text.splitlines()) - {""}
    if not identifiers:
        raise FileError(str(path), found="no identifier", expected=expected)
    return identifiers
