"""A ranking policy as text: described for persons, and as the TOML file that makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.language import translated
from hla_match.language.retelling import retold


def policy_description(policy: RankingPolicy) -> list[str]:
    """Return a policy in lines: its keys in words, its filters, what supports it, and its caveat."""
    head = translated("{name}, version {n}", name=policy.name, n=policy.version) if policy.version else policy.name
    if policy.title:
        head = translated("{head}: {title}", head=head, title=retold(policy.title))
    lines = [head, translated("order:")]
    lines += [f"  {number}. {key.feature}: {key}" for number, key in enumerate(policy.keys, 1)]
    filters = policy.to_dict().get("filters", {})
    lines += [translated("criteria, where the search does not set them:")] if filters else []
    lines += [f"  {name} = {_value(value)}" for name, value in filters.items()]
    lines += [translated("sources of keys:")]
    lines += [f"  {key.feature}: {retold(key.declared.source)}" for key in policy.keys]
    lines += [translated("sources:")] if policy.sources else []
    lines += [f"  {source}" for source in policy.sources]
    lines += [translated("caveat: {caveat}", caveat=retold(policy.caveat))] if policy.caveat else []
    return lines


def policy_toml(policy: RankingPolicy) -> str:
    """Return a policy as TOML, of which `RankingPolicy.from_dict` makes an equal one.

    >>> from hla_match.choice.ranking_key import RankingKey
    >>> print(policy_toml(RankingPolicy("young", (RankingKey("age", bands=5), RankingKey("donor_id")))))
    name = "young"
    keys = [
        { feature = "age", bands = 5, direction = "ascending", unknown = "last" },
        { feature = "donor_id", bands = 1, direction = "ascending" },
    ]
    <BLANKLINE>
    """
    lines = []
    for name, value in policy.to_dict().items():
        if name == "keys" or (name == "sources" and value):
            lines += [f"{name} = [", *(f"    {_value(one)}," for one in value), "]"]
        else:
            lines.append(f"{name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """Return a value as TOML writes it; of texts, numbers, lists and truths that is as JSON does."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    # TOML wants a character by itself where JSON writes one beyond the first plane as two; DEL must be written out.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
