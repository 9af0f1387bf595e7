"""The files and folders that callers name."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from hla_match.errors.arguments import check_type


def given_path(name: str, value: object) -> Path:
    """Return an argument that names a file or folder as a path.

    Raises:
        CriteriaError: it is neither text nor a path.

    >>> given_path("folder", None)
    Traceback (most recent call last):
        ...
    hla_match.errors.CriteriaError: folder: found None, expected a path
    """
    check_type(name, value, str, Path, expected="a path")
    return Path(cast("str | Path", value))
