"""What to type next, beside the truth: how many typings until the best donor of a list is found.

Patients of the shared registry, typed as they truly are, are searched; the first donors of each list are typed in the
order of a strategy, and a typing shows what the donor truly has. It ends as soon as the count of a donor is certain who
truly has the fewest mismatches of the donors looked at. The strategies:

    suggested   always the typing with the most gain for its cost, or where none gains with the most information on
                whether a donor matches, worked out again after each result (`hla_match.next_steps`)
    by rank     the donors in the order of the list, each at all loci that are open
    by rank, locus by locus    the same, one locus at a time; a donor who has more mismatches than another is certain to
                have is typed no further
    by age      the youngest first, each at all loci that are open
    by age, locus by locus

All strategies know what typings and frequencies make certain, and type no donor whose count is certain.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine_line
from benchmarks.places import AS_OF
from benchmarks.shared_registry import SharedRegistry, import_shared
from benchmarks.simulated_persons import matching_alleles
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.next_steps.typing_costs import TypingCosts
from hla_match.next_steps.typing_value import TypingResults, sets_of_loci, typing_results
from hla_match.prediction.pair_outcomes import PairOutcomes
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

SCOPE = ("A", "B", "C", "DRB1", "DQB1")
_NOTHING = 1e-9
_HOPE = 0.01


@dataclass
class TypedDonor:
    """A donor of a list during a simulation.

    Attributes:
        outcomes: what may still come out, as the patient has one genotype.
        truth: (loci, 2) true genotype.
        mismatches: true mismatches.
        results: of the typings that can be ordered, by number of mismatches of a match; kept until the donor is typed.
    """

    outcomes: PairOutcomes
    truth: NDArray[np.int32]
    mismatches: int
    results: dict[int, list[TypingResults]] = field(default_factory=dict)

    @property
    def counts(self) -> NDArray[np.float64]:
        """Probability of each number of mismatches."""
        found = np.bincount(self.outcomes.mismatches[0], self.outcomes.probability, minlength=2 * len(SCOPE) + 1)
        return found.astype(np.float64, copy=False)

    @property
    def is_certain(self) -> bool:
        """Whether the number of mismatches is certain."""
        return bool(np.ptp(self.outcomes.mismatches[0]) == 0)

    def order(self, loci: Sequence[int]) -> tuple[int, ...]:
        """Type some loci, and return those that were typed.

        A result that frequencies did not expect says nothing about the other loci: all open ones are typed then.
        """
        self.results = {}
        kept = np.ones(self.outcomes.probability.size, np.bool_)
        for locus in loci:
            of_locus = (self.outcomes.genotype[locus] == self.truth[locus]).all(axis=1)
            kept &= of_locus[self.outcomes.outcome[:, locus]]
        if not kept.any():
            opened = self.outcomes.open_loci
            certain = np.full((1, 1), self.mismatches, np.uint8)
            self.outcomes = replace(
                self.outcomes, mismatches=certain, probability=np.ones(1), outcome=np.zeros((1, len(SCOPE)), np.int32)
            )
            return opened
        probability = self.outcomes.probability[kept]
        outcome = self.outcomes.outcome[kept]
        # A locus that is known has one outcome, so that it is not open.
        outcome[:, list(loci)] = 0
        genotype = list(self.outcomes.genotype)
        for locus in range(len(SCOPE)):
            if genotype[locus].size and locus not in loci:
                seen, outcome[:, locus] = np.unique(outcome[:, locus], return_inverse=True)
                genotype[locus] = genotype[locus][seen]
        self.outcomes = replace(
            self.outcomes,
            mismatches=self.outcomes.mismatches[:, kept],
            probability=probability / probability.sum(),
            outcome=outcome,
            genotype=tuple(genotype),
        )
        return tuple(loci)

    def typings(self, most: int) -> list[TypingResults]:
        """Return what can be ordered."""
        if most not in self.results:
            numbers = np.eye(2 * len(SCOPE) + 1)[self.outcomes.mismatches[0]]
            sets = sets_of_loci(self.outcomes.open_loci)
            self.results[most] = typing_results(
                numbers, self.outcomes.probability, self.outcomes.outcome, sets, most=most
            )
        return self.results[most]


Orders = Iterator[tuple[int, tuple[int, ...]]]
"""Donors and loci to type, one order after another; the donors change meanwhile."""


def suggested(donors: Sequence[TypedDonor], costs: TypingCosts | None = None) -> Orders:
    """Order what gains most for its cost, then what tells most."""
    costs = TypingCosts() if costs is None else costs
    while True:
        counts = np.array([donor.counts for donor in donors])
        at_most = counts.cumsum(axis=1)
        most = int(np.argmax(at_most.max(axis=0) >= _HOPE))
        p_match = at_most[:, most]
        best, first, second = float(p_match.max()), int(p_match.argmax()), np.partition(p_match, -2)[-2:].min()
        offered: list[tuple[float, float, float, int, tuple[int, ...]]] = []
        for position, donor in enumerate(donors):
            if donor.is_certain:
                continue
            other = float(second if position == first else best)
            for typing in donor.typings(most):
                cost = costs.of([SCOPE[locus] for locus in typing.loci])
                gain = typing.gain(best, other)
                if typing.information > _NOTHING:
                    gained = round(gain / cost, 9) if gain > _NOTHING else 0.0
                    of_match, of_number = typing.match_information / cost, typing.information / cost
                    offered.append((-gained, -round(of_match, 9), -round(of_number, 9), position, typing.loci))
        if not offered:
            return
        *_, position, loci = min(offered)
        yield position, loci


def one_after_another(order: Sequence[int], *, by_locus: bool) -> Callable[[Sequence[TypedDonor]], Orders]:
    """Return a strategy that types the donors in an order."""

    def orders(donors: Sequence[TypedDonor]) -> Orders:
        for position in order:
            donor = donors[position]
            while not donor.is_certain:
                fewest = min(
                    (int(other.outcomes.mismatches.min()) for other in donors if other.is_certain), default=1 << 10
                )
                if by_locus and int(donor.outcomes.mismatches.min()) >= fewest:
                    break
                opened = donor.outcomes.open_loci
                yield position, opened[:1] if by_locus else opened

    return orders


@dataclass(frozen=True)
class Found:
    """One patient by one strategy: loci typed, and donors typed, until the best donor was certain."""

    n_loci: int
    n_donors: int


def typed_until_found(donors: Sequence[TypedDonor], strategy: Callable[[Sequence[TypedDonor]], Orders]) -> Found | None:
    """Type donors until one who is truly best is certain; None where the strategy ends before."""
    copies = [TypedDonor(one.outcomes, one.truth, one.mismatches, one.results) for one in donors]
    fewest = min(one.mismatches for one in copies)
    n_loci, typed = 0, set[int]()
    orders = strategy(copies)
    while not any(one.is_certain and one.mismatches == fewest for one in copies):
        chosen = next(orders, None)
        if chosen is None:
            return None
        position, loci = chosen
        n_loci += len(copies[position].order(loci))
        typed.add(position)
    return Found(n_loci, len(typed))


def donors_of(found: MatchList, patient_genotype: NDArray[np.int32], shared: SharedRegistry) -> list[TypedDonor]:
    """Return the donors of a list with what is open of them, and their truth, but for those without probabilities."""
    assert found.outcomes_of is not None
    outcomes = found.outcomes_of(found.donor)
    assert outcomes.loci == SCOPE
    truth = shared.donor_genotype[found.donor.astype(np.int64)]
    wanted = np.broadcast_to(patient_genotype, truth.shape)
    mismatches = (2 - matching_alleles(wanted, truth)).sum(axis=1).tolist()
    made = zip(outcomes.donors, truth, mismatches, strict=True)
    donors = [TypedDonor(one, genotype, number) for one, genotype, number in made if one is not None]
    # Donors who are typed alike share their results until one of them is typed.
    shared_results: dict[int, dict[int, list[TypingResults]]] = {}
    for donor in donors:
        kept = shared_results.setdefault(id(donor.outcomes), {})
        donor.results = kept
    return donors


def simulate(
    shared: SharedRegistry,
    patients: Sequence[tuple[str, NDArray[np.int32]]],
    *,
    n_donors: int,
    max_mismatches: int,
    costs: TypingCosts | None = None,
) -> Iterator[tuple[bool, dict[str, Found | None]]]:
    """Yield for each patient whose best donor is not certain beforehand whether that is a full match, and the typings.

    Args:
        shared: the registry and its truth.
        patients: identifier and true genotype; one who is a donor is not found for himself.
        n_donors: donors of a list.
        max_mismatches: of the search.
        costs: by which typings are suggested; None for 1 a locus.
    """
    matcher = Matcher(shared.registry, shared.imputed, workers=os.cpu_count() or 1)
    names = [shared.registry.nomenclature.index(locus).p_names for locus in SCOPE]
    for identifier, genotype in patients:
        typings = {
            locus: (names[at][first - FIRST_P_GROUP], names[at][second - FIRST_P_GROUP])
            for (at, locus), (first, second) in zip(enumerate(SCOPE), genotype.tolist(), strict=True)
        }
        patient = Patient(patient_id=identifier, typings=typings)
        criteria = SearchCriteria(
            scope="10/10", max_mismatches=max_mismatches, limit=n_donors, as_of=AS_OF,
            without_donors=frozenset({identifier}),
        )  # fmt: skip
        found = matcher.search(patient, criteria)
        donors = donors_of(found, genotype, shared) if len(found) else []
        if len(donors) < 2:
            continue
        fewest = min(one.mismatches for one in donors)
        if any(one.is_certain and one.mismatches == fewest for one in donors):
            continue
        by_age = np.lexsort((np.arange(len(donors)), np.where(found.age < 0, 255, found.age)[: len(donors)])).tolist()
        ranks = list(range(len(donors)))
        strategies: dict[str, Callable[[Sequence[TypedDonor]], Orders]] = {
            "suggested": partial(suggested, costs=costs),
            "by rank": one_after_another(ranks, by_locus=False),
            "by rank, locus by locus": one_after_another(ranks, by_locus=True),
            "by age": one_after_another(by_age, by_locus=False),
            "by age, locus by locus": one_after_another(by_age, by_locus=True),
        }
        yield fewest == 0, {name: typed_until_found(donors, strategy) for name, strategy in strategies.items()}


def report(title: str, rows: Sequence[dict[str, Found | None]]) -> None:
    """Print what each strategy needed."""
    click.echo(f"\n{title}: {len(rows)} patients")
    if not rows:
        return
    click.echo(f"  {'strategy':<26}{'loci typed':>12}{'median':>8}{'donors typed':>14}{'median':>8}{'not found':>11}")
    for name in rows[0]:
        found = [row[name] for row in rows]
        loci = np.array([one.n_loci for one in found if one is not None])
        donors = np.array([one.n_donors for one in found if one is not None])
        click.echo(
            f"  {name:<26}{loci.mean():>12.2f}{np.median(loci):>8.1f}{donors.mean():>14.2f}{np.median(donors):>8.1f}"
            f"{sum(one is None for one in found):>11}"
        )
    for name in list(rows[0])[1:]:
        pairs = [(row["suggested"], row[name]) for row in rows]
        known = [(one.n_loci, other.n_loci) for one, other in pairs if one is not None and other is not None]
        fewer, more = sum(one < other for one, other in known), sum(one > other for one, other in known)
        click.echo(f"  suggested needed fewer loci than {name} for {fewer} patients, more for {more}")


@click.command()
@click.option("--donors", "n_donors", default=50, show_default=True, help="Donors of a list.")
@click.option("--max-mismatches", default=1, show_default=True, help="Of the search.")
@click.option("--volunteers", default=0, show_default=True, help="Donors of the registry who are patients, too.")
@click.option("--only", type=int, help="Only so many of the shared patients.")
@click.option("--order-cost", default=0.0, show_default=True, help="Cost of an order, beside 1 for each locus.")
@click.option("--seed", default=1, show_default=True)
def main(n_donors: int, max_mismatches: int, volunteers: int, only: int | None, order_cost: float, seed: int) -> None:
    """Count the typings until the best donor is found: as suggested, by rank, and by age."""
    click.echo(machine_line())
    data = os.environ.get("HLA_MATCH_TEST_DATA")
    if data is None:
        raise click.ClickException("set HLA_MATCH_TEST_DATA to the folder of shared data")
    with tempfile.TemporaryDirectory() as folder:
        shared = import_shared(Path(data), Path(folder), SCOPE)
        patients = [(one.patient_id, row) for one, row in zip(shared.patients, shared.patient_genotype, strict=True)]
        patients = patients[:only]
        rows = np.random.default_rng(seed).permutation(shared.registry.n_donors)[:volunteers]
        ids = shared.registry.attributes["donor_id"][rows].to_list()
        patients += [(name, shared.donor_genotype[row]) for name, row in zip(ids, rows.tolist(), strict=True)]
        begun = time.perf_counter()
        found = []
        costs = TypingCosts(order=order_cost)
        for one in simulate(shared, patients, n_donors=n_donors, max_mismatches=max_mismatches, costs=costs):
            found.append(one)
            if len(found) % 10 == 0:
                click.echo(f"{len(found)} patients with typings to order ...", err=True)
        click.echo(
            f"{len(patients)} patients, the first {n_donors} donors with up to {max_mismatches} mismatches of each; "
            f"{len(found)} whose best donor is not certain beforehand; an order costs {order_cost:g} beside 1 a locus; "
            f"{time.perf_counter() - begun:.0f} s"
        )
        report("Best donor matches in full", [row for is_full, row in found if is_full])
        report("Best donor has a mismatch", [row for is_full, row in found if not is_full])
        report("All", [row for _, row in found])


if __name__ == "__main__":
    main()
