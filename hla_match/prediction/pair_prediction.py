"""Match probabilities of all pairs of many patients and many donors.

Patient by patient, most of the time goes into what each patient needs before the first donor is looked at. Where all
are asked for at once, persons of few diplotypes are listed as genotypes, once, and all pairs of genotypes are compared;
the others are left to `hla_match.prediction.predictor`, as are those of whom something is missing. Of those that are
listed nothing is cut, and the definition is the same.
Source: Gragert et al., Hum Immunol 2013;74:1313, section "Match prediction".
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.prediction.genotype_pairs import TOO_MANY, add_pairs, write_mismatches
from hla_match.kernels.prediction.listed_persons import count_diplotypes, list_genotypes
from hla_match.kernels.prediction.packed_haplotypes import index_words
from hla_match.kernels.schema.haplotypes import Imputation
from hla_match.kernels.schema.prediction import DonorPairs, ListedGenotypes, PatientPairs
from hla_match.prediction.few_genotypes import without_nulls
from hla_match.prediction.prediction import MAX_MISMATCHES
from hla_match.prediction.scope import PredictionScope

PATIENT_DIPLOTYPES = 1024
"""Diplotypes of a patient that are listed at most; the predictor is as fast for more ambiguous ones."""

DONOR_DIPLOTYPES = 4096
"""Diplotypes of a donor that are listed at most, likewise."""

TILE_GENOTYPES = 4096
"""Genotypes of patients that are compared at a time, more only for one patient: the rows that are summed, and the sum,
stay in the first-level cache."""

BLOCK_DIPLOTYPES = 1 << 18
"""Diplotypes of donors that are listed at a time, more only for one donor: some 25 MB, and few thousand rows of bytes
at a locus."""

_DONORS_A_TASK = 256
_ROWS_A_TASK = 512
"""Donors, and rows of mismatches, that a thread takes at a time."""


@dataclass(frozen=True, slots=True)
class _Genotypes:
    """The genotypes of some persons.

    Attributes:
        start: (persons + 1,) int64 where those of each begin.
        number: (loci, genotypes) int32, which of the distinct ones of a locus each genotype has there.
        distinct: by locus (n, 2) int64 allele codes of the distinct ones.
        probability: (genotypes,) float64.
    """

    start: NDArray[np.int64]
    number: NDArray[np.int32]
    distinct: tuple[NDArray[np.int64], ...]
    probability: NDArray[np.float64]

    def of(self, persons: slice) -> _Genotypes:
        """Return the genotypes of a range of the persons."""
        start = self.start[persons.start : persons.stop + 1]
        genotypes = slice(int(start[0]), int(start[-1]))
        number = np.ascontiguousarray(self.number[:, genotypes])
        return _Genotypes(start - start[0], number, self.distinct, self.probability[genotypes])


class PairPredictor:
    """Compares persons that can be listed as genotypes.

    Args:
        scope: the loci in scope, with the panels that all are imputed with.
        workers: threads; results do not depend on them.
    """

    def __init__(self, scope: PredictionScope, *, workers: int = 1) -> None:
        self._scope, self._workers = scope, workers

    def diplotypes(self, imputation: Imputation, person: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
        """Return (n,) the number of diplotypes of distinct persons that can be listed, and 0 for the others.

        Those are persons with more than `limit` diplotypes, of whom a locus in scope is missing, or of whom it is open
        whether they carry a null allele at a locus without frequencies.
        """
        count = np.empty(person.size, np.int64)
        count_diplotypes(limit, self._scope.in_panels.panel_scope, imputation.classes, person, count)
        missing = self._scope.missing_loci(imputation.classes.person_missing[person]) != 0
        count[(count > limit) | missing | self._scope.open_persons(imputation.classes)[person]] = 0
        return count

    def predict(
        self, patients: Imputation, donors: Imputation, of_donor: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Compare all patients and donors that can be listed.

        Args:
            patients: the patients.
            donors: the donors.
            of_donor: (donors,) which of the distinct persons each donor is.

        Returns:
            (patients, donors, 5) the probabilities of 0 to 4 mismatches, NaN for pairs that are left out; and which
            patients and which donors can be listed.
        """
        person = patients.person.astype(np.int64)
        of_patient = self.diplotypes(patients, person, PATIENT_DIPLOTYPES)
        # Donors in the order asked for, so that neighbours in the result are computed together.
        distinct, seen, number = np.unique(of_donor, return_index=True, return_inverse=True)
        order = np.argsort(seen)
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size)
        of_kind = self.diplotypes(donors, distinct[order].astype(np.int64), DONOR_DIPLOTYPES)
        kind = rank[number]
        found = np.empty((person.size, of_donor.size, MAX_MISMATCHES + 1))
        patient_listed, donor_listed = of_patient > 0, of_kind[kind] > 0
        found[~patient_listed] = np.nan
        found[:, ~donor_listed] = np.nan
        chosen = np.flatnonzero(patient_listed)
        listed = self._listed(patients, person[chosen], of_patient[chosen])
        column = np.argsort(kind, kind="stable")
        column_start = np.searchsorted(kind[column], np.arange(order.size + 1))
        kinds = np.flatnonzero(of_kind)
        with ThreadPoolExecutor(self._workers) as pool:
            for block in _ranges(of_kind[kinds], BLOCK_DIPLOTYPES) if chosen.size else ():
                here = kinds[block]
                of_block = self._listed(donors, distinct[order[here]].astype(np.int64), of_kind[here])
                for tile in _ranges(np.diff(listed.start), TILE_GENOTYPES):
                    _compare(pool, listed.of(tile), chosen[tile], of_block, (here, column_start, column), found)
        return found, patient_listed, donor_listed

    def _listed(self, imputation: Imputation, person: NDArray[np.int64], n_diplotypes: NDArray[np.int64]) -> _Genotypes:
        """List persons that can be listed."""
        size, n_loci = int(n_diplotypes.sum()), len(self._scope.loci)
        listed = ListedGenotypes(
            np.empty(person.size + 1, np.int64), np.zeros((size, n_loci), np.int64), np.empty(size)
        )
        table = np.empty(max(16, 4 * int(n_diplotypes.max(initial=0))), np.int64)
        list_genotypes(self._scope.panels.haplotypes, self._scope.in_panels, imputation.classes, person, table, listed)
        n = int(listed.start[-1])
        number = np.empty((n_loci, n), np.int32)
        distinct = tuple(
            self._distinct(column, np.ascontiguousarray(listed.genotype[:n, column]), number[column])
            for column in range(n_loci)
        )
        return _Genotypes(listed.start, number, distinct, listed.probability[:n])

    def _distinct(self, column: int, genotype: NDArray[np.int64], number: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return (n, 2) allele codes of the distinct genotypes of a locus; `number` receives which each one is."""
        distinct = np.empty(genotype.size, np.int64)
        distinct = distinct[: index_words(genotype, genotype.size, number, distinct)]
        if not distinct.size:
            return np.empty((0, 2), np.int64)
        code = self._scope.panels.allele_code[self._scope.row[column]]
        pairs = np.stack([code[side] for side in np.divmod(distinct, code.size)], axis=1).astype(np.int64)
        return np.ascontiguousarray(without_nulls(pairs)) if column in self._scope.strict else pairs


def _compare(
    pool: ThreadPoolExecutor,
    patients: _Genotypes,
    patient_row: NDArray[np.int64],
    donors: _Genotypes,
    places: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    found: NDArray[np.float64],
) -> None:
    """Write the probabilities of some patients with some donors.

    Args:
        pool: the threads.
        patients: the patients.
        patient_row: (patients,) where each stands in `found`.
        donors: the donors, equal ones once.
        places: which kind of persons each donor is, (kinds + 1,) offsets, and where those of a kind stand in `found`.
        found: (patients, donors, 5) receives the probabilities.
    """
    first_row = np.cumsum([0, *(distinct.shape[0] for distinct in donors.distinct)])
    n_genotypes = patients.probability.size
    mismatches = np.empty((int(first_row[-1]), -(-n_genotypes // 8) * 8), np.uint8)
    mismatches[:, n_genotypes:] = 0
    mismatches[: first_row[1], n_genotypes:] = TOO_MANY

    def write(task: tuple[int, int]) -> None:
        column, first = task
        n = donors.distinct[column].shape[0]
        write_mismatches(
            first,
            min(first + _ROWS_A_TASK, n),
            0 if column else TOO_MANY - found.shape[2],
            donors.distinct[column],
            patients.distinct[column],
            patients.number[column],
            mismatches[first_row[column] : first_row[column + 1]],
        )

    tasks = [
        (column, first)
        for column, distinct in enumerate(donors.distinct)
        for first in range(0, distinct.shape[0], _ROWS_A_TASK)
    ]
    list(pool.map(write, tasks))
    row = np.ascontiguousarray((donors.number + first_row[:-1, None].astype(np.int32)).T)
    patient = np.repeat(np.arange(patient_row.size), np.diff(patients.start))
    n_donors = donors.start.size - 1
    of_donors = DonorPairs(donors.start, row, donors.probability, *places)
    of_patients = PatientPairs(patient, patients.probability, patient_row)

    def add(first: int) -> None:
        add_pairs(first, min(first + _DONORS_A_TASK, n_donors), of_donors, of_patients, mismatches, found)

    list(pool.map(add, range(0, n_donors, _DONORS_A_TASK)))


def _ranges(sizes: NDArray[np.int64], most: int) -> Iterator[slice]:
    """Yield ranges whose sizes sum to at most `most`, or that hold one alone."""
    ends = np.cumsum(sizes)
    first = 0
    while first < sizes.size:
        before = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield slice(first, last)
        first = last
