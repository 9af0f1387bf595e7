"""The policies that are shipped: one TOML file each, in the folder ``shipped`` beside this module.

These files are part of the package, as its modules are.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.language import translatable

_NAMES = ("wmda", "conventional", "ptcy", "cord", "cord-double", "plain", "certain-first", "probability-first")
"""Their names, which are those of their files, in the order in which they are listed."""


CAVEATS = (
    translatable(
        "Within a band of 10 percent the younger donor stands first; DPB1, CMV status, blood group and sex do not "
        "count."
    ),
    translatable(
        "CMV status and sex of the donor were not significant in Kollman 2016; pregnancies of donors are not known "
        "here."
    ),
    translatable(
        "Current evidence is not yet robust enough for PTCy-specific recommendations (Blood 2024, BLOOD-2024-024551)."
    ),
    translatable(
        "Doses need the patient's weight; units of unknown dose stay. Cells are those that the bank reports, before "
        "thawing."
    ),
    translatable(
        "Doses need the patient's weight; units of unknown dose stay. Cells are those that the bank reports, before "
        "thawing. How the two units match each other is not compared."
    ),
    translatable("Without haplotype frequencies nothing says how probably an unresolved donor matches."),
)
"""What must be known about shipped policies, as their files say it; a test compares both."""


def shipped_policies() -> tuple[RankingPolicy, ...]:
    """Return the policies that are shipped."""
    folder = files(__package__) / "shipped"
    texts = [(folder / f"{name}.toml").read_text(encoding="utf-8") for name in _NAMES]
    return tuple(RankingPolicy.from_dict(tomllib.loads(text)) for text in texts)
