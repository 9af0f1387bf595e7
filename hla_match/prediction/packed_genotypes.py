"""An ambiguous patient and the haplotypes of all panels, in labels of the alleles that the patient may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.offsets import offsets
from hla_match.imputation.panels import Panels
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.kernels.prediction.distinct_genotypes import count_distinct
from hla_match.kernels.prediction.donor_genotypes import list_patient
from hla_match.kernels.prediction.genotype_groups import group_genotypes
from hla_match.kernels.prediction.packed_alleles import FIRST_LABEL, NULL, OTHER
from hla_match.kernels.prediction.packed_haplotypes import index_words, pack_haplotypes
from hla_match.kernels.prediction.packed_persons import pack_part
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.kernels.schema.prediction import GenotypeGroups, PackedHaplotypes, PackedPart, PatientClasses
from hla_match.prediction.scope import PredictionScope

WORD_BITS = 63
"""Bits of a word: the label of one allele at each locus in scope."""

_ORDERS = (
    ("DPB1", "DPA1", "DQB1", "DQA1", "DRB1", "DRB3", "DRB4", "DRB5", "A", "B", "C"),
    ("B", "C", "A", "DRB3", "DRB4", "DRB5", "DRB1", "DQA1", "DQB1", "DPA1", "DPB1"),
)
"""The orders in which loci may be compared; those that are inherited together stand together, so that many genotypes
begin alike and end alike."""

_LAST_LOCI = 2
"""The order is taken in which the patient has the fewest genotypes at so many last loci: most time is spent there."""

Genotypes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PackedGenotypes:
    """An ambiguous patient and the haplotypes of all panels, in labels of the alleles that the patient may have.

    Attributes:
        loci: the loci in scope.
        patient: the patient.
        haplotypes: the haplotypes of all panels.
        cut: probability of the patient's genotypes with an allele that no label was left for; they are left out.
    """

    loci: tuple[str, ...]
    patient: PatientClasses
    haplotypes: PackedHaplotypes
    cut: float

    def grouped(self, limit: int) -> tuple[GenotypeGroups, float]:
        """Return the patient's genotypes for comparison, and the probability of those beyond `limit` diplotypes."""
        genotypes, cut = list_patient(limit, self.patient)
        shift, width = self.patient.shift, self.patient.width

        def left_at_last(order: NDArray[np.int64]) -> int:
            last = order[-_LAST_LOCI:]
            mask = int((((np.int64(1) << width[last]) - 1) << shift[last]).sum())
            return int(count_distinct(genotypes, mask))

        order = min((np.argsort([one.index(locus) for locus in self.loci]) for one in _ORDERS), key=left_at_last)
        return group_genotypes(genotypes, order, shift[order], width[order]), cut


def pack_genotypes(
    scope: PredictionScope, patient: HaplotypeClasses, stated: Mapping[str, Genotypes]
) -> PackedGenotypes:
    """Label the alleles that a patient may have, and pack the haplotypes of all panels in these labels.

    Args:
        scope: the loci in scope.
        patient: the classes of the patient alone.
        stated: codes of the genotypes at loci that no panel explains.
    """
    panels, loci = scope.panels, scope.loci
    parts = np.flatnonzero(scope.in_panels.panel_scope[patient.part_panel]).tolist()
    known, short = _labelled_alleles(panels, patient, parts, loci, stated)
    width = np.array([_width(alleles.size) for alleles in known], np.int64)
    shift = offsets(width)[:-1]
    label = {locus: _labels(panels, locus, alleles) for locus, alleles in zip(loci, known, strict=True)}
    allele_word = np.zeros(int(panels.haplotypes.allele_start[-1]), np.int64)
    for row, locus in enumerate(panels.loci):
        if locus in label:
            own = allele_word[panels.haplotypes.allele_start[row] : panels.haplotypes.allele_start[row + 1]]
            own[:] = label[locus] << shift[loci.index(locus)]
    haplotypes = pack_all_haplotypes(scope, allele_word)
    place = np.zeros(haplotypes.word.size + 1, np.int64)
    found = [_trimmed(pack_part(patient, part, haplotypes, place)) for part in parts]
    for locus, genotypes in stated.items():
        column = loci.index(locus)
        code = panels.allele_code[panels.loci.index(locus)]
        found.append(_stated_part(genotypes, code, label[locus], column, int(shift[column])))
    cut = 0.0
    if short:
        found = [_all_labelled(part, shift, width, short) for part in found]
        cut = 1.0 - float(np.prod([_kept(part) for part in found]))
    n_labels = max(alleles.size for alleles in known) + FIRST_LABEL
    classes = _joined(found, shift, width, n_labels, sum(1 << column for column in scope.strict))
    return PackedGenotypes(loci, classes, haplotypes, cut)


def pack_all_haplotypes(scope: PredictionScope, allele_word: NDArray[np.int64]) -> PackedHaplotypes:
    """Return the haplotypes of all panels packed; `allele_word` is (alleles,) what each allele adds to a word."""
    panels = scope.panels.haplotypes
    word = np.empty(panels.frequency.size, np.int64)
    pack_haplotypes(allele_word, panels, word)
    word_index = np.empty(word.size, np.int32)
    distinct = np.empty(word.size, np.int64)
    distinct = distinct[: index_words(word, word.size, word_index, distinct)]
    return PackedHaplotypes(distinct, word_index, panels.frequency, scope.in_panels.panel_scope)


def _labels(panels: Panels, locus: str, alleles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the label of each allele of a locus of the panels; those of `alleles` have one of their own."""
    if locus not in panels.loci:
        return np.zeros(0, np.int64)
    label = np.full(panels.allele_code[panels.loci.index(locus)].size, OTHER, np.int64)
    label[0] = NULL
    label[alleles] = np.arange(alleles.size) + FIRST_LABEL
    return label


def _labelled_alleles(
    panels: Panels, patient: HaplotypeClasses, parts: list[int], loci: tuple[str, ...], stated: Mapping[str, Genotypes]
) -> tuple[list[NDArray[np.int64]], list[int]]:
    """Return for each locus in scope the alleles that get a label of their own, and the loci where some get none.

    A null allele has one in any case, and an allele reported as NEW matches nothing. Where labels do not fit a word,
    the least frequent alleles at the loci of the most alleles get none.
    """
    weight = [np.zeros(panels.allele_code[panels.loci.index(one)].size if one in panels.loci else 1) for one in loci]
    for part in parts:
        panel = int(patient.part_panel[part])
        first, last = patient.class_member[patient.part_class[part : part + 2]]
        member = patient.member[first:last]
        for row in panels.loci_of(panel):
            if panels.loci[row] in loci:
                of_locus = weight[loci.index(panels.loci[row])]
                allele = panels.haplotypes.haplotype_allele[row, member]
                of_locus += np.bincount(allele, panels.haplotypes.frequency[member], of_locus.size)
    for locus, genotypes in stated.items():
        code = panels.allele_code[panels.loci.index(locus)]
        weight[loci.index(locus)][np.isin(code, genotypes)] = 1.0
    known = []
    for locus, of_locus in zip(loci, weight, strict=True):
        if locus in panels.loci:
            of_locus[panels.allele_code[panels.loci.index(locus)] < FIRST_P_GROUP] = 0.0
        order = np.argsort(-of_locus, kind="stable")
        known.append(order[: np.count_nonzero(of_locus)])
    short: set[int] = set()
    while sum(_width(alleles.size) for alleles in known) > WORD_BITS:
        column = max(range(len(known)), key=lambda one: known[one].size)
        known[column] = known[column][: (1 << (_width(known[column].size) - 1)) - FIRST_LABEL]
        short.add(column)
    return [np.sort(alleles) for alleles in known], sorted(short)


def _width(n_alleles: int) -> int:
    """Return the bits that the labels of so many alleles take."""
    return max(1, (n_alleles + FIRST_LABEL - 1).bit_length())


def _trimmed(part: PackedPart) -> PackedPart:
    """Return a part without the room behind its words."""
    n = int(part.class_first[-1])
    return part._replace(word=part.word[:n], weight=part.weight[:n])


def _stated_part(
    genotypes: Genotypes, code: NDArray[np.int32], label: NDArray[np.int64], column: int, shift: int
) -> PackedPart:
    """Return what the typing of a locus states; alleles that no panel knows are ones that no donor has."""
    alleles = sorted({allele for genotype in genotypes for allele in genotype})
    labels = [int(label[np.searchsorted(code, one)]) if one in code else OTHER for one in alleles]
    pair = np.array([[alleles.index(one) for one in genotype] for genotype in genotypes], np.uint16)
    mass = float(sum(1 if one == other else 2 for one, other in genotypes))
    word = np.array(labels, np.int64) << shift
    return PackedPart(1 << column, mass, pair, np.arange(word.size + 1), word, np.ones(word.size))


def _joined(
    parts: list[PackedPart], shift: NDArray[np.int64], width: NDArray[np.int64], n_labels: int, strict: int
) -> PatientClasses:
    """Return the parts of a patient one after another."""

    def class_starts() -> Iterator[NDArray[np.int64]]:
        start = 0
        for part in parts:
            yield part.class_first[:-1] + start
            start += part.word.size
        yield np.array([start], np.int64)

    return PatientClasses(
        shift=shift,
        width=width,
        n_labels=n_labels,
        strict=strict,
        word=np.concatenate([part.word for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
        class_first=np.concatenate([*class_starts()]),
        part_class=offsets([part.class_first.size - 1 for part in parts]),
        part_pair=offsets([part.pair.shape[0] for part in parts]),
        pair=np.concatenate([part.pair for part in parts]),
        part_mass=np.array([part.mass for part in parts]),
        part_scope=np.array([part.scope for part in parts], np.int64),
    )


def _all_labelled(part: PackedPart, shift: NDArray[np.int64], width: NDArray[np.int64], short: list[int]) -> PackedPart:
    """Return a part without the haplotypes that have an allele without a label at some loci."""
    labelled = np.ones(part.word.size, np.bool_)
    for column in short:
        if part.scope >> column & 1:
            labelled &= (part.word >> shift[column]) & ((1 << int(width[column])) - 1) != OTHER
    before = np.concatenate([[0], np.cumsum(labelled)])
    return part._replace(word=part.word[labelled], weight=part.weight[labelled], class_first=before[part.class_first])


def _kept(part: PackedPart) -> float:
    """Return the part of the weight of all diplotypes that the haplotypes which are left make up."""
    of_class = np.add.reduceat(np.append(part.weight, 0.0), part.class_first[:-1]) * (np.diff(part.class_first) > 0)
    one, other = of_class[part.pair[:, 0]], of_class[part.pair[:, 1]]
    factor = np.where(part.pair[:, 0] == part.pair[:, 1], 1.0, 2.0)
    return min(1.0, float((factor * one * other).sum()) / part.mass)
