"""Imputation and match prediction against the exact oracle of `tests.oracle.probability`."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.genotypes import diplotypes, genotype_distribution
from hla_match.imputation.imputed_registry import ImputedRegistry, impute, impute_listed
from hla_match.imputation.panels import FallbackLevel, build_panels
from hla_match.imputation.typing_membership import typing_membership
from hla_match.prediction import few_genotypes
from hla_match.prediction.pair_prediction import PairPredictor
from hla_match.prediction.patient_imputation import PatientImputer
from hla_match.prediction.predictor import PatientPredictor
from hla_match.prediction.scope import PredictionScope
from hla_match.typings.encoding import typing_table
from tests import strategies
from tests.examples import examples
from tests.oracle import probability as oracle
from tests.oracle.matching import NULL

NAME = (NULL, "NEW", *strategies.NAMES)


def coded(typing):
    return tuple(strategies.coded_typing(typing))


def as_frequencies(loci, *populations, named=True):
    """The product's set of one or several populations, each a dictionary of the oracle."""
    every = sorted({haplotype for population in populations for haplotype in population})
    return HaplotypeFrequencies(
        name="drawn",
        loci=loci,
        allele=np.array([[strategies.code(name) for name in haplotype] for haplotype in every], np.int32),
        populations=tuple("XYZ"[: len(populations)]) if named else ("",),
        frequency=np.array([[float(one.get(haplotype, 0)) for haplotype in every] for one in populations]),
        unmapped=(),
        unmapped_mass=np.zeros(len(populations)),
        checksum="",
    )


def pooled(populations):
    """The oracle's frequencies of the registry: each population scaled to 1 and counted alike."""
    found = {}
    for population in populations:
        total = sum(population.values())
        for haplotype, frequency in population.items():
            found[haplotype] = found.get(haplotype, Fraction(0)) + frequency / total / len(populations)
    return found


def imputed(panels, tables, persons, rows):
    typing = np.array([[1 + i if persons[i][locus] else 0 for i in range(len(persons))] for locus in panels.loci])
    return impute(typing.astype(np.int32), np.array(rows, np.int16), panels, typing_membership(panels, tables))


@st.composite
def cases(draw):
    chosen = draw(strategies.panel_loci())
    loci = tuple(locus for locus in strategies.LOCI if locus in chosen)
    populations = [draw(strategies.frequency_sets(loci)) for _ in range(draw(st.integers(1, 2)))]
    everywhere = draw(st.none() | strategies.frequency_sets(loci))
    source = populations[0] | (everywhere or {})
    patient = draw(strategies.carried_persons(loci, source))
    donors = [draw(strategies.carried_persons(loci, source)) for _ in range(draw(st.integers(1, 3)))]
    homes = [draw(st.integers(0, len(populations))) for _ in range(len(donors) + 1)]
    return loci, populations, everywhere, patient, donors, homes, draw(strategies.scopes_of(strategies.LOCI))


def chain(populations, everywhere, home):
    steps = [("own", populations[home])] if home < len(populations) else []
    steps.append(("registry", pooled(populations)))
    return steps + ([("global", everywhere)] if everywhere is not None else [])


def set_up(case):
    loci, populations, everywhere, patient, donors, homes, _ = case
    blocks = [tuple(locus for locus in block if locus in loci) for block in oracle.BLOCKS]
    blocks = [block for block in blocks if block]
    tables = {locus: typing_table([(), *(coded(donor[locus]) for donor in donors)]) for locus in strategies.LOCI}
    panels = build_panels(
        as_frequencies(loci, *populations), tables, None if everywhere is None else as_frequencies(loci, everywhere)
    )
    registry = ImputedRegistry(panels, imputed(panels, tables, donors, homes[1:]))
    carried = {locus: coded(typing) for locus, typing in patient.items() if typing}
    name = panels.populations[homes[0]] if homes[0] < len(populations) else None
    return blocks, registry, PatientImputer(panels).impute(carried, name)


def predictor(patient, registry, loci, null_rule="consensus"):
    return PatientPredictor(patient, registry, PredictionScope(registry.panels, loci, null_rule))


def matches(patient, donor, scope, loci, null_rule):
    """The oracle's distribution of matches; None where a person is not explained, or a genotype would have to be."""
    if patient is None or donor is None:
        return None
    strict = scope if null_rule == "strict" else ()
    uncovered = [locus for locus in scope if locus not in loci]
    return oracle.match_distribution(patient, donor, scope, strict=strict, uncovered=uncovered)


@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
@pytest.mark.parametrize("few", [0, 8], ids=["locus by locus", "genotype by genotype"])
@given(case=cases())
@examples(400)
def test_predictions_are_the_oracles(few, null_rule, case):
    loci, populations, everywhere, patient, donors, homes, scope = case
    blocks, registry, of_patient = set_up(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_genotypes, "FEW_GENOTYPES", few)
        prepared = predictor(of_patient, registry, scope, null_rule)
    found = prepared.predict(np.arange(len(donors), dtype=np.uint32))
    if prepared.bounds_pay:
        # Asking for bounds, or for donors one by one, changes nothing.
        bound = prepared.bounds(np.arange(len(donors), dtype=np.uint32))
        for i in range(len(donors)):
            alone = prepared.predict(np.array([i], np.uint32))
            assert np.array_equal(alone.mismatches[0], found.mismatches[i], equal_nan=True)
        assert np.array_equal(np.isnan(bound[:, 0]), np.isnan(found.mismatches[:, 0]))
        known = ~np.isnan(bound[:, 0])
        assert (np.cumsum(found.mismatches[known], axis=1) <= bound[known] + 1e-12).all()
    patient_dist, patient_step = oracle.scope_distribution(
        patient, scope, loci, chain(populations, everywhere, homes[0]), blocks
    )
    for i, donor in enumerate(donors):
        donor_dist, step = oracle.scope_distribution(
            donor, scope, loci, chain(populations, everywhere, homes[1 + i]), blocks
        )
        wanted = matches(patient_dist, donor_dist, scope, loci, null_rule)
        if wanted is None:
            assert np.isnan(found.mismatches[i]).all()
            assert np.isnan(found.p_both[i]).all()
            assert found.why_missing()[i]
            continue
        assert found.why_missing()[i] is None
        assert found.cut[i] < 1e-12
        exact = [float(p) for p in wanted["p"][:5]]
        assert found.mismatches[i] == pytest.approx(exact + [0.0] * (5 - len(exact)), abs=1e-9)
        assert found.p_both[i] == pytest.approx([float(wanted["two"][locus]) for locus in scope], abs=1e-9)
        assert found.p_one[i] == pytest.approx([float(wanted["one"][locus]) for locus in scope], abs=1e-9)
        if wanted["where"] is not None:
            where = [float(wanted["where"][locus]) for locus in scope]
            assert found.p_only_mismatch[i] == pytest.approx(where, abs=1e-9)
        if set(scope) == set(strategies.LOCI):
            assert str(FallbackLevel(int(found.fallback[i]))) == max(step, patient_step, key=oracle.STEPS.index)


@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
@given(case=cases())
@examples(200)
def test_pairs_of_all_persons_are_the_oracles(null_rule, case):
    loci, populations, everywhere, _, persons, homes, scope = case
    blocks, registry, _ = set_up(case)
    found, first_listed, second_listed = PairPredictor(PredictionScope(registry.panels, scope, null_rule)).predict(
        registry.donors, registry.donors, registry.donors.person
    )
    assert np.array_equal(first_listed, second_listed)
    exact = [
        oracle.scope_distribution(person, scope, loci, chain(populations, everywhere, home), blocks)[0]
        for person, home in zip(persons, homes[1:], strict=True)
    ]
    for i, first in enumerate(exact):
        for j, second in enumerate(exact):
            if not (first_listed[i] and first_listed[j]):
                assert np.isnan(found[i, j]).all()
                continue
            wanted = [float(p) for p in matches(first, second, scope, loci, null_rule)["p"][:5]]
            assert found[i, j] == pytest.approx(wanted + [0.0] * (5 - len(wanted)), abs=1e-9)
        # Whom the frequencies explain, or a typing that leaves no choice, is listed.
        stated = [oracle.stated_genotypes(persons[i][locus]) for locus in scope if locus not in loci]
        assert first_listed[i] or first is None or max(map(len, stated), default=0) > 1


@given(case=cases())
@examples(300)
def test_diplotypes_and_genotypes_are_the_oracles(case):
    loci, populations, everywhere, _, donors, homes, scope = case
    blocks, registry, _ = set_up(case)
    for i, donor in enumerate(donors):
        links = chain(populations, everywhere, homes[1 + i])
        by_all = next((found for _, one in links if (found := oracle.diplotypes(one, loci, donor))), None)
        parts = diplotypes(registry.donors, registry.panels, i)
        if by_all is not None:
            part = next(part for part in parts if part.loci == loci)
            total = sum(by_all.values())
            wanted = {tuple(sorted(pair)): float(weight / total) for pair, weight in by_all.items()}
            listed = {
                tuple(sorted(tuple(NAME[code] for code in haplotype) for haplotype in pair)): probability
                for pair, probability in zip(part.haplotype.tolist(), part.probability.tolist(), strict=True)
            }
            assert listed == pytest.approx(wanted, abs=1e-9)
            assert part.cut == pytest.approx(0, abs=1e-12)
        assert all((np.diff(part.probability) <= 1e-15).all() for part in parts)
        genotypes = genotype_distribution(registry.donors, registry.panels, i, scope, keep_nulls=True)
        dist, _ = oracle.scope_distribution(donor, scope, loci, links, blocks)
        if dist is None:
            assert genotypes.missing
            continue
        found = {
            tuple(tuple(sorted(NAME[code] for code in pair)) for pair in genotype): probability
            for genotype, probability in zip(genotypes.allele.tolist(), genotypes.probability.tolist(), strict=True)
        }
        assert len(found) == genotypes.probability.size
        assert found == pytest.approx({genotype: float(p) for genotype, p in dist.items()}, abs=1e-9)


@given(case=cases())
@examples(150)
def test_a_patient_is_imputed_as_a_person_of_a_list(case):
    _, _, _, patient, donors, homes, _ = case
    _, registry, _ = set_up(case)
    panels = registry.panels
    imputer = PatientImputer(panels)
    # What is kept of the first person's typings does not change what the others are.
    for person, home in zip([patient, *donors, patient], [*homes, homes[0]], strict=True):
        alternatives = {locus: coded(typing) for locus, typing in person.items() if typing}
        name = panels.populations[home] if home < len(panels.populations) else None
        listed = impute_listed(panels, [alternatives], [name])
        found = imputer.impute(alternatives, name).imputation
        assert found.person.tolist() == [0]
        for wanted, own in zip(listed.classes, found.classes, strict=True):
            assert wanted.dtype == own.dtype
            assert wanted.tolist() == own.tolist()


def swapped(person):
    """The person with the two sides of every alternative exchanged."""
    return {locus: typing and [(second, first) for first, second in typing] for locus, typing in person.items()}


@given(case=cases())
@examples(150)
def test_swapping_sides_or_persons_changes_nothing(case):
    loci, populations, everywhere, patient, donors, homes, scope = case
    donors, homes = donors[:1], homes[:2]
    mirrored = (loci, populations, everywhere, swapped(patient), [swapped(donors[0])], homes, scope)
    exchanged = (loci, populations, everywhere, donors[0], [patient], homes[::-1], scope)
    results = []
    for one in ((loci, populations, everywhere, patient, donors, homes, scope), mirrored, exchanged):
        _, registry, of_patient = set_up(one)
        results.append(predictor(of_patient, registry, scope).predict(np.zeros(1, np.uint32)))
    for other in results[1:]:
        np.testing.assert_allclose(results[0].mismatches, other.mismatches, atol=1e-12)
        np.testing.assert_allclose(results[0].p_both, other.p_both, atol=1e-12)
        np.testing.assert_allclose(results[0].p_only_mismatch, other.p_only_mismatch, atol=1e-9)


@given(case=cases(), scope=strategies.scopes_of(strategies.LOCI))
@examples(150)
def test_loci_agree_with_the_joint_distribution(case, scope):
    _, registry, of_patient = set_up(case)
    found = predictor(of_patient, registry, scope[:2]).predict(np.zeros(1, np.uint32))
    if np.isnan(found.mismatches).any():
        return
    expected = float(found.mismatches[0] @ np.arange(5))
    of_loci = float((2 - 2 * found.p_both - found.p_one).sum())
    assert found.mismatches.sum() == pytest.approx(1, abs=1e-9)
    assert of_loci == pytest.approx(expected, abs=1e-9)
