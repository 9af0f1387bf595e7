"""Parts of a long work on disk until the whole is written: what was finished is read again only as it was written.

A part is a range of a sequence and bears it in its name. Its tables are written first, its seal last::

    0-250.results.parquet   0-250.status.parquet   0-250.<checksum of the seal>.seal.parquet

The seal holds size and XXH3-128 of each table. A part of which one byte is another is no part: nothing of it is read.
Whoever uses a folder of parts holds a lock on what they are parts of.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xxhash

from hla_match.errors import BrokenPartsError
from registry_io.disk.durable_files import NewFile, atomic_write, make_folder, remove, write_error
from registry_io.tables.results_file import put_rows

Range = tuple[int, int]
"""The first of a range, and the one behind its last."""

_SEAL = re.compile(r"(\d+)-(\d+)\.([0-9a-f]{32})\.seal\.parquet")
_SEAL_COLUMNS = {"file": pl.String, "bytes": pl.Int64, "xxh3": pl.String}


@dataclass(frozen=True, slots=True)
class _Table:
    """What a table was when it was written.

    Attributes:
        checksum: bytes of its file, and their XXH3.
        schema: its columns.
    """

    checksum: tuple[int, str]
    schema: pl.Schema


class SealedParts:
    """The parts in a folder.

    Args:
        folder: where they lie; it is made for the first of them.
        tables: the names of the tables of each part.
    """

    def __init__(self, folder: Path, tables: tuple[str, ...]) -> None:
        self.folder = folder
        self._tables = tables
        self._parts: dict[Range, dict[str, _Table]] = {}

    def take_up(self) -> list[Range]:
        """Return the parts that are as they were written, in order, and remove all else from the folder.

        Raises:
            OSError: a part cannot be read.
        """
        self._parts = {}
        if not self.folder.is_dir():
            return []
        kept: set[Path] = set()
        for part, seal in sorted(self._seals()):
            tables = self._verified(part, seal)
            if tables is not None and all(part[0] >= stop for _, stop in self._parts):
                self._parts[part] = tables
                kept |= {seal, *(self._path(part, table) for table in self._tables)}
        for left in set(self.folder.iterdir()) - kept:
            remove(left)
        return list(self._parts)

    def standing(self) -> list[Range]:
        """Return the parts that were taken up or written and are still there, in order."""
        return [
            part for part in sorted(self._parts) if all(self._path(part, table).is_file() for table in self._tables)
        ]

    def schema(self, part: Range, table: str) -> pl.Schema:
        """Return the columns of a table."""
        return self._parts[part][table].schema

    def write(self, part: Range, tables: dict[str, pl.DataFrame]) -> None:
        """Write the tables of a part, and its seal.

        Raises:
            FileError: they cannot be written; nothing of the part is left.
            BrokenPartsError: the folder with the parts before is gone.
        """
        try:
            if not self._parts:
                make_folder(self.folder)
            written = {name: self._write(frame, self._path(part, name)) for name, frame in tables.items()}
            self._seal(part, written)
        except BaseException as error:
            for left in self.folder.glob(f"{part[0]}-{part[1]}.*"):
                remove(left)
            if self._parts and not self.folder.is_dir():
                raise self._broken("no folder: it was removed while the work went on") from error
            if isinstance(error, OSError):
                raise write_error(self.folder, error) from error
            raise
        self._parts[part] = written

    def read(self, part: Range, table: str) -> pl.DataFrame:
        """Return a table of a part; its bytes are compared before they are read.

        Raises:
            BrokenPartsError: it is no longer what was written.
        """
        data = self._bytes(self._path(part, table), self._parts[part][table].checksum)
        if data is None:
            raise self._broken(f"the part {part[0]}-{part[1]} changed or removed while the work went on")
        return pl.read_parquet(io.BytesIO(data))

    def remove(self) -> None:
        """Remove the folder with all parts."""
        remove(self.folder)

    def _path(self, part: Range, table: str) -> Path:
        return self.folder / f"{part[0]}-{part[1]}.{table}.parquet"

    def _write(self, frame: pl.DataFrame, path: Path) -> _Table:
        with NewFile(path) as file:
            put_rows(frame.lazy(), frame.height, file, path)
        return _Table((file.n_bytes, file.xxh3), frame.schema)

    def _seal(self, part: Range, tables: dict[str, _Table]) -> None:
        """Say that a part is finished. What holds the checksums of the tables bears its own in its name."""
        rows = [(self._path(part, name).name, *table.checksum) for name, table in tables.items()]
        seal = io.BytesIO()
        pl.DataFrame(rows, schema=_SEAL_COLUMNS, orient="row").write_parquet(seal)
        own = xxhash.xxh3_128_hexdigest(seal.getvalue())
        with atomic_write(self.folder / f"{part[0]}-{part[1]}.{own}.seal.parquet") as file:
            file.write(seal.getvalue())

    def _seals(self) -> Iterator[tuple[Range, Path]]:
        for path in self.folder.iterdir():
            if (name := _SEAL.fullmatch(path.name)) is not None:
                yield (int(name[1]), int(name[2])), path

    def _verified(self, part: Range, seal: Path) -> dict[str, _Table] | None:
        """Return the tables of a part, or None where one byte of them or of the seal is another."""
        data = seal.read_bytes()
        if f".{xxhash.xxh3_128_hexdigest(data)}." not in seal.name:
            return None
        checksums = {file: (size, xxh3) for file, size, xxh3 in pl.read_parquet(io.BytesIO(data)).iter_rows()}
        found: dict[str, _Table] = {}
        for name in self._tables:
            path = self._path(part, name)
            table = self._bytes(path, checksums[path.name]) if path.name in checksums else None
            if table is None:
                return None
            found[name] = _Table(checksums[path.name], pl.Schema(pl.read_parquet_schema(io.BytesIO(table))))
        return found

    @staticmethod
    def _bytes(path: Path, checksum: tuple[int, str]) -> bytes | None:
        """Return the bytes of a file, or None where they are not those of the checksum."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return data if (len(data), xxhash.xxh3_128_hexdigest(data)) == checksum else None

    def _broken(self, found: str) -> BrokenPartsError:
        return BrokenPartsError(
            str(self.folder),
            found=found,
            expected="what was finished to stay as it was written",
            hint="no result was written; keep other programs away from it, and start the same command again",
        )
