"""A registry's own frequencies: how long the estimation takes, and the first search and later ones with it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from benchmarks.case import Figure, Measured, repeated, seconds_of
from benchmarks.commands import run_command
from benchmarks.findings import Disagreement, NotRun
from benchmarks.places import Place, SharedPlace, shared
from hla_match import CriteriaError
from hla_match.estimation.own_frequencies import estimate_own_frequencies


@dataclass(frozen=True)
class Estimate:
    """The estimation of a registry's own frequencies, and ``hla-match search`` without naming any."""

    place: SharedPlace

    def discard(self) -> None:
        """Delete what is kept, so that it is as at the first search."""
        for kept in self.place.registry_folder.glob("snapshot-*/own-frequencies"):
            shutil.rmtree(kept)
        self.place.discard_imputations()

    def search(self) -> str:
        """Search for the first patient, as a user would, and return what is printed."""
        typed = {locus: pair for locus, pair in self.place.patients[0].typings.items() if pair[0]}
        text = "^".join(
            "+".join(f"{locus}*{part}" for part in (first, second or first)) for locus, (first, second) in typed.items()
        )
        done = run_command(["search", str(self.place.registry_folder), "--hla", text], self.place.folder / "kernels")
        return done.output


def estimate(place: Place) -> Estimate:
    """Return the estimation.

    Raises:
        NotRun: it is not the shared registry.
    """
    return Estimate(shared(place))


def check(subject: Estimate) -> str:
    """Estimate with one thread and with all, and search twice: the same frequencies, and the same list.

    Raises:
        NotRun: the typings of too few donors say enough.
    """
    registry = subject.place.registry
    try:
        one, all_ = (estimate_own_frequencies(registry, workers=n) for n in (1, subject.place.settings.workers))
    except CriteriaError as error:
        raise NotRun(f"found {error.found}, expected {error.expected}") from None
    if one.content != all_.content:
        raise Disagreement("other frequencies with other numbers of threads")
    subject.discard()
    if subject.search() != subject.search():
        raise Disagreement("the first search prints another list than the second")
    haplotypes = f"{one.n_haplotypes:,} haplotypes, the same bytes with one thread"
    return f"{haplotypes}; the first search prints the list of the second"


def run(subject: Estimate) -> Measured:
    """Time the estimation, a first search with it, and later ones; kernels are compiled."""
    place = subject.place
    rows = repeated(
        lambda: estimate_own_frequencies(place.registry, workers=place.settings.workers), place.settings.repeats
    )
    subject.discard()
    first = seconds_of(subject.search)
    later = repeated(subject.search, place.settings.repeats)
    figures = {
        "median": Figure(sorted(row[0] for row in rows)[len(rows) // 2]),
        "first search from the command line": Figure(first),
        "later searches from the command line": Figure(sorted(row[0] for row in later)[len(later) // 2]),
    }
    return Measured(figures, {"seconds": rows, "later": later})
