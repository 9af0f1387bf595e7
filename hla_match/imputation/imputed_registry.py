"""Imputed persons: their haplotype classes under the panels, from which every probability follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.donor_identity import DonorIdentity
from hla_match.imputation.donor_typings import population_rows, registry_typing
from hla_match.imputation.panels import Panels, registry_panels, registry_tables
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.imputation.panel_chain import impute_persons
from hla_match.kernels.schema.array import new_arrays
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, Imputation, PersonTypings, TypingAlleles
from hla_match.kernels.schema.typings import TypingTable
from hla_match.typings.encoding import Alternative, typing_table


@dataclass(frozen=True)
class ImputedRegistry:
    """The donors of a registry under a set of frequencies: what predictions are made from.

    Attributes:
        panels: the haplotypes, step by step of the chain.
        donors: the donors' classes of haplotypes, in the order of the registry.
        identity: whose they are; None where nobody said.
    """

    panels: Panels
    donors: Imputation
    identity: DonorIdentity | None = field(default=None, repr=False)

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return int(self.donors.person.size)

    @classmethod
    def of(
        cls,
        registry: Registry,
        frequencies: HaplotypeFrequencies,
        global_frequencies: HaplotypeFrequencies | None = None,
        *,
        workers: int = 1,
    ) -> ImputedRegistry:
        """Impute every donor of a registry; equal donors are imputed once.

        Args:
            registry: the donors.
            frequencies: coded with the registry's nomenclature.
            global_frequencies: tried where the first set explains nothing, and for the loci that it lacks.
            workers: threads; the result does not depend on them.

        Raises:
            CriteriaError: frequencies are coded by another nomenclature than the registry's.

        >>> import polars as pl
        >>> from hla_match.donors.registry import build_registry
        >>> from hla_match.frequencies.haplotype_frequencies import code_haplotypes
        >>> from hla_match.nomenclature.release import Nomenclature
        >>> donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:XX"], "A_2": ["24:02"]})
        >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="one", provenance={})
        >>> table = pl.DataFrame({"A": ["02:01", "02:06", "24:02"], "population": "", "frequency": [0.5, 0.3, 0.2]})
        >>> frequencies = code_haplotypes(table, registry.nomenclature, name="example")
        >>> ImputedRegistry.of(registry, frequencies).donors.classes.part_mass.round(2).tolist()
        [0.32]
        """
        panels = registry_panels(registry, frequencies, global_frequencies)
        return cls(panels, impute_registry(registry, panels, workers=workers), DonorIdentity(registry, panels))

    def of_donors(self, donor: NDArray[np.uint32], *, workers: int = 1) -> tuple[Imputation, NDArray[np.int32]]:
        """Return what some donors may carry: an imputation, and which of its distinct persons each donor is.

        They are imputed already, so that `workers` are not used.
        """
        return self.donors, self.donors.person[donor]


@dataclass(frozen=True)
class ImputedOnDemand:
    """A registry whose donors are imputed when they are asked for; too large a one is not imputed as a whole.

    Attributes:
        panels: the haplotypes, step by step of the chain.
        registry: the donors.
        membership: its typings in terms of the panels.
    """

    panels: Panels
    registry: Registry
    membership: TypingAlleles

    @property
    def n_donors(self) -> int:
        """Number of donors."""
        return self.registry.n_donors

    @property
    def identity(self) -> DonorIdentity:
        """Whose donors they are."""
        return DonorIdentity(self.registry, self.panels)

    def of_donors(self, donor: NDArray[np.uint32], *, workers: int = 1) -> tuple[Imputation, NDArray[np.int32]]:
        """Return what some donors may carry, as in `ImputedRegistry`; results do not depend on the `workers`."""
        typing = registry_typing(self.panels, self.registry, donor)
        population = population_rows(self.panels, self.registry, donor)
        threads = workers if donor.size >= _WORTH_THREADS else 1
        imputation = impute(typing, population, self.panels, self.membership, workers=threads)
        return imputation, imputation.person


_WORTH_THREADS = 256
"""Donors from which on threads are worth starting: some ten microseconds each."""

DonorImputation = ImputedRegistry | ImputedOnDemand
"""Donors under a set of frequencies, imputed in advance or on demand; predictions are the same."""


def imputed_on_demand(registry: Registry, panels: Panels) -> ImputedOnDemand:
    """Make a registry ready to be imputed on demand; `panels` are built with its typing tables."""
    return ImputedOnDemand(panels, registry, typing_membership(panels, registry_tables(registry)))


_OFFSETS = frozenset({"person_part", "part_class", "part_pair", "class_member"})


def impute_registry(registry: Registry, panels: Panels, *, workers: int = 1) -> Imputation:
    """Impute every donor of a registry; equal typings are computed once.

    Args:
        registry: the donors.
        panels: built with the typing tables of the registry.
        workers: threads.
    """
    person, distinct = distinct_donors(registry, panels)
    membership = typing_membership(panels, registry_tables(registry))
    return Imputation(person, impute_distinct(distinct, panels, membership, workers=workers))


def distinct_donors(registry: Registry, panels: Panels) -> tuple[NDArray[np.int32], PersonTypings]:
    """Return which of the distinct persons each donor is, and these, by the typings of the registry."""
    everybody = slice(None)
    typing = registry_typing(panels, registry, everybody)
    population = population_rows(panels, registry, everybody)
    distinct, person = distinct_persons(typing, population)
    return person, PersonTypings(np.ascontiguousarray(typing[:, distinct]), population[distinct])


def impute_listed(
    panels: Panels,
    alternatives: Sequence[Mapping[str, tuple[Alternative, ...]]],
    populations: Sequence[str | None],
    *,
    workers: int = 1,
) -> Imputation:
    """Impute some persons given as typings by locus, in their order.

    Args:
        panels: the panels.
        alternatives: of each person by locus, as given by `LocusEncoder.with_nulls`; a locus that is left out is not
            typed.
        populations: name of each person's population.
        workers: threads; the result does not depend on them.
    """
    typing = np.zeros((len(panels.loci), len(alternatives)), np.int32)
    tables: dict[str, TypingTable] = {}
    for row, locus in enumerate(panels.loci):
        # Typing 0 is "not typed".
        book: dict[tuple[Alternative, ...], int] = {(): 0}
        typing[row] = [book.setdefault(person.get(locus, ()), len(book)) for person in alternatives]
        if len(book) > 1:
            tables[locus] = typing_table(list(book))
    population = np.array([panels.population_row(name) for name in populations], np.int16)
    return impute(typing, population, panels, typing_membership(panels, tables), workers=workers)


def impute_person(panels: Panels, membership: TypingAlleles, typing: Sequence[int], population: int) -> Imputation:
    """Impute one person given as a typing code at each locus of the panels.

    Args:
        panels: the panels.
        membership: the typings.
        typing: (loci,) numbers of `membership`.
        population: row of the panels' chain.
    """
    persons = PersonTypings(np.array(typing, np.int32)[:, None], np.array([population], np.int16))
    (classes,) = _impute_range(0, 1, persons, panels, membership)
    return Imputation(np.zeros(1, np.int32), classes)


def impute(
    typing: NDArray[np.int32],
    population: NDArray[np.int16],
    panels: Panels,
    membership: TypingAlleles,
    *,
    workers: int = 1,
) -> Imputation:
    """Impute persons given as typing codes.

    Args:
        typing: (loci, persons) int32 typings by the numbers of `membership`.
        population: (persons,) int16 rows of the panels' chain.
        panels: the panels.
        membership: the typings.
        workers: threads; the result does not depend on them.
    """
    distinct, person = distinct_persons(typing, population)
    persons = PersonTypings(np.ascontiguousarray(typing[:, distinct]), population[distinct])
    return Imputation(person, impute_distinct(persons, panels, membership, workers=workers))


def impute_distinct(
    persons: PersonTypings, panels: Panels, membership: TypingAlleles, *, workers: int = 1
) -> HaplotypeClasses:
    """Impute persons one by one, as `impute` does with those that differ."""
    n_persons = persons.person_population.size
    size = max(1024, -(-n_persons // (4 * workers)))
    ranges = [(start, min(start + size, n_persons)) for start in range(0, max(n_persons, 1), size)]

    def run(bounds: tuple[int, int]) -> list[HaplotypeClasses]:
        return _impute_range(*bounds, persons, panels, membership)

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            pieces = [piece for found in pool.map(run, ranges) for piece in found]
    else:
        pieces = [piece for bounds in ranges for piece in run(bounds)]
    return join_classes(pieces)


def distinct_persons(
    typing: NDArray[np.int32], population: NDArray[np.int16]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return one of each kind of persons, and for every person which kind it is of."""
    words = _packed([population, *typing[::-1]])
    order = np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])
    new = np.ones(order.size, np.bool_)
    new[1:] = False
    for word in words:
        ordered = word[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    person = np.empty(order.size, np.int32)
    person[order] = np.cumsum(new) - 1
    return order[new], person


def _packed(columns: Sequence[NDArray[np.integer[Any]]]) -> list[NDArray[np.int64]]:
    """Return columns of small numbers, not negative, as few columns in the same order: one is sorted far faster."""
    words: list[NDArray[np.int64]] = []
    room = 0
    for column in columns:
        n = int(column.max(initial=0)) + 1
        if n > room:
            words.append(np.zeros(column.size, np.int64))
            room = np.iinfo(np.int64).max
        words[-1] = words[-1] * n + column
        room //= n
    return words


def _impute_range(
    start: int, stop: int, persons: PersonTypings, panels: Panels, membership: TypingAlleles
) -> list[HaplotypeClasses]:
    """Impute a range of persons, in pieces as large as the output arrays have room for."""
    pieces: list[HaplotypeClasses] = []
    room = max(1 << 16, 64 * (stop - start))
    while start < stop or not pieces:
        out = _room_for(stop - start, len(panels.loci), room)
        reached = impute_persons(start, stop, persons, membership, panels.haplotypes, panels.index, panels.chain, out)
        if reached == start < stop:
            room *= 4
            continue
        pieces.append(_trimmed(out, reached - start))
        start = reached
    return pieces


def _room_for(n_persons: int, n_loci: int, room: int) -> HaplotypeClasses:
    """Return output arrays for some persons; `room` is for classes, pairs and members."""
    n_parts = (n_loci + 1) * n_persons
    sizes = {"distinct persons": n_persons, "parts": n_parts, "classes": room, "pairs": room, "members": room}
    return new_arrays(HaplotypeClasses, sizes)


def _trimmed(out: HaplotypeClasses, n_persons: int) -> HaplotypeClasses:
    """Return copies of the filled parts of the output arrays."""
    n_parts = int(out.person_part[n_persons])
    n_classes, n_pairs = int(out.part_class[n_parts]), int(out.part_pair[n_parts])
    return HaplotypeClasses(
        person_part=out.person_part[: n_persons + 1].copy(),
        person_missing=out.person_missing[:n_persons].copy(),
        part_panel=out.part_panel[:n_parts].copy(),
        part_mass=out.part_mass[:n_parts].copy(),
        part_class=out.part_class[: n_parts + 1].copy(),
        part_pair=out.part_pair[: n_parts + 1].copy(),
        class_member=out.class_member[: n_classes + 1].copy(),
        pair=out.pair[:n_pairs].copy(),
        member=out.member[: int(out.class_member[n_classes])].copy(),
    )


def join_classes(pieces: Sequence[HaplotypeClasses]) -> HaplotypeClasses:
    """Join the arrays of all pieces; offsets count on from piece to piece."""
    joined: dict[str, Any] = {
        name: _joined_offsets(parts) if name in _OFFSETS else np.concatenate(parts)
        for name, parts in zip(HaplotypeClasses._fields, zip(*pieces, strict=True), strict=True)
    }
    return HaplotypeClasses(**joined)


def _joined_offsets(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    joined: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    total = 0
    for part in parts:
        joined.append(part[1:] + total)
        total += int(part[-1])
    return np.concatenate(joined)
