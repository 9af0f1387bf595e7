"""The seal of a record's file: checksums of all its blocks, in a file beside it while nobody writes.

SQLite leaves room in its pages, and some of its numbers are read by nobody: a byte that is changed there changes no
cell, and no check of the cells finds it. The seal does::

    sealed -> unsealed -> committed -> all brought to the file, closed -> sealed

Between a commit and the end of its writer a record has no seal. After a kill it stays without one until the next writer
seals it. Only the blocks that were written to are read again, those that SQLite's log of changes has pages of: a byte
that was changed elsewhere is found all the same, since the others keep the checksums that they had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from hla_match.errors import FileError
from registry_io.disk.aside_folder import xxh3_of_file
from registry_io.disk.durable_files import atomic_write, flush_folder, write_error

BLOCK = 1 << 16
"""Bytes of a block: those of the greatest page, so that scattered changes are few bytes to read."""

_DIGEST_BYTES = 8
_ENDING = "-seal"
_KIND = b"xxh3-blocks"

# https://sqlite.org/fileformat2.html, section 4.1: the header of the log, then frames of a header and a page each.
_LOG_MAGIC, _LOG_HEADER, _FRAME_HEADER = 0x377F0682, 32, 24
_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file was when it was sealed.

    Attributes:
        size: its bytes.
        digests: the XXH3-64 of each block, eight bytes each, one after another.
    """

    size: int
    digests: bytes

    @property
    def text(self) -> bytes:
        """The file of the seal: a line that ends with the size, with a checksum of all behind it, then the digests."""
        body = b"%d %d\n%b" % (BLOCK, self.size, self.digests)
        return b"%b %b %b" % (_KIND, xxhash.xxh3_128_hexdigest(body).encode(), body)

    @classmethod
    def read(cls, text: bytes) -> Seal | None:
        """Return the seal that `text` is the file of; None where it is none, or one of another kind."""
        line, _, digests = text.partition(b"\n")
        size = line.rpartition(b" ")[2]
        found = cls(int(size), digests) if size.isdigit() and len(size) < 20 else None
        return found if found is not None and found.text == text else None

    @classmethod
    def of(cls, path: Path, before: Seal | None = None, written: Collection[int] | None = None) -> Seal:
        """Return the seal of a file as it is.

        Args:
            path: the file.
            before: its seal until it was written to; None where all is to be read.
            written: the blocks that were written to since; None where that is not known.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb", buffering=0) as file:
            size = file.seek(0, 2)
            n_blocks = -(-size // BLOCK)
            if before is None or written is None or size < before.size:
                digests, stale = bytearray(n_blocks * _DIGEST_BYTES), list(range(n_blocks))
            else:
                digests = bytearray(before.digests.ljust(n_blocks * _DIGEST_BYTES, b"\0"))
                # A file that grew has another last block, and further ones.
                grown = range(before.size // BLOCK, n_blocks) if size > before.size else range(0)
                stale = sorted({*written, *grown} & set(range(n_blocks)))
            block = memoryview(bytearray(BLOCK))
            for number in stale:
                file.seek(number * BLOCK)
                n_bytes = file.readinto(block)
                at = number * _DIGEST_BYTES
                digests[at : at + _DIGEST_BYTES] = xxhash.xxh3_64_digest(block[:n_bytes])
        return cls(size, bytes(digests))


def seal(path: Path, before: Seal | None = None, written: Collection[int] | None = None) -> None:
    """Seal the file of a record whose last connection is closed.

    Where a reader keeps SQLite from bringing all to the file, and where there is no room, it stays without a seal: what
    was committed is on the disk all the same.

    Args:
        path: the file.
        before: as in `Seal.of`.
        written: as in `Seal.of`.
    """
    log = log_of(path)
    with suppress(FileError, OSError):
        if not log.exists() or not log.stat().st_size:
            text = Seal.of(path, before, written).text
            with atomic_write(_seal_of(path)) as file:
                file.write(text)


def unseal(path: Path) -> Seal | None:
    """Remove the seal, before anything is written, and return it; None where there was none that can be gone on from.

    Raises:
        FileError: it cannot be removed.
    """
    place = _seal_of(path)
    try:
        found = Seal.read(place.read_bytes())
        place.unlink()
        flush_folder(path.parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise write_error(path, error) from error
    is_of_it = found is not None and path.exists() and found.size == path.stat().st_size
    return found if is_of_it else None


def is_sealed(path: Path) -> bool:
    """Say whether a file has a seal."""
    return _seal_of(path).exists()


def seal_faults(path: Path) -> Iterator[str]:
    """Yield in words how a file differs from its seal; nothing where it does not, or has none.

    Raises:
        OSError: it cannot be read.
    """
    while (found := _read(path)) is not None and found != _text(path, found):
        # A writer may have begun meanwhile, and may even have ended.
        if _read(path) == found:
            yield "file: other bytes than were written"
            return


def written_blocks(path: Path) -> Collection[int] | None:
    """Return the blocks of a file that its log of changes has pages of; None where that cannot be told, or is much.

    Pages of changes that were taken back may be among them.

    Raises:
        OSError: the log cannot be read.
    """
    log = log_of(path)
    try:
        header, size = log_start(path), log.stat().st_size
    except FileNotFoundError:
        return ()
    if not header:
        return ()
    magic, page_size = int.from_bytes(header[:4]), int.from_bytes(header[8:12])
    if len(header) < _LOG_HEADER or magic & ~1 != _LOG_MAGIC or page_size not in _PAGE_SIZES:
        return None
    n_frames = (size - _LOG_HEADER) // (_FRAME_HEADER + page_size)
    if n_frames * page_size > path.stat().st_size:
        return None
    frame = np.dtype([("page", ">u4"), ("rest", f"V{_FRAME_HEADER - 4 + page_size}")])
    frames = np.memmap(log, frame, "r", _LOG_HEADER, (n_frames,)) if n_frames else np.zeros(0, frame)
    pages: list[int] = np.unique((frames["page"].astype(np.int64) - 1) * page_size // BLOCK).tolist()
    return pages


def log_start(path: Path) -> bytes:
    """Return the header of a file's log of changes, which another one replaces when the log begins anew; b"" without.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with log_of(path).open("rb") as file:
            return file.read(_LOG_HEADER)
    except FileNotFoundError:
        return b""


def log_of(path: Path) -> Path:
    """Return the path of SQLite's log of changes beside a file."""
    return path.with_name(f"{path.name}-wal")


def _seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_ENDING}")


def _text(path: Path, found: bytes) -> bytes:
    """Return the seal that a file must have, of the kind of the one that was found."""
    if found.startswith(_KIND):
        return Seal.of(path).text
    # Seals had one checksum of all bytes once.
    return f"xxh3-128 {xxh3_of_file(path)}\n".encode()


def _read(path: Path) -> bytes | None:
    try:
        return _seal_of(path).read_bytes()
    except FileNotFoundError:
        return None
