"""Keys, which come from files: an argument or a variable with a key could be read by others, and ends in histories."""

from __future__ import annotations

from pathlib import Path
from types import NoneType

from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.errors.arguments import InWords, check_type

LEAST_KEY = 16
"""Bytes of a key at least: what is shorter can be guessed."""


def check_key(key: bytes | None) -> None:
    """Refuse what is no key, or one that is too short, from which names would be found by trying; None is left alone.

    Raises:
        CriteriaError: it is; the key is not named.
    """
    check_type("key", key, bytes, NoneType, expected="bytes")
    if key is not None and len(key) < LEAST_KEY:
        found = InWords(f"a key of {len(key)} bytes")
        raise CriteriaError("key", found=found, expected=f"at least {LEAST_KEY} random bytes")


def read_key(path: Path) -> bytes:
    """Return the key that a file holds: its bytes, line ends at the end left out.

    Raises:
        FileError: there is no such file, or what it holds is too short for a key.
    """
    try:
        key = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        code = ErrorCode.FILE_MISSING if isinstance(error, FileNotFoundError) else ErrorCode.FILE_UNREADABLE
        found = error.strerror or str(error)
        raise FileError(str(path), found=found, expected="a file that holds a key", code=code) from None
    if len(key) < LEAST_KEY:
        raise FileError(
            str(path),
            found=InWords(f"a key of {len(key)} bytes"),
            expected=f"at least {LEAST_KEY} random bytes",
            hint="make one by: openssl rand -hex 32",
            code=ErrorCode.FILE_VALUE,
        )
    return key
