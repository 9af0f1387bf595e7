"""One batch: patients searched by threads or a cluster, kept in parts on disk, joined into one file at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from hla_match.choice.policies import policy_named
from hla_match.cli.batch_files import complete_statuses, write_batch
from hla_match.cli.batch_manifest import batch_manifest
from hla_match.cli.batch_outputs import manifest_path, other_parts, parts_folder, status_path, take_over_parts
from hla_match.cli.batch_parts import BatchParts
from hla_match.cli.batch_size import BatchSize
from hla_match.cli.cautions import print_cautions
from hla_match.cli.counts import counted
from hla_match.cli.frequency_sets import FrequencySets
from hla_match.cli.messages import say
from hla_match.cli.progress import progress
from hla_match.cli.search_options import SearchRequest
from hla_match.cli.workforce import Workforce
from hla_match.donors.registry import Registry
from hla_match.errors import BrokenPartsError, FileError, HlaMatchError, TypingError
from hla_match.matching.criteria import Patient
from hla_match.searches.batch import MatcherSource, PatientBlock, PatientOutcome, search_blocks
from hla_match.searches.matcher import Matcher
from registry_io.persons.patient_file import PatientFile, read_patients
from registry_io.tables.sealed_parts import Range
from registry_io.tables.spreadsheet_values import typing_hint

PART_SIZE = 250
"""Patients a part, about: what an interruption can cost."""

_SAY_EVERY = 100
"""Patients between two lines of progress where there is no terminal."""


_GOES_ON = "what was finished is kept: the same command, started again, goes on from there"


class BatchRun:
    """A batch of patients over one registry; whoever makes one holds the lock of the files that it writes.

    Args:
        registry: its folder, and the registry opened from it.
        patients: file of the patients.
        out: file of the results.
        request: what the options ask for.
        sets: the frequencies asked for.
        workforce: who searches.
        raw_text: whether text stays that a spreadsheet would take for a formula.
    """

    def __init__(
        self,
        registry: tuple[Path, Registry],
        patients: Path,
        out: Path,
        request: SearchRequest,
        sets: FrequencySets | None,
        workforce: Workforce,
        *,
        raw_text: bool = False,
    ) -> None:
        self._folder, self._registry = registry
        self._file: PatientFile = read_patients(
            patients,
            self._registry.nomenclature,
            self._registry.codes,
            ambiguous_nulls=request.criteria.ambiguous_nulls or self._registry.ambiguous_nulls,
            today=request.criteria.as_of,
        )
        for note in self._file.notes:
            say(f"{patients}: {note}", err=True)
        self._out = out
        self._request = request
        self._workforce = workforce
        self._raw_text = raw_text
        self._policy = request.policy
        # Where there are no ages the day decides nothing, and must not part a batch from its continuation.
        without_ages = not self._registry.attribute_codes["birth_date"].any()
        self._criteria = request.criteria.model_copy(update={"as_of": None} if without_ages else {})
        request.say_unknown_donors(self._registry)
        self._sets = sets
        self._manifest = batch_manifest(
            self._registry,
            (patients, self._file),
            self._criteria,
            policy_named(request.policy),
            self._sets,
            raw_text=raw_text,
        )
        self._key = hashlib.sha256(self._manifest.encode()).hexdigest()[:16]
        self._parts = BatchParts(parts_folder(out, self._key))
        self._size = BatchSize(out, len(self._file.patients), self._registry.n_donors, self._criteria.limit)

    def run(self) -> None:
        """Search every patient and write the results, the statuses, the manifest and a summary.

        Raises:
            KeyboardInterrupt: with a note that the same command goes on, where it does.
            FileError: a file cannot be written; with the same hint.
            BrokenPartsError: what was finished was changed from outside; the files of an earlier run are as they were.
        """
        finished = self._take_up()
        try:
            self._search(finished)
            statuses = complete_statuses(self._parts, self._file)
            write_batch(
                self._out,
                self._parts,
                statuses,
                self._manifest,
                self._registry.nomenclature.title,
                probabilities=self._sets is not None,
                raw_text=self._raw_text,
            )
        except KeyboardInterrupt as error:
            if not self._parts.is_empty:
                error.add_note(_GOES_ON)
            raise
        except BrokenPartsError:
            raise
        except FileError as error:
            raise error if self._parts.is_empty else error.with_hint(_GOES_ON) from error
        finally:
            if self._parts.is_empty:
                self._parts.remove()
        # Not before the last file has its name: a process that is killed between two names finds them again.
        self._parts.remove()
        self._say_written(statuses)

    def _take_up(self) -> list[Range]:
        """Return the ranges of patients that an earlier run finished, and say what others left."""
        if (other := take_over_parts(self._out, self._key)) is not None:
            say(f"going on from what was finished for {other.name}", err=True)
        for folder in other_parts(self._out, self._key):
            say(
                f"note: {folder} holds what another batch for {self._out.name} finished (other options, another day or "
                "another file); its command goes on from there; remove the folder if that is not wanted",
                err=True,
            )
        finished = self._parts.take_up()
        if finished:
            self._size.count(sum(stop - start for start, stop in finished), self._parts.n_rows())
        return finished

    def _search(self, finished: list[Range]) -> None:
        """Search the patients that no finished part has, and write them in parts."""
        n_patients = len(self._file.patients)
        self._size.say_bound()
        with progress(n_patients, "patients", _SAY_EVERY) as advance:
            for start, stop in finished:
                advance(stop - start)
            stops = [0, *(stop for _, stop in finished)]
            starts = [*(start for start, _ in finished), n_patients]
            for start, stop in zip(stops, starts, strict=True):
                if start < stop:
                    self._search_range(start, stop, advance)

    def _search_range(self, start: int, end: int, advance: Callable[[int], None]) -> None:
        stop, held = start, 0
        frames: list[pl.DataFrame] = []
        statuses: list[dict[str, object]] = []
        for block in self._blocks([patient for _, patient in self._file.patients[start:end]]):
            self._size.count(len(block.patients), block.frame.height, block.frame)
            frames.append(block.frame)
            for outcome in block.outcomes():
                statuses.append(self._status(self._file.patients[stop][0], outcome))
                stop += 1
                advance(1)
            held += int(block.frame.estimated_size())
            if stop == end or stop - start >= PART_SIZE or 2 * held >= self._workforce.memory:
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

    def _say_written(self, statuses: pl.DataFrame) -> None:
        failed = int((statuses["status"] != "ok").sum())
        say(
            f"{counted(statuses.height, 'patient')}: {statuses.height - failed:,} ok, {failed:,} with errors, "
            f"under {self._registry.nomenclature.title}",
            *([] if self._sets is None else [f"  frequencies: {self._sets}"]),
            f"  {counted(int(statuses['donors'].sum()), 'row')} in {self._out}",
            f"  statuses in {status_path(self._out)}, what the batch was made from in {manifest_path(self._out)}",
        )
        print_cautions(self._file.cautions)

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
                encoder = self._registry.encoder(locus, self._criteria.ambiguous_nulls)
                encoder.with_nulls(*patient.typings.get(locus, ("", "")))
            except TypingError as fault:
                hint = typing_hint(fault.text, fault.hint)
                found.append(f"{locus}: {fault.reason}: expected {fault.expected}{'; ' if hint else ''}{hint}")
        return "; ".join(found) or str(error)
