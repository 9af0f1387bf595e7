"""What an attribute of a person may be: a category, a date, a number or a text, and what its entry says of it.

Entries stand in `hla_match.donors.attributes`. Readers, models, options and results ask the entry and name no attribute
themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform, get_args, get_type_hints

Group = TypeVar("Group")
PersonKind = Literal["donor", "patient"]
"""What a person is."""

MISSING_CATEGORY, MISSING_DATE = 255, 0
"""Codes of a category and of a date that are missing."""


@dataclass(frozen=True, slots=True)
class Default:
    """What an empty cell counts as.

    Attributes:
        value: the value.
        word: the value in words.
    """

    value: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One of a few values; a `Literal` names them, and the code of a value is its place there.

    Attributes:
        spellings: what may stand for a value in upper case, read without a note; the values themselves by default.
        words: further words and signs, in English and Chinese, in upper case and without blanks, read with a note.
        default: what an empty cell counts as. Such an attribute decides who is searched, so a donor whose cell cannot
            be read is left out.
        is_coded: whether a registry keeps the codes of its donors.
        values: the values in the order of their codes; the vocabulary takes them from the annotation.
    """

    spellings: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    default: Default | None = None
    is_coded: bool = False
    values: tuple[str, ...] = ()

    code_dtype: ClassVar[str] = "uint8"

    @property
    def missing_code(self) -> int:
        """The code of a donor without a value."""
        return MISSING_CATEGORY if self.default is None else self.values.index(self.default.value)

    @property
    def code_sentence(self) -> str:
        """What the codes mean, in words."""
        known = ", ".join(f"{code} {value}" for code, value in enumerate(self.values))
        missing = (
            f", {MISSING_CATEGORY} missing" if self.default is None else f"; {self.missing_code} where none is given"
        )
        return known + missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A day.

    Attributes:
        is_birth: whether the age of a person follows from it, so that it is checked as an age.
        is_coded: whether a registry keeps it as the number ``year * 10000 + month * 100 + day`` too.
        is_ahead: whether it is a day to come, so that one later than today is nothing unusual.
        first_year: the first year that is believed.
        last_year: the last one.
    """

    is_birth: bool = False
    is_coded: bool = False
    is_ahead: bool = False
    first_year: int = 1900
    last_year: int = 2100

    code_dtype: ClassVar[str] = "int32"
    missing_code: ClassVar[int] = MISSING_DATE
    code_sentence: ClassVar[str] = f"year * 10000 + month * 100 + day; {MISSING_DATE} missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of one unit.

    Attributes:
        unit: the unit, in the plural.
        unit_words: what may stand behind the number, in lower case, divided by blanks.
        above: the number is above this one.
        most: the greatest number that is believed.
        example: numbers as they are expected.
        noted_as: what a note calls cells that name the unit.
    """

    unit: str
    unit_words: str
    above: float
    most: float
    example: str
    noted_as: str


@dataclass(frozen=True, slots=True)
class Text:
    """Any text without control and invisible characters."""


AttributeType = Category | Date | Number | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """The entry of an attribute.

    Attributes:
        type: what its values are.
        columns: names of columns that hold it, in English and Chinese: letters and digits alone, in lower case, divided
            by blanks.
        asked_columns: names that may mean it, and may mean something else: the reader asks, and does not read them.
        in_lists: whether it is a column of match lists.
        heading: its column in the short table of a search; none where it is not shown there.
        option: help of the command's option that gives it of a patient; none where there is no option.
        name: its name; the vocabulary takes it from the field.
        persons: who has it; the vocabulary takes it from the group.
    """

    type: AttributeType
    columns: str
    asked_columns: str = ""
    in_lists: bool = False
    heading: str | None = None
    option: str | None = None
    name: str = ""
    persons: tuple[PersonKind, ...] = ()

    @property
    def category(self) -> Category:
        """What its values are, of a category.

        Raises:
            TypeError: it is another type.
        """
        if not isinstance(self.type, Category):
            raise TypeError(f"{self.name} is no category")
        return self.type


@dataclass_transform(kw_only_default=True)
def attribute_group(group: type[Group]) -> type[Group]:
    """Mark a class whose fields are attributes, each annotated with its type and its `Attribute`.

    A model of persons inherits from it, and has the fields of the group.
    """
    return group


def declared(groups: Iterable[tuple[type[Any], tuple[PersonKind, ...]]]) -> Mapping[str, Attribute]:
    """Return the attributes of some groups by name, each group with the persons who have its attributes."""
    found: dict[str, Attribute] = {}
    for group, persons in groups:
        for name, hint in get_type_hints(group, include_extras=True).items():
            values, attribute = get_args(hint)
            entry = replace(attribute, name=name, persons=persons)
            if isinstance(entry.type, Category):
                entry = replace(entry, type=_with_values(entry.type, get_args(get_args(values)[0])))
            found[name] = entry
    return MappingProxyType(found)


def _with_values(category: Category, values: tuple[str, ...]) -> Category:
    return replace(category, values=values, spellings=category.spellings or {value: value for value in values})
