"""One batch: patients searched one after another, kept in parts on disk, joined into one file at the end.

Parts make a batch restartable: a part is named after everything that decides it (registry snapshot, patient file,
criteria, policy), so that a second run takes up what the first finished and nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import polars as pl

from hla_match.errors import HlaMatchError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.matcher import Matcher
from registry_io.patient_file import PatientFile, read_patients
from registry_io.results_file import check_writable_ending, write_frame
from registry_io.store import CURRENT, open_registry

PART_SIZE = 250
"""Patients a part: what an interruption can cost."""

_STATUS_COLUMNS = {
    "patient_id": pl.String,
    "row": pl.Int64,
    "status": pl.String,
    "donors": pl.Int64,
    "reason": pl.String,
}

_RESULT_COLUMNS = ("patient_id", "rank", "donor_id", "scope", "matches_best", "matches_worst", "grades", "gvh", "hvg")


def status_path(out: Path) -> Path:
    """Return where the statuses of the patients stand: beside the results, under the same name but for the ending.

    >>> status_path(Path("run.1.csv.gz")).name
    'run.1.status.csv'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".status.csv")


class BatchRun:
    """A batch of patients over one registry."""

    def __init__(self, registry: Path, patients: Path, out: Path, criteria: SearchCriteria, policy: str) -> None:
        self._registry = open_registry(registry)
        self._file: PatientFile = read_patients(patients)
        self._out = out
        self._criteria = criteria
        self._policy = policy
        snapshot = (registry / CURRENT).read_text(encoding="utf-8")
        key = f"{snapshot}\n{self._file.checksum}\n{criteria.model_dump_json()}\n{policy}"
        self._parts = out.with_name(f".{out.name}.parts-{hashlib.sha256(key.encode()).hexdigest()[:16]}")

    def run(self) -> None:
        """Search every patient and write the results, the statuses and a summary."""
        matcher = Matcher(self._registry)
        self._parts.mkdir(parents=True, exist_ok=True)
        statuses: list[dict[str, str | int]] = []
        paths: list[Path] = []
        chunks = [self._file.patients[i : i + PART_SIZE] for i in range(0, len(self._file.patients), PART_SIZE)]
        with _progress(len(self._file.patients)) as advance:
            for number, chunk in enumerate(chunks):
                results, report = self._parts / f"{number}.parquet", self._parts / f"{number}.status.parquet"
                if not (results.exists() and report.exists()):
                    frames, rows = self._search(matcher, chunk)
                    write_frame(pl.concat(frames, how="diagonal"), results)
                    write_frame(pl.DataFrame(rows, schema=_STATUS_COLUMNS), report)
                paths.append(results)
                statuses += pl.read_parquet(report).to_dicts()
                advance(len(chunk))
        statuses += [
            {
                "patient_id": record.person_id,
                "row": record.row,
                "status": "error",
                "donors": 0,
                "reason": ": ".join(part for part in (record.column, record.reason, record.message) if part),
            }
            for record in self._file.quarantined
        ]
        frames = [pl.read_parquet(path) for path in paths]
        joined = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
        if not joined.height:
            # Nobody was found for anybody: the header stays what a reader of the file relies on.
            joined = pl.DataFrame(schema=dict.fromkeys(_RESULT_COLUMNS, pl.String))
        # The results come last: where they stand, the batch is complete.
        status_file = status_path(self._out)
        write_frame(pl.DataFrame(statuses, schema=_STATUS_COLUMNS).sort("row"), status_file)
        write_frame(joined, self._out)
        shutil.rmtree(self._parts, ignore_errors=True)
        failed = sum(row["status"] != "ok" for row in statuses)
        click.echo(
            f"{len(statuses):,} patients: {len(statuses) - failed:,} ok, {failed:,} with errors, "
            f"under {self._registry.nomenclature.title}\n"
            f"  {joined.height:,} rows in {self._out}\n"
            f"  statuses in {status_file}"
        )

    def _search(
        self, matcher: Matcher, chunk: list[tuple[int, Patient]]
    ) -> tuple[list[pl.DataFrame], list[dict[str, str | int]]]:
        frames: list[pl.DataFrame] = []
        rows: list[dict[str, str | int]] = []
        for row, patient in chunk:
            status: dict[str, str | int] = {
                "patient_id": patient.patient_id,
                "row": row,
                "status": "ok",
                "donors": 0,
                "reason": "",
            }
            try:
                matches = matcher.search(patient, self._criteria, policy=self._policy)
            except HlaMatchError as error:
                status |= {"status": "error", "reason": str(error)}
            else:
                status["donors"] = len(matches)
                frames.append(matches.to_polars())
            rows.append(status)
        return frames or [pl.DataFrame({"patient_id": pl.Series([], dtype=pl.String)})], rows


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Yield what is told of every part's patients: a bar on a terminal, a line a part elsewhere, on standard error."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("Patients", total=total)
            yield lambda count: progress.advance(task, count)
        return
    done = 0

    def say(count: int) -> None:
        nonlocal done
        done += count
        click.echo(f"{done:,} of {total:,} patients", err=True)

    yield say
