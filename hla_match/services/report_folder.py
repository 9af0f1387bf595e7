"""``report`` of many patients: a folder with one file a patient, a page that links them, and a manifest."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, FileError, TypingError
from hla_match.errors.arguments import check_count
from hla_match.language import speaking, translated
from hla_match.language.retelling import retold
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.reporting.error_words import told
from hla_match.reporting.list_report import IndexEntry, ReportContent, index_page
from hla_match.reporting.match_summary import percent
from hla_match.services.batch_manifest import as_text
from hla_match.services.batch_outputs import existing_error
from hla_match.services.executors import n_processors
from hla_match.services.notices import Notice, NoticeKind, Notices, OnNotice, OnProgress
from hla_match.services.outputs import output_error, refuse_overwriting
from hla_match.services.person_statuses import quarantined_statuses
from hla_match.services.report import LISTED, whole_list
from hla_match.services.report_content import Provenance, provenance, report_content
from hla_match.services.report_kinds import ReportKind
from hla_match.services.search_logging import log_patients
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest, check_folder
from registry_io.disk.durable_files import write_error
from registry_io.disk.given_path import given_path
from registry_io.disk.joint_files import lock_files
from registry_io.disk.whole_folder import folder_lock_name, restore_folder, whole_folder
from registry_io.persons.patient_file import PatientFile, read_patients
from registry_io.store.frequency_store import FrequencyInput
from registry_io.tables.frame_table import FrameTable, file_or_frame

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    from hla_match.services.policy_files import PolicyInput

INDEX, MANIFEST = "index.html", "manifest.json"
_FORMAT = "hla-match report"
_NAME = 40
"""Characters of an identifier that stand in the name of its file."""


@dataclass(frozen=True, slots=True)
class ReportFolder:
    """Reports that were written.

    Attributes:
        out: the folder.
        index: the page that links the reports.
        n_patients: rows of the file with a patient, readable or not.
        n_failed: those without a report; the index says why.
        notices: what was to be said, in its order.
        n_unwritten: those of `n_failed` who were searched for, and whose report could not be made.
    """

    out: Path
    index: Path
    n_patients: int
    n_failed: int
    notices: tuple[Notice, ...]
    n_unwritten: int = 0


def reports(
    registry: str | Path,
    patients: str | Path | IntoDataFrame | pl.LazyFrame,
    out: str | Path,
    criteria: SearchCriteria | None = None,
    *,
    kind: str = "html",
    language: str = "en",
    limit: int = LISTED,
    policy: PolicyInput | None = None,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    overwrite: bool = False,
    actor: str | None = None,
    at: int | datetime.date | None = None,
    on_notice: OnNotice | None = None,
    on_progress: OnProgress | None = None,
) -> ReportFolder:
    """Write a report for every patient of a file, as `hla_match.report` does, into a new folder with an index.

    A patient who cannot be read, or whose report cannot be made, stands in the index with the reason; all others have
    their reports.

    Args:
        registry: folder of the registry.
        patients: their file, CSV, TSV, Excel or Parquet, or a frame with its columns, whose first row is row 2.
        out: the folder, whose name no file or folder has.
        criteria, language, limit, policy, frequencies, global_frequencies, actor, at, on_notice: as in `report`.
        kind: of the reports: "html", "pdf" or "xlsx".
        overwrite: whether a folder of that name may be replaced that reports made, and nobody added to.
        on_progress: is called with the number of patients that are done, and of all.

    Raises:
        CriteriaError: an option has a value that it cannot have, or a package is missing.
        FileError: a file cannot be read or written, or the folder is there already.
        RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.
        LockedError: another process writes the same folder.
    """
    request = SearchRequest(
        criteria=criteria if criteria is not None else SearchCriteria(),
        policy=policy,
        frequencies=frequencies,
        global_frequencies=global_frequencies,
        at=at,
    ).checked()
    check_count("limit", limit)
    source = file_or_frame(patients, "patients")
    inputs = (*request.files, *([source] if isinstance(source, Path) else []))
    with folder_lock(registry, out, inputs, kind=kind, language=language, overwrite=overwrite) as place:
        searched = SearchedRegistry.open(registry, request, Notices(on_notice))
        with speaking(language):
            return write_reports(
                searched, source, place, ReportKind(f".{kind}"), limit=limit, actor=actor, on_progress=on_progress
            )


@contextmanager
def folder_lock(
    registry: str | Path, out: object, inputs: Sequence[Path], *, kind: str, language: str, overwrite: bool
) -> Iterator[Path]:
    """Yield the folder of reports as a path, once it is seen that it can be made; no other process writes it.

    Args:
        registry: folder of the registry.
        out: the folder of the reports.
        inputs: files that are read.
        kind: of the reports.
        language: of the reports.
        overwrite: whether it may be replaced.

    Raises:
        CriteriaError: a package is missing, or it would lie in the registry or in the place of a file that is read.
        FileError: it is there already, and may not be replaced.
        LockedError: another process writes it.
    """
    place = given_path("out", out)
    check_folder(registry)
    if f".{kind}" not in list(ReportKind):
        raise output_error(place, f"a kind of {', '.join(one[1:] for one in ReportKind)}")
    ReportKind(f".{kind}").check(language)
    refuse_overwriting([place], Path(registry), inputs)
    if any(path.resolve().is_relative_to(place.resolve()) for path in (Path(registry), *inputs)):
        raise output_error(place, "a folder that holds nothing that is read")
    with lock_files(folder_lock_name(place)):
        restore_folder(place)
        _check_free(place, overwrite=overwrite)
        yield place


def _check_free(place: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is there, but for an empty one, and one of reports where it may be replaced."""
    if not place.exists():
        return
    try:
        # A link to an empty folder is kept, as one to any other place.
        if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
            place.rmdir()
            return
    except OSError as error:
        raise write_error(place, error) from error
    if not overwrite:
        raise existing_error(place)
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        known = {*manifest["files"], MANIFEST} if manifest["format"] == _FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    if not known or any(path.name not in known or path.is_dir() for path in place.iterdir()):
        raise FileError(
            str(place),
            found="a file, or a folder with files that no report made",
            expected="a new name, or a folder that holds reports and nothing else",
            code=ErrorCode.FILE_EXISTS,
        )


def write_reports(
    searched: SearchedRegistry,
    source: Path | FrameTable,
    place: Path,
    kind: ReportKind,
    *,
    limit: int = LISTED,
    actor: str | None = None,
    on_progress: OnProgress | None = None,
) -> ReportFolder:
    """Write the reports of the patients of a file in the language of the moment; the caller holds `folder_lock`.

    Raises:
        CriteriaError: the policy needs probabilities of which there are none.
        FileError: the patients cannot be read, or the folder cannot be written.
    """
    searched = searched.ready()
    registry, criteria = searched.registry, searched.request.criteria
    file = read_patients(
        source,
        registry.nomenclature,
        registry.codes,
        ambiguous_nulls=criteria.ambiguous_nulls or registry.ambiguous_nulls,
        today=criteria.as_of,
    )
    for note in file.notes:
        searched.notices.add(NoticeKind.NOTE, note, source.name)
    if actor is not None:
        log_patients(searched, source.name, file.checksum, actor)
    searched.note_unknown_donors()
    made = provenance(searched, (source.name, file.checksum), limit=limit)
    with whole_folder(place) as folder:
        entries: dict[int, IndexEntry] = {}
        for done, (row, entry, content) in enumerate(_reports(searched, file, made, kind, limit), 1):
            if content is not None:
                report, entry = _made(kind, content, place, entry)
                if report is not None:
                    folder.write(entry.file, report)
            entries[row] = entry
            if on_progress is not None:
                on_progress(done, len(file.patients))
        for refused in quarantined_statuses(file.quarantined).iter_rows(named=True):
            entries[refused["row"]] = _failed(refused["patient_id"] or "", retold(refused["reason"]))
        ordered = [entries[row] for row in sorted(entries)]
        folder.write(INDEX, index_page(ordered, made).encode())
        manifest: dict[str, Any] = json.loads(made.manifest)
        manifest["files"] = [*(one.file for one in ordered if one.file), INDEX]
        folder.write(MANIFEST, as_text(manifest).encode())
    searched.note_without()
    for caution in file.cautions:
        searched.notices.add(NoticeKind.CAUTION, caution)
    n_unwritten = sum(one.is_unwritten for one in ordered)
    if n_unwritten:
        text = f"{n_unwritten:,} of {len(ordered):,} reports could not be written; the index says why"
        searched.notices.add(NoticeKind.CAUTION, text)
    n_failed = sum(not one.file for one in ordered)
    return ReportFolder(place, place / INDEX, len(ordered), n_failed, searched.notices.all, n_unwritten)


def _made(kind: ReportKind, content: ReportContent, place: Path, entry: IndexEntry) -> tuple[bytes | None, IndexEntry]:
    """Return a report and its entry; None, and an entry with the reason, where it cannot be made."""
    try:
        return kind.made(content, place / entry.file), entry
    except CriteriaError as error:
        # The name of the file holds the patient's identifier, which the entry shows anyway.
        reason = translated("the report could not be written: {reason}", reason=told(error))
        return None, replace(entry, file="", said=(reason, *entry.said))


def _reports(
    searched: SearchedRegistry, file: PatientFile, made: Provenance, kind: ReportKind, limit: int
) -> Iterator[tuple[int, IndexEntry, ReportContent | None]]:
    """Yield for each readable patient the row, the entry of the index, and the report; None without one."""
    matcher = searched.matcher(workers=n_processors())
    digits = len(str(max((row for row, _ in file.patients), default=0)))
    for row, patient in file.patients:
        warned = [retold(file.warnings[row])] if row in file.warnings else []
        try:
            found = whole_list(searched, patient, matcher)
        except TypingError as error:
            yield row, _failed(patient.patient_id, told(error)), None
            continue
        content = report_content(found, made, first=limit)
        view = content.view
        best = next((one for one in view.classes if one.n), None)
        chance = view.rows[0].values.get("p0") if view.rows else None
        entry = IndexEntry(
            patient_id=patient.patient_id,
            file=f"{row:0{digits}d}-{file_name(patient)}{kind}",
            n_found=view.n_found,
            best="" if best is None else best.match_class,
            n_best=0 if best is None else best.n,
            p_best="" if chance is None else percent(chance),
            said=(*view.notices, *warned),
        )
        yield row, entry, content


def _failed(patient_id: str, reason: str) -> IndexEntry:
    return IndexEntry(patient_id, "", None, "", 0, "", (translated("not searched for: {reason}", reason=reason),))


def file_name(patient: Patient) -> str:
    """Return what of an identifier can stand in the name of a file on every system.

    >>> [file_name(Patient(patient_id=one, typings={"A": ("02:01", "")})) for one in ("P 1/..", "患者1", "...")]
    ['P-1', '患者1', 'patient']
    """
    text = re.sub(r"[^\w.-]+", "-", patient.patient_id[: 4 * _NAME]).strip("-._")
    return text[:_NAME].strip("-._") or "patient"
