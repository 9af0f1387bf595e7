"""The audit of a registry: all rules together, what they found, and what could not be looked at."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.audit.dates import REGISTRATION_AGES, date_findings
from hla_match.audit.dr_groups import dr_findings
from hla_match.audit.duplicates import MOST_ALIKE, duplicates, grid_findings
from hla_match.audit.findings import KINDS, all_findings
from hla_match.audit.haplotypes import LINKED, donor_levels, level_findings, linkage_findings
from hla_match.audit.names import name_findings
from hla_match.audit.resolution import Resolution, resolution
from hla_match.audit.tce_groups import tce_findings
from hla_match.donors.attributes import DONOR_AGES
from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.imputation.panels import FallbackLevel
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.release import Nomenclature


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What an audit goes by.

    Attributes:
        as_of: today.
        registration_ages: the least and the greatest age at registration, in completed years.
        ages: those of today.
        nomenclature: reads the names; None for the registry's own.
        workers: threads; the result does not depend on them.
    """

    as_of: datetime.date
    registration_ages: tuple[int, int] = REGISTRATION_AGES
    ages: tuple[int, int] = DONOR_AGES
    nomenclature: Nomenclature | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        findings: one row a finding, as `hla_match.audit.findings.SCHEMA` says.
        resolution: how well the donors are typed.
        levels: by `FallbackLevel` the number of donors whom the frequencies explain so; empty without frequencies.
        n_duplicates_by_chance: how many of the suspected duplicates are to be expected by chance; None without
            frequencies.
        not_checked: what could not be looked at, and why.
    """

    findings: pl.DataFrame
    resolution: Resolution
    levels: dict[str, int]
    n_duplicates_by_chance: int | None
    not_checked: tuple[str, ...] = ()

    def counts(self) -> pl.DataFrame:
        """Return one row a kind of findings: `kind`, `findings`, and `donors` that have one; kinds without any too."""
        found = self.findings.group_by("kind").agg(
            pl.len().cast(pl.Int64).alias("findings"), pl.col("donor_id").n_unique().cast(pl.Int64).alias("donors")
        )
        kinds = pl.DataFrame({"kind": pl.Series(KINDS.categories, dtype=KINDS)})
        return kinds.join(found, on="kind", how="left", maintain_order="left").with_columns(
            pl.col("findings", "donors").fill_null(0)
        )


def audit_registry(
    registry: Registry,
    settings: AuditSettings,
    *,
    frequencies: HaplotypeFrequencies | None = None,
    imputed: DonorImputation | None = None,
    further: Sequence[pl.DataFrame] = (),
) -> Audit:
    """Look through a registry.

    Args:
        registry: the donors.
        settings: what to go by.
        frequencies: coded with the registry's nomenclature; without them haplotypes are not looked at.
        imputed: the donors under these frequencies; both or none are given.
        further: findings from elsewhere, such as the records that the last import left out.
    """
    same = duplicates(registry, imputed.panels if imputed is not None else None, workers=settings.workers)
    dates = date_findings(registry, settings.as_of, registration_ages=settings.registration_ages, ages=settings.ages)
    found = [
        *further,
        name_findings(registry, settings.nomenclature),
        dr_findings(registry),
        tce_findings(registry),
        dates,
        same.findings,
        grid_findings(registry),
    ]
    levels: dict[str, int] = {}
    if frequencies is not None and imputed is not None:
        found += [linkage_findings(registry, frequencies, kind) for kind in LINKED]
        level = donor_levels(imputed, frequencies, registry.n_donors)
        found.append(level_findings(registry, level))
        levels = _level_counts(level)
    return Audit(
        findings=all_findings(found),
        resolution=resolution(registry, frequencies),
        levels=levels,
        n_duplicates_by_chance=same.n_by_chance,
        not_checked=tuple(_not_checked(registry, frequencies, same.n_passed_over)),
    )


def _level_counts(level: NDArray[np.uint8]) -> dict[str, int]:
    counts = np.bincount(level, minlength=len(FallbackLevel)).tolist()
    return {str(one): n for one, n in zip(FallbackLevel, counts, strict=True) if n}


def _not_checked(registry: Registry, frequencies: HaplotypeFrequencies | None, n_passed_over: int) -> list[str]:
    """Return in words what could not be looked at."""
    found = []
    if frequencies is None:
        found.append("haplotypes, and whether duplicates are chance: no frequencies were given")
    else:
        for pair in LINKED.values():
            lacking = [locus for locus in pair if locus not in frequencies.loci or locus not in registry.loci]
            if lacking:
                found.append(
                    f"linkage of {' and '.join(pair)}: {', '.join(lacking)} is not in frequencies and registry"
                )
    if not set(OPTIONAL_GENES) & set(registry.loci):
        found.append("DRB1 with DRB3, DRB4 and DRB5: nobody is typed at these genes")
    for name, what in {"birth_date": "ages and duplicates", "registered_on": "ages at registration"}.items():
        if name not in registry.attributes.columns:
            found.append(f"{what}: the registry has no {name}")
    if n_passed_over:
        found.append(
            f"duplicates among {n_passed_over:,} donors: more than {MOST_ALIKE:,} of one sex share the birth date"
        )
    return found
