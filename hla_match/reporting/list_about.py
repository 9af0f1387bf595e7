"""What a match list is of, in names and texts that stand beside its rows."""

from __future__ import annotations

from collections.abc import Iterator

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import translated
from hla_match.reporting.grade_tiles import tile_legend
from hla_match.reporting.match_summary import notice, policy_lines
from hla_match.reporting.search_notices import search_notices


def list_about(found: RankedDonors) -> Iterator[tuple[str, str]]:
    """Yield what was searched, how the donors are ordered, what they were read with, and the notices."""
    criteria, registry = found.criteria, found.registry
    yield translated("patient"), found.patient.patient_id
    yield translated("donors found"), f"{found.n_found:,}"
    yield translated("donors listed"), f"{len(found):,}"
    yield translated("scope"), criteria.scope
    yield translated("mismatches at most"), str(criteria.max_mismatches)
    yield from ((translated("order"), line) for line in policy_lines(found.policy))
    yield translated("null alleles"), found.null_reading
    yield translated("grades"), tile_legend()
    yield translated("nomenclature"), registry.nomenclature.title
    if found.prediction is not None:
        yield translated("frequencies"), found.prediction.frequency_set
    yield from ((translated("note"), one) for one in search_notices(found))
    yield translated("notice"), notice()
