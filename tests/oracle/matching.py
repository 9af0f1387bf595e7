"""The slow, obvious twin of matching, grading and searching: strings, sets and loops over every possibility.

Source of the rules, unless a function names another: WMDA framework, Bochtler et al., Bone Marrow Transplant
2011;46:338, matching level AI3 (alleles match when they are of one P group).

Null alleles, which absent genes are as well, count by a *null rule*. "consensus" (Bochtler et al. 2011; the 26 patterns
of Bochtler et al., Hum Immunol 2016;77:371): where both persons carry a null allele at the locus it is an allele like
any other and equals a null allele; where only one does, that person is homozygous for the other allele. "strict": a
person with a null allele is always homozygous for the other one, and two null alleles match nothing.

A *side* is a frozenset of P group names, with the markers "NULL" (absent allele) and "NEW" (allele without a name). A
name that knows the antigens that its side was typed as is an `Allele`.
A *typing* is None (not typed) or a list of alternatives; an alternative is a pair of sides, chosen independently.
A *genotype* is a pair of single names.
"""

from collections.abc import Iterable, Mapping
from itertools import product

NULL, NEW = "NULL", "NEW"
SHARED_NULL = "a null allele of both"

Side = frozenset[str]
Alternative = tuple[Side, Side]
Typing = list[Alternative] | None
Genotype = tuple[str, str]


class Allele(str):
    """A name as it was typed: another than the same name behind other antigens, though they may be one allele.

    Attributes:
        antigens: what the side was typed as, for an antigen match.
        serology: the antigens reported, where the side was typed by serology alone; else none. One is related to
            another when its name begins with the other's or the other way round: "x" is the broad antigen of "x1".
    """

    antigens: frozenset[str]
    serology: frozenset[str]

    def __new__(cls, name: str, antigens: Iterable[str] = (), serology: Iterable[str] = ()) -> "Allele":
        found = super().__new__(cls, name)
        found.antigens, found.serology = frozenset(antigens), frozenset(serology)
        return found

    def _key(self) -> tuple[str, frozenset[str], frozenset[str]]:
        return str(self), self.antigens, self.serology

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Allele) else False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key())


GRADE_VALUES = {"A": 4, "P": 3, "L": 2, "M": 1, "?": 0}


def resolve_nulls(genotype: Genotype) -> Genotype:
    """An absent allele leaves a person homozygous for the other one (Bochtler et al. 2011, null alleles)."""
    first, second = genotype
    if first == NULL:
        return (second, second)
    if second == NULL:
        return (first, first)
    return genotype


def is_same(one: str, other: str) -> bool:
    """Alleles match within one P group (Bochtler et al. 2011, AI3); an absent or new allele equals none, itself too.

    What serology tells apart on both sides is no match, whatever alleles may stand behind both.
    """
    return str(one) == str(other) and one not in (NULL, NEW) and not are_apart(one, other)


def are_apart(one: str, other: str) -> bool:
    """Both were typed by serology alone, and no antigen of one is related to one of the other (`Allele.serology`)."""
    mine, theirs = getattr(one, "serology", frozenset()), getattr(other, "serology", frozenset())
    related = any(a.startswith(b) or b.startswith(a) for a in mine for b in theirs)
    return bool(mine and theirs) and not related


def as_counted(genotype: Genotype, other: Genotype, null_rule: str) -> Genotype:
    """What a genotype counts as beside another person's, by the null rule."""
    if null_rule == "consensus" and NULL in genotype and NULL in other:
        first, second = (SHARED_NULL if allele == NULL else allele for allele in genotype)
        return first, second
    return resolve_nulls(genotype)


def match_count(patient: Genotype, donor: Genotype, null_rule: str = "consensus") -> int:
    """Matches at a locus: the better of direct and cross pairing (Bochtler et al. 2011)."""
    (p1, p2), (d1, d2) = as_counted(patient, donor, null_rule), as_counted(donor, patient, null_rule)
    direct = is_same(p1, d1) + is_same(p2, d2)
    cross = is_same(p1, d2) + is_same(p2, d1)
    return max(direct, cross)


def lacking(alleles: Genotype, other: Genotype, null_rule: str = "consensus") -> int:
    """How many positions of `alleles` hold an allele that `other` lacks; an absent allele is nobody's allele."""
    own, theirs = as_counted(alleles, other, null_rule), as_counted(other, alleles, null_rule)
    return sum(allele != NULL and not any(is_same(allele, candidate) for candidate in theirs) for allele in own)


def gvh(patient: Genotype, donor: Genotype, null_rule: str = "consensus") -> int:
    """Mismatches in graft-versus-host direction: patient alleles the donor lacks (Bochtler et al. 2011)."""
    return lacking(patient, donor, null_rule)


def hvg(patient: Genotype, donor: Genotype, null_rule: str = "consensus") -> int:
    """Mismatches in host-versus-graft direction: donor alleles the patient lacks (Bochtler et al. 2011)."""
    return lacking(donor, patient, null_rule)


def genotypes(typing: list[Alternative]) -> set[Genotype]:
    """Every genotype that a typing allows, as carried: each alternative allows any choice from its two sides."""
    return {choice for first, second in typing for choice in product(first, second)}


def locus_counts(patient: Typing, donor: Typing, null_rule: str = "consensus") -> dict[str, int]:
    """Best and worst of each number over all pairs of genotypes; an untyped locus may be anything (Bochtler 2011)."""
    if patient is None or donor is None:
        return {"best": 2, "worst": 0, "gvh_best": 0, "gvh_worst": 2, "hvg_best": 0, "hvg_worst": 2}
    pairs = list(product(genotypes(patient), genotypes(donor)))
    matches = [match_count(*pair, null_rule) for pair in pairs]
    towards_host = [gvh(*pair, null_rule) for pair in pairs]
    towards_graft = [hvg(*pair, null_rule) for pair in pairs]
    return {
        "best": max(matches),
        "worst": min(matches),
        "gvh_best": min(towards_host),
        "gvh_worst": max(towards_host),
        "hvg_best": min(towards_graft),
        "hvg_worst": max(towards_graft),
    }


def condensed(patient: Typing, donor: Typing) -> tuple[Typing, Typing]:
    """Both typings with the names that one person alone can have replaced by one name for each person.

    A name that the other person cannot have equals none of that person's, so any two such names compare alike, and
    `locus_counts` of the condensed typings are those of the typings (proved over small universes by enumeration).
    """
    if patient is None or donor is None:
        return patient, donor
    shared = names_of(patient) & names_of(donor) | {NULL, NEW}
    return renamed(patient, shared, "the patient's"), renamed(donor, shared, "the donor's")


def names_of(typing: list[Alternative]) -> set[str]:
    """Every name that a typing allows."""
    return {name for alternative in typing for side in alternative for name in side}


def renamed(typing: list[Alternative], kept: set[str], name: str) -> list[Alternative]:
    """The typing with each name that is not kept replaced by one."""
    return [
        (
            frozenset(known if known in kept else name for known in first),
            frozenset(known if known in kept else name for known in second),
        )
        for first, second in typing
    ]


def parted(typing: list[Alternative]) -> list[tuple[str, Alternative]]:
    """The alternatives of a typing, each once, parted by what becomes of null alleles.

    "free": no null allele. "resolved": both alleles of a person with one are the *same* member of the other side, so
    that there is one alternative (x, x) for each x; ({NULL}, {NULL}) where both are null. "carried": with its null
    alleles. A side that may be null or not is first taken as not null.
    """
    found: list[tuple[str, Alternative]] = []
    null = frozenset({NULL})
    for first, second in typing:
        if first - null and second - null:
            found.append(("free", (first - null, second - null)))
        if NULL in second and first - null:
            found += [("resolved", (frozenset({x}), frozenset({x}))) for x in sorted(first - null)]
            found.append(("carried", (first - null, null)))
        if NULL in first and second - null:
            found += [("resolved", (frozenset({x}), frozenset({x}))) for x in sorted(second - null)]
            found.append(("carried", (null, second - null)))
        if NULL in first and NULL in second:
            found += [("resolved", (null, null)), ("carried", (null, null))]
    return [one for i, one in enumerate(found) if one not in found[:i]]


def alternatives_compared(
    patient: list[Alternative], donor: list[Alternative], null_rule: str
) -> list[tuple[Alternative, Alternative]]:
    """The pairs of alternatives of both persons that the null rule compares, the patient's in the outer loop."""
    shared: dict[str, str] = {NULL: SHARED_NULL}
    found = []
    for (kind, own), (other_kind, other) in product(parted(patient), parted(donor)):
        if "carried" in (kind, other_kind):
            if null_rule == "consensus" and kind == other_kind:
                sides = [frozenset(shared.get(name, name) for name in side) for side in (*own, *other)]
                found.append(((sides[0], sides[1]), (sides[2], sides[3])))
        elif "free" in (kind, other_kind) or null_rule == "strict":
            found.append((own, other))
    return found


def grade(patient: Side, donor: Side) -> str:
    """One position's grade (WMDA matching validation, exercise 4): A allele, P potential, L antigen, M mismatch.

    Antigens are those that the sides were typed as. An allele without a name (NEW) may be any: its mismatch is no
    certain one and is graded "?".
    """
    if any(is_same(one, other) for one in patient for other in donor):
        return "A" if len(patient) == len(donor) == 1 else "P"
    if NEW in patient | donor:
        return "?"
    return "L" if antigens_of(patient) & antigens_of(donor) else "M"


def antigens_of(side: Side) -> set[str]:
    """The antigens that a side was typed as."""
    return {antigen for name in side for antigen in getattr(name, "antigens", ())}


def grade_alternative(patient: Alternative, donor: Alternative) -> str:
    """The grades of one alternative of each, in the pairing with the most A and P.

    Of equal ones the pairing with the greatest sum of grade values, then the direct one.
    """
    (p1, p2), (d1, d2) = patient, donor
    direct = grade(p1, d1) + grade(p2, d2)
    cross = grade(p2, d1) + grade(p1, d2)
    return max((direct, cross), key=_pairing_value)  # max keeps the first of equals, the direct pairing


def grades(patient: Typing, donor: Typing, null_rule: str = "consensus") -> str:
    """The grades at the donor's two positions (WMDA matching validation, exercise 4).

    The best alternatives are graded, as within one alternative; A is certain, so it has to hold in all of them.
    """
    if patient is None or donor is None:
        return "PP"
    # Of alternatives with equal grades the first counts.
    found = [grade_alternative(*pair) for pair in alternatives_compared(patient, donor, null_rule)]
    best = max(found, key=_pairing_value)
    return "".join(
        "P" if letter == "A" and any(letters[side] != "A" for letters in found) else letter
        for side, letter in enumerate(best)
    )


def _pairing_value(letters: str) -> tuple[int, int]:
    return (sum(letter in "AP" for letter in letters), sum(GRADE_VALUES[letter] for letter in letters))


def locus_mismatches(counts: Mapping[str, int], direction: str) -> int:
    """The least number of mismatches of a locus in the direction asked for (Bochtler et al. 2011)."""
    return {"both": 2 - counts["best"], "gvh": counts["gvh_best"], "hvg": counts["hvg_best"]}[direction]


def search(
    patient: Mapping[str, Typing],
    donors: Mapping[str, Mapping[str, Typing]],
    loci: Iterable[str],
    max_mismatches: int,
    locus_limits: Mapping[str, int],
    direction: str = "both",
    null_rule: str = "consensus",
) -> list[tuple[str, int, int]]:
    """Donors within the limits as (donor, best, worst), in no promised order; best and worst are match counts.

    Potential matches are kept (Bochtler et al. 2011): the least number of mismatches is held against the limits.
    """
    loci = list(loci)
    found = []
    for donor_id, donor in donors.items():
        counts = {locus: locus_counts(patient.get(locus), donor.get(locus), null_rule) for locus in loci}
        mismatches = {locus: locus_mismatches(counts[locus], direction) for locus in loci}
        if sum(mismatches.values()) > max_mismatches:
            continue
        if any(mismatches[locus] > limit for locus, limit in locus_limits.items() if locus in mismatches):
            continue
        best = sum(counts[locus]["best"] for locus in loci)
        worst = sum(counts[locus]["worst"] for locus in loci)
        found.append((donor_id, best, worst))
    return found
