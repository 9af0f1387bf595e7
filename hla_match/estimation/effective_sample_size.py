"""The information in the typings of a sample, as a number of persons who are fully typed and in phase."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hla_match.estimation.expectation_maximisation import ExplainedSample


def effective_sample_size(explained: ExplainedSample, frequency: NDArray[np.float64]) -> float:
    """Return the number of persons, fully typed and in phase, whose typings hold as much information as a sample.

    A person without any typing may have all diplotypes in Hardy-Weinberg proportions, whose entropy is H0; after the
    typing the entropy of the person's diplotypes is H. The typing has given the share 1 - H / H0 of the information
    (Shannon, Bell Syst Tech J 1948;27:379), and the effective sample size is the sum of these shares. The missing share
    is what slows the iterations down (Dempster, Laird & Rubin, J R Stat Soc B 1977;39:1, section 3).
    """
    present = frequency[frequency > 0]
    n_persons = float(explained.weight.sum())
    homozygous = float((present**2).sum())
    before = -2.0 * float((present * np.log(present)).sum()) - math.log(2.0) * (1.0 - homozygous)
    if before <= 0:
        return n_persons
    weight, entropy = explained.weigh(frequency)
    share = np.where(weight > 0, 1.0 - entropy / before, 0.0).clip(0.0, 1.0)
    return float((explained.weight * share).sum())
