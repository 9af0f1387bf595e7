"""Alternative genotypes of a locus, each once in whichever order its two typings are written."""

from __future__ import annotations

from collections.abc import Iterable

Pair = tuple[str, str]
"""The two typings of a genotype; the second is "" where one is reported for both."""

Genotypes = dict[Pair, Pair]
"""Each unordered genotype, its two typings sorted, with the pair as first written."""


def genotype_set(pairs: Iterable[Pair]) -> Genotypes:
    """Return the distinct genotypes of some pairs.

    >>> list(genotype_set([("01:01", "02:01"), ("02:01", "01:01"), ("03:01", "")]).values())
    [('01:01', '02:01'), ('03:01', '')]
    """
    found: Genotypes = {}
    for pair in pairs:
        first, second = pair[0], pair[1] or pair[0]
        found.setdefault((first, second) if first <= second else (second, first), pair)
    return found


def unite(reported: dict[str, Genotypes], found: dict[str, Genotypes]) -> None:
    """Add the genotypes of `found` to those of `reported`, by locus."""
    for locus, alternatives in found.items():
        known = reported.setdefault(locus, {})
        for key, pair in alternatives.items():
            known.setdefault(key, pair)


def column_pair(alternatives: Genotypes) -> Pair:
    """Return the pair of columns that reports the genotypes of one locus.

    >>> column_pair(genotype_set([("01:01", "02:01"), ("03:01", "")]))
    ('01:01+02:01|03:01+03:01', '')
    """
    pairs = list(alternatives.values())
    if len(pairs) == 1:
        return pairs[0]
    return "|".join(f"{first}+{second or first}" for first, second in pairs), ""
