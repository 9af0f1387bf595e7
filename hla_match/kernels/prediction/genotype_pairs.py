"""Many patients with many donors: all pairs of their genotypes, when each person has few of them.

A genotype is a number at each locus. What two numbers of a locus do not match is looked up beforehand, for each donor
number a row of bytes over the genotypes of all patients; the mismatches of a donor genotype with all of these are then
a sum of rows, which the compiler turns into wide instructions. Oracle: ``match_distribution`` in
``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.prediction.donor_genotypes import EMPTY
from hla_match.kernels.prediction.locus_matches import matched_alleles

FAR = 128
"""Bytes of at least this much stand for more mismatches than are counted."""

_NONE_NEAR = np.uint64(0x8080808080808080)
"""The bits that eight such bytes have in common."""

_DONORS_AT_ONCE = 16
"""Donors whose results are written together: those of one patient then lie side by side."""


@kernel
def count_diplotypes(
    limit: int,
    panel_scope: NDArray[np.int64],
    person: NDArray[np.int64],
    person_part: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    count: NDArray[np.int64],
) -> None:
    """Write how many diplotypes the parts of some persons that touch the scope have, at most `limit` + 1.

    Args:
        limit: of the diplotypes.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        person: (n,) distinct persons.
        person_part: classes of each person, as given by `kernels.imputation.panel_chain`; likewise the next five.
        part_panel: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        count: (n,) receives the numbers.
    """
    for i in range(person.size):
        total = 1
        for part in range(person_part[person[i]], person_part[person[i] + 1]):
            if panel_scope[part_panel[part]] == 0:
                continue
            of_part = 0
            for p in range(part_pair[part], part_pair[part + 1]):
                c, d = part_class[part] + pair[p, 0], part_class[part] + pair[p, 1]
                first = class_member[c + 1] - class_member[c]
                of_part += first * (first + 1) // 2 if c == d else first * (class_member[d + 1] - class_member[d])
            total = min(total * min(of_part, limit + 1), limit + 1)
        count[i] = total


@inner_kernel
def _write_locus_genotypes(
    one: int,
    other: int,
    rows: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    n_alleles: NDArray[np.int64],
    locus_column: NDArray[np.int64],
    genotype: NDArray[np.int64],
) -> None:
    """Write what two haplotypes make at the loci of a panel that are in scope; the others stay as they are."""
    for k in range(rows.size):
        column = locus_column[rows[k]]
        if column < 0:
            continue
        x, y = np.int64(allele_of[one, rows[k]]), np.int64(allele_of[other, rows[k]])
        genotype[column] = min(x, y) * n_alleles[rows[k]] + max(x, y)


@inner_kernel
def _merge_genotypes(
    first: int, last: int, genotype: NDArray[np.int64], probability: NDArray[np.float64], table: NDArray[np.int64]
) -> int:
    """Make equal genotypes from `first` to before `last` one, in place, and return where the distinct ones end.

    `table` is scratch, at least four times as long as there are genotypes.
    """
    places = 16
    while places < 2 * (last - first):
        places *= 2
    for place in range(places):
        table[place] = EMPTY
    found = first
    n_loci = genotype.shape[1]
    for k in range(first, last):
        mixed = 0
        for s in range(n_loci):
            # Multiplicative hashing (Knuth, TAOCP 3, section 6.4), locus by locus.
            mixed = int((((mixed ^ genotype[k, s]) & 0x7FFFFFFF) * 0x9E3779B1) & 0x7FFFFFFF)
        place = (mixed ^ (mixed >> 15)) & (places - 1)
        while table[place] != EMPTY:
            at = table[place]
            same = True
            for s in range(n_loci):
                same &= genotype[at, s] == genotype[k, s]
            if same:
                break
            place = (place + 1) & (places - 1)
        if table[place] == EMPTY:
            table[place] = found
            for s in range(n_loci):
                genotype[found, s] = genotype[k, s]
            probability[found] = probability[k]
            found += 1
        else:
            probability[table[place]] += probability[k]
    return found


@kernel
def list_genotypes(
    panel_scope: NDArray[np.int64],
    locus_column: NDArray[np.int64],
    n_alleles: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    person: NDArray[np.int64],
    person_part: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
    table: NDArray[np.int64],
    start: NDArray[np.int64],
    genotype: NDArray[np.int64],
    probability: NDArray[np.float64],
) -> None:
    """Write the distinct genotypes of some persons in scope, every one of them, and their probabilities.

    Args:
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        locus_column: (loci,) position of each locus of the panels in the scope, or -1.
        n_alleles: (loci,) as in `hla_match.imputation.panels.Panels`, likewise the next four.
        allele_of: see there.
        frequency: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        person: (n,) distinct persons, whose parts cover the scope.
        person_part: classes of each person, as given by `kernels.imputation.panel_chain`; likewise the next seven.
        part_panel: see there.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.
        table: scratch, at least four times as long as one person has diplotypes, and 16.
        start: (n + 1,) receives where the genotypes of each person begin.
        genotype: (diplotypes of all, loci in scope) receives, at each locus, lesser * n_alleles + greater allele.
        probability: as many, receives the probabilities.
    """
    end = 0
    start[0] = 0
    for i in range(person.size):
        first, n = end, 1
        probability[first] = 1.0
        for part in range(person_part[person[i]], person_part[person[i] + 1]):
            panel = part_panel[part]
            if panel_scope[panel] == 0:
                continue
            rows = panel_locus[panel_locus_start[panel] : panel_locus_start[panel + 1]]
            # Each diplotype of the part goes with all that is listed so far; the first one comes last, in place.
            number = 0
            first_one, first_other, first_share = np.int64(0), np.int64(0), 0.0
            for p in range(part_pair[part], part_pair[part + 1]):
                c, d = part_class[part] + pair[p, 0], part_class[part] + pair[p, 1]
                for u in range(class_member[c], class_member[c + 1]):
                    one = np.int64(member[u])
                    for v in range(u if c == d else class_member[d], class_member[d + 1]):
                        other = np.int64(member[v])
                        share = frequency[one] * frequency[other] * (1.0 if u == v else 2.0) / part_mass[part]
                        if number == 0:
                            first_one, first_other, first_share = one, other, share
                        else:
                            for k in range(n):
                                at = first + number * n + k
                                for s in range(genotype.shape[1]):
                                    genotype[at, s] = genotype[first + k, s]
                                probability[at] = probability[first + k] * share
                                _write_locus_genotypes(
                                    one, other, rows, allele_of, n_alleles, locus_column, genotype[at]
                                )
                        number += 1
            for k in range(n):
                probability[first + k] *= first_share
                _write_locus_genotypes(
                    first_one, first_other, rows, allele_of, n_alleles, locus_column, genotype[first + k]
                )
            n *= number
        end = _merge_genotypes(first, first + n, genotype, probability, table)
        start[i + 1] = end


@kernel
def write_mismatches(
    first: int,
    last: int,
    none: int,
    donor_genotype: NDArray[np.int64],
    patient_genotype: NDArray[np.int64],
    patient_number: NDArray[np.int32],
    mismatches: NDArray[np.uint8],
) -> None:
    """Write the mismatches of donor genotypes of one locus, from `first` to before `last`, with the patients'.

    Args:
        first: first donor genotype.
        last: one behind the last.
        none: what stands for no mismatch.
        donor_genotype: (n, 2) allele codes of genotypes, `ABSENT` and `ANOTHER` as in
            `hla_match.kernels.prediction.donor_genotypes`.
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


@kernel
def add_pairs(
    first: int,
    last: int,
    start: NDArray[np.int64],
    row: NDArray[np.int32],
    probability: NDArray[np.float64],
    mismatches: NDArray[np.uint8],
    patient: NDArray[np.int64],
    patient_probability: NDArray[np.float64],
    patient_row: NDArray[np.int64],
    kind: NDArray[np.int64],
    column_start: NDArray[np.int64],
    column: NDArray[np.int64],
    found: NDArray[np.float64],
) -> None:
    """Write the probabilities of each number of mismatches of some donors with all patients.

    Args:
        first: first donor.
        last: one behind the last.
        start: (donors + 1,) where the genotypes of each donor begin.
        row: (genotypes of donors, loci) row of `mismatches` for each locus of a genotype.
        probability: (genotypes of donors,).
        mismatches: (rows, a multiple of 8) as given by `write_mismatches`; the sum of no mismatches is `FAR` less the
            numbers that are counted, and that of what stands behind the genotypes is at least `FAR`.
        patient: (genotypes of patients,) whose each one is.
        patient_probability: (genotypes of patients,).
        patient_row: (patients,) where in `found` each patient stands.
        kind: (donors,) which of the distinct persons each donor is.
        column_start: (distinct persons + 1,) offsets into `column`.
        column: where in `found` the donors stand that are the same person.
        found: (patients, columns, numbers) receives the probabilities.

    Notes:
        Cost: a byte for each locus and pair of genotypes; then an addition for each pair with few mismatches.
    """
    n_patients, counted = patient_row.size, found.shape[2]
    base = FAR - counted
    total = np.empty(mismatches.shape[1], np.uint8)
    eight = total.view(np.uint64)
    sums = np.empty((_DONORS_AT_ONCE, n_patients * counted))
    for begin in range(first, last, _DONORS_AT_ONCE):
        end = min(begin + _DONORS_AT_ONCE, last)
        for donor in range(begin, end):
            own = sums[donor - begin]
            for k in range(own.size):
                own[k] = 0.0
            for genotype in range(start[donor], start[donor + 1]):
                of_locus = mismatches[row[genotype, 0]]
                for g in range(total.size):
                    total[g] = of_locus[g]
                for s in range(1, row.shape[1]):
                    of_locus = mismatches[row[genotype, s]]
                    for g in range(total.size):
                        total[g] += of_locus[g]
                for word in range(eight.size):
                    if eight[word] & _NONE_NEAR == _NONE_NEAR:
                        continue
                    for g in range(8 * word, 8 * word + 8):
                        if total[g] < FAR:
                            own[patient[g] * counted + total[g] - base] += (
                                probability[genotype] * patient_probability[g]
                            )
        for one in range(n_patients):
            for donor in range(begin, end):
                own = sums[donor - begin]
                for at in range(column_start[kind[donor]], column_start[kind[donor] + 1]):
                    for k in range(counted):
                        found[patient_row[one], column[at], k] = own[one * counted + k]
