"""Probabilities of all pairs of many patients and many donors at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from benchmarks.case import Figure, Measured, once, repeated
from benchmarks.findings import Disagreement
from benchmarks.frequency_sets import MOST_FREQUENT, frequency_set, one_population
from benchmarks.places import SharedPlace
from benchmarks.searches import first_of_all
from benchmarks.simulated_persons import PATIENT_DECADES, RECENT_DECADES, Laboratory
from hla_match import ImputedRegistry, Matcher, Patient
from hla_match.donors.registry import build_registry
from hla_match.loci import SCOPES

N_PATIENTS, N_DONORS = 1000, 10_000
SCOPE = "10/10"
_LOCI = SCOPES[SCOPE]
_NEAR = 1e-9


@dataclass(frozen=True)
class Pairs:
    """Simulated patients and donors, the donors imputed beforehand."""

    place: SharedPlace

    @property
    def _quick(self) -> bool:
        return self.place.settings.quick

    @cached_property
    def _laboratory(self) -> Laboratory:
        whole = frequency_set(self.place.frequency_file, self.place.nomenclature)
        chosen = one_population(whole, _LOCI, most_frequent=200 if self._quick else MOST_FREQUENT)
        return Laboratory(chosen, self.place.nomenclature, seed=1)

    @cached_property
    def patients(self) -> list[Patient]:
        """The patients, as their laboratories reported them."""
        n = 20 if self._quick else N_PATIENTS
        reported = self._laboratory.persons(n, decades=PATIENT_DECADES, seed=3, prefix="P").reported
        return [
            Patient(
                patient_id=row["person_id"],
                typings={locus: (row[f"{locus}_1"], row[f"{locus}_2"] or "") for locus in _LOCI if row[f"{locus}_1"]},
            )
            for row in reported.iter_rows(named=True)
        ]

    @cached_property
    def matcher(self) -> Matcher:
        """Searches the donors."""
        n = 300 if self._quick else N_DONORS
        reported: pl.DataFrame = self._laboratory.persons(n, decades=RECENT_DECADES, seed=2, prefix="D").reported
        registry, unreadable = build_registry(reported, self.place.nomenclature, name="pairs", provenance={})
        if unreadable:
            raise Disagreement("a simulated donor cannot be read")
        workers = self.place.settings.workers
        imputed = ImputedRegistry.of(registry, self._laboratory.frequencies, workers=workers)
        return Matcher(registry, imputed, workers=workers)

    def run(self) -> None:
        """Compare all patients with all donors."""
        self.matcher.predict_pairs(self.patients, scope=SCOPE)


def check(pairs: Pairs) -> str:
    """Compare some patients with all donors one by one.

    Raises:
        Disagreement: a probability differs, or is missing in one of the two.
    """
    patients = first_of_all(pairs.patients)
    donors = pairs.matcher.registry.attributes["donor_id"].to_list()
    found = pairs.matcher.predict_pairs(patients, scope=SCOPE)
    greatest = 0.0
    for patient, own in zip(patients, found, strict=True):
        wanted = pairs.matcher.predict(patient, donors, scope=SCOPE).mismatches
        if not np.array_equal(np.isnan(own), np.isnan(wanted)):
            raise Disagreement(f"{patient.patient_id}: other probabilities are missing")
        greatest = max(greatest, float(np.nanmax(np.abs(own - wanted), initial=0.0)))
    if greatest > _NEAR:
        raise Disagreement(f"a probability differs by {greatest:.2g}")
    return (
        f"P(0..4) of {len(patients)} patients with {len(donors):,} donors as patient by patient, "
        f"largest difference {greatest:.1g}"
    )


def run(pairs: Pairs) -> Measured:
    """Time all pairs, from typings of patients to probabilities; donors are imputed beforehand, as always."""
    pairs.run()
    measured = once(repeated(pairs.run, pairs.place.settings.repeats))
    n_pairs = len(pairs.patients) * pairs.matcher.registry.n_donors
    rate = Figure(n_pairs / measured.figures["median"].value, "1/s")
    note = f"{len(pairs.patients):,} patients, {pairs.matcher.registry.n_donors:,} donors, imputed beforehand"
    return replace(measured, figures={**measured.figures, "pairs a second": rate}, notes=(note,))
