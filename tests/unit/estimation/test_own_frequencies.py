"""A registry's own frequencies: of which loci they are, when typings say enough, and which donors they are from."""

from __future__ import annotations

import datetime
from collections import Counter

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.estimation import own_frequencies
from hla_match.estimation.estimate import estimate_frequencies
from hla_match.estimation.own_frequencies import OwnLoci, estimate_own_frequencies, informative_donors, own_loci
from hla_match.estimation.sample import draw_sample
from hla_match.estimation.settings import EstimationSettings
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import volunteers

NOMENCLATURE = Nomenclature.builtin()
N_DONORS = 300


@pytest.fixture(scope="module")
def registry() -> Registry:
    donors, _ = volunteers(N_DONORS, seed=5, as_of=datetime.date(2026, 1, 1))
    found, unreadable = build_registry(
        donors.rename({"donor_id": "person_id"}), NOMENCLATURE, name="some", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return found


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 20)


def test_too_few_donors_have_no_frequencies(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_loci(registry) == OwnLoci((), ())
    n_enough = informative_donors(draw_sample(registry, own_frequencies.WHOLE))
    assert 20 < n_enough < N_DONORS
    for least, is_enough in ((n_enough, True), (n_enough + 1, False)):
        monkeypatch.setattr(own_frequencies, "LEAST_DONORS", least)
        # DPB1 is typed by fewer, and need not be.
        assert set(own_loci(registry).whole) >= {"A", "B", "DRB1"}
        monkeypatch.setattr(own_frequencies, "own_loci", lambda _: OwnLoci(own_frequencies.WHOLE, ()))
        if is_enough:
            assert estimate_own_frequencies(registry).loci == ("A", "B", "C", "DRB1", "DQB1")
        else:
            with pytest.raises(CriteriaError, match=f"found '{n_enough} whose typings leave few") as caught:
                estimate_own_frequencies(registry)
            assert caught.value.code == ErrorCode.ESTIMATION_DONORS
        monkeypatch.undo()


def test_loci_are_those_at_which_enough_donors_are_typed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {locus: int(np.count_nonzero(registry.donor_typing[row])) for row, locus in enumerate(registry.loci)}
    assert typed["DPB1"] < typed["DQB1"] < typed["C"] < typed["DRB1"] < N_DONORS
    for least, loci in (
        (typed["DPB1"], OwnLoci(("A", "B", "C", "DRB1", "DQB1"), ("DPB1",))),
        (typed["DPB1"] + 1, OwnLoci(("A", "B", "C", "DRB1", "DQB1"), ())),
        (typed["C"] + 1, OwnLoci(("A", "B", "DRB1"), ())),
    ):
        monkeypatch.setattr(own_frequencies, "LEAST_DONORS", least)
        assert own_loci(registry) == loci
    assert own_loci(registry).lacking(("A", "C", "DRB345", "DQB1")) == ("C", "DQB1")


@pytest.mark.usefixtures("few")
def test_they_are_those_of_an_estimation_whatever_the_threads(registry: Registry) -> None:
    found = [estimate_own_frequencies(registry, name="own", workers=workers) for workers in (1, 2)]
    assert found[0].content == found[1].content == found[0].checksum
    settings = EstimationSettings(tolerance=own_frequencies.TOLERANCE)
    wanted = estimate_frequencies(registry, own_frequencies.WHOLE, settings=settings).frequencies
    assert np.array_equal(found[0].allele, wanted.allele)
    assert np.array_equal(found[0].frequency, wanted.frequency)
    assert found[0].frequency.sum() == pytest.approx(1.0)
    assert (found[0].name, found[0].covered_loci) == ("own", ("A", "B", "C", "DRB1", "DQB1", "DPB1"))


def test_the_locus_apart_is_counted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 3)
    typed = [("02:01", "05:01"), ("05:01", "05:01"), ("04:01", "05:01")]
    persons = pl.DataFrame(
        {
            "person_id": ["D1", "D2", "D3", "D4"],
            "A_1": ["01:01", "02:01", "01:01", "02:01"],
            "A_2": ["01:01", "02:01", "01:01", "02:01"],
            "DPB1_1": [*(one for one, _ in typed), None],
            "DPB1_2": [*(other for _, other in typed), None],
        }
    )
    registry, _ = build_registry(persons, NOMENCLATURE, name="four", provenance={})
    found = estimate_own_frequencies(registry)
    assert found.loci == ("A",)
    assert found.apart is not None
    shares = dict(found.apart.to_polars(NOMENCLATURE).select("haplotype", "frequency").rows())
    counted = Counter(one for pair in typed for one in pair)
    assert shares == pytest.approx(
        {f"DPB1*{NOMENCLATURE.p_groups('DPB1')[_row(name)]}": number / 6 for name, number in counted.items()}
    )


def _row(name: str) -> int:
    return NOMENCLATURE.expand("DPB1", name).p_codes[0]


def test_of_many_donors_some_are_drawn_evenly(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 5)
    monkeypatch.setattr(own_frequencies, "MOST_DONORS", 120)
    found = estimate_own_frequencies(registry)
    part = registry.take(np.arange(0, N_DONORS, 3))
    monkeypatch.setattr(own_frequencies, "MOST_DONORS", N_DONORS)
    assert found.content == estimate_own_frequencies(part).content
    assert found.content != estimate_own_frequencies(registry).content


def test_who_says_enough_leaves_few_haplotypes_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """As counted by hand: alleles of a locus that a typing names, those of everybody where there is none."""
    monkeypatch.setattr("hla_match.estimation.support.CONTRIBUTION", 8)
    persons = pl.DataFrame(
        [
            ("D1", "01:01", "02:01", "07:02", "08:01"),  # 2 x 2 haplotypes
            ("D2", "01:01", "02:01", "07:02/08:01", "13:01/40:01"),  # 2 x 4
            ("D3", "01:01", "02:01", None, None),  # 2 x all four
            ("D4", "01:01", "02:01/03:01", "07:02/08:01", "13:01/40:01"),  # 3 x 4
            ("D5", "03:01", "03:01", None, None),  # 1 x all four
            ("D6", "NEW", "03:01", "07:02", "08:01"),  # cannot take part
        ],
        schema=["person_id", "A_1", "A_2", "B_1", "B_2"],
        orient="row",
    )
    registry, unreadable = build_registry(persons, NOMENCLATURE, name="six", provenance={})
    assert not unreadable
    assert informative_donors(draw_sample(registry, ("A", "B"))) == 4
