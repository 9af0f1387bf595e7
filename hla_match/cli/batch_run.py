"""One batch: patients searched one after another, kept in parts on disk, joined into one file at the end.

Parts make a batch restartable: they are named after the manifest, which holds everything that decides them, so that a
second run takes up what the first finished and nothing else.
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

from hla_match.cli.batch_manifest import batch_manifest
from hla_match.cli.counts import counted
from hla_match.cli.search_options import SearchRequest
from hla_match.encoding import LocusEncoder
from hla_match.errors import CriteriaError, HlaMatchError, TypingError
from hla_match.loci import LOCI
from hla_match.matching.criteria import Patient
from hla_match.matching.matcher import Matcher
from hla_match.matching.policies import policy_named
from hla_match.nomenclature.gl_string import half_width_hint
from registry_io.patient_file import PatientFile, read_patients
from registry_io.results_file import atomic_write, check_writable_ending, write_frame
from registry_io.store import open_registry, read_manifest

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
_PROBABILITY_COLUMNS = ("p0", "p1", "p2", "p3", "p4", "frequency_set", "fallback", "p_missing", "p_cut")
_GRADES = tuple(f"{locus}_grade" for locus in LOCI)
_SAY_EVERY = 100
"""Patients between two lines of progress where there is no terminal."""


def status_path(out: Path) -> Path:
    """Return where the statuses of the patients stand: beside the results, under the same name but for the ending.

    >>> status_path(Path("run.1.csv.gz")).name
    'run.1.status.csv'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".status.csv")


def manifest_path(out: Path) -> Path:
    """Return where the manifest stands: beside the results, under the same name but for the ending.

    >>> manifest_path(Path("run.1.csv.gz")).name
    'run.1.manifest.json'
    """
    return out.with_name(out.name[: -len(check_writable_ending(out))] + ".manifest.json")


def refuse_overwriting(out: Path, registry: Path, inputs: tuple[Path, ...]) -> None:
    """Refuse a result that would replace what is read to make it.

    Raises:
        CriteriaError: a file that is written is one that is read, or lies in the registry's folder.
    """
    for written in (out, status_path(out), manifest_path(out)):
        if written.resolve().is_relative_to(registry.resolve()):
            raise CriteriaError("output file", found=str(out), expected="a place outside the registry's folder")
        if written.exists() and any(path.exists() and written.samefile(path) for path in inputs):
            raise CriteriaError(
                "output file", found=str(out), expected=f"another name: {written.name} is a file that is read"
            )


class BatchRun:
    """A batch of patients over one registry."""

    def __init__(self, registry: Path, patients: Path, out: Path, request: SearchRequest) -> None:
        self._folder = registry
        self._registry = open_registry(registry)
        self._file: PatientFile = read_patients(patients, self._registry.nomenclature, self._registry.codes)
        for note in self._file.notes:
            click.echo(f"{patients}: {note}", err=True)
        self._out = out
        self._request = request
        self._policy = request.policy
        # Where there are no ages the day decides nothing, and must not part a batch from its continuation.
        without_ages = not self._registry.birth_date.any()
        self._criteria = request.criteria.model_copy(update={"as_of": None} if without_ages else {})
        request.say_unknown_donors(self._registry)
        self._sets = request.frequency_sets(self._registry)
        self._manifest = batch_manifest(
            self._registry,
            read_manifest(registry)[0].name,
            (patients, self._file),
            self._criteria,
            policy_named(request.policy),
            self._sets,
        )
        key = hashlib.sha256(self._manifest.encode()).hexdigest()[:16]
        self._parts = out.with_name(f".{out.name}.parts-{key}")

    def run(self) -> None:
        """Search every patient and write the results, the statuses, the manifest and a summary.

        Raises:
            KeyboardInterrupt: with a note that the same command goes on, where it does.
        """
        try:
            self._run()
        except KeyboardInterrupt as error:
            if self._parts.exists():
                error.add_note("what was finished is kept: the same command, started again, goes on from there")
            raise

    def _run(self) -> None:
        matcher = self._request.matcher(self._folder, self._registry, self._sets)
        self._parts.mkdir(parents=True, exist_ok=True)
        statuses: list[dict[str, str | int]] = []
        paths: list[Path] = []
        chunks = [self._file.patients[i : i + PART_SIZE] for i in range(0, len(self._file.patients), PART_SIZE)]
        with progress(len(self._file.patients), "patients", _SAY_EVERY) as advance:
            for number, chunk in enumerate(chunks):
                results, report = self._parts / f"{number}.parquet", self._parts / f"{number}.status.parquet"
                if results.exists() and report.exists():
                    advance(len(chunk))
                else:
                    frames, rows = self._search(matcher, chunk, advance)
                    write_frame(pl.concat(frames, how="diagonal"), results)
                    write_frame(pl.DataFrame(rows, schema=_STATUS_COLUMNS), report)
                paths.append(results)
                statuses += pl.read_parquet(report).to_dicts()
        statuses += [
            {
                "patient_id": record.person_id,
                "row": record.row,
                "status": "error",
                "donors": 0,
                "reason": record.summary,
            }
            for record in self._file.quarantined
        ]
        frames = [pl.read_parquet(path) for path in paths]
        joined = self._joined(frames)
        # The results come last: where they stand, the batch is complete.
        status_file, manifest_file = status_path(self._out), manifest_path(self._out)
        write_frame(pl.DataFrame(statuses, schema=_STATUS_COLUMNS).sort("row"), status_file)
        with atomic_write(manifest_file) as handle:
            handle.write(self._manifest.encode())
        write_frame(joined, self._out)
        shutil.rmtree(self._parts, ignore_errors=True)
        failed = sum(row["status"] != "ok" for row in statuses)
        frequencies = "" if self._sets is None else f"  frequencies: {self._sets}\n"
        click.echo(
            f"{counted(len(statuses), 'patient')}: {len(statuses) - failed:,} ok, {failed:,} with errors, "
            f"under {self._registry.nomenclature.title}\n{frequencies}"
            f"  {counted(joined.height, 'row')} in {self._out}\n"
            f"  statuses in {status_file}, what the batch was made from in {manifest_file}"
        )

    def _joined(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Return the parts as one table, whose columns do not depend on the order of the patients."""
        joined = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
        if not joined.height:
            # Nobody was found for anybody: the header stays what a reader of the file relies on.
            probabilities = () if self._sets is None else _PROBABILITY_COLUMNS
            joined = pl.DataFrame(schema=dict.fromkeys((*_RESULT_COLUMNS, *probabilities), pl.String))
        joined = joined.with_columns(nomenclature=pl.lit(self._registry.nomenclature.title))
        grades = [name for name in _GRADES if name in joined.columns]
        at = min((joined.columns.index(name) for name in grades), default=0)
        others = [name for name in joined.columns if name not in (*grades, "nomenclature")]
        return joined.select(*others[:at], *grades, *others[at:], "nomenclature")

    def _search(
        self, matcher: Matcher, chunk: list[tuple[int, Patient]], advance: Callable[[int], None]
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
                status |= {"status": "error", "reason": self._reason(patient, error)}
            else:
                status["donors"] = len(matches)
                if matches.prediction is not None and matches.prediction.patient_missing:
                    missing = ", ".join(matches.prediction.patient_missing)
                    status["reason"] = f"no frequencies explain the patient at {missing}"
                frames.append(matches.to_polars())
            rows.append(status)
            advance(1)
        return frames or [pl.DataFrame({"patient_id": pl.Series([], dtype=pl.String)})], rows

    def _reason(self, patient: Patient, error: HlaMatchError) -> str:
        """Return why a patient was not searched; of typings column, reason and hint, not what stands there."""
        found = []
        for locus in self._registry.loci if isinstance(error, TypingError) else ():
            try:
                encoder = LocusEncoder(self._registry.nomenclature, locus, self._registry.codes)
                encoder.carried(*patient.typings.get(locus, ("", "")))
            except TypingError as fault:
                hint = fault.hint or half_width_hint(fault.text)
                found.append(f"{locus}: {fault.reason}: expected {fault.expected}{'; ' if hint else ''}{hint}")
        return "; ".join(found) or str(error)


@contextmanager
def progress(total: int, what: str, say_every: int) -> Iterator[Callable[[int], None]]:
    """Yield what is told of persons that are done: a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(what.capitalize(), total=total)
            yield lambda count: bar.advance(task, count)
        return
    done = 0

    def say(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if done == total or done // say_every > before // say_every:
            click.echo(f"{done:,} of {total:,} {what}", err=True)

    yield say
