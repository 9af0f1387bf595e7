"""Ranking policies by name, or from a TOML file of one's own."""

from __future__ import annotations

import os
from pathlib import Path

from hla_match.choice.policies import POLICIES, RankingPolicy, policy_named
from hla_match.errors import CriteriaError, ErrorCode, FileError
from hla_match.errors.arguments import check_type
from registry_io.tables.toml_file import read_toml

PolicyInput = str | os.PathLike[str] | RankingPolicy
"""A policy: its name, its TOML file, whose name ends in ``.toml``, or the policy itself."""

_ENDING = ".toml"


def open_policy(policy: PolicyInput) -> RankingPolicy:
    """Return the policy of a name or file; a policy stands for itself.

    Raises:
        CriteriaError: there is no policy of that name.
        FileError: the file cannot be read, or holds no policy.

    >>> open_policy("wmda").version
    '1'
    """
    if isinstance(policy, RankingPolicy):
        return policy
    check_type("policy", policy, str, os.PathLike, expected=f"a policy, its name, or its file (NAME{_ENDING})")
    if isinstance(policy, os.PathLike) or policy.casefold().endswith(_ENDING):
        return read_policy(Path(policy))
    try:
        return policy_named(policy)
    except CriteriaError as error:
        expected = f"{error.expected}, or a file that ends in {_ENDING}"
        raise CriteriaError("policy", found=error.found, expected=expected, code=ErrorCode(error.code)) from None


def read_policy(path: Path) -> RankingPolicy:
    """Read a policy from its TOML file.

    Raises:
        FileError: the file cannot be read, or holds no policy, or another one under the name of one that is shipped.
    """
    data = read_toml(path)
    try:
        found = RankingPolicy.from_dict(data)
    except CriteriaError as error:
        raise FileError(
            str(path), found=f"{error.found!r} at {error.name}", expected=error.expected, hint=error.hint
        ) from None
    shipped = POLICIES.get(found.name.casefold())
    if shipped is not None and found != shipped:
        raise FileError(
            str(path),
            found=f"the name {found.name!r}, which the policy that is shipped has, and another policy",
            expected="a name of its own, since results name the policy that ordered them",
        )
    return found
