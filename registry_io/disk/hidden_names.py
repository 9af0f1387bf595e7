"""Names of what stands hidden beside a file while it is written, or guards it."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import xxhash

_RANDOM_BYTES = 4
_LONGEST_NAME = 200
_PART = re.compile(rf"\..*\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}\.part", re.DOTALL)


def hidden_path(target: Path, ending: str) -> Path:
    """Return where something hidden stands beside `target`, named after it.

    Names have at most 255 bytes: of a long one the beginning is left, and a checksum that tells it from its neighbours.

    >>> hidden_path(Path("run.csv"), "lock").name
    '.run.csv.lock'
    """
    name, data = target.name, os.fsencode(target.name)
    if len(data) > _LONGEST_NAME:
        name = f"{data[:_LONGEST_NAME].decode(errors='ignore')}~{xxhash.xxh3_64_hexdigest(data)}"
    return target.with_name(f".{name}.{ending}")


def aside_path(target: Path) -> Path:
    """Return a new name beside `target` of the kind that the next run removes where this one is killed."""
    return hidden_path(target, f"{secrets.token_hex(_RANDOM_BYTES)}.part")


def is_part(path: Path) -> bool:
    """Say whether a file has a name that `aside_path` gives.

    >>> is_part(Path(".run.csv.0123cdef.part")), is_part(Path(".film.part"))
    (True, False)
    """
    return _PART.fullmatch(path.name) is not None
