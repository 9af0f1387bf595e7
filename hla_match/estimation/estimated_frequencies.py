"""Estimated haplotype frequencies, the course of the estimation, and its quality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.estimation.hardy_weinberg import HardyWeinberg
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.nomenclature.release import Nomenclature


@dataclass(frozen=True, slots=True)
class Iteration:
    """The state after one iteration.

    Attributes:
        population: the population's name.
        stage: "support", "estimate", "restart 1", ... or "bootstrap 1", ...
        number: of the iteration, from 1 in each stage.
        log_likelihood: natural logarithm.
        change: largest change of an expected count, in copies.
    """

    population: str
    stage: str
    number: int
    log_likelihood: float
    change: float


Progress = Callable[[Iteration], None]


@dataclass(frozen=True, slots=True)
class PopulationEstimate:
    """The course and the quality of the estimate of one population.

    Attributes:
        population: its name; "" for the whole registry.
        n_persons: persons whom the haplotypes explain, n.
        n_new: persons left out for an allele reported as NEW.
        n_untyped: persons left out who are typed at none of the loci.
        n_unexplained: persons left out whom no haplotype of the support explains.
        n_contributing: persons whose typings gave the haplotypes (`hla_match.estimation.support`).
        complete: whether all haplotypes that the typings allow were estimated.
        n_support: haplotypes that were estimated.
        n_haplotypes: those of them that are in the result.
        log_likelihood: at the start and after each iteration; natural logarithms.
        converged: whether the last iteration changed no expected count by more than the tolerance.
        runs: the last log-likelihood from each start, that of `log_likelihood` being the highest.
        left_out: frequency of the haplotypes left out by the floor, before the others were scaled to a sum of 1.
        effective_sample_size: persons fully typed in phase who would say as much.
        hardy_weinberg: the test of each locus.
    """

    population: str
    n_persons: int
    n_new: int
    n_untyped: int
    n_unexplained: int
    n_contributing: int
    complete: bool
    n_support: int
    n_haplotypes: int
    log_likelihood: tuple[float, ...]
    converged: bool
    runs: tuple[float, ...]
    left_out: float
    effective_sample_size: float
    hardy_weinberg: tuple[HardyWeinberg, ...]

    @property
    def iterations(self) -> int:
        """Number of iterations."""
        return len(self.log_likelihood) - 1

    @property
    def n_excluded(self) -> int:
        """Persons left out for any reason."""
        return self.n_new + self.n_untyped + self.n_unexplained


@dataclass(frozen=True)
class Estimation:
    """Estimated frequencies and their quality.

    Attributes:
        frequencies: the haplotypes, each population with a sum of 1.
        populations: how each population's estimate came about, in the order of `frequencies.populations`.
        standard_error: (populations, haplotypes) float64 by bootstrap, or None where none was asked for.
    """

    frequencies: HaplotypeFrequencies
    populations: tuple[PopulationEstimate, ...]
    standard_error: NDArray[np.float64] | None

    def to_polars(self, nomenclature: Nomenclature) -> pl.DataFrame:
        """Return one row a haplotype and population: `haplotype`, `frequency`, `population`, and `standard_error`."""
        frame = self.frequencies.to_polars(nomenclature)
        if self.standard_error is None:
            return frame
        errors = replace(self.frequencies, frequency=self.standard_error).to_polars(nomenclature)
        joined = frame.join(
            errors.rename({"frequency": "standard_error"}),
            on=["haplotype", "population"],
            how="left",
            maintain_order="left",
        )
        return joined.with_columns(pl.col("standard_error").fill_null(0.0))
