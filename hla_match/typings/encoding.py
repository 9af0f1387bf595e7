"""Names to integers: typings become codes of a code book, and the code book becomes arrays for the kernels.

Names end here. A *side* is what one chromosome can carry, with the antigens that it was typed as; an
*alternative* is a pair of sides drawn from independently; a typing has one alternative, or several where the laboratory
reported whole genotypes. A typing is kept twice: as its two chromosomes *carry* it, null alleles included, for
haplotypes; and as it *counts* for matching, where a null allele is read by what the other person carries (`counted`).
An absent gene is a null allele.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.errors import Reason, TypingError
from hla_match.kernels.codes import FIRST_P_GROUP, NEW, NULL, NULL_RESOLVED, WITH_NULL, WITHOUT_NULL
from hla_match.kernels.schema.typings import AntigenSets, CountedTypings, SerologySets, TypingsWithNulls, TypingTable
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string import column_notes, genotypes, is_absent_gene, lone_typings
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Expansion, Nomenclature
from hla_match.nomenclature.untyped import UNKNOWN

MOST_GENOTYPES = 8_192
"""Alternative genotypes of a typing; laboratories report some thousands at most."""

NullRule = Literal["consensus", "strict"]

COMPARED: Mapping[NullRule, Mapping[int, int]] = MappingProxyType(
    {
        "consensus": {
            WITHOUT_NULL: WITHOUT_NULL | NULL_RESOLVED,
            NULL_RESOLVED: WITHOUT_NULL,
            WITH_NULL: WITH_NULL,
        },
        "strict": {
            WITHOUT_NULL: WITHOUT_NULL | NULL_RESOLVED,
            NULL_RESOLVED: WITHOUT_NULL | NULL_RESOLVED,
            WITH_NULL: 0,
        },
    }
)
"""By the rule of null alleles, the kinds of one person's alternatives that each kind of the other's is compared with.

The WMDA's consensus: where both persons have a null allele at the locus it is an allele like any other and equals a
null allele; where one of them has one, that person counts as homozygous for the partner (Bochtler et al., Bone Marrow
Transplant 2011;46:338; the 26 patterns of Bochtler et al., Hum Immunol 2016;77:371). Strict: a null allele equals none.
"""

AmbiguousNulls = Literal["drop", "keep"]
"""How a null allele is read that a list or a multiple allele code names beside expressed ones.

It is dropped, as coordinators read decoded codes, or kept as possible. Those that a truncated name, a family such as
``24:XX``, an antigen or a group stands for are dropped in any case. Alternatives that were reported as whole genotypes
keep theirs.
"""

NULLS_DROPPED = "null alleles named beside expressed ones in a list or code were left out"
"""The note on a typing that ``drop`` changed."""

AlleleSet = tuple[int, ...]


class Side(NamedTuple):
    """One side of a typing: the alleles that it can be, and the antigens that it was typed as.

    The antigens are those of the text, not of every allele behind it: whoever is typed A3 has no A24, although a rare
    allele may be reported as either.

    Attributes:
        codes: ascending codes of P groups, NULL or NEW.
        antigens: ascending antigens that it counts as for an antigen match, as coded by the nomenclature.
        serology: ascending antigens reported, where it was typed by serology alone; else none.
    """

    codes: AlleleSet
    antigens: tuple[int, ...] = ()
    serology: tuple[int, ...] = ()


Alternative = tuple[Side, Side]

ABSENT = Side((NULL,))
"""The side of a chromosome with a null allele, or without the gene."""


class CountedAlternative(NamedTuple):
    """A pair of sides drawn from independently, as it counts beside those of another person that `COMPARED` names."""

    first: Side
    second: Side
    kind: int

    @property
    def has_new(self) -> bool:
        """Whether a side is an allele reported as NEW."""
        return (NEW,) in (self.first.codes, self.second.codes)


def alternatives_with_nulls(table: TypingTable, typing: int) -> tuple[Alternative, ...]:
    """Return the alternatives of a typing, as the chromosomes carry them."""
    start, pairs = table.with_nulls
    own = pairs[start[typing] : start[typing + 1]].tolist()
    return tuple((side_of(table, one), side_of(table, other)) for one, other in own)


def side_of(table: TypingTable, number: int) -> Side:
    """Return the side that a set is."""
    lists = ((table.counted.set_start, table.counted.set_member), table.antigens, table.serology)
    return Side(*(tuple(member[start[number] : start[number + 1]].tolist()) for start, member in lists))


def allele_set(expansion: Expansion, ambiguous_nulls: AmbiguousNulls = "drop") -> AlleleSet:
    """Return the codes one side can be."""
    if expansion.is_new:
        return (NEW,)
    expressed = tuple(_shared(code + FIRST_P_GROUP) for code in expansion.p_codes)
    if not expressed:
        return (NULL,)
    return (NULL, *expressed) if ambiguous_nulls == "keep" and expansion.has_null else expressed


# A code in many thousands of sets is one object: sets are most of the memory that an import takes.
_shared = cache(int)


def counted(with_nulls: Sequence[Alternative]) -> tuple[CountedAlternative, ...]:
    """Return the alternatives of a typing as they count for matching, each once.

    Beside a person without null alleles the carrier of one is homozygous for its partner: both alleles are the *same*
    member of the partner's set, which makes one alternative for each member. Beside a person with null alleles a null
    allele is one like any other. All keep the antigens that the partner was typed as. Sources: see `COMPARED`.

    >>> [(one.codes, other.codes, kind) for one, other, kind in counted([(Side((2, 3)), ABSENT)])]
    [((2,), (2,), 2), ((3,), (3,), 2), ((2, 3), (0,), 4)]
    """
    return tuple(dict.fromkeys(one for first, second in with_nulls for one in _counted(first, second)))


def _counted(first: Side, second: Side) -> Iterator[CountedAlternative]:
    if NULL not in first.codes and NULL not in second.codes:
        yield CountedAlternative(first, second, WITHOUT_NULL)
        return
    expressed, others = (
        side._replace(codes=tuple(code for code in side.codes if code != NULL)) for side in (first, second)
    )
    if expressed.codes and others.codes:
        yield CountedAlternative(expressed, others, WITHOUT_NULL)
    if NULL in second.codes and expressed.codes:
        yield from (CountedAlternative(one, one, NULL_RESOLVED) for one in _members(expressed))
        yield CountedAlternative(expressed, ABSENT, WITH_NULL)
    if NULL in first.codes and others.codes:
        yield from (CountedAlternative(one, one, NULL_RESOLVED) for one in _members(others))
        yield CountedAlternative(ABSENT, others, WITH_NULL)
    if NULL in first.codes and NULL in second.codes:
        yield from (CountedAlternative(ABSENT, ABSENT, kind) for kind in (NULL_RESOLVED, WITH_NULL))


def _members(side: Side) -> Iterator[Side]:
    """Return a side for each allele that one can be."""
    return (side._replace(codes=(code,)) for code in side.codes)


class LocusEncoder:
    """Reads the typings of one locus as sets of codes.

    Args:
        nomenclature: reads the names.
        locus: the locus.
        codes: multiple allele codes.
        ambiguous_nulls: what becomes of null alleles named beside expressed ones.
    """

    def __init__(
        self,
        nomenclature: Nomenclature,
        locus: str,
        codes: MacTable | None = None,
        *,
        ambiguous_nulls: AmbiguousNulls = "drop",
    ) -> None:
        self.locus = locus
        self._nomenclature = nomenclature
        self._codes = codes
        self._ambiguous_nulls: AmbiguousNulls = ambiguous_nulls
        self._side: dict[str, Side] = {}
        self._notes: dict[str, tuple[str, ...]] = {}

    def with_nulls(self, first: str, second: str) -> tuple[Alternative, ...]:
        """Return the alternatives of a typing as reported in two columns, null alleles kept; empty where not typed.

        A chromosome may lack the genes DRB3, DRB4 and DRB5: where one allele is reported the other may be absent, and a
        gene reported as absent is carried as a null allele is.

        Raises:
            TypingError: a side cannot be read under the nomenclature, or the genotypes are more than `MOST_GENOTYPES`.
        """
        return self._with_nulls(first, second, genotypes(first, second))

    def with_nulls_and_notes(self, first: str, second: str) -> tuple[tuple[Alternative, ...], tuple[str, ...]]:
        """Return `with_nulls` and `notes` of a typing, for less than one after the other.

        Raises:
            TypingError: as `with_nulls`.
        """
        pairs = genotypes(first, second)
        with_nulls = self._with_nulls(first, second, pairs)
        # Two columns that are taken as they stand have nothing to note.
        as_written = pairs == [(first, second or first)]
        if as_written and first not in self._notes and second not in self._notes:
            return with_nulls, ()
        return with_nulls, self.notes(first, second)

    def _with_nulls(self, first: str, second: str, pairs: Sequence[tuple[str, str]]) -> tuple[Alternative, ...]:
        if len(pairs) > MOST_GENOTYPES:
            raise TypingError(
                first,
                0,
                expected=f"at most {MOST_GENOTYPES:,} alternative genotypes, not {len(pairs):,}",
                reason=Reason.TOO_AMBIGUOUS,
                hint="report lists of alleles, or a multiple allele code",
            )
        found: list[Alternative] = []
        lone = lone_typings(first, second) if self.locus in OPTIONAL_GENES else ()
        for one, other in pairs:
            found.append((self._read(one), self._read(other)))
            if self.locus in OPTIONAL_GENES and ((one == other and one in lone) or other == UNKNOWN):
                found.append((self._read(one), ABSENT))
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def is_read(self, first: str, second: str) -> bool:
        """Say whether both sides of a typing were read before, so that reading it costs nothing."""
        return first in self._side and (not second or second in self._side)

    def notes(self, first: str, second: str) -> tuple[str, ...]:
        """Return what reading a typing dropped or replaced, each note once; the typing has been read before."""
        sides = (side for pair in genotypes(first, second) for side in pair)
        of_sides = (note for side in sides for note in self._notes.get(side, ()))
        return tuple(dict.fromkeys((*column_notes(first, second), *of_sides)))

    def _read(self, text: str) -> Side:
        known = self._side.get(text)
        if known is None and is_absent_gene(self.locus, text):
            known = self._side[text] = ABSENT
        elif known is None:
            expansion = self._nomenclature.expand(self.locus, text, self._codes)
            number = self._nomenclature.index(self.locus).antigens.code
            known = self._side[text] = Side(
                allele_set(expansion, self._ambiguous_nulls),
                tuple(sorted(number[name] for name in expansion.antigens)),
                tuple(sorted(number[name] for name in expansion.serology)),
            )
            dropped = [NULLS_DROPPED] if expansion.has_null and NULL not in known.codes else []
            if expansion.notes or dropped:
                self._notes[text] = (*expansion.notes, *dropped)
        return known


def typing_table(typings: Sequence[tuple[Alternative, ...]]) -> TypingTable:
    """Return the arrays of some typings, given as their carried alternatives; the first is "not typed"."""
    set_code: dict[Side, int] = {}
    alternatives = [counted(pairs) for pairs in typings]
    alternative_start, alternative_set = _pairs([[one[:2] for one in several] for several in alternatives], set_code)
    with_nulls = TypingsWithNulls(*_pairs(typings, set_code))
    set_start, set_member = _lists([side.codes for side in set_code])
    kind = np.array([one.kind for several in alternatives for one in several], np.uint8)
    return TypingTable(
        counted=CountedTypings(set_start, set_member, alternative_start, alternative_set, kind),
        antigens=AntigenSets(*_lists([side.antigens for side in set_code])),
        serology=SerologySets(*_lists([side.serology for side in set_code])),
        with_nulls=with_nulls,
    )


def _pairs(
    typings: Sequence[Sequence[Alternative]], set_code: dict[Side, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the alternatives of all typings as offsets and pairs of set codes; new sets enter the code book."""
    flat = [
        tuple(set_code.setdefault(side, len(set_code)) for side in pair)
        for alternatives in typings
        for pair in alternatives
    ]
    starts = _offsets([len(alternatives) for alternatives in typings])
    return starts, np.array(flat, np.int32).reshape(-1, 2)


def _lists(lists: Sequence[tuple[int, ...]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return some lists as offsets and members."""
    return _offsets([len(one) for one in lists]), np.array([code for one in lists for code in one], np.int32)


def _offsets(sizes: list[int]) -> NDArray[np.int32]:
    starts = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=starts[1:])
    return starts
