"""The files that a command writes for many persons: results, statuses and a manifest side by side."""

from __future__ import annotations

from pathlib import Path

from registry_io.disk.durable_files import rename
from registry_io.disk.hidden_names import hidden_path
from registry_io.tables.results_file import ENDINGS, check_writable_ending


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


def batch_outputs(out: Path) -> tuple[Path, Path, Path]:
    """Return the results, the statuses and the manifest."""
    return out, status_path(out), manifest_path(out)


def parts_folder(out: Path, key: str) -> Path:
    """Return where the parts of a batch lie until its result is written: hidden, beside it.

    Args:
        out: the result file.
        key: of what decides the result; another batch has another folder.

    >>> parts_folder(Path("run.csv"), "4f2a").name
    '.run.csv.parts-4f2a'
    """
    return hidden_path(out, f"parts-{key}")


def take_over_parts(out: Path, key: str) -> Path | None:
    """Take over what the same batch has finished for a result of another format; return whose it was, or None.

    Whoever calls holds the lock of the statuses, which results of all formats share.

    Raises:
        OSError: the folder cannot be renamed.
    """
    stem = out.name[: -len(check_writable_ending(out))]
    for other in (out.with_name(stem + ending) for ending in ENDINGS):
        if parts_folder(other, key).is_dir() and not parts_folder(out, key).exists():
            rename(parts_folder(other, key), parts_folder(out, key))
            return other
    return None


def other_parts(out: Path, key: str) -> list[Path]:
    """Return the folders of parts that batches with other options, or of another day, left for the same result."""
    prefix, own = parts_folder(out, "").name, parts_folder(out, key)
    return sorted(path for path in out.parent.iterdir() if path.name.startswith(prefix) and path.name != own.name)
