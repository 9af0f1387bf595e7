"""The sample that frequencies are estimated from: persons by kind, and the alleles that each typing allows.

Equal persons are one kind with a weight. Three sorts of persons are left out and counted: those with an allele reported
as NEW, which no haplotype of named alleles explains; those typed at none of the loci, who say nothing; and, once the
haplotypes are chosen, those whom none of these explain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.imputation.imputed_registry import distinct_persons
from hla_match.kernels.codes import NEW
from hla_match.kernels.schema.typings import TypingTable
from hla_match.loci import LOCI
from hla_match.typings.encoding import alternatives_with_nulls


@dataclass(frozen=True)
class Sample:
    """Persons of one population, by kind.

    Attributes:
        loci: in the order of `hla_match.loci.LOCI`.
        tables: the distinct typings of each locus.
        typing: (loci, kinds) int32 typing of each kind of persons, a number of the locus' table; 0 is "not typed".
        weight: (kinds,) float64 number of persons.
        allowed: for each locus and typing the ascending allele codes that one chromosome can carry; every allele that
            some person of the sample may have where not typed.
        n_new: persons left out for an allele reported as NEW.
        n_untyped: persons left out who are typed at none of the loci.
    """

    loci: tuple[str, ...]
    tables: Mapping[str, TypingTable]
    typing: NDArray[np.int32]
    weight: NDArray[np.float64]
    allowed: tuple[Mapping[int, tuple[int, ...]], ...]
    n_new: int
    n_untyped: int

    @property
    def n_persons(self) -> int:
        """Number of persons."""
        return int(self.weight.sum())

    def n_allowed(self) -> NDArray[np.float64]:
        """Return (kinds,) how many haplotypes each kind of persons allows, as a float since they may be very many."""
        product = np.ones(self.weight.size)
        for row, allowed in enumerate(self.allowed):
            sizes = np.zeros(max(allowed) + 1)
            for typing, alleles in allowed.items():
                sizes[typing] = len(alleles)
            product *= sizes[self.typing[row]]
        return product


def draw_sample(registry: Registry, loci: Sequence[str], persons: NDArray[np.int64] | None = None) -> Sample:
    """Return the persons of a registry as a sample.

    Args:
        registry: the donors.
        loci: loci of the registry, in any order.
        persons: rows of the donors to take; all by default.
    """
    chosen = tuple(locus for locus in LOCI if locus in loci)
    rows = np.arange(registry.n_donors) if persons is None else persons
    typing = np.zeros((len(chosen), rows.size), np.int32)
    for row, locus in enumerate(chosen):
        typing[row] = registry.columns[locus].expanded_typing[registry.donor_typing[registry.loci.index(locus)][rows]]
    return code_sample(chosen, typing, {locus: registry.columns[locus].table for locus in chosen})


def code_sample(loci: tuple[str, ...], typing: NDArray[np.int32], tables: Mapping[str, TypingTable]) -> Sample:
    """Return persons given as (loci, persons) typing codes as a sample."""
    distinct, person = distinct_persons(typing, np.zeros(typing.shape[1], np.int16))
    weight = np.bincount(person, minlength=distinct.size).astype(np.float64)
    kinds = typing[:, distinct]
    read = [
        {int(one): _typing_alleles(tables[locus], int(one)) for one in np.unique(kinds[row]) if one}
        for row, locus in enumerate(loci)
    ]
    is_new = np.zeros(distinct.size, np.bool_)
    for row, alleles in enumerate(read):
        is_new |= np.isin(kinds[row], [one for one, found in alleles.items() if not found])
    untyped = ~is_new & (kinds == 0).all(axis=0)
    keep = ~is_new & ~untyped
    kinds = np.ascontiguousarray(kinds[:, keep])
    allowed = []
    for row, alleles in enumerate(read):
        present = {int(one): alleles[int(one)] for one in np.unique(kinds[row]) if one}
        allowed.append({0: tuple(sorted(set().union(*present.values()))), **present})
    return Sample(
        loci=loci,
        tables=tables,
        typing=kinds,
        weight=weight[keep],
        allowed=tuple(allowed),
        n_new=int(weight[is_new].sum()),
        n_untyped=int(weight[untyped].sum()),
    )


def typing_sets(table: TypingTable, typing: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the alternatives of a typing as its chromosomes carry them, without those that hold a NEW allele."""
    found = []
    for sides in alternatives_with_nulls(table, typing):
        first, second = (tuple(code for code in side.codes if code != NEW) for side in sides)
        if first and second:
            found.append((first, second))
    return found


def _typing_alleles(table: TypingTable, typing: int) -> tuple[int, ...]:
    """Return the ascending codes that one chromosome can carry; none where every alternative holds a NEW allele."""
    return tuple(sorted({code for pair in typing_sets(table, typing) for side in pair for code in side}))
