"""Files that outlive the program that writes them: owner-only, brought to the disk, and given their name last.

Whatever the program keeps is written here, step by step::

    create -> write -> flush -> rename -> flush folder

A file gets its name when all of it is on the disk, and the folder is flushed after the name, so that neither a killed
process nor a power cut leaves a name above half a file. `listening` tells of every step before it is taken: a test can
record the order, end the process between any two steps, or let a step fail as a full disk does.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, cast

import numpy as np
import xxhash
from numpy.typing import NDArray

from hla_match.errors import ErrorCode, FileError
from registry_io.disk.hidden_names import aside_path, hidden_path, is_part
from registry_io.disk.permissions import OWNER_FOLDER, give, open_new, permissions
from registry_io.disk.writer_lock import try_lock

Action = Literal["make folder", "create", "write", "flush", "rename", "flush folder", "remove"]
Listener = Callable[[Action, Path], None]


_WRAPPED = re.compile(r"\(os error (\d{1,3})\)")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a listener with every step, before it is taken; what it raises is raised where the step would fail."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _step(action: Action, path: Path) -> None:
    for listener in _listeners:
        listener(action, path)


class NewFile(io.RawIOBase):
    """A new file that is written from its beginning to its end; its checksum grows with it.

    Args:
        path: where it stands.
        flushed: whether leaving the context without an error brings it to the disk; its name is there once the folder
            is flushed. Of many files the flushes are best left to the end.

    Attributes:
        path: where it stands.
        n_bytes: bytes written so far.

    Raises:
        OSError: the file is there already, or cannot be written.
    """

    def __init__(self, path: Path, *, flushed: bool = True) -> None:
        super().__init__()
        _step("create", path)
        self.path = path
        self._flushed = flushed
        self.n_bytes = 0
        self._xxh3 = xxhash.xxh3_128()
        self._descriptor = open_new(path)

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def fileno(self) -> int:
        """Raise, so that no library writes past the checksum."""
        raise io.UnsupportedOperation("a file with a checksum has no descriptor to give")

    def write(self, data: Any) -> int:
        """Write all of the data, of any contiguous buffer."""
        _step("write", self.path)
        view = memoryview(data).cast("B")
        self._xxh3.update(view)
        at = 0
        while at < len(view):
            at += os.write(self._descriptor, view[at : at + (1 << 30)])
        self.n_bytes += at
        return at

    @property
    def xxh3(self) -> str:
        """XXH3-128 of what was written, in hexadecimal."""
        return self._xxh3.hexdigest()

    def close(self) -> None:
        """Close the file; bringing it to the disk is part of leaving the context without an error."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._flushed:
                _step("flush", self.path)
                os.fsync(self._descriptor)
        finally:
            self.close()


def write_header(file: NewFile, dtype: Any, shape: tuple[int, ...]) -> None:
    """Write the header of NumPy's array format; the numbers follow in C order, piece by piece."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(cast("Any", file), header)


def write_array(file: NewFile, array: NDArray[Any]) -> None:
    """Write an array in NumPy's format.

    Raises:
        OSError: it cannot be written.
    """
    write_header(file, array.dtype, array.shape)
    if array.size:
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def new_scratch(path: Path) -> BinaryIO:
    """Return a new file of its owner's for what is needed for a while; it is not brought to the disk.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    _step("create", path)
    return os.fdopen(open_new(path), "w+b")


@contextmanager
def atomic_write(path: Path, *, is_flushed: bool = False) -> Iterator[BinaryIO]:
    """Open a file beside `path` for bytes, and give it the name `path` once the block ends without an error.

    A reader sees the old file or the whole new one, never a part; after an error the old file is as it was. The new
    file is its owner's alone, or has the permissions of the one it replaces. What earlier runs that were killed left
    beside it is removed.

    Args:
        path: the file.
        is_flushed: whether the block brings what it writes to the disk itself.

    Raises:
        FileError: the folder is missing, there is no room, or `path` is not a file that may be replaced.
    """
    try:
        # A link goes on pointing to where it points.
        target = path.resolve() if path.is_symlink() else path
        mode, group = permissions(target)
        _remove_stale(target)
        aside = aside_path(target)
        _step("create", aside)
        descriptor = open_new(aside)
    except OSError as error:
        raise write_error(path, error) from error
    try:
        # Opened by name, so that it knows its name.
        with open(aside, "wb", opener=lambda *_: descriptor) as handle:
            try_lock(handle.fileno())  # which tells other runs that this one is alive
            give(handle.fileno(), mode, group)
            yield handle
            if not is_flushed:
                flush_open(handle)
        rename(aside, target)
    except Exception as error:
        if (cause := _system_error(error)) is None:
            raise
        raise write_error(path, cause) from error
    finally:
        # Gone already where the rename succeeded.
        aside.unlink(missing_ok=True)


def write_error(path: Path, error: OSError) -> FileError:
    """Return the error of a file that cannot be written, in words."""
    if error.errno in _NO_ROOM:
        return FileError(
            str(path),
            found="no room left on the disk",
            expected="room for the whole file",
            hint="what was there before is as it was; make room, or choose another place",
            code=ErrorCode.FILE_NO_ROOM,
        )
    return FileError(
        str(path),
        found=error.strerror or str(error) or type(error).__name__,
        expected="a place that can be written to",
        hint="create the folder, or choose another place",
        code=ErrorCode.FILE_NOT_WRITTEN,
    )


def rename(source: Path, target: Path) -> None:
    """Give a file or folder its name, in place of a file of that name, and bring the name to the disk.

    Raises:
        OSError: it cannot be renamed, or a folder of that name is not empty.
    """
    _step("rename", target)
    os.replace(source, target)
    flush_folder(target.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it where they are missing, for its owner alone; one that exists stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    _step("make folder", path)
    try:
        path.mkdir(OWNER_FOLDER)
        path.chmod(OWNER_FOLDER)
    except FileExistsError:
        if not path.is_dir():  # as it is where another process has just made it
            raise
    flush_folder(path.parent)


def flush_open(handle: BinaryIO) -> None:
    """Bring what was written to a file that is open by its name to the disk.

    Raises:
        OSError: the disk fails, or is full.
    """
    handle.flush()
    _step("flush", Path(handle.name))
    os.fsync(handle.fileno())


def flush(path: Path) -> None:
    """Bring a file to the disk.

    Raises:
        OSError: the disk fails, or is full.
    """
    _step("flush", path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk.

    Raises:
        OSError: the disk fails.
    """
    _step("flush folder", folder)
    if os.name == "nt":  # where folders cannot be flushed
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems keep names at once and know no flush of folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that it holds, as far as that can be done."""
    _step("remove", path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _system_error(error: Exception) -> OSError | None:
    """Return what the system said, also where a library wrapped it in its own error as polars does."""
    if isinstance(error, OSError):
        return error
    match = _WRAPPED.search(str(error))
    return OSError(int(match[1]), os.strerror(int(match[1]))) if match is not None else None


def stale_parts(folder: Path, prefix: str = ".") -> Iterator[Path]:
    """Yield the files that runs which were killed were writing in a folder; what a living run writes it has locked.

    Args:
        folder: where to look.
        prefix: the beginning of their names.
    """
    for left in folder.iterdir():
        if not (is_part(left) and left.name.startswith(prefix)) or left.is_symlink():
            continue
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDWR)
            try:
                if try_lock(descriptor):
                    yield left
            finally:
                os.close(descriptor)


def _remove_stale(target: Path) -> None:
    prefix = hidden_path(target, "").name
    for left in stale_parts(target.parent, prefix):
        # Another file's name may begin with this one's.
        if len(left.name) == len(aside_path(target).name):
            remove(left)
