"""``report``: one patient in; one file to read, to print and to keep out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.errors.arguments import check_count
from hla_match.language import speaking
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.given_patient import given_patient
from hla_match.services.batch_outputs import existing_error
from hla_match.services.executors import n_processors
from hla_match.services.notices import Notice, Notices, OnNotice
from hla_match.services.outputs import refuse_overwriting
from hla_match.services.report_content import provenance, report_content
from hla_match.services.report_kinds import ReportKind
from hla_match.services.search_logging import log_patient
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest, check_folder
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import given_path
from registry_io.disk.joint_files import lock_files
from registry_io.store.frequency_store import FrequencyInput

if TYPE_CHECKING:
    from hla_match.searches.given_patient import PatientInput
    from hla_match.searches.match_list import MatchList
    from hla_match.searches.matcher import Matcher
    from hla_match.services.policy_files import PolicyInput

LISTED = 1_000
"""Donors of the full list of a report, where no other number is asked for."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report that was written.

    Attributes:
        out: the file.
        n_found: donors that meet the criteria.
        n_listed: those that the full list has.
        notices: what was to be said, in its order.
    """

    out: Path
    n_found: int
    n_listed: int
    notices: tuple[Notice, ...]


def report(
    registry: str | Path,
    patient: PatientInput,
    out: str | Path,
    criteria: SearchCriteria | None = None,
    *,
    language: str = "en",
    limit: int = LISTED,
    policy: PolicyInput | None = None,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    verify: bool = False,
    actor: str | None = None,
    at: int | datetime.date | None = None,
    on_notice: OnNotice | None = None,
) -> ReportFile:
    r"""Search the registry of a folder for one patient, and write what a person reads of it into one file.

    Args:
        registry: folder of the registry.
        patient: for whom: a `hla_match.Patient`, a GL String, or a row of a table (a dict, a frame of one row).
        out: the file: .html (self-contained, without scripts), .pdf (needs an extra) or .xlsx (donors as a table).
        criteria: which donors; their `limit` is not looked at: a report counts all donors.
        language: of the report: "en" or "zh".
        limit: donors of the full list at most; the report says how many there are.
        policy, frequencies, global_frequencies, workers, verify, actor, at, on_notice: as in `hla_match.search`.
        overwrite: whether a file of that name may be replaced.

    Raises:
        CriteriaError: an option has a value that it cannot have, or the package that makes PDF is missing.
        TypingError: a typing of the patient cannot be read.
        FileError: a file cannot be read or written, or is there already.
        RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.
        LockedError: another process writes the same file.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,11:01,24:02\nD2,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> report(folder / "registry", "A*02:01+A*24:02", folder / "P1.html", SearchCriteria(scope="A")).n_found
    2
    """
    request = SearchRequest(
        criteria=criteria if criteria is not None else SearchCriteria(),
        policy=policy,
        frequencies=frequencies,
        global_frequencies=global_frequencies,
        verify=verify,
        at=at,
    ).checked()
    for name, number in (("workers", 1 if workers is None else workers), ("limit", limit)):
        check_count(name, number)
    with report_lock(registry, out, request.files, language=language, overwrite=overwrite) as place:
        searched = SearchedRegistry.open(registry, request, Notices(on_notice))
        given = Patient.from_gl_string("patient", patient) if isinstance(patient, str) else patient
        person = given_patient(given, searched.registry, request.criteria)
        return report_opened(searched, person, place, language=language, limit=limit, workers=workers, actor=actor)


@contextmanager
def report_lock(
    registry: str | Path, out: object, inputs: Sequence[Path], *, language: str, overwrite: bool
) -> Iterator[Path]:
    """Yield the file of a report as a path, once it is seen that it can be made and written; no other process may.

    Args:
        registry: folder of the registry.
        out: the file.
        inputs: files that are read.
        language: of the report.
        overwrite: whether a file of that name may be replaced.

    Raises:
        CriteriaError: its ending names no kind, a package is missing, or it would replace a file that is read.
        FileError: it is there already, or cannot be written.
        LockedError: another process writes it.
    """
    place = given_path("out", out)
    kind = ReportKind.of(place)
    check_folder(registry)
    kind.check(language)
    refuse_overwriting([place], Path(registry), inputs)
    with lock_files(place):
        if not overwrite and place.exists():
            raise existing_error(place)
        yield place


def report_opened(
    searched: SearchedRegistry,
    patient: Patient,
    place: Path,
    *,
    language: str | None = None,
    limit: int = LISTED,
    workers: int | None = None,
    actor: str | None = None,
) -> ReportFile:
    """Write the report of a patient from a registry that is open, as `report` does; its caller has locked the file.

    Args:
        searched: the registry.
        patient: for whom.
        place: the file.
        language: of the report; None for that of the moment.
        limit: donors of the full list at most.
        workers: threads that predict matches.
        actor: who searches, for the log.

    Raises:
        CriteriaError: the policy needs probabilities of which there are none, or the package of PDF is missing.
        TypingError: a typing of the patient cannot be read.
        FileError: the file cannot be written.
    """
    kind = ReportKind.of(place)
    searched = searched.ready()
    if actor is not None:
        log_patient(searched, patient, actor)
    searched.note_unknown_donors()
    found = whole_list(searched, patient, searched.matcher(workers=workers or n_processors()))
    searched.note_without()
    with speaking(language) if language is not None else nullcontext():
        made = kind.made(report_content(found, provenance(searched, limit=limit), first=limit), place)
    with atomic_write(place) as file:
        file.write(made)
    return ReportFile(place, found.n_found, min(limit, len(found)), searched.notices.all)


def whole_list(searched: SearchedRegistry, patient: Patient, matcher: Matcher) -> MatchList:
    """Return all donors of a patient, whatever limit was asked for."""
    criteria = searched.request.criteria.model_copy(update={"limit": None})
    return matcher.search(patient, criteria, policy=searched.ranking)
