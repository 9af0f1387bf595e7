"""The story of a list: one donor explained, two compared, and what the nearest donors of an empty list miss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.immunogenetics.fact_probabilities import FactProbabilities
from hla_match.kernels.codes import COUNTS_OF_NONE
from hla_match.language import retold_form, translated, translated_count
from hla_match.loci import genes_of
from hla_match.matching.criteria import MAX_PREDICTED, MOST_MISMATCHES
from hla_match.matching.locus_result import LocusResult
from hla_match.matching.obstacles import without_filters
from hla_match.nomenclature.reading import locus_reading
from hla_match.nomenclature.reported_gl_string import reported_block
from hla_match.reporting.comparison_page import Comparison
from hla_match.reporting.explanation import Explanation, LocusStory
from hla_match.reporting.fact_columns import facts_of
from hla_match.reporting.locus_words import matched, understood
from hla_match.reporting.match_frame import match_frame
from hla_match.searches.placed_donors import (
    Donor,
    PlacedDonor,
    SearchAgain,
    deciding_reason,
    n_before,
    placed,
    results_by_locus,
)

_NEAREST = 3
"""Donors that are shown where no donor meets the criteria."""


def explain(found: RankedDonors, donor: Donor, again: SearchAgain) -> Explanation:
    """Return why a donor stands where it stands, or why it is not in a list.

    Args:
        found: the list.
        donor: the donor.
        again: searches for a donor who is not in it.

    Raises:
        CriteriaError: there is no such donor in the registry, or no such position in the list.
    """
    return _explained(found, placed(found, donor, again))


def compare(found: RankedDonors, first: Donor, second: Donor, again: SearchAgain) -> Comparison:
    """Return two donors side by side, and which stands before the other.

    Raises:
        CriteriaError: as `explain`.
    """
    one, other = placed(found, first, again), placed(found, second, again)
    return Comparison(_explained(found, one), _explained(found, other), _why(found, one, other))


def why(found: RankedDonors, first: Donor, second: Donor, again: SearchAgain) -> str:
    """Return in a sentence which of two donors stands before the other, and the key that decides.

    Raises:
        CriteriaError: as `explain`.
    """
    return _why(found, placed(found, first, again), placed(found, second, again))


def nearest_misses(found: RankedDonors, again: SearchAgain) -> Iterator[Explanation]:
    """Yield the donors who come nearest to the criteria without meeting them, those with fewest mismatches first.

    First are those who meet the limits of mismatches and miss a criterion on the person, then those of the fewest
    mismatches more.
    """
    asked, limit = found.criteria, {"limit": _NEAREST}
    # What the policy sets stands in the criteria already.
    policy = replace(found.policy, filters=())
    shown = set(found.donor.tolist())
    for most in range(asked.max_mismatches, MOST_MISMATCHES + 1):
        of_match: dict[str, Any] = {
            "max_mismatches": most,
            **({} if most == asked.max_mismatches else {"locus_limits": {}}),
        }
        if most > MAX_PREDICTED:
            of_match["min_p"] = None
        eligible = again(asked.model_copy(update={**of_match, **limit}), policy)
        anybody = again(without_filters(asked).model_copy(update={**of_match, **limit}), policy)
        near = [one for one in (eligible, anybody) for one in one.donor.tolist() if one not in shown]
        for row in dict.fromkeys(near[:_NEAREST]):
            yield explain(found, str(found.registry.attributes["donor_id"][row]), again)
        if near and eligible.n_found:
            return
        shown.update(near)


def _why(found: RankedDonors, one: PlacedDonor, other: PlacedDonor) -> str:
    if one.row == other.row:
        return translated("Both are the same donor.")
    outside = [donor for donor in (one, other) if donor.obstacles]
    if outside:
        return " ".join(
            translated(
                "{donor} is not in the list: asked for were donors {criterion}; this one: {found}.",
                donor=donor.donor_id,
                criterion=retold_form(donor.obstacles[0].criterion),
                found=retold_form(donor.obstacles[0].found),
            )
            for donor in outside
        )
    is_first, reason = deciding_reason(found.policy, one, other)
    before, after = (one, other) if is_first else (other, one)
    return translated(
        "{before} stands before {after} by {reason}.", before=before.donor_id, after=after.donor_id, reason=reason
    )


def _explained(found: RankedDonors, one: PlacedDonor) -> Explanation:
    prediction = one.prediction
    only = {}
    if prediction is not None and not np.isnan(prediction.cut[0]):
        chances = np.nan_to_num(prediction.p_only_mismatch[0]).tolist()
        only = dict(zip(prediction.loci, chances, strict=True))
    row = match_frame([one.found], slice(one.at, one.at + 1)).to_dicts()[0]
    return Explanation(
        donor_id=one.donor_id,
        rank=one.rank,
        place=_place(found, one),
        obstacles=one.obstacles,
        reasons=tuple(_reasons(found, one)),
        row=row | {"rank": one.rank},
        loci=tuple(_locus_story(one, result, row[f"{result.locus}_grade"]) for result in one.found.loci),
        only_mismatch=only,
        facts=_fact_probabilities(one),
    )


def _fact_probabilities(one: PlacedDonor) -> FactProbabilities | None:
    """Return what frequencies say of facts of a donor; None without frequencies."""
    found = one.found
    if found.carried is None:
        return None
    loci = results_by_locus(found)
    return FactProbabilities(facts_of(found), loci, found.carried, found.registry, one.row, found.tce_probabilities)


def _place(found: RankedDonors, one: PlacedDonor) -> str:
    n_found = found.n_found
    if one.rank is not None:
        return translated_count("rank {rank} of {n} donor", "rank {rank} of {n} donors", n_found, rank=f"{one.rank:,}")
    if not one.obstacles and not _is_behind(found, one):
        return translated_count(
            "meets the criteria, and is not in this part of the list of {n} donor",
            "meets the criteria, and is not in this part of the list of {n} donors",
            n_found,
        )
    if not one.obstacles:
        return translated_count(
            "meets the criteria, and stands behind the {listed} listed of {n} donor",
            "meets the criteria, and stands behind the {listed} listed of {n} donors",
            n_found,
            listed=f"{len(found):,}",
        )
    before = n_before(found, one)
    would_stand = len(one.found.criteria.locus_limits) == len(found.criteria.locus_limits)
    limits_kept = one.found.criteria.max_mismatches == found.criteria.max_mismatches
    if would_stand and limits_kept and _is_whole_or_first(found) and before < max(1, len(found)):
        return translated("not in the list; would be rank {rank} if let in", rank=f"{before + 1:,}")
    return translated("not in the list")


def _is_behind(found: RankedDonors, one: PlacedDonor) -> bool:
    """Say whether a donor stands behind all donors of a list, which is not narrowed by conditions."""
    return 0 < len(found) == n_before(found, one) and not found.narrowed


def _is_whole_or_first(found: RankedDonors) -> bool:
    """Say whether a list has all donors found, or the first ones, so that its places are ranks."""
    return not found.narrowed and (int(found.ranks[-1]) == len(found) if len(found) else not found.n_found)


def _reasons(found: RankedDonors, one: PlacedDonor) -> Iterator[str]:
    """Yield why a donor stands behind the one before, and before the next one."""
    if one.rank is None:
        if not one.obstacles and _is_behind(found, one):
            last = _in_list(found, len(found) - 1)
            reason = deciding_reason(found.policy, last, one)[1]
            yield translated("Behind {donor}, the last one listed: {reason}.", donor=last.donor_id, reason=reason)
        return
    if one.at > 0:
        above = _in_list(found, one.at - 1)
        reason = deciding_reason(found.policy, above, one)[1]
        yield translated(
            "Behind rank {rank} ({donor}): {reason}.", rank=above.rank, donor=above.donor_id, reason=reason
        )
    if one.at + 1 < len(found):
        below = _in_list(found, one.at + 1)
        reason = deciding_reason(found.policy, one, below)[1]
        yield translated(
            "Before rank {rank} ({donor}): {reason}.", rank=below.rank, donor=below.donor_id, reason=reason
        )


def _in_list(found: RankedDonors, at: int) -> PlacedDonor:
    donor_id = str(found.registry.attributes["donor_id"][int(found.donor[at])])
    return PlacedDonor(donor_id, found, at, int(found.ranks[at]), ())


def _locus_story(one: PlacedDonor, result: LocusResult, grades: str) -> LocusStory:
    found, locus = one.found, result.locus
    registry, patient = found.registry, found.patient
    expanded_typing = int(result.expanded_typing_of(np.array([one.row], np.uint32))[0])
    counts = tuple(int(result.counts[row, expanded_typing]) for row in range(len(COUNTS_OF_NONE)))
    genes = genes_of(locus)
    typings = {
        "patient": [patient.typings.get(gene, ("", "")) for gene in genes],
        "donor": [registry.reported_typings.texts(gene, one.row) for gene in genes],
    }
    reported, read = {}, {}
    for person, pairs in typings.items():
        blocks = [
            reported_block(registry.nomenclature.tables, gene, *pair) for gene, pair in zip(genes, pairs, strict=True)
        ]
        reported[person] = "^".join(filter(None, blocks))
        readings = [
            locus_reading(registry.nomenclature, gene, *pair, registry.codes)
            for gene, pair in zip(genes, pairs, strict=True)
            if pair[0]
        ]
        # Genes that are counted as one place stand by themselves as well.
        read[person] = understood(readings[0]) if readings and len(genes) == 1 else ""
    prediction, p_both = one.prediction, None
    if prediction is not None and locus in prediction.loci:
        chance = float(prediction.p_both[0, prediction.loci.index(locus)])
        p_both = None if np.isnan(chance) else chance
    typed = {person: bool(text) for person, text in reported.items()}
    return LocusStory(
        locus=locus,
        in_scope=locus in found.criteria.loci,
        patient=reported["patient"],
        donor=reported["donor"],
        patient_read=read["patient"],
        donor_read=read["donor"],
        grades=grades,
        words=matched(counts, grades, patient_typed=typed["patient"], donor_typed=typed["donor"]),
        p_both=p_both,
    )
