"""What an attack is: a trial that can be run again by its number, and what all its trials found."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.reliability.scene import Scene

Say = Callable[[str], None]

_SAY_EVERY = 50
"""Trials between two lines of progress."""


@dataclass
class Tally:
    """What one trial did and found.

    Attributes:
        rng: of this trial alone.
        counts: what was done, by name.
        problems: what must not be, in words, without a path of this machine.
    """

    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def did(self, what: str, times: int = 1) -> None:
        """Count something that was done."""
        self.counts[what] += times

    def expect(self, holds: object, problem: str) -> None:
        """Note a problem where something does not hold."""
        if not holds:
            self.problems.append(problem)


@dataclass(frozen=True)
class Attack:
    """A kind of attack.

    Attributes:
        name: on the command line.
        proves: one sentence.
        trial: runs the trial of a number on the scene.
        long: trials of a long run.
        quick: trials of a quick run.
        at_once: trials that may run side by side.
    """

    name: str
    proves: str
    trial: Callable[[Scene, int, Tally], None]
    long: int
    quick: int
    at_once: int = 2

    def run(self, scene: Scene, numbers: Sequence[int], say: Say) -> dict[str, Any]:
        """Run trials and return what they found, as plain values."""
        began = time.perf_counter()
        done = itertools.count(1)

        def one(number: int) -> Tally:
            tally = Tally(random.Random(f"{scene.seed} {self.name} {number}"))
            self.trial(scene, number, tally)
            for problem in tally.problems:
                say(f"  {self.name} {number}: {problem}")
            if (n_done := next(done)) % _SAY_EVERY == 0:
                say(f"  {self.name}: {n_done:,} of {len(numbers):,} trials")
            return tally

        with ThreadPoolExecutor(self.at_once) as pool:
            tallies = list(pool.map(one, numbers))
        counts: Counter[str] = Counter()
        for tally in tallies:
            counts += tally.counts
        return {
            "attack": self.name,
            "trials": len(tallies),
            "seconds": time.perf_counter() - began,
            "counts": dict(sorted(counts.items())),
            "findings": [
                {"trial": number, "problem": problem}
                for number, tally in zip(numbers, tallies, strict=True)
                for problem in tally.problems
            ],
        }


def spread(number: int, n_places: int, rng: random.Random) -> int:
    """Return one of some places, such that the places of successive numbers lie evenly, however many they are.

    >>> rng = random.Random(1)
    >>> places = sorted(spread(number, 100, rng) for number in range(50))
    >>> max(b - a for a, b in zip(places, places[1:])) <= 5
    True
    """
    golden = 0.6180339887498949
    return min(int(((number * golden) % 1 + rng.random() / 100) * n_places), n_places - 1)
