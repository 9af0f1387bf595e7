"""What the report of a patient says, worked out from a list: its rows, whom to call, what to type, its provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hla_match.language import translated
from hla_match.reporting.call_advice import call_advice, near_advice
from hla_match.reporting.list_report import ReportContent, steps_view
from hla_match.reporting.list_view import list_view
from hla_match.services.batch_manifest import as_text, search_manifest

if TYPE_CHECKING:
    from hla_match.reporting.next_steps import NextSteps
    from hla_match.searches.match_list import MatchList
    from hla_match.services.searched_registry import SearchedRegistry

_CALLED, _LOOKED_AT = 3, 20
"""Donors that are explained, and donors among whom typings and numbers to ask are worked out."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a report was made from, in the language of the moment.

    Attributes:
        registry: the registry in a line.
        made_from: names and texts.
        manifest: as JSON; it holds no time and no identifier of a person.
    """

    registry: str
    made_from: tuple[tuple[str, str], ...]
    manifest: str


def provenance(
    searched: SearchedRegistry, patients: tuple[str, str] | None = None, *, limit: int | None = None
) -> Provenance:
    """Return what the reports of a registry are made from.

    Args:
        searched: the registry as it is searched.
        patients: name and checksum of the file of patients, if there is one.
        limit: donors of the full list at most; None for all.
    """
    registry, sets = searched.registry, searched.sets
    made = registry.provenance
    # All donors are counted, whatever limit the full list has.
    criteria = searched.request.criteria.model_copy(update={"limit": None})
    manifest = search_manifest(registry, criteria, searched.ranking, sets)
    if patients is not None:
        manifest["patients"] = dict(zip(("file", "sha256"), patients, strict=True))
    manifest |= {"format": "hla-match report", "listed": limit}
    line = translated(
        "Registry {name}: {n} donors, as imported on {day}",
        name=registry.name,
        n=f"{registry.n_donors:,}",
        day=made.imported_on,
    )
    entries = [
        (translated("registry"), registry.name),
        (translated("snapshot"), registry.snapshot or translated("the record")),
        (translated("transaction"), "" if made.transaction is None else str(made.transaction)),
        (translated("haplotype frequencies"), translated("none") if sets is None else str(sets)),
        (translated("nomenclature"), registry.nomenclature.title),
        (translated("program"), " ".join(manifest["program"].values())),
        *([(translated("file of patients"), patients[0])] if patients is not None else []),
    ]
    return Provenance(line, tuple(one for one in entries if one[1]), as_text(manifest))


def report_content(found: MatchList, made: Provenance, *, first: int | None = None) -> ReportContent:
    """Return what the report of a list says, in the language of the moment.

    Args:
        found: the list.
        made: what it was made from.
        first: donors of the full list; None for all.
    """
    calls = [call_advice(found.explain(at)) for at in range(min(_CALLED, len(found)))]
    near = [] if len(found) else [near_advice(one) for one in found.nearest()]
    null_reading = (translated("null alleles"), found.null_reading)
    return ReportContent(
        view=list_view(found, first=first),
        calls=tuple(calls),
        near=tuple(near),
        steps=steps_view(_steps(found), len(found)),
        registry=made.registry,
        made_from=(*made.made_from, null_reading),
        manifest=made.manifest,
    )


def _steps(found: MatchList) -> NextSteps | None:
    """Return the next steps of a list; None where it has no probabilities."""
    return None if found.prediction is None or not len(found) else found.next_steps(first=_LOOKED_AT)
