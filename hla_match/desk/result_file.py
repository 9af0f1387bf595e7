"""The results of a night run, patient by patient; the file is named when the desk is started, and by no page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.source_file import SourceFile

_NEEDED = ("patient_id", "rank", "donor_id")
_TEXT = (".csv", ".csv.gz", ".tsv")


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A table of results as `hla-match batch` writes it, one row a donor of a patient.

    Attributes:
        path: of the file.
        state: of the file when it was opened, which it must have as long as rows are read.
        frame: its rows, texts as they stand there; those of a Parquet file stay in it until they are asked for.
        patients: one row a patient, in the order of the file: `patient_id`, `n` donors, and of the first of them
            `donor_id`, `matches_best`, `p0` as far as the file has them.
    """

    path: Path
    state: tuple[int, int, int]
    frame: pl.LazyFrame
    patients: pl.DataFrame

    @classmethod
    def open(cls, path: Path) -> ResultFile:
        """Read a file of results: Parquet, or CSV.

        Raises:
            FileError: it cannot be read, or is no table of results.
        """
        name = path.name.lower()
        try:
            state = _state(path)
            if name.endswith(".parquet"):
                frame = pl.scan_parquet(path, glob=False)
            elif name.endswith(_TEXT):
                separator = "\t" if name.endswith(".tsv") else ","
                with SourceFile.open(path) as source, source.bytes_passing(packed=name.endswith(".gz")) as handle:
                    text = handle.read()
                frame = pl.read_csv(text, separator=separator, infer_schema=False, truncate_ragged_lines=False).lazy()
            else:
                raise FileError(
                    str(path), found="another ending", expected=f"results in .parquet or one of {', '.join(_TEXT)}"
                )
            columns = frame.collect_schema().names()
        except _FAULTS as error:
            raise _unreadable(path, error) from None
        missing = [column for column in _NEEDED if column not in columns]
        if missing:
            expected = f"the columns {', '.join(_NEEDED)} of results of hla-match batch"
            raise FileError(str(path), found=f"no column {', '.join(missing)}", expected=expected)
        frame = frame.with_columns(pl.col("patient_id", "donor_id").cast(pl.String))
        shown = [column for column in ("donor_id", "matches_best", "p0", "p1") if column in columns]
        patients = frame.group_by("patient_id", maintain_order=True).agg(pl.len().alias("n"), pl.col(shown).first())
        return cls(path, state, frame, _collected(path, patients))

    @property
    def name(self) -> str:
        """Name of the file, without its folder."""
        return self.path.name

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.patients["n"].sum())

    def of_patient(self, place: int) -> pl.DataFrame | None:
        """Return the rows of a patient by the place in `patients`, from 0; None where there is none.

        Raises:
            FileError: the file is no longer there, or another one than was opened.
        """
        if not 0 <= place < self.patients.height:
            return None
        try:
            is_same = _state(self.path) == self.state
        except OSError as error:
            raise _unreadable(self.path, error) from None
        if not is_same:
            raise FileError(
                str(self.path),
                found="a file that was changed since the desk was started",
                expected="the results that it was started with",
                hint="start the desk again",
                code=ErrorCode.FILE_CHANGED,
            )
        patient = self.patients["patient_id"][place]
        return _collected(self.path, self.frame.filter(pl.col("patient_id").eq_missing(patient)))


_FAULTS = (OSError, UnicodeError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _collected(path: Path, frame: pl.LazyFrame) -> pl.DataFrame:
    """Return rows of a file of results.

    Raises:
        FileError: they cannot be read, or not any more.
    """
    try:
        return frame.collect()
    except _FAULTS as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> FileError:
    # What polars says quotes cells.
    found = getattr(error, "strerror", None) or "a file that cannot be read as a table"
    return FileError(str(path), found=found, expected="results of hla-match batch")
