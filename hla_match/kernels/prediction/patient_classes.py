"""An ambiguous patient as kernels take one: classes of haplotypes, as those of donors are kept, by names of alleles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels._jit import kernel


class PatientClasses(NamedTuple):
    """The haplotypes of a patient, class after class, and how words are read (`kernels.prediction.donor_genotypes`).

    Attributes:
        shift: (loci,) int64 lowest bit of each locus in scope in the word of a haplotype.
        width: (loci,) int64 bits of a name.
        n_names: names at the locus that has the most.
        strict: loci in scope, as bits, at which null alleles never equal each other.
        word: (haplotypes,) int64, distinct within a class.
        weight: (haplotypes,) float64 frequencies.
        class_first: (classes + 1,) int64 offsets into the haplotypes.
        part_class: (parts + 1,) int64 offsets into the classes.
        part_pair: (parts + 1,) int64 offsets into `pair`.
        pair: (pairs, 2) uint16 compatible classes, counted from the part's first.
        part_mass: (parts,) float64 weight of all diplotypes of a part.
        part_scope: (parts,) int64 the loci in scope of a part, as bits.
    """

    shift: NDArray[np.int64]
    width: NDArray[np.int64]
    n_names: int
    strict: int
    word: NDArray[np.int64]
    weight: NDArray[np.float64]
    class_first: NDArray[np.int64]
    part_class: NDArray[np.int64]
    part_pair: NDArray[np.int64]
    pair: NDArray[np.uint16]
    part_mass: NDArray[np.float64]
    part_scope: NDArray[np.int64]


@kernel
def locus_genotypes(patient: PatientClasses, probability: NDArray[np.float64]) -> None:
    """Add the genotypes of a patient at each locus by itself.

    Args:
        patient: the patient.
        probability: (loci, names, names) zeros; receives the probabilities, the lesser name first.
    """
    n_names = patient.n_names
    for part in range(patient.part_mass.size):
        first_class, last_class = patient.part_class[part], patient.part_class[part + 1]
        of_class = np.empty((last_class - first_class, n_names))
        for s in range(patient.shift.size):
            if not (patient.part_scope[part] >> s) & 1:
                continue
            mask = (np.int64(1) << patient.width[s]) - 1
            of_class[:] = 0.0
            for c in range(first_class, last_class):
                for k in range(patient.class_first[c], patient.class_first[c + 1]):
                    of_class[c - first_class, (patient.word[k] >> patient.shift[s]) & mask] += patient.weight[k]
            for p in range(patient.part_pair[part], patient.part_pair[part + 1]):
                one, other = of_class[patient.pair[p, 0]], of_class[patient.pair[p, 1]]
                factor = (1.0 if patient.pair[p, 0] == patient.pair[p, 1] else 2.0) / patient.part_mass[part]
                for x in range(n_names):
                    if one[x] == 0.0:
                        continue
                    for y in range(n_names):
                        probability[s, min(x, y), max(x, y)] += factor * one[x] * other[y]
