"""``search``: one patient in, the donors that match out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.errors.arguments import check_count
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.given_patient import given_patient
from hla_match.services.executors import n_processors
from hla_match.services.notices import Notices, OnNotice
from hla_match.services.search_logging import log_patient
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.store.frequency_store import FrequencyInput

if TYPE_CHECKING:
    from hla_match.searches.given_patient import PatientInput
    from hla_match.searches.match_list import MatchList
    from hla_match.searches.matcher import Matcher
    from hla_match.services.policy_files import PolicyInput


def search(
    registry: str | Path,
    patient: PatientInput,
    criteria: SearchCriteria | None = None,
    *,
    policy: PolicyInput | None = None,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    workers: int | None = None,
    verify: bool = False,
    actor: str | None = None,
    at: int | datetime.date | None = None,
    on_notice: OnNotice | None = None,
) -> MatchList:
    r"""Search the registry of a folder for one patient, and return the donors that meet the criteria, best first.

    For many searches open the registry once (`registry_io.open_registry`) and make one `hla_match.Matcher`.

    Args:
        registry: folder of the registry.
        patient: for whom: a `hla_match.Patient`, a GL String, or a row of a table (a dict, a frame of one row).
        criteria: which donors.
        policy: the order, its name or its TOML file; by default ``wmda`` with frequencies, else ``plain``. Its
            filters hold where the criteria do not set them.
        frequencies: as `registry_io.open_frequencies` takes them; None for the registry's own; ``"none"`` for none.
        global_frequencies: those that are tried for persons whom the first do not explain.
        workers: threads that predict matches; by default one for each processor. The result does not depend on them.
        verify: whether every file of the registry is compared with its checksum.
        actor: who searches, for the log of searches beside the registry; without it nothing is logged.
        at: the registry as it was: number of a transaction of its record, or a day, up to the end of which, in UTC.
        on_notice: is called with each notice as soon as there is one.

    Raises:
        CriteriaError: a criterion or option has a value that it cannot have.
        TypingError: a typing of the patient cannot be read.
        FileError: frequencies or a policy cannot be read.
        RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,11:01,24:02\nD2,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> found = search(folder / "registry", "A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=1))
    >>> found.to_polars().select("rank", "donor_id", "matches_best").rows()
    [(1, 'D2', 2), (2, 'D1', 1)]
    """
    request = SearchRequest(
        criteria=criteria if criteria is not None else SearchCriteria(),
        policy=policy,
        frequencies=frequencies,
        global_frequencies=global_frequencies,
        verify=verify,
        at=at,
    ).checked()
    if workers is not None:
        check_count("workers", workers)
    given = Patient.from_gl_string("patient", patient) if isinstance(patient, str) else patient
    searched = SearchedRegistry.open(registry, request, Notices(on_notice))
    person = given_patient(given, searched.registry, request.criteria)
    return search_opened(searched, person, workers=workers, actor=actor)


def search_opened(
    searched: SearchedRegistry,
    patient: Patient,
    *,
    workers: int | None = None,
    actor: str | None = None,
    matcher: Matcher | None = None,
) -> MatchList:
    """Search an opened registry for one patient, as `search` does.

    Args:
        searched: the registry.
        patient: for whom.
        workers: threads that predict matches; by default one for each processor.
        actor: who searches, for the log.
        matcher: that `searched.matcher` gave before; None to make one.

    Raises:
        CriteriaError: no locus in scope is typed in the registry, or the policy needs probabilities of which there are
            none.
        TypingError: a typing of the patient cannot be read.
    """
    searched = searched.ready()
    if actor is not None:
        log_patient(searched, patient, actor)
    searched.note_unknown_donors()
    if matcher is None:
        matcher = searched.matcher(workers=workers or n_processors())
    found = matcher.search(patient, searched.request.criteria, policy=searched.ranking)
    searched.note_without()
    return found
