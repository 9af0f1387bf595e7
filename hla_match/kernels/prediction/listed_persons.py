"""Persons of few diplotypes, listed as genotypes: at each locus a number for the two alleles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel, other_kernel
from hla_match.kernels.prediction.packed_haplotypes import VACANT, table_places
from hla_match.kernels.schema.haplotypes import HaplotypeClasses, PanelHaplotypes
from hla_match.kernels.schema.prediction import ListedGenotypes, PanelScope


@kernel
def count_diplotypes(
    limit: int,
    panel_scope: NDArray[np.int64],
    persons: HaplotypeClasses,
    person: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    """Write how many diplotypes the parts of some persons that touch the scope have, at most `limit` + 1.

    Args:
        limit: of the diplotypes.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        persons: the classes of all persons.
        person: (n,) some of them.
        count: (n,) receives the numbers.
    """
    part_pair, part_class, pair, class_member = (
        persons.part_pair, persons.part_class, persons.pair, persons.class_member
    )  # fmt: skip
    for i in range(person.size):
        total = 1
        for part in range(persons.person_part[person[i]], persons.person_part[person[i] + 1]):
            if panel_scope[persons.part_panel[part]] == 0:
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
    panels: PanelHaplotypes,
    scope: PanelScope,
    genotype: NDArray[np.int64],
) -> None:
    """Write what two haplotypes make at the loci of a panel that are in scope; the others stay as they are."""
    for k in range(rows.size):
        column = scope.locus_column[rows[k]]
        if column < 0:
            continue
        x, y = np.int64(panels.allele_of[one, rows[k]]), np.int64(panels.allele_of[other, rows[k]])
        genotype[column] = min(x, y) * (panels.allele_start[rows[k] + 1] - panels.allele_start[rows[k]]) + max(x, y)


@inner_kernel
def _merge_genotypes(
    first: int, last: int, genotype: NDArray[np.int64], probability: NDArray[np.float64], table: NDArray[np.int64]
) -> int:
    """Make equal genotypes from `first` to before `last` one, in place, and return where the distinct ones end.

    `table` is scratch, at least four times as long as there are genotypes.
    """
    places = table_places(last - first)
    for place in range(places):
        table[place] = VACANT
    found = first
    n_loci = genotype.shape[1]
    for k in range(first, last):
        mixed = 0
        for s in range(n_loci):
            # Multiplicative hashing (Knuth, TAOCP 3, section 6.4), locus by locus.
            mixed = int((((mixed ^ genotype[k, s]) & 0x7FFFFFFF) * 0x9E3779B1) & 0x7FFFFFFF)
        place = (mixed ^ (mixed >> 15)) & (places - 1)
        while table[place] != VACANT:
            at = table[place]
            same = True
            for s in range(n_loci):
                same &= genotype[at, s] == genotype[k, s]
            if same:
                break
            place = (place + 1) & (places - 1)
        if table[place] == VACANT:
            table[place] = found
            for s in range(n_loci):
                genotype[found, s] = genotype[k, s]
            probability[found] = probability[k]
            found += 1
        else:
            probability[table[place]] += probability[k]
    return found


@inner_kernel
def _join_diplotype(
    first: int, n: int, number: int, one: int, other: int, share: float, rows: NDArray[np.int64],
    panels: PanelHaplotypes, scope: PanelScope, listed: ListedGenotypes,
) -> None:  # fmt: skip
    """Write the `n` genotypes from `first` on once more, joined with a diplotype of another part, as copy `number`."""
    for k in range(n):
        at = first + number * n + k
        for s in range(listed.genotype.shape[1]):
            listed.genotype[at, s] = listed.genotype[first + k, s]
        listed.probability[at] = listed.probability[first + k] * share
        _write_locus_genotypes(one, other, rows, panels, scope, listed.genotype[at])


@inner_kernel
def _list_part(
    part: int, first: int, n: int, rows: NDArray[np.int64], panels: PanelHaplotypes, scope: PanelScope,
    persons: HaplotypeClasses, listed: ListedGenotypes,
) -> int:  # fmt: skip
    """Join the diplotypes of a part with the `n` genotypes that are listed from `first` on; return how many it has."""
    member, class_member, frequency = persons.member, persons.class_member, panels.frequency
    number = 0
    first_one, first_other, first_share = np.int64(0), np.int64(0), 0.0
    for p in range(persons.part_pair[part], persons.part_pair[part + 1]):
        c, d = persons.part_class[part] + persons.pair[p, 0], persons.part_class[part] + persons.pair[p, 1]
        for u in range(class_member[c], class_member[c + 1]):
            one = np.int64(member[u])
            for v in range(u if c == d else class_member[d], class_member[d + 1]):
                other = np.int64(member[v])
                share = frequency[one] * frequency[other] * (1.0 if u == v else 2.0) / persons.part_mass[part]
                # The first diplotype comes last: it is written over what the others are joined with.
                if number == 0:
                    first_one, first_other, first_share = one, other, share
                else:
                    _join_diplotype(first, n, number, one, other, share, rows, panels, scope, listed)
                number += 1
    _join_diplotype(first, n, 0, first_one, first_other, first_share, rows, panels, scope, listed)
    return number


@other_kernel
def list_genotypes(
    panels: PanelHaplotypes,
    scope: PanelScope,
    persons: HaplotypeClasses,
    person: NDArray[np.int64],
    table: NDArray[np.int64],
    listed: ListedGenotypes,
) -> None:
    """Write the distinct genotypes of some persons in scope, every one of them, and their probabilities.

    Args:
        panels: the haplotypes of all panels.
        scope: the loci in scope.
        persons: the classes of all persons.
        person: (n,) some of them, whose parts cover the scope.
        table: scratch, at least four times as long as one person has diplotypes, and 16.
        listed: receives them; room for the diplotypes of all.
    """
    end = 0
    listed.start[0] = 0
    for i in range(person.size):
        first, n = end, 1
        listed.probability[first] = 1.0
        for part in range(persons.person_part[person[i]], persons.person_part[person[i] + 1]):
            panel = persons.part_panel[part]
            if scope.panel_scope[panel] == 0:
                continue
            rows = panels.panel_locus[panels.panel_locus_start[panel] : panels.panel_locus_start[panel + 1]]
            n *= _list_part(part, first, n, rows, panels, scope, persons, listed)
        end = _merge_genotypes(first, first + n, listed.genotype, listed.probability, table)
        listed.start[i + 1] = end
