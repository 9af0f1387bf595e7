"""The files that a command writes for many persons: results, statuses and a manifest side by side."""

from __future__ import annotations

from pathlib import Path

from hla_match.errors import ErrorCode, FileError
from registry_io.disk.durable_files import rename
from registry_io.disk.hidden_names import hidden_path
from registry_io.tables.results_file import ENDINGS, check_writable_ending


def status_path(out: Path) -> Path:
    """Return where the statuses of the patients stand: beside the results, under their whole name and an ending.

    Raises:
        CriteriaError: the ending of the results names no format.

    >>> status_path(Path("run.1.csv.gz")).name
    'run.1.csv.gz.status.csv'
    """
    check_writable_ending(out)
    return out.with_name(f"{out.name}.status.csv")


def manifest_path(out: Path) -> Path:
    """Return where the manifest stands: beside the results, under their whole name and an ending.

    Raises:
        CriteriaError: the ending of the results names no format.

    >>> manifest_path(Path("run.1.csv.gz")).name
    'run.1.csv.gz.manifest.json'
    """
    check_writable_ending(out)
    return out.with_name(f"{out.name}.manifest.json")


def lock_name(out: Path) -> Path:
    """Return under which name batches of one result lock each other out, whatever the format of the result.

    >>> lock_name(Path("run.1.csv.gz")) == lock_name(Path("run.1.parquet"))
    True
    """
    return out.with_name(f"{out.name[: -len(check_writable_ending(out))]}.batch")


def refuse_existing(out: Path) -> None:
    """Refuse to replace a result, unless a batch for it was interrupted, whose result it may be.

    Raises:
        FileError: it is there.
    """
    if out.exists() and not any(path.name.startswith(parts_folder(out, "").name) for path in out.parent.iterdir()):
        raise existing_error(out)


def existing_error(out: Path) -> FileError:
    """Return the error of a result that would be replaced unasked."""
    return FileError(
        str(out),
        found="a result that is there already",
        expected="a new name, or that it may be replaced",
        code=ErrorCode.FILE_RESULT_EXISTS,
    )


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

    Whoever calls holds the lock of `lock_name`, which results of all formats share.

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
