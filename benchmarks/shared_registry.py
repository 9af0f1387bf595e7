"""The shared simulated registry: predictions for its patients and donors beside the truth that is kept with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.calibration_bins import Pairs
from benchmarks.frequency_sets import frequency_set
from benchmarks.places import AS_OF, import_shared_donors
from benchmarks.simulated_persons import matching_alleles
from hla_match.donors.registry import Registry
from hla_match.imputation.genotypes import genotype_distribution
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.imputation.panels import FallbackLevel
from hla_match.kernels.codes import FIRST_P_GROUP, WITH_NULL
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.locus_result import LocusResult
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from registry_io.persons.patient_file import read_patients
from registry_io.store.registry_store import open_registry

N_DONORS = 103_000
"""Donors whose own genotypes are compared, drawn at random."""


@dataclass(frozen=True)
class SharedRegistry:
    """The registry, its patients and the truth.

    Attributes:
        registry: the donors.
        imputed: the donors under the frequencies that come with them.
        patients: the patients.
        loci: the loci of the genotypes.
        donor_genotype: (donors, loci, 2) int32 true P groups.
        patient_genotype: (patients, loci, 2) int32 true P groups.
        donor_listed: (donors,) bool, has a list or a multiple allele code at one of the loci.
    """

    registry: Registry
    imputed: ImputedRegistry
    patients: list[Patient]
    loci: tuple[str, ...]
    donor_genotype: NDArray[np.int32]
    patient_genotype: NDArray[np.int32]
    donor_listed: NDArray[np.bool_]


def import_shared(data: Path, folder: Path, loci: tuple[str, ...]) -> SharedRegistry:
    """Import and impute the registry.

    Args:
        data: the folder of shared data.
        folder: where the registry may lie as long as it is used.
        loci: the loci in scope.
    """
    source = data / "data" / "registry_103k"
    import_shared_donors(data, folder)
    registry = open_registry(folder)
    nomenclature = registry.nomenclature
    frequencies = frequency_set(data / "data" / "frequencies" / "synthetic_han_5locus.csv", nomenclature)
    donor_truth = true_alleles(source / "donors.truth.csv.gz", "donor_id", registry.attributes["donor_id"])
    patients = [patient for _, patient in read_patients(source / "patients.csv").patients]
    ids = pl.Series("patient_id", [patient.patient_id for patient in patients])
    patient_truth = true_alleles(source / "patients.truth.csv", "patient_id", ids)
    return SharedRegistry(
        registry=registry,
        imputed=ImputedRegistry.of(registry, frequencies, workers=os.cpu_count() or 1),
        patients=patients,
        loci=loci,
        donor_genotype=true_genotypes(donor_truth, nomenclature, loci),
        patient_genotype=true_genotypes(patient_truth, nomenclature, loci),
        donor_listed=_listed(registry, loci),
    )


def true_genotypes(frame: pl.DataFrame, nomenclature: Nomenclature, loci: tuple[str, ...]) -> NDArray[np.int32]:
    """Return (persons, loci, 2) int32 codes of the P groups of true two-field alleles, the lesser first."""
    found = np.empty((frame.height, len(loci), 2), np.int32)
    for column, locus in enumerate(loci):
        names = pl.concat([frame[f"{locus}_1"], frame[f"{locus}_2"]]).unique().to_list()
        code = {name: nomenclature.expand(locus, name).p_codes[0] + FIRST_P_GROUP for name in names}
        for side in (0, 1):
            found[:, column, side] = frame[f"{locus}_{side + 1}"].replace_strict(code, return_dtype=pl.Int32).to_numpy()
    return np.sort(found, axis=2)


def shared_pairs(
    shared: SharedRegistry, max_mismatches: int, n_counts: int, names: list[str]
) -> tuple[dict[str, list[Pairs]], list[str]]:
    """Return all potential pairs of the registry's patients and donors for each measure, and what is to be known.

    Besides all pairs there are those of patients whose typing leaves no choice in scope: given the typings their donors
    are independent, and only pairs of one donor with several patients are not.

    Args:
        shared: the registry.
        max_mismatches: of the search.
        n_counts: measures that are numbers of mismatches; the others are both alleles of each locus.
        names: of the measures.
    """
    loci = shared.loci
    matcher = Matcher(shared.registry, shared.imputed, workers=os.cpu_count() or 1)
    criteria = SearchCriteria(scope=",".join(loci), max_mismatches=max_mismatches, as_of=AS_OF)
    predicted, matches, patient_row, donor_row = [], [], [], []
    certain = np.zeros(len(shared.patients), np.bool_)
    levels = np.zeros(len(FallbackLevel), np.int64)
    for number, patient in enumerate(shared.patients):
        found = matcher.search(patient, criteria)
        if found.prediction is None or not len(found):
            continue
        certain[number] = all(_leaves_no_choice(one) for one in found.loci if one.locus in loci)
        order = [found.prediction.loci.index(locus) for locus in loci]
        known = ~np.isnan(found.prediction.cut)
        levels += np.bincount(found.prediction.fallback, minlength=len(FallbackLevel))
        donor = found.donor[known].astype(np.int64)
        of_counts, of_loci = found.prediction.mismatches[known, :n_counts], found.prediction.p_both[known][:, order]
        predicted.append(np.concatenate([of_counts, of_loci], axis=1))
        wanted = np.broadcast_to(shared.patient_genotype[number], (donor.size, len(loci), 2))
        matches.append(matching_alleles(wanted, shared.donor_genotype[donor]))
        patient_row.append(np.full(donor.size, number))
        donor_row.append(donor)
    every, counted = np.concatenate(predicted), np.concatenate(matches)
    patient_of, donor_of = np.concatenate(patient_row), np.concatenate(donor_row)
    mismatches = (2 - counted).sum(axis=1)
    truth = [mismatches == count for count in range(n_counts)] + list((counted == 2).T)
    pairs = [
        Pairs(name, every[:, column], observed, patient_of, donor_of)
        for column, (name, observed) in enumerate(zip(names, truth, strict=True))
    ]
    clear = certain[patient_of]
    subsets = {
        "all pairs": pairs,
        "patients of one genotype": [
            Pairs(one.measure, one.predicted[clear], one.observed[clear], donor=donor_of[clear]) for one in pairs
        ],
    }
    explained = ", ".join(f"{FallbackLevel(level)} {count:,}" for level, count in enumerate(levels.tolist()) if count)
    notes = [
        f"{shared.registry.n_donors:,} donors, {len(shared.patients)} patients ({int(certain.sum())} of one genotype), "
        f"{every.shape[0]:,} potential pairs with at most {max_mismatches} mismatches; {shared.imputed.panels.name}",
        f"explained by: {explained}",
    ]
    return subsets, notes


def donor_genotypes(shared: SharedRegistry) -> dict[str, list[Pairs]]:
    """Return for donors drawn at random whether their most probable genotype of a locus is the true one.

    No patient chooses these donors and each counts once a locus, so they are independent, and what the registry's
    typings say beyond what they allow shows sharply. Its lists were made around the true allele: the first alleles of
    the family and the true one; donors with such lists are apart. The others say more, too, if less: an antigen is
    reported by fewer alleles than the release lets it stand for, and each side of a locus has a method of its own.
    """
    rows = np.random.default_rng(0).permutation(shared.registry.n_donors)[:N_DONORS]
    found: dict[str, list[Pairs]] = {}
    for name, wanted in (("donors without lists and codes", False), ("donors with lists or codes", True)):
        chosen = rows[shared.donor_listed[rows] == wanted]
        found[name] = [_locus_genotypes(shared, column, chosen) for column in range(len(shared.loci))]
    return found


def _locus_genotypes(shared: SharedRegistry, column: int, donors: NDArray[np.int64]) -> Pairs:
    locus = shared.loci[column]
    predicted, observed = np.zeros(donors.size), np.zeros(donors.size, np.bool_)
    for number, donor in enumerate(donors.tolist()):
        genotypes = genotype_distribution(shared.imputed.donors, shared.imputed.panels, donor, (locus,))
        if not genotypes.missing:
            predicted[number] = genotypes.probability[0]
            observed[number] = np.array_equal(genotypes.allele[0, 0], shared.donor_genotype[donor, column])
    explained = predicted > 0
    return Pairs(f"genotype {locus}", predicted[explained], observed[explained])


def _leaves_no_choice(result: LocusResult) -> bool:
    """Say whether a patient's typing at a locus allows one genotype only."""
    resolved = {one[:2] for one in result.alternatives if one.kind != WITH_NULL}
    return len(resolved) == 1 and all(len(side) == 1 for pair in resolved for side in pair)


def _listed(registry: Registry, loci: tuple[str, ...]) -> NDArray[np.bool_]:
    """Say which donors have a list or a multiple allele code at one of the loci."""
    found = np.zeros(registry.n_donors, np.bool_)
    for locus in loci:
        written = [
            pl.col(name).str.contains("/")
            | (pl.col(name).str.contains(r":[A-Z]{2,}$") & ~pl.col(name).str.ends_with(":XX"))
            for name in ("first", "second")
        ]
        text = registry.columns[locus].text.select(pl.any_horizontal(written).alias("listed"))["listed"].to_numpy()
        found |= text[registry.donor_typing[registry.loci.index(locus)]]
    return found


def true_alleles(path: Path, key: str, ids: pl.Series) -> pl.DataFrame:
    """Return the true alleles of some persons, in their order."""
    return pl.DataFrame({key: ids}).join(
        pl.read_csv(path, infer_schema=False), on=key, how="left", maintain_order="left", validate="1:1"
    )
