"""Which of two typings of one locus says more: two reports of one person may be of unequal resolution.

A typing allows some genotypes: pairs of sets of alleles, drawn from independently::

    02:01/02:06, 24:02       allows  02:01+24:02  02:06+24:02
    02:01, 24:02             allows  02:01+24:02                  so it is the finer one

Alleles are those of the nomenclature, synonymous variants told apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string import genotypes, is_absent_gene, lone_typings
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.untyped import UNKNOWN

Relation = Literal["equal", "first", "second", "overlapping", "apart"]
"""Both allow the same; the first or the second is the finer; neither is; or no genotype is allowed by both."""

Pair = tuple[str, str]
Alleles = frozenset[int]

_ABSENT = frozenset({-1})
"""What stands for a chromosome without the gene."""
_NEW = frozenset({-2})
"""What stands for an allele reported as NEW."""


class TypingReading:
    """Compares typings as a registry reads them.

    Args:
        nomenclature: reads the names.
        codes: multiple allele codes.
    """

    def __init__(self, nomenclature: Nomenclature, codes: MacTable | None = None) -> None:
        self._nomenclature, self._codes = nomenclature, codes

    def relation(self, locus: str, first: Pair, second: Pair) -> Relation:
        """Return which of two typings of a locus is the finer one.

        A typing is taken for finer where each of its alternatives lies within one of the other's, side by side.

        Raises:
            TypingError: a typing cannot be read.

        >>> TypingReading(Nomenclature.builtin()).relation("A", ("02:01/02:06", "24:02"), ("24:02", "02:01"))
        'second'
        """
        own, other = self.alternatives(locus, first), self.alternatives(locus, second)
        is_finer, is_coarser = _within(own, other), _within(other, own)
        if is_finer or is_coarser:
            return "equal" if is_finer and is_coarser else "first" if is_finer else "second"
        return "overlapping" if any(_overlap(one, another) for one in own for another in other) else "apart"

    def alternatives(self, locus: str, typing: Pair) -> list[tuple[Alleles, Alleles]]:
        """Return the pairs of sets of alleles that a typing allows; alleles are rows of the locus' tables.

        Raises:
            TypingError: it cannot be read.
        """
        found = []
        lone = lone_typings(*typing) if locus in OPTIONAL_GENES else ()
        for one, other in genotypes(*typing):
            found.append((self._alleles(locus, one), self._alleles(locus, other)))
            # A chromosome may lack the gene.
            if locus in OPTIONAL_GENES and ((one == other and one in lone) or other == UNKNOWN):
                found.append((self._alleles(locus, one), _ABSENT))
        return found

    def _alleles(self, locus: str, side: str) -> Alleles:
        if is_absent_gene(locus, side):
            return _ABSENT
        expansion = self._nomenclature.expand(locus, side, self._codes)
        return _NEW if expansion.is_new else frozenset(expansion.alleles)


def _within(own: Iterable[tuple[Alleles, Alleles]], other: list[tuple[Alleles, Alleles]]) -> bool:
    return all(any(_is_part(one, another) for another in other) for one in own)


def _is_part(one: tuple[Alleles, Alleles], other: tuple[Alleles, Alleles]) -> bool:
    (a, b), (c, d) = one, other
    return (a <= c and b <= d) or (a <= d and b <= c)


def _overlap(one: tuple[Alleles, Alleles], other: tuple[Alleles, Alleles]) -> bool:
    (a, b), (c, d) = one, other
    return bool((a & c and b & d) or (a & d and b & c))
