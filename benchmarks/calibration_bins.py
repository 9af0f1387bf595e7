"""Reliability of predicted probabilities: predicted beside observed, bin by bin, with an error that can be defended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jinja2 import Environment, FileSystemLoader
from numpy.typing import NDArray

EDGES = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
"""Edges of the bins; predictions of exactly 0 and exactly 1 have bins of their own before and after these."""

N_BINS = EDGES.size + 1
CERTAIN = 1e-12
"""A probability nearer than this to 0 or 1 says "never" or "always": rounding in sums of thousands of terms."""

ENOUGH = 200
"""Pairs from which on a bin is held to three standard errors."""

LIMIT = 3.0
_TEMPLATE = "calibration_bins.svg.jinja"


@dataclass(frozen=True)
class Pairs:
    """Predictions of one kind beside the truth.

    Attributes:
        measure: what was predicted, such as "P(10/10)".
        predicted: (pairs,) float64.
        observed: (pairs,) bool.
        patient: (pairs,) int64 which patient, where pairs that share one are not independent.
        donor: (pairs,) int64 which donor, where pairs that share one are not independent.
    """

    measure: str
    predicted: NDArray[np.float64]
    observed: NDArray[np.bool_]
    patient: NDArray[np.int64] | None = None
    donor: NDArray[np.int64] | None = None


def bin_of(predicted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each prediction: 0 for never, then between the edges, at last always.

    >>> bin_of(np.array([0.0, 1e-9, 0.05, 0.999, 1.0])).tolist()
    [0, 1, 2, 12, 13]
    """
    found = np.clip(np.searchsorted(EDGES, predicted, side="right"), 1, N_BINS - 2)
    found[predicted <= CERTAIN] = 0
    found[predicted >= 1.0 - CERTAIN] = N_BINS - 1
    return found.astype(np.int64)


def bin_name(number: int) -> str:
    """Return the name of a bin.

    >>> bin_name(0), bin_name(1), bin_name(N_BINS - 1)
    ('0', '0.00-0.05', '1')
    """
    if number in (0, N_BINS - 1):
        return "0" if number == 0 else "1"
    return f"{EDGES[number - 1]:.2f}-{EDGES[number]:.2f}"


def standard_error(pairs: Pairs, rows: NDArray[np.bool_]) -> float:
    """Return the standard error of the observed share of some pairs, were the predictions right.

    Pairs that share no person are independent given the typings, and the variance of their number is the sum of
    p(1 - p). Where pairs share patients or donors, the variance is the greater of that and of the one clustered by
    patient and by donor (Cameron, Gelbach & Miller, J Bus Econ Stat 2011;29:238, section 2): the clustered one alone is
    far too small where an event is so rare that it was not seen. Where a
    few patients make up a bin its clustered error is wide, and only independent pairs can show much.
    """
    predicted, observed = pairs.predicted[rows], pairs.observed[rows]
    variance = float((predicted * (1.0 - predicted)).sum())
    clusters = [cluster[rows] for cluster in (pairs.patient, pairs.donor) if cluster is not None]
    if clusters:
        residual = observed - predicted
        # Each pair stands once in each clustering, and is to count once.
        clustered = (1 - len(clusters)) * float((residual**2).sum())
        for cluster in clusters:
            _, number = np.unique(cluster, return_inverse=True)
            clustered += float((np.bincount(number, residual) ** 2).sum())
        variance = max(variance, clustered)
    return float(np.sqrt(max(variance, 0.0))) / predicted.size


def reliability_table(pairs: Pairs) -> pl.DataFrame:
    """Return one row a bin that has pairs: `measure, bin, pairs, predicted, observed, standard_error, z`.

    `z` is missing where the predictions say never or always and are right; it is infinite where they are wrong.
    """
    number = bin_of(pairs.predicted)
    rows = []
    for one in np.unique(number).tolist():
        chosen = number == one
        predicted, observed = float(pairs.predicted[chosen].mean()), float(pairs.observed[chosen].mean())
        error = standard_error(pairs, chosen)
        difference = observed - predicted
        if one in (0, N_BINS - 1):
            z = None if abs(difference) <= CERTAIN else float(np.copysign(np.inf, difference))
        else:
            z = difference / error
        rows.append((pairs.measure, bin_name(one), int(chosen.sum()), predicted, observed, error, z))
    schema = {
        "measure": pl.String,
        "bin": pl.String,
        "pairs": pl.Int64,
        "predicted": pl.Float64,
        "observed": pl.Float64,
        "standard_error": pl.Float64,
        "z": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def brier_score(pairs: Pairs) -> tuple[float, float]:
    """Return the mean squared difference to the truth (Brier 1950), and its expectation were the predictions right."""
    score = float(((pairs.predicted - pairs.observed) ** 2).mean())
    return score, float((pairs.predicted * (1.0 - pairs.predicted)).mean())


def off(table: pl.DataFrame) -> pl.DataFrame:
    """Return the bins of enough pairs that lie beyond three standard errors."""
    return table.filter((pl.col("pairs") >= ENOUGH) & (pl.col("z").abs() > LIMIT))


def picture(tables: dict[str, pl.DataFrame], title: str) -> str:
    """Draw the tables of several measures side by side, as SVG.

    Args:
        tables: by measure; bars are three standard errors.
        title: stands above.
    """
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    panels = [
        {
            "measure": measure,
            "points": [
                {**row, "error": LIMIT * row["standard_error"], "enough": row["pairs"] >= ENOUGH}
                for row in table.iter_rows(named=True)
            ],
        }
        for measure, table in tables.items()
    ]
    return environment.get_template(_TEMPLATE).render(panels=panels, title=title, n_columns=4)
