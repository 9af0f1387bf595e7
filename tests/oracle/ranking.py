"""The slow, obvious twin of ranking policies: Python's sort by a tuple a donor.

A *donor* is a dict of `donor_id`, `mismatches`, `worst` (mismatches if every ambiguity turns out badly),
`max_mismatches` (as many were asked for), `certain`, `age` (None where unknown or below that of donors), `cmv`,
`abo`, `sex`, and of the whole percents `p0`, `p0+p1`, and `p_asked`, of at most as many mismatches as were asked for
(None where unknown). Of the mismatches there are `gvh`, `hvg`, `antigen_mismatches`, the least numbers `at_a` and
`at_c` at the two loci in scope, how many of those at C are `permissive` (None where that is open), and the class `tce`
of DPB1. Of a unit of cord blood there are `cord_match`, of 6, `cord_match_8`, and `tnc_per_kg` and `cd34_per_kg` in
tenths (None where unknown).
A *key* is a `Key`: a feature, the width of its bands or their first values, a direction, the place of donors of
whom the feature is not known: "first", "last", "before-worst", between the worst band and all others, or "with-worst",
in the worst band, and whether 0 is a band of its own, which it is of percents where nothing else is said.
A *policy* is a list of keys. It ends with the donor's identifier.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

Donor = Mapping[str, Any]

COMPATIBLE_DONORS = {"O": {"O"}, "A": {"A", "O"}, "B": {"B", "O"}, "AB": {"A", "B", "AB", "O"}}
"""Whose red cells a patient of a blood group tolerates."""


PROBABILITIES = ("p0", "p0+p1", "p_asked")
"""The features that are whole percents."""


class Key(NamedTuple):
    """One key of a policy."""

    feature: str
    bands: int | Sequence[int] = 1
    direction: str = "ascending"
    unknown: str = "last"
    zero_apart: bool | None = None


# Order of donor properties: Dehn et al., Blood 2019;134:924.
_PROPERTIES = [Key("age"), Key("cmv", unknown="before-worst"), Key("abo", unknown="before-worst"), Key("sex")]
CERTAIN_FIRST = [Key("mismatches"), Key("certainty"), *_PROPERTIES, Key("donor_id")]
PROBABILITY_FIRST = [
    Key("p0", direction="descending", unknown="before-worst"),
    Key("p0+p1", direction="descending", unknown="before-worst"),
    Key("mismatches"),
    *_PROPERTIES,
    Key("donor_id"),
]
PLAIN = [Key("resolved"), Key("mismatches"), Key("certainty"), *_PROPERTIES, Key("donor_id")]
# The default of WMDA's Search & Match: probability in bands of 10 percent, then age (share.wmda.info).
_IN_BANDS = [
    Key("p0", 10, "descending", "with-worst", zero_apart=False),
    Key("p0+p1", 10, "descending", "with-worst", zero_apart=False),
    Key("p_asked", 10, "descending", "before-worst", zero_apart=False),
    Key("mismatches"),
]
WMDA = [
    _IN_BANDS[0],
    Key("p0+p1", 10, "descending", "before-worst", zero_apart=False),
    Key("mismatches"),
    Key("age"),
    Key("donor_id"),
]
# Kinds of mismatches and DPB1 before the donor: Dehn et al. 2019; age in 5 years: Kollman et al., Blood 2016;127:260.
CONVENTIONAL = [
    *_IN_BANDS,
    Key("c_permissive", unknown="before-worst"),
    Key("gvh"),
    Key("dpb1_tce"),
    Key("age", 5),
    *_PROPERTIES[1:],
    Key("donor_id"),
]
# Donors over 30 and CMV pairs under PTCy: EBMT, Blood 2024;143:2534.
PTCY = [
    *_IN_BANDS[1:3],
    Key("age", (31,)),
    Key("p0", 10, "descending", "before-worst", zero_apart=False),
    Key("mismatches"),
    Key("cmv", unknown="before-worst"),
    Key("age", 5),
    Key("donor_id"),
]
# HLA before dose, TNC in half of 1e7 a kilogram: Dehn et al. 2019; PMC7567024.
CORD = [
    Key("cord_match", direction="descending"),
    Key("cord_match_8", direction="descending"),
    Key("tnc_per_kg", 5, "descending"),
    Key("cd34_per_kg", direction="descending"),
    Key("tnc_per_kg", direction="descending"),
    Key("donor_id"),
]
POLICIES = {
    "cord": CORD,
    "cord-double": CORD,
    "certain-first": CERTAIN_FIRST,
    "probability-first": PROBABILITY_FIRST,
    "plain": PLAIN,
    "wmda": WMDA,
    "conventional": CONVENTIONAL,
    "ptcy": PTCY,
}

CLASSES: Mapping[str, Sequence[str]] = {
    "certainty": ("certain", "potential"),
    "resolved": ("certain to meet the criteria", "may fail them"),
    "c_permissive": ("none but permissive at C", "another"),
    "dpb1_tce": ("match", "permissive", "non-permissive HvG", "non-permissive GvH"),
    "cmv": ("same CMV status", "another CMV status"),
    "abo": ("same blood group", "compatible blood group", "incompatible blood group"),
    "sex": ("male", "female"),
    "antibodies": ("no antibody", "perhaps an antibody", "an antibody"),
}
"""By feature the classes of donors, the best one first."""


def class_of(feature: str, donor: Donor, cmv: str | None, abo: str | None) -> str | None:
    """The class of a donor, or None where it is not known; a patient of unknown status makes all donors the same."""
    if feature == "certainty":
        return "certain" if donor["certain"] else "potential"
    if feature == "resolved":
        return "may fail them" if donor["worst"] > donor["max_mismatches"] else "certain to meet the criteria"
    if feature == "dpb1_tce":
        return (*CLASSES[feature], None)[donor["tce"]]
    if feature == "c_permissive":
        return c_permissive_class(donor)
    if feature == "antibodies":
        return CLASSES[feature][0]  # Patients of these lists have none; tests.oracle.antibodies has the rule.
    if feature == "sex":
        return {"M": "male", "F": "female", None: None}[donor["sex"]]
    wanted, status = (cmv, donor["cmv"]) if feature == "cmv" else (abo, donor["abo"])
    if wanted is None:
        return CLASSES[feature][0]
    if status is None:
        return None
    if feature == "cmv":
        return "same CMV status" if status == wanted else "another CMV status"
    if status == wanted:
        return "same blood group"
    return "compatible blood group" if status in COMPATIBLE_DONORS[wanted] else "incompatible blood group"


def c_permissive_class(donor: Donor) -> str | None:
    """Whether all mismatches are permissive ones at C (Fernandez-Vina et al., Blood 2014;123:1270)."""
    none_but, another = CLASSES["c_permissive"]
    others = donor["at_a"] + donor["at_c"] - (donor["permissive"] or 0)
    if donor["permissive"] is None:
        return another if donor["at_a"] else None
    return another if others > 0 else none_but


def number_of(feature: str, donor: Donor, cmv: str | None, abo: str | None) -> int | None:
    """The value of a donor as a number, or None where it is not known."""
    if feature not in CLASSES:
        return donor[feature]
    found = class_of(feature, donor, cmv, abo)
    return None if found is None else CLASSES[feature].index(found)


def zero_is_apart(key: Key) -> bool:
    """Whether 0 is a band of its own; 0 percent is, as such a pair does not match."""
    return key.feature in PROBABILITIES if key.zero_apart is None else key.zero_apart


def band_of(key: Key, number: int) -> int:
    """The number of the band of a value."""
    if zero_is_apart(key) and number == 0:
        return -1
    return number // key.bands if isinstance(key.bands, int) else sum(number >= first for first in key.bands)


def worst_band(key: Key) -> int:
    """The band of the worst value of a feature of which unknown values can stand before the worst."""
    return band_of(key, 0) if key.feature in PROBABILITIES else len(CLASSES[key.feature]) - 1


def place(key: Key, number: int | None) -> tuple[int, int]:
    """Where a key puts a donor, lesser first."""
    if number is None and key.unknown == "with-worst":
        return 1, -worst_band(key)
    if number is None:
        return {"first": (0, 0), "last": (3, 0), "before-worst": (2, 0)}[key.unknown]
    band = band_of(key, number)
    if key.unknown == "before-worst" and band == worst_band(key):
        return 3, 0
    return 1, band if key.direction == "ascending" else -band


def policy_key(donor: Donor, policy: Iterable[Key], *, cmv: str | None = None, abo: str | None = None) -> list[object]:
    """The key of a donor in a list, lesser first; `cmv` and `abo` are the patient's."""
    return [
        donor["donor_id"] if key.feature == "donor_id" else place(key, number_of(key.feature, donor, cmv, abo))
        for key in policy
    ]


def rank(
    donors: Iterable[Donor], policy: Sequence[Key], *, cmv: str | None = None, abo: str | None = None
) -> list[str]:
    """The donors' identifiers in order."""
    return [
        donor["donor_id"] for donor in sorted(donors, key=lambda donor: policy_key(donor, policy, cmv=cmv, abo=abo))
    ]


def deciding_key(
    before: Donor, after: Donor, policy: Sequence[Key], *, cmv: str | None = None, abo: str | None = None
) -> int:
    """The number, from 0, of the first key in which two donors differ."""
    keys = (policy_key(donor, policy, cmv=cmv, abo=abo) for donor in (before, after))
    return next(number for number, (one, other) in enumerate(zip(*keys, strict=True)) if one != other)


def tenths_per_kg(cells: Fraction | int, weight_kg: int) -> int:
    """The whole tenths of a dose: cells of a unit of cord blood for a kilogram of the patient."""
    return math.floor(Fraction(cells) * 10 / weight_kg)


def may_fail(mismatches: Mapping[str, int], limits: Mapping[str, int], max_mismatches: int) -> bool:
    """Whether a donor with so many mismatches at each locus, if every ambiguity turns out badly, fails the criteria."""
    return sum(mismatches.values()) > max_mismatches or any(mismatches[locus] > limits[locus] for locus in limits)


def is_probable(percent: int | None, cut: float, least: float) -> bool:
    """Whether a donor's probability is as great as asked for, is not known, or may be as great with what was cut."""
    return percent is None or percent / 100 + cut >= least - 1e-9
