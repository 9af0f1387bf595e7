"""DRB345: the two positions of a person's DRB3, DRB4 and DRB5 genes taken together, as coordinators count them.

A chromosome carries at most one of the three genes, and some carry none (Marsh et al., Tissue Antigens 2010;75:291,
table 1; Bochtler et al., Bone Marrow Transplant 2011;46:338). So a person has two positions, each with an allele of one
of the genes or with none, which is a null allele. A pair of positions is possible where the typing of every gene allows
what the pair shows of that gene; a gene that is not typed allows anything. No laboratory reports this locus: it follows
from the typings of the three. Oracle: ``tests/oracle/drb345.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.kernels.codes import FIRST_P_GROUP, NEW, NOT_TYPED, NULL
from hla_match.loci import DRB345, OPTIONAL_GENES, SCOPE_LOCI
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import (
    ABSENT,
    Alternative,
    CountedAlternative,
    Side,
    alternatives_with_nulls,
    counted,
    typing_table,
)
from hla_match.typings.typing_book import LocusColumn

_EXCLUDING = "typings of DRB3, DRB4 and DRB5 that exclude each other, counted as not typed"


@dataclass(frozen=True, slots=True)
class GeneTyping:
    """What the typing of a gene allows, by the number of chromosomes that have the gene.

    Attributes:
        both: its alternatives on both chromosomes.
        one: the sides that it can be where the other chromosome lacks it, one for each antigen that it was typed as.
        none: whether both chromosomes may lack it.
    """

    both: tuple[Alternative, ...]
    one: tuple[Side, ...]
    none: bool


class JointGenes:
    """Reads typings of the three genes as typings of DRB345, in codes of its own.

    The codes are those of the P groups and antigens of DRB3, then of DRB4, then of DRB5.

    Args:
        nomenclature: numbers the P groups of each gene.
    """

    def __init__(self, nomenclature: Nomenclature) -> None:
        self._shift: dict[str, tuple[int, int]] = {}
        self._any: dict[str, GeneTyping] = {}
        groups = antigens = 0
        for gene in OPTIONAL_GENES:
            index = nomenclature.index(gene)
            self._shift[gene] = groups, antigens
            every = self._joint(gene, Side(_numbers(FIRST_P_GROUP, index.p_names), _numbers(0, index.antigens.code)))
            self._any[gene] = GeneTyping(((every, every),), (every,), none=True)
            groups, antigens = groups + len(index.p_names), antigens + len(index.antigens.code)

    def with_nulls(self, typings: Mapping[str, Sequence[Alternative]]) -> tuple[Alternative, ...]:
        """Return the alternatives of DRB345 as the chromosomes carry them; none where they exclude each other.

        Args:
            typings: by gene the carried alternatives; a gene that is not there, or has none, is not typed.
        """
        return joint_alternatives([self.gene(gene, typings.get(gene, ())) for gene in OPTIONAL_GENES])

    def gene(self, gene: str, with_nulls: Sequence[Alternative]) -> GeneTyping:
        """Return what a gene's typing allows, in the joint codes."""
        if not with_nulls:
            return self._any[gene]
        pairs = [(self._joint(gene, first), self._joint(gene, second)) for first, second in with_nulls]
        expressed = [(_expressed(first), _expressed(second)) for first, second in pairs]
        return GeneTyping(
            both=tuple(dict.fromkeys(pair for pair in expressed if pair[0].codes and pair[1].codes)),
            one=_united(_expressed(one) for pair in pairs for one, other in (pair, pair[::-1]) if NULL in other.codes),
            none=any(NULL in first.codes and NULL in second.codes for first, second in pairs),
        )

    def _joint(self, gene: str, side: Side) -> Side:
        groups, antigens = self._shift[gene]
        return Side(
            tuple(code + groups if code >= FIRST_P_GROUP else code for code in side.codes),
            tuple(code + antigens for code in side.antigens),
            tuple(code + antigens for code in side.serology),
        )


def joint_alternatives(genes: Sequence[GeneTyping]) -> tuple[Alternative, ...]:
    """Return every way in which two positions can hold the genes, given what each gene's typing allows."""
    found: list[Alternative] = []
    lacking = {number for number, gene in enumerate(genes) if gene.none}
    every = set(range(len(genes)))
    for number, gene in enumerate(genes):
        if every - {number} <= lacking:
            found += [*gene.both, *((side, ABSENT) for side in gene.one)]
    for one, other in combinations(range(len(genes)), 2):
        if every - {one, other} <= lacking:
            found += product(genes[one].one, genes[other].one)
    if every == lacking:
        found.append((ABSENT, ABSENT))
    return tuple(dict.fromkeys(found))


def _expressed(side: Side) -> Side:
    return side._replace(codes=tuple(code for code in side.codes if code != NULL))


def _united(sides: Iterable[Side]) -> tuple[Side, ...]:
    """Return the sides with those of the same antigens as one; an allele reported as NEW stays by itself."""
    codes: dict[tuple[bool, Side], set[int]] = {}
    for side in sides:
        if side.codes:
            codes.setdefault((NEW in side.codes, side._replace(codes=())), set()).update(side.codes)
    return tuple(side._replace(codes=tuple(sorted(members))) for (_, side), members in codes.items())


def _numbers(first: int, named: Collection[str]) -> tuple[int, ...]:
    return tuple(range(first, first + len(named)))


@dataclass(frozen=True, slots=True)
class JointRegistry:
    """A registry with DRB345 as one more locus, and what reads patients' typings of it.

    Attributes:
        registry: the donors.
        genes: reads typings.
        n_excluding: donors whose typings of the three genes exclude each other; they count as not typed.
    """

    registry: Registry
    genes: JointGenes
    n_excluding: int

    def read(
        self, typings: Mapping[str, Sequence[Alternative]]
    ) -> tuple[tuple[CountedAlternative, ...], tuple[str, ...]]:
        """Return a patient's typing of DRB345 and the notes on it.

        Args:
            typings: by gene what the patient's chromosomes carry.
        """
        is_typed = any(typings.values())
        with_nulls = self.genes.with_nulls(typings) if is_typed else ()
        donors = f"{self.n_excluding:,} donor{'s' * (self.n_excluding != 1)}"
        notes = [f"{donors} of the registry with {_EXCLUDING}"] if self.n_excluding else []
        return counted(with_nulls), (
            *([f"the patient has {_EXCLUDING}"] if is_typed and not with_nulls else []),
            *notes,
        )


def with_drb345(registry: Registry) -> JointRegistry:
    """Return a registry with DRB345 as one more locus, where it is typed at one of the three genes.

    It takes as much memory as the typings of the registry do, and the time to read each distinct combination of the
    three genes' typings once.
    """
    joint = JointGenes(registry.nomenclature)
    genes = [gene for gene in OPTIONAL_GENES if gene in registry.loci]
    if not genes:
        return JointRegistry(registry, joint, 0)
    combination, combination_of = _combinations(registry, genes)
    books = [
        {
            typing: joint.gene(gene, alternatives_with_nulls(registry.columns[gene].table, typing))
            for typing in np.unique(row).tolist()
        }
        for gene, row in zip(genes, combination, strict=True)
    ]
    lacking = [joint.gene(gene, ()) for gene in OPTIONAL_GENES if gene not in genes]
    typings: dict[tuple[Alternative, ...], int] = {(): NOT_TYPED}
    typing_of = np.zeros(combination.shape[1], np.int32)
    excluding = np.zeros(combination.shape[1], np.bool_)
    for number, codes in enumerate(combination.T.tolist()):
        if not any(codes):
            continue
        with_nulls = joint_alternatives([*(book[code] for book, code in zip(books, codes, strict=True)), *lacking])
        excluding[number] = not with_nulls
        typing_of[number] = typings.setdefault(with_nulls, len(typings))
    column = LocusColumn(
        text=pl.DataFrame(schema={"first": pl.String, "second": pl.String}),
        expanded_typing=np.arange(len(typings), dtype=np.int32),
        table=typing_table(list(typings)),
    )
    widened = _with_locus(registry, column, typing_of[combination_of])
    return JointRegistry(widened, joint, int(excluding[combination_of].sum()))


def _combinations(registry: Registry, genes: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (genes, combinations) the distinct typings of the genes together, and which of them each donor has."""
    key = np.zeros(registry.n_donors, np.int64)
    sizes = [registry.columns[gene].table.n_typings for gene in genes]
    for gene, size in zip(genes, sizes, strict=True):
        typing = registry.donor_typing[registry.loci.index(gene)]
        key = key * size + registry.columns[gene].expanded_typing[typing]
    distinct, combination_of = np.unique(key, return_inverse=True)
    return np.stack(np.unravel_index(distinct, sizes)), combination_of


def _with_locus(registry: Registry, column: LocusColumn, typing: NDArray[np.int32]) -> Registry:
    loci = tuple(locus for locus in SCOPE_LOCI if locus in registry.loci or locus == DRB345)
    row = loci.index(DRB345)
    dtype = np.promote_types(registry.donor_typing.dtype, np.min_scalar_type(column.expanded_typing.size))
    donor_typing = np.empty((len(loci), registry.n_donors), dtype)
    donor_typing[:row], donor_typing[row], donor_typing[row + 1 :] = (
        registry.donor_typing[:row],
        typing,
        registry.donor_typing[row:],
    )
    return replace(registry, loci=loci, donor_typing=donor_typing, columns={**registry.columns, DRB345: column})
