"""The files that a use case writes: never in the place of one that it reads, and never in the registry's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hla_match.errors import CriteriaError, ErrorCode
from registry_io.tables.frame_table import FrameTable


def refuse_overwriting(written: Sequence[Path], registry: Path, inputs: Sequence[Path | FrameTable] = ()) -> None:
    """Refuse results that would replace what is read to make them, or each other.

    Args:
        written: the files that are made.
        registry: the folder of the registry.
        inputs: what is read; frames lie in no file.

    Raises:
        CriteriaError: a file that is written is one that is read, lies in the registry's folder, or is written twice.
    """
    files = [one for one in inputs if isinstance(one, Path)]
    for number, path in enumerate(written):
        if path.resolve().is_relative_to(registry.resolve()):
            raise output_error(path, "a place outside the registry's folder")
        if path.resolve() in {other.resolve() for other in written[:number]}:
            raise output_error(path, "another name for each file")
        if path.exists() and any(one.exists() and path.samefile(one) for one in files):
            raise output_error(path, f"another name: {path.name} is a file that is read")


def output_error(path: Path, expected: str) -> CriteriaError:
    """Return the error of a file that cannot be written to."""
    return CriteriaError("output file", found=str(path), expected=expected, code=ErrorCode.CRITERIA_OUTPUT)
