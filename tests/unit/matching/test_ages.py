"""Ages of donors: a birth date that cannot be true neither comes first nor counts as an age."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl

from hla_match.donors.ages import completed_years
from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

AS_OF = datetime.date(2026, 1, 1)
BORN = {
    "D1": "2031-05-01", "D2": None, "D3": "1985-05-01", "D4": "1999-01-01", "D5": "2026-01-02", "D6": "2020-01-01",
    "D7": "2010-01-01", "D8": "2010-01-02", "D9": "1901-01-01",
}  # fmt: skip


def found(**criteria: int) -> pl.DataFrame:
    persons = pl.DataFrame({"person_id": list(BORN), "A_1": "02:01", "A_2": None, "birth_date": list(BORN.values())})
    registry, _ = build_registry(
        persons.with_columns(pl.col("birth_date").str.to_date(), pl.col("A_2").cast(pl.String)),
        Nomenclature.builtin(),
        name="ages",
        provenance={"imported_on": "2026-01-01"},
    )
    wanted = SearchCriteria(scope="A", as_of=AS_OF, **criteria)
    return Matcher(registry).search(Patient(typings={"A": ("02:01", "")}), wanted).to_polars()


def test_a_future_birth_date_is_no_age() -> None:
    born = np.array([0, 20310501, 20260102, 20260101, 20251231, 19850501], np.int32)
    assert completed_years(born, AS_OF).tolist() == [-1, -1, -1, 0, 0, 40]


def test_nobody_comes_first_for_a_birth_date_that_cannot_be_a_donors() -> None:
    rows = found().select("donor_id", "age").rows()
    assert rows == [
        ("D7", 16), ("D4", 27), ("D3", 40), ("D9", 125), ("D1", None), ("D2", None), ("D5", None), ("D6", 6),
        ("D8", 15),
    ]  # fmt: skip
    assert found(limit=2)["donor_id"].to_list() == ["D7", "D4"]


def test_limits_of_age_leave_unknown_ages() -> None:
    assert set(found(min_age=18, max_age=55)["donor_id"]) == {"D1", "D2", "D3", "D4", "D5"}
    assert set(found(max_age=20)["donor_id"]) == {"D1", "D2", "D5", "D6", "D7", "D8"}
