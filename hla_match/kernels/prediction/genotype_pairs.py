"""Many patients with many donors: all pairs of their genotypes, when each person has few of them.

A genotype is a number at each locus. The mismatches of two numbers of a locus are looked up in advance, for each donor
number a row of bytes over the genotypes of all patients; the mismatches of a donor genotype with all of these are then
a sum of rows, which the compiler turns into wide instructions.

    patient genotypes     g0  g1  g2  ...
    donor, locus A         0   1   1  ...     a row a number of the locus
    donor, locus B         1   2   0  ...
    sum                    1   3   1  ...     mismatches of one donor genotype with each patient genotype

Oracle: ``match_distribution`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import array_kernel, other_kernel
from hla_match.kernels.prediction.packed_alleles import matched_alleles
from hla_match.kernels.schema.array import Array, Float64, Int64, Uint8
from hla_match.kernels.schema.prediction import DonorPairs, PatientPairs

TOO_MANY = 128
"""Bytes of at least this much stand for more mismatches than are counted."""

_ALL_TOO_MANY = np.uint64(0x8080808080808080)
"""The bits that eight such bytes have in common."""

_DONORS_AT_ONCE = 16
"""Donors whose results are written together: those of one patient then lie side by side."""


@other_kernel
def write_mismatches(
    first: int,
    last: int,
    none: int,
    donor_genotype: Annotated[Int64, Array("donor genotypes, 2", "allele codes")],
    patient_genotype: Annotated[Int64, Array("patient genotypes, 2", "allele codes")],
    patient_number: NDArray[np.int32],
    mismatches: Annotated[Uint8, Array("donor genotypes, patient columns", "mismatches, `none` for no one")],
) -> None:
    """Write the mismatches of donor genotypes of one locus, from `first` to before `last`, with the patients'.

    Args:
        first: first donor genotype.
        last: one behind the last.
        none: what stands for no mismatch.
        donor_genotype: (n, 2) allele codes of genotypes.
        patient_genotype: (m, 2) likewise.
        patient_number: (genotypes,) which of these each genotype of the patients has.
        mismatches: (n, at least genotypes) receives them; what stands behind the genotypes is left as it is.
    """
    of_distinct = np.empty(patient_genotype.shape[0], np.uint8)
    for d in range(first, last):
        x, y = donor_genotype[d, 0], donor_genotype[d, 1]
        for p in range(of_distinct.size):
            of_distinct[p] = none + 2 - matched_alleles(x, y, patient_genotype[p, 0], patient_genotype[p, 1])
        row = mismatches[d]
        for g in range(patient_number.size):
            row[g] = of_distinct[patient_number[g]]


@other_kernel
def add_pairs(
    first: int,
    last: int,
    donors: DonorPairs,
    patients: PatientPairs,
    mismatches: Annotated[Uint8, Array("rows, patient columns", "mismatches of all loci")],
    found: Annotated[Float64, Array("patients, donors, numbers", "probability of 0, 1, 2, ... mismatches")],
) -> None:
    """Write the probabilities of each number of mismatches of some donors with all patients.

    Args:
        first: first donor, in `donors`.
        last: one behind the last.
        donors: the donors.
        patients: the patients.
        mismatches: (rows, a multiple of 8) as given by `write_mismatches`; the sum of no mismatches is `TOO_MANY` less
            the numbers that are counted, and that of what stands behind the genotypes is at least `TOO_MANY`.
        found: (patients, columns, numbers) receives the probabilities.

    Notes:
        Cost: a byte for each locus and pair of genotypes; then an addition for each pair with few mismatches.
    """
    patient, patient_probability = patients.patient, patients.probability
    row, probability, counted = donors.row, donors.probability, found.shape[2]
    base = TOO_MANY - counted
    total = np.empty(mismatches.shape[1], np.uint8)
    eight = total.view(np.uint64)
    sums = np.empty((_DONORS_AT_ONCE, patients.row.size * counted))
    for begin in range(first, last, _DONORS_AT_ONCE):
        end = min(begin + _DONORS_AT_ONCE, last)
        for donor in range(begin, end):
            own = sums[donor - begin]
            for k in range(own.size):
                own[k] = 0.0
            for genotype in range(donors.start[donor], donors.start[donor + 1]):
                of_locus = mismatches[row[genotype, 0]]
                for g in range(total.size):
                    total[g] = of_locus[g]
                for s in range(1, row.shape[1]):
                    of_locus = mismatches[row[genotype, s]]
                    for g in range(total.size):
                        total[g] += of_locus[g]
                for word in range(eight.size):
                    if eight[word] & _ALL_TOO_MANY == _ALL_TOO_MANY:
                        continue
                    for g in range(8 * word, 8 * word + 8):
                        if total[g] < TOO_MANY:
                            own[patient[g] * counted + total[g] - base] += (
                                probability[genotype] * patient_probability[g]
                            )
        write_sums(begin, end, donors, patients.row, sums, found)


@array_kernel
def write_sums(
    begin: int,
    end: int,
    donors: DonorPairs,
    patient_row: NDArray[np.int64],
    sums: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """Write the sums of donors from `begin` to before `end` wherever the donors stand in the result."""
    number, column_start, column, counted = donors.number, donors.column_start, donors.column, found.shape[2]
    for one in range(patient_row.size):
        for donor in range(begin, end):
            own = sums[donor - begin]
            for at in range(column_start[number[donor]], column_start[number[donor] + 1]):
                for k in range(counted):
                    found[patient_row[one], column[at], k] = own[one * counted + k]
