"""The installed sets of haplotype frequencies, one Parquet file each, in the user's data folder."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from hla_match.donors.registry import Registry
from hla_match.errors import BudgetError, CriteriaError, ErrorCode, FileError
from hla_match.errors.arguments import check_type
from hla_match.foreign_frames import polars_frame
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, code_haplotypes
from hla_match.loci import LOCI
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import atomic_write, make_folder
from registry_io.disk.given_path import given_path
from registry_io.formats.frequency_file import FrequencyFile, frequencies_of, read_frequencies
from registry_io.store.nomenclature_store import data_folder
from registry_io.tables.budgets import FileBudget
from registry_io.tables.parquet_file import parquet_frame

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

FORMAT_VERSION = 1

WITHOUT = "none"
"""Stands for frequencies where none are wanted, so that no set can have this name."""

_MISSING = 0xFFFFFFFF
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FRAME = {
    **dict.fromkeys(LOCI, pl.String()),
    "population": pl.String(),
    "frequency": pl.Float64(),
    "row": pl.UInt32(),
}
# What is true of the whole set stands in every row: a column of one value takes no room in Parquet.
_ABOUT = {
    "format_version": pl.UInt32(),
    "source": pl.String(),
    "checksum": pl.String(),
    "notes": pl.List(pl.String()),
    "content": pl.String(),
}


class FrequencyStore:
    """The sets of haplotype frequencies under a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "frequencies"

    def install(self, path: Path, name: str) -> FrequencyFile:
        """Read a file of frequencies and keep it under a name, in place of an earlier set of that name.

        Raises:
            CriteriaError: the name has other characters than letters, digits and ``- _ .``, or is ``none``.
            FileError: the file cannot be read, or the data folder cannot be written to.
        """
        target = self._path(name)
        if name.casefold() == WITHOUT:
            raise CriteriaError(
                "name of a set of frequencies", found=name, expected="another name: this one stands for no frequencies"
            )
        content = read_frequencies(path)
        try:
            make_folder(self._folder)
        except OSError as error:
            raise FileError(
                str(self._folder),
                found=error.strerror or str(error),
                expected="a folder that can be made",
                hint="name another by HLA_MATCH_HOME",
                code=ErrorCode.FILE_NOT_WRITTEN,
            ) from error
        frame = content.frame.with_columns(
            pl.lit(FORMAT_VERSION, pl.UInt32).alias("format_version"),
            pl.lit(content.source).alias("source"),
            pl.lit(content.checksum).alias("checksum"),
            pl.lit(pl.Series([list(content.notes)], dtype=pl.List(pl.String))).first().alias("notes"),
            pl.lit(_content(content)).alias("content"),
        )
        # Written in one piece: polars hides in its own words what the system says of a file that it writes itself.
        packed = io.BytesIO()
        frame.write_parquet(packed)
        with atomic_write(target) as handle:
            handle.write(packed.getbuffer())
        return content

    def names(self) -> list[str]:
        """Return the names of the installed sets, in alphabetical order."""
        stems = (path.name.removesuffix(".parquet") for path in self._folder.glob("*.parquet"))
        return sorted(stem for stem in stems if _NAME.fullmatch(stem))

    def installed_at(self, name: str) -> int:
        """Return when a set was installed, in nanoseconds; another time, another set. 0 of one that is not.

        Raises:
            CriteriaError: the name is none that a set can have.
        """
        try:
            return self._path(name).stat().st_mtime_ns
        except OSError:
            return 0

    def load(self, name: str) -> FrequencyFile:
        """Load an installed set.

        Raises:
            FileError: it is not installed, or its file is damaged.
        """
        if name not in self.names():
            raise self._unknown(str(self._folder), f"no set of frequencies {name!r}")
        path = self._path(name)
        try:
            data = path.read_bytes()
            frame = parquet_frame(data, FileBudget.of(path, len(data)), flat=False)
        except BudgetError:
            raise
        except (OSError, FileError) as error:
            raise _damaged(path, "a file that cannot be read") from error
        if dict(frame.schema) != {**_FRAME, **_ABOUT} or not frame.height:
            raise _damaged(path, "other columns")
        version, source, checksum, notes, kept = frame.select(*_ABOUT).row(0)
        if version != FORMAT_VERSION:
            raise _damaged(path, f"format version {version}")
        content = FrequencyFile(frame.select(*_FRAME), source, checksum, tuple(notes or ()))
        if kept != _content(content):
            raise _damaged(path, "other content than was installed")
        return content

    def resolve(self, text: str) -> FrequencyFile:
        """Read the file that a text names, else load the installed set of that name.

        Raises:
            FileError: there is neither, or it cannot be read.
        """
        # A folder is no file of frequencies, so one that happens to lie here must not hide a set of its name.
        if os.path.exists(text) and not os.path.isdir(text):
            return read_frequencies(Path(text))
        if text in self.names():
            return self.load(text)
        raise self._unknown(text, "neither a file nor an installed set of frequencies")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise CriteriaError(
                "name of a set of frequencies",
                found=name,
                expected="letters, digits, '-', '_' and '.', at most 100, with a letter or digit first",
            )
        return self._folder / f"{name}.parquet"

    def _unknown(self, path: str, found: str) -> FileError:
        return FileError(
            path,
            found=found,
            expected=f"a file, or one of: {', '.join(self.names()) or '(none is installed)'}",
            hint="name a file, or install it as a set first",
            code=ErrorCode.FREQUENCIES_NOT_INSTALLED,
        )


def install_frequencies(path: str | Path, name: str, *, home: Path | None = None) -> FrequencyFile:
    """Check a file of haplotype frequencies and keep it under a name, in place of an earlier set of that name.

    Args:
        path: the file.
        name: letters, digits and ``- _ .``.
        home: the data folder; without it ``HLA_MATCH_HOME`` or the platform's.

    Raises:
        CriteriaError: the name has other characters.
        FileError: the file cannot be read, or the data folder cannot be written to.
    """
    return FrequencyStore(home if home is not None else data_folder()).install(given_path("path", path), name)


def load_frequencies(text: str, nomenclature: Nomenclature, home: Path) -> HaplotypeFrequencies:
    """Read and code the frequencies that a text names: a file, or a set installed under a data folder.

    Alleles that the nomenclature cannot read as one P group are left out with their haplotypes, and stand in `unmapped`
    and `unmapped_mass` of the result.

    Raises:
        FileError: there is neither, or it cannot be read.
        CriteriaError: the nomenclature can read no haplotype.
    """
    content = FrequencyStore(home).resolve(text)
    return code_haplotypes(content.frame, nomenclature, name=Path(text).name, checksum=content.checksum)


FrequencyInput: TypeAlias = "str | Path | Mapping[str, float] | IntoDataFrame | pl.LazyFrame | HaplotypeFrequencies"
"""What frequencies can be given as, to `open_frequencies` and whatever computes with them."""

_EXPECTED = "a file, the name of an installed set, a mapping of haplotypes to frequencies, or a frame"


def open_frequencies(
    source: FrequencyInput, registry: Registry, *, name: str = "frequencies", home: Path | None = None
) -> HaplotypeFrequencies:
    """Return haplotype frequencies, coded for a registry.

    Args:
        source: a file; the name of an installed set; a mapping of haplotypes to their frequencies; a frame of polars,
            pandas or pyarrow with the columns of a file; or frequencies that are open already, coded by the registry's
            nomenclature.
        registry: its nomenclature reads the alleles.
        name: what results call a mapping or a frame.
        home: the data folder of installed sets; without it ``HLA_MATCH_HOME`` or the platform's.

    Raises:
        FileError: there is neither a file nor a set, or a haplotype or frequency cannot be read.
        CriteriaError: the nomenclature can read no haplotype, `source` is nothing of these, or it is coded by another
            nomenclature.

    >>> import polars as pl
    >>> from hla_match.donors.registry import build_registry
    >>> from hla_match.nomenclature.release import Nomenclature
    >>> donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]})
    >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="one", provenance={})
    >>> open_frequencies({"A*02:01": 0.3, "A*24:02": 0.2}, registry).frequency.tolist()
    [[0.3, 0.2]]
    """
    check_type("registry", registry, Registry, expected="a Registry, such as registry_io.open_registry(FOLDER)")
    if isinstance(source, HaplotypeFrequencies):
        source.check_coded_by(registry.nomenclature)
        return source
    if isinstance(source, str | Path):
        return load_frequencies(str(source), registry.nomenclature, home if home is not None else data_folder())
    if isinstance(source, Mapping):
        for haplotype, share in source.items():
            check_type(name, haplotype, str, expected="haplotypes as texts, such as A*01:01~B*08:01")
            check_type(f"{name}: {haplotype}", share, float, Real, expected="a number from 0 to 1")
        columns = {"haplotype": list(source.keys()), "frequency": list(map(float, source.values()))}
        frame = pl.DataFrame(columns, schema={"haplotype": pl.String, "frequency": pl.Float64})
    else:
        frame = polars_frame(source, name, expected=_EXPECTED)
    content = frequencies_of(frame, name)
    return code_haplotypes(content.frame, registry.nomenclature, name=name, checksum=content.checksum)


def _content(file: FrequencyFile) -> str:
    """Return the SHA-256 of everything that a set says, whichever bytes Parquet makes of it."""
    digest = hashlib.sha256(json.dumps([file.source, file.checksum, *file.notes]).encode())
    for name, kind in _FRAME.items():
        column = file.frame[name]
        if kind == pl.String():
            # Where texts begin, which are missing, and the texts: so that no two columns look alike.
            digest.update(column.str.len_bytes().fill_null(_MISSING).to_numpy().tobytes())
            digest.update(column.fill_null("").str.join("").item().encode())
        else:
            digest.update(column.to_numpy().tobytes())
    return digest.hexdigest()


def _damaged(path: Path, found: str) -> FileError:
    return FileError(
        str(path),
        found=found,
        expected=f"a set of frequencies of format version {FORMAT_VERSION}",
        hint="install the set again",
        code=ErrorCode.FREQUENCIES_DAMAGED,
    )
