"""Haplotype frequencies from a registry's own typings, of any resolution, by expectation-maximisation.

`hla_match.estimation.support` chooses the haplotypes, `hla_match.estimation.expectation_maximisation` iterates over
them; here both are done for each population, and the quality of the result is reported. Expected counts are in copies:
a frequency times 2n, so that one copy is the frequency 1/(2n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.estimation.effective_sample_size import effective_sample_size
from hla_match.estimation.estimated_frequencies import Estimation, Iteration, PopulationEstimate, Progress
from hla_match.estimation.expectation_maximisation import ExplainedSample, Maximum, OnIteration, maximise, worth_keeping
from hla_match.estimation.hardy_weinberg import hardy_weinberg
from hla_match.estimation.sample import Sample, draw_sample
from hla_match.estimation.settings import EstimationSettings
from hla_match.estimation.support import choose_support
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, merge_haplotypes
from hla_match.loci import LOCI
from hla_match.nomenclature.identity import NomenclatureIdentity


@dataclass(frozen=True, slots=True)
class _Result:
    allele: NDArray[np.int32]
    frequency: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    report: PopulationEstimate


def estimate_frequencies(
    registry: Registry,
    loci: Sequence[str],
    *,
    populations: Sequence[str] | None = None,
    name: str = "",
    start: HaplotypeFrequencies | None = None,
    settings: EstimationSettings | None = None,
    on_iteration: Progress | None = None,
) -> Estimation:
    """Estimate haplotype frequencies from the typings of all donors of a registry.

    Args:
        registry: the donors.
        loci: the loci of the haplotypes, in any order.
        populations: values of the donors' attribute `population`, each to be estimated by itself; without them all
            donors are one population.
        name: what results call the set; by default that of the registry.
        start: frequencies to start from, over these loci or more; their haplotypes join the support.
        settings: how it is done.
        on_iteration: is called after every iteration.

    Raises:
        CriteriaError: a locus, population or number that cannot be, a start that is coded by another nomenclature than
            the registry's, or no donor to estimate from.

    >>> import polars as pl
    >>> from hla_match.donors.registry import build_registry
    >>> from hla_match.nomenclature.release import Nomenclature
    >>> typings = [["01:01", "02:01", "08:01", "07:02"], ["01:01", "01:01", "08:01", "08:01"]]
    >>> donors = pl.DataFrame(typings, schema=["A_1", "A_2", "B_1", "B_2"], orient="row")
    >>> donors = donors.with_columns(person_id=pl.Series(["D1", "D2"]))
    >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="two", provenance={})
    >>> found = estimate_frequencies(registry, ["A", "B"], settings=EstimationSettings(tolerance=1e-9))
    >>> found.frequencies.frequency.round(3).tolist(), found.populations[0].converged
    ([[0.75, 0.25]], True)
    """
    settings = settings if settings is not None else EstimationSettings()
    chosen = _check(registry, loci, populations, start)
    results = []
    for population in populations or ("",):
        persons = None
        if populations is not None:
            persons = np.flatnonzero((registry.attributes["population"] == population).fill_null(False).to_numpy())
        sample = draw_sample(registry, chosen, persons)
        results.append(_estimate(sample, population, _start_of(start, chosen, population), settings, on_iteration))
    return _joined(
        results,
        name or registry.name,
        chosen,
        tuple(populations or ("",)),
        registry.nomenclature.identity,
        with_errors=settings.bootstrap > 0,
    )


def _check(
    registry: Registry,
    loci: Sequence[str],
    populations: Sequence[str] | None,
    start: HaplotypeFrequencies | None,
) -> tuple[str, ...]:
    """Return the loci in order."""
    if not loci or not set(loci) <= set(registry.loci):
        raise CriteriaError("loci", found=",".join(loci), expected=f"some of {','.join(registry.loci)}")
    if start is not None:
        start.check_coded_by(registry.nomenclature, "start")
    if start is not None and not set(loci) <= set(start.loci):
        raise CriteriaError("start", found=f"haplotypes over {','.join(start.loci)}", expected=",".join(loci))
    if populations is not None:
        column = registry.attributes.get_column("population", default=None)
        known = sorted(column.drop_nulls().unique()) if column is not None else []
        if not populations or not set(populations) <= set(known):
            raise CriteriaError(
                "populations",
                found=",".join(populations),
                expected=f"some of {', '.join(known) or '(none is known)'}",
                code=ErrorCode.CRITERIA_UNKNOWN,
            )
    return tuple(locus for locus in LOCI if locus in loci)


def _joined(
    results: Sequence[_Result],
    name: str,
    loci: tuple[str, ...],
    populations: tuple[str, ...],
    coded_by: NomenclatureIdentity,
    *,
    with_errors: bool,
) -> Estimation:
    """Return the estimates of all populations as one set of haplotypes."""
    n_populations = len(results)
    rows = np.zeros((2 * n_populations, sum(result.frequency.size for result in results)))
    at = 0
    for number, result in enumerate(results):
        rows[number, at : at + result.frequency.size] = result.frequency
        rows[n_populations + number, at : at + result.frequency.size] = result.standard_error
        at += result.frequency.size
    allele, merged = merge_haplotypes(np.concatenate([result.allele for result in results]), rows)
    frequencies = HaplotypeFrequencies(
        name=name,
        loci=loci,
        allele=allele,
        populations=populations,
        frequency=merged[:n_populations],
        unmapped=(),
        unmapped_mass=np.zeros(n_populations),
        checksum="",
        coded_by=coded_by,
    )
    return Estimation(
        frequencies, tuple(result.report for result in results), merged[n_populations:] if with_errors else None
    )


def _start_of(
    start: HaplotypeFrequencies | None, loci: tuple[str, ...], population: str
) -> tuple[NDArray[np.int32], NDArray[np.float64]] | None:
    """Return the haplotypes over some loci to start from: those of the population, else of all together."""
    if start is None:
        return None
    known = population in start.populations
    frequency = start.frequency[start.populations.index(population)] if known else start.pooled()
    allele, sums = merge_haplotypes(start.allele[:, [start.loci.index(locus) for locus in loci]], frequency[None, :])
    return allele[sums[0] > 0], sums[0][sums[0] > 0]


def _estimate(
    sample: Sample,
    population: str,
    start: tuple[NDArray[np.int32], NDArray[np.float64]] | None,
    settings: EstimationSettings,
    on_iteration: Progress | None,
) -> _Result:
    """Estimate one population."""

    def telling(stage: str) -> OnIteration | None:
        if on_iteration is None:
            return None
        return lambda number, log_likelihood, change: on_iteration(
            Iteration(population, stage, number, log_likelihood, change)
        )

    support = choose_support(sample, start=start, workers=settings.workers, on_iteration=telling("support"))
    explained = support.explained
    if not explained.weight.size:
        raise CriteriaError(
            "donors",
            found=f"{sample.n_persons} typed at these loci, of whom none can be explained",
            expected=f"typed donors{' of ' + population if population else ''} without NEW alleles",
            code=ErrorCode.ESTIMATION_DONORS,
        )
    maxima = [_run(explained, support.start, settings, telling("estimate"))]
    rng = np.random.default_rng(settings.seed)
    for number in range(settings.restarts):
        random = rng.standard_exponential(explained.n_haplotypes)
        maxima.append(_run(explained, random, settings, telling(f"restart {number + 1}")))
    best = max(maxima, key=lambda one: one.log_likelihood[-1])
    keep = worth_keeping(explained, best.frequency, settings.floor)
    kept = float(best.frequency[keep].sum())
    frequency = np.where(keep, best.frequency, 0.0) / kept
    error = np.zeros(explained.n_haplotypes)
    if settings.bootstrap:
        error = _bootstrap(explained, best.frequency, settings, rng, telling)
    report = PopulationEstimate(
        population=population,
        n_persons=int(explained.weight.sum()),
        n_new=sample.n_new,
        n_untyped=sample.n_untyped,
        n_unexplained=sample.n_persons - int(explained.weight.sum()),
        n_contributing=support.n_contributing,
        complete=support.complete,
        n_support=explained.n_haplotypes,
        n_haplotypes=int(keep.sum()),
        log_likelihood=best.log_likelihood,
        converged=best.converged,
        runs=tuple(one.log_likelihood[-1] for one in maxima),
        left_out=max(0.0, 1.0 - kept),
        effective_sample_size=effective_sample_size(explained, frequency),
        hardy_weinberg=hardy_weinberg(sample),
    )
    return _Result(support.allele[keep], frequency[keep], error[keep], report)


def _run(
    explained: ExplainedSample,
    start: NDArray[np.float64],
    settings: EstimationSettings,
    on_iteration: OnIteration | None,
) -> Maximum:
    return maximise(
        explained,
        start,
        tolerance=settings.tolerance,
        max_iterations=settings.max_iterations,
        workers=settings.workers,
        on_iteration=on_iteration,
    )


def _bootstrap(
    explained: ExplainedSample,
    frequency: NDArray[np.float64],
    settings: EstimationSettings,
    rng: np.random.Generator,
    telling: Callable[[str], OnIteration | None],
) -> NDArray[np.float64]:
    """Return (haplotypes,) standard errors from samples of persons drawn with replacement.

    Efron & Tibshirani, Statistical Science 1986;1:54, section 2.
    """
    n_persons = int(explained.weight.sum())
    mean, squares = np.zeros(frequency.size), np.zeros(frequency.size)
    for number in range(settings.bootstrap):
        weight = rng.multinomial(n_persons, explained.weight / n_persons).astype(np.float64)
        found = maximise(
            explained,
            frequency,
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            weight=weight,
            workers=settings.workers,
            on_iteration=telling(f"bootstrap {number + 1}"),
        ).frequency
        # Welford's running sums: the samples themselves need not be kept.
        difference = found - mean
        mean += difference / (number + 1)
        squares += difference * (found - mean)
    error: NDArray[np.float64] = np.sqrt(squares / max(1, settings.bootstrap - 1))
    return error
