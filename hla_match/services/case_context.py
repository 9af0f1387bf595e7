"""What the list of a case is made from beside the donors; where that is another one, all donors are looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.language import translatable, translated
from hla_match.matching.criteria import SearchCriteria
from hla_match.services.batch_manifest import criteria_entries
from hla_match.services.searched_registry import SearchedRegistry

_PARTS: Mapping[str, str] = {
    "program": translatable("another version of the program"),
    "nomenclature": translatable("another nomenclature"),
    "codes": translatable("other multiple allele codes"),
    "ambiguous_nulls": translatable("null alleles that are read otherwise"),
    "loci": translatable("other loci typed in the registry"),
    "settings": translatable("other settings of the registry"),
    "policy": translatable("another policy"),
    "frequencies": translatable("other haplotype frequencies"),
    "criteria": translatable("other criteria"),
}
"""The parts, and what is said where one is another one than before."""


def list_context(
    searched: SearchedRegistry, codes: Sequence[str], policy: RankingPolicy, criteria: SearchCriteria
) -> dict[str, Any]:
    """Return the parts as JSON holds them.

    Args:
        searched: the registry with its frequencies, ready.
        codes: checksums of its multiple allele codes.
        policy: the order.
        criteria: which donors.
    """
    registry, sets = searched.registry, searched.sets
    frequencies = None
    if sets is not None:
        every = (sets.frequencies, sets.fallback)
        frequencies = {**sets.manifest, "content": [None if one is None else one.content for one in every]}
    return {
        "program": version("hla-match"),
        "nomenclature": {"title": registry.nomenclature.title, "checksum": registry.nomenclature.tables.checksum},
        "codes": list(codes),
        "ambiguous_nulls": registry.ambiguous_nulls,
        "loci": list(registry.loci),
        "settings": registry.settings.to_dict(),
        "policy": json.loads(json.dumps(policy.to_dict())),
        "frequencies": json.loads(json.dumps(frequencies)),
        "criteria": {name: one for name, one in criteria_entries(criteria).items() if name != "as_of"},
    }


def other_parts(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return in words which parts are others than before; "" where none is."""
    return ", ".join(translated(words) for part, words in _PARTS.items() if before.get(part) != now[part])
