"""The haplotypes that can make up a person, in classes: the exact distribution of diplotypes without listing them.

A typing tells alleles apart only by which of its sets hold them. Haplotypes whose alleles a person's typing does not
tell apart at any locus form a *class*; two classes are *compatible* when pairs of their haplotypes are consistent with
the typing, and then all are. A few classes and pairs of classes thus stand for up to hundreds of thousands of
diplotypes, and the weight of all is a sum over pairs of classes (Hardy-Weinberg: f1 f2, doubled unless both are equal).
Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from hla_match.kernels._jit import inner_kernel
from hla_match.kernels.imputation.allele_signatures import SIDES, Signatures
from hla_match.kernels.imputation.candidate_haplotypes import Candidates, find_by_bits, find_posted
from hla_match.kernels.schema.array import Array, Float64, Int64
from hla_match.kernels.schema.haplotypes import AlleleIndex, HaplotypeClasses, PanelHaplotypes

UNEXPLAINED, EXPLAINED, FULL = 0, 1, -1
"""Outcomes of a person under a panel: not explained, explained, or no room left in an output array."""

MOST_CLASSES = 65_535
"""Classes are numbered in 16 bits; a person of more is left to the next panel, as if this one did not explain it."""

PARTS, CLASSES, PAIRS, MEMBERS = range(4)
"""What of the output arrays is counted."""


class Classes(NamedTuple):
    """Working arrays: the classes of the candidates, each array as long as the largest panel but for `slot`."""

    key: Annotated[Int64, Array("classes", "signatures of the haplotypes as one number")]
    first: Annotated[Int64, Array("classes", "the haplotype by which the class was met")]
    size: Annotated[Int64, Array("classes", "number of haplotypes, then where the next one is written")]
    number: Annotated[Int64, Array("classes", "number among the classes that have a partner", missing=-1)]
    frequency: Annotated[Float64, Array("classes", "sum of the frequencies")]
    slot: Annotated[Int64, Array("slots", "hash table of the classes by key", missing=-1)]


@inner_kernel
def same_class(one: int, other: int, panel: int, panels: PanelHaplotypes, signature: Int64) -> bool:
    """Say whether the typing does not tell two haplotypes apart."""
    for j in range(panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]):
        row = panels.panel_locus[j]
        if signature[row, panels.allele_of[one, row]] != signature[row, panels.allele_of[other, row]]:
            return False
    return True


@inner_kernel
def classify(
    found: int,
    by_sides: bool,
    panel: int,
    panels: PanelHaplotypes,
    signature: Int64,
    candidates: Candidates,
    classes: Classes,
) -> int:
    """Give the candidates their classes, numbered in the order in which they are met, and return how many there are."""
    n_slots = np.int64(16)
    while n_slots < 2 * found:
        n_slots *= 2
    for slot in range(n_slots):
        classes.slot[slot] = -1
    n_classes = 0
    for k in range(found):
        # Multiplicative hashing (Knuth, TAOCP 3, section 6.4) of the key folded to 31 bits.
        own = candidates.key[k]
        slot = ((((own ^ (own >> 31)) & 0x7FFFFFFF) * 0x9E3779B1) >> 24) & (n_slots - 1)
        c = classes.slot[slot]
        # Keys may wrap round where there are very many signatures: equal keys are not proof enough then.
        while c >= 0 and not (
            classes.key[c] == own
            and (by_sides or same_class(candidates.haplotype[k], classes.first[c], panel, panels, signature))
        ):
            slot = (slot + 1) & (n_slots - 1)
            c = classes.slot[slot]
        if c < 0:
            c = n_classes
            n_classes += 1
            classes.slot[slot] = c
            classes.key[c] = own
            classes.first[c] = candidates.haplotype[k]
            classes.size[c] = 0
        classes.size[c] += 1
        candidates.class_of[k] = c
    return n_classes


@inner_kernel
def are_compatible(one: int, other: int, panel: int, panels: PanelHaplotypes, signatures: Signatures) -> bool:
    """Say whether two haplotypes make a diplotype that is consistent with the typing at every locus of a panel."""
    for j in range(panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]):
        row = panels.panel_locus[j]
        x = signatures.signature[row, panels.allele_of[one, row]]
        y = signatures.signature[row, panels.allele_of[other, row]]
        if signatures.n_alternatives[row] == 1:
            if ((x & (y >> 1)) | ((x >> 1) & y)) & 1 == 0:
                return False
        elif not signatures.compatible[row, x, y]:
            return False
    return True


@inner_kernel
def pair_classes(
    n_classes: int,
    by_sides: bool,
    panel: int,
    panels: PanelHaplotypes,
    signatures: Signatures,
    classes: Classes,
    size: Int64,
    out: HaplotypeClasses,
) -> tuple[int, float]:
    """Write the compatible classes behind the pairs that there are, as far as there is room, and number them 0.

    Returns:
        How many pairs there are, and the weight of their diplotypes.
    """
    at = size[PAIRS]
    mass = 0.0
    n_loci = panels.panel_locus_start[panel + 1] - panels.panel_locus_start[panel]
    every = (np.int64(1) << (2 * n_loci)) // 3
    for i in range(n_classes):
        own = classes.key[i]
        for j in range(i, n_classes):
            if by_sides:
                other = classes.key[j]
                fits = ((own & (other >> 1)) | ((own >> 1) & other)) & every == every
            else:
                fits = are_compatible(classes.first[i], classes.first[j], panel, panels, signatures)
            if fits:
                classes.number[i] = 0
                classes.number[j] = 0
                if at < out.pair.shape[0]:
                    out.pair[at, 0] = i
                    out.pair[at, 1] = j
                at += 1
                mass += classes.frequency[i] * classes.frequency[j] * (1.0 if i == j else 2.0)
    return at - size[PAIRS], mass


@inner_kernel
def write_classes(
    panel: int,
    mass: float,
    found: int,
    n_classes: int,
    n_pairs: int,
    candidates: Candidates,
    classes: Classes,
    size: Int64,
    out: HaplotypeClasses,
) -> int:
    """Append the classes that have a partner, renumbered in their pairs, and move `size` on; return the outcome."""
    n_parts, n_written, n_paired, n_members = size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS]
    if (
        n_parts >= out.part_panel.size
        or n_written + n_classes >= out.class_member.size
        or n_paired + n_pairs > out.pair.shape[0]
        or n_members + found > out.member.size
    ):
        return FULL
    kept = 0
    for c in range(n_classes):
        if classes.number[c] == 0:
            classes.number[c] = kept
            kept += 1
            start = n_members
            n_members += classes.size[c]
            out.class_member[n_written + kept] = n_members
            classes.size[c] = start
    for k in range(found):
        c = candidates.class_of[k]
        if classes.number[c] >= 0:
            out.member[classes.size[c]] = candidates.haplotype[k]
            classes.size[c] += 1
    for p in range(n_paired, n_paired + n_pairs):
        out.pair[p, 0] = classes.number[out.pair[p, 0]]
        out.pair[p, 1] = classes.number[out.pair[p, 1]]
    out.part_panel[n_parts] = panel
    out.part_mass[n_parts] = mass
    out.part_class[n_parts + 1] = n_written + kept
    out.part_pair[n_parts + 1] = n_paired + n_pairs
    size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS] = (
        n_parts + 1,
        n_written + kept,
        n_paired + n_pairs,
        n_members,
    )
    return EXPLAINED


@inner_kernel
def append_part(
    panel: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    signatures: Signatures,
    candidates: Candidates,
    classes: Classes,
    size: Int64,
    out: HaplotypeClasses,
) -> int:
    """Append the classes of one person under one panel to the output arrays.

    Args:
        panel: the panel.
        panels: the haplotypes of all panels.
        index: the haplotypes that hold each allele.
        signatures: what the typing of the person tells apart.
        candidates: working arrays.
        classes: working arrays.
        size: (4,) how many `PARTS`, `CLASSES`, `PAIRS` and `MEMBERS` are written; moved on.
        out: the output arrays.

    Returns:
        `UNEXPLAINED`, `EXPLAINED` or `FULL`.
    """
    # Where the typing has one alternative at each locus, a key is two bits a locus: the sides that hold its allele.
    by_sides = True
    for j in range(panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]):
        by_sides &= signatures.n_alternatives[panels.panel_locus[j]] == 1
    n_signatures = SIDES if by_sides else signatures.compatible.shape[1] - 1
    if index.panel_words[panel] > 0:
        found = find_by_bits(panel, n_signatures, panels, index, signatures, candidates)
    else:
        found = find_posted(panel, n_signatures, panels, index, signatures, candidates)
    n_classes = classify(found, by_sides, panel, panels, signatures.signature, candidates, classes)
    if n_classes > MOST_CLASSES:
        n_classes = 0
    for c in range(n_classes):
        classes.frequency[c] = 0.0
        classes.number[c] = -1
    for k in range(found if n_classes else 0):
        classes.frequency[candidates.class_of[k]] += panels.frequency[candidates.haplotype[k]]
    n_pairs, mass = pair_classes(n_classes, by_sides, panel, panels, signatures, classes, size, out)
    if n_pairs == 0:
        return UNEXPLAINED
    outcome: int = write_classes(panel, mass, found, n_classes, n_pairs, candidates, classes, size, out)
    return outcome


@inner_kernel
def append_stated(
    first: int,
    second: int,
    or_homozygous: int,
    panel: int,
    panel_start: int,
    size: Int64,
    out: HaplotypeClasses,
) -> int:
    """Append the one genotype that a typing states at a locus; the panel holds each allele with frequency 1.

    Where the second allele may as well be on both chromosomes, so that the first, a null, is on none, both genotypes
    are appended. Their probabilities are not known: a caller must check that they make no difference.
    """
    n_parts, n_written, n_paired, n_members = size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS]
    if (
        n_parts >= out.part_panel.size
        or n_written + 2 >= out.class_member.size
        or n_paired + or_homozygous >= out.pair.shape[0]
        or n_members + 2 > out.member.size
    ):
        return FULL
    out.member[n_members] = panel_start + first
    n_members += 1
    n_written += 1
    out.class_member[n_written] = n_members
    if second != first:
        out.member[n_members] = panel_start + second
        n_members += 1
        n_written += 1
        out.class_member[n_written] = n_members
    out.pair[n_paired, 0] = 0
    out.pair[n_paired, 1] = 0 if second == first else 1
    n_paired += 1
    if or_homozygous:
        out.pair[n_paired, 0] = 1
        out.pair[n_paired, 1] = 1
        n_paired += 1
    out.part_panel[n_parts] = panel
    out.part_mass[n_parts] = (1.0 if second == first else 2.0) + or_homozygous
    out.part_class[n_parts + 1] = n_written
    out.part_pair[n_parts + 1] = n_paired
    size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS] = n_parts + 1, n_written, n_paired, n_members
    return EXPLAINED
