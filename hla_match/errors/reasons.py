"""The reasons why a typing or a record could not be read, or is unusual, as the reports beside a registry name them."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why a typing or a record could not be read, or is unusual: the reasons of the reports beside a registry.

    Attributes:
        means: what the reason stands for, in one sentence.
        to_do: what to do about it, in one sentence.
    """

    means: str
    to_do: str

    def __new__(cls, reason: str, means: str = "", to_do: str = "") -> Self:
        """Make a member whose value is the reason alone."""
        member = str.__new__(cls, reason)
        member._value_ = reason
        member.means, member.to_do = means, to_do
        return member

    @property
    def code(self) -> str:
        """The code of a `TypingError` with this reason."""
        return f"typing.{self.replace('_', '-')}"

    MALFORMED = "malformed", "A text is no typing in any form that is read.", "Write it as one of those forms."
    UNKNOWN_ALLELE = (
        "unknown_allele",
        "The nomenclature has no such allele.",
        "Correct the name, or read it with a newer release.",
    )
    DELETED_ALLELE = (
        "deleted_allele",
        "The allele was deleted from the nomenclature and no other took its place.",
        "Ask the laboratory for a new interpretation.",
    )
    UNKNOWN_GROUP = (
        "unknown_group",
        "The nomenclature has no such G or P group.",
        "Correct the name, or read it with a newer release.",
    )
    UNKNOWN_CODE = (
        "unknown_code",
        "The multiple allele code is not in the table of codes.",
        "Give a newer table of codes.",
    )
    IMPOSSIBLE_CODE = (
        "impossible_code",
        "The multiple allele code cannot stand behind this first field.",
        "Correct the first field or the code.",
    )
    UNKNOWN_ANTIGEN = (
        "unknown_antigen",
        "The nomenclature has no such antigen.",
        "Correct the antigen.",
    )
    WRONG_LOCUS = (
        "wrong_locus",
        "A typing names another locus than that of its column.",
        "Move it to the columns of its locus.",
    )
    UNKNOWN_LOCUS = "unknown_locus", "A typing names no locus of the HLA region.", "Correct the name of the locus."
    SECOND_WITHOUT_FIRST = (
        "second_without_first",
        "The second typing of a locus is given without the first.",
        "Add the first typing, or move the second to its place.",
    )
    CONFLICTING_TYPINGS = (
        "conflicting_typings",
        "Two typings of one locus cannot both be right.",
        "Remove the one that is wrong.",
    )
    NOT_TYPED = "not_typed", "No locus of a person is typed.", "Add typings, or remove the row."
    MISSING_IDENTIFIER = "missing_identifier", "A row has no identifier.", "Add the identifier."
    DUPLICATE_IDENTIFIER = (
        "duplicate_identifier",
        "Several rows have one identifier.",
        "Give each person one identifier and one row.",
    )
    MERGED_RECORD = (
        "merged_record",
        "A row has the identifier of a record that was merged into another one of the same person.",
        "Give the identifier that stays.",
    )
    BAD_ATTRIBUTE = (
        "bad_attribute",
        "An attribute such as a date or a blood group cannot be read.",
        "Correct the cell as its message says.",
    )
    BAD_TEXT = (
        "bad_text",
        "A cell holds characters that no text has.",
        "Export the table again, as UTF-8.",
    )
    WRONG_COLUMN_COUNT = (
        "wrong_column_count",
        "A row has more or fewer cells than the header.",
        "Correct the separators of the row.",
    )
    IMPLAUSIBLE_VALUE = (
        "implausible_value",
        "An attribute has a value that no person has.",
        "Correct the cell; it is left empty until then.",
    )
    UNUSUAL_VALUE = (
        "unusual_value",
        "An attribute has a value that is rare among donors.",
        "Check the cell; it is kept as it is.",
    )
    TOO_AMBIGUOUS = (
        "too_ambiguous",
        "A typing stands for more alleles or genotypes than are read.",
        "Write it shorter, such as by a group or a code.",
    )
