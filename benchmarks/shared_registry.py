"""The shared simulated registry: predictions for its patients beside the truth that is kept with it."""

from __future__ import annotations

import datetime
import os
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.frequency_sets import frequency_set
from benchmarks.reliability import Pairs
from benchmarks.simulated_persons import matching_alleles
from hla_match.encoding import FIRST_P_GROUP
from hla_match.frequencies.imputation import ImputedRegistry, impute_registry, registry_tables
from hla_match.frequencies.panels import Step, build_panels
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.matcher import Matcher
from hla_match.matching.results import LocusResult
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry
from registry_io.donor_import import import_donors
from registry_io.imgt_release import read_release
from registry_io.mac_file import read_codes
from registry_io.patient_file import read_patients
from registry_io.store import open_registry

AS_OF = datetime.date(2026, 11, 1)


def true_genotypes(frame: pl.DataFrame, nomenclature: Nomenclature, loci: tuple[str, ...]) -> NDArray[np.int32]:
    """Return (persons, loci, 2) int32 codes of the P groups of true two-field alleles."""
    found = np.empty((frame.height, len(loci), 2), np.int32)
    for column, locus in enumerate(loci):
        names = pl.concat([frame[f"{locus}_1"], frame[f"{locus}_2"]]).unique().to_list()
        code = {name: nomenclature.expand(locus, name).p_codes[0] + FIRST_P_GROUP for name in names}
        for side in (0, 1):
            found[:, column, side] = frame[f"{locus}_{side + 1}"].replace_strict(code, return_dtype=pl.Int32).to_numpy()
    return found


def shared_pairs(
    data: Path, loci: tuple[str, ...], max_mismatches: int, n_counts: int, names: list[str]
) -> tuple[dict[str, list[Pairs]], list[str]]:
    """Return all potential pairs of the registry's patients and donors for each measure, and what is to be known.

    The first list holds all pairs. The second holds those of patients whose typing leaves no choice in scope: given
    the typings their donors are independent, and only pairs of one donor with several patients are not. The third
    leaves out of these the donors with a list or a multiple allele code: the registry's lists were made around the true
    allele (the first alleles of the family and the true one), so that they say more than what they allow.

    Args:
        data: the folder of shared data.
        loci: the loci in scope.
        max_mismatches: of the search.
        n_counts: measures that are numbers of mismatches; the others are both alleles of each locus.
        names: of the measures.
    """
    source = data / "data" / "registry_103k"
    nomenclature = Nomenclature(read_release(data / "imgt" / "3.58.0"))
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        import_donors(
            Path(folder), source / "donors.csv.gz", nomenclature, today=AS_OF, codes=read_codes(source / "mac.txt")
        )
        registry = open_registry(folder)
        frequencies = frequency_set(data / "data" / "frequencies" / "synthetic_han_5locus.csv", nomenclature)
        panels = build_panels(frequencies, registry_tables(registry))
        imputed = ImputedRegistry(panels, impute_registry(registry, panels, workers=workers))
        matcher = Matcher(registry, imputed, workers=workers)
        donor_truth = _truth(source / "donors.truth.csv.gz", "donor_id", registry.attributes["donor_id"])
        donor_genotype = true_genotypes(donor_truth, nomenclature, loci)
        patients = [patient for _, patient in read_patients(source / "patients.csv").patients]
        ids = pl.Series("patient_id", [patient.patient_id for patient in patients])
        patient_genotype = true_genotypes(_truth(source / "patients.truth.csv", "patient_id", ids), nomenclature, loci)
        listed = _with_list(registry, loci)
        criteria = SearchCriteria(scope=",".join(loci), max_mismatches=max_mismatches, as_of=AS_OF)
        predicted, matches, patient_row, donor_row = [], [], [], []
        certain = np.zeros(len(patients), np.bool_)
        steps = np.zeros(len(Step), np.int64)
        for number, patient in enumerate(patients):
            found = matcher.search(patient, criteria)
            if found.prediction is None or not len(found):
                continue
            order = [found.prediction.loci.index(locus) for locus in loci]
            certain[number] = all(_leaves_no_choice(one) for one in found.loci if one.locus in loci)
            known = ~np.isnan(found.prediction.cut)
            steps += np.bincount(found.prediction.step, minlength=len(Step))
            donor = found.donor[known].astype(np.int64)
            of_counts, of_loci = found.prediction.mismatches[known, :n_counts], found.prediction.two[known][:, order]
            predicted.append(np.concatenate([of_counts, of_loci], axis=1))
            wanted = np.broadcast_to(patient_genotype[number], (donor.size, len(loci), 2))
            matches.append(matching_alleles(wanted, donor_genotype[donor]))
            patient_row.append(np.full(donor.size, number))
            donor_row.append(donor)
    every, counted = np.concatenate(predicted), np.concatenate(matches)
    patient_of, donor_of = np.concatenate(patient_row), np.concatenate(donor_row)
    mismatches = (2 - counted).sum(axis=1)
    pairs = [
        Pairs(
            name,
            every[:, column],
            mismatches == column if column < n_counts else counted[:, column - n_counts] == 2,
            patient_of,
            donor_of,
        )
        for column, name in enumerate(names)
    ]
    clear = certain[patient_of]
    found = {
        "all pairs": pairs,
        "patients of one genotype": [_of_donors(one, clear) for one in pairs],
        "patients of one genotype, donors without lists and codes": [
            _of_donors(one, clear & ~listed[donor_of]) for one in pairs
        ],
    }
    explained = ", ".join(f"{Step(step)} {count:,}" for step, count in enumerate(steps.tolist()) if count)
    notes = [
        f"{registry.n_donors:,} donors, {len(patients)} patients ({int(certain.sum())} of one genotype), "
        f"{every.shape[0]:,} potential pairs with at most {max_mismatches} mismatches; {frequencies}",
        f"explained by: {explained}",
    ]
    return found, notes


def _of_donors(pairs: Pairs, rows: NDArray[np.bool_]) -> Pairs:
    """Return some of the pairs, clustered by donor alone."""
    return Pairs(
        pairs.measure,
        pairs.predicted[rows],
        pairs.observed[rows],
        donor=None if pairs.donor is None else pairs.donor[rows],
    )


def _with_list(registry: Registry, loci: tuple[str, ...]) -> NDArray[np.bool_]:
    """Say which donors have a list or a multiple allele code at one of the loci."""
    found = np.zeros(registry.n_donors, np.bool_)
    for locus in loci:
        columns = [pl.col(name) for name in ("first", "second")]
        written = [
            one.str.contains("/") | (one.str.contains(r":[A-Z]{2,}$") & ~one.str.ends_with(":XX")) for one in columns
        ]
        text = registry.columns[locus].text.select(pl.any_horizontal(written).alias("listed"))["listed"].to_numpy()
        found |= text[registry.donor_typing[registry.loci.index(locus)]]
    return found


def _leaves_no_choice(result: LocusResult) -> bool:
    """Say whether a patient's typing at a locus allows one genotype only."""
    return len(result.alternatives) == 1 and all(len(side) == 1 for side in result.alternatives[0])


def _truth(path: Path, key: str, ids: pl.Series) -> pl.DataFrame:
    """Return the true alleles of some persons, in their order."""
    return pl.DataFrame({key: ids}).join(
        pl.read_csv(path, infer_schema=False), on=key, how="left", maintain_order="left", validate="1:1"
    )
