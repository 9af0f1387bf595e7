"""Whether the reason given for the order of two donors is true of what the list shows of them: text and rows only.

A *row* is a dict of the columns of a match list. The reason is checked, not the order: whatever key is named, the two
donors must differ in it as the reason says, and what is not known must not be said.
"""

import re
from collections.abc import Mapping

from tests.oracle.matching import abo_rank, cmv_rank

DONOR_AGE = 16
CMV_WORDS = ("same CMV status", "unknown CMV status", "another CMV status")
ABO_WORDS = ("same blood group", "compatible blood group", "unknown blood group", "incompatible blood group")

Row = Mapping[str, object]


def percent(row: Row, mismatches: int, scope_size: int) -> tuple[str, int | None]:
    """How a probability is known ("exactly", "at least", "not known") and the whole percent of it.

    Where the counts leave no so few mismatches it is 0, whatever the frequencies say.
    """
    if scope_size - int(str(row["matches_best"])) > mismatches:
        return "exactly", 0
    values = [row[f"p{count}"] for count in range(mismatches + 1)]
    if any(value is None for value in values):
        return "not known", None
    whole = round(100 * sum(values))  # type: ignore[arg-type]
    if row["p_cut"] < 0.005:  # type: ignore[operator]
        return "exactly", whole
    return ("at least", whole) if whole else ("not known", None)


def said_percent(text: str) -> tuple[str, int | None]:
    if text == "not known":
        return "not known", None
    return ("at least" if text.startswith("at least") else "exactly"), int(re.sub(r"\D", "", text))


def is_true(
    reason: str, before: Row, after: Row, scope_size: int, *, cmv: str | None = None, abo: str | None = None
) -> bool:
    """Whether a reason holds of two neighbours of a list that counts mismatches of both directions.

    Args:
        reason: as the product gives it.
        before: the row that stands before.
        after: the next one.
        scope_size: alleles in scope.
        cmv: the patient's status.
        abo: the patient's blood group.
    """
    name, _, words = reason.partition(": ")
    match = re.fullmatch(r"(?:(?P<claim>[^(]*) \()?(?P<one>[^()]*?) before (?P<other>[^()]*?)\)?", words)
    if name == "donor_id":
        return str(before["donor_id"]) < str(after["donor_id"])
    if name == "certainty":
        return before["matches_best"] == before["matches_worst"] and after["matches_best"] != after["matches_worst"]
    if match is None:
        return False
    claim, one, other = match["claim"], match["one"], match["other"]
    if name in ("p0", "p0+p1"):
        known = [percent(row, name.count("p") - 1, scope_size) for row in (before, after)]
        if [said_percent(one), said_percent(other)] != known:
            return False
        claims_more = known[0][0] == known[1][0] == "exactly"
        return bool(claim) == claims_more and (not claims_more or known[0][1] > known[1][1])  # type: ignore[operator]
    if name == "mismatches":
        counts = [scope_size - int(str(row["matches_best"])) for row in (before, after)]
        return bool(claim) and [one, other] == [str(count) for count in counts] and counts[0] < counts[1]
    if name == "age":
        ages = [row["age"] for row in (before, after)]
        known_ages = [age for age in ages if age is not None and age >= DONOR_AGE]  # type: ignore[operator]
        if len(known_ages) == 2:
            return bool(claim) and known_ages[0] < known_ages[1]  # type: ignore[operator]
        return not claim and len(known_ages) == 1 and known_ages[0] == ages[0]
    if name == "sex":
        order = [{"M": "male", "F": "female"}.get(str(row["sex"]), "unknown sex") for row in (before, after)]
        return [one, other] == order and bool(claim) == (order == ["male", "female"])
    if name in ("cmv", "abo"):
        words = CMV_WORDS if name == "cmv" else ABO_WORDS
        donors = [None if row[name] is None else str(row[name]) for row in (before, after)]
        ranks = [cmv_rank(cmv, donor) if name == "cmv" else abo_rank(abo, donor) for donor in donors]
        return [one, other] == [words[at] for at in ranks] and ranks[0] < ranks[1] and bool(claim) != (None in donors)
    return False
