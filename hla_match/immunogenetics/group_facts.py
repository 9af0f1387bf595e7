"""The value of a fact of each P group that one person may carry, as frequencies know alleles by their P groups."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hla_match.immunogenetics.reported_sides import NO_PRODUCT, UNKNOWN_VALUE, LocusSides, SidePair
from hla_match.kernels.codes import FIRST_P_GROUP, NULL
from hla_match.nomenclature.allele_facts import AlleleFact
from hla_match.nomenclature.locus_index import LocusIndex

_of_index: WeakKeyDictionary[LocusIndex, dict[AlleleFact, list[frozenset[str]]]] = WeakKeyDictionary()


class GroupFacts:
    """A fact of the P groups of one person at a locus.

    Of a P group count the alleles that the person's typing leaves open; all of them where the locus is not typed. Rare
    ones are left out as `hla_match.nomenclature.allele_facts` says.

    Args:
        index: the alleles of the locus.
        fact: one that the locus has.
        sides: reads the typings of the locus; None where it is not compared.
        pairs: the alternative genotypes of the typing; none where it is not typed.
    """

    def __init__(
        self, index: LocusIndex, fact: AlleleFact, sides: LocusSides | None = None, pairs: Sequence[SidePair] = ()
    ) -> None:
        self._index, self._fact, self._sides = index, fact, sides
        self._typed = list(dict.fromkeys(side for pair in pairs for side in pair))
        self._known: dict[int, str] = {}

    def of(self, code: int) -> str:
        """Return the value of a P group by its code; "" where it is not known or there are several.

        Args:
            code: of an allele; a null allele has no product.
        """
        if code < FIRST_P_GROUP:
            return NO_PRODUCT if code == NULL else UNKNOWN_VALUE
        if code not in self._known:
            values = self._values(code)
            self._known[code] = next(iter(values)) if len(values) == 1 else UNKNOWN_VALUE
        return self._known[code]

    def _values(self, code: int) -> frozenset[str]:
        if self._sides is None or not self._typed:
            return values_of_groups(self._index, self._fact)[code - FIRST_P_GROUP]
        only = frozenset({code})
        found = [self._sides.values(side, self._fact, only) for side in self._typed if code in side.expressed]
        return frozenset().union(*found)


def values_of_groups(index: LocusIndex, fact: AlleleFact) -> list[frozenset[str]]:
    """Return the values that the alleles of each P group have, worked out once."""
    kept = _of_index.setdefault(index, {})
    if fact not in kept:
        rows: list[list[int]] = [[] for _ in index.p_names]
        for row, code in enumerate(index.p_code):
            if code >= 0:
                rows[code].append(row)
        values = index.fact(fact)
        kept[fact] = [values.of(of_group) for of_group in rows]
    return kept[fact]
