"""Hypothesis strategies for typings over small universes, where matches and coincidences are frequent.

Typings are in the terms of `tests.oracle.matching`: names as strings. `code` and `coded_typing` give the integers.
"""

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import strategies as st

from hla_match.typings import encoding
from tests.oracle.matching import NEW, NULL, Allele, Alternative, Side, Typing

NAMES = tuple(f"p{i}" for i in range(7))
ANTIGENS = ("x", "x1", "x2", "y")
"""The first is the broad antigen of the next two."""

LOCI = ("A", "B", "DRB1")

FIRST_P_GROUP = 2


def code(name: str) -> int:
    """0 for NULL, 1 for NEW, then the names: p0 is 2."""
    return (NULL, NEW, *NAMES).index(str(name))


def coded_side(side: Side) -> tuple[int, ...]:
    return tuple(sorted(code(name) for name in side))


def coded_typing(typing: Typing) -> list[encoding.Alternative]:
    """The typing in sorted codes, nulls left as they are; no alternatives where not typed."""
    return [(typed_side(first), typed_side(second)) for first, second in typing or []]


def typed_side(side: Side) -> encoding.Side:
    """The side in codes, with the antigens that it was typed as."""
    name = next((one for one in side if isinstance(one, Allele)), "")
    antigens, serology = (
        tuple(sorted(ANTIGENS.index(antigen) for antigen in getattr(name, kind, ())))
        for kind in ("antigens", "serology")
    )
    return encoding.Side(coded_side(side), antigens, serology)


def names() -> st.SearchStrategy[str]:
    return st.sampled_from(NAMES)


def single_alleles() -> st.SearchStrategy[str]:
    return st.sampled_from((*NAMES, *NAMES, NULL, NEW))


def genotypes() -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(single_alleles(), single_alleles())


@st.composite
def sides(draw: st.DrawFn, *, null: bool = True, new: bool = True) -> Side:
    """One to four names; at times with a marker among them, or the marker alone.

    Args:
        draw: given by Hypothesis.
        null: let NULL occur.
        new: let NEW occur.
    """
    members = draw(st.frozensets(names(), min_size=1, max_size=4))
    shape = draw(st.integers(0, 15))  # 0 is the shape that Hypothesis shrinks to: names alone
    if null and shape in (12, 13):
        return frozenset({NULL}) if shape == 12 else members | {NULL}
    if new and shape in (14, 15):
        return frozenset({NEW}) if shape == 14 else members | {NEW}
    if shape >= 8:  # certain alleles would be rare otherwise, and with them grade A and certain matches
        return frozenset({min(members)})
    return members


def alternatives(*, null: bool = True, new: bool = True) -> st.SearchStrategy[Alternative]:
    side = sides(null=null, new=new)
    return st.tuples(side, side)


def typed(*, null: bool = True, new: bool = True) -> st.SearchStrategy[list[Alternative]]:
    """Typings of a typed locus: mostly one alternative, up to three."""
    alternative = alternatives(null=null, new=new)
    one = st.lists(alternative, min_size=1, max_size=1)
    return st.one_of(one, one, st.lists(alternative, min_size=2, max_size=3))


def with_nulls() -> st.SearchStrategy[list[Alternative]]:
    """Typings of few names in which most sides are null, or may be, as those of genes that can be absent."""
    few = (*NAMES[:2], NULL, NULL, NEW)
    side = st.frozensets(st.sampled_from(few), min_size=1, max_size=3).filter(
        lambda one: NEW not in one or len(one) == 1
    )
    return st.lists(st.tuples(side, side), min_size=1, max_size=3)


def typings(*, null: bool = True, new: bool = True) -> st.SearchStrategy[Typing]:
    """As `typed`, at times None for a locus that is not typed."""
    known = typed(null=null, new=new)
    return st.integers(0, 7).flatmap(lambda n: st.none() if n == 7 else known)


@st.composite
def with_antigens(draw: st.DrawFn, typing: st.SearchStrategy[Typing]) -> Typing:
    """A typing, every side with the antigens that it was typed as; a third of them by serology alone."""
    return [(draw(_typed_as(first)), draw(_typed_as(second))) for first, second in draw(typing) or []] or None


@st.composite
def _typed_as(draw: st.DrawFn, side: Side) -> Side:
    reported = st.sets(st.sampled_from(ANTIGENS), min_size=1, max_size=2)
    by_serology = draw(st.integers(0, 2)) == 2 and not side & {NULL, NEW}
    antigens = draw(st.sets(st.sampled_from(ANTIGENS), max_size=2))
    serology = draw(reported) if by_serology else set[str]()
    return frozenset(name if name in (NULL, NEW) else Allele(name, antigens, serology) for name in side)


def persons(*, null: bool = True, new: bool = True) -> st.SearchStrategy[dict[str, Typing]]:
    """A typing for each locus of `LOCI`."""
    return st.fixed_dictionaries({locus: typings(null=null, new=new) for locus in LOCI})


def donor_lists(
    *, min_size: int = 0, max_size: int = 12, null: bool = True, new: bool = True
) -> st.SearchStrategy[dict[str, dict[str, Typing]]]:
    """Up to twelve donors, "D00" and on, each with a typing for each locus of `LOCI`."""
    people = st.lists(persons(null=null, new=new), min_size=min_size, max_size=max_size)
    return people.map(lambda found: {f"D{i:02}": person for i, person in enumerate(found)})


def scopes() -> st.SearchStrategy[list[str]]:
    """At least one locus, in any order."""
    return st.lists(st.sampled_from(LOCI), min_size=1, max_size=len(LOCI), unique=True)


def locus_limits() -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(LOCI), st.integers(0, 2), max_size=len(LOCI))


def directions() -> st.SearchStrategy[str]:
    return st.sampled_from(("both", "gvh", "hvg"))


def rank_entries(*, max_size: int = 12) -> st.SearchStrategy[list[dict[str, object]]]:
    """Donors as `tests.oracle.matching.rank` takes them, with few distinct values so that every key has to decide."""
    entry = st.fixed_dictionaries(
        {
            "mismatches": st.integers(0, 2),
            "best": st.integers(5, 6),
            "worst": st.integers(4, 5),
            "age": st.none() | st.integers(18, 20),
            "cmv": st.sampled_from((None, "N", "P")),
            "abo": st.sampled_from((None, "A", "B", "AB", "O")),
            "sex": st.sampled_from((None, "M", "F")),
        }
    )
    donor_id = st.integers(0, 99).map(lambda n: f"D{n:02}")  # in any order, so that ties are not in order already
    identified = st.builds(lambda identifier, one: {"donor_id": identifier, **one}, donor_id, entry)
    return st.lists(identified, max_size=max_size, unique_by=lambda one: one["donor_id"])


# Match prediction, in the terms of `tests.oracle.probability`: names as the chromosomes carry them, NULL not resolved.

PANEL_NAMES = NAMES[:4]


def panel_loci() -> st.SearchStrategy[tuple[str, ...]]:
    """Two or three loci in any order."""
    return st.lists(st.sampled_from(LOCI), min_size=2, max_size=3, unique=True).map(tuple)


def haplotypes(loci: tuple[str, ...], *, null: bool = True) -> st.SearchStrategy[tuple[str, ...]]:
    """One of four names at each locus, two of them frequent, at times NULL."""
    common = (*PANEL_NAMES, *PANEL_NAMES[:2])
    name = st.sampled_from((*common, NULL) if null else common)
    return st.tuples(*(name for _ in loci))


def frequency_sets(
    loci: tuple[str, ...], *, null: bool = True, max_size: int = 8
) -> st.SearchStrategy[dict[tuple[str, ...], Fraction]]:
    """One to eight haplotypes; few distinct frequencies, so that equal ones occur, and any sum."""
    frequency = st.builds(Fraction, st.integers(1, 6), st.sampled_from((1, 7, 40)))
    return st.dictionaries(haplotypes(loci, null=null), frequency, min_size=1, max_size=max_size)


@st.composite
def carried_sides(draw: st.DrawFn, *, null: bool = True, new: bool = True) -> Side:
    """One to three names; mostly of those in haplotypes, at times with a marker among them, or the marker alone."""
    members = draw(st.frozensets(st.sampled_from((*PANEL_NAMES, NAMES[-1])), min_size=1, max_size=3))
    shape = draw(st.integers(0, 11))
    if null and shape in (9, 10):
        return frozenset({NULL}) if shape == 9 else members | {NULL}
    if new and shape == 11:
        return frozenset({NEW})
    return frozenset({min(members)}) if shape >= 6 else members


@st.composite
def carried_typings(draw: st.DrawFn, *, null: bool = True, new: bool = True) -> Typing:
    """Not typed; homozygous; the same list on both sides; one to three alternatives of any sides."""
    side = carried_sides(null=null, new=new)
    shape = draw(st.integers(0, 7))
    if shape == 7:
        return None
    if shape in (5, 6):
        both = draw(side)
        return [(both, both)]
    return draw(st.lists(st.tuples(side, side), min_size=1, max_size=1 if shape < 3 else 3))


@st.composite
def carried_persons(
    draw: st.DrawFn,
    loci: tuple[str, ...],
    frequencies: Mapping[tuple[str, ...], Fraction],
    *,
    null: bool = True,
    new: bool = True,
) -> dict[str, Typing]:
    """Most carry two of the haplotypes, or of their alleles at each locus, behind typings of any resolution.

    The others have any typings at all. Alleles of different haplotypes are for predictions that fall back to loci;
    they are little ambiguous, else some haplotypes would explain them after all.

    Args:
        draw: given by Hypothesis.
        loci: the loci of the haplotypes; a locus of `LOCI` that is not among them has any typing.
        frequencies: the haplotypes to carry.
        null: let NULL occur in typings beyond what the haplotypes carry.
        new: let NEW occur.
    """
    anything = carried_typings(null=null, new=new)
    person = {locus: draw(anything) for locus in LOCI}
    shape = draw(st.integers(0, 7))
    if shape == 7:
        return person
    pairs = st.tuples(*[st.sampled_from(sorted(frequencies))] * 2)
    carried, mixed = draw(pairs), shape >= 5
    for i, locus in enumerate(loci):
        first, second = draw(pairs) if mixed else carried
        person[locus] = draw(blurred(first[i], second[i], sharp=mixed, null=null, new=new))
    return person


@st.composite
def blurred(
    draw: st.DrawFn, first: str, second: str, *, sharp: bool = False, null: bool = True, new: bool = True
) -> Typing:
    """A typing that allows these carried names: exactly, or among others, or not typed; in either order.

    Args:
        draw: given by Hypothesis.
        first: one chromosome's name.
        second: the other's.
        sharp: leave at least one side exact.
        null: let NULL occur beside the names.
        new: let NEW occur, in alternatives beside the one that allows the names.
    """
    shape = draw(st.integers(0, 2 if sharp else 8))
    if shape >= 7:
        return None
    others = st.frozensets(st.sampled_from((*PANEL_NAMES, NULL) if null else PANEL_NAMES), min_size=1, max_size=4)
    one, other = frozenset({first}), frozenset({second})
    if shape >= 2:
        one |= draw(others)
    if shape >= 3:
        other |= draw(others)
    alternatives = [draw(st.sampled_from(((one, other), (other, one))))]
    if shape >= 5:
        side = carried_sides(null=null, new=new)
        alternatives += draw(st.lists(st.tuples(side, side), max_size=2))
    return draw(st.permutations(alternatives))


@st.composite
def loci_blocks(draw: st.DrawFn, loci: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The loci in any order, divided into one block or two."""
    order = draw(st.permutations(loci))
    cut = draw(st.integers(1, len(loci)))
    return tuple(tuple(block) for block in (order[:cut], order[cut:]) if block)


@st.composite
def panels(
    draw: st.DrawFn, loci: tuple[str, ...], *, null: bool = True
) -> list[tuple[str, dict[tuple[str, ...], Fraction]]]:
    """One to three of the steps "own", "registry" and "global" with frequencies, in this order."""
    steps = draw(st.sets(st.sampled_from(("own", "registry", "global")), min_size=1))
    return [(step, draw(frequency_sets(loci, null=null))) for step in ("own", "registry", "global") if step in steps]


def scopes_of(loci: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """At least one of these loci, in any order."""
    return st.lists(st.sampled_from(loci), min_size=1, max_size=len(loci), unique=True).map(tuple)
