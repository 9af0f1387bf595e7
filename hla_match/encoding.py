"""Names to integers: typings become codes of a code book, and the code book becomes arrays for the kernels.

Meaning is stripped here, once. A *set* is what one side of a typing can be; an *alternative* is a pair of sets drawn
from independently; a typing has one alternative, or several where the laboratory reported whole genotypes. A typing is
kept twice: as its two chromosomes *carry* it, null alleles included, for haplotypes; and as it *counts* for matching,
where a null allele is read by what the other person carries (`counted`). An absent gene is a null allele.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.errors import Reason, TypingError
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string import column_notes, genotypes, is_absent_gene
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Expansion, Nomenclature
from hla_match.nomenclature.untyped import UNKNOWN

NULL, NEW, FIRST_P_GROUP = 0, 1, 2
"""Codes of a set: an absent (null) allele, an allele reported as NEW, and the first P group of the nomenclature."""

MOST_GENOTYPES = 8_192
"""Alternative genotypes of a typing; laboratories report some thousands at most."""

NOT_TYPED = 0
"""The typing code of a locus that was not typed."""

FREE, RESOLVED, CARRIED = 1, 2, 4
"""Kinds of a `CountedAlternative`, as bits.

Free of null alleles; a null allele resolved, so that its partner counts twice; and a null allele carried as an allele
like any other.
"""

NullRule = Literal["consensus", "strict"]

COMPARED: Mapping[NullRule, Mapping[int, int]] = MappingProxyType(
    {
        "consensus": {FREE: FREE | RESOLVED, RESOLVED: FREE, CARRIED: CARRIED},
        "strict": {FREE: FREE | RESOLVED, RESOLVED: FREE | RESOLVED, CARRIED: 0},
    }
)
"""By the rule of null alleles, the kinds of one person's alternatives that each kind of the other's is compared with.

The WMDA's consensus: where both persons have a null allele at the locus it is an allele like any other and equals a
null allele; where one of them has one, that person counts as homozygous for the partner (Bochtler et al., Bone Marrow
Transplant 2011;46:338; the 26 patterns of Bochtler et al., Hum Immunol 2016;77:371). Strict: a null allele equals none.
"""

AmbiguousNulls = Literal["drop", "keep"]
"""What becomes of a null allele that a list or a multiple allele code names beside expressed ones.

It is dropped, as coordinators read decoded codes, or kept as possible. Those that a truncated name, a family such as
``24:XX``, an antigen or a group stands for are dropped in any case. Alternatives that were reported as whole genotypes
keep theirs.
"""

NULLS_DROPPED = "null alleles named beside expressed ones in a list or code were left out"
"""The note on a typing that ``drop`` changed."""

AlleleSet = tuple[int, ...]
Alternative = tuple[AlleleSet, AlleleSet]


class CountedAlternative(NamedTuple):
    """A pair of sets drawn from independently, as it counts beside those of another person that `COMPARED` names."""

    first: AlleleSet
    second: AlleleSet
    kind: int


@dataclass(frozen=True, slots=True)
class TypingTable:
    """The distinct typings of one locus, expanded once.

    Attributes:
        set_start: (sets + 1,) int32 offsets into `set_member`.
        set_member: int32 sorted codes of each set.
        antigen_start: (sets + 1,) int32 offsets into `antigen_member`.
        antigen_member: int32 antigens of each set, as coded by `antigen_book`.
        alternative_start: (typings + 1,) int32 offsets into `alternative_set`; typing 0 is "not typed" and has none.
        alternative_set: (alternatives, 2) int32 sets of each alternative as it counts.
        alternative_kind: (alternatives,) uint8 kind of each, `FREE`, `RESOLVED` or `CARRIED`.
        carried_start: (typings + 1,) int32 offsets into `carried_set`.
        carried_set: (carried, 2) int32 sets, as the chromosomes carry them.
    """

    set_start: NDArray[np.int32]
    set_member: NDArray[np.int32]
    antigen_start: NDArray[np.int32]
    antigen_member: NDArray[np.int32]
    alternative_start: NDArray[np.int32]
    alternative_set: NDArray[np.int32]
    alternative_kind: NDArray[np.uint8]
    carried_start: NDArray[np.int32]
    carried_set: NDArray[np.int32]

    @property
    def n_typings(self) -> int:
        """Number of typings, "not typed" included."""
        return int(self.alternative_start.size - 1)


def antigen_book(nomenclature: Nomenclature, locus: str) -> tuple[int, list[tuple[int, ...]]]:
    """Return the number of antigens of a locus and the antigen codes of each of its P groups."""
    book: dict[str, int] = {}
    of_group = [
        tuple(book.setdefault(antigen, len(book)) for antigen in antigens) for antigens in nomenclature.antigens(locus)
    ]
    return len(book), of_group


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


def counted(carried: Sequence[Alternative]) -> tuple[CountedAlternative, ...]:
    """Return the alternatives of a typing as they count for matching, each once.

    Beside a person without null alleles the carrier of one is homozygous for its partner: both alleles are the *same*
    member of the partner's set, which makes one alternative for each member. Beside a person with null alleles a null
    allele is one like any other. Sources: see `COMPARED`.

    >>> [tuple(one) for one in counted([((2, 3), (0,))])]
    [((2,), (2,), 2), ((3,), (3,), 2), ((2, 3), (0,), 4)]
    """
    return tuple(dict.fromkeys(one for first, second in carried for one in _counted(first, second)))


def _counted(first: AlleleSet, second: AlleleSet) -> Iterator[CountedAlternative]:
    if NULL not in first and NULL not in second:
        yield CountedAlternative(first, second, FREE)
        return
    expressed, others = (tuple(code for code in side if code != NULL) for side in (first, second))
    if expressed and others:
        yield CountedAlternative(expressed, others, FREE)
    if NULL in second and expressed:
        yield from (CountedAlternative((code,), (code,), RESOLVED) for code in expressed)
        yield CountedAlternative(expressed, (NULL,), CARRIED)
    if NULL in first and others:
        yield from (CountedAlternative((code,), (code,), RESOLVED) for code in others)
        yield CountedAlternative((NULL,), others, CARRIED)
    if NULL in first and NULL in second:
        yield from (CountedAlternative((NULL,), (NULL,), kind) for kind in (RESOLVED, CARRIED))


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
        codes: MultipleAlleleCodes | None = None,
        *,
        ambiguous_nulls: AmbiguousNulls = "drop",
    ) -> None:
        self.locus = locus
        self._nomenclature = nomenclature
        self._codes = codes
        self._ambiguous_nulls: AmbiguousNulls = ambiguous_nulls
        self._side: dict[str, AlleleSet] = {}
        self._notes: dict[str, tuple[str, ...]] = {}

    def carried(self, first: str, second: str) -> tuple[Alternative, ...]:
        """Return the alternatives of a typing as reported in two columns, null alleles kept; empty where not typed.

        A chromosome may lack the genes DRB3, DRB4 and DRB5: where one allele is reported the other may be absent, and a
        gene reported as absent is carried as a null allele is.

        Raises:
            TypingError: a side cannot be read under the nomenclature, or the genotypes are more than `MOST_GENOTYPES`.
        """
        pairs = genotypes(first, second)
        if len(pairs) > MOST_GENOTYPES:
            raise TypingError(
                first,
                0,
                expected=f"at most {MOST_GENOTYPES:,} alternative genotypes, not {len(pairs):,}",
                reason=Reason.TOO_AMBIGUOUS,
                hint="report lists of alleles, or a multiple allele code",
            )
        found: list[Alternative] = []
        for one, other in pairs:
            found.append((self._read(one), self._read(other)))
            if self.locus in OPTIONAL_GENES and (one == other or other == UNKNOWN):
                found.append((self._read(one), (NULL,)))
        return tuple(dict.fromkeys(found))

    def alternatives(self, first: str, second: str) -> tuple[CountedAlternative, ...]:
        """Return the alternatives of a typing as reported in two columns, as they count; empty where not typed.

        Raises:
            TypingError: as `carried`.
        """
        return counted(self.carried(first, second))

    def is_read(self, first: str, second: str) -> bool:
        """Say whether both sides of a typing were read before, so that reading it costs nothing."""
        return first in self._side and (not second or second in self._side)

    def notes(self, first: str, second: str) -> tuple[str, ...]:
        """Return what reading a typing dropped or replaced, each note once; the typing has been read before."""
        sides = (side for pair in genotypes(first, second) for side in pair)
        of_sides = (note for side in sides for note in self._notes.get(side, ()))
        return tuple(dict.fromkeys((*column_notes(first, second), *of_sides)))

    def _read(self, text: str) -> AlleleSet:
        known = self._side.get(text)
        if known is None and is_absent_gene(self.locus, text):
            known = self._side[text] = (NULL,)
        elif known is None:
            expansion = self._nomenclature.expand(self.locus, text, self._codes)
            known = self._side[text] = allele_set(expansion, self._ambiguous_nulls)
            dropped = [NULLS_DROPPED] if expansion.has_null and NULL not in known else []
            if expansion.notes or dropped:
                self._notes[text] = (*expansion.notes, *dropped)
        return known


def typing_table(typings: Sequence[tuple[Alternative, ...]], of_group: Sequence[tuple[int, ...]] = ()) -> TypingTable:
    """Return the arrays of some typings, as chromosomes carry them; the first is "not typed".

    Args:
        typings: the carried alternatives of each typing.
        of_group: antigens by P group; without them the table has none.
    """
    set_code: dict[AlleleSet, int] = {}
    alternatives = [counted(carried) for carried in typings]
    alternative_start, alternative_set = _pairs([[one[:2] for one in several] for several in alternatives], set_code)
    carried_start, carried_set = _pairs(typings, set_code)
    antigens = [set_antigens(members, of_group) if of_group else () for members in set_code]
    return TypingTable(
        set_start=_offsets([len(members) for members in set_code]),
        set_member=np.array([code for members in set_code for code in members], np.int32),
        antigen_start=_offsets([len(members) for members in antigens]),
        antigen_member=np.array([code for members in antigens for code in members], np.int32),
        alternative_start=alternative_start,
        alternative_set=alternative_set,
        alternative_kind=np.array([one.kind for several in alternatives for one in several], np.uint8),
        carried_start=carried_start,
        carried_set=carried_set,
    )


def _pairs(
    typings: Sequence[Sequence[Alternative]], set_code: dict[AlleleSet, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the alternatives of all typings as offsets and pairs of set codes; new sets enter the code book."""
    flat = [
        tuple(set_code.setdefault(members, len(set_code)) for members in pair)
        for alternatives in typings
        for pair in alternatives
    ]
    starts = _offsets([len(alternatives) for alternatives in typings])
    return starts, np.array(flat, np.int32).reshape(-1, 2)


def set_antigens(members: AlleleSet, of_group: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the sorted antigens that the members of a set can have; none for null and NEW alleles."""
    return tuple(sorted({a for code in members if code >= FIRST_P_GROUP for a in of_group[code - FIRST_P_GROUP]}))


def _offsets(sizes: list[int]) -> NDArray[np.int32]:
    starts = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=starts[1:])
    return starts
