"""A patient under the panels: haplotype classes, and what a typing states where nothing explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hla_match.imputation.imputed_registry import impute_typings
from hla_match.imputation.panels import Panels
from hla_match.imputation.typing_membership import stated_genotypes
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.typings.encoding import Alternative


@dataclass(frozen=True)
class ImputedPatient:
    """A patient under the panels.

    Attributes:
        imputation: the patient alone.
        stated: allele codes of the genotypes at the loci whose typing leaves one, or one with or without a null.
    """

    imputation: Imputation
    stated: Mapping[str, tuple[tuple[int, int], ...]]


def impute_patient(
    panels: Panels, alternatives: Mapping[str, tuple[Alternative, ...]], population: str | None = None
) -> ImputedPatient:
    """Impute a patient given as typings by locus, with null alleles as such."""
    uncovered = [locus for locus, panel in zip(panels.loci, panels.chain.locus_panel, strict=True) if panel < 0]
    stated = {
        locus: found
        for locus, pairs in alternatives.items()
        if (found := stated_genotypes(pairs)) and (len(found) == 1 or locus in uncovered)
    }
    return ImputedPatient(impute_typings(panels, alternatives, population), stated)
