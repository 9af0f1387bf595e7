"""Cases of patients: opened and searched."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.services.case_lists import search_request
from hla_match.services.notices import Notices, OnNotice
from hla_match.services.policy_files import open_policy
from hla_match.services.repeat import open_repeat
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest, check_folder
from registry_io.store.case_recording import CaseChange
from registry_io.store.case_request import CaseRequest
from registry_io.store.case_steps import open_cases
from registry_io.store.registry_store import open_registry

if TYPE_CHECKING:
    from hla_match.searches.match_list import MatchList
    from hla_match.services.policy_files import PolicyInput


def open_case(
    registry: str | Path,
    patient: Patient | Sequence[Patient],
    criteria: SearchCriteria | None = None,
    *,
    policy: PolicyInput | None = None,
    frequencies: str | None = None,
    global_frequencies: str | None = None,
    day: datetime.date | None = None,
    actor: str = "",
) -> list[CaseChange]:
    """Open a case for a patient, or one for each of several; all of them or none.

    Args:
        registry: folder of the registry.
        patient: for whom, the typing as it was reported.
        criteria: which donors; ages are those of the day of each search.
        policy: the order, its name or its TOML file, which the case keeps; None for the default.
        frequencies: name or file of haplotype frequencies; None for the registry's own; ``"none"`` for none.
        global_frequencies: those that are tried for persons whom the first do not explain.
        day: on which; by default today.
        actor: who opens it; by default the user's name.

    Returns:
        By patient the number and the code of the case.

    Raises:
        CriteriaError: an argument has a value that it cannot have.
        TypingError: a typing of a patient cannot be read.
        FileError: a policy cannot be read, frequencies are neither a file nor installed or cannot be read, or the
            folder cannot be written to.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another process writes.
    """
    check_folder(registry)
    kept = None if policy is None else json.loads(json.dumps(open_policy(policy).to_dict()))
    patients = [patient] if isinstance(patient, Patient) else list(patient)
    requests = [
        CaseRequest(
            patient=one,
            criteria=criteria if criteria is not None else SearchCriteria(),
            policy=kept,
            frequencies=_from_anywhere(frequencies),
            global_frequencies=_from_anywhere(global_frequencies),
        )
        for one in patients
    ]
    _refuse_unreadable(Path(registry), requests)
    return open_cases(registry, requests, day=day, actor=actor)


def _from_anywhere(source: str | None) -> str | None:
    """Return what names the same frequencies in whichever folder a search begins: of a file its whole path."""
    named = SearchRequest(frequencies=source).named_frequencies
    is_file = isinstance(named, str) and os.path.exists(named) and not os.path.isdir(named)
    return os.path.abspath(named) if isinstance(named, str) and is_file else source


def _refuse_unreadable(folder: Path, requests: Sequence[CaseRequest]) -> None:
    """Refuse requests that no search could answer.

    Typings cannot be read, a policy lacks its probabilities, or there are no such frequencies.
    """
    opened = open_registry(folder)
    comparisons = RegistryComparisons(opened)
    sources = {}
    for request in requests:
        if request.frequencies is not None:
            sources[request.frequencies, request.global_frequencies] = request
    for request in sources.values():
        SearchedRegistry.of(folder, opened, search_request(request, datetime.date.today()), Notices(None))
    for request in requests:
        _ = search_request(request, datetime.date.today())
        mode = request.criteria.ambiguous_nulls
        _ = comparisons.with_nulls(request.patient, tuple(request.patient.typings), mode)


def search_case(
    registry: str | Path,
    case: int | str,
    *,
    today: datetime.date | None = None,
    actor: str = "",
    on_notice: OnNotice | None = None,
) -> MatchList:
    """Search all donors for a case, and record the search; `hla_match.repeat` then tells what changed since.

    Args:
        registry: folder of the registry.
        case: its number, or the code of its patient.
        today: the day at which ages are computed; by default the clock's.
        actor: who searches; by default the user's name.
        on_notice: is called with each notice as soon as there is one.

    Raises:
        RegistryError: there is no registry or no such case, it is closed, or the registry is damaged.
        TypingError: a typing of the patient cannot be read.
        CriteriaError, FileError, LockedError: as `hla_match.repeat`.
    """
    with open_repeat(registry, full=True, only=case, on_notice=on_notice) as opened:
        _, (found,) = opened.found(today=today, actor=actor)
    assert found.found is not None, "a search of all donors has its list"
    return found.found.head(found.n_listed)
