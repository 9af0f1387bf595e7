"""Whether the reason given for the order of two donors is true of what the list shows of them: text and rows only.

A *row* is a dict of the columns of a match list. The reason is checked, not the order: whatever key is named, the two
donors must differ in it as the reason says, and what is not known must not be said.
"""

import re
from collections.abc import Mapping

from tests.oracle.ranking import CLASSES, class_of

DONOR_AGE = 16
UNKNOWN_WORDS = {"cmv": "unknown CMV status", "abo": "unknown blood group", "sex": "unknown sex"}
LESS_FIRST = (
    "younger",
    "fewer mismatches",
    "fewer mismatches in GvH direction",
    "fewer mismatches in HvG direction",
    "same CMV status",
    "same or compatible blood group",
    "male",
)
"""Claims that the donor who stands before has the lesser number; in classes, the better one."""
GREATER_FIRST = (
    "older",
    "more mismatches",
    "female",
    "more probably no mismatch",
    "more probably at most one mismatch",
    "more probably at most as many mismatches as were asked for, at most four",
)

TCE = ("match", "permissive", "non-permissive HvG", "non-permissive GvH", "unknown DPB1 class")
SCOPE_GRADES = ("A_grade", "B_grade", "DRB1_grade", "DQB1_grade")
"""Grades of the loci of 10/10 beside C."""

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


def said_range(text: str) -> tuple[int, int]:
    """The least and the greatest number that a text such as "7 years" or "80 to 89%" names."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return numbers[0], numbers[-1]


def is_said(text: str, known: str, number: int | None) -> bool:
    """Whether a text says a number that is known exactly, at least, or not at all."""
    if text.endswith(" or not known") and known != "at least":
        least, greatest = said_range(text)
        return number is None or least <= number <= greatest
    if known == "not known":
        return not re.search(r"\d", text)
    least, greatest = said_range(text)
    is_least = text.startswith("at least")
    return is_least == (known == "at least") and least <= number and (is_least or number <= greatest)  # type: ignore[operator]


def claim_holds(claim: str, one: int, other: int) -> bool:
    """Whether the claim that a reason begins with is one of those that hold where the first number is less, or more."""
    return claim in LESS_FIRST if one < other else claim in GREATER_FIRST and one > other


def is_true(
    reason: str,
    before: Row,
    after: Row,
    scope_size: int,
    *,
    cmv: str | None = None,
    abo: str | None = None,
    most: int = 2,
) -> bool:
    """Whether a reason holds of two neighbours of a list that counts mismatches of both directions.

    Args:
        reason: as the product gives it.
        before: the row that stands before.
        after: the next one.
        scope_size: alleles in scope.
        cmv: the patient's status.
        abo: the patient's blood group.
        most: the mismatches asked for.
    """
    name, _, words = reason.partition(": ")
    match = re.fullmatch(r"(?:(?P<claim>[^(]*) \()?(?P<one>[^()]*?) before (?P<other>[^()]*?)\)?", words)
    if name == "donor_id":
        return str(before["donor_id"]) < str(after["donor_id"])
    if name == "certainty":
        certain = [row["matches_best"] == row["matches_worst"] for row in (before, after)]
        return certain == [True, False] and words == "a certain match before a potential one"
    if name == "resolved":
        certain = [scope_size - int(str(row["matches_worst"])) <= most for row in (before, after)]
        return certain == [True, False] and "(certain to meet the criteria before may fail them, as" in words
    if match is None:
        return False
    if name == "c_permissive":
        return permissive_holds((match["one"], match["other"]), before, after, scope_size)
    claim, said = match["claim"], (match["one"], match["other"])
    # The claim is followed by how exact the values are.
    claim = claim and re.sub(r", in (whole percent|bands of .*|bands from .*)$", "", claim)
    if name == "dpb1_tce":
        places = [TCE.index(one) for one in said]
        shown = [row.get("dpb1_tce") for row in (before, after)]
        agree = None in shown or said == tuple(str(one).replace("unknown", TCE[-1]) for one in shown)
        return agree and places[0] < places[1]
    if name in CLASSES:
        classes = [class_of(name, row, cmv, abo) for row in (before, after)]
        if said != tuple(UNKNOWN_WORDS[name] if one is None else one for one in classes):
            return False
        numbers = [CLASSES[name].index(one) for one in classes if one is not None]
        return classes[0] != classes[1] and (claim_holds(claim, *numbers) if len(numbers) == 2 else not claim)
    known = [how_known(name, row, scope_size, most) for row in (before, after)]
    if not all(is_said(text, *one) for text, one in zip(said, known, strict=True)):
        return False
    if any(how != "exactly" for how, _ in known) or any(text.endswith(" or not known") for text in said):
        return not claim and said[0] != said[1]
    return claim_holds(claim, said_range(said[0])[0], said_range(said[1])[0])


def permissive_holds(said: tuple[str, str], before: Row, after: Row, scope_size: int) -> bool:
    """Whether mismatches can all be at C of whom so is said, and there are some of whom another one is named."""
    for text, row in zip(said, (before, after), strict=True):
        elsewhere = any(
            letter in "LM"
            for name, grade in row.items()
            if name.endswith("_grade") and name != "C_grade"
            for letter in str(grade)
            if name in SCOPE_GRADES
        )
        if text == "another mismatch":
            if scope_size == int(str(row["matches_best"])):
                return False
        elif elsewhere:
            return False
    return said[0] != said[1]


def how_known(name: str, row: Row, scope_size: int, most: int) -> tuple[str, int | None]:
    """How the value of a feature is known, and the value."""
    if name == "p_asked":
        return percent(row, min(most, 4), scope_size)
    if name in ("gvh", "hvg"):
        return "exactly", int(str(row[name]))
    if name in ("p0", "p0+p1"):
        return percent(row, name.count("p") - 1, scope_size)
    if name == "mismatches":
        return "exactly", scope_size - int(str(row["matches_best"]))
    age = row["age"]
    return ("not known", None) if age is None or age < DONOR_AGE else ("exactly", age)  # type: ignore[operator,return-value]
