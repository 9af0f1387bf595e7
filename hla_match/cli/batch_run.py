"""One batch: patients searched by threads or a cluster, kept in parts on disk, joined into one file at the end."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from hla_match.cli.batch_manifest import batch_manifest
from hla_match.cli.batch_outputs import manifest_path, status_path
from hla_match.cli.batch_parts import STATUS_COLUMNS, BatchParts
from hla_match.cli.cautions import print_cautions
from hla_match.cli.counts import counted
from hla_match.cli.frequency_sets import FrequencySets
from hla_match.cli.messages import bars, say
from hla_match.cli.search_options import SearchRequest
from hla_match.cli.workforce import Workforce
from hla_match.encoding import LocusEncoder
from hla_match.errors import HlaMatchError, TypingError
from hla_match.matching.batch import MatcherSource, PatientBlock, PatientOutcome, search_blocks
from hla_match.matching.criteria import Patient
from hla_match.matching.matcher import Matcher
from hla_match.matching.policies import policy_named
from hla_match.registry import Registry
from registry_io.durable_files import atomic_write
from registry_io.patient_file import PatientFile, read_patients
from registry_io.results_file import write_frame, write_rows
from registry_io.spreadsheet_values import typing_hint

PART_SIZE = 250
"""Patients a part, about: what an interruption can cost."""

_SAY_EVERY = 100
"""Patients between two lines of progress where there is no terminal."""


class BatchRun:
    """A batch of patients over one registry.

    Args:
        registry: its folder, and the registry opened from it.
        patients: file of the patients.
        out: file of the results.
        request: what the options ask for.
        sets: the frequencies asked for.
        workforce: who searches.
    """

    def __init__(
        self,
        registry: tuple[Path, Registry],
        patients: Path,
        out: Path,
        request: SearchRequest,
        sets: FrequencySets | None,
        workforce: Workforce,
    ) -> None:
        self._folder, self._registry = registry
        self._file: PatientFile = read_patients(
            patients, self._registry.nomenclature, self._registry.codes, today=request.criteria.as_of
        )
        for note in self._file.notes:
            say(f"{patients}: {note}", err=True)
        self._out = out
        self._request = request
        self._workforce = workforce
        self._policy = request.policy
        # Where there are no ages the day decides nothing, and must not part a batch from its continuation.
        without_ages = not self._registry.birth_date.any()
        self._criteria = request.criteria.model_copy(update={"as_of": None} if without_ages else {})
        request.say_unknown_donors(self._registry)
        self._sets = sets
        self._manifest = batch_manifest(
            self._registry,
            (patients, self._file),
            self._criteria,
            policy_named(request.policy),
            self._sets,
        )
        key = hashlib.sha256(self._manifest.encode()).hexdigest()[:16]
        self._parts = BatchParts(out.with_name(f".{out.name}.parts-{key}"))

    def run(self) -> None:
        """Search every patient and write the results, the statuses, the manifest and a summary.

        Raises:
            KeyboardInterrupt: with a note that the same command goes on, where it does.
        """
        try:
            self._run()
        except KeyboardInterrupt as error:
            if self._parts.folder.exists():
                error.add_note("what was finished is kept: the same command, started again, goes on from there")
            raise

    def _run(self) -> None:
        self._search()
        quarantined = [
            {
                "patient_id": record.person_id,
                "row": record.row,
                "status": "error",
                "donors": 0,
                "reason": record.summary,
            }
            for record in self._file.quarantined
        ]
        statuses = pl.concat([self._parts.statuses(), pl.DataFrame(quarantined, schema=STATUS_COLUMNS)]).sort("row")
        n_rows = int(statuses["donors"].sum())
        title = self._registry.nomenclature.title
        joined = self._parts.joined(title, probabilities=self._sets is not None, n_rows=n_rows)
        # The results come last: where they stand, the batch is complete.
        status_file, manifest_file = status_path(self._out), manifest_path(self._out)
        write_frame(statuses, status_file)
        with atomic_write(manifest_file) as handle:
            handle.write(self._manifest.encode())
        write_rows(joined, n_rows, self._out)
        self._parts.remove()
        failed = int((statuses["status"] != "ok").sum())
        say(
            f"{counted(statuses.height, 'patient')}: {statuses.height - failed:,} ok, {failed:,} with errors, "
            f"under {title}",
            *([] if self._sets is None else [f"  frequencies: {self._sets}"]),
            f"  {counted(n_rows, 'row')} in {self._out}",
            f"  statuses in {status_file}, what the batch was made from in {manifest_file}",
        )
        print_cautions(self._file.cautions)

    def _search(self) -> None:
        """Search the patients that no finished part has, and write them in parts."""
        patients = self._file.patients
        with progress(len(patients), "patients", _SAY_EVERY) as advance:
            start = 0
            for _, stop in self._parts.finished():
                advance(stop - start)
                start = stop
            if start == len(patients):
                return
            stop, held = start, 0
            frames: list[pl.DataFrame] = []
            statuses: list[dict[str, object]] = []
            for block in self._blocks([patient for _, patient in patients[start:]]):
                frames.append(block.frame)
                for outcome in block.outcomes():
                    statuses.append(self._status(patients[stop][0], outcome))
                    stop += 1
                    advance(1)
                held += int(block.frame.estimated_size())
                if stop == len(patients) or stop - start >= PART_SIZE or 2 * held >= self._workforce.memory:
                    self._parts.write((start, stop), frames, statuses)
                    start, held, frames, statuses = stop, 0, [], []

    def _blocks(self, patients: list[Patient]) -> Iterator[PatientBlock]:
        # Where a cluster searches, this process imputes the donors, once, and keeps them for all workers.
        source: Matcher | MatcherSource = self._request.matcher(self._folder, self._registry, self._sets, threads=1)
        with self._workforce.at_work() as (workers, at_once, block):
            if not isinstance(workers, int):
                source = replace(self._request.source(self._folder), snapshot=self._registry.snapshot)
            yield from search_blocks(
                source,
                patients,
                self._criteria,
                policy=self._policy,
                workers=workers,
                shards=self._workforce.shards,
                # The other half is what a part gathers.
                memory=max(1, self._workforce.memory // 2),
                block=min(block, PART_SIZE),
                in_flight=2 * at_once,
            )

    def _status(self, row: int, outcome: PatientOutcome) -> dict[str, object]:
        failure = [] if outcome.error is None else [self._reason(outcome.patient, outcome.error)]
        reasons = (*failure, *outcome.notices, self._file.warnings.get(row, ""))
        return {
            "patient_id": outcome.patient.patient_id,
            "row": row,
            "status": "ok" if outcome.error is None else "error",
            "donors": outcome.frame.height,
            "reason": "; ".join(filter(None, reasons)),
        }

    def _reason(self, patient: Patient, error: HlaMatchError) -> str:
        """Return why a patient was not searched; of typings column, reason and hint, not what stands there."""
        found = []
        for locus in self._registry.loci if isinstance(error, TypingError) else ():
            try:
                encoder = LocusEncoder(self._registry.nomenclature, locus, self._registry.codes)
                encoder.carried(*patient.typings.get(locus, ("", "")))
            except TypingError as fault:
                hint = typing_hint(fault.text, fault.hint)
                found.append(f"{locus}: {fault.reason}: expected {fault.expected}{'; ' if hint else ''}{hint}")
        return "; ".join(found) or str(error)


@contextmanager
def progress(total: int, what: str, say_every: int) -> Iterator[Callable[[int], None]]:
    """Yield what is told of persons that are done: a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        with bars() as bar:
            task = bar.add_task(what.capitalize(), total=total)
            yield lambda count: bar.advance(task, count)
        return
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if done == total or done // say_every > before // say_every:
            say(f"{done:,} of {total:,} {what}", err=True)

    yield tell
