"""How much the head of a list rests on choices: what changes under another policy, other limits, or no frequencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from hla_match.choice.policies import POLICIES, RankingPolicy, policy_for
from hla_match.choice.ranked_donors import RankedDonors
from hla_match.errors import CriteriaError
from hla_match.language import retellable, retold_form, translated
from hla_match.matching.criteria import MAX_PREDICTED, MOST_MISMATCHES, SearchCriteria
from hla_match.searches.placed_donors import SearchAgain

FIRST = 20
"""Donors whose places are looked at."""

RANK_CHANGES = {"donor_id": pl.String, "rank_before": pl.UInt32, "rank_after": pl.UInt32}
"""Columns of `RankChange.frame`."""

_NAMED = 3
"""Donors that a sentence names."""


@dataclass(frozen=True, slots=True, repr=False)
class RankChange:
    """What becomes of the first donors of a list where one choice is another.

    Attributes:
        choice: what is otherwise, in words.
        n_first: donors that were looked at.
        frame: as `RANK_CHANGES`, a row a donor whose place changes; a rank is null where the donor is not among the
            first.
    """

    choice: str
    n_first: int
    frame: pl.DataFrame

    @property
    def n_moved(self) -> int:
        """Donors of the list whose place changes."""
        return int(self.frame["rank_before"].count())

    def __repr__(self) -> str:
        if not self.frame.height:
            return translated(
                "{choice}: the first {n} stay as they are", choice=retold_form(self.choice), n=self.n_first
            )
        first = self.frame.filter(pl.col("rank_after") == 1)["donor_id"].to_list()
        gone = self.frame.filter(pl.col("rank_after").is_null())["donor_id"].to_list()
        new = self.frame.filter(pl.col("rank_before").is_null())["donor_id"].to_list()
        parts = [translated("{n} of the first {first} change places", n=self.n_moved, first=self.n_first)]
        stays = not (self.frame["rank_before"] == 1).any()
        if first:
            parts.append(translated("first is {donor}", donor=first[0]))
        else:
            parts.append(translated("the first one stays") if stays else translated("no donor is left"))
        if gone:
            parts.append(translated("{n} leave ({names})", n=len(gone), names=_names(gone)))
        if new:
            parts.append(translated("{n} come ({names})", n=len(new), names=_names(new)))
        return translated("{choice}: {changes}", choice=retold_form(self.choice), changes=translated("; ").join(parts))


def sensitivity(
    found: RankedDonors, again: SearchAgain, *, first: int = FIRST, others: Mapping[str, RankedDonors] | None = None
) -> tuple[RankChange, ...]:
    """Return which of the first donors change places under other policies, without frequencies, and at other limits.

    Args:
        found: the list.
        again: searches for the same patient otherwise.
        first: donors to look at.
        others: further lists of the same patient by what is otherwise there, such as other frequencies.
    """
    lists = {**dict(_otherwise(found, again, first)), **(others or {})}
    head = found
    n_first = min(first, found.n_found)
    if len(found) < n_first or (n_first and int(found.ranks[n_first - 1]) != n_first):
        # The list was narrowed or cut before, or begins behind the first: its first donors are looked for again.
        head = again(found.criteria.model_copy(update={"limit": first}), replace(found.policy, filters=()))
    return tuple(rank_change(choice, head, other, first) for choice, other in lists.items())


def rank_change(choice: str, before: RankedDonors, after: RankedDonors, first: int = FIRST) -> RankChange:
    """Return which of the first donors of a list have another place in another list."""
    ids = before.registry.attributes["donor_id"]
    was, now = (one.donor[:first].tolist() for one in (before, after))
    ranks = {row: (_rank(row, was), _rank(row, now)) for row in [*was, *now]}
    rows = [(ids[row], *pair) for row, pair in ranks.items() if pair[0] != pair[1]]
    return RankChange(choice, len(was), pl.DataFrame(rows, schema=RANK_CHANGES, orient="row"))


def _rank(row: int, rows: list[int]) -> int | None:
    return rows.index(row) + 1 if row in rows else None


def _otherwise(found: RankedDonors, again: SearchAgain, first: int) -> Iterator[tuple[str, RankedDonors]]:
    has_probabilities = found.prediction is not None
    head = found.criteria.model_copy(update={"limit": first})
    for policy in POLICIES.values():
        # Orders of cord blood list no donors.
        same_kind = dict(policy.filters).get("donor_type", head.donor_type) == head.donor_type
        can_order = same_kind and (has_probabilities or not policy.needs_probabilities)
        if policy.name != found.policy.name and can_order and _goes_with(policy, head):
            yield retellable("by the policy {name}", name=policy.name), again(head, policy)
    if has_probabilities:
        plain = policy_for(None, has_probabilities=False) if found.policy.needs_probabilities else found.policy
        without = head.model_copy(update={"min_p": None})
        yield (
            retellable("without frequencies, by {name}", name=plain.name),
            again(without, replace(plain, filters=()), with_frequencies=False),
        )
    # Filters of the policy are among the criteria that were asked for.
    policy = replace(found.policy, filters=())
    greatest = MOST_MISMATCHES if head.min_p is None else MAX_PREDICTED
    for most in (head.max_mismatches - 1, head.max_mismatches + 1):
        if 0 <= most <= greatest:
            yield (
                _with_at_most(most),
                again(head.model_copy(update={"max_mismatches": most}), policy),
            )


def _with_at_most(n: int) -> str:
    return retellable("with at most 1 mismatch") if n == 1 else retellable("with at most {n} mismatches", n=n)


def _goes_with(policy: RankingPolicy, criteria: SearchCriteria) -> bool:
    """Return whether a search can be in the order of a policy: criteria and the policy's filters can exclude others."""
    try:
        policy.criteria_of(criteria)
    except CriteriaError:
        return False
    return True


def _names(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
