"""What a match list is of, in names and texts that stand beside its rows."""

from __future__ import annotations

from collections.abc import Iterator

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.reporting.grade_tiles import tile_legend
from hla_match.reporting.match_summary import NOTICE, policy_lines
from hla_match.reporting.search_notices import search_notices


def list_about(found: RankedDonors) -> Iterator[tuple[str, str]]:
    """Yield what was searched, how the donors are ordered, what they were read with, and the notices."""
    criteria, registry = found.criteria, found.registry
    yield "patient", found.patient.patient_id
    yield "donors found", f"{found.n_found:,}"
    yield "donors listed", f"{len(found):,}"
    yield "scope", criteria.scope
    yield "mismatches at most", str(criteria.max_mismatches)
    yield from (("order", line) for line in policy_lines(found.policy))
    yield "null alleles", found.null_reading
    yield "grades", tile_legend()
    yield "nomenclature", registry.nomenclature.title
    if found.prediction is not None:
        yield "frequencies", found.prediction.frequency_set
    yield from (("note", notice) for notice in search_notices(found))
    yield "notice", NOTICE
