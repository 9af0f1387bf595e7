"""A registry's own haplotype frequencies: of which loci, from which donors, and when their typings say enough.

They are what a search computes with where no other set is named. Over the loci of 10/10 whole haplotypes are estimated;
DPB1 is estimated by itself, since recombination between DQ and DP is frequent (`hla_match.imputation.panels.BLOCKS`).
The same registry gives the same frequencies, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.estimation.estimated_frequencies import Progress
from hla_match.estimation.settings import EstimationSettings
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.loci import DRB345, LOCI, SCOPES

if TYPE_CHECKING:
    from hla_match.estimation.sample import Sample

ALGORITHM_VERSION = 1
"""Rises with a change after which the frequencies of a registry would be others."""

LEAST_DONORS = 2_000
"""Donors whose typings say enough, below whom no frequencies are estimated.

Measured with random parts of a simulated registry of 103,000 donors of all decades, of whom 40% say enough: the mean
logarithmic score (Good, J R Stat Soc B 1952;14:107) of the predictions for 177,000 pairs of its patients and donors, as
a multiple of that by the frequencies which the donors were drawn from. A range is that of three or four parts.

| donors who say enough | P(10/10) | P(at most one mismatch) |
|---|---|---|
| 200 | 1.92 | 2.28 |
| 420 | 1.27 to 1.47 | 1.54 to 1.96 |
| 780 | 1.07 to 1.38 | 1.52 to 1.63 |
| 1,300 | 1.09 to 1.15 | 1.35 to 1.48 |
| 2,200 | 1.05 to 1.13 | 1.29 to 1.38 |
| 4,300 | 1.10 | 1.21 |
| 11,800 | 1.04 | 1.12 |
| 40,700 | 1.02 | 1.04 |

From some 2,000 on a part of the registry is as good as the next one: below, the score of a part depends on which donors
happen to be in it.
"""

MOST_DONORS = 250_000
"""Donors that are drawn from a larger registry, evenly over its rows, which are sorted by typing."""

TOLERANCE = 0.5
"""Largest change of an expected count, in copies, at which the iterations end.

Measured as above with all donors: 0.05 takes three times the iterations, and no score differs in its third digit.
"""

WHOLE = SCOPES["10/10"]
APART = ("DPB1",)


@dataclass(frozen=True, slots=True)
class OwnLoci:
    """The loci of a registry's own frequencies.

    Attributes:
        whole: those of the haplotypes; none where too few donors are typed.
        apart: those that are estimated by themselves.
    """

    whole: tuple[str, ...]
    apart: tuple[str, ...]

    def lacking(self, scope: Sequence[str]) -> tuple[str, ...]:
        """Return the loci of a scope that the frequencies do not have; DRB3, DRB4 and DRB5 as one need none.

        >>> OwnLoci(("A", "B"), ("DPB1",)).lacking(("A", "C", "DPB1", "DRB345"))
        ('C',)
        """
        return tuple(locus for locus in scope if locus not in (*self.whole, *self.apart, DRB345))


def own_loci(registry: Registry) -> OwnLoci:
    """Return the loci at which at least `LEAST_DONORS` of a registry are typed; this reads typings, no more."""
    enough = [
        locus
        for row, locus in enumerate(registry.loci)
        if registry.n_donors >= LEAST_DONORS and np.count_nonzero(registry.donor_typing[row]) >= LEAST_DONORS
    ]
    whole, apart = (tuple(locus for locus in LOCI if locus in enough and locus in some) for some in (WHOLE, APART))
    return OwnLoci(whole, apart)


def shortage(registry: Registry, lacking: Sequence[str]) -> str:
    """Return in words why a registry has no frequencies of its own at some loci."""
    if registry.n_donors < LEAST_DONORS:
        donors = "1 donor is" if registry.n_donors == 1 else f"{registry.n_donors:,} donors are"
        return f"{donors} too few to estimate haplotype frequencies from, which takes {LEAST_DONORS:,}"
    return f"fewer than {LEAST_DONORS:,} donors are typed at {', '.join(lacking)}"


def estimate_own_frequencies(
    registry: Registry,
    *,
    name: str = "",
    workers: int = 1,
    on_begin: Callable[[], None] | None = None,
    on_iteration: Progress | None = None,
) -> HaplotypeFrequencies:
    """Estimate haplotype frequencies from the donors of a registry, all of them one population.

    Args:
        registry: the donors.
        name: what results call the set; by default that of the registry.
        workers: threads.
        on_begin: is called once it is known that the typings of enough donors say enough.
        on_iteration: is called after every iteration.

    Raises:
        CriteriaError: the typings of too few donors say enough.
    """
    from hla_match.estimation.estimate import estimate_frequencies
    from hla_match.estimation.sample import draw_sample

    loci = own_loci(registry)
    drawn = _drawn(registry)
    n_enough = informative_donors(draw_sample(drawn, loci.whole)) if loci.whole else 0
    if n_enough < LEAST_DONORS:
        raise CriteriaError(
            "donors",
            found=f"{n_enough:,} whose typings leave few haplotypes open",
            expected=f"at least {LEAST_DONORS:,}, to estimate haplotype frequencies from",
            hint="name a set of frequencies",
            code=ErrorCode.ESTIMATION_DONORS,
        )
    if on_begin is not None:
        on_begin()
    settings = EstimationSettings(tolerance=TOLERANCE, workers=workers)
    parts = [
        replace(
            estimate_frequencies(drawn, some, settings=settings, on_iteration=on_iteration).frequencies,
            name=name or registry.name,
        )
        for some in (loci.whole, *((locus,) for locus in loci.apart))
    ]
    apart = parts[1] if len(parts) > 1 else None
    found = replace(parts[0], apart=apart)
    return replace(found, checksum=found.content)


def informative_donors(sample: Sample) -> int:
    """Return how many persons of a sample say enough: their typings leave so few haplotypes that all can be listed.

    These are the persons who give haplotypes to the support (`hla_match.estimation.support`).
    """
    from hla_match.estimation.support import CONTRIBUTION

    most = max(CONTRIBUTION, 1 << len(sample.loci))
    return int(sample.weight[sample.n_allowed() <= most].sum())


def _drawn(registry: Registry) -> Registry:
    """Return the donors to estimate from: all, or of too many every second, third, ... row."""
    step = -(-registry.n_donors // MOST_DONORS)
    return registry if step == 1 else registry.take(np.arange(0, registry.n_donors, step))
