"""What a batch has finished, in parts on disk: so that it can be taken up again, and need not fit in memory.

The folder of the parts is named after the manifest, which holds everything that decides them: a second run takes up
what the first finished and nothing else. Each part is a range of patients and bears it in its name.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.loci import LOCI
from registry_io.results_file import write_frame

STATUS_COLUMNS = {
    "patient_id": pl.String,
    "row": pl.Int64,
    "status": pl.String,
    "donors": pl.Int64,
    "reason": pl.String,
}

_RESULT_COLUMNS = ("patient_id", "rank", "donor_id", "scope", "matches_best", "matches_worst", "grades", "gvh", "hvg")
_PROBABILITY_COLUMNS = ("p0", "p1", "p2", "p3", "p4", "frequency_set", "fallback", "p_missing", "p_cut")
_GRADES = tuple(f"{locus}_grade" for locus in LOCI)
_NAME = re.compile(r"(\d+)-(\d+)\.status\.parquet")


@dataclass(frozen=True, slots=True)
class BatchParts:
    """The parts of one batch.

    Attributes:
        folder: where they lie.
    """

    folder: Path

    def finished(self) -> list[tuple[int, int]]:
        """Return the ranges of patients that are finished, from the first patient on without a gap."""
        stop_of: dict[int, int] = {}
        for path in self.folder.glob("*.status.parquet"):
            # The status is written last: where it stands, the part is complete.
            if (name := _NAME.fullmatch(path.name)) is not None:
                start, stop = int(name[1]), int(name[2])
                stop_of[start] = max(stop, stop_of.get(start, 0))
        ranges: list[tuple[int, int]] = []
        reached = 0
        while reached in stop_of:
            ranges.append((reached, stop_of[reached]))
            reached = stop_of[reached]
        return ranges

    def write(
        self, patients: tuple[int, int], frames: Sequence[pl.DataFrame], statuses: Sequence[dict[str, object]]
    ) -> None:
        """Write the results and statuses of a range of patients.

        Raises:
            FileError: they cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        found = [frame for frame in frames if frame.width] or [pl.DataFrame(schema={"patient_id": pl.String})]
        write_frame(pl.concat(found, how="diagonal"), self._results(patients))
        write_frame(pl.DataFrame(statuses, schema=STATUS_COLUMNS), self._statuses(patients))

    def statuses(self) -> pl.DataFrame:
        """Return the statuses of all finished patients."""
        empty = pl.DataFrame(schema=STATUS_COLUMNS)
        return pl.concat([empty, *(pl.read_parquet(self._statuses(part)) for part in self.finished())])

    def joined(self, nomenclature: str, *, probabilities: bool, n_rows: int) -> pl.LazyFrame:
        """Return the parts as one table, not yet read, whose columns do not depend on the order of the patients.

        Args:
            nomenclature: the title that every row bears.
            probabilities: whether there are frequencies.
            n_rows: the number of rows; of none the columns alone are left.
        """
        paths = [self._results(part) for part in self.finished()]
        schema: dict[str, pl.DataType] = {}
        for path in paths:
            schema |= pl.read_parquet_schema(path)
        if n_rows:
            # As one scan the parts are read one after another; lazy tables put together would all be open at once.
            joined = pl.scan_parquet(paths, schema=schema, missing_columns="insert", glob=False)
        else:
            # Nobody was found for anybody: the header stays what a reader of the file relies on.
            names = (*_RESULT_COLUMNS, *(_PROBABILITY_COLUMNS if probabilities else ()))
            joined = pl.LazyFrame(schema=dict.fromkeys(names, pl.String))
        columns = joined.collect_schema().names()
        grades = [name for name in _GRADES if name in columns]
        at = min((columns.index(name) for name in grades), default=0)
        others = [name for name in columns if name not in grades]
        return joined.select(*others[:at], *grades, *others[at:], pl.lit(nomenclature).alias("nomenclature"))

    def remove(self) -> None:
        """Delete the parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _results(self, patients: tuple[int, int]) -> Path:
        return self.folder / f"{patients[0]}-{patients[1]}.parquet"

    def _statuses(self, patients: tuple[int, int]) -> Path:
        return self.folder / f"{patients[0]}-{patients[1]}.status.parquet"
