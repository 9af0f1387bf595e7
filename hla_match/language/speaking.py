"""The language of the moment, and texts in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from types import MappingProxyType
from typing import Self

DEFAULT = "en"
LANGUAGES = MappingProxyType({"en": "English", "zh": "简体中文"})
"""The languages by their code (ISO 639-1), each by its own name."""

_SEPARATORS = {"en": ", ", "zh": "\u3001"}

LOCALES = MappingProxyType({"zh": "zh_Hans"})
"""The locale of a language, by which its catalogues lie in folders; the texts in the code are English."""

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """Return the code of the language of the moment."""
    return _language.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Give texts in a language for as long as the block lasts.

    What other threads say is not changed; a thread that is started within the block speaks `DEFAULT`.

    Raises:
        CriteriaError: there is no such language.

    >>> with speaking("zh"):
    ...     language()
    'zh'
    """
    if code not in LANGUAGES:
        # A help is said without it.
        from hla_match.errors import CriteriaError, ErrorCode

        expected = f"one of {', '.join(LANGUAGES)}"
        raise CriteriaError("language", found=code, expected=expected, code=ErrorCode.CRITERIA_UNKNOWN)
    before = _language.set(code)
    try:
        yield
    finally:
        _language.reset(before)


def language_of(locale: str) -> str:
    """Return the language of a locale, as the environment or a browser names it; `DEFAULT` of others.

    >>> language_of("zh_CN.UTF-8"), language_of("zh-Hans-CN"), language_of("de_DE"), language_of("")
    ('zh', 'zh', 'en', 'en')
    """
    code = locale.replace("-", "_").split("_")[0].split(".")[0].lower()
    return code if code in LANGUAGES else DEFAULT


def translated(message: str, /, **values: object) -> str:
    """Return a text in the language of the moment, with values in its braces.

    >>> translated("{n} donors", n=12)
    '12 donors'
    >>> translated("a brace {")
    'a brace {'
    """
    told = _catalogue(_language.get()).gettext(message) if message else ""
    return told.format(**values) if values else told


def translated_in(context: str, message: str, /) -> str:
    """Return a text that means one thing here and another elsewhere, in the language of the moment.

    Args:
        context: of what it is said.
        message: the text.

    >>> with speaking("zh"):
    ...     translated_in("resolution", "high"), translated("high")
    ('高分辨', '高')
    """
    return _catalogue(_language.get()).pgettext(context, message)


def translatable_in(context: str, message: str) -> str:
    """Return a text as it is: it stands in a table, and is given to `translated_in` when it is shown."""
    return message


def translated_count(one: str, several: str, n: int, /, **values: object) -> str:
    """Return the text for a number of things in the language of the moment; the number stands in the braces ``{n}``.

    >>> translated_count("{n} donor", "{n} donors", 1), translated_count("{n} donor", "{n} donors", 2_000)
    ('1 donor', '2,000 donors')
    """
    told = _catalogue(_language.get()).ngettext(one, several, n)
    return told.format(n=f"{n:,}", **values)


def spaced(text: str) -> str:
    """Return a text in which a blank parts Chinese characters from figures and letters, where Chinese is spoken.

    It is for texts of parts, of which nobody knows beforehand with what they begin and end.

    >>> spaced("25 years先于31 years")
    '25 years先于31 years'
    >>> with speaking("zh"):
    ...     spaced("25 岁先于31 岁"), spaced("男先于女")
    ('25 岁先于 31 岁', '男先于女')
    """
    return _BORDERS.sub(" ", text) if language() == "zh" else text


_BORDERS = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z<])|(?<=[0-9A-Za-z%])(?=[\u4e00-\u9fff])")


class Retellable(str):
    """An English text that can be told in other languages: data that stays, such as a note that is kept with a typing.

    Attributes:
        form: the text with the names of its values in braces.
        values: by name.
    """

    form: str
    values: Mapping[str, object]

    def __new__(cls, form: str, values: Mapping[str, object]) -> Self:
        """Make the English text."""
        text = super().__new__(cls, form.format(**values) if values else form)
        text.form, text.values = form, values
        return text

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, object]]]:
        return type(self), (self.form, dict(self.values))


def retellable(form: str, /, **values: object) -> str:
    """Return an English text that `retold_form` gives in the language of the moment at which it is shown.

    >>> text = retellable("{n} donors", n=12)
    >>> text, retold_form(text) == translated("{n} donors", n=12)
    ('12 donors', True)
    """
    return Retellable(form, values)


def retold_form(text: str) -> str:
    """Return a text of `retellable` in the language of the moment.

    Of another text, such as one that was kept in a table, the catalogue's own is given where it has no values.
    """
    if not isinstance(text, Retellable):
        return translated(text)
    values = {name: retold_form(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return translated(text.form, **values)


def listed(words: Iterable[str]) -> str:
    """Return words one after another, separated as the language of the moment does.

    >>> listed(["A", "B"])
    'A, B'
    """
    return _SEPARATORS[_language.get()].join(words)


def translatable(message: str) -> str:
    """Return a text as it is: it stands in a table, and is given to `translated` when it is shown."""
    return message


@cache
def _catalogue(code: str) -> NullTranslations:
    """Return the texts of a language: those of all its files, which have none in common."""
    joined = NullTranslations()
    if code in LOCALES:
        # What only says its help in English does without it.
        from importlib.resources import files

        folder = files(__package__) / "catalogues" / LOCALES[code] / "LC_MESSAGES"
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".mo"):
                with file.open("rb") as opened:
                    part = GNUTranslations(opened)
                part.add_fallback(joined)
                joined = part
    return joined
