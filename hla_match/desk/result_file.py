"""The results of a night run, patient by patient; the file is named when the desk is started, and by no page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import FileError

_NEEDED = ("patient_id", "rank", "donor_id")
_TEXT = (".csv", ".csv.gz", ".tsv")


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A table of results as `hla-match batch` writes it, one row a donor of a patient.

    Attributes:
        name: of the file, without its folder.
        frame: its rows, texts as they stand there.
        patients: one row a patient, in the order of the file: `patient_id`, `n` donors, and of the first of them
            `donor_id`, `matches_best`, `p0` as far as the file has them.
    """

    name: str
    frame: pl.DataFrame
    patients: pl.DataFrame

    @classmethod
    def open(cls, path: Path) -> ResultFile:
        """Read a file of results: Parquet, or CSV.

        Raises:
            FileError: it cannot be read, or is no table of results.
        """
        name = path.name.lower()
        try:
            if name.endswith(".parquet"):
                frame = pl.read_parquet(path)
            elif name.endswith(_TEXT):
                separator = "\t" if name.endswith(".tsv") else ","
                frame = pl.read_csv(path, separator=separator, infer_schema=False, truncate_ragged_lines=False)
            else:
                raise FileError(
                    str(path), found="another ending", expected=f"results in .parquet or one of {', '.join(_TEXT)}"
                )
        except (OSError, pl.exceptions.PolarsError, UnicodeError) as error:
            # What polars says quotes cells.
            found = getattr(error, "strerror", None) or "a file that cannot be read as a table"
            raise FileError(str(path), found=found, expected="results of hla-match batch") from None
        missing = [column for column in _NEEDED if column not in frame.columns]
        if missing:
            expected = f"the columns {', '.join(_NEEDED)} of results of hla-match batch"
            raise FileError(str(path), found=f"no column {', '.join(missing)}", expected=expected)
        frame = frame.with_columns(pl.col("patient_id", "donor_id").cast(pl.String))
        shown = [column for column in ("donor_id", "matches_best", "p0", "p1") if column in frame.columns]
        patients = frame.group_by("patient_id", maintain_order=True).agg(pl.len().alias("n"), pl.col(shown).first())
        return cls(path.name, frame, patients)

    def of_patient(self, place: int) -> pl.DataFrame | None:
        """Return the rows of a patient by the place in `patients`, from 0; None where there is none."""
        if not 0 <= place < self.patients.height:
            return None
        return self.frame.filter(pl.col("patient_id").eq_missing(self.patients["patient_id"][place]))
