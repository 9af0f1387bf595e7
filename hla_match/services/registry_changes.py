"""What changed of a registry since a transaction, and those donors alone of whom a search may say something else.

A donor counts as changed whose record did, who had a birthday, or whose typing allows an allele that no frequencies
know and that somebody is typed as alone only then or only now: who may carry it is explained by it where somebody is.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.donors.ages import completed_years
from hla_match.donors.registry import Registry
from hla_match.donors.registry_union import unite
from hla_match.imputation.donor_identity import DonorIdentity
from hla_match.imputation.imputed_registry import ImputedRegistry, impute_registry
from hla_match.imputation.panels import Panels
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.kernels.schema.typings import TypingTable
from hla_match.searches.matcher import Matcher
from hla_match.services.frequency_sets import FrequencySets
from registry_io.store.donor_records import registry_diff
from registry_io.store.journal.journal import Journal

Alleles = Mapping[str, NDArray[np.int32]]
"""Codes of alleles by locus, ascending."""


class RecordChange(NamedTuple):
    """What became of the record of a donor.

    Attributes:
        what: added, changed or withdrawn.
        values: the values of a changed record that are others, in words.
    """

    what: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class RegistryChanges:
    """What leads from one transaction to the registry of a later one.

    Attributes:
        folder: the registry's.
        registry: as it is now.
        now: the transaction whose donors it has.
        since: the transaction before.
        days: at which ages were computed then, and are now.
    """

    folder: Path
    registry: Registry
    now: int
    since: int
    days: tuple[datetime.date, datetime.date]

    @cached_property
    def differences(self) -> Mapping[str, RecordChange]:
        """What became of the records that are others now, by donor."""
        if self.now == self.since:
            return {}
        found: dict[str, RecordChange] = {}
        for donor_id, what, column, before, after in registry_diff(self.folder, self.since, self.now).iter_rows():
            values = found[donor_id].values if donor_id in found else ()
            told = () if column is None else (f"{column}: {before or '-'} -> {after or '-'}",)
            found[donor_id] = RecordChange(what, values + told)
        return found

    @cached_property
    def merged(self) -> Mapping[str, str]:
        """The records that were merged into others, and these."""
        with Journal.open(self.folder) as journal:
            return journal.merges(self.now)

    @cached_property
    def n_erased(self) -> int:
        """Number of records that were erased since."""
        with Journal.open(self.folder) as journal:
            return journal.n_erased(self.since)

    @cached_property
    def birthdays(self) -> NDArray[np.bool_]:
        """(donors,) bool, whose age is another one on the second day."""
        born = self.registry.attribute_codes["birth_date"]
        if self.days[0] == self.days[1]:
            return np.zeros(self.registry.n_donors, np.bool_)
        first, second = (completed_years(born, day) for day in self.days)
        found: NDArray[np.bool_] = first != second
        return found

    @cached_property
    def _had_birthday(self) -> frozenset[str]:
        return frozenset(self.registry.attributes["donor_id"].filter(pl.Series(self.birthdays)).to_list())

    def has_birthday(self, donor_id: str) -> bool:
        """Say whether the age of a donor is another one on the second day."""
        return donor_id in self._had_birthday

    @cached_property
    def _touched(self) -> NDArray[np.bool_]:
        """(donors,) bool, whose record is another one."""
        ids = pl.Series(list(self.differences), dtype=pl.String)
        return self.registry.attributes["donor_id"].is_in(ids.implode()).to_numpy()

    def rare_alleles(self, sets: FrequencySets) -> Alleles:
        """Return the alleles that frequencies do not know and that donors are typed as alone only then, or only now."""
        found = {}
        before = self._before()
        for row, locus in enumerate(self.registry.loci):
            column, typing = self.registry.columns[locus], self.registry.donor_typing[row]
            n_now = np.bincount(typing, minlength=column.expanded_typing.size)
            n_stayed = n_now - np.bincount(typing[self._touched], minlength=column.expanded_typing.size)
            now, stayed = (_alone(column.table, column.expanded_typing[np.flatnonzero(n)]) for n in (n_now, n_stayed))
            then = np.union1d(stayed, _stated(self.registry, locus, before))
            codes = np.setdiff1d(np.setxor1d(now, then), _known(locus, sets)).astype(np.int32)
            if codes.size:
                found[locus] = codes
        return found

    def _before(self) -> pl.DataFrame:
        """Return the records before of those that are others now."""
        if self.now == self.since:
            return pl.DataFrame()
        with Journal.open(self.folder) as journal:
            return pl.concat([pl.DataFrame(), *journal.changes(self.now, self.since).persons], how="diagonal")

    def rows(self, rare: Alleles) -> NDArray[np.uint32]:
        """Return the rows of the donors of whom a search may say something else than before."""
        chosen = self._touched | self.birthdays
        for locus, codes in rare.items():
            if locus in self.registry.loci:
                chosen |= _typed_as(self.registry, locus, codes)
        return np.flatnonzero(chosen).astype(np.uint32)

    def matcher(self, rows: NDArray[np.uint32], panels: Panels | None) -> Matcher | None:
        """Return what searches some donors alone, as `Matcher` does all; None where there are none."""
        if not rows.size:
            return None
        # Donors of a registry that is too large are in a new order; who they are does not depend on it.
        small = unite([self.registry.take(rows)], [pl.Series(dtype=pl.String)])
        # So few are looked at one after another sooner than in their orders.
        small = replace(small, typing_index=())
        imputed = None
        if panels is not None:
            imputed = ImputedRegistry(panels, impute_registry(small, panels), DonorIdentity(small, panels))
        return Matcher(small, imputed)


def _alone(table: TypingTable, typings: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return the alleles that one of some typings states alone, which haplotypes then know."""
    counted, with_nulls = table.counted, table.with_nulls
    sets = np.concatenate(
        [
            counted.alternative_set[_within(counted.alternative_start, typings)].ravel(),
            with_nulls.pair_set[_within(with_nulls.pair_start, typings)].ravel(),
        ]
    )
    sets = np.unique(sets)
    single = sets[counted.set_start[sets + 1] - counted.set_start[sets] == 1]
    return np.unique(counted.set_member[counted.set_start[single]])


def _within(start: NDArray[np.int32], rows: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return of each entry whether it belongs to one of some rows."""
    chosen = np.zeros(start.size - 1, np.bool_)
    chosen[rows] = True
    return np.repeat(chosen, np.diff(start))


def _stated(registry: Registry, locus: str, persons: pl.DataFrame) -> NDArray[np.int32]:
    """Return the alleles that the typing of one of some persons states alone.

    Typings that donors have now are read already.
    """
    columns = (f"{locus}_1", f"{locus}_2")
    if not set(columns) <= set(persons.columns):
        return np.zeros(0, np.int32)
    one, other = (pl.col(name).fill_null("") for name in columns)
    typings = persons.filter(one != "").select(
        first=pl.when(other == "").then(one).otherwise(pl.min_horizontal(one, other)),
        second=pl.when(other == "").then(other).otherwise(pl.max_horizontal(one, other)),
    )
    column = registry.columns[locus]
    read = typings.unique().join(column.text.with_row_index("at"), on=["first", "second"], how="left")
    known = _alone(column.table, column.expanded_typing[read["at"].drop_nulls().to_numpy()])
    encoder, codes = registry.encoder(locus), set(known.tolist())
    for first, second in read.filter(pl.col("at").is_null()).select("first", "second").iter_rows():
        for alternative in encoder.with_nulls(first, second):
            codes.update(side.codes[0] for side in alternative if len(side.codes) == 1)
    return np.array(sorted(codes), np.int32)


def _known(locus: str, sets: FrequencySets) -> NDArray[np.int32]:
    """Return the alleles of a locus that frequencies know, and those that are none."""
    parts = [np.arange(FIRST_P_GROUP, dtype=np.int32)]
    every = [sets.frequencies, sets.fallback, sets.frequencies.apart]
    for one in filter(None, every):
        if locus in one.loci:
            parts.append(one.allele[:, one.loci.index(locus)])
    return np.unique(np.concatenate(parts))


def _typed_as(registry: Registry, locus: str, codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return (donors,) bool: whose typing of a locus allows one of some alleles."""
    column = registry.columns[locus]
    counted = column.table.counted
    of_member = np.isin(counted.set_member, codes)
    of_set = _any_of(of_member, counted.set_start)
    of_alternative = of_set[counted.alternative_set[:, 0]] | of_set[counted.alternative_set[:, 1]]
    of_typing = _any_of(of_alternative, counted.alternative_start)
    found: NDArray[np.bool_] = of_typing[column.expanded_typing].take(registry.donor_typing[registry.loci.index(locus)])
    return found


def _any_of(truth: NDArray[np.bool_], start: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return of each range whether something in it is true."""
    sums = np.concatenate([[0], np.cumsum(truth)])
    found: NDArray[np.bool_] = sums[start[1:]] > sums[start[:-1]]
    return found
