"""Searches written into the log that lies beside a registry."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version

from hla_match.errors import FileError
from hla_match.language import DEFAULT, speaking
from hla_match.matching.criteria import Patient
from hla_match.services.batch_manifest import criteria_entries
from hla_match.services.notices import NoticeKind
from hla_match.services.searched_registry import SearchedRegistry
from registry_io.store.registry_folder import SEARCH_LOG
from registry_io.store.search_log import log_search


def log_patient(searched: SearchedRegistry, patient: Patient, actor: str) -> None:
    """Write into the log that one patient is searched for; the log keeps a salted digest of the typing.

    A log that is damaged or cannot be written to keeps nobody from a search: that is a notice.
    """
    _log(searched, "search", actor, typing=typing_text(patient))


def log_patients(searched: SearchedRegistry, name: str, checksum: str, actor: str) -> None:
    """Write into the log that the patients of a file or frame are searched for: its name and its SHA-256."""
    _log(searched, "batch", actor, patients=json.dumps({"file": name, "sha256": checksum}))


def typing_text(patient: Patient) -> str:
    """Return the typings of a patient in one text, the same whatever order they were given in."""
    return json.dumps({locus: sorted(pair) for locus, pair in sorted(patient.typings.items())})


def _log(
    searched: SearchedRegistry, command: str, actor: str, *, typing: str | None = None, patients: str = ""
) -> None:
    registry = searched.registry
    transaction = registry.provenance.transaction
    with speaking(DEFAULT):
        order = str(searched.ranking)
    request = {
        "transaction": transaction,
        "criteria": criteria_entries(searched.request.criteria),
        "policy": order,
        "frequencies": None if searched.sets is None else searched.sets.manifest,
    }
    try:
        log_search(
            searched.folder,
            actor=actor,
            program=_program(),
            snapshot=registry.snapshot or "the record",
            command=command,
            request=json.dumps(request, sort_keys=True, ensure_ascii=False),
            typing=typing,
            patients=patients,
        )
    except FileError as error:
        searched.notices.add(NoticeKind.CAUTION, f"this search is not in the registry's log: {error.found}", SEARCH_LOG)


# Looking it up reads a file.
@cache
def _program() -> str:
    return f"hla-match {version('hla-match')}"
