"""What is cut of a patient with more alleles than labels: by hand, where one allele of seven at A gets no label."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation.panels import build_panels
from hla_match.kernels.schema.haplotypes import HaplotypeClasses
from hla_match.prediction import packed_genotypes
from hla_match.prediction.packed_genotypes import PackedGenotypes, pack_genotypes
from hla_match.prediction.patient_imputation import PatientImputer
from hla_match.prediction.scope import PredictionScope
from hla_match.typings.encoding import Side, typing_table

LOCI = ("A", "B")
ONE, OTHER = Side((2,)), Side((3,))
EITHER = Side((2, 3))
SHORT_WORD = 5
"""Bits for two alleles at B, and for six at A."""


def patient_of(b: tuple[Side, Side], last: tuple[float, float]) -> tuple[PredictionScope, HaplotypeClasses]:
    """A patient typed at B alone, under haplotypes of two alleles there, each with seven at A, the last so frequent."""
    frequency = np.array([[0.2, 0.1, 0.1, 0.04, 0.03, 0.02, last[0]], [0.1, 0.2, 0.05, 0.04, 0.04, 0.04, last[1]]])
    allele = np.array([(at_a, at_b) for at_b, at_a in product((2, 3), range(2, 9))], np.int32)
    frequencies = HaplotypeFrequencies("fourteen", LOCI, allele, ("",), frequency.reshape(1, -1), (), np.zeros(1), "")
    panels = build_panels(frequencies, {locus: typing_table([()]) for locus in LOCI})
    return PredictionScope(panels, LOCI), PatientImputer(panels).impute({"B": (b,)}).imputation.classes


def packed(monkeypatch: pytest.MonkeyPatch, scope: PredictionScope, patient: HaplotypeClasses) -> PackedGenotypes:
    assert pack_genotypes(scope, patient, {}).cut == 0.0
    monkeypatch.setattr(packed_genotypes, "WORD_BITS", SHORT_WORD)
    return pack_genotypes(scope, patient, {})


@pytest.mark.parametrize(
    ("b", "kept"),
    [
        ((ONE, ONE), 0.98 * 0.98),
        ((OTHER, OTHER), 0.94 * 0.94),
        ((ONE, OTHER), 0.98 * 0.94),
        # Any of the three genotypes.
        ((EITHER, EITHER), 0.96 * 0.96),
    ],
    ids=["one", "other", "both", "open"],
)
def test_what_has_an_allele_without_a_label_is_cut(
    monkeypatch: pytest.MonkeyPatch, b: tuple[Side, Side], kept: float
) -> None:
    # Of the haplotypes of either allele at B, a half in all, so much is left without the last allele at A.
    found = packed(monkeypatch, *patient_of(b, (0.01, 0.03)))
    assert found.cut == pytest.approx(1 - kept, abs=1e-12)
    assert found.patient.word.size == 6 * (1 if len({*b}) == 1 and b[0] is not EITHER else 2)


@pytest.mark.parametrize("b", [(ONE, ONE), (ONE, OTHER)], ids=["one", "both"])
def test_a_cut_is_never_below_nothing(monkeypatch: pytest.MonkeyPatch, b: tuple[Side, Side]) -> None:
    # Nearly nothing is cut, of a weight that was rounded downwards when its haplotypes were added up.
    scope, patient = patient_of(b, (1e-18, 1e-18))
    found = packed(monkeypatch, scope, patient._replace(part_mass=patient.part_mass * (1 - 1e-12)))
    assert found.patient.word.size < patient.member.size
    assert found.cut == 0.0
