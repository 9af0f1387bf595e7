"""Files that belong together: one writer at a time, and all of them new or all of them as they were.

    lock -> write each aside -> flush each -> rename one after another

A system renames one file at a time. What can stop a process between two names but a kill or a power cut is answered by
giving the old names back; after those the last file is the old one, and checksums in another tell that it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from registry_io.disk.durable_files import NewFile, atomic_write, flush_open, remove, rename, write_error
from registry_io.disk.hidden_names import aside_path, hidden_path
from registry_io.disk.permissions import permissions
from registry_io.disk.writer_lock import writer_lock


class JointFile(io.RawIOBase):
    """One of the files, open for its bytes.

    Attributes:
        path: the name that it will get.
    """

    def __init__(self, path: Path, handle: BinaryIO) -> None:
        super().__init__()
        self.path = path
        self._handle = handle
        self._sha256 = hashlib.sha256()
        status = os.fstat(handle.fileno())
        self._identity = status.st_dev, status.st_ino

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def fileno(self) -> int:
        """Raise, so that no library writes past the checksum."""
        raise io.UnsupportedOperation("a file with a checksum has no descriptor to give")

    def write(self, data: Any) -> int:
        """Write all of the data."""
        view = memoryview(data).cast("B")
        self._handle.write(view)
        self._sha256.update(view)
        return len(view)

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written, in hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def is_named(self) -> bool:
        """Whether it has its name."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def flush_to_disk(self) -> None:
        """Bring what was written to the disk.

        Raises:
            FileError: there is no room.
        """
        try:
            flush_open(self._handle)
        except OSError as error:
            raise write_error(self.path, error) from error


@contextmanager
def lock_files(*paths: Path) -> Iterator[None]:
    """Be the only writer of some files while the block runs; that they can be written is seen before it.

    Raises:
        LockedError: another process writes one of them.
        FileError: one of them cannot be written.
    """
    with ExitStack() as held:
        for path in paths:
            try:
                # A link is written where it points to, and other links may point there too.
                target = path.resolve()
                permissions(target)
                target.parent.stat()
            except OSError as error:
                raise write_error(path, error) from error
            held.enter_context(writer_lock(hidden_path(target, "lock"), str(path)))
        yield


@contextmanager
def write_together(
    *paths: Path, commit: Callable[[], None] | None = None, acknowledge: Callable[[], None] | None = None
) -> Iterator[tuple[JointFile, ...]]:
    """Open a file beside each path, and name all of them, in this order, once the block ends without an error.

    After an error all of them are as they were before. A process that is killed between two names leaves the last one
    as it was.

    Args:
        paths: the files.
        commit: is called when all are on the disk, right before they get their names: what can fail has not failed, and
            a signal waits until they have them.
        acknowledge: is called when all have their names, where they belong to something else; after its error all of
            them are as they were before.

    Raises:
        FileError: as `atomic_write`.
    """
    with ExitStack() as written:
        # What is entered last is named first.
        handles = [written.enter_context(atomic_write(path, is_flushed=True)) for path in reversed(paths)]
        files = [JointFile(path, handle) for path, handle in zip(paths, reversed(handles), strict=True)]
        yield tuple(files)
        for file in files:
            file.flush_to_disk()
        with _old_names_on_error(files, even_named=acknowledge is not None):
            if commit is not None:
                commit()
            written.close()
            if acknowledge is not None:
                acknowledge()


@contextmanager
def _old_names_on_error(files: list[JointFile], *, even_named: bool) -> Iterator[None]:
    """Give files their old names back after an error: all but the last where that did not get its new one, or all."""
    old: dict[Path, Path | None] = {}
    try:
        for file in files if even_named else files[:-1]:
            target = file.path.resolve()
            old[target] = _second_name(target)
        yield
    except BaseException:
        if even_named or not files[-1].is_named:
            for target, second in old.items():
                if second is not None:
                    rename(second, target)
                elif target.exists():
                    remove(target)
        raise
    finally:
        for second in old.values():
            if second is not None:
                second.unlink(missing_ok=True)


def _second_name(target: Path) -> Path | None:
    """Give a file a second name beside it, or make a copy where a file has one name only; None where there is none.

    Raises:
        FileError: there is no room for a copy.
    """
    if not target.exists():
        return None
    second = aside_path(target)
    try:
        os.link(target, second)
    except OSError:
        try:
            with target.open("rb") as old, NewFile(second) as new:
                shutil.copyfileobj(old, new)
            shutil.copystat(target, second)
        except OSError as error:
            remove(second)
            raise write_error(target, error) from error
    return second
