"""Every person's haplotype classes, along the chain of panels.

The chain: all loci of the frequencies with the panels of the person's population, then block by block, then locus by
locus, then the genotype that a typing states. The parts of a person are independent of each other.
Oracle: ``explain`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel
from hla_match.kernels.haplotype_classes import FULL, append_part, sign_alleles


@kernel
def append_certain(
    first: int,
    second: int,
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
    """Append the one genotype that a typing allows at a locus; the panel holds each allele with frequency 1."""
    n_parts, n_written, n_paired, n_members = size[0], size[1], size[2], size[3]
    if (
        n_parts >= part_panel.size
        or n_written + 2 >= class_member.size
        or n_paired >= pair.shape[0]
        or n_members + 2 > member.size
    ):
        return FULL
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
    part_panel[n_parts] = panel
    part_mass[n_parts] = 1.0 if second == first else 2.0
    part_class[n_parts + 1] = n_written
    part_pair[n_parts + 1] = n_paired + 1
    size[0], size[1], size[2], size[3] = n_parts + 1, n_written, n_paired + 1, n_members
    return 1


@kernel
def impute_persons(
    start: int,
    stop: int,
    person_typing: NDArray[np.int32],
    person_population: NDArray[np.int16],
    typing_start: NDArray[np.int64],
    carried_start: NDArray[np.int64],
    carried_set: NDArray[np.int64],
    set_member: NDArray[np.uint8],
    certain: NDArray[np.int32],
    max_signatures: int,
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
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
        typing_start: as in `hla_match.frequencies.panels.TypingMembership`, likewise the next five.
        carried_start: see there.
        carried_set: see there.
        set_member: `member` there.
        certain: see there.
        max_signatures: see there.
        allele_start: as in `hla_match.frequencies.panels.Panels`, likewise the others up to `certain_panel`.
        haplotype_allele: see there.
        frequency: see there.
        panel_start: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        posting_start: see there.
        posting: see there.
        chain: see there.
        block_panel: see there.
        locus_panel: see there.
        certain_panel: see there.
        person_part: (stop - start + 1,) receives offsets of each person's parts.
        person_missing: (stop - start,) receives the loci, as bits, at which nothing explains the person.
        part_panel: outputs as in `hla_match.kernels.haplotype_classes.append_part`, likewise the others.
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
    candidate = np.empty(largest, np.int64)
    key = np.empty(largest, np.uint64)
    signature = np.zeros((n_loci, widest), np.int64)
    pattern = np.zeros(max_signatures + 2, np.uint64)
    compatible = np.zeros((n_loci, max_signatures + 1, max_signatures + 1), np.bool_)
    explained = np.zeros(n_loci, np.bool_)
    size = np.zeros(4, np.int64)
    undo = np.zeros(4, np.int64)
    person_part[0] = 0
    part_class[0] = 0
    part_pair[0] = 0
    class_member[0] = 0
    for person in range(start, stop):
        for k in range(size.size):
            undo[k] = size[k]
        for row in range(n_loci):
            typing = person_typing[row, person]
            sign_alleles(
                -1 if typing == 0 else typing_start[row] + typing,
                carried_start,
                carried_set,
                set_member,
                allele_start[row + 1] - allele_start[row],
                signature[row],
                pattern,
                compatible[row],
            )
        explained[:] = False
        outcome = 0
        links = chain[person_population[person]]
        # The chain over all loci, then its blocks; -2 leads from a block that is not explained to its loci.
        for link in range(links.size + block_panel.size):
            if link < links.size:
                panel = links[link]
                if panel < 0 or outcome == 1:
                    continue
            else:
                if link == links.size and outcome == 1:
                    break
                panel = block_panel[link - links.size]
            locus = panel_locus[panel_locus_start[panel] : panel_locus_start[panel + 1]]
            outcome = append_part(
                panel, locus, allele_start, haplotype_allele, frequency, posting_start, posting, signature, compatible,
                candidate, key, size, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
            )  # fmt: skip
            if outcome == FULL:
                break
            if outcome == 1:
                explained[locus] = True
        missing = 0
        for row in range(n_loci):
            if outcome == FULL:
                break
            if explained[row]:
                continue
            done = 0
            panel = locus_panel[row]
            if panel >= 0:
                locus = panel_locus[panel_locus_start[panel] : panel_locus_start[panel + 1]]
                done = append_part(
                    panel, locus, allele_start, haplotype_allele, frequency, posting_start, posting, signature,
                    compatible, candidate, key, size, part_panel, part_mass, part_class, part_pair, class_member, pair,
                    member,
                )  # fmt: skip
            typing = person_typing[row, person]
            if done == 0 and typing != 0 and certain_panel[row] >= 0 and certain[typing_start[row] + typing, 0] >= 0:
                panel = certain_panel[row]
                done = append_certain(
                    certain[typing_start[row] + typing, 0], certain[typing_start[row] + typing, 1], panel,
                    panel_start[panel], size, part_panel, part_mass, part_class, part_pair, class_member, pair, member,
                )  # fmt: skip
            if done == FULL:
                outcome = FULL
            elif done == 0:
                missing |= 1 << row
        if outcome == FULL:
            for k in range(size.size):
                size[k] = undo[k]
            return person
        person_part[person - start + 1] = size[0]
        person_missing[person - start] = missing
    return stop
