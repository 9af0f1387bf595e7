"""One batch: patients searched one after another, kept in parts on disk, joined into one file at the end.

Parts make a batch restartable: a part is named after everything that decides it (registry snapshot, patient file,
criteria, policy), so that a second run takes up what the first finished and nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import polars as pl

from hla_match.errors import HlaMatchError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.matcher import Matcher
from registry_io.patient_file import PatientFile, read_patients
from registry_io.results_file import write_frame
from registry_io.store import CURRENT, open_registry

PART_SIZE = 250
"""Patients a part: what an interruption can cost."""


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
        for number, chunk in enumerate(_progress(chunks, len(self._file.patients))):
            results, report = self._parts / f"{number}.parquet", self._parts / f"{number}.status.parquet"
            if not (results.exists() and report.exists()):
                frames, rows = self._search(matcher, chunk)
                write_frame(pl.concat(frames, how="diagonal"), results)
                write_frame(pl.DataFrame(rows), report)
            paths.append(results)
            statuses += pl.read_parquet(report).to_dicts()
        statuses += [
            {
                "patient_id": record.person_id,
                "row": record.row,
                "status": "error",
                "donors": 0,
                "reason": f"{record.column}: {record.reason}: {record.message}",
            }
            for record in self._file.quarantined
        ]
        frames = [pl.read_parquet(path) for path in paths]
        joined = pl.concat(frames, how="diagonal") if frames else pl.DataFrame({"patient_id": [], "donor_id": []})
        write_frame(joined, self._out)
        status_path = self._out.with_name(self._out.name.split(".")[0] + ".status.csv")
        write_frame(pl.DataFrame(statuses).sort("row"), status_path)
        shutil.rmtree(self._parts, ignore_errors=True)
        failed = sum(row["status"] != "ok" for row in statuses)
        click.echo(
            f"{len(statuses):,} patients, {len(statuses) - failed:,} ok, {failed:,} with errors; "
            f"{joined.height:,} rows in {self._out}; statuses in {status_path}; {self._registry.nomenclature.title}"
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


def _progress(chunks: list[list[tuple[int, Patient]]], total: int) -> Iterator[list[tuple[int, Patient]]]:
    """Show a bar on a terminal; elsewhere the chunks pass in silence and the summary speaks."""
    if not sys.stderr.isatty():
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Patients", total=total)
        for chunk in chunks:
            yield chunk
            progress.advance(task, len(chunk))
