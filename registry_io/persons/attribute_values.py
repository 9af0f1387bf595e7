"""What the cells of an attribute mean: dates of many spellings, words in English and Chinese, and signs for nothing.

Most cells are as the project writes them, and are read as a column; only what is left is read one text after another.
A text with two meanings is not read: `01/05/1990` is in January or in May.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hla_match.donors.attribute_types import Attribute, AttributeType, Category, Date, Number, Text
from hla_match.nomenclature.half_width import half_width
from hla_match.nomenclature.untyped import is_empty, is_unknown
from registry_io.tables.workbook_cells import MIDNIGHT

YEAR_LAST = r"^[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:[0-9]{2}|[0-9]{4})$"
"""A date whose day and month cannot be told apart, or whose order is not the one that is read."""

_DATE = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2})"
    r"| ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?)"
)
_NUMBER = r"([0-9]+(?:\.[0-9]+)?) ?"
_LONGEST_SIGN = 15

DATE_NOTE = "dates written like 1990/5/1, 1990.5.1, 19900501 or 1990年5月1日 were read as year, month and day"
WORD_NOTE = "words and signs such as 男, A型, 阳性 or Rh+ were read as the values they stand for"
EMPTY_NOTE = "signs and words for nothing, such as -, NA or 未知, were read as empty"


@dataclass(frozen=True, slots=True)
class AttributeValues:
    """The cells of an attribute, read.

    Attributes:
        text: as in the file; null where empty, or where a sign for nothing stands.
        value: what was read; null where empty, or where nothing could be read.
        notes: what was read differently than written, and in how many cells.
    """

    text: pl.Series
    value: pl.Series
    notes: Mapping[str, int]


def attribute_values(attribute: Attribute, text: pl.Series) -> AttributeValues:
    """Return what the cells of an attribute are read as.

    >>> from hla_match.donors.attributes import ATTRIBUTES
    >>> attribute_values(ATTRIBUTES["sex"], pl.Series(["M", "女", "-", "X"])).value.to_list()
    ['M', 'F', None, None]
    >>> attribute_values(ATTRIBUTES["birth_date"], pl.Series(["1990年5月1日", "01/05/1990"])).value.to_list()
    [datetime.date(1990, 5, 1), None]
    """
    kind = attribute.type
    value = pl.select(_own_spelling(kind, pl.lit(text))).to_series()
    if isinstance(kind, Text):
        doubtful = text.filter(text.str.len_chars() <= _LONGEST_SIGN)
    else:
        doubtful = text.filter(text.is_not_null() & value.is_null())
    others = doubtful.drop_nulls().unique()
    notes: dict[str, int] = {}
    empty = [other for other in others if _is_nothing(kind, other)]
    if empty:
        is_sign = text.is_in(empty).fill_null(False)
        notes[EMPTY_NOTE] = int(is_sign.sum())
        text, value = (pl.select(pl.when(~is_sign).then(pl.lit(cells))).to_series() for cells in (text, value))
    meant = {other: one for other in others if (one := _other_spelling(kind, other)) is not None}
    if meant:
        own = pl.Series(list(meant.values()), dtype=value.dtype)
        found = text.replace_strict(list(meant), own, default=None, return_dtype=value.dtype)
        notes[_note_of(kind)] = int(found.is_not_null().sum())
        value = pl.select(pl.coalesce(pl.lit(value), pl.lit(found))).to_series()
    return AttributeValues(text, value, notes)


def _own_spelling(kind: AttributeType, text: pl.Expr) -> pl.Expr:
    """Return what a text is read as where it is written as the project writes it, else null."""
    match kind:
        case Category():
            spelt, values = list(kind.spellings), list(kind.spellings.values())
            return text.str.to_uppercase().replace_strict(spelt, values, default=None, return_dtype=pl.String)
        case Date():
            date = text.str.replace(MIDNIGHT, "").str.to_date("%Y-%m-%d", strict=False)
            return pl.when(date.dt.year().is_between(kind.first_year, kind.last_year)).then(date)
        case Number():
            number = text.cast(pl.Float32, strict=False)
            return pl.when((number > kind.above) & (number <= kind.most)).then(number)
        case Text():
            return text


def _is_nothing(kind: AttributeType, text: str) -> bool:
    """Whether a text says that nothing is known; where an empty cell counts as a value, only a sign says so."""
    if text.startswith("#"):  # what Excel shows of a formula that failed
        return False
    has_default = isinstance(kind, Category) and kind.default is not None
    return is_empty(text) or (not has_default and is_unknown(text))


def _other_spelling(kind: AttributeType, text: str) -> str | float | datetime.date | None:
    """Return what a text is read as that is written in another spelling than the project's, else None."""
    match kind:
        case Category():
            word = "".join(half_width(text).split()).upper()
            return kind.spellings.get(word) or kind.words.get(word)
        case Date():
            return _other_date(kind, text)
        case Number():
            units = "|".join(map(re.escape, kind.unit_words.split()))
            match = re.fullmatch(f"{_NUMBER}(?:{units})?", half_width(text).strip(), re.IGNORECASE)
            number = float(match[1]) if match else kind.above
            return number if kind.above < number <= kind.most else None
        case Text():
            return None


def _other_date(kind: Date, text: str) -> datetime.date | None:
    """Return the date of a text that begins with the year."""
    match = _DATE.fullmatch(re.sub(MIDNIGHT, "", half_width(text).strip()))
    if match is None:
        return None
    year, _sign, *numbers = match.groups()
    month, day = (int(number) for number in numbers if number)
    try:
        date = datetime.date(int(year), month, day)
    except ValueError:
        return None
    return date if kind.first_year <= date.year <= kind.last_year else None


def _note_of(kind: AttributeType) -> str:
    """Return what is noted of cells that are written in another spelling than the project's."""
    match kind:
        case Date():
            return DATE_NOTE
        case Number():
            return f"{kind.noted_as} were read as {kind.unit}"
        case _:
            return WORD_NOTE
