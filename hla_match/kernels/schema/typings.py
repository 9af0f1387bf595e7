"""The arrays of the distinct typings of a locus: sets of codes, and pairs of sets."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.kernels.schema.array import Array, Int32, Int64, Uint8


class CountedTypings(NamedTuple):
    """The typings of a locus as they count for matching. Expanded typing 0 is "not typed" and has no alternative."""

    set_start: Annotated[Int32, Array("sets + 1", "offsets into `set_member`", into="members")]
    set_member: Annotated[
        Int32,
        Array(
            "members",
            "ascending in each set: 0 a null allele (absent), 1 NEW, else 2 + the number of the P group in the "
            "nomenclature",
        ),
    ]
    alternative_start: Annotated[Int32, Array("typings + 1", "offsets into `alternative_set`", into="alternatives")]
    alternative_set: Annotated[
        Int32,
        Array(
            "alternatives, 2",
            "the two sets of an alternative as it counts for matching; one allele is drawn from each, independently",
            below="sets",
        ),
    ]
    alternative_kind: Annotated[
        Uint8,
        Array(
            "alternatives",
            "1 without a null allele; 2 a null allele resolved, so that its partner counts twice: it counts beside "
            "persons without null alleles; 4 a null allele that counts as an allele, beside persons with one",
        ),
    ]


class AntigenSets(NamedTuple):
    """The antigens that each set counts as for an antigen match: those typed, not those of every member."""

    antigen_start: Annotated[Int32, Array("sets + 1", "offsets into `antigen_member`", into="antigen members")]
    antigen_member: Annotated[
        Int32,
        Array(
            "antigen members",
            "antigens that the set counts as, ascending in each set: those typed, not those of every member",
        ),
    ]


class SerologySets(NamedTuple):
    """The antigens reported for each set that was typed by serology alone; any other set has none."""

    serology_start: Annotated[Int32, Array("sets + 1", "offsets into `serology_member`", into="serology members")]
    serology_member: Annotated[
        Int32, Array("serology members", "antigens reported for a set typed by serology alone, ascending in each set")
    ]


class TypingsWithNulls(NamedTuple):
    """The typings as the two chromosomes carry them, null alleles kept."""

    pair_start: Annotated[Int32, Array("typings + 1", "offsets into `pair_set`", into="pairs", file="carried_start")]
    pair_set: Annotated[
        Int32,
        Array(
            "pairs, 2",
            "the two sets of an alternative as the chromosomes carry it, null alleles (0) kept",
            below="sets",
            file="carried_set",
        ),
    ]


class TypingTable(NamedTuple):
    """The distinct typings of one locus, expanded once. A set is a distinct side of a typing."""

    counted: CountedTypings
    antigens: AntigenSets
    serology: SerologySets
    with_nulls: TypingsWithNulls

    @property
    def n_typings(self) -> int:
        """Number of typings, "not typed" included."""
        return int(self.counted.alternative_start.size - 1)


class ReportedTypings(NamedTuple):
    """The distinct typings of a locus as they were reported; different texts may have one expanded typing."""

    expanded_typing: Annotated[
        Int32,
        Array(
            "reported",
            "expanded typing of the text; expanded typings are numbered by the first of their texts",
            file="meaning",
        ),
    ]


class MacArrays(NamedTuple):
    """A book of multiple allele codes."""

    name: Annotated[NDArray[np.bytes_], Array("codes", "the codes, ascending", file="code_name")]
    offset: Annotated[Int64, Array("codes + 1", "offsets into `text`", into="bytes", file="code_offset")]
    text: Annotated[
        Uint8,
        Array(
            "bytes",
            "UTF-8 text of all expansions: second fields (`01/02`) or names (`24:02/25:01`)",
            file="code_text",
        ),
    ]
