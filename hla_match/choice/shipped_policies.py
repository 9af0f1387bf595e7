"""The policies that are shipped: one TOML file each, in the folder ``shipped`` beside this module.

These files are part of the package, as its modules are.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

from hla_match.choice.ranking_policy import RankingPolicy

_NAMES = ("wmda", "conventional", "ptcy", "cord", "cord-double", "plain", "certain-first", "probability-first")
"""Their names, which are those of their files, in the order in which they are listed."""


def shipped_policies() -> tuple[RankingPolicy, ...]:
    """Return the policies that are shipped."""
    folder = files(__package__) / "shipped"
    texts = [(folder / f"{name}.toml").read_text(encoding="utf-8") for name in _NAMES]
    return tuple(RankingPolicy.from_dict(tomllib.loads(text)) for text in texts)
