"""The files and folders that callers name."""

from __future__ import annotations

import os
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


def readable_name(path: Path) -> str:
    r"""Return the name of a file or folder as text that can be written anywhere, that of the folder for ``.``.

    >>> readable_name(Path("registries/zhejiang/"))
    'zhejiang'
    >>> readable_name(Path(os.fsdecode(b"caf\xe9")))
    'caf\ufffd'
    """
    return os.fsencode(os.path.basename(os.path.abspath(path))).decode("utf-8", "replace")
