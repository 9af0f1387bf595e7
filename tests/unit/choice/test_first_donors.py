"""The head of a list, found without ranking everybody, is the head of the whole list."""

import datetime

import polars as pl
import pytest

from hla_match.choice import ranking
from hla_match.choice.policies import POLICIES, RankingPolicy
from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.prediction.predictor import PatientPredictor
from hla_match.searches.matcher import Matcher
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool, patients, volunteers

TODAY = datetime.date(2026, 1, 1)
LOCI = ("A", "C", "B", "DRB1", "DQB1")
SEARCHED = ("A", "B", "C", "DRB1", "DQB1")


@pytest.fixture(scope="module")
def matcher():
    nomenclature = Nomenclature.builtin()
    donors = volunteers(4000, seed=5, as_of=TODAY)[0].rename({"donor_id": "person_id"})
    registry, unreadable = build_registry(
        donors, nomenclature, name="head", provenance={"imported_on": TODAY.isoformat()}
    )
    assert not unreadable
    haplotypes, frequencies = haplotype_pool(POOL_SEED)
    rows = [(*names, "", share) for names, share in zip(haplotypes, frequencies.tolist(), strict=True)]
    table = pl.DataFrame(rows, schema=[*LOCI, "population", "frequency"], orient="row")
    return Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, nomenclature, name="pool")))


WANTED = (*(f"resolved {number}" for number in range(8)), *(f"first field {number}" for number in range(3)))
DAILY = ("resolved 0", "first field 0")
"""One of each kind; the others prove the same."""


@pytest.fixture(scope="module")
def wanted():
    """Patients as hospitals type them, and the same by first field: they have many more donors in question."""
    found = {}
    for number, row in enumerate(patients(8, seed=3, as_of=TODAY)[0].iter_rows(named=True)):
        texts = {locus: (row[f"{locus}_1"] or "", row[f"{locus}_2"] or "") for locus in SEARCHED}
        found[f"resolved {number}"] = {locus: pair for locus, pair in texts.items() if pair[0]}
        found[f"first field {number}"] = {
            locus: tuple(text and f"{text.partition(':')[0]}:XX" for text in texts[locus])
            for locus in ("A", "B", "DRB1")
        }
    return found


def own(*keys):
    """A policy of some keys, then the identifier."""
    return RankingPolicy.from_dict({"name": "own", "keys": [*keys, "donor_id"]})


# Keys whose values are costly at all positions.
OWN = {
    "age-first": own({"feature": "age", "bands": 10}, "p0", "p0+p1"),
    "percents-in-bands": own({"feature": "p0", "bands": 10}, "age", "p0"),
    "near-match-second": own("mismatches", "p0+p1", "age"),
    "unknown-first": own({"feature": "p0+p1", "unknown": "first"}, {"feature": "age", "direction": "descending"}),
}


@pytest.mark.parametrize("policy", [*POLICIES.values(), *OWN.values()], ids=[*POLICIES, *OWN])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in DAILY else pytest.mark.exhaustive) for name in WANTED]
)
def test_a_limit_cuts_the_whole_list(matcher, wanted, name, policy):
    patient = Patient(typings=wanted[name], cmv="P", abo="A")
    for mismatches in (0, 2):
        criteria = SearchCriteria(max_mismatches=mismatches)
        whole = matcher.search(patient, criteria, policy=policy)
        frame = whole.to_polars()
        for limit in (1, 3, 10, 100):
            head = matcher.search(patient, criteria.model_copy(update={"limit": limit}), policy=policy)
            assert head.n_found == whole.n_found
            assert head.to_polars().equals(frame.head(limit))
            for one, other in zip(head.key_columns, whole.key_columns, strict=True):
                assert one.tolist() == other[:limit].tolist()


@pytest.mark.parametrize("policy", ["age-first", "percents-in-bands", "near-match-second"])
def test_bounds_spare_predictions_for_any_policy(matcher, wanted, monkeypatch, policy):
    predicted = []
    predict = PatientPredictor.predict

    def noting(self, donor, *, most):
        predicted.extend(donor.tolist())
        return predict(self, donor, most=most)

    monkeypatch.setattr(PatientPredictor, "predict", noting)
    monkeypatch.setattr(ranking, "_MIN_BLOCK", 4)
    typings = wanted["first field 0"]
    criteria = SearchCriteria(max_mismatches=2, limit=3)
    found = matcher.search(Patient(typings=typings), criteria, policy=OWN[policy])
    # Whole predictions of the donors of the list, and blocks of the others.
    assert len(found) == 3 < found.n_found
    assert len(predicted) < found.n_found / 3


def test_no_donor_is_bounded_twice(matcher, wanted, monkeypatch):
    asked = []
    bounds = PatientPredictor.bounds

    def noting(self, donor):
        asked.extend(donor.tolist())
        return bounds(self, donor)

    monkeypatch.setattr(PatientPredictor, "bounds", noting)
    typings = wanted["first field 0"]
    matcher.search(Patient(typings=typings), SearchCriteria(max_mismatches=2, limit=3))
    assert asked
    assert len(asked) == len(set(asked))
