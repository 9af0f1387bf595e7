"""A match list as text, as Python shows it."""

from __future__ import annotations

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import translated
from hla_match.reporting.compact_table import compact_lines
from hla_match.reporting.match_summary import notice, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible


def match_text(found: RankedDonors) -> str:
    """Return the first donors of a match list as lines of text, below the notices."""
    n_shown = min(len(found), 10)
    head = [
        translated(
            "MatchList for {patient}: {n} donors, {scope} with up to {mismatches} mismatches, {nomenclature}",
            patient=found.patient.patient_id,
            n=f"{found.n_found:,}",
            scope=found.criteria.scope,
            mismatches=found.criteria.max_mismatches,
            nomenclature=found.registry.nomenclature.title,
        ),
        *policy_lines(found.policy),
        *(translated("note: {notice}", notice=one) for one in search_notices(found)),
    ]
    head = [visible(line) for line in head]
    if not n_shown:
        return "\n".join(head)
    body = compact_lines(found, part=slice(0, n_shown))
    more = [translated("... {n} more", n=f"{len(found) - n_shown:,}")] if len(found) > n_shown else []
    return "\n".join([*head, *body, *more, notice()])
