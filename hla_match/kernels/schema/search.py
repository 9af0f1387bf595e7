"""The arrays of one search: a patient's sides, what each donor typing counts for, and the donors that are found."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Bool, Int32, Int64, Uint8, Uint16, Uint32


class PatientSides(NamedTuple):
    """One alternative of the patient's typing at a locus."""

    side1: Annotated[Int32, Array("codes", "ascending codes of the first side")]
    side2: Annotated[Int32, Array("codes", "ascending codes of the second side")]
    antigen1: Annotated[Int32, Array("antigens", "antigens of the first side")]
    antigen2: Annotated[Int32, Array("antigens", "antigens of the second side")]


class PatientMarks(NamedTuple):
    """Working arrays of a locus: zeros, which are zeros again when a kernel returns."""

    mark: Annotated[Uint8, Array("codes", "patient sides, as bits, that hold each code")]
    antigen_mark: Annotated[Uint8, Array("antigens", "patient sides, as bits, that are each antigen")]


class PositionGrades(NamedTuple):
    """The grades of some donor typings of a locus, alternative by alternative of the patient."""

    value: Annotated[
        Uint8, Array("n", "1 + 16 for each position matched + the sum of grades, of the best alternative so far", 0)
    ]
    grade: Annotated[Uint8, Array("2, n", "grades at the donor's first and second allele in that alternative")]
    certain: Annotated[Bool, Array("2, n", "whether the position was an allele match in every alternative so far")]


class LocusTables(NamedTuple):
    """What each typing of some loci counts for, the tables of all loci one after another."""

    locus_row: Annotated[Int64, Array("loci", "rows of the loci in `donor_typing`")]
    table_start: Annotated[Int64, Array("loci", "where the table of each locus starts in `table`")]
    table: Annotated[
        Uint16, Array("entries", "mismatches of each typing; `EXCLUDED` where not allowed, `UNCERTAIN` added")
    ]


class OrderTables(NamedTuple):
    """What each typing counts for at the loci of an order; entries as in `LocusTables`, 0 out of scope."""

    first_table: Annotated[Uint16, Array("typings", "of the first locus")]
    second_table: Annotated[Uint16, Array("typings", "of the second locus")]
    third_table: Annotated[Uint16, Array("typings", "of the third locus")]
    fourth_table: Annotated[Uint16, Array("typings", "of C")]
    fifth_table: Annotated[Uint16, Array("typings", "of DQB1")]


class FoundRows(NamedTuple):
    """Room for the donors within the limits."""

    donor: Annotated[Uint32, Array("donors", "rows of the registry")]
    mismatches: Annotated[Uint8, Array("donors", "their least mismatches in scope")]
    uncertain: Annotated[Bool, Array("donors", "whether one of their counts is not certain")]
