"""Every person's haplotype classes, along the chain of panels.

The chain: all loci of the frequencies with the panels of the person's population, then block by block, then locus by
locus, then the genotype that a typing states. The parts of a person are independent of each other.
Oracle: ``explain`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel
from hla_match.kernels.imputation.allele_signatures import sign_alleles
from hla_match.kernels.imputation.haplotype_classes import FULL, N_SCRATCH, append_part


@inner_kernel
def append_stated(
    first: int,
    second: int,
    or_homozygous: int,
    panel: int,
    panel_start: int,
    size: NDArray[np.int64],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
) -> int:
    """Append the one genotype that a typing states at a locus; the panel holds each allele with frequency 1.

    Where the second allele may as well be on both chromosomes, so that the first, a null, is on none, both genotypes
    are appended. How probable each is nobody knows: whoever uses them has to see that it makes no difference.
    """
    n_parts, n_written, n_paired, n_members = size[0], size[1], size[2], size[3]
    outcome = FULL
    if (
        n_parts < part_panel.size
        and n_written + 2 < class_member.size
        and n_paired + or_homozygous < pair.shape[0]
        and n_members + 2 <= member.size
    ):
        outcome = 1
        member[n_members] = panel_start + first
        n_members += 1
        n_written += 1
        class_member[n_written] = n_members
        if second != first:
            member[n_members] = panel_start + second
            n_members += 1
            n_written += 1
            class_member[n_written] = n_members
        pair[n_paired, 0] = 0
        pair[n_paired, 1] = 0 if second == first else 1
        n_paired += 1
        if or_homozygous:
            pair[n_paired, 0] = 1
            pair[n_paired, 1] = 1
            n_paired += 1
        part_panel[n_parts] = panel
        part_mass[n_parts] = (1.0 if second == first else 2.0) + or_homozygous
        part_class[n_parts + 1] = n_written
        part_pair[n_parts + 1] = n_paired
        size[0], size[1], size[2], size[3] = n_parts + 1, n_written, n_paired, n_members
    return outcome


@kernel
def impute_persons(
    start: int,
    stop: int,
    person_typing: NDArray[np.int32],
    person_population: NDArray[np.int16],
    typing_start: NDArray[np.int64],
    carried_start: NDArray[np.int64],
    carried_set: NDArray[np.int64],
    set_start: NDArray[np.int64],
    set_allele: NDArray[np.int64],
    stated: NDArray[np.int32],
    max_signatures: int,
    allele_start: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    panel_words: NDArray[np.int64],
    bits_start: NDArray[np.int64],
    bits: NDArray[np.uint32],
    chain: NDArray[np.int64],
    block_panel: NDArray[np.int64],
    locus_panel: NDArray[np.int64],
    certain_panel: NDArray[np.int64],
    person_part: NDArray[np.int64],
    person_missing: NDArray[np.uint16],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
) -> int:
    """Impute persons from `start` on until `stop`, or until an output array is full.

    Args:
        start: first person.
        stop: one behind the last person.
        person_typing: (loci, persons) int32 typing of each person at each locus; 0 is "not typed".
        person_population: (persons,) int16 row of `chain`.
        typing_start: as in `hla_match.imputation.panels.TypingMembership`, likewise the next six.
        carried_start: see there.
        carried_set: see there.
        set_start: see there.
        set_allele: see there.
        stated: see there.
        max_signatures: see there.
        allele_start: as in `hla_match.imputation.panels.Panels`, likewise the others up to `certain_panel`.
        allele_of: see there.
        frequency: see there.
        panel_start: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        posting_start: see there.
        posting: see there.
        panel_words: see there.
        bits_start: see there.
        bits: see there.
        chain: see there.
        block_panel: see there.
        locus_panel: see there.
        certain_panel: see there.
        person_part: (stop - start + 1,) receives offsets of each person's parts.
        person_missing: (stop - start,) receives the loci, as bits, at which nothing explains the person.
        part_panel: outputs as in `hla_match.kernels.imputation.haplotype_classes.append_part`, likewise the others.
        part_mass: see there.
        part_class: see there.
        part_pair: see there.
        class_member: see there.
        pair: see there.
        member: see there.

    Returns:
        One behind the last person that was imputed.
    """
    n_loci = typing_start.size
    largest = 0
    for panel in range(panel_start.size - 1):
        largest = max(largest, panel_start[panel + 1] - panel_start[panel])
    widest = 0
    for row in range(n_loci):
        widest = max(widest, allele_start[row + 1] - allele_start[row])
    allowed = np.zeros((n_loci + 1, panel_words.max()), np.uint32)
    allowed_panel = np.full(n_loci, -1, np.int64)
    table = np.empty(4 * largest + 16, np.int64)
    total = np.empty(largest)
    scratch = np.empty((N_SCRATCH, largest), np.int64)
    n_alternatives = np.ones(n_loci, np.int64)
    n_signed = np.zeros(n_loci, np.int64)
    signed = np.empty((n_loci, widest), np.int64)
    signature = np.zeros((n_loci, widest), np.int64)
    sides = np.empty(widest, np.uint64)
    pattern = np.zeros(max_signatures + 2, np.uint64)
    compatible = np.zeros((n_loci, max_signatures + 1, max_signatures + 1), np.bool_)
    explained = np.zeros(n_loci, np.bool_)
    size = np.zeros(4, np.int64)
    undo = np.zeros(4, np.int64)
    person_part[0] = 0
    part_class[0] = 0
    part_pair[0] = 0
    class_member[0] = 0
    reached: int = explain_persons(
        start, stop, person_typing, person_population, typing_start, carried_start, carried_set, set_start,
        set_allele, stated, allele_start, allele_of, frequency, panel_start, panel_locus_start, panel_locus,
        posting_start, posting, panel_words, bits_start, bits, chain, block_panel, locus_panel, certain_panel,
        person_part, person_missing, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
        n_alternatives, n_signed, signed, signature, sides, pattern, compatible, allowed, allowed_panel, table, total,
        scratch, explained, size, undo,
    )  # fmt: skip
    return reached


@inner_kernel
def explain_persons(
    start: int,
    stop: int,
    person_typing: NDArray[np.int32],
    person_population: NDArray[np.int16],
    typing_start: NDArray[np.int64],
    carried_start: NDArray[np.int64],
    carried_set: NDArray[np.int64],
    set_start: NDArray[np.int64],
    set_allele: NDArray[np.int64],
    stated: NDArray[np.int32],
    allele_start: NDArray[np.int64],
    allele_of: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    panel_words: NDArray[np.int64],
    bits_start: NDArray[np.int64],
    bits: NDArray[np.uint32],
    chain: NDArray[np.int64],
    block_panel: NDArray[np.int64],
    locus_panel: NDArray[np.int64],
    certain_panel: NDArray[np.int64],
    person_part: NDArray[np.int64],
    person_missing: NDArray[np.uint16],
    part_panel: NDArray[np.int16],
    part_mass: NDArray[np.float64],
    part_class: NDArray[np.int64],
    part_pair: NDArray[np.int64],
    class_member: NDArray[np.int64],
    pair: NDArray[np.uint16],
    member: NDArray[np.uint32],
    n_alternatives: NDArray[np.int64],
    n_signed: NDArray[np.int64],
    signed: NDArray[np.int64],
    signature: NDArray[np.int64],
    sides: NDArray[np.uint64],
    pattern: NDArray[np.uint64],
    compatible: NDArray[np.bool_],
    allowed: NDArray[np.uint32],
    allowed_panel: NDArray[np.int64],
    table: NDArray[np.int64],
    total: NDArray[np.float64],
    scratch: NDArray[np.int64],
    explained: NDArray[np.bool_],
    size: NDArray[np.int64],
    undo: NDArray[np.int64],
) -> int:
    """Impute persons as `impute_persons` does, with scratch arrays made once; see there and in `append_part`."""
    n_loci = typing_start.size
    reached = start
    outcome = 0
    while reached < stop and outcome != FULL:
        person = reached
        for k in range(size.size):
            undo[k] = size[k]
        for row in range(n_loci):
            typing = person_typing[row, person]
            # Persons come in the order of their typings.
            if person > start and typing == person_typing[row, person - 1]:
                continue
            n_alternatives[row] = 1
            if typing != 0:
                of_typing = typing_start[row] + typing
                n_alternatives[row] = max(1, carried_start[of_typing + 1] - carried_start[of_typing])
            n_signed[row] = sign_alleles(
                row, -1 if typing == 0 else typing_start[row] + typing, carried_start, carried_set, set_start,
                set_allele, allele_start[row + 1] - allele_start[row], n_signed[row], signed, signature, sides, pattern,
                compatible,
            )  # fmt: skip
            allowed_panel[row] = -1
        for row in range(n_loci):
            explained[row] = False
        outcome = 0
        n_links = chain.shape[1]
        # The chain over all loci, then its blocks; loci that neither explains come one by one below.
        for link in range(n_links + block_panel.size):
            if link < n_links:
                panel = chain[person_population[person], link]
                if panel < 0 or outcome == 1:
                    continue
            else:
                if link == n_links and outcome == 1:
                    break
                panel = block_panel[link - n_links]
            outcome = append_part(
                panel, panel_locus_start[panel], panel_locus_start[panel + 1], panel_locus, allele_start,
                allele_of, frequency, posting_start, posting, panel_start, panel_words, bits_start, bits,
                n_alternatives, n_signed, signed, signature, compatible, allowed, allowed_panel, table, total, scratch,
                size, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
            )  # fmt: skip
            if outcome == FULL:
                break
            if outcome == 1:
                for k in range(panel_locus_start[panel], panel_locus_start[panel + 1]):
                    explained[panel_locus[k]] = True
        missing = 0
        for row in range(n_loci):
            if outcome == FULL:
                break
            if explained[row]:
                continue
            done = 0
            panel = locus_panel[row]
            if panel >= 0:
                done = append_part(
                    panel, panel_locus_start[panel], panel_locus_start[panel + 1], panel_locus, allele_start,
                    allele_of, frequency, posting_start, posting, panel_start, panel_words, bits_start, bits,
                    n_alternatives, n_signed, signed, signature, compatible, allowed, allowed_panel, table, total,
                    scratch, size, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
                )  # fmt: skip
            typing = person_typing[row, person]
            if done == 0 and typing != 0 and certain_panel[row] >= 0 and stated[typing_start[row] + typing, 0] >= 0:
                panel = certain_panel[row]
                done = append_stated(
                    stated[typing_start[row] + typing, 0], stated[typing_start[row] + typing, 1],
                    stated[typing_start[row] + typing, 2], panel, panel_start[panel], size, part_panel, part_mass,
                    part_class, part_pair, class_member, pair, member,
                )  # fmt: skip
            if done == FULL:
                outcome = FULL
            elif done == 0:
                missing |= 1 << row
        if outcome == FULL:
            for k in range(size.size):
                size[k] = undo[k]
        else:
            person_part[person - start + 1] = size[0]
            person_missing[person - start] = missing
            reached += 1
    return reached
