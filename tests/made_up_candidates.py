"""Made-up donors of a search, as rankings see them and as the oracle of rankings does."""

import datetime
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import numpy as np
import polars as pl

from hla_match.choice import mismatch_features
from hla_match.choice.candidates import Candidates
from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.attributes import values_of
from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.immunogenetics.permissive_c import NOT_KNOWN
from hla_match.kernels.codes import BEST, GRADE_A, GRADE_M, GVH_BEST, HVG_BEST, WORST
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.prediction.lazy_predictions import LazyPredictions
from hla_match.prediction.prediction import Prediction
from tests.oracle import ranking as oracle

WEIGHT = 50
TODAY = datetime.date(2026, 1, 1)


def seen_by_the_oracle(number, donor, most=1):
    """A donor as the oracle knows it."""
    seen = {
        **donor,
        "antigen_mismatches": donor["antigens"],
        "donor_id": f"D{number * 7 % 101:03}",
        "max_mismatches": most,
    }
    if donor["age"] is not None and donor["age"] < 16:
        seen["age"] = None
    # Nobody is typed at B and DRB1, and the antigens of A alone can mismatch.
    seen["cord_match"], seen["cord_match_8"] = 6 - donor["antigens"], 8 - donor["at_a"] - donor["at_c"]
    seen["tnc_per_kg"] = None if donor["tnc"] is None else oracle.tenths_per_kg(donor["tnc"], WEIGHT)
    seen["cd34_per_kg"] = None if donor["cd34"] is None else oracle.tenths_per_kg(10 * donor["cd34"], WEIGHT)
    known = donor["probability"]
    for name, mismatches in (("p0", 0), ("p0+p1", 1), ("p_asked", most)):
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
            parts = np.diff(one["percents"], prepend=0) / 100
            mismatches[at, : parts.size] = np.nan if one["missing"] else parts
        cut = np.array([np.nan if one["missing"] else one["cut"] for one in known])
        loci = np.zeros((len(known), 1))
        return Prediction(
            ("A",), mismatches, loci, loci, loci, cut, 0.0, np.zeros(len(known), np.uint8),
            np.zeros(len(known), np.uint16), (), "made up",
        )  # fmt: skip

    def _bound(self, rows):
        known = [self._known[row] for row in rows]
        # Beyond the numbers of mismatches that are known none is more probable.
        percents = [(*one["percents"], *[one["percents"][-1]] * 5)[:5] for one in known]
        bound = [
            [(percent + one["slack"]) / 100 + one["cut"] for percent in of_donor]
            for one, of_donor in zip(known, percents, strict=True)
        ]
        return np.where(np.array([[one["missing"]] * 5 for one in known]), np.nan, np.array(bound))


def candidates_of(donors, predictions, *, cmv, abo, most=1):
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
        donor_attributes=DonorAttributes(
            (
                pl.DataFrame(
                    {"tnc_e7": [one["tnc"] for one in donors], "cd34_e6": [one["cd34"] for one in donors]},
                    {"tnc_e7": pl.Float32, "cd34_e6": pl.Float32},
                ),
            )
        ),
    )
    rows = np.arange(len(donors))
    return Candidates(
        patient=Patient(typings={"A": ("01:01", "")}, cmv=cmv, abo=abo, weight_kg=WEIGHT),
        criteria=SearchCriteria(scope="A,C", max_mismatches=most),
        loci=compared(donors),
        registry=registry,
        donor=rows.astype(np.uint32),
        mismatches=np.array([one["mismatches"] for one in donors], np.uint8),
        certain=np.array([one["certain"] for one in donors]),
        as_of=TODAY,
        predictions=predictions,
        position=rows,
    )


def compared(donors):
    """The comparisons at A, C and DPB1, with an expanded typing a donor; `made_up_facts` says what is permissive."""
    n = len(donors)

    def result(**rows):
        counts = np.zeros((6, n), np.uint8)
        counts[[BEST, WORST]] = 2
        for row, values in rows.items():
            counts[ROWS[row]] = values
        antigens = np.array([one["antigens"] for one in donors], np.int64)
        grades = np.where(np.arange(2)[:, None] < antigens, GRADE_M, GRADE_A).astype(np.uint8)
        return SimpleNamespace(
            counts=counts,
            expanded_typing_of=lambda donor: donor.astype(np.int32),
            grades=lambda expanded_typing: grades[:, expanded_typing],
        )

    loci = {
        "A": result(
            best=[2 - one["at_a"] for one in donors],
            worst=[max(0, 2 - one["worst"]) for one in donors],
            gvh=[one["gvh"] for one in donors],
            hvg=[one["hvg"] for one in donors],
        ),
        "C": result(best=[2 - one["at_c"] for one in donors], worst=[2 - max(0, one["worst"] - 2) for one in donors]),
        "DPB1": result(),
    }
    loci["C"].grades = lambda expanded_typing: np.full((2, expanded_typing.size), GRADE_A, np.uint8)
    permissive = [NOT_KNOWN if one["permissive"] is None else one["permissive"] for one in donors]
    loci["C"].permissive = np.array(permissive, np.int8)
    loci["DPB1"].tce = np.array([one["tce"] for one in donors], np.int8)
    return loci


ROWS = {"best": BEST, "worst": WORST, "gvh": GVH_BEST, "hvg": HVG_BEST}

KINDS = {"at_a": 0, "at_c": 0, "permissive": 0, "antigens": 0, "gvh": 0, "hvg": 0, "tce": 0, "tnc": None, "cd34": None}
"""What there is of the mismatches of a donor who has none."""


@contextmanager
def made_up_facts():
    """Take what is permissive from made-up comparisons while this is entered."""
    with (
        mock.patch.object(mismatch_features, "permissive_by_typing", lambda result: result.permissive),
        mock.patch.object(mismatch_features, "tce_class_by_typing", lambda result: result.tce),
    ):
        yield
