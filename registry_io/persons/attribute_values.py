"""What the cells of an attribute mean: dates of many spellings, words in English and Chinese, and signs for nothing.

Most cells are as the project writes them, and are read as a column; only what is left is read one text after another.
A text of two meanings has none: `01/05/1990` is in January or in May.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from hla_match.nomenclature.half_width import half_width
from hla_match.nomenclature.untyped import is_empty, is_unknown
from registry_io.tables.workbook_cells import MIDNIGHT

_SIGNS = MappingProxyType(
    {
        **dict.fromkeys(("P", "+", "POS", "POSITIVE"), "P"),
        **dict.fromkeys(("N", "-", "NEG", "NEGATIVE"), "N"),
    }
)
CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sex": MappingProxyType({"M": "M", "F": "F", "MALE": "M", "FEMALE": "F"}),
        "abo": MappingProxyType({group: group for group in ("A", "B", "AB", "O")}),
        "rhesus": _SIGNS,
        "cmv": _SIGNS,
        "status": MappingProxyType({status: status for status in ("AV", "TU", "RS", "OP", "DE")}),
    }
)
"""Attributes with few values: what may stand in the file, in upper case, and what it means."""

_RESULTS = {"阳性": "P", "阳": "P", "(+)": "P", "阴性": "N", "阴": "N", "(-)": "N"}
RESULT_WORDS: Mapping[str, str] = MappingProxyType({**_SIGNS, **_RESULTS})
"""What a test's result may be called, in upper case, and what it means."""
_OTHER_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sex": {"男": "M", "男性": "M", "女": "F", "女性": "F"},
        "abo": {f"{group}型": group for group in ("A", "B", "AB", "O")},
        "rhesus": {
            **_RESULTS,
            **{f"{rh}{sign}": value for rh in ("RH", "RHD", "RH(D)") for sign, value in RESULT_WORDS.items()},
        },
        "cmv": {**_RESULTS, **{f"IGG{sign}": value for sign, value in RESULT_WORDS.items()}},
        "status": {
            "可用": "AV",
            **dict.fromkeys(("暂缓", "暂不可用", "暂时不可用"), "TU"),
            **dict.fromkeys(("已预定", "已预订"), "RS"),
            **dict.fromkeys(("删除", "已删除", "退出", "已退出", "退库", "已退库"), "DE"),
        },
    }
)

DATES: tuple[str, ...] = ("birth_date", "registered_on", "last_contact_on")
"""Attributes that are dates."""

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Years between which a date lies."""

HEAVIEST_KG = 500

YEAR_LAST = r"^[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:[0-9]{2}|[0-9]{4})$"
"""A date whose day and month cannot be told apart, or whose order is not the one that is read."""

_DATE = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2})"
    r"| ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?)"
)
_WEIGHT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:kgs?|公斤|千克)?", re.IGNORECASE)
_LONGEST_SIGN = 15

DATE_NOTE = "dates written like 1990/5/1, 1990.5.1, 19900501 or 1990年5月1日 were read as year, month and day"
WEIGHT_NOTE = "weights written like 65kg, 65公斤 or 65千克 were read as kilograms"
WORD_NOTE = "words and signs such as 男, A型, 阳性 or Rh+ were read as the values they stand for"
EMPTY_NOTE = "signs and words for nothing, such as -, NA or 未知, were read as empty"


@dataclass(frozen=True, slots=True)
class AttributeValues:
    """The cells of an attribute, read.

    Attributes:
        text: as in the file; null where empty, or where a sign for nothing stands.
        value: what was read; null where empty, or where nothing could be read.
        notes: what was read otherwise than it is written, and in how many cells.
    """

    text: pl.Series
    value: pl.Series
    notes: Mapping[str, int]


def attribute_values(name: str, text: pl.Series) -> AttributeValues:
    """Return what the cells of an attribute are read as.

    >>> attribute_values("sex", pl.Series(["M", "女", "-", "X"])).value.to_list()
    ['M', 'F', None, None]
    >>> attribute_values("birth_date", pl.Series(["1990年5月1日", "01/05/1990"])).value.to_list()
    [datetime.date(1990, 5, 1), None]
    """
    value = pl.select(_own_spelling(name, pl.lit(text))).to_series()
    is_text = name not in CHOICES and name not in DATES and name != "weight_kg"
    if is_text:
        doubtful = text.filter(text.str.len_chars() <= _LONGEST_SIGN)
    else:
        doubtful = text.filter(text.is_not_null() & value.is_null())
    others = doubtful.drop_nulls().unique()
    notes: dict[str, int] = {}
    empty = [other for other in others if _is_nothing(name, other)]
    if empty:
        is_sign = text.is_in(empty).fill_null(False)
        notes[EMPTY_NOTE] = int(is_sign.sum())
        text, value = (pl.select(pl.when(~is_sign).then(pl.lit(cells))).to_series() for cells in (text, value))
    read = _OTHER_SPELLINGS.get(name)
    if read is not None:
        meant = {other: one for other in others if (one := read(name, other)) is not None}
        if meant:
            own = pl.Series(list(meant.values()), dtype=value.dtype)
            found = text.replace_strict(list(meant), own, default=None, return_dtype=value.dtype)
            notes[_NOTE_OF.get(name, WORD_NOTE)] = int(found.is_not_null().sum())
            value = pl.select(pl.coalesce(pl.lit(value), pl.lit(found))).to_series()
    return AttributeValues(text, value, notes)


def _own_spelling(name: str, text: pl.Expr) -> pl.Expr:
    """Return what a text is read as where it is written as the project writes it, else null."""
    if name in CHOICES:
        choices = CHOICES[name]
        return text.str.to_uppercase().replace_strict(
            list(choices), list(choices.values()), default=None, return_dtype=pl.String
        )
    if name in DATES:
        date = text.str.replace(MIDNIGHT, "").str.to_date("%Y-%m-%d", strict=False)
        return pl.when(date.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(date)
    if name == "weight_kg":
        weight = text.cast(pl.Float32, strict=False)
        return pl.when((weight > 0) & (weight <= HEAVIEST_KG)).then(weight)
    return text


def _is_nothing(name: str, text: str) -> bool:
    """Whether a text says that there is nothing; of a status only a sign does, as an empty one means available."""
    if text.startswith("#"):  # what Excel shows of a formula that failed
        return False
    return is_empty(text) or (name != "status" and is_unknown(text))


def _other_word(name: str, text: str) -> str | None:
    """Return the value that a word stands for."""
    word = "".join(half_width(text).split()).upper()
    return CHOICES[name].get(word) or _OTHER_WORDS[name].get(word)


def _other_date(_: str, text: str) -> datetime.date | None:
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
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


def _other_weight(_: str, text: str) -> float | None:
    """Return the kilograms of a text that may name their unit."""
    match = _WEIGHT.fullmatch(half_width(text).strip())
    weight = float(match[1]) if match else 0.0
    return weight if 0 < weight <= HEAVIEST_KG else None


_OTHER_SPELLINGS: Mapping[str, Callable[[str, str], str | float | datetime.date | None]] = MappingProxyType(
    {**dict.fromkeys(CHOICES, _other_word), **dict.fromkeys(DATES, _other_date), "weight_kg": _other_weight}
)
_NOTE_OF = MappingProxyType({**dict.fromkeys(DATES, DATE_NOTE), "weight_kg": WEIGHT_NOTE})
