"""Made-up donors of a search, as rankings see them and as the oracle of rankings does."""

import datetime
from types import SimpleNamespace

import numpy as np

from hla_match.choice.candidates import Candidates
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.attributes import values_of
from hla_match.kernels.codes import WORST
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.prediction import Prediction

TODAY = datetime.date(2026, 1, 1)


def seen_by_the_oracle(number, donor):
    """A donor as the oracle knows it."""
    seen = {**donor, "donor_id": f"D{number * 7 % 101:03}", "max_mismatches": 1}
    if donor["age"] is not None and donor["age"] < 16:
        seen["age"] = None
    known = donor["probability"]
    for mismatches, name in enumerate(("p0", "p0+p1")):
        percent = known["percents"][mismatches]
        if known["missing"] or (percent == 0 and known["cut"] >= 0.005):
            percent = None
        seen[name] = 0 if donor["mismatches"] > mismatches else percent
    return seen


class CountedPredictions:
    """Predictions of made-up probabilities, which count the donors that are predicted.

    Attributes:
        predicted: the donors predicted for the order of the list, whole predictions of its donors apart.
    """

    def __init__(self, donors, *, bounded):
        self._known = [donor["probability"] for donor in donors]
        self.predicted = []
        rows = np.arange(len(donors), dtype=np.uint32)
        self.lazy = LazyPredictions(rows, self._predict, self._bound if bounded else None, near_pays=True)

    def _predict(self, rows, most):
        known = [self._known[row] for row in rows]
        if most == 1:
            self.predicted.extend(rows.tolist())
        mismatches = np.zeros((len(known), 5))
        for at, one in enumerate(known):
            first, second = one["percents"]
            mismatches[at, :2] = (np.nan, np.nan) if one["missing"] else (first / 100, (second - first) / 100)
        cut = np.array([np.nan if one["missing"] else one["cut"] for one in known])
        loci = np.zeros((len(known), 1))
        return Prediction(
            ("A",), mismatches, loci, loci, loci, cut, 0.0, np.zeros(len(known), np.uint8),
            np.zeros(len(known), np.uint16), (), "made up",
        )  # fmt: skip

    def _bound(self, rows):
        known = [self._known[row] for row in rows]
        bound = [[(percent + one["slack"]) / 100 + one["cut"] for percent in one["percents"]] for one in known]
        return np.where(np.array([[one["missing"]] * 2 for one in known]), np.nan, np.array(bound))


def candidates_of(donors, predictions, *, cmv, abo):
    """The donors as a search finds them."""

    def coded(name):
        values = values_of(name)
        return np.array(
            [MISSING_CATEGORY if one[name] is None else values.index(one[name]) for one in donors], np.uint8
        )

    identifiers = [one["donor_id"] for one in map(seen_by_the_oracle, *zip(*enumerate(donors), strict=True))]
    rank = np.empty(len(donors), np.uint32)
    rank[np.argsort(identifiers)] = np.arange(len(donors), dtype=np.uint32)
    born = [0 if one["age"] is None else (2026 - one["age"]) * 10000 + 101 for one in donors]
    registry = SimpleNamespace(
        attribute_codes={
            "birth_date": np.array(born, np.int32),
            "cmv": coded("cmv"),
            "abo": coded("abo"),
            "sex": coded("sex"),
        },
        id_rank=rank,
    )
    rows = np.arange(len(donors))
    return Candidates(
        patient=Patient(typings={"A": ("01:01", "")}, cmv=cmv, abo=abo),
        criteria=SearchCriteria(scope="A", max_mismatches=1),
        loci={"A": worst_counts(donors)},
        registry=registry,
        donor=rows.astype(np.uint32),
        mismatches=np.array([one["mismatches"] for one in donors], np.uint8),
        certain=np.array([one["certain"] for one in donors]),
        as_of=TODAY,
        predictions=predictions,
        position=rows,
    )


def worst_counts(donors):
    """The comparison at the only locus in scope: a meaning a donor, whose worst count alone is asked for."""
    counts = np.zeros((6, len(donors)), np.uint8)
    counts[WORST] = [2 - one["worst"] for one in donors]
    return SimpleNamespace(counts=counts, meaning_of=lambda donor: donor.astype(np.int32))
