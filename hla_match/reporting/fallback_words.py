"""What a probability rests on, in the words of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.imputation.panels import FallbackLevel
from hla_match.language import translatable, translated

FALLBACK_WORDS: Mapping[str, str] = MappingProxyType(
    {
        str(level): words
        for level, words in {
            FallbackLevel.OWN: translatable("whole haplotypes of the person's own population"),
            FallbackLevel.REGISTRY: translatable("whole haplotypes of all populations of the set together"),
            FallbackLevel.GLOBAL: translatable("whole haplotypes of the global frequencies"),
            FallbackLevel.BLOCKS: translatable("haplotypes of A, C, B, of DR, DQ and of DP, each block by itself"),
            FallbackLevel.LOCI: translatable("allele frequencies of each locus by itself"),
            FallbackLevel.CERTAIN: translatable(
                "no frequencies: the typing leaves one genotype, or the match is certain or excluded"
            ),
            FallbackLevel.MISSING: translatable("nothing explains the person at a locus, and the probability is empty"),
        }.items()
    }
)
"""By the value of the column `fallback` what it stands for; `docs/frequencies.md` has the same table."""

_MISSING = {
    "no frequencies explain the donor at ": translatable("no frequencies explain the donor at {loci}"),
    "no frequencies explain the patient at ": translatable("no frequencies explain the patient at {loci}"),
}
"""What the column `p_missing`, which stays English, says in front of loci; a test compares both."""


def missing_words(reason: str) -> str:
    """Return why a probability is missing, as the column `p_missing` has it, in the language of the moment.

    >>> missing_words("no frequencies explain the donor at A, B")
    'no frequencies explain the donor at A, B'
    """
    for head, form in _MISSING.items():
        if reason.startswith(head):
            return translated(form, loci=reason.removeprefix(head))
    return reason
