"""The audit of a registry: all rules together, what they found, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.dates import date_findings
from hla_match.auditing.dr_groups import dr_findings
from hla_match.auditing.duplicates import MOST_ALIKE, duplicates, grid_findings
from hla_match.auditing.findings import KINDS, FindingKind, all_findings
from hla_match.auditing.haplotypes import LINKED, donor_levels, level_findings, linkage_findings
from hla_match.auditing.names import name_findings
from hla_match.auditing.reports import report_findings
from hla_match.auditing.resolution import Resolution, resolution
from hla_match.auditing.settings import AuditSettings
from hla_match.auditing.tce_groups import tce_findings
from hla_match.donors.registry import Registry, as_of_date
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_donors import refuse_others
from hla_match.imputation.imputed_registry import DonorImputation
from hla_match.imputation.panels import FallbackLevel
from hla_match.loci import OPTIONAL_GENES

OF_TWO_REPORTS = (
    FindingKind.CONFLICTING_REPORTS,
    FindingKind.DNA_AGAINST_SEROLOGY,
    FindingKind.SWAPPED_SAMPLES,
)
"""Kinds that compare a donor's earlier typing with the one that holds."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        findings: one row a finding, as `hla_match.auditing.findings.SCHEMA` says.
        resolution: how well the donors are typed.
        levels: by `FallbackLevel` the number of donors whom the frequencies explain so; empty without frequencies.
        n_duplicates_by_chance: how many of the suspected duplicates are to be expected by chance; None without
            frequencies.
        not_checked: the kinds that could not be looked at, wholly or in part, and why.
    """

    findings: pl.DataFrame
    resolution: Resolution
    levels: dict[str, int]
    n_duplicates_by_chance: int | None
    not_checked: tuple[tuple[FindingKind, str], ...] = ()

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
    settings: AuditSettings | None = None,
    *,
    frequencies: HaplotypeFrequencies | None = None,
    imputed: DonorImputation | None = None,
    earlier: pl.DataFrame | None = None,
    further: Sequence[pl.DataFrame] = (),
) -> Audit:
    """Look through a registry.

    Args:
        registry: the donors.
        settings: what to go by; ages are computed at the day of the import where they name no day.
        frequencies: coded with the registry's nomenclature; without them haplotypes are not looked at.
        imputed: the donors under these frequencies; both or none are given.
        earlier: earlier reports of the donors, as `report_findings` takes them; None where none are kept.
        further: findings from elsewhere, such as the records that the last import left out.

    Raises:
        CriteriaError: neither the settings nor the registry say at which day ages are computed, the frequencies are
            coded by another nomenclature than the registry's, or the donors were imputed for another registry.
    """
    if frequencies is not None:
        frequencies.check_coded_by(registry.nomenclature)
    if imputed is not None:
        refuse_others(registry, imputed)
    settings = settings if settings is not None else AuditSettings()
    as_of = settings.as_of or as_of_date(registry)
    same = duplicates(registry, imputed.panels if imputed is not None else None, workers=settings.workers)
    dates = date_findings(registry, as_of, registration_ages=settings.registration_ages, ages=settings.ages)
    found = [
        *further,
        name_findings(registry, settings.nomenclature),
        dr_findings(registry),
        tce_findings(registry),
        dates,
        same.findings,
        grid_findings(registry),
    ]
    if earlier is not None:
        found.append(report_findings(registry, earlier))
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
        not_checked=tuple(_not_checked(registry, frequencies, earlier, same.n_passed_over)),
    )


def _level_counts(level: NDArray[np.uint8]) -> dict[str, int]:
    counts = np.bincount(level, minlength=len(FallbackLevel)).tolist()
    return {str(one): n for one, n in zip(FallbackLevel, counts, strict=True) if n}


def _not_checked(
    registry: Registry,
    frequencies: HaplotypeFrequencies | None,
    earlier: pl.DataFrame | None,
    n_passed_over: int,
) -> Iterator[tuple[FindingKind, str]]:
    """Yield what could not be looked at, wholly or in part, and why."""
    if earlier is None:
        for kind in OF_TWO_REPORTS:
            yield kind, "the registry keeps one report of each donor"
    if not set(OPTIONAL_GENES) & set(registry.loci):
        yield FindingKind.DR_LINKAGE, f"nobody is typed at {', '.join(OPTIONAL_GENES)}"
    if frequencies is None:
        for kind in (*LINKED, FindingKind.UNEXPLAINED):
            yield kind, "no frequencies were given"
        yield FindingKind.SAME_PERSON, "whether they are chance: no frequencies were given"
    else:
        for kind, pair in LINKED.items():
            if lacking := [locus for locus in pair if locus not in frequencies.loci or locus not in registry.loci]:
                yield kind, f"{' and '.join(lacking)} not in the registry and the frequencies both"
    for name, kinds in _NEEDED.items():
        if name not in registry.donor_attributes.schema:
            yield from ((kind, f"the registry has no {name}") for kind in kinds)
    if n_passed_over:
        shared = f"{n_passed_over:,} donors whose birth date more than {MOST_ALIKE:,} share who can be of their sex"
        yield FindingKind.SAME_PERSON, shared
    if "DPB1" not in registry.loci:
        yield FindingKind.MIXED_TCE, "nobody is typed at DPB1"


_NEEDED = {
    "birth_date": (FindingKind.AGE_AT_REGISTRATION, FindingKind.AGE_TODAY, FindingKind.SAME_PERSON),
    "registered_on": (FindingKind.AGE_AT_REGISTRATION, FindingKind.DATES_OUT_OF_ORDER),
    "grid": (FindingKind.SAME_GRID,),
}
"""The attributes without which findings of some kinds cannot be."""
