"""What a probability rests on, in the words of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.imputation.panels import FallbackLevel

FALLBACK_WORDS: Mapping[str, str] = MappingProxyType(
    {
        str(level): words
        for level, words in {
            FallbackLevel.OWN: "whole haplotypes of the person's own population",
            FallbackLevel.REGISTRY: "whole haplotypes of all populations of the set together",
            FallbackLevel.GLOBAL: "whole haplotypes of the global frequencies",
            FallbackLevel.BLOCKS: "haplotypes of A, C, B, of DR, DQ and of DP, each block by itself",
            FallbackLevel.LOCI: "allele frequencies of each locus by itself",
            FallbackLevel.CERTAIN: (
                "no frequencies: the typing leaves one genotype, or the match is certain or excluded"
            ),
            FallbackLevel.MISSING: "nothing explains the person at a locus, and the probability is empty",
        }.items()
    }
)
"""By the value of the column `fallback` what it stands for; `docs/frequencies.md` has the same table."""
