"""What a batch has finished, in parts on disk: so that it can be taken up again, and need not fit in memory.

The folder of the parts is named after the manifest, which holds everything that decides them: a second run takes up
what the first finished and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from hla_match.errors import BrokenPartsError
from hla_match.loci import LOCI
from hla_match.reporting.fact_columns import FACT_COLUMNS
from registry_io.tables.sealed_parts import Range, SealedParts
from registry_io.tables.spreadsheet_text import neutral_frame, neutral_text

STATUS_COLUMNS = {
    "patient_id": pl.String,
    "row": pl.Int64,
    "status": pl.String,
    "donors": pl.Int64,
    "reason": pl.String,
}

_RESULT_COLUMNS = ("patient_id", "rank", "donor_id", "scope", "matches_best", "matches_worst", "grades", "gvh", "hvg")
_DONOR_COLUMNS = ("status", "resolution", "patient_typing", "donor_typing")
_PROBABILITY_COLUMNS = ("p0", "p1", "p2", "p3", "p4", "frequency_set", "fallback", "p_missing", "p_cut")
_GRADES = tuple(f"{locus}_grade" for locus in LOCI)


class BatchParts:
    """The parts of one batch.

    Attributes:
        folder: where they lie.
        broken: why reading them ended early, or None; not every version of polars passes on what a source raises.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broken: BrokenPartsError | None = None
        self._parts = SealedParts(folder, ("results", "status"))

    def take_up(self) -> list[Range]:
        """Return the ranges of patients that an earlier run finished and that are as it wrote them."""
        return self._parts.take_up()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is finished that a later run could take up."""
        return not self._parts.standing()

    def finished(self) -> list[Range]:
        """Return the ranges of patients that are finished, from the first patient on without a gap."""
        ranges: list[Range] = []
        for part in self._parts.standing():
            if part[0] == (ranges[-1][1] if ranges else 0):
                ranges.append(part)
        return ranges

    def write(self, patients: Range, frames: Sequence[pl.DataFrame], statuses: Sequence[dict[str, object]]) -> None:
        """Write the results and statuses of a range of patients.

        Raises:
            FileError: they cannot be written, or what was written before is gone.
        """
        found = [frame for frame in frames if frame.width] or [pl.DataFrame(schema={"patient_id": pl.String})]
        results = pl.concat(found, how="diagonal")
        self._parts.write(patients, {"results": results, "status": pl.DataFrame(statuses, schema=STATUS_COLUMNS)})

    def statuses(self) -> pl.DataFrame:
        """Return the statuses of all finished patients.

        Raises:
            BrokenPartsError: a part is no longer what was written.
        """
        empty = pl.DataFrame(schema=STATUS_COLUMNS)
        return pl.concat([empty, *(self._parts.read(part, "status") for part in self.finished())])

    def n_rows(self) -> int:
        """Return the number of rows of all parts that stand, also of those behind a gap."""
        return sum(int(self._parts.read(part, "status")["donors"].sum()) for part in self._parts.standing())

    def joined(self, nomenclature: str, *, probabilities: bool, n_rows: int, raw_text: bool = True) -> pl.LazyFrame:
        """Return the parts as one table, read when it is written, whose columns do not depend on the patients' order.

        Args:
            nomenclature: the title that every row bears.
            probabilities: whether there are frequencies.
            n_rows: the number of rows; of none the columns alone are left.
            raw_text: whether text stays that a spreadsheet would take for a formula.

        Reading it raises BrokenPartsError where a part is no longer what was written, or there are not so many rows.
        """
        empty = self._empty(probabilities, n_rows)
        title = pl.lit(nomenclature if raw_text else neutral_text(nomenclature)).alias("nomenclature")

        def as_written(frame: pl.DataFrame) -> pl.DataFrame:
            return (frame if raw_text else neutral_frame(frame)).with_columns(title)

        def rows(columns: list[str] | None, *_: object) -> Iterator[pl.DataFrame]:
            try:
                for frame in self._results(n_rows):
                    written = as_written(pl.concat([empty, frame], how="diagonal"))
                    yield written if columns is None else written.select(columns)
            except BrokenPartsError as error:
                self.broken = error
                raise

        return register_io_source(rows, schema=as_written(empty).schema)

    def remove(self) -> None:
        """Delete the parts."""
        self._parts.remove()

    def _results(self, n_rows: int) -> Iterator[pl.DataFrame]:
        """Yield the results part by part, if there are so many rows in all."""
        n_read = 0
        for part in self.finished() if n_rows else ():
            results = self._parts.read(part, "results")
            n_read += results.height
            yield results
        if n_read != n_rows:
            raise BrokenPartsError(
                str(self.folder),
                found=f"{n_read:,} rows",
                expected=f"{n_rows:,}, as the statuses say",
                hint="no result was written; remove the folder, and start the same command again",
            )

    def _empty(self, probabilities: bool, n_rows: int) -> pl.DataFrame:
        """Return the table without its rows: the columns that any part has, grades in the order of the loci."""
        schema: dict[str, pl.DataType] = {}
        for part in self.finished():
            schema |= self._parts.schema(part, "results")
        if not n_rows:
            # Nobody was found for anybody: the header stays what a reader of the file relies on.
            names = (*_RESULT_COLUMNS, *(_PROBABILITY_COLUMNS if probabilities else ()), *_DONOR_COLUMNS, *FACT_COLUMNS)
            schema = {name: pl.String() for name in names}
        grades = [name for name in _GRADES if name in schema]
        at = min((list(schema).index(name) for name in grades), default=0)
        others = [name for name in schema if name not in grades]
        return pl.DataFrame(schema={name: schema[name] for name in (*others[:at], *grades, *others[at:])})
