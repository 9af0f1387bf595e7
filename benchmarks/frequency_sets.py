"""The haplotype frequencies that a benchmark computes with: the built-in Chinese haplotypes, or a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, code_haplotypes, merge_haplotypes
from hla_match.kernels.codes import NULL
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic import chinese_haplotypes
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool
from registry_io.formats.frequency_file import read_frequencies
from registry_io.formats.imgt_release import read_release


def nomenclature_of(release: Path | None) -> Nomenclature:
    """Return the nomenclature of a release's folder, or the built-in one."""
    return Nomenclature(builtin_tables() if release is None else read_release(release))


def frequency_set(path: Path | None, nomenclature: Nomenclature) -> HaplotypeFrequencies:
    """Return the frequencies of a file, or those that synthetic volunteers are drawn from."""
    if path is not None:
        content = read_frequencies(path)
        return code_haplotypes(content.frame, nomenclature, name=path.name, checksum=content.checksum)
    haplotypes, frequency = haplotype_pool(POOL_SEED)
    frame = pl.DataFrame(haplotypes, schema=list(chinese_haplotypes.LOCI), orient="row")
    return code_haplotypes(
        frame.with_columns(population=pl.lit(""), frequency=frequency), nomenclature, name="built-in Chinese haplotypes"
    )


MOST_FREQUENT = 3380
"""Haplotypes that simulated persons beside other programs are drawn from: as many as these can be run with at ease."""


def one_population(
    frequencies: HaplotypeFrequencies, loci: tuple[str, ...], *, most_frequent: int | None = None
) -> HaplotypeFrequencies:
    """Return the set over some of its loci as one population with a sum of 1, without haplotypes that lack a gene.

    Args:
        frequencies: populations count alike.
        loci: those of them that the set does not know are passed over.
        most_frequent: the number of haplotypes to keep.
    """
    kept = tuple(locus for locus in frequencies.loci if locus in loci)
    columns = [frequencies.loci.index(locus) for locus in kept]
    allele, sums = merge_haplotypes(frequencies.allele[:, columns], frequencies.pooled()[None, :])
    chosen = np.flatnonzero((allele != NULL).all(axis=1) & (sums[0] > 0))
    if most_frequent is not None:
        chosen = np.sort(chosen[np.argsort(-sums[0][chosen], kind="stable")[:most_frequent]])
    frequency = sums[0][chosen]
    return replace(
        frequencies,
        loci=kept,
        allele=np.ascontiguousarray(allele[chosen]),
        populations=("",),
        frequency=(frequency / frequency.sum())[None, :],
        unmapped_mass=np.array([frequencies.unmapped_mass.mean()]),
    )
