"""The slow, obvious way to compare two typings: all genotypes that each of them allows, one by one."""

from __future__ import annotations

from collections.abc import Iterable

Alternatives = Iterable[tuple[frozenset[int], frozenset[int]]]


def allowed(alternatives: Alternatives) -> set[tuple[int, int]]:
    """The genotypes that a typing allows, the smaller allele first."""
    return {(min(a, b), max(a, b)) for first, second in alternatives for a in first for b in second}
