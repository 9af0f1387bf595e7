"""Every person's haplotype classes, along the chain of panels.

The chain: all loci of the frequencies with the panels of the person's population, then block by block, then locus by
locus, then the genotype that a typing states. The parts of a person are independent of each other.
Oracle: ``explain`` in ``tests/oracle/probability.py``.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from hla_match.kernels._jit import array_kernel, inner_kernel, kernel
from hla_match.kernels.imputation.allele_signatures import Signatures, sign_alleles
from hla_match.kernels.imputation.candidate_haplotypes import Candidates
from hla_match.kernels.imputation.haplotype_classes import (
    CLASSES,
    EXPLAINED,
    FULL,
    MEMBERS,
    PAIRS,
    PARTS,
    UNEXPLAINED,
    Classes,
    append_part,
    append_stated,
)
from hla_match.kernels.schema.array import Array, Bool, Int64
from hla_match.kernels.schema.haplotypes import (
    AlleleIndex,
    HaplotypeClasses,
    PanelChain,
    PanelHaplotypes,
    PersonTypings,
    TypingAlleles,
)


class Work(NamedTuple):
    """Working arrays, made once for all persons."""

    signatures: Signatures
    candidates: Candidates
    classes: Classes
    explained: Annotated[Bool, Array("loci", "whether the person's parts so far cover each locus")]
    size: Annotated[Int64, Array("4", "how many `PARTS`, `CLASSES`, `PAIRS` and `MEMBERS` are written")]


@inner_kernel
def sign_typings(
    person: int, is_first: bool, persons: PersonTypings, typings: TypingAlleles, panels: PanelHaplotypes, work: Work
) -> None:
    """Give the alleles of every locus the signatures of a person's typings; the person before has left its own."""
    for row in range(typings.typing_start.size):
        typing = persons.person_typing[row, person]
        # Persons come in the order of their typings.
        if not is_first and typing == persons.person_typing[row, person - 1]:
            continue
        entry = typings.typing_start[row] + typing if typing != 0 else -1
        n_alleles = panels.allele_start[row + 1] - panels.allele_start[row]
        sign_alleles(row, entry, n_alleles, typings, work.signatures)
        work.candidates.allowed_panel[row] = -1


@inner_kernel
def explain_jointly(
    population: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    chain: PanelChain,
    work: Work,
    out: HaplotypeClasses,
) -> int:
    """Append the part of the first panel over all loci that explains the person, else of each block that does.

    Returns:
        `FULL`, or another outcome.
    """
    outcome = UNEXPLAINED
    n_links = chain.population_panel.shape[1]
    for link in range(n_links + chain.block_panel.size):
        if link == n_links and outcome == EXPLAINED:
            break
        panel = chain.population_panel[population, link] if link < n_links else chain.block_panel[link - n_links]
        if panel < 0 or (link < n_links and outcome == EXPLAINED):
            continue
        outcome = append_part(panel, panels, index, work.signatures, work.candidates, work.classes, work.size, out)
        if outcome == FULL:
            break
        if outcome == EXPLAINED:
            for k in range(panels.panel_locus_start[panel], panels.panel_locus_start[panel + 1]):
                work.explained[panels.panel_locus[k]] = True
    return outcome


@inner_kernel
def explain_locus(
    row: int,
    entry: int,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    chain: PanelChain,
    typings: TypingAlleles,
    work: Work,
    out: HaplotypeClasses,
) -> int:
    """Append the part of one locus by itself, else of the genotype that the typing states; return the outcome.

    Args:
        row: the locus.
        entry: of the typing in `typings.stated`, or -1 where the locus is not typed.
        panels: the haplotypes of all panels.
        index: the haplotypes that hold each allele.
        chain: the panels in their order.
        typings: the distinct typings.
        work: working arrays.
        out: the output arrays.
    """
    outcome = UNEXPLAINED
    if chain.locus_panel[row] >= 0:
        outcome = append_part(
            chain.locus_panel[row], panels, index, work.signatures, work.candidates, work.classes, work.size, out
        )
    panel = chain.certain_panel[row]
    if outcome == UNEXPLAINED and entry >= 0 and panel >= 0 and typings.stated[entry, 0] >= 0:
        first, second, or_homozygous = typings.stated[entry, 0], typings.stated[entry, 1], typings.stated[entry, 2]
        outcome = append_stated(first, second, or_homozygous, panel, panels.panel_start[panel], work.size, out)
    return outcome


@inner_kernel
def explain_persons(
    start: int,
    stop: int,
    persons: PersonTypings,
    typings: TypingAlleles,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    chain: PanelChain,
    work: Work,
    out: HaplotypeClasses,
) -> int:
    """Impute persons as `impute_persons` does, with working arrays made once."""
    n_loci = typings.typing_start.size
    size = work.size
    for person in range(start, stop):
        n_parts, n_classes, n_pairs, n_members = size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS]
        sign_typings(person, person == start, persons, typings, panels, work)
        for row in range(n_loci):
            work.explained[row] = False
        outcome = explain_jointly(persons.person_population[person], panels, index, chain, work, out)
        missing = 0
        for row in range(n_loci):
            if outcome == FULL:
                break
            if work.explained[row]:
                continue
            typing = persons.person_typing[row, person]
            entry = typings.typing_start[row] + typing if typing != 0 else -1
            outcome = explain_locus(row, entry, panels, index, chain, typings, work, out)
            if outcome == UNEXPLAINED:
                missing |= 1 << row
        if outcome == FULL:
            size[PARTS], size[CLASSES], size[PAIRS], size[MEMBERS] = n_parts, n_classes, n_pairs, n_members
            return person
        out.person_part[person - start + 1] = size[PARTS]
        out.person_missing[person - start] = missing
    return stop


@array_kernel
def working_arrays(panels: PanelHaplotypes, index: AlleleIndex, typings: TypingAlleles) -> Work:
    """Return working arrays that are large enough for every panel, locus and typing."""
    n_loci = typings.typing_start.size
    largest = 0
    for panel in range(panels.panel_start.size - 1):
        largest = max(largest, panels.panel_start[panel + 1] - panels.panel_start[panel])
    widest = 0
    for row in range(n_loci):
        widest = max(widest, panels.allele_start[row + 1] - panels.allele_start[row])
    n_signatures = typings.max_signatures + 1
    signatures = Signatures(
        n_alternatives=np.ones(n_loci, np.int64),
        n_signed=np.zeros(n_loci, np.int64),
        signed=np.empty((n_loci, widest), np.int64),
        signature=np.zeros((n_loci, widest), np.int64),
        sides=np.empty(widest, np.uint64),
        pattern=np.zeros(n_signatures + 1, np.uint64),
        compatible=np.zeros((n_loci, n_signatures, n_signatures), np.bool_),
    )
    candidates = Candidates(
        allowed=np.zeros((n_loci + 1, index.panel_words.max()), np.uint32),
        allowed_panel=np.full(n_loci, -1, np.int64),
        haplotype=np.empty(largest, np.int64),
        key=np.empty(largest, np.int64),
        class_of=np.empty(largest, np.int64),
    )
    classes = Classes(
        key=np.empty(largest, np.int64),
        first=np.empty(largest, np.int64),
        size=np.empty(largest, np.int64),
        number=np.empty(largest, np.int64),
        frequency=np.empty(largest),
        slot=np.empty(4 * largest + 16, np.int64),
    )
    return Work(signatures, candidates, classes, np.zeros(n_loci, np.bool_), np.zeros(4, np.int64))


@kernel
def impute_persons(
    start: int,
    stop: int,
    persons: PersonTypings,
    typings: TypingAlleles,
    panels: PanelHaplotypes,
    index: AlleleIndex,
    chain: PanelChain,
    out: HaplotypeClasses,
) -> int:
    """Impute persons from `start` on until `stop`, or until an output array is full.

    Args:
        start: first person.
        stop: one behind the last person.
        persons: the persons, those of equal typings side by side.
        typings: the distinct typings.
        panels: the haplotypes of all panels.
        index: the haplotypes that hold each allele.
        chain: the panels in their order.
        out: receives the classes; its first person is `start`.

    Returns:
        One behind the last person that was imputed.
    """
    work = working_arrays(panels, index, typings)
    out.person_part[0] = 0
    out.part_class[0] = 0
    out.part_pair[0] = 0
    out.class_member[0] = 0
    reached: int = explain_persons(start, stop, persons, typings, panels, index, chain, work, out)
    return reached
