"""The haplotypes that can make up a person, in classes: the exact distribution of diplotypes without listing them.

A typing tells alleles apart only by which of its sets hold them. Haplotypes whose alleles a person's typing does not
tell apart at any locus form a *class*; two classes are *compatible* when pairs of their haplotypes are consistent with
the typing, and then all are. A few classes and pairs of classes thus stand for up to hundreds of thousands of
diplotypes, and the weight of all is a sum over pairs of classes (Hardy-Weinberg: f1 f2, doubled unless both are equal).
Oracle: ``diplotypes`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel
from hla_match.kernels.imputation.candidate_haplotypes import CANDIDATE, KEY, find_by_bits, find_posted

FULL = -1
"""Returned where an output array has no room left."""

MOST_CLASSES = 65_535
"""Classes are numbered in 16 bits; a person of more is left to the next panel, as if this one did not explain it."""

CLASS_OF, CLASS_KEY, FIRST_OF, CLASS_SIZE, NUMBER = range(KEY + 1, KEY + 6)
"""Rows of the scratch array behind `CANDIDATE` and `KEY`, each as long as the largest panel: the class of each
candidate; the key of each class, its first haplotype, their number (then where the next one is written), and its number
among the classes that have a partner, or -1."""

N_SCRATCH = NUMBER + 1
"""Rows of the scratch array."""


@inner_kernel
def classify(
    found: int,
    by_sides: bool,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    signature: NDArray[np.int64],
    table: NDArray[np.int64],
    scratch: NDArray[np.int64],
) -> int:
    """Give the candidates their classes, numbered in the order in which they are met, and return how many there are."""
    places = np.int64(16)
    while places < 2 * found:
        places *= 2
    for place in range(places):
        table[place] = -1
    n_classes = 0
    for k in range(found):
        # Multiplicative hashing (Knuth, TAOCP 3, section 6.4) of the key folded to 31 bits.
        own = scratch[KEY, k]
        place = ((((own ^ (own >> 31)) & 0x7FFFFFFF) * 0x9E3779B1) >> 24) & (places - 1)
        c = table[place]
        # Keys may wrap round where there are very many signatures: equal keys are not proof enough then.
        while c >= 0 and not (
            scratch[CLASS_KEY, c] == own
            and (
                by_sides
                or same_class(
                    scratch[CANDIDATE, k],
                    scratch[FIRST_OF, c],
                    locus_start,
                    locus_stop,
                    panel_locus,
                    allele_of,
                    signature,
                )
            )
        ):
            place = (place + 1) & (places - 1)
            c = table[place]
        if c < 0:
            c = n_classes
            n_classes += 1
            table[place] = c
            scratch[CLASS_KEY, c] = own
            scratch[FIRST_OF, c] = scratch[CANDIDATE, k]
            scratch[CLASS_SIZE, c] = 0
        scratch[CLASS_SIZE, c] += 1
        scratch[CLASS_OF, k] = c
    return n_classes


@inner_kernel
def classes_compatible(
    one: int,
    other: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    n_alternatives: NDArray[np.int64],
    signature: NDArray[np.int64],
    compatible: NDArray[np.bool_],
) -> bool:
    """Say whether the classes of two haplotypes make diplotypes that are consistent with the typing at every locus."""
    for j in range(locus_start, locus_stop):
        row = panel_locus[j]
        x, y = signature[row, allele_of[one, row]], signature[row, allele_of[other, row]]
        if n_alternatives[row] == 1:
            if ((x & (y >> 1)) | ((x >> 1) & y)) & 1 == 0:
                return False
        elif not compatible[row, x, y]:
            return False
    return True


@inner_kernel
def append_part(
    panel: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    panel_start: NDArray[np.int64],
    panel_words: NDArray[np.int64],
    bits_start: NDArray[np.int64],
    bits: NDArray[np.uint32],
    n_alternatives: NDArray[np.int64],
    n_signed: NDArray[np.int64],
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    compatible: NDArray[np.bool_],
    allowed: NDArray[np.uint32],
    allowed_panel: NDArray[np.int64],
    table: NDArray[np.int64],
    total: NDArray[np.float64],
    scratch: NDArray[np.int64],
    size: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
) -> int:
    """Append the classes of one person under one panel to the output arrays.

    Args:
        panel: the panel; other inputs as in `hla_match.imputation.panels.Panels` where nothing else is said.
        locus_start: its first locus in `panel_locus`.
        locus_stop: one behind its last.
        panel_locus: loci of the panels.
        allele_start: alleles of each locus.
        allele_of: (haplotypes, loci) alleles of each haplotype.
        frequency: of each haplotype.
        posting_start: haplotypes by allele.
        posting: haplotypes by allele.
        panel_start: haplotypes of each panel.
        panel_words: words of their sets.
        bits_start: sets by allele.
        bits: sets by allele.
        n_alternatives: (loci,) alternatives of the typing, 1 where there is none.
        n_signed: (loci,) alleles that the typing allows.
        signed: (loci, alleles) those alleles.
        signature: (loci, alleles) as given by `hla_match.kernels.imputation.allele_signatures.sign_alleles`.
        compatible: (loci, signatures + 1, signatures + 1) likewise.
        allowed: (loci + 1, words) sets of the haplotypes that the typing allows at each locus, then at all.
        allowed_panel: (loci,) the panel for which they are, -1 where they are to be made anew.
        table: scratch, at least four places a haplotype of the largest panel and sixteen.
        total: scratch, one a haplotype.
        scratch: (`N_SCRATCH`, haplotypes of the largest panel).
        size: (4,) numbers of parts, classes, pairs and members written so far; moved on.
        part_panel: (parts,) panel of each part.
        part_mass: (parts,) weight of all its diplotypes.
        part_class: (parts + 1,) first class of each part.
        part_pair: (parts + 1,) first pair of each part.
        class_member: (classes + 1,) first member of each class.
        pair: (pairs, 2) compatible classes of a part, counted from its first, the lesser first.
        member: haplotypes of each class.

    Returns:
        1 where the panel explains the person, 0 where it does not, `FULL` where there is no room.
    """
    # Where the typing has one alternative at each locus, a key is two bits a locus: the sides that hold its allele.
    by_sides = True
    for j in range(locus_start, locus_stop):
        by_sides &= n_alternatives[panel_locus[j]] == 1
    n_signatures = 3 if by_sides else compatible.shape[1] - 1
    if panel_words[panel] > 0:
        found = find_by_bits(
            panel, panel_start[panel], panel_start[panel + 1] - panel_start[panel], panel_words[panel], locus_start,
            locus_stop, panel_locus, allele_start, allele_of, bits_start, bits, n_signed, signed, signature,
            n_signatures, allowed, allowed_panel, scratch,
        )  # fmt: skip
    else:
        found = find_posted(
            panel, locus_start, locus_stop, panel_locus, allele_start, allele_of, posting_start, posting, n_signed,
            signed, signature, n_signatures, scratch,
        )  # fmt: skip
    n_classes = classify(found, by_sides, locus_start, locus_stop, panel_locus, allele_of, signature, table, scratch)
    if n_classes > MOST_CLASSES:
        n_classes = 0
    n_pairs, mass = pair_classes(
        found, n_classes, by_sides, locus_start, locus_stop, panel_locus, allele_of, frequency, n_alternatives,
        signature, compatible, total, scratch, size[2], pair,
    )  # fmt: skip
    outcome: int = write_classes(
        panel, mass, found, n_classes, n_pairs, scratch, size, part_panel, part_mass, part_class, part_pair,
        class_member, pair, member,
    )  # fmt: skip
    return outcome


@inner_kernel
def pair_classes(
    found: int,
    n_classes: int,
    by_sides: bool,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    n_alternatives: NDArray[np.int64],
    signature: NDArray[np.int64],
    compatible: NDArray[np.bool_],
    total: NDArray[np.float64],
    scratch: NDArray[np.int64],
    n_paired: int,
    pair: NDArray[np.uint16],
) -> tuple[int, float]:
    """Write the compatible classes from `n_paired` on, as far as there is room, and mark them in `NUMBER`.

    Returns:
        How many pairs there are, and the weight of their diplotypes.
    """
    for c in range(n_classes):
        total[c] = 0.0
        scratch[NUMBER, c] = -1
    for k in range(found):
        total[scratch[CLASS_OF, k]] += frequency[scratch[CANDIDATE, k]]
    at = n_paired
    mass = 0.0
    every = (np.int64(1) << (2 * (locus_stop - locus_start))) // 3
    for i in range(n_classes):
        own = scratch[CLASS_KEY, i]
        for j in range(i, n_classes):
            if by_sides:
                other = scratch[CLASS_KEY, j]
                fits = ((own & (other >> 1)) | ((own >> 1) & other)) & every == every
            else:
                fits = classes_compatible(
                    scratch[FIRST_OF, i], scratch[FIRST_OF, j], locus_start, locus_stop, panel_locus,
                    allele_of, n_alternatives, signature, compatible,
                )  # fmt: skip
            if fits:
                scratch[NUMBER, i] = 0
                scratch[NUMBER, j] = 0
                if at < pair.shape[0]:
                    pair[at, 0] = i
                    pair[at, 1] = j
                at += 1
                mass += total[i] * total[j] * (1.0 if i == j else 2.0)
    return at - n_paired, mass


@inner_kernel
def write_classes(
    panel: int,
    mass: float,
    found: int,
    n_classes: int,
    n_pairs: int,
    scratch: NDArray[np.int64],
    size: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
) -> int:
    """Append the classes that have a partner, numbered anew in their pairs, and move `size` on.

    Returns:
        As `append_part`.
    """
    if n_pairs == 0:
        return 0
    n_parts, n_written, n_paired, n_members = size[0], size[1], size[2], size[3]
    if (
        n_parts >= part_panel.size
        or n_written + n_classes >= class_member.size
        or n_paired + n_pairs > pair.shape[0]
        or n_members + found > member.size
    ):
        return FULL
    kept = 0
    for c in range(n_classes):
        if scratch[NUMBER, c] == 0:
            scratch[NUMBER, c] = kept
            kept += 1
            start = n_members
            n_members += scratch[CLASS_SIZE, c]
            class_member[n_written + kept] = n_members
            scratch[CLASS_SIZE, c] = start
    for k in range(found):
        c = scratch[CLASS_OF, k]
        if scratch[NUMBER, c] >= 0:
            member[scratch[CLASS_SIZE, c]] = scratch[CANDIDATE, k]
            scratch[CLASS_SIZE, c] += 1
    for p in range(n_paired, n_paired + n_pairs):
        pair[p, 0] = scratch[NUMBER, pair[p, 0]]
        pair[p, 1] = scratch[NUMBER, pair[p, 1]]
    part_panel[n_parts] = panel
    part_mass[n_parts] = mass
    part_class[n_parts + 1] = n_written + kept
    part_pair[n_parts + 1] = n_paired + n_pairs
    size[0], size[1], size[2], size[3] = n_parts + 1, n_written + kept, n_paired + n_pairs, n_members
    return 1


@inner_kernel
def same_class(
    one: int,
    other: int,
    locus_start: int,
    locus_stop: int,
    panel_locus: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    signature: NDArray[np.int64],
) -> bool:
    """Say whether the typing does not tell two haplotypes apart."""
    for j in range(locus_start, locus_stop):
        row = panel_locus[j]
        if signature[row, allele_of[one, row]] != signature[row, allele_of[other, row]]:
            return False
    return True
