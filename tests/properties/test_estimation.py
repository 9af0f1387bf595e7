"""Estimation of haplotype frequencies against the oracle of `tests.oracle.estimation`."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hla_match.estimation import support
from hla_match.estimation.expectation_maximisation import explain_sample, maximise, worth_keeping
from hla_match.estimation.sample import code_sample
from hla_match.typings.encoding import typing_table
from tests import strategies
from tests.examples import examples
from tests.oracle import estimation as oracle
from tests.oracle.matching import NEW, NULL
from tests.oracle.probability import diplotypes

NAME = (NULL, NEW, *strategies.NAMES)


def named(haplotypes):
    return [tuple(NAME[code] for code in haplotype) for haplotype in haplotypes.tolist()]


def coded(haplotypes):
    return np.array([[strategies.code(name) for name in haplotype] for haplotype in haplotypes], np.int32)


def without_new(typing):
    """The alternatives that named alleles can explain; None where not typed."""
    return typing and [pair for pair in typing if all(side - {NEW} for side in pair)]


def says_something(person, loci):
    """Whether some locus is typed, and every typed locus can be explained by named alleles."""
    typed = [person[locus] for locus in loci if person[locus]]
    return bool(typed) and all(without_new(typing) for typing in typed)


@st.composite
def samples(draw):
    drawn = draw(strategies.panel_loci())[:2]
    loci = tuple(locus for locus in strategies.LOCI if locus in drawn)
    frequencies = draw(strategies.frequency_sets(loci))
    persons = draw(st.lists(strategies.carried_persons(loci, frequencies), min_size=1, max_size=5))
    persons += draw(st.lists(st.sampled_from(persons), max_size=3))
    return loci, persons


def sample_of(loci, persons):
    tables = {
        locus: typing_table([(), *(tuple(strategies.coded_typing(person[locus])) for person in persons)])
        for locus in loci
    }
    typing = [[1 + i if person[locus] else 0 for i, person in enumerate(persons)] for locus in loci]
    return code_sample(loci, np.array(typing, np.int32), tables)


def counted(loci, persons):
    """The persons that count, and the alleles that they name."""
    persons = [person for person in persons if says_something(person, loci)]
    alleles = oracle.alleles_of([{locus: without_new(person[locus]) for locus in loci} for person in persons], loci)
    return persons, alleles


@given(samples())
@examples(100)
def test_the_support_is_all_that_persons_may_carry(case):
    loci, persons = case
    sample = sample_of(loci, persons)
    counting, alleles = counted(loci, persons)
    assert sample.n_persons == len(counting)
    assert sample.n_persons + sample.n_new + sample.n_untyped == len(persons)
    wanted = {one for person in counting for one in oracle.possible_haplotypes(person, loci, alleles)}
    found = named(support.allowed_haplotypes(sample, np.arange(sample.weight.size)))
    assert len(found) == len(set(found))
    assert set(found) == wanted


@given(samples(), st.integers(1, 6))
@examples(100)
def test_iterations_are_the_oracles(case, iterations):
    loci, persons = case
    sample = sample_of(loci, persons)
    counting, alleles = counted(loci, persons)
    assume(all(alleles.values()))
    chosen = support.choose_support(sample)
    assert chosen.complete
    found = maximise(chosen.explained, chosen.start, tolerance=-1.0, max_iterations=iterations)
    wanted, log_likelihoods = oracle.em(counting, loci, alleles=alleles, iterations=iterations)
    assert dict(zip(named(chosen.allele), found.frequency.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-8)
    assert found.log_likelihood == pytest.approx(log_likelihoods, abs=1e-8)


@given(samples(), st.data())
@examples(100)
def test_iterations_from_any_start_over_any_haplotypes_are_the_oracles(case, data):
    loci, persons = case
    counting, _ = counted(loci, persons)
    start = data.draw(strategies.frequency_sets(loci))
    explained = explain_sample(sample_of(loci, persons), coded(start), 1)
    wanted, log_likelihoods = oracle.em(counting, loci, support=start, start=start, iterations=3)
    assume(explained.weight.size)
    frequency = np.array([float(value) for value in start.values()])
    found = maximise(explained, frequency, tolerance=-1.0, max_iterations=3)
    assert dict(zip(start, found.frequency.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-8)
    assert found.log_likelihood == pytest.approx(log_likelihoods, abs=1e-8)


@given(samples())
@examples(100)
def test_weights_and_entropies_are_those_of_the_diplotypes(case):
    loci, persons = case
    _, alleles = counted(loci, persons)
    haplotypes = sorted({one for person in persons for one in oracle.possible_haplotypes(person, loci, alleles)})
    assume(haplotypes)
    frequency = {haplotype: (1 + i % 3) / 7 for i, haplotype in enumerate(haplotypes)}
    for person in persons:
        explained = explain_sample(sample_of(loci, [person]), coded(haplotypes), 1)
        pairs = diplotypes(frequency, loci, person)
        if not pairs or not says_something(person, loci):
            assert not explained.weight.size
            continue
        weight, entropy = explained.weigh(np.array(list(frequency.values())))
        total = math.fsum(pairs.values())
        assert weight[0] == pytest.approx(total)
        assert entropy[0] == pytest.approx(
            -math.fsum(p / total * math.log(p / total) for p in pairs.values()), abs=1e-9
        )


@given(samples(), st.floats(0, 3))
@examples(100)
def test_dropping_rare_haplotypes_leaves_nobody_unexplained(case, least):
    loci, persons = case
    sample = sample_of(loci, persons)
    assume(all(allowed[0] for allowed in sample.allowed))
    chosen = support.choose_support(sample)
    found = maximise(chosen.explained, chosen.start, tolerance=0.0, max_iterations=3)
    keep = worth_keeping(chosen.explained, found.frequency, least)
    after, _ = chosen.explained.weigh(np.where(keep, found.frequency, 0.0))
    assert (after > 0).all()
    common = found.frequency * chosen.explained.copies >= least
    assert keep[common & (found.frequency > 0)].all()


@given(samples(), st.integers(1, 20))
@examples(100)
def test_a_bounded_support_explains_all_that_the_full_one_does(case, contribution):
    loci, persons = case
    sample = sample_of(loci, persons)
    assume(all(allowed[0] for allowed in sample.allowed))
    full = support.choose_support(sample)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "FULL_ENTRIES", 0)
        patch.setattr(support, "CONTRIBUTION", contribution)
        bounded = support.choose_support(sample)
    assert not bounded.complete
    assert set(named(bounded.allele)) <= set(named(full.allele))
    assert bounded.explained.weight.sum() == full.explained.weight.sum() == sample.n_persons
    assert bounded.start.sum() == pytest.approx(1)
    found = maximise(bounded.explained, bounded.start, tolerance=0.0, max_iterations=5)
    assert all(after >= before - 1e-9 for before, after in pairwise(found.log_likelihood))
