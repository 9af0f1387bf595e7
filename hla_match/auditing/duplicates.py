"""Donors who may be one person: of one birth date, not of different sexes, with typings that one person can have.

    donors --> pairs of a sex and birth date --> typings that can be of one person --> too rare to be chance

Record linkage weighs an agreement by how rare it is (Fellegi & Sunter, J Am Stat Assoc 1969;64:1183). Its weight
is the probability that one of the n other donors of this sex and birth date agrees by chance, 1 - (1 - p)^n, where p is
the probability, under Hardy-Weinberg proportions, that a person carries a genotype which the less specific of the two
typings allows at the loci at which both are typed. A donor of unknown sex is compared with all of the birth date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.comparison import RecordComparison
from hla_match.auditing.findings import FindingKind, findings, no_findings, reported_at
from hla_match.donors.attribute_types import MISSING_CATEGORY, MISSING_DATE
from hla_match.donors.registry import Registry
from hla_match.imputation.donor_typings import population_rows, registry_typing
from hla_match.imputation.imputed_registry import impute
from hla_match.imputation.panels import FallbackLevel, Panels, registry_tables
from hla_match.imputation.typing_membership import typing_membership
from hla_match.kernels.codes import NOT_TYPED
from hla_match.kernels.schema.haplotypes import HaplotypeClasses

MOST_ALIKE = 5_000
"""Donors of one sex and birth date from which on the date stands for an unknown one, such as 1 January 1970."""

LEAST_LOCI = 3
"""Loci at which both donors of a pair are typed, at the least."""

MOST_CHANCE = 0.01
"""Probability of chance above which a pair is no finding."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The suspected duplicates of a registry.

    Attributes:
        findings: one for each pair.
        n_by_chance: as many pairs are found among groups as large of donors of different birth dates: so many of the
            findings are to be expected by chance. None where there are no frequencies.
        n_passed_over: donors whose birth date more than `MOST_ALIKE` donors of their sex share, so that it is none.
    """

    findings: pl.DataFrame
    n_by_chance: int | None
    n_passed_over: int


def duplicates(registry: Registry, panels: Panels | None, *, workers: int = 1) -> Duplicates:
    """Return the pairs of donors who may be one person.

    Args:
        registry: the donors.
        panels: the haplotypes by which chance is judged; without them every pair that can be one person is a finding.
        workers: threads; the result does not depend on them.
    """
    groups, n_passed_over = _groups_of_birth(registry)
    records = RecordComparison(registry)
    one, other, chance = _all_found(records, registry, groups, panels, workers)
    by_identifier = registry.id_rank[one] < registry.id_rank[other]
    one, other = np.where(by_identifier, one, other), np.where(by_identifier, other, one)
    columns = {
        "other_donor_id": registry.attributes["donor_id"][other],
        "reported": reported_at(registry, registry.loci, one),
        "detail": reported_at(registry, registry.loci, other),
    }
    if panels is None:
        return Duplicates(findings(registry, FindingKind.SAME_PERSON, one, **columns), None, n_passed_over)
    found = findings(registry, FindingKind.SAME_PERSON, one, **columns, probability=pl.Series(chance))
    n_by_chance = 0
    for group, of_one in groups:
        stranger, other, _ = _found(records, registry, dealt(group), of_one, panels, workers)
        n_by_chance += int((group[stranger] != group[other]).sum())
    return Duplicates(found, n_by_chance, n_passed_over)


Group = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""(donors,) the group of each donor, -1 for none, and of whom one at least is in each pair that is looked at."""


def _groups_of_birth(registry: Registry) -> tuple[list[Group], int]:
    """Return the donors by sex and birth date, then those of unknown sex by birth date, and how many are passed over.

    A date that more than `MOST_ALIKE` donors have is none.
    """
    everybody = np.ones(registry.n_donors, np.bool_)
    unknown = registry.attribute_codes["sex"] == MISSING_CATEGORY
    groups: list[Group] = [(same_birth(registry), everybody)]
    if unknown.any():
        groups.append((same_birth(registry, any_sex=True), unknown))
    passed_over = np.zeros(registry.n_donors, np.bool_)
    for group, of_one in groups:
        size = np.bincount(group[group >= 0], minlength=1)
        far_too_many = np.isin(group, np.flatnonzero(size > MOST_ALIKE))
        passed_over |= far_too_many & of_one
        group[far_too_many] = -1
    return groups, int(passed_over.sum())


def same_birth(registry: Registry, *, any_sex: bool = False) -> NDArray[np.int64]:
    """Return (donors,) a number for each sex and birth date that several donors have, -1 for any other donor.

    Args:
        registry: the donors.
        any_sex: whether the birth date alone makes a group.
    """
    sex, born = registry.attribute_codes["sex"], registry.attribute_codes["birth_date"]
    known = (any_sex | (sex != MISSING_CATEGORY)) & (born != MISSING_DATE)
    key = np.where(known, born.astype(np.int64) * 256 + (0 if any_sex else sex), -1)
    values, number, count = np.unique(key, return_inverse=True, return_counts=True)
    kept = (count > 1) & (values >= 0)
    return np.where(kept[number], (np.cumsum(kept) - 1)[number], -1)


def dealt(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (donors,) groups as large as those given, whose members are dealt from all of them.

    Donors are taken in the order of their groups with a stride longer than nearly any group.

    >>> dealt(np.array([0, 0, 1, 1, 2, 2])).tolist()
    [0, 1, 0, 2, 1, 2]
    """
    members = np.flatnonzero(group >= 0)
    in_order = members[np.argsort(group[members], kind="stable")]
    stride = max(1, int(np.sqrt(members.size)))
    dealing = np.concatenate([in_order[first::stride] for first in range(stride)]) if members.size else in_order
    new = np.full(group.size, -1, np.int64)
    new[dealing] = np.sort(group[members])
    return new


def pairs_of_one_person(
    records: RecordComparison, group: NDArray[np.int64], of_one: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of donors of one group whose typings can be of one person, at `LEAST_LOCI` loci or more.

    Args:
        records: the donors.
        group: (donors,) the group of each donor; -1 for none.
        of_one: (donors,) of whom one at least is in each pair; None for everybody.
    """
    members = np.flatnonzero(group >= 0)
    order = members[np.argsort(group[members], kind="stable")]
    found = [np.zeros((2, 0), np.int64)]
    # Donor after donor is compared with the next of the group, then with the one after it, ...: few pairs at a time.
    for lag in range(1, order.size):
        one, other = order[:-lag], order[lag:]
        is_pair = group[one] == group[other]
        if not is_pair.any():
            break
        if of_one is not None:
            is_pair &= of_one[one] | of_one[other]
        one, other = one[is_pair], other[is_pair]
        enough = records.n_common_loci(one, other) >= LEAST_LOCI
        one, other = one[enough], other[enough]
        same = records.of_one_person(one, other)
        found.append(np.stack([one[same], other[same]]))
    pairs = np.sort(np.concatenate(found, axis=1), axis=0)
    return pairs[0], pairs[1]


def coincidence(
    registry: Registry, panels: Panels, one: NDArray[np.int64], other: NDArray[np.int64], *, workers: int = 1
) -> NDArray[np.float64]:
    """Return (pairs,) the probability that a person is allowed by the less specific of two donors' typings.

    Only loci at which both are typed count. An allele without a frequency, and a locus that the frequencies lack, are
    taken as certain, so that no coincidence looks rarer than it is known to be.
    """
    typings = [registry_typing(panels, registry, rows.astype(np.uint32)) for rows in (one, other)]
    in_both = (typings[0] != NOT_TYPED) & (typings[1] != NOT_TYPED)
    typing = np.concatenate([np.where(in_both, of_one, NOT_TYPED) for of_one in typings], axis=1).astype(np.int32)
    population = population_rows(panels, registry, np.concatenate([one, other]).astype(np.uint32))
    membership = typing_membership(panels, registry_tables(registry))
    imputation = impute(typing, population, panels, membership, workers=workers)
    probability = genotype_probability(imputation.classes, panels)[imputation.person]
    return np.maximum(probability[: one.size], probability[one.size :])


def genotype_probability(classes: HaplotypeClasses, panels: Panels) -> NDArray[np.float64]:
    """Return (distinct persons,) the probability that a person's genotype is one that the typings allow.

    It is the product over independent parts of the weight of their diplotypes, of all diplotypes of the part's panel.
    """
    chain, haplotypes = panels.chain, panels.haplotypes
    total = np.add.reduceat(haplotypes.frequency, haplotypes.panel_start[:-1])
    certain = chain.panel_fallback[classes.part_panel] == FallbackLevel.CERTAIN
    of_part = np.where(certain, 1.0, classes.part_mass / total[classes.part_panel] ** 2)
    probability = np.ones(classes.person_missing.size)
    np.multiply.at(probability, np.repeat(np.arange(probability.size), np.diff(classes.person_part)), of_part)
    return np.minimum(probability, 1.0)


def _all_found(
    records: RecordComparison, registry: Registry, groups: Sequence[Group], panels: Panels | None, workers: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return what `_found` does, of several groups together."""
    found = [_found(records, registry, group, of_one, panels, workers) for group, of_one in groups]
    one, other, chance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return one, other, chance


def _found(
    records: RecordComparison,
    registry: Registry,
    group: NDArray[np.int64],
    of_one: NDArray[np.bool_],
    panels: Panels | None,
    workers: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs that are findings, and with panels the probability that each is chance."""
    one, other = pairs_of_one_person(records, group, of_one)
    if panels is None:
        return one, other, np.full(one.size, np.nan)
    n_others = np.bincount(group[group >= 0], minlength=1)[group[one]] - 1
    chance = 1 - (1 - coincidence(registry, panels, one, other, workers=workers)) ** n_others
    kept = chance <= MOST_CHANCE
    return one[kept], other[kept], chance[kept]


def grid_findings(registry: Registry) -> pl.DataFrame:
    """Return a finding for each donor whose GRID another donor has, too."""
    if "grid" not in registry.donor_attributes.schema:
        return no_findings()
    grid = registry.attributes["grid"]
    rows = np.flatnonzero((grid.is_duplicated() & grid.is_not_null()).to_numpy())
    return findings(registry, FindingKind.SAME_GRID, rows, detail=grid[rows])
