"""Searches for one patient after another in one process, and for a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.case import Figure, Measured, of_passes, once, passes, repeated
from benchmarks.findings import Disagreement
from benchmarks.places import AS_OF, Place
from benchmarks.plain import Genotypes, PlainSearch, plain_genotypes, plain_probabilities
from hla_match import Matcher, MatchList, Patient, SearchCriteria, search_patients
from registry_io.tables.results_file import write_frame

_T = TypeVar("_T")
MAX_MISMATCHES = 2
CRITERIA = SearchCriteria(scope="10/10", max_mismatches=MAX_MISMATCHES, limit=100, as_of=AS_OF)
N_CHECKED = 10
"""Patients whose whole lists are compared."""

_DONORS_A_PATIENT = 8
_NEAR = 1e-9
_FROM_WHOLE_HAPLOTYPES = ("own", "registry")


@dataclass(frozen=True)
class Searches:
    """Patients and what searches for them."""

    place: Place
    matcher: Matcher
    patients: list[Patient]


def counting(place: Place) -> Searches:
    """Return searches without probabilities."""
    return Searches(place, place.counting, place.patients)


def counting_barely_typed(place: Place) -> Searches:
    """Return searches without probabilities for patients typed at A, B and DRB1 by first field only."""
    return Searches(place, place.counting, place.barely_typed)


def predicting(place: Place) -> Searches:
    """Return searches with probabilities."""
    return Searches(place, place.predicting, place.patients)


N_DONOR_PATIENTS = 200
"""Donors that are taken as patients, by a fixed seed."""


def predicting_donors(place: Place) -> Searches:
    """Return searches with probabilities for donors of all decades, of whom many are hardly typed."""
    registry = place.registry
    n = place.settings.n_patients if place.settings.quick else N_DONOR_PATIENTS
    rows = np.random.default_rng(1).choice(registry.n_donors, n, replace=False)
    typings: list[dict[str, tuple[str, str]]] = [{} for _ in rows]
    for locus, typing in zip(registry.loci, registry.donor_typing[:, rows], strict=True):
        reported = registry.columns[locus].text.select("first", "second").rows()
        for person, code in zip(typings, typing.tolist(), strict=True):
            first, second = reported[code]
            if first:
                person[locus] = first, second or ""
    patients = [Patient(patient_id=f"D{row}", typings=one) for row, one in zip(rows.tolist(), typings, strict=True)]
    return Searches(place, place.predicting, patients)


def run_donors(searches: Searches) -> Measured:
    """Time the ranked lists of donors taken as patients, with at most one mismatch, and tell what is cut of them."""
    criteria = CRITERIA.model_copy(update={"max_mismatches": 1})
    search = partial(searches.matcher.search, criteria=criteria)
    measured = of_passes(passes(search, searches.patients, searches.place.settings.repeats))
    predictions = [one.prediction for one in map(search, searches.patients) if one.prediction is not None]
    cut = np.concatenate([one.cut[~np.isnan(one.cut)] for one in predictions])
    of_rows = {"cut, mean": cut.mean(), "cut, 90th percentile": np.quantile(cut, 0.9), "cut, most": cut.max()}
    figures = {name: Figure(float(value), "") for name, value in of_rows.items()} if cut.size else {}
    return replace(measured, figures={**measured.figures, **figures})


def first_of_all(patients: Sequence[_T], n: int = N_CHECKED) -> list[_T]:
    """Return so many patients or rows, spread over all."""
    return list(patients[:: max(len(patients) // n, 1)][:n])


def check_counts(searches: Searches) -> str:
    """Compare donors and their least mismatches with the plain search, and the head of the list with the whole."""
    return same_donors(searches.place, first_of_all(searches.patients))


def same_donors(place: Place, patients: Sequence[Patient]) -> str:
    """Compare the engine with the plain search for some patients.

    Raises:
        Disagreement: donors, counts or the head of a list differ.
    """
    plain = PlainSearch(place.registry, CRITERIA.loci)
    n_found = 0
    for patient in patients:
        whole = _whole_list(place.counting, patient)
        donor, mismatches = plain.search(patient, MAX_MISMATCHES)
        order = np.argsort(whole.donor, kind="stable")
        if not np.array_equal(whole.donor[order], donor):
            raise Disagreement(f"{patient.patient_id}: {len(whole):,} donors, the plain search finds {donor.size:,}")
        best = whole.to_polars()["matches_best"].to_numpy()[order]
        if not np.array_equal(2 * len(CRITERIA.loci) - best, mismatches):
            raise Disagreement(f"{patient.patient_id}: other mismatches than the plain search")
        _same_head(place.counting, patient, whole)
        n_found += donor.size
    return (
        f"{len(patients)} patients: the same {n_found:,} donors and mismatches as plain NumPy; "
        "heads are those of the whole lists"
    )


def check_probabilities(searches: Searches) -> str:
    """Compare probabilities with the enumeration of all pairs of haplotypes, for donors of some patients."""
    place = searches.place
    plain = PlainSearch(place.registry, CRITERIA.loci)
    rng = np.random.default_rng(1)
    n_compared, n_left_out, greatest = 0, 0, 0.0
    for patient in first_of_all(searches.patients):
        whole = _whole_list(searches.matcher, patient)
        _same_head(searches.matcher, patient, whole)
        prediction = whole.prediction
        if prediction is None:
            raise Disagreement("no predictions")
        typed = {locus: plain.alternatives(locus, *patient.typings.get(locus, ("", ""))) for locus in CRITERIA.loci}
        own = plain_genotypes(place.frequencies, typed)
        if not len(whole):
            continue
        rows = np.unique(rng.integers(0, len(whole), _DONORS_A_PATIENT))
        rows[0] = 0
        given = prediction.take(rows)
        steps = given.to_polars()["fallback"].to_list()
        for number, row in enumerate(rows):
            wanted = None
            if own is not None and steps[number] in _FROM_WHOLE_HAPLOTYPES:
                wanted = _expected(place, plain, own, int(whole.donor[row]))
            if wanted is None:
                n_left_out += 1
                continue
            difference = float(np.abs(given.mismatches[number] - wanted).max())
            if difference > _NEAR + float(given.cut[number]):
                raise Disagreement(f"{patient.patient_id}: a probability differs by {difference:.2g}")
            greatest = max(greatest, difference)
            n_compared += 1
    if not n_compared and not place.settings.quick:
        raise Disagreement("no pair could be compared")
    return (
        f"P(0..4) of {n_compared} pairs as by enumeration of haplotypes, largest difference {greatest:.1g}; "
        f"{n_left_out} pairs not from whole haplotypes, or of too many; heads are those of the whole lists"
    )


def _expected(place: Place, plain: PlainSearch, own: Genotypes, donor: int) -> NDArray[np.float64] | None:
    typed = {locus: plain.donor_alternatives(locus, donor) for locus in CRITERIA.loci}
    theirs = plain_genotypes(place.frequencies, typed)
    return None if theirs is None else plain_probabilities(own, theirs, 5)


def _whole_list(matcher: Matcher, patient: Patient) -> MatchList:
    return matcher.search(patient, CRITERIA.model_copy(update={"limit": None}))


def _same_head(matcher: Matcher, patient: Patient, whole: MatchList) -> None:
    head = matcher.search(patient, CRITERIA)
    if not np.array_equal(head.donor, whole.donor[: CRITERIA.limit]):
        raise Disagreement(f"{patient.patient_id}: the first {CRITERIA.limit} are not the head of the whole list")


def run_searches(searches: Searches) -> Measured:
    """Time each patient's ranked list."""
    search = partial(searches.matcher.search, criteria=CRITERIA)
    measured = of_passes(passes(search, searches.patients, searches.place.settings.repeats))
    found = [float(search(patient).n_found) for patient in searches.patients]
    return replace(measured, figures={**measured.figures, "donors found, median": Figure(float(np.median(found)), "")})


@dataclass(frozen=True)
class Batch:
    """A batch of patients to a file."""

    searches: Searches
    out: Path

    def run(self) -> None:
        """Search every patient and write the best donors."""
        workers = self.searches.place.settings.workers
        outcomes = search_patients(self.searches.matcher, self.searches.patients, CRITERIA, workers=workers)
        frames = [outcome.frame for outcome in outcomes]
        write_frame(pl.concat(frames, how="diagonal"), self.out)


def counting_batch(place: Place) -> Batch:
    """Return a batch without probabilities."""
    return Batch(counting(place), place.folder / "matches.parquet")


def predicting_batch(place: Place) -> Batch:
    """Return a batch with probabilities."""
    return Batch(predicting(place), place.folder / "predicted.parquet")


def check_batch(batch: Batch) -> str:
    """Compare the file with the lists of some patients."""
    batch.run()
    return same_lists(batch.out, batch.searches.matcher, first_of_all(batch.searches.patients))


def run_batch(batch: Batch) -> Measured:
    """Time a batch."""
    repeats = batch.searches.place.settings.repeats
    n = len(batch.searches.patients)
    return once(repeated(batch.run, repeats), (f"{n} patients, the best {CRITERIA.limit} donors each, to Parquet",))


def same_lists(path: Path, matcher: Matcher, patients: Sequence[Patient]) -> str:
    """Compare a file of results with the searches of some patients in this process.

    Raises:
        Disagreement: donors, their order or a probability differ.
    """
    written = pl.read_parquet(path)
    for patient in patients:
        own = matcher.search(patient, CRITERIA).to_polars()
        columns = [name for name in ("rank", "donor_id", "grades", "p0", "p1", "p2") if name in own.columns]
        found = written.filter(pl.col("patient_id") == patient.patient_id).select(columns)
        if found.height != own.height or not found["donor_id"].equals(own["donor_id"]):
            raise Disagreement(f"{patient.patient_id}: another list of donors in the file")
        for name in columns:
            same = found[name].cast(pl.String).equals(own[name].cast(pl.String))
            if name.startswith("p"):
                same = np.allclose(found[name].fill_null(-1), own[name].fill_null(-1), rtol=0, atol=_NEAR)
            if not same:
                raise Disagreement(f"{patient.patient_id}: {name} is another in the file")
    return f"{len(patients)} lists of the file are those of single searches"
