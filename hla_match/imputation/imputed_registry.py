"""Persons under the panels: their haplotype classes, from which every probability follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.panels import Panels, build_panels
from hla_match.imputation.typing_membership import TypingMembership, typing_membership
from hla_match.kernels.imputation.panel_chain import impute_persons
from hla_match.typings.encoding import Alternative, TypingTable, typing_table


@dataclass(frozen=True)
class Imputation:
    """The haplotype classes of some persons; equal persons are kept once.

    Attributes:
        person: (persons,) int32, which of the distinct persons each one is.
        person_part: (distinct + 1,) int64 offsets of the parts of each distinct person.
        person_missing: (distinct,) uint16 loci, as bits, at which nothing explains the person.
        part_panel: (parts,) int16 panel.
        part_mass: (parts,) float64 weight of all diplotypes of the part.
        part_class: (parts + 1,) int64 offsets into the classes.
        part_pair: (parts + 1,) int64 offsets into `pair`.
        class_member: (classes + 1,) int64 offsets into `member`.
        pair: (pairs, 2) uint16 compatible classes, counted from the part's first.
        member: uint32 haplotypes of each class, by their number in the panels.
    """

    person: NDArray[np.int32]
    person_part: NDArray[np.int64]
    person_missing: NDArray[np.uint16]
    part_panel: NDArray[np.int16]
    part_mass: NDArray[np.float64]
    part_class: NDArray[np.int64]
    part_pair: NDArray[np.int64]
    class_member: NDArray[np.int64]
    pair: NDArray[np.uint16]
    member: NDArray[np.uint32]


@dataclass(frozen=True)
class ImputedRegistry:
    """The donors of a registry under a set of frequencies: what predictions are made from.

    Attributes:
        panels: the haplotypes, step by step of the chain.
        donors: the donors' classes of haplotypes, in the order of the registry.
    """

    panels: Panels
    donors: Imputation

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

        >>> import polars as pl
        >>> from hla_match.donors.registry import build_registry
        >>> from hla_match.frequencies.haplotype_frequencies import code_haplotypes
        >>> from hla_match.nomenclature.release import Nomenclature
        >>> donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:XX"], "A_2": ["24:02"]})
        >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="one", provenance={})
        >>> table = pl.DataFrame({"A": ["02:01", "02:06", "24:02"], "population": "", "frequency": [0.5, 0.3, 0.2]})
        >>> frequencies = code_haplotypes(table, registry.nomenclature, name="example")
        >>> ImputedRegistry.of(registry, frequencies).donors.part_mass.round(2).tolist()
        [0.32]
        """
        panels = build_panels(frequencies, registry_tables(registry), global_frequencies)
        return cls(panels, impute_registry(registry, panels, workers=workers))

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
    membership: TypingMembership

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
"""Donors under a set of frequencies, imputed beforehand or on demand; predictions are the same."""


def imputed_on_demand(registry: Registry, panels: Panels) -> ImputedOnDemand:
    """Make a registry ready to be imputed on demand; `panels` are built with its typing tables."""
    return ImputedOnDemand(panels, registry, typing_membership(panels, registry_tables(registry)))


IMPUTATION_ARRAYS = tuple(field.name for field in fields(Imputation))
"""Names of the arrays of an `Imputation`."""

_OFFSETS = frozenset({"person_part", "part_class", "part_pair", "class_member"})


def impute_registry(registry: Registry, panels: Panels, *, workers: int = 1) -> Imputation:
    """Impute every donor of a registry; equal typings are computed once.

    Args:
        registry: the donors.
        panels: built with the typing tables of the registry.
        workers: threads.
    """
    everybody = slice(None)
    typing = registry_typing(panels, registry, everybody)
    population = population_rows(panels, registry, everybody)
    return impute(typing, population, panels, typing_membership(panels, registry_tables(registry)), workers=workers)


def impute_typings(
    panels: Panels, alternatives: Mapping[str, tuple[Alternative, ...]], population: str | None = None
) -> Imputation:
    """Impute one person given as typings by locus, as the chromosomes carry them; loci that are left out are not typed.

    Args:
        panels: the panels.
        alternatives: alternatives as given by `hla_match.typings.encoding.LocusEncoder.with_nulls`.
        population: name of the person's population.
    """
    return impute_listed(panels, [alternatives], [population])


def impute_listed(
    panels: Panels,
    alternatives: Sequence[Mapping[str, tuple[Alternative, ...]]],
    populations: Sequence[str | None],
    *,
    workers: int = 1,
) -> Imputation:
    """Impute some persons given as in `impute_typings`, in their order; `workers` are threads."""
    typing = np.zeros((len(panels.loci), len(alternatives)), np.int32)
    tables: dict[str, TypingTable] = {}
    for row, locus in enumerate(panels.loci):
        # Typing 0 is "not typed".
        book: dict[tuple[Alternative, ...], int] = {(): 0}
        typing[row] = [book.setdefault(person.get(locus, ()), len(book)) for person in alternatives]
        if len(book) > 1:
            tables[locus] = typing_table(list(book))
    known = {name: number for number, name in enumerate(panels.populations)}
    population = np.array([known.get(name or "", len(known)) for name in populations], np.int16)
    return impute(typing, population, panels, typing_membership(panels, tables), workers=workers)


def registry_tables(registry: Registry) -> Mapping[str, TypingTable]:
    """Return the distinct typings of a registry by locus."""
    return {locus: column.table for locus, column in registry.columns.items()}


def registry_typing(panels: Panels, registry: Registry, donor: NDArray[np.uint32] | slice) -> NDArray[np.int32]:
    """Return (loci, n) int32 meanings of the typings of some donors, at the loci of the panels."""
    reported = registry.donor_typing[:, donor]
    typing = np.zeros((len(panels.loci), reported.shape[1]), np.int32)
    for row, locus in enumerate(panels.loci):
        if locus in registry.loci:
            typing[row] = registry.columns[locus].meaning[reported[registry.loci.index(locus)]]
    return typing


def population_rows(panels: Panels, registry: Registry, donor: NDArray[np.uint32] | slice) -> NDArray[np.int16]:
    """Return (n,) int16 the chain of the population of some donors; the last one where it is not known."""
    if not panels.populations or "population" not in registry.attributes.columns:
        return np.full(registry.donor_order[donor].size, len(panels.populations), np.int16)
    row = {name: number for number, name in enumerate(panels.populations)}
    named = registry.attributes["population"][donor].fill_null("").to_list()
    return np.array([row.get(name, len(row)) for name in named], np.int16)


def impute(
    typing: NDArray[np.int32],
    population: NDArray[np.int16],
    panels: Panels,
    membership: TypingMembership,
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
    of_typing = np.ascontiguousarray(typing[:, distinct])
    of_population = population[distinct]
    size = max(1024, -(-distinct.size // (4 * workers)))
    ranges = [(start, min(start + size, distinct.size)) for start in range(0, max(distinct.size, 1), size)]

    def run(bounds: tuple[int, int]) -> list[dict[str, NDArray[Any]]]:
        return _impute_range(*bounds, of_typing, of_population, panels, membership)

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            pieces = [piece for found in pool.map(run, ranges) for piece in found]
    else:
        pieces = [piece for bounds in ranges for piece in run(bounds)]
    return Imputation(person=person, **{name: _joined(name, pieces) for name in IMPUTATION_ARRAYS if name != "person"})


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
    start: int,
    stop: int,
    typing: NDArray[np.int32],
    population: NDArray[np.int16],
    panels: Panels,
    membership: TypingMembership,
) -> list[dict[str, NDArray[Any]]]:
    """Impute a range of persons, in pieces as large as the output arrays have room for."""
    pieces: list[dict[str, NDArray[Any]]] = []
    room = max(1 << 16, 64 * (stop - start))
    n_parts = (len(panels.loci) + 1) * (stop - start)
    while start < stop or not pieces:
        outputs: dict[str, NDArray[Any]] = {
            "person_part": np.empty(stop - start + 1, np.int64),
            "person_missing": np.empty(stop - start, np.uint16),
            "part_panel": np.empty(n_parts, np.int16),
            "part_mass": np.empty(n_parts),
            "part_class": np.empty(n_parts + 1, np.int64),
            "part_pair": np.empty(n_parts + 1, np.int64),
            "class_member": np.empty(room + 1, np.int64),
            "pair": np.empty((room, 2), np.uint16),
            "member": np.empty(room, np.uint32),
        }
        reached = impute_persons(
            start,
            stop,
            typing,
            population,
            membership.typing_start,
            membership.carried_start,
            membership.carried_set,
            membership.set_start,
            membership.set_allele,
            membership.stated,
            membership.max_signatures,
            panels.allele_start,
            panels.allele_of,
            panels.frequency,
            panels.panel_start,
            panels.panel_locus_start,
            panels.panel_locus,
            panels.posting_start,
            panels.posting,
            panels.panel_words,
            panels.bits_start,
            panels.bits,
            panels.chain,
            panels.block_panel,
            panels.locus_panel,
            panels.certain_panel,
            *outputs.values(),
        )
        if reached == start < stop:
            room *= 4
            continue
        pieces.append(_trimmed(outputs, reached - start))
        start = reached
    return pieces


def _trimmed(outputs: dict[str, NDArray[Any]], n_persons: int) -> dict[str, NDArray[Any]]:
    """Return copies of the filled parts of the output arrays."""
    parts = int(outputs["person_part"][n_persons])
    classes, pairs = int(outputs["part_class"][parts]), int(outputs["part_pair"][parts])
    length = {
        "person_part": n_persons + 1,
        "person_missing": n_persons,
        "part_panel": parts,
        "part_mass": parts,
        "part_class": parts + 1,
        "part_pair": parts + 1,
        "class_member": classes + 1,
        "pair": pairs,
        "member": int(outputs["class_member"][classes]),
    }
    return {name: array[: length[name]].copy() for name, array in outputs.items()}


def _joined(name: str, pieces: list[dict[str, NDArray[Any]]]) -> NDArray[Any]:
    """Join one array of all pieces; offsets count on from piece to piece."""
    if name not in _OFFSETS:
        return np.concatenate([piece[name] for piece in pieces])
    joined: list[NDArray[Any]] = [np.zeros(1, np.int64)]
    total = 0
    for piece in pieces:
        joined.append(piece[name][1:] + total)
        total += int(piece[name][-1])
    return np.concatenate(joined)
