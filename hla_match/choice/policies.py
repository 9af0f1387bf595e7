"""The policies that are shipped, and the policy of a search."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.choice.ranking_policy import KeyColumns as KeyColumns
from hla_match.choice.ranking_policy import RankingPolicy as RankingPolicy
from hla_match.choice.shipped_policies import shipped_policies
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_name

POLICIES: Mapping[str, RankingPolicy] = MappingProxyType({one.name: one for one in shipped_policies()})


def policy_named(policy: str | RankingPolicy) -> RankingPolicy:
    """Return a policy by its name; a policy stands for itself.

    Raises:
        CriteriaError: there is none of that name.
    """
    if isinstance(policy, RankingPolicy):
        return policy
    check_name("policy", policy, POLICIES, expected="one of")
    return POLICIES[policy]


def policy_for(policy: str | RankingPolicy | None, *, has_probabilities: bool, declined: bool = False) -> RankingPolicy:
    """Return the policy of a search: the one asked for, or by default the one that uses what is known.

    Args:
        policy: the policy or its name; None for the default.
        has_probabilities: whether there are frequencies.
        declined: whether a search without frequencies was asked for, rather than that there are none.

    Raises:
        CriteriaError: there is none of that name, or it orders by probabilities, of which there are none.

    >>> policy_for(None, has_probabilities=True).name, policy_for(None, has_probabilities=False).name
    ('wmda', 'plain')
    >>> policy_for(None, has_probabilities=False, declined=True).name
    'certain-first'
    """
    if policy is None:
        return POLICIES["wmda" if has_probabilities else "certain-first" if declined else "plain"]
    found = policy_named(policy)
    if found.needs_probabilities and not has_probabilities:
        raise CriteriaError(
            "policy",
            found=found.name,
            expected="frequencies beside it, which give the probabilities",
            code=ErrorCode.CRITERIA_FREQUENCIES,
        )
    return found
