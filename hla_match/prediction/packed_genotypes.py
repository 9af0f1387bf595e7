"""An ambiguous patient and the haplotypes of all panels, in names of the alleles that the patient may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.panels import Panels, offsets
from hla_match.kernels.prediction.donor_genotypes import (
    ABSENT,
    ANOTHER,
    FIRST_NAME,
    index_words,
    merge_members,
    name_haplotypes,
)
from hla_match.kernels.prediction.genotype_comparison import ComparedPatient, count_distinct, prepare_patient
from hla_match.kernels.prediction.joint_prediction import list_patient
from hla_match.kernels.prediction.patient_classes import PatientClasses
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.typings.encoding import FIRST_P_GROUP

WORD_BITS = 63
"""Bits of a word: the names of one allele at each locus in scope."""

_ORDERS = (
    ("DPB1", "DPA1", "DQB1", "DQA1", "DRB1", "DRB3", "DRB4", "DRB5", "A", "B", "C"),
    ("B", "C", "A", "DRB3", "DRB4", "DRB5", "DRB1", "DQA1", "DQB1", "DPA1", "DPB1"),
)
"""The orders in which loci may be compared; those that are inherited together stand together, so that many genotypes
begin alike and end alike."""

_LAST_LOCI = 2
"""That order is taken of which the patient has the fewest genotypes at so many last loci: there most time is spent."""

Genotypes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class NamedPatient:
    """A patient and the haplotypes of all panels in names of alleles.

    Attributes:
        loci: the loci in scope.
        classes: the patient.
        panel_scope: (panels,) the loci in scope that each panel covers, as bits.
        word: (n,) int64 the distinct words of haplotypes.
        word_index: (haplotypes,) int32 which of them each haplotype has.
        cut: probability of the patient's genotypes with an allele that no name was left for; they are left out.
    """

    loci: tuple[str, ...]
    classes: PatientClasses
    panel_scope: NDArray[np.int64]
    word: NDArray[np.int64]
    word_index: NDArray[np.int32]
    cut: float

    def compared(self, limit: int) -> tuple[ComparedPatient, float]:
        """Return the patient's genotypes for comparison, and the probability of those beyond `limit` diplotypes."""
        genotypes, cut = list_patient(limit, self.classes)
        shift, width = self.classes.shift, self.classes.width

        def left_at_last(order: NDArray[np.int64]) -> int:
            last = order[-_LAST_LOCI:]
            mask = int((((np.int64(1) << width[last]) - 1) << shift[last]).sum())
            return int(count_distinct(genotypes, mask))

        order = min((np.argsort([one.index(locus) for locus in self.loci]) for one in _ORDERS), key=left_at_last)
        return prepare_patient(genotypes, order, shift[order], width[order]), cut


@dataclass(frozen=True, slots=True)
class _Part:
    """Classes of haplotypes as words, which of them are compatible, the weight of all diplotypes, and the loci."""

    word: NDArray[np.int64]
    weight: NDArray[np.float64]
    class_first: NDArray[np.int64]
    pair: NDArray[np.uint16]
    mass: float
    scope: int


def named_patient(
    panels: Panels,
    patient: Imputation,
    loci: tuple[str, ...],
    panel_scope: NDArray[np.int64],
    stated: Mapping[str, Genotypes],
    strict: tuple[int, ...],
) -> NamedPatient:
    """Name the alleles that a patient may have, and write haplotypes as words.

    Args:
        panels: with which the patient is imputed.
        patient: the patient alone.
        loci: the loci in scope.
        panel_scope: (panels,) those that each panel covers, as bits.
        stated: codes of the genotypes at loci that no panel explains.
        strict: positions of the loci at which null alleles never equal each other.
    """
    parts = [part for part in range(patient.classes.part_panel.size) if panel_scope[patient.classes.part_panel[part]]]
    known, short = _known_alleles(panels, patient, parts, loci, stated)
    width = np.array([_width(alleles.size) for alleles in known], np.int64)
    shift = offsets(width)[:-1]
    allele_name = np.full(int(panels.haplotypes.allele_start[-1]), ANOTHER, np.int64)
    locus_shift = np.full(len(panels.loci), -1, np.int64)
    for column, (locus, alleles) in enumerate(zip(loci, known, strict=True)):
        if locus in panels.loci:
            row = panels.loci.index(locus)
            locus_shift[row] = shift[column]
            allele_name[panels.haplotypes.allele_start[row]] = ABSENT
            allele_name[panels.haplotypes.allele_start[row] + alleles] = np.arange(alleles.size) + FIRST_NAME
    word, word_index = _words(panels, allele_name, locus_shift)
    found = [
        _part(panels, patient, part, int(panel_scope[patient.classes.part_panel[part]]), word, word_index)
        for part in parts
    ]
    for locus, genotypes in stated.items():
        row = panels.loci.index(locus)
        name = allele_name[panels.haplotypes.allele_start[row] : panels.haplotypes.allele_start[row + 1]]
        found.append(_stated_part(genotypes, panels.allele_code[row], name, loci.index(locus), int(locus_shift[row])))
    n_names = max(alleles.size for alleles in known) + FIRST_NAME
    cut = 0.0
    if short:
        found = [_all_named(part, shift, width, short) for part in found]
        cut = 1.0 - float(np.prod([_kept(part) for part in found]))
    classes = _joined(found, shift, width, n_names, sum(1 << column for column in strict))
    return NamedPatient(loci, classes, panel_scope, word, word_index, cut)


def _known_alleles(
    panels: Panels, patient: Imputation, parts: list[int], loci: tuple[str, ...], stated: Mapping[str, Genotypes]
) -> tuple[list[NDArray[np.int64]], list[int]]:
    """Return for each locus in scope the alleles that get a name of their own, and the loci where some get none.

    Null alleles have one, and those reported as NEW match nothing.

    Names that do not fit a word are those of the least frequent alleles at the loci of the most.
    """
    weight = [np.zeros(panels.allele_code[panels.loci.index(one)].size if one in panels.loci else 1) for one in loci]
    for part in parts:
        panel = int(patient.classes.part_panel[part])
        first, last = patient.classes.class_member[patient.classes.part_class[part : part + 2]]
        member = patient.classes.member[first:last]
        for row in panels.loci_of(panel):
            if panels.loci[row] in loci:
                of_locus = weight[loci.index(panels.loci[row])]
                of_locus += np.bincount(
                    panels.haplotypes.haplotype_allele[row, member], panels.haplotypes.frequency[member], of_locus.size
                )
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
        known[column] = known[column][: (1 << (_width(known[column].size) - 1)) - FIRST_NAME]
        short.add(column)
    return [np.sort(alleles) for alleles in known], sorted(short)


def _width(n_alleles: int) -> int:
    """Return the bits that the names of so many alleles take."""
    return max(1, (n_alleles + FIRST_NAME - 1).bit_length())


def _words(
    panels: Panels, allele_name: NDArray[np.int64], locus_shift: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the distinct words of the haplotypes of all panels, and which of them each haplotype has."""
    named = np.empty(panels.haplotypes.frequency.size, np.int64)
    name_haplotypes(
        allele_name,
        locus_shift,
        panels.haplotypes.allele_start,
        panels.haplotypes.haplotype_allele,
        panels.haplotypes.panel_start,
        panels.haplotypes.panel_locus_start,
        panels.haplotypes.panel_locus,
        named,
    )
    word_index = np.empty(named.size, np.int32)
    distinct = np.empty(named.size, np.int64)
    return distinct[: index_words(named, named.size, word_index, distinct)], word_index


def _part(
    panels: Panels,
    patient: Imputation,
    part: int,
    scope: int,
    word: NDArray[np.int64],
    word_index: NDArray[np.int32],
) -> _Part:
    """Return a part of the patient, haplotypes of equal names in a class as one."""
    first, last = patient.classes.part_class[part : part + 2]
    n_members = int(patient.classes.class_member[last] - patient.classes.class_member[first])
    key, weight = np.empty(n_members, np.int64), np.empty(n_members)
    class_first = np.empty(last - first + 1, np.int64)
    merge_members(
        int(first),
        int(last),
        patient.classes.class_member,
        patient.classes.member,
        word,
        word_index,
        panels.haplotypes.frequency,
        np.zeros(word.size, np.int64),
        key,
        weight,
        class_first,
    )
    n = int(class_first[-1])
    pair = patient.classes.pair[patient.classes.part_pair[part] : patient.classes.part_pair[part + 1]]
    return _Part(key[:n], weight[:n], class_first, pair, float(patient.classes.part_mass[part]), scope)


def _stated_part(
    genotypes: Genotypes, code: NDArray[np.int32], name: NDArray[np.int64], column: int, shift: int
) -> _Part:
    """Return what the typing of a locus states; alleles that no panel knows are ones that no donor has."""
    alleles = sorted({allele for genotype in genotypes for allele in genotype})
    names = [int(name[np.searchsorted(code, one)]) if one in code else ANOTHER for one in alleles]
    pair = np.array([[alleles.index(one) for one in genotype] for genotype in genotypes], np.uint16)
    mass = float(sum(1 if one == other else 2 for one, other in genotypes))
    word = np.array(names, np.int64) << shift
    return _Part(word, np.ones(word.size), np.arange(word.size + 1), pair, mass, 1 << column)


def _joined(
    parts: list[_Part], shift: NDArray[np.int64], width: NDArray[np.int64], n_names: int, strict: int
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
        n_names=n_names,
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


def _all_named(part: _Part, shift: NDArray[np.int64], width: NDArray[np.int64], short: list[int]) -> _Part:
    """Return a part without the haplotypes that have an allele without a name at some loci."""
    named = np.ones(part.word.size, np.bool_)
    for column in short:
        if part.scope >> column & 1:
            named &= (part.word >> shift[column]) & ((1 << int(width[column])) - 1) != ANOTHER
    before = np.concatenate([[0], np.cumsum(named)])
    return replace(part, word=part.word[named], weight=part.weight[named], class_first=before[part.class_first])


def _kept(part: _Part) -> float:
    """Return the part of the weight of all diplotypes that the haplotypes which are left make up."""
    of_class = np.add.reduceat(np.append(part.weight, 0.0), part.class_first[:-1]) * (np.diff(part.class_first) > 0)
    one, other = of_class[part.pair[:, 0]], of_class[part.pair[:, 1]]
    factor = np.where(part.pair[:, 0] == part.pair[:, 1], 1.0, 2.0)
    return min(1.0, float((factor * one * other).sum()) / part.mass)
