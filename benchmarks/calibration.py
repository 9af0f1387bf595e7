"""Calibration of predicted match probabilities: of the pairs predicted with probability p, the share p must match.

Donors and patients are simulated from a frequency set and masked to what a registry knows of them
(`benchmarks.simulated_persons`); each patient is searched, and predictions are compared with the truth. For every
measure and every bin of probability, each patient gives at most one potential donor, drawn at random, and each donor is
drawn at most once. The draw sees typings and predictions, never the truth, so that the pairs of a bin are independent
given the typings, and the standard error of their observed share is that of independent draws.

With the folder of shared test data in the environment variable HLA_MATCH_TEST_DATA, the registry in it is predicted
too: all potential pairs of its patients and donors, with clustered standard errors; then those of the patients alone
whose typing leaves no choice, where the errors are sharper; then the donors by themselves, which shows what of a
difference lies in how the registry's typings were made (`benchmarks.shared_registry`).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.calibration_bins import (
    ENOUGH,
    N_BINS,
    Pairs,
    bin_of,
    brier_score,
    off,
    picture,
    reliability_table,
)
from benchmarks.frequency_sets import frequency_set, nomenclature_of, one_population
from benchmarks.machine import machine_line
from benchmarks.shared_registry import donor_genotypes, import_shared, shared_pairs
from benchmarks.simulated_persons import DONOR_DECADES, PATIENT_DECADES, Laboratory, Persons, matching_alleles
from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.imputation.panels import FallbackLevel
from hla_match.loci import SCOPES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

SCOPE = SCOPES["10/10"]
MAX_MISMATCHES = 2
COUNTS = 3
"""Perfect matches, one mismatch, two mismatches: as many as a search with that limit finds all of."""


def measure_names(loci: tuple[str, ...]) -> list[str]:
    """Return the names of what is predicted: so many matches of all, then both alleles of each locus.

    >>> measure_names(("A", "B"))
    ['P(4/4)', 'P(3/4)', 'P(2/4)', 'P(2/2) A', 'P(2/2) B']
    """
    size = 2 * len(loci)
    return [f"P({size - count}/{size})" for count in range(COUNTS)] + [f"P(2/2) {locus}" for locus in loci]


def simulated_pairs(
    laboratory: Laboratory, nomenclature: Nomenclature, *, n_donors: int, n_patients: int, seed: int
) -> tuple[list[Pairs], list[str]]:
    """Return independent pairs of simulated persons for each measure, and what is to be known of them."""
    donors = laboratory.persons(n_donors, decades=DONOR_DECADES, seed=2 * seed, prefix="D")
    patients = laboratory.persons(n_patients, decades=PATIENT_DECADES, seed=2 * seed + 1, prefix="P")
    registry, unreadable = build_registry(
        donors.reported, nomenclature, name="simulated", provenance={"imported_on": "2026-01-01"}
    )
    if unreadable:
        raise click.ClickException(f"{len(unreadable)} simulated typings cannot be read: {unreadable[0]}")
    # In the order in which they were drawn, so that a row of the registry is a row of the truth.
    registry = registry.take(np.argsort(registry.id_rank))
    frequencies = laboratory.frequencies
    workers = os.cpu_count() or 1
    imputed = ImputedRegistry.of(registry, frequencies, workers=workers)
    matcher = Matcher(registry, imputed, workers=workers)
    loci = frequencies.loci
    criteria = SearchCriteria(scope=",".join(loci), max_mismatches=MAX_MISMATCHES)
    names = measure_names(loci)
    rng = np.random.default_rng([seed, 2])
    drawn: list[list[tuple[float, int, int]]] = [[] for _ in names]
    used = np.zeros((len(names), N_BINS, n_donors), np.bool_)
    n_predicted, n_cut, greatest_cut = 0, 0, 0.0
    levels = np.zeros(len(FallbackLevel), np.int64)
    order = [criteria.loci.index(locus) for locus in loci]
    for number, patient in enumerate(_as_patients(patients, loci)):
        found = matcher.search(patient, criteria)
        prediction = found.prediction
        if prediction is None or not len(found):
            continue
        n_predicted += len(found)
        n_cut += int((prediction.cut > 0.01).sum())
        greatest_cut = max(greatest_cut, float(np.nanmax(prediction.cut)))
        levels += np.bincount(prediction.fallback, minlength=len(FallbackLevel))
        predicted = np.concatenate([prediction.mismatches[:, :COUNTS], prediction.p_both[:, order]], axis=1)
        for column in range(len(names)):
            for one, row in _one_donor_a_bin(rng, predicted[:, column], found.donor, used[column]):
                used[column, one, found.donor[row]] = True
                drawn[column].append((float(predicted[row, column]), number, int(found.donor[row])))
    pairs = []
    for column, name in enumerate(names):
        patient_row = np.array([row for _, row, _ in drawn[column]], np.int64)
        donor_row = np.array([row for _, _, row in drawn[column]], np.int64)
        matches = matching_alleles(patients.genotype[patient_row], donors.genotype[donor_row])
        truth = (2 - matches).sum(axis=1) == column if column < COUNTS else matches[:, column - COUNTS] == 2
        pairs.append(Pairs(name, np.array([value for value, _, _ in drawn[column]]), truth))
    notes = [
        f"{n_donors:,} donors and {n_patients:,} patients, {n_predicted:,} potential pairs with at most "
        f"{MAX_MISMATCHES} mismatches predicted; more than 1% of the probability cut in {n_cut:,} of them, "
        f"{greatest_cut:.2g} at most",
        "explained by: "
        + ", ".join(f"{FallbackLevel(level)} {count:,}" for level, count in enumerate(levels.tolist()) if count),
    ]
    return pairs, notes


def _as_patients(persons: Persons, loci: tuple[str, ...]) -> list[Patient]:
    found = []
    for row in persons.reported.iter_rows(named=True):
        typed = {locus: (row[f"{locus}_1"], row[f"{locus}_2"] or "") for locus in loci if row[f"{locus}_1"]}
        found.append(Patient(patient_id=row["person_id"], typings=typed))
    return found


def _one_donor_a_bin(
    rng: np.random.Generator, predicted: NDArray[np.float64], donor: NDArray[np.uint32], used: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Return for each bin that has a donor not drawn before one of them at random: bin and position."""
    number = bin_of(predicted)
    free = np.flatnonzero(~used[number, donor] & ~np.isnan(predicted))
    shuffled = free[np.argsort(rng.random(free.size))]
    bins, first = np.unique(number[shuffled], return_index=True)
    return list(zip(bins.tolist(), shuffled[first].tolist(), strict=True))


def report(title: str, pairs: list[Pairs], notes: list[str], out: Path | None, stem: str) -> int:
    """Print tables and scores, write them and a picture to a folder, and return how many bins are off."""
    tables = {one.measure: reliability_table(one) for one in pairs}
    joined = pl.concat(tables.values())
    click.echo("\n".join([f"\n{title}", *(f"  {note}" for note in notes)]))
    click.echo(f"  {'measure':<12}{'bin':>10}{'pairs':>10}{'predicted':>11}{'observed':>10}{'error':>9}{'z':>8}")
    for row in joined.iter_rows(named=True):
        z = "right" if row["z"] is None else f"{row['z']:.2f}"
        click.echo(
            f"  {row['measure']:<12}{row['bin']:>10}{row['pairs']:>10,}{row['predicted']:>11.4f}"
            f"{row['observed']:>10.4f}{row['standard_error']:>9.4f}{z:>8}"
        )
    for one in pairs:
        score, expected = brier_score(one)
        click.echo(f"  Brier score of {one.measure}: {score:.5f}; {expected:.5f} expected if the predictions are right")
    held, beyond = joined.filter((pl.col("pairs") >= ENOUGH) & pl.col("z").is_not_null()).height, off(joined)
    click.echo(f"  {held} bins of at least {ENOUGH} pairs, {beyond.height} of them beyond three standard errors")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        joined.write_csv(out / f"{stem}.csv")
        (out / f"{stem}.svg").write_text(picture(tables, title), encoding="utf-8")
        click.echo(f"  written to {out / stem}.csv and .svg")
    return beyond.height


@click.command()
@click.option("--frequencies", type=click.Path(path_type=Path), help="A frequency file; else the built-in haplotypes.")
@click.option("--release", type=click.Path(path_type=Path), help="Folder of an IPD-IMGT/HLA release; else built in.")
@click.option("--donors", "n_donors", default=60_000, show_default=True, help="Donors to simulate.")
@click.option("--patients", "n_patients", default=6000, show_default=True, help="Patients to simulate.")
@click.option("--seed", default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for tables and pictures.")
@click.option("--simulated/--no-simulated", default=True, show_default=True, help="Simulate persons.")
def main(
    frequencies: Path | None,
    release: Path | None,
    n_donors: int,
    n_patients: int,
    seed: int,
    out: Path | None,
    simulated: bool,
) -> None:
    """Compare predicted match probabilities with the truth, bin by bin; exit with 1 if a simulated bin is off."""
    click.echo(machine_line())
    n_off = 0
    if simulated:
        nomenclature = nomenclature_of(release)
        whole = frequency_set(frequencies, nomenclature)
        chosen = one_population(whole, SCOPE)
        laboratory = Laboratory(chosen, nomenclature, seed)
        pairs, notes = simulated_pairs(laboratory, nomenclature, n_donors=n_donors, n_patients=n_patients, seed=seed)
        n_off = report(
            "Simulated persons", pairs, [_set_line(chosen), *_respelled(laboratory), *notes], out, "simulated"
        )
    data = os.environ.get("HLA_MATCH_TEST_DATA")
    if data is None:
        click.echo("\nShared registry: skipped, HLA_MATCH_TEST_DATA is not set")
    else:
        with tempfile.TemporaryDirectory() as folder:
            shared = import_shared(Path(data), Path(folder), SCOPE)
            subsets, notes = shared_pairs(shared, MAX_MISMATCHES, COUNTS, measure_names(SCOPE))
            for number, (which, found) in enumerate((subsets | donor_genotypes(shared)).items(), 1):
                report(f"Shared registry, {which}", found, notes, out, f"shared_registry_{number}")
    raise SystemExit(1 if n_off else 0)


def _set_line(frequencies: HaplotypeFrequencies) -> str:
    return f"{frequencies}, seeds and shares as in the source"


def _respelled(laboratory: Laboratory) -> list[str]:
    texts = [f"{locus} {method} {n}" for (locus, method), n in laboratory.n_respelled.items() if n]
    return (
        [f"alleles reported as a list because the name means others of the set too: {', '.join(texts)}"]
        if texts
        else []
    )


if __name__ == "__main__":
    main()
