"""The oracle of ranking policies itself, against cases worked by hand."""

import pytest

from tests.oracle import ranking as oracle
from tests.oracle.ranking import CERTAIN_FIRST, PROBABILITY_FIRST, Key

BASE = {
    "mismatches": 1, "certain": True, "age": 30, "cmv": "N", "abo": "A", "sex": "M", "p0": 50, "p0+p1": 80,
}  # fmt: skip


def ordered(policy: list[Key], before: dict[str, object], after: dict[str, object]) -> bool:
    """Whether one donor stands before another, who has the lesser identifier."""
    first, second = {**BASE, **before, "donor_id": "2"}, {**BASE, **after, "donor_id": "1"}
    return oracle.rank([second, first], policy, cmv="N", abo="A") == ["2", "1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"age": 50}, {"mismatches": 2}, id="mismatches before all"),
        pytest.param({"age": 50}, {"certain": False, "age": 20}, id="certain before age"),
        pytest.param({"age": 29, "cmv": "P"}, {}, id="age before CMV"),
        pytest.param({"age": 99}, {"age": None}, id="missing age last"),
        pytest.param({"abo": "B"}, {"cmv": None}, id="CMV before blood group"),
        pytest.param({"cmv": None}, {"cmv": "P"}, id="unknown CMV before different"),
        pytest.param({"sex": "F"}, {"abo": "O"}, id="blood group before sex"),
        pytest.param({"abo": "O"}, {"abo": "B"}, id="compatible before incompatible"),
        pytest.param({"abo": "O"}, {"abo": None}, id="compatible before unknown"),
        pytest.param({}, {"sex": "F"}, id="male before female"),
        pytest.param({"sex": "F"}, {"sex": None}, id="female before unknown"),
    ],
)
def test_certain_first(before: dict[str, object], after: dict[str, object]) -> None:
    assert ordered(CERTAIN_FIRST, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"p0": 51, "p0+p1": 51}, {}, id="full match before near match"),
        pytest.param({"p0+p1": 81, "mismatches": 2}, {}, id="near match before mismatches"),
        pytest.param({"p0": 1}, {"p0": None}, id="one percent before unknown"),
        pytest.param({"p0": None}, {"p0": 0}, id="unknown before 0"),
    ],
)
def test_probability_first(before: dict[str, object], after: dict[str, object]) -> None:
    assert ordered(PROBABILITY_FIRST, before, after)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        pytest.param(Key("age", 10), {"age": 29}, {"age": 30}, id="bands begin at multiples"),
        pytest.param(Key("age", (31, 41)), {"age": 30}, {"age": 31}, id="bands begin at their first values"),
        pytest.param(
            Key("age", direction="descending", unknown="first"), {"age": None}, {"age": 90}, id="unknown first"
        ),
        pytest.param(Key("p0", 10, "descending", "last"), {"p0": 1}, {"p0": 0}, id="0 percent is a band"),
        pytest.param(Key("p0", 10, "descending", "last"), {"p0": 0}, {"p0": None}, id="unknown last"),
        pytest.param(Key("sex", direction="descending"), {"sex": "F"}, {"sex": "M"}, id="the other direction"),
    ],
)
def test_keys(key: Key, before: dict[str, object], after: dict[str, object]) -> None:
    assert ordered([key, Key("donor_id")], before, after)


def test_a_band_is_not_divided() -> None:
    assert not ordered([Key("age", 10), Key("donor_id")], {"age": 20}, {"age": 29})
    assert not ordered([Key("p0", 10, "descending"), Key("donor_id")], {"p0": 9}, {"p0": 1})


def test_the_identifier_orders_equal_donors() -> None:
    assert oracle.rank([{**BASE, "donor_id": "2"}, {**BASE, "donor_id": "1"}], CERTAIN_FIRST) == ["1", "2"]


def test_the_first_difference_decides() -> None:
    before, after = {**BASE, "donor_id": "1"}, {**BASE, "donor_id": "2", "age": 40}
    assert oracle.deciding_key(before, after, CERTAIN_FIRST) == 2
    assert oracle.deciding_key(before, after, [Key("age", 20), Key("donor_id")]) == 0
    assert oracle.deciding_key(before, after, [Key("age", 50), Key("donor_id")]) == 1


def classes(feature: str, patient: str | None, donors: tuple[str | None, ...]) -> list[str | None]:
    return [oracle.class_of(feature, {feature: donor}, patient, patient) for donor in donors]


def test_every_blood_group_is_compatible_for_ab() -> None:
    same, compatible, incompatible = oracle.CLASSES["abo"]
    assert classes("abo", "AB", ("AB", "A", "O", None)) == [same, compatible, compatible, None]
    assert classes("abo", "O", ("O", "A", "AB", None)) == [same, incompatible, incompatible, None]


def test_what_is_unknown_of_the_patient_orders_nobody() -> None:
    assert {*classes("cmv", None, ("P", "N", None))} == {"same CMV status"}
    assert {*classes("abo", None, ("A", "O", None))} == {"same blood group"}
