"""What a bomb is, and the files that bombs are made of."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

LARGEST_FILE = 10_000_000
"""Bytes of a bomb."""

MOST_MEMORY_MB = 1000
MOST_SECONDS = 20

HEADER = "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2"
TYPED = "02:01,24:02,40:01,46:01,09:01,15:01"
DONORS = f"{HEADER}\nD1,{TYPED}\nD2,{TYPED}\n"
"""A donor file to make the registry `REGISTRY` from, in which searches and batches are run."""

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
REGISTRY = "registry"
NEW = "new"
HOME = "home"
FREQUENCIES = "haplotype,frequency\nA*02:01~B*40:01~DRB1*09:01,0.5\n"

MB = 1_000_000
IMPORT = ("registry", "import", NEW, "{bomb}")
BATCH = ("batch", REGISTRY, "{bomb}", "--overwrite", "--out", "out.csv")
SHOW_FREQUENCIES = ("frequencies", "show", "{bomb}")
SEARCH = ("search", REGISTRY, "--hla", "{text}")
RELEASE = ("nomenclature", "install", "--from", "{bomb}")
REDUCE = ("reduce", "--to", "P")
CODES = (*REDUCE, "A*02:AB", "--codes", "{bomb}")


@dataclass(frozen=True)
class Bomb:
    """A file and the command that reads it.

    Attributes:
        name: what it is called.
        file: the file's name, or its place below the folder of the run, as ``home/nomenclature/9.9.0.hlanom``.
        command: arguments of ``hla-match``, run in the folder that holds the file, `REGISTRY` and, as
            ``HLA_MATCH_HOME``, `HOME`; ``{bomb}`` stands for the file's name, ``{text}`` for its content.
        write: writes the file.
        is_input: whether the command reads the file as its standard input.
    """

    name: str
    file: str
    command: tuple[str, ...]
    write: Callable[[Path], None]
    is_input: bool = False

    def arguments(self, folder: Path) -> list[str]:
        """Return the arguments of the command for the file written below `folder`."""
        text = (folder / self.file).read_text("utf-8") if "{text}" in self.command else ""
        return [part.replace("{bomb}", self.file).replace("{text}", text) for part in self.command]


def plain_file(*parts: bytes) -> Callable[[Path], None]:
    """Return what writes a file of some bytes."""
    return lambda path: _save(path, b"".join(parts))


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def packed_file(head: bytes, repeated: bytes, unpacked_mb: int) -> Callable[[Path], None]:
    """Return a writer of gzip data: a head, then one member of 16 MB again and again."""

    def write(path: Path) -> None:
        block = repeated * max(1, 16 * MB // len(repeated))
        member = gzip.compress(block, 9)
        with path.open("wb") as file:
            file.write(gzip.compress(head))
            for _ in range(max(1, unpacked_mb * MB // len(block))):
                file.write(member)

    return write


def numbered_rows(row: str, n_rows: int, *, header: str = HEADER) -> Callable[[Path], None]:
    """Return a writer of gzip data with a number in every row, in place of ``{}``."""

    def write(path: Path) -> None:
        with gzip.open(path, "wt", compresslevel=9, encoding="utf-8") as file:
            file.write(header + "\n")
            for first in range(0, n_rows, 100_000):
                file.write("".join(row.format(number) + "\n" for number in range(first, min(first + 100_000, n_rows))))

    return write


def rows_file(head: str, rows: Iterable[str]) -> Callable[[Path], None]:
    """Return a writer of a head and as many of some rows as fit below `LARGEST_FILE`."""

    def write(path: Path) -> None:
        size = 0
        with path.open("w", encoding="utf-8", newline="") as file:
            size += file.write(head)
            for row in rows:
                size += len(row)
                if size >= LARGEST_FILE:
                    break
                file.write(row)

    return write


def frame_file(make: Callable[[], pl.DataFrame]) -> Callable[[Path], None]:
    """Return what writes a frame as Parquet."""
    return lambda path: make().write_parquet(path, compression="zstd", compression_level=9)


def donor_frame(n_rows: int, **columns: pl.Expr | str) -> pl.DataFrame:
    """Return donors of one typing; columns may hold something else."""
    frame = pl.select(pl.int_range(n_rows).cast(pl.String).alias("donor_id")).lazy()
    typed = dict(zip(HEADER.split(",")[1:], TYPED.split(","), strict=True))
    values = {name: pl.lit(value) if isinstance(value, str) else value for name, value in {**typed, **columns}.items()}
    return frame.with_columns(**values).collect()


def zip_of(
    *members: tuple[str, bytes, bytes, int], also: dict[str, bytes] | None = None, n_empty: int = 0
) -> Callable[[Path], None]:
    """Return a writer of a zip: members of a head and a block repeated to so many MB, and others as they are."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9, allowZip64=True) as archive:
            for name, data in (also or {}).items():
                archive.writestr(name, data)
            for name, head, block, unpacked_mb in members:
                data = block * max(1, 4 * MB // len(block))
                with archive.open(name, "w", force_zip64=True) as member:
                    member.write(head)
                    for _ in range(max(1, unpacked_mb * MB // len(data))):
                        member.write(data)
            for number in range(n_empty):
                archive.writestr(zipfile.ZipInfo(f"{number}"), b"")

    return write
