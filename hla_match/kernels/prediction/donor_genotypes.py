"""A donor's genotypes by the names of alleles that a patient may have.

A haplotype is a word, the names of its alleles side by side; haplotypes of a class with equal words are one. A genotype
is two words of the same layout: the lesser names of all loci, and the greater ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import inner_kernel, kernel

ABSENT, ANOTHER, FIRST_NAME = 0, 1, 2
"""Names of alleles of a locus: a null allele, one that the patient cannot have, then those the patient may have.

They stand as `hla_match.typings.encoding` codes a null allele, one that matches nothing, and the others.
"""

LISTED_WHOLE = 1 << 14
"""Pairs of a person's haplotypes up to which all are listed."""

TAIL = 2e-3
"""Of more pairs, the probability of the least probable ones that are cut: they are most of all, and tell little."""

_HALVINGS = 50

EMPTY = -1
"""Marks a free place of the table of distinct genotypes; no word is negative."""


class Genotypes(NamedTuple):
    """Room for genotypes: their words and their probabilities."""

    lesser: NDArray[np.int64]
    greater: NDArray[np.int64]
    probability: NDArray[np.float64]


@kernel
def room_for(n: int) -> Genotypes:
    """Return room for so many genotypes."""
    return Genotypes(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n))


@kernel
def name_haplotypes(
    name: NDArray[np.int64],
    shift: NDArray[np.int64],
    allele_start: NDArray[np.int64],
    haplotype_allele: NDArray[np.uint16],
    panel_start: NDArray[np.int64],
    panel_locus_start: NDArray[np.int64],
    panel_locus: NDArray[np.int64],
    named: NDArray[np.int64],
) -> None:
    """Write each haplotype as one word, the names of its alleles side by side.

    Args:
        name: name of each allele, all loci one after another.
        shift: (loci,) lowest bit of a locus in the word, or -1 where it is not in scope.
        allele_start: as in `hla_match.imputation.panels.Panels`, likewise the next four.
        haplotype_allele: see there.
        panel_start: see there.
        panel_locus_start: see there.
        panel_locus: see there.
        named: (haplotypes,) receives the words.
    """
    for panel in range(panel_start.size - 1):
        first, last = panel_start[panel], panel_start[panel + 1]
        named[first:last] = 0
        for k in range(panel_locus_start[panel], panel_locus_start[panel + 1]):
            row = panel_locus[k]
            if shift[row] < 0:
                continue
            of_allele = name[allele_start[row] : allele_start[row + 1]]
            alleles = haplotype_allele[row]
            for haplotype in range(first, last):
                named[haplotype] |= of_allele[alleles[haplotype]] << shift[row]


@kernel
def index_words(word: NDArray[np.int64], size: int, index: NDArray[np.int32], distinct: NDArray[np.int64]) -> int:
    """Write which of the distinct words each of the first `size` words is, and return how many are distinct."""
    places = 16
    while places < 2 * size:
        places *= 2
    table = np.full(places, EMPTY, np.int32)
    found = 0
    for k in range(size):
        # Multiplicative hashing (Knuth, TAOCP 3, section 6.4) of the word folded to 31 bits.
        folded = (word[k] ^ (word[k] >> 31)) & 0x7FFFFFFF
        place = ((folded * 0x9E3779B1) >> 24) & (places - 1)
        while table[place] != EMPTY and distinct[table[place]] != word[k]:
            place = (place + 1) & (places - 1)
        if table[place] == EMPTY:
            table[place] = found
            distinct[found] = word[k]
            found += 1
        index[k] = table[place]
    return found


@kernel
def index_genotypes(
    lesser: NDArray[np.int64],
    greater: NDArray[np.int64],
    size: int,
    index: NDArray[np.int32],
    distinct_lesser: NDArray[np.int64],
    distinct_greater: NDArray[np.int64],
) -> int:
    """Write which of the distinct genotypes each of the first `size` is, and return how many are distinct."""
    places = 16
    while places < 2 * size:
        places *= 2
    table = np.full(places, EMPTY, np.int32)
    found = 0
    for k in range(size):
        # As in `index_words`; the two words are mixed first.
        mixed = lesser[k] ^ ((greater[k] << 21) | (greater[k] >> 42))
        folded = (mixed ^ (mixed >> 31)) & 0x7FFFFFFF
        place = ((folded * 0x9E3779B1) >> 24) & (places - 1)
        while table[place] != EMPTY and (
            distinct_lesser[table[place]] != lesser[k] or distinct_greater[table[place]] != greater[k]
        ):
            place = (place + 1) & (places - 1)
        if table[place] == EMPTY:
            table[place] = found
            distinct_lesser[found] = lesser[k]
            distinct_greater[found] = greater[k]
            found += 1
        index[k] = table[place]
    return found


@kernel
def count_pairs(
    threshold: float, pair: NDArray[np.uint16], class_first: NDArray[np.int64], weight: NDArray[np.float64]
) -> int:
    """Count the unordered pairs of haplotypes in compatible classes whose weights multiply to at least a threshold.

    Weights fall within each class; the more weight one haplotype has, the more partners reach the threshold with it.
    """
    found = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        v = class_first[d + 1]
        own = 0
        ordered = 0
        for u in range(class_first[c], class_first[c + 1]):
            while v > class_first[d] and weight[u] * weight[v - 1] < threshold:
                v -= 1
            ordered += v - class_first[d]
            own += v > u
        found += (ordered + own) // 2 if c == d else ordered
    return found


@inner_kernel
def weigh_pairs(
    threshold: float,
    pair: NDArray[np.uint16],
    class_first: NDArray[np.int64],
    weight: NDArray[np.float64],
    before: NDArray[np.float64],
) -> float:
    """Return the weight of the ordered pairs of haplotypes in compatible classes that reach a threshold.

    As in `count_pairs`; `before` is (haplotypes + 1,) the sum of the weights before each haplotype.
    """
    found = 0.0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        v = class_first[d + 1]
        of_pair = 0.0
        for u in range(class_first[c], class_first[c + 1]):
            while v > class_first[d] and weight[u] * weight[v - 1] < threshold:
                v -= 1
            of_pair += weight[u] * (before[v] - before[class_first[d]])
        found += of_pair if c == d else 2.0 * of_pair
    return found


@kernel
def pair_threshold(
    limit: int, mass: float, pair: NDArray[np.uint16], class_first: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the product of weights from which on pairs are listed, and what part of `mass`, the weight of all, is cut.

    Up to `LISTED_WHOLE` pairs all are listed. Of more, the least probable ones are cut that are no more than `TAIL` of
    all, and as many more as are needed for no more than `limit` to be left.
    """
    if count_pairs(0.0, pair, class_first, weight) <= min(limit, LISTED_WHOLE):
        return 0.0, 0.0
    before = np.zeros(weight.size + 1)
    for k in range(class_first[class_first.size - 1]):
        before[k + 1] = before[k] + weight[k]
    low, high = -1500.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if weigh_pairs(np.exp(middle), pair, class_first, weight, before) >= (1.0 - TAIL) * mass:
            low = middle
        else:
            high = middle
    if count_pairs(np.exp(low), pair, class_first, weight) > limit:
        high = 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if count_pairs(np.exp(middle), pair, class_first, weight) > limit:
                low = middle
            else:
                high = middle
        low = high
    threshold = float(np.exp(low))
    return threshold, max(0.0, 1.0 - weigh_pairs(threshold, pair, class_first, weight, before) / mass)


@kernel
def sort_falling(begin: int, end: int, key: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
    """Order words by falling weight, those of equal weight ascending (Shell sort: Knuth, TAOCP 3, section 5.2.1).

    Most classes have a few words, and `np.argsort` takes a second to compile. Thousands cost some n^1.3 comparisons.
    """
    gap = 1
    while 3 * gap + 1 < end - begin:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(begin + gap, end):
            own, own_weight = key[k], weight[k]
            at = k
            while at - gap >= begin and (
                weight[at - gap] < own_weight or (weight[at - gap] == own_weight and key[at - gap] > own)
            ):
                key[at], weight[at] = key[at - gap], weight[at - gap]
                at -= gap
            key[at], weight[at] = own, own_weight
        gap //= 3


@kernel
def merge_members(
    first_class: int,
    last_class: int,
    class_member: NDArray[np.int64],
    member: NDArray[np.uint32],
    word: NDArray[np.int64],
    word_of: NDArray[np.int32],
    frequency: NDArray[np.float64],
    place: NDArray[np.int64],
    key: NDArray[np.int64],
    weight: NDArray[np.float64],
    class_first: NDArray[np.int64],
) -> None:
    """Write the distinct words of each class and the sums of their frequencies, the greatest first.

    Args:
        first_class: first class of the part.
        last_class: one behind its last class.
        class_member: as in `hla_match.imputation.imputed_registry.Imputation`, likewise `member`.
        member: see there.
        word: the distinct words of haplotypes.
        word_of: (haplotypes,) which of them each haplotype has.
        frequency: (haplotypes,).
        place: scratch as long as `word`.
        key: receives the words.
        weight: receives their frequencies.
        class_first: (classes + 1,) receives where each class begins.
    """
    found = 0
    for c in range(first_class, last_class):
        begin = found
        class_first[c - first_class] = begin
        for m in range(class_member[c], class_member[c + 1]):
            own = word_of[member[m]]
            at = place[own]
            # What an earlier class or person left there is told by the word that stands at that place.
            if at < begin or at >= found or key[at] != word[own]:
                at = found
                place[own] = at
                key[at] = word[own]
                weight[at] = 0.0
                found += 1
            weight[at] += frequency[member[m]]
        sort_falling(begin, found, key, weight)
    class_first[last_class - first_class] = found


@inner_kernel
def homozygous_for_the_other(x: int, y: int) -> tuple[int, int]:
    """Return two names of a locus as they count without null alleles: the carrier of one has the other allele twice.

    Two null alleles match nothing.
    """
    if x == ABSENT and y == ABSENT:
        return ANOTHER, ANOTHER
    return (y, y) if x == ABSENT else (x, x) if y == ABSENT else (x, y)


@inner_kernel
def genotype_words(
    one: int, other: int, scope: int, strict: int, shift: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[int, int]:
    """Join the words of two haplotypes: the lesser names of the loci in the scope, and the greater ones.

    At the loci of `strict`, bits as those of the scope, null alleles are resolved: they never equal another there.
    """
    lesser, greater = 0, 0
    for s in range(shift.size):
        if not (scope >> s) & 1:
            continue
        mask = (np.int64(1) << width[s]) - 1
        x, y = (one >> shift[s]) & mask, (other >> shift[s]) & mask
        if (strict >> s) & 1:
            x, y = homozygous_for_the_other(x, y)
        lesser |= int(min(x, y)) << int(shift[s])
        greater |= int(max(x, y)) << int(shift[s])
    return lesser, greater


@inner_kernel
def strange_alleles(word: int, shift: NDArray[np.int64], width: NDArray[np.int64]) -> int:
    """Count the alleles of a word that the patient cannot have; loci that are not in the word have none."""
    found = 0
    for s in range(shift.size):
        if (word >> shift[s]) & ((np.int64(1) << width[s]) - 1) == ANOTHER:
            found += 1
    return found


@kernel
def list_part(
    limit: int,
    most: int,
    scope: int,
    strict: int,
    mass: float,
    pair: NDArray[np.uint16],
    class_first: NDArray[np.int64],
    key: NDArray[np.int64],
    weight: NDArray[np.float64],
    shift: NDArray[np.int64],
    width: NDArray[np.int64],
    lesser: NDArray[np.int64],
    greater: NDArray[np.int64],
    probability: NDArray[np.float64],
) -> tuple[int, float]:
    """Write the genotypes of one part of a person that may have few mismatches; return how many, and what is cut.

    A genotype stands once for each pair of words that makes it up. Of many pairs the least probable ones are cut
    (`pair_threshold`). Those with more than `most` alleles that the patient cannot have are left out, since it is known
    what becomes of them.
    """
    threshold, cut = pair_threshold(limit, mass, pair, class_first, weight)
    n_classes = class_first.size - 1
    # Haplotypes of few such alleles, class after class.
    near, strange = np.empty(class_first[n_classes], np.int64), np.empty(class_first[n_classes], np.int64)
    near_first = np.zeros(n_classes + 1, np.int64)
    for c in range(n_classes):
        end = near_first[c]
        for k in range(class_first[c], class_first[c + 1]):
            strange[end] = strange_alleles(key[k], shift, width)
            if strange[end] <= most:
                near[end] = k
                end += 1
        near_first[c + 1] = end
    found = 0
    for p in range(pair.shape[0]):
        c, d = int(pair[p, 0]), int(pair[p, 1])
        for i in range(near_first[c], near_first[c + 1]):
            u = near[i]
            for j in range(i if c == d else near_first[d], near_first[d + 1]):
                v = near[j]
                product = weight[u] * weight[v]
                if product < threshold:
                    break
                if strange[i] + strange[j] <= most:
                    lesser[found], greater[found] = genotype_words(key[u], key[v], scope, strict, shift, width)
                    probability[found] = product * (1.0 if u == v else 2.0) / mass
                    found += 1
    return found, cut
