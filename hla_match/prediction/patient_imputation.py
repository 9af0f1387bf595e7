"""A patient imputed by the panels: haplotype classes, and the stated genotype where no panel explains a typing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from hla_match.imputation.imputed_registry import impute_person
from hla_match.imputation.panels import Panels
from hla_match.imputation.typing_membership import LocusAlleles, join_loci, stated_genotypes, typing_alleles
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.typings.encoding import Alternative

_KEPT_TYPINGS = 4096
"""Typings of a locus that are kept in terms of the panels' alleles; one takes a kilobyte, an ambiguous one several."""

Genotypes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ImputedPatient:
    """A patient imputed by the panels.

    Attributes:
        imputation: the patient alone.
        stated: allele codes of the genotypes at the loci whose typing leaves one, or one with or without a null.
    """

    imputation: Imputation
    stated: Mapping[str, Genotypes]


@dataclass(frozen=True, slots=True)
class _Typing:
    """One typing of a locus: what imputation takes of it, and the genotypes that it states."""

    alleles: LocusAlleles
    stated: Genotypes


class PatientImputer:
    """Imputes patients one by one; what depends on one typing only is computed once for all patients.

    Args:
        panels: the panels of the registry.
    """

    def __init__(self, panels: Panels) -> None:
        self._panels = panels
        self._typing = lru_cache(_KEPT_TYPINGS)(partial(_read_typing, panels))

    def impute(
        self, alternatives: Mapping[str, tuple[Alternative, ...]], population: str | None = None
    ) -> ImputedPatient:
        """Impute a patient.

        Args:
            alternatives: by locus, as given by `LocusEncoder.with_nulls`; a locus that is left out is not typed.
            population: name of the patient's population.
        """
        loci = self._panels.loci
        typed = [alternatives.get(locus, ()) for locus in loci]
        read = [self._typing(row, one) for row, one in enumerate(typed)]
        imputation = impute_person(
            self._panels,
            join_loci([one.alleles for one in read]),
            [1 if one else 0 for one in typed],
            self._panels.population_row(population),
        )
        return ImputedPatient(
            imputation, {locus: one.stated for locus, one in zip(loci, read, strict=True) if one.stated}
        )


def _read_typing(panels: Panels, row: int, alternatives: tuple[Alternative, ...]) -> _Typing:
    """Return a typing of a locus of the panels, as number 1 beside "not typed"; of no alternatives nothing."""
    stated = stated_genotypes(alternatives)
    # Where frequencies tell how probable a null allele is, a typing that leaves it open states nothing.
    is_stated = len(stated) == 1 or panels.chain.locus_panel[row] < 0
    return _Typing(typing_alleles(panels, row, alternatives), stated if is_stated else ())
