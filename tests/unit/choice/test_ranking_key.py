"""Keys: the codes of values, and the words of reasons."""

from __future__ import annotations

import numpy as np
import pytest

from hla_match.choice.features import FEATURES
from hla_match.choice.ranking_key import RankingKey, key_codes


def codes(key: RankingKey, *values: int) -> list[int]:
    """Return the codes of some values, of which -1 is unknown."""
    return key.column(np.array(values, np.int16)).tolist()


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        pytest.param(RankingKey("age"), (0, 16, 254, -1), [0, 16, 254, 255], id="plain"),
        pytest.param(RankingKey("age", 10), (16, 19, 20, 29, 30, -1), [1, 1, 2, 2, 3, 26], id="bands"),
        pytest.param(RankingKey("age", (31, 41)), (30, 31, 40, 41, 99, -1), [0, 1, 1, 2, 2, 3], id="first values"),
        pytest.param(RankingKey("age", 10, "descending"), (9, 10, 249, 250, -1), [25, 24, 1, 0, 26], id="descending"),
        pytest.param(RankingKey("age", (31,), unknown="first"), (30, 31, -1), [1, 2, 0], id="unknown first"),
        pytest.param(RankingKey("p0"), (100, 99, 1, -1, 0), [0, 1, 99, 100, 101], id="percent"),
        pytest.param(RankingKey("p0", 10), (100, 99, 90, 9, 1, -1, 0), [0, 1, 1, 10, 10, 11, 12], id="percents"),
        pytest.param(RankingKey("p0", 10, unknown="last"), (100, 9, 0, -1), [0, 10, 11, 12], id="percents, last"),
        pytest.param(RankingKey("p0", (50,)), (100, 50, 49, 1, -1, 0), [0, 0, 1, 1, 2, 3], id="half"),
        pytest.param(RankingKey("cmv"), (0, -1, 1), [0, 1, 2], id="classes"),
        pytest.param(RankingKey("sex", direction="descending"), (1, 0, -1), [0, 1, 2], id="classes, descending"),
        pytest.param(RankingKey("mismatches"), (0, 6), [0, 6], id="nothing unknown"),
        pytest.param(RankingKey("donor_id"), (7, 4_000_000), [7, 4_000_000], id="identifiers"),
    ],
)
def test_codes(key: RankingKey, values: tuple[int, ...], expected: list[int]) -> None:
    found = key.column(np.array(values, np.int32))
    assert found.tolist() == expected
    assert found.dtype == (np.uint32 if key.feature == "donor_id" else np.uint8)


def test_codes_that_need_more_than_a_byte_get_two() -> None:
    key = RankingKey("age", unknown="first")
    assert codes(key, -1, 254) == [0, 255]
    assert key_codes(RankingKey("tnc_per_kg")).dtype == np.dtype(np.uint16)
    few = [name for name, one in FEATURES.items() if 0 < one.greatest < 255]
    assert {key_codes(RankingKey(name)).dtype for name in few} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    ("key", "bounds", "expected"),
    [
        pytest.param(RankingKey("p0"), (100, 40, 0, -1), [0, 60, 101, 0], id="as declared"),
        pytest.param(RankingKey("p0", unknown="last"), (40, 0, -1), [60, 100, 0], id="unknown last"),
        pytest.param(RankingKey("p0", unknown="first"), (40, 0, -1), [0, 101, 0], id="unknown first"),
        pytest.param(RankingKey("p0", 50), (100, 60, 49, 0), [0, 1, 2, 4], id="bands"),
    ],
)
def test_the_best_code_of_a_bound(key: RankingKey, bounds: tuple[int, ...], expected: list[int]) -> None:
    assert key.best_column(np.array(bounds, np.int16)).tolist() == expected


@pytest.mark.parametrize(
    ("key", "before", "after", "reason"),
    [
        pytest.param(RankingKey("age"), 25, 31, "age: younger (25 years before 31 years)", id="years"),
        pytest.param(
            RankingKey("age"), 25, -1, "age: 25 years before no age, or one below that of donors", id="unknown age"
        ),
        pytest.param(
            RankingKey("age", 10),
            25,
            31,
            "age: younger, in bands of 10 years (20 to 29 years before 30 to 39 years)",
            id="bands",
        ),
        pytest.param(
            RankingKey("age", (31, 41), "descending"),
            35,
            20,
            "age: older, in bands from 31, 41 years (31 to 40 years before 0 to 30 years)",
            id="first values",
        ),
        pytest.param(
            RankingKey("p0"), 83, 7, "p0: more probably no mismatch, in whole percent (83% before 7%)", id="percent"
        ),
        pytest.param(RankingKey("p0"), -1, 0, "p0: not known before 0%", id="unknown percent"),
        pytest.param(
            RankingKey("p0+p1", 10),
            95,
            3,
            "p0+p1: more probably at most one mismatch, in bands of 10 percent (90 to 99% before 1 to 9%)",
            id="bands of percent",
        ),
        pytest.param(RankingKey("mismatches"), 0, 2, "mismatches: fewer mismatches (0 before 2)", id="mismatches"),
        pytest.param(
            RankingKey("cmv"), 0, 1, "cmv: same CMV status (same CMV status before another CMV status)", id="CMV"
        ),
        pytest.param(RankingKey("cmv"), -1, 1, "cmv: unknown CMV status before another CMV status", id="unknown CMV"),
        pytest.param(
            RankingKey("abo"),
            1,
            2,
            "abo: same or compatible blood group (compatible blood group before incompatible blood group)",
            id="blood group",
        ),
        pytest.param(RankingKey("sex"), 0, 1, "sex: male (male before female)", id="sex"),
        pytest.param(RankingKey("certainty"), 0, 1, "certainty: a certain match before a potential one", id="certain"),
        pytest.param(RankingKey("donor_id"), 4, 5, "donor_id: identifier in ascending order", id="identifier"),
    ],
)
def test_reasons(key: RankingKey, before: int, after: int, reason: str) -> None:
    assert key.reason(*codes(key, before, after)) == reason


def test_a_reason_says_what_is_known_at_least() -> None:
    key = RankingKey("p0")
    one, other = codes(key, 83, 7)
    assert key.reason(one, other, is_least=(True, False)) == "p0: at least 83% before 7%"
    assert key.reason(one, other, is_least=(False, True)) == "p0: 83% before at least 7%"
    # The counts of the search leave 0%, whatever was cut.
    one, other = codes(key, 7, 0)
    assert key.reason(one, other, is_least=(False, True)).endswith("(7% before 0%)")
    bands = RankingKey("p0", 10)
    one, other = codes(bands, 83, 7)
    assert bands.reason(one, other, is_least=(True, True)) == "p0: at least 80% before at least 1%"


def test_zero_may_share_the_lowest_band() -> None:
    key = RankingKey("p0", 10, zero_apart=False)
    assert str(key) == (
        "more probably no mismatch, in bands of 10 percent, 0 with the lowest "
        "(where that is not known, before the lowest band)"
    )
    zero, nine, ten, unknown = codes(key, 0, 9, 10, -1)
    assert ten < unknown < zero == nine
    assert key.reason(ten, zero).endswith("(10 to 19% before 0 to 9%)")
    # Of a donor of whom much was cut no more is known than the least value.
    assert key.reason(ten, zero, is_least=(False, True)) == "p0: 10 to 19% before at least 0%"
    assert RankingKey("p0", zero_apart=True) == RankingKey("p0")
    assert str(RankingKey("age", zero_apart=True)).startswith("younger, in single values, 0 apart")


def test_unknown_values_may_stand_with_the_worst() -> None:
    key = RankingKey("p0", 10, unknown="with-worst", zero_apart=False)
    assert str(key).endswith("0 with the lowest (where that is not known, in the lowest band)")
    zero, nine, ten, unknown = codes(key, 0, 9, 10, -1)
    assert ten < unknown == zero == nine
    assert key.reason(ten, unknown) == "p0: 10 to 19% before 0 to 9% or not known"
    apart = RankingKey("p0", unknown="with-worst")
    assert str(apart).endswith("in whole percent (where that is not known, like 0%)")
    assert apart.reason(*codes(apart, 1, -1)) == "p0: 1% before 0% or not known"
