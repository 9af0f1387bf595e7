"""What is known of each allele beside its groups: leader, KIR ligand, expression; and what a typing leaves of it.

A value comes from the allele's own sequence where the release has one; else from alleles of the same two fields, whose
protein is the same as far as it is known, or from the family and its exceptions. "" stands for not known.

Few alleles have another value than their family, and most of these were seen once or twice in the world, but a group
such as ``07:02:01G`` holds one of them nearly always. So a typing that stands for several alleles leaves out the *rare*
ones: those that differ from their family, or are of a locus whose families have no value of their own (DPB1), and that
CIWD 3.0 (Hurley et al., HLA 2020;95:516) calls neither common, intermediate nor well documented. Where a typing names
rare alleles only, they count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hla_match.nomenclature.builtin.dpb1_expression import EXPRESSION
from hla_match.nomenclature.kir_ligand_exceptions import DOCUMENTED_LIGANDS, RARE_LIGANDS
from hla_match.nomenclature.kir_ligands import ligand_of_family
from hla_match.nomenclature.leader import LEADER_EXCEPTIONS, leader_of_family
from hla_match.nomenclature.tables import LocusTables

AlleleFact = Literal["leader", "kir_ligand", "expression"]
"""The facts, named as the columns of `LocusTables` that hold what the sequences say."""

LOCI_OF_FACT: Mapping[AlleleFact, tuple[str, ...]] = {
    "leader": ("B",),
    "kir_ligand": ("A", "B", "C"),
    "expression": ("DPB1",),
}

_SUFFIXES = "NLSCAQ"


@dataclass(frozen=True, slots=True)
class AlleleValues:
    """A fact of the alleles of a locus, one entry an allele.

    Attributes:
        value: "" where it is not known, and for null alleles.
        of_sequence: whether it rests on the allele's own sequence.
        is_rare: whether the allele is left out beside others.
        is_null: whether it is a null allele, which has no product.
    """

    value: tuple[str, ...]
    of_sequence: tuple[bool, ...]
    is_rare: tuple[bool, ...]
    is_null: tuple[bool, ...]

    def of(self, alleles: Iterable[int]) -> frozenset[str]:
        """Return the values that an expressed allele of some rows can have, "" among them where one is not known.

        Rare alleles are left out where there are others; empty where all are null alleles.
        """
        rows = [row for row in alleles if not self.is_null[row]]
        kept = [row for row in rows if not self.is_rare[row]] or rows
        return frozenset(self.value[row] for row in kept)


def allele_values(tables: LocusTables, fact: AlleleFact) -> AlleleValues:
    """Return a fact of the alleles of a locus.

    Args:
        tables: the alleles.
        fact: one that the locus has, by `LOCI_OF_FACT`.
    """
    names = [name.rstrip(_SUFFIXES) for name in tables.allele]
    two_fields = [":".join(name.split(":")[:2]) for name in names]
    is_null = tuple(name.endswith("N") for name in tables.allele)
    sequenced: Sequence[str] = getattr(tables, fact) or ("",) * len(names)
    expected = _EXPECTED[fact](tables.locus)
    alike: dict[str, set[str]] = {}
    for name, value, null in zip(two_fields, sequenced, is_null, strict=True):
        if value and not null:
            alike.setdefault(name, set()).add(value)
    values, rare = [], []
    for name, own, null in zip(two_fields, sequenced, is_null, strict=True):
        same = alike.get(name, set())
        usual, listed, documented = expected(name)
        value = own or (next(iter(same)) if len(same) == 1 else listed)
        values.append("" if null else value)
        rare.append(value != usual and not documented)
    of_sequence = tuple(bool(own) and not null for own, null in zip(sequenced, is_null, strict=True))
    return AlleleValues(tuple(values), of_sequence, tuple(rare), is_null)


_Expectation = Callable[[str], tuple[str | None, str, bool]]
"""Gives, for a two-field name, the value of its family, None where families have none; that of the built-in tables; and
whether the allele is documented."""


def _leaders(_locus: str) -> _Expectation:
    listed = _inverse(LEADER_EXCEPTIONS)

    def of(name: str) -> tuple[str | None, str, bool]:
        usual = leader_of_family(name.partition(":")[0])
        return usual, listed.get(name, usual), False

    return of


def _ligands(locus: str) -> _Expectation:
    documented, rare = _inverse(DOCUMENTED_LIGANDS[locus]), _inverse(RARE_LIGANDS[locus])

    def of(name: str) -> tuple[str | None, str, bool]:
        usual = ligand_of_family(locus, name.partition(":")[0])
        return usual, documented.get(name, rare.get(name, usual)), name in documented

    return of


def _levels(_locus: str) -> _Expectation:
    listed = _inverse(EXPRESSION)
    return lambda name: (None, listed.get(name, ""), name in listed)


_EXPECTED: Mapping[AlleleFact, Callable[[str], _Expectation]] = {
    "leader": _leaders,
    "kir_ligand": _ligands,
    "expression": _levels,
}


def _inverse(names: Mapping[str, str]) -> dict[str, str]:
    return {name: value for value, of in names.items() for name in of.split()}
