"""The order of donors beside the truth: how often the head of a list holds a donor who matches, and how it errs.

The shared registry is simulated and comes with the true alleles of all persons. Lists are searched as by default: 10/10
with up to one mismatch, available donors; each policy under the registry's own frequencies, and where it needs none
without any. A patient counts where an available donor is a true 10/10.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.case import Figure, Measured
from benchmarks.findings import Disagreement, NotRun
from benchmarks.places import AS_OF, Place, SharedPlace, shared
from benchmarks.shared_registry import true_alleles, true_genotypes
from benchmarks.simulated_persons import matching_alleles
from hla_match import POLICIES, Matcher, MatchList, SearchCriteria, open_matcher
from hla_match.loci import SCOPES

SCOPE = SCOPES["10/10"]
HEADS = (1, 3, 10)
ORDERS = ("wmda", "conventional", "ptcy", "plain", "certain-first", "probability-first")
"""The policies whose lists are compared, as far as there are; one for cord blood has nothing to order here."""

BELOW, ABOVE = 0.05, 0.5
"""Probabilities of at most one mismatch: no donor below the first may stand before one above the other."""

UNLIKELY = 0.01
"""Probability of a true 10/10 below which the first donor of a list is one that hardly matches."""

_PAIRS = 500


@dataclass(frozen=True)
class Lists:
    """What lists are made and judged by.

    Attributes:
        place: the shared registry.
        matchers: by what the lists are called: the registry's own frequencies, those it was drawn from, and none.
        donor_genotype: (donors, loci, 2) int32 true P groups.
        patient_genotype: (patients, loci, 2) int32 true P groups.
        is_match: (patients, donors) bool, is available and a true 10/10.
    """

    place: SharedPlace
    matchers: dict[str, Matcher]
    donor_genotype: NDArray[np.int32]
    patient_genotype: NDArray[np.int32]
    is_match: NDArray[np.bool_]


OWN, DRAWN_FROM, NONE = "own frequencies", "the frequencies drawn from", "no frequencies"


def lists(place: Place) -> Lists:
    """Return what is needed to judge lists.

    Raises:
        NotRun: it is not the shared registry, or its typings say too little to estimate frequencies.
    """
    here = shared(place)
    own = open_matcher(here.registry_folder, workers=here.settings.workers)
    if own.imputed is None:
        raise NotRun("the typings of too few donors say enough to estimate frequencies")
    registry = here.registry
    donors = true_alleles(here.source / "donors.truth.csv.gz", "donor_id", registry.attributes["donor_id"])
    ids = pl.Series("patient_id", [one.patient_id for one in here.patients])
    patients = true_alleles(here.source / "patients.truth.csv", "patient_id", ids)
    of_donors, of_patients = (true_genotypes(one, registry.nomenclature, SCOPE) for one in (donors, patients))
    available = (registry.attributes["status"].fill_null("AV") == "AV").to_numpy()
    is_match = np.stack([available & (mismatches(one, of_donors) == 0) for one in of_patients])
    matchers = {OWN: own, DRAWN_FROM: here.predicting, NONE: here.counting}
    return Lists(here, matchers, of_donors, of_patients, is_match)


def mismatches(patient: NDArray[np.int32], donors: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (donors,) true mismatches of one patient."""
    found: NDArray[np.int64] = (2 - matching_alleles(np.broadcast_to(patient, donors.shape), donors)).sum(axis=1)
    return found


def check(subject: Lists) -> str:
    """Count the true mismatches of some pairs again, allele by allele."""
    rng = np.random.default_rng(0)
    n_patients, n_donors = subject.is_match.shape
    for patient, donor in zip(rng.integers(n_patients, size=_PAIRS), rng.integers(n_donors, size=_PAIRS), strict=True):
        one, other = subject.patient_genotype[patient], subject.donor_genotype[donor]
        shared_alleles = sum(
            (Counter(a.tolist()) & Counter(b.tolist())).total() for a, b in zip(one, other, strict=True)
        )
        counted = int(mismatches(one, other[None])[0])
        if counted != 2 * len(SCOPE) - shared_alleles:
            raise Disagreement(f"{counted} true mismatches, of {2 * len(SCOPE)} alleles {shared_alleles} in common")
    return f"true mismatches of {_PAIRS} pairs as counted allele by allele"


def run(subject: Lists) -> Measured:
    """Count for each policy the patients whose first donors hold a true 10/10."""
    n_patients = subject.is_match.shape[0]
    wanted = subject.is_match.any(axis=1)
    figures = {"patients with a true 10/10": Figure(float(wanted.sum()), "")}
    notes = [f"{n_patients} patients"]
    for policy in (POLICIES[name] for name in ORDERS if name in POLICIES):
        criteria = policy.criteria_of(SearchCriteria(as_of=AS_OF))
        for frequencies, matcher in subject.matchers.items():
            if frequencies == (NONE if policy.needs_probabilities else DRAWN_FROM):
                continue
            found = [matcher.search(patient, criteria, policy=policy) for patient in subject.place.patients]
            first = np.array([_first_match(one, row) for one, row in zip(found, subject.is_match, strict=True)])
            name = f"{policy.name}, {frequencies}"
            for head in HEADS:
                held = int((first[wanted] < head).sum())
                figures[f"{name}: a true 10/10 {'first' if head == 1 else f'among the first {head}'}"] = Figure(
                    held, ""
                )
            predicted = found if frequencies != NONE else None
            if predicted is not None:
                figures[f"{name}: first donor below 1%"] = Figure(sum(map(_begins_unlikely, predicted)), "")
                figures[f"{name}: patients with one below 5% before one above 50%"] = Figure(
                    sum(map(_is_out_of_order, predicted)), ""
                )
    return Measured(figures, {}, tuple(notes))


def _first_match(found: MatchList, is_match: NDArray[np.bool_]) -> int:
    """Return the place from 0 of the first true 10/10 in a list; the length of the registry without one."""
    places = np.flatnonzero(is_match[found.donor])
    return int(places[0]) if places.size else is_match.size


def _begins_unlikely(found: MatchList) -> bool:
    """Say whether the first donor of a list hardly matches at all alleles, though the list holds a better one."""
    none = np.zeros(0) if found.prediction is None else found.prediction.mismatches[:, 0]
    return bool(none.size and none[0] < UNLIKELY and np.nanmax(none) >= UNLIKELY)


def _is_out_of_order(found: MatchList) -> bool:
    """Say whether a donor with P(at most one mismatch) below 5% stands before one above 50%."""
    if found.prediction is None or not len(found):
        return False
    at_most_one = found.prediction.mismatches[:, :2].sum(axis=1)
    low, high = np.flatnonzero(at_most_one < BELOW), np.flatnonzero(at_most_one > ABOVE)
    return bool(low.size and high.size and low[0] < high[-1])
