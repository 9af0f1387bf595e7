"""A match list as text, as Python shows it."""

from __future__ import annotations

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.reporting.compact_table import compact_lines
from hla_match.reporting.match_summary import NOTICE, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible


def match_text(found: RankedDonors) -> str:
    """Return the first donors of a match list as lines of text, below the notices."""
    n_shown = min(len(found), 10)
    head = [
        f"MatchList for {found.patient.patient_id}: {found.n_found:,} donors, "
        f"{found.criteria.scope} with up to {found.criteria.max_mismatches} mismatches, "
        f"{found.registry.nomenclature.title}",
        *policy_lines(found.policy),
        *(f"note: {notice}" for notice in search_notices(found)),
    ]
    head = [visible(line) for line in head]
    if not n_shown:
        return "\n".join(head)
    body = compact_lines(found, part=slice(0, n_shown))
    more = [f"... {len(found) - n_shown:,} more"] if len(found) > n_shown else []
    return "\n".join([*head, *body, *more, NOTICE])
