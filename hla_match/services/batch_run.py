"""One batch: patients are searched, kept in parts on disk, and joined into one file at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from hla_match.errors import BrokenPartsError, FileError, HlaMatchError, TypingError
from hla_match.matching.criteria import Patient
from hla_match.searches.batch import MatcherSource, open_source, opened_source, search_blocks
from hla_match.searches.matcher import Matcher
from hla_match.searches.patient_blocks import PatientAnswer, PatientBlock
from hla_match.services.batch_files import complete_statuses, write_batch
from hla_match.services.batch_manifest import batch_manifest
from hla_match.services.batch_outputs import existing_error, other_parts, parts_folder, take_over_parts
from hla_match.services.batch_parts import BatchParts
from hla_match.services.batch_size import BatchSize
from hla_match.services.executors import GOES_ON, ExecutorConfig, ExecutorKind
from hla_match.services.notices import NoticeKind, OnProgress
from hla_match.services.searched_registry import SearchedRegistry
from hla_match.services.shared_work import shared_work
from registry_io.persons.patient_file import PatientFile, read_patients
from registry_io.tables.frame_table import FrameTable
from registry_io.tables.sealed_parts import Range
from registry_io.tables.spreadsheet_values import typing_hint

PART_SIZE = 250
"""Patients a part, about: what an interruption can cost."""


class BatchRun:
    """A batch of patients over one registry; whoever makes one holds the lock of the files that it writes.

    Args:
        searched: the registry, the frequencies and what is asked of them.
        patients: file or frame of the patients.
        out: file of the results.
        executor: who searches.
        raw_text: whether text stays that a spreadsheet would take for a formula.
        overwrite: whether a result of that name may be replaced, although another batch for it was interrupted.
        on_progress: is called with the number of patients that are done, and of all.
    """

    def __init__(
        self,
        searched: SearchedRegistry,
        patients: Path | FrameTable,
        out: Path,
        executor: ExecutorConfig,
        *,
        raw_text: bool = False,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._searched, self._registry, self._notices = searched, searched.registry, searched.notices
        criteria = searched.request.criteria
        self._file: PatientFile = read_patients(
            patients,
            self._registry.nomenclature,
            self._registry.codes,
            ambiguous_nulls=criteria.ambiguous_nulls or self._registry.ambiguous_nulls,
            today=criteria.as_of,
        )
        for note in self._file.notes:
            self._notices.add(NoticeKind.NOTE, note, str(patients))
        self._out = out
        self._executor = executor
        self._raw_text, self._overwrite = raw_text, overwrite
        self._on_progress = on_progress
        self._n_done = 0
        self._policy = searched.ranking
        # Where there are no ages the day decides nothing, and must not part a batch from its continuation.
        without_ages = not self._registry.attribute_codes["birth_date"].any()
        self._criteria = criteria.model_copy(update={"as_of": None} if without_ages else {})
        searched.note_unknown_donors()
        self._manifest = batch_manifest(
            self._registry,
            (patients.name, self._file),
            self._criteria,
            self._policy,
            searched.sets,
            raw_text=raw_text,
        )
        self._key = hashlib.sha256(self._manifest.encode()).hexdigest()[:16]
        self._parts = BatchParts(parts_folder(out, self._key))
        n_patients, n_donors = len(self._file.patients), self._registry.n_donors
        self._size = BatchSize(out, n_patients, n_donors, self._criteria.limit, self._notices)

    @property
    def checksum(self) -> str:
        """SHA-256 of the file of patients, or of their frame as CSV."""
        return self._file.checksum

    def run(self) -> pl.DataFrame:
        """Search every patient, write the results, the statuses and the manifest, and return the statuses.

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
                probabilities=self._searched.sets is not None,
                raw_text=self._raw_text,
            )
        except KeyboardInterrupt as error:
            if not self._parts.is_empty:
                error.add_note(GOES_ON)
            raise
        except BrokenPartsError:
            raise
        except FileError as error:
            raise error if self._parts.is_empty else error.with_hint(GOES_ON) from error
        finally:
            if self._parts.is_empty:
                self._parts.remove()
        # Not before the last file has its name: a process that is killed between two names finds them again.
        self._parts.remove()
        for caution in self._file.cautions:
            self._notices.add(NoticeKind.CAUTION, caution)
        return statuses

    def _take_up(self) -> list[Range]:
        """Return the ranges of patients that an earlier run finished, and note what others left."""
        if not self._overwrite and self._out.exists() and not self._parts.folder.is_dir():
            # What lies beside it was finished for another batch.
            raise existing_error(self._out)
        if (other := take_over_parts(self._out, self._key)) is not None:
            self._notices.add(NoticeKind.STATE, f"going on from what was finished for {other.name}")
        for folder in other_parts(self._out, self._key):
            self._notices.add(
                NoticeKind.NOTE,
                f"note: {folder} holds what another batch for {self._out.name} finished (other options, another day or "
                "another file); its command goes on from there; remove the folder if that is not wanted",
            )
        finished = self._parts.take_up()
        if finished:
            self._size.count(sum(stop - start for start, stop in finished), self._parts.n_rows())
        return finished

    def _search(self, finished: list[Range]) -> None:
        """Search the patients that no finished part has, and write them in parts."""
        n_patients = len(self._file.patients)
        self._size.note_bound()
        for start, stop in finished:
            self._advance(stop - start)
        stops = [0, *(stop for _, stop in finished)]
        starts = [*(start for start, _ in finished), n_patients]
        for start, stop in zip(stops, starts, strict=True):
            if start < stop:
                self._search_range(start, stop)

    def _search_range(self, start: int, end: int) -> None:
        stop, held = start, 0
        frames: list[pl.DataFrame] = []
        statuses: list[dict[str, object]] = []
        for block in self._blocks([patient for _, patient in self._file.patients[start:end]]):
            self._size.count(len(block.patients), block.frame.height, block.frame)
            frames.append(block.frame)
            for patient, answer in zip(block.patients, block.answers, strict=True):
                statuses.append(self._status(self._file.patients[stop][0], patient, answer))
                stop += 1
                self._advance(1)
            held += int(block.frame.estimated_size())
            if stop == end or stop - start >= PART_SIZE or 2 * held >= self._executor.memory:
                self._parts.write((start, stop), frames, statuses)
                start, held, frames, statuses = stop, 0, [], []

    def _advance(self, n_patients: int) -> None:
        self._n_done += n_patients
        if self._on_progress is not None:
            self._on_progress(self._n_done, len(self._file.patients))

    def _blocks(self, patients: list[Patient]) -> Iterator[PatientBlock]:
        searched, executor = self._searched, self._executor
        kind = executor.kind(len(patients), self._registry.n_donors, has_probabilities=searched.sets is not None)
        with ExitStack() as opened:
            workers = None
            if kind is ExecutorKind.PROCESSES:
                # They take a second to start, in which this process imputes the donors, once, and keeps them for all.
                workers = opened.enter_context(executor.open(kind))
            matcher = searched.matcher(workers=1)
            if kind is ExecutorKind.PROCESSES and searched.sets is None:
                # Kernels that count are compiled as they are called: here, where it is said, and not in each process.
                with suppress(TypingError):
                    matcher.search(patients[0], self._criteria, policy=self._policy)
            workers = workers or opened.enter_context(executor.open(kind))
            source: Matcher | MatcherSource = matcher
            pool = workers.pool
            if not isinstance(pool, int):
                source = replace(searched.source(), snapshot=self._registry.snapshot)
                if workers.joined:
                    opened.enter_context(opened_source(source, matcher))
                    begin = partial(open_source, source)
                    pool = opened.enter_context(shared_work(pool, workers.number - 1, begin))
            yield from search_blocks(
                source,
                patients,
                self._criteria,
                policy=self._policy,
                workers=pool,
                shards=self._executor.shards,
                # The other half is what a part gathers.
                memory=max(1, self._executor.memory // 2),
                block=min(workers.block, PART_SIZE),
                in_flight=2 * workers.number,
            )

    def _status(self, row: int, patient: Patient, answer: PatientAnswer) -> dict[str, object]:
        failure = [] if answer.error is None else [self._reason(patient, answer.error)]
        reasons = (*failure, *answer.notices, self._file.warnings.get(row, ""))
        return {
            "patient_id": patient.patient_id,
            "row": row,
            "status": "ok" if answer.error is None else "error",
            "donors": answer.n_donors,
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
