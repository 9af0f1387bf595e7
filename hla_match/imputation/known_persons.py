"""Distinct persons who were imputed before, found again by what they are typed as, whatever they were numbered by.

The digest of a person is that of the population and of the typings, as sets of P groups under a nomenclature. Where
frequencies and loci are the same, what was imputed of a person holds for everybody with the digest: only the alleles of
the panels that stand for themselves are numbered anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.imputation.imputed_registry import distinct_donors, impute_distinct, join_classes
from hla_match.imputation.offsets import offsets, ranges
from hla_match.imputation.panels import Panels, registry_tables
from hla_match.imputation.typing_digests import population_digests, typing_digests
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, Imputation, PersonDigests, PersonTypings
from hla_match.kernels.schema.typings import TypingTable


class KnownPersons(NamedTuple):
    """Persons who were imputed under the frequencies, the loci and the nomenclature of others.

    Attributes:
        classes: what they may carry.
        digests: who they are, and the alleles that their panels numbered.
    """

    classes: HaplotypeClasses
    digests: PersonDigests


def impute_unknown(
    registry: Registry, panels: Panels, known: KnownPersons | None = None, *, workers: int = 1
) -> tuple[Imputation, PersonDigests]:
    """Impute every donor of a registry, those who are known excepted.

    Args:
        registry: the donors.
        panels: built with the typing tables of the registry.
        known: persons imputed under the same frequencies, with the same loci and nomenclature; None where there are
            none.
        workers: threads; the result depends neither on them nor on who is known.

    Returns:
        The imputation, and by what its distinct persons are found again.
    """
    person, distinct = distinct_donors(registry, panels)
    digests = person_digests(panels, registry_tables(registry), registry.nomenclature.tables.checksum, distinct)
    row = np.full(distinct.person_population.size, -1) if known is None else _rows_of(known.digests, digests)
    new, old = np.flatnonzero(row < 0), np.flatnonzero(row >= 0)
    typings = PersonTypings(np.ascontiguousarray(distinct.person_typing[:, new]), distinct.person_population[new])
    membership = typing_membership(panels, registry_tables(registry))
    classes = impute_distinct(typings, panels, membership, workers=workers)
    if known is not None and old.size:
        place = np.empty(row.size, np.int64)
        place[np.concatenate([old, new])] = np.arange(row.size)
        classes = take_persons(join_classes([_classes_of(known, row[old], panels, digests), classes]), place)
    return Imputation(person, classes), digests


def person_digests(
    panels: Panels, tables: Mapping[str, TypingTable], nomenclature: str, persons: PersonTypings
) -> PersonDigests:
    """Return the digests of some persons under the panels.

    Args:
        panels: what they are imputed with.
        tables: typings by locus.
        nomenclature: checksum of what numbers the P groups.
        persons: the persons, by the typings of the tables.
    """
    names = population_digests(panels.populations)
    # A sum modulo 2**64 of digests that differ from locus to locus, twice.
    total = names[persons.person_population]
    for row, locus in enumerate(panels.loci):
        if locus in tables:
            total += typing_digests(tables[locus], locus, nomenclature)[persons.person_typing[row]]
    return PersonDigests(
        person_digest=total,
        certain_start=offsets([code.size for code in panels.allele_code]),
        certain_code=np.concatenate(panels.allele_code),
    )


def _rows_of(known: PersonDigests, wanted: PersonDigests) -> NDArray[np.int64]:
    """Return (wanted persons,) which of the known persons each is, -1 where none is."""
    theirs, own = known.person_digest, wanted.person_digest
    if not len(theirs):
        return np.full(len(own), -1)
    # By the first half; where two have it in common, who is not found is imputed once more.
    order = np.argsort(theirs[:, 0])
    place = np.searchsorted(theirs[:, 0], own[:, 0], sorter=order)
    row = order[np.minimum(place, len(theirs) - 1)]
    return np.where((theirs[row] == own).all(axis=1), row, -1)


def _classes_of(
    known: KnownPersons, rows: NDArray[np.int64], panels: Panels, certain: PersonDigests
) -> HaplotypeClasses:
    """Return what some of the known persons may carry, haplotypes by the numbers of the panels."""
    taken = take_persons(known.classes, rows)
    return taken._replace(member=_renumbered(taken.member, known.digests, certain, panels))


def _renumbered(
    member: NDArray[np.uint32], known: PersonDigests, certain: PersonDigests, panels: Panels
) -> NDArray[np.uint32]:
    """Return haplotypes by the numbers of the panels: those of alleles that stand for themselves follow all others."""
    first = int(panels.haplotypes.panel_start[panels.chain.certain_panel[0]])
    number = np.empty(known.certain_code.size, np.uint32)
    for own, other in zip(_bounds(known.certain_start), _bounds(certain.certain_start), strict=True):
        code, codes = known.certain_code[own], certain.certain_code[other]
        place = np.minimum(np.searchsorted(codes, code), codes.size - 1)
        # Nobody who is typed so is left where an allele is gone.
        number[own] = np.where(codes[place] == code, first + other.start + place, np.iinfo(np.uint32).max)
    is_certain = member >= first
    found = member.copy()
    found[is_certain] = number[member[is_certain] - first]
    return found


def _bounds(start: NDArray[np.int64]) -> list[slice]:
    return [slice(one, end) for one, end in pairwise(start.tolist())]


def take_persons(classes: HaplotypeClasses, persons: NDArray[np.int64]) -> HaplotypeClasses:
    """Return what some distinct persons may carry, in their order."""
    person_part, part = ranges(classes.person_part, persons)
    part_class, of_part = ranges(classes.part_class, part)
    part_pair, pair = ranges(classes.part_pair, part)
    class_member, member = ranges(classes.class_member, of_part)
    return HaplotypeClasses(
        person_part=person_part,
        person_missing=classes.person_missing[persons],
        part_panel=classes.part_panel[part],
        part_mass=classes.part_mass[part],
        part_class=part_class,
        part_pair=part_pair,
        class_member=class_member,
        pair=classes.pair[pair],
        member=classes.member[member],
    )
