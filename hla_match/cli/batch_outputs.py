"""The files that a command writes for many persons: results, statuses and a manifest side by side."""

from __future__ import annotations

from pathlib import Path

from hla_match.errors import CriteriaError
from registry_io.results_file import check_writable_ending


def status_path(out: Path) -> Path:
    """Return where the statuses of the patients stand: beside the results, under the same name but for the ending.

    >>> status_path(Path("run.1.csv.gz")).name
    'run.1.status.csv'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".status.csv")


def manifest_path(out: Path) -> Path:
    """Return where the manifest stands: beside the results, under the same name but for the ending.

    >>> manifest_path(Path("run.1.csv.gz")).name
    'run.1.manifest.json'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".manifest.json")


def refuse_overwriting(out: Path, registry: Path, inputs: tuple[Path, ...]) -> None:
    """Refuse a result that would replace what is read to make it.

    Raises:
        CriteriaError: a file that is written is one that is read, or lies in the registry's folder.
    """
    for written in (out, status_path(out), manifest_path(out)):
        if written.resolve().is_relative_to(registry.resolve()):
            raise CriteriaError("output file", found=str(out), expected="a place outside the registry's folder")
        if written.exists() and any(path.exists() and written.samefile(path) for path in inputs):
            raise CriteriaError(
                "output file", found=str(out), expected=f"another name: {written.name} is a file that is read"
            )
