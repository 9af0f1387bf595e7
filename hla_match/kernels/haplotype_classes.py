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

from hla_match.kernels._jit import kernel

FULL = -1
"""Returned where an output array has no room left."""


@kernel
def sign_alleles(
    typing: int,
    carried_start: NDArray[np.int64],
    carried_set: NDArray[np.int64],
    member: NDArray[np.uint8],
    n_alleles: int,
    signature: NDArray[np.int64],
    pattern: NDArray[np.uint64],
    compatible: NDArray[np.bool_],
) -> None:
    """Give every allele of a locus its signature under one typing: alleles of one signature are not told apart.

    Args:
        typing: entry in `carried_start`; 0 within its locus is "not typed", passed here as -1.
        carried_start: offsets into `carried_set`.
        carried_set: (carried, 2) rows in `member` of the two sets of an alternative.
        member: whether a set holds an allele.
        n_alleles: alleles of the locus.
        signature: (alleles,) receives 1, 2, ...; 0 where the typing rules the allele out.
        pattern: (signatures + 1,) uint64 scratch.
        compatible: (signatures + 1, signatures + 1) receives whether two signatures can be a person's two alleles.

    Notes:
        Two alleles are consistent when some alternative (S1, S2) has one in S1 and the other in S2.
    """
    if typing < 0:
        signature[:n_alleles] = 3
    elif carried_start[typing + 1] - carried_start[typing] == 1:
        pair = carried_start[typing]
        first, second = carried_set[pair, 0], carried_set[pair, 1]
        for allele in range(n_alleles):
            signature[allele] = member[first + allele] + 2 * member[second + allele]
    else:
        sign_by_pattern(
            carried_start[typing],
            carried_start[typing + 1],
            carried_set,
            member,
            n_alleles,
            signature,
            pattern,
            compatible,
        )
        return
    # Signatures are sets of sides: 1 the first, 2 the second, 3 both.
    for one in range(1, 4):
        for other in range(1, 4):
            compatible[one, other] = (one & 1 and other & 2) or (one & 2 and other & 1)


@kernel
def sign_by_pattern(
    start: int,
    stop: int,
    carried_set: NDArray[np.int64],
    member: NDArray[np.uint8],
    n_alleles: int,
    signature: NDArray[np.int64],
    pattern: NDArray[np.uint64],
    compatible: NDArray[np.bool_],
) -> None:
    """Sign alleles by the sets of several alternatives that hold them; beyond 32 alternatives each is its own."""
    found = 0
    for allele in range(n_alleles):
        bits = np.uint64(0)
        allowed = False
        for pair in range(start, stop):
            sides = member[carried_set[pair, 0] + allele] + 2 * member[carried_set[pair, 1] + allele]
            if sides:
                allowed = True
                bits |= np.uint64(sides) << np.uint64(2 * ((pair - start) % 32))
        signature[allele] = 0
        if not allowed:
            continue
        known = 0
        if stop - start <= 32:
            for k in range(1, found + 1):
                if pattern[k] == bits:
                    known = k
                    break
        if known == 0:
            found += 1
            known = found
            pattern[found] = bits
            # Any allele of the signature will do to see what it goes with.
            for k in range(1, found + 1):
                compatible[found, k] = False
                compatible[k, found] = False
        signature[allele] = known
    for allele in range(n_alleles):
        one = signature[allele]
        for partner in range(allele + 1 if one else 0):
            other = signature[partner]
            if other == 0 or compatible[one, other]:
                continue
            for pair in range(start, stop):
                first, second = carried_set[pair, 0], carried_set[pair, 1]
                if (member[first + allele] and member[second + partner]) or (
                    member[second + allele] and member[first + partner]
                ):
                    compatible[one, other] = True
                    compatible[other, one] = True
                    break


@kernel
def find_candidates(
    panel: int,
    locus: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    signature: NDArray[np.int64],
    n_signatures: int,
    candidate: NDArray[np.int64],
    key: NDArray[np.uint64],
) -> int:
    """Find the haplotypes of a panel that the typing allows at each of its loci, and the key of their signatures.

    The haplotypes are looked up at the locus where the allowed alleles have the fewest, and checked at the others:
    a resolved typing touches a small part of the panel.
    """
    best_locus, fewest = -1, -1
    for k in range(locus.size):
        row = locus[k]
        total = 0
        for allele in range(allele_start[row + 1] - allele_start[row]):
            if signature[row, allele]:
                at = allele_start[row] + allele
                total += posting_start[panel, at + 1] - posting_start[panel, at]
        if fewest < 0 or total < fewest:
            best_locus, fewest = row, total
    found = 0
    for allele in range(allele_start[best_locus + 1] - allele_start[best_locus]):
        if signature[best_locus, allele] == 0:
            continue
        at = allele_start[best_locus] + allele
        for k in range(posting_start[panel, at], posting_start[panel, at + 1]):
            haplotype = posting[k]
            mixed = np.uint64(0)
            allowed = True
            for j in range(locus.size):
                sign = signature[locus[j], haplotype_allele[locus[j], haplotype]]
                if sign == 0:
                    allowed = False
                    break
                mixed = mixed * np.uint64(n_signatures + 1) + np.uint64(sign)
            if allowed:
                candidate[found] = haplotype
                key[found] = mixed
                found += 1
    return found


@kernel
def classes_compatible(
    one: int,
    other: int,
    locus: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    signature: NDArray[np.int64],
    compatible: NDArray[np.bool_],
) -> bool:
    """Say whether the classes of two haplotypes make diplotypes that are consistent with the typing at every locus."""
    for j in range(locus.size):
        row = locus[j]
        if not compatible[
            row, signature[row, haplotype_allele[row, one]], signature[row, haplotype_allele[row, other]]
        ]:
            return False
    return True


@kernel
def append_part(
    panel: int,
    locus: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    frequency: NDArray[np.float64],
    posting_start: NDArray[np.int64],
    posting: NDArray[np.uint32],
    signature: NDArray[np.int64],
    compatible: NDArray[np.bool_],
    candidate: NDArray[np.int64],
    key: NDArray[np.uint64],
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
        panel: the panel; `locus` its loci, the other inputs as in `hla_match.frequencies.panels.Panels`.
        locus: (n,) int64.
        allele_start: alleles of each locus.
        haplotype_allele: alleles of each haplotype.
        frequency: of each haplotype.
        posting_start: haplotypes by allele.
        posting: haplotypes by allele.
        signature: (loci, alleles) as given by `sign_alleles`.
        compatible: (loci, signatures + 1, signatures + 1) likewise.
        candidate: scratch as long as the panel.
        key: scratch as long as the panel.
        size: (4,) numbers of parts, classes, pairs and members written so far; moved on.
        part_panel: (parts,) panel of each part.
        part_mass: (parts,) weight of all its diplotypes.
        part_class: (parts + 1,) first class of each part.
        part_pair: (parts + 1,) first pair of each part.
        class_member: (classes + 1,) first member of each class.
        pair: (pairs, 2) compatible classes of a part, counted from its first, the lesser first.
        member: haplotypes of each class, ascending.

    Returns:
        1 where the panel explains the person, 0 where it does not, `FULL` where there is no room.
    """
    n_signatures = compatible.shape[1] - 1
    found = find_candidates(
        panel, locus, allele_start, haplotype_allele, posting_start, posting, signature, n_signatures, candidate, key
    )
    if found == 0:
        return 0
    order = np.argsort(key[:found], kind="mergesort")
    # Keys may wrap round where there are very many signatures: equal keys are not proof enough.
    n_classes = 0
    first = np.empty(found + 1, np.int64)
    for k in range(found):
        if (
            k == 0
            or key[order[k]] != key[order[k - 1]]
            or not same_class(candidate[order[k]], candidate[order[k - 1]], locus, haplotype_allele, signature)
        ):
            first[n_classes] = k
            n_classes += 1
    first[n_classes] = found
    total = np.zeros(n_classes)
    for c in range(n_classes):
        for k in range(first[c], first[c + 1]):
            total[c] += frequency[candidate[order[k]]]
    partnered = np.zeros(n_classes, np.bool_)
    n_pairs = 0
    mass = 0.0
    for i in range(n_classes):
        for j in range(i, n_classes):
            if classes_compatible(
                candidate[order[first[i]]], candidate[order[first[j]]], locus, haplotype_allele, signature, compatible
            ):
                partnered[i] = True
                partnered[j] = True
                n_pairs += 1
                mass += total[i] * total[j] * (1.0 if i == j else 2.0)
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
    number = np.zeros(n_classes, np.int64)
    kept = 0
    for c in range(n_classes):
        if partnered[c]:
            number[c] = kept
            kept += 1
            for k in range(first[c], first[c + 1]):
                member[n_members] = candidate[order[k]]
                n_members += 1
            n_written += 1
            class_member[n_written] = n_members
    for i in range(n_classes):
        for j in range(i, n_classes):
            if (
                partnered[i]
                and partnered[j]
                and classes_compatible(
                    candidate[order[first[i]]],
                    candidate[order[first[j]]],
                    locus,
                    haplotype_allele,
                    signature,
                    compatible,
                )
            ):
                pair[n_paired, 0] = number[i]
                pair[n_paired, 1] = number[j]
                n_paired += 1
    part_panel[n_parts] = panel
    part_mass[n_parts] = mass
    part_class[n_parts + 1] = n_written
    part_pair[n_parts + 1] = n_paired
    size[0], size[1], size[2], size[3] = n_parts + 1, n_written, n_paired, n_members
    return 1


@kernel
def same_class(
    one: int,
    other: int,
    locus: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    signature: NDArray[np.int64],
) -> bool:
    """Say whether the typing does not tell two haplotypes apart."""
    for j in range(locus.size):
        row = locus[j]
        if signature[row, haplotype_allele[row, one]] != signature[row, haplotype_allele[row, other]]:
            return False
    return True
