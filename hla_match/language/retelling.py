"""English texts that were composed elsewhere, in the language of the moment.

Messages of errors, notes and notices are composed in English at hundreds of places, and are kept and sent so. The
catalogue holds the *templates* they are made from, with braces for the values; a text is told by the template that it
has, and its values stand in the translation as they stood. What no template fits is told as it is: nothing is lost.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cache

from hla_match.errors import Reason
from hla_match.language.speaking import DEFAULT, LOCALES, language, translated

_FILE = "errors.mo"
_FINDING = re.compile(rf"(?:^|(?<=; ))(?:(?P<column>[^:;]+): )?(?P<reason>{'|'.join(Reason)}): ")
"""What stands before each finding of a row, as `Finding.summary` in `registry_io.tables.quarantine` writes it."""
_BRACES = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"n|n_\w+|len|height|row|null_count")
"""The names of values that are whole numbers, as the code calls them."""

_WORTH_OF_NUMBER = 4
"""Letters of a template that a number in it counts for, where several templates fit a text."""

_LITTLE = 12
"""Letters of a template that says little, such as that of two names with a word between."""

_MAGIC = 0x950412DE
_DEEPEST = 3
"""Texts within texts that are told: of more, the values stay as they are."""

_LONGEST = 4_000
"""Characters of a text that is told; no message is as long."""


def retold(text: str) -> str:
    """Return a text in the language of the moment, by the template that it was composed from; else as it is.

    What a text of `hla_match.language.retellable` knows of itself is not looked at: `retold_form` goes by that.

    >>> retold("12 rows")
    '12 rows'
    """
    return text if language() == DEFAULT else _told(text, 0)


def _told(text: str, depth: int) -> str:
    # A value in one word is a name, such as that of a file, even where it reads like a text.
    if depth > _DEEPEST or len(text) > _LONGEST or (depth and " " not in text):
        return text
    known = translated(text)
    if known != text:
        return known
    if _FINDING.match(text):
        return _told_findings(text)
    parts = text.split("; ")
    for pattern, names, template in _templates(language()):
        # One that says little fits texts that it was not made for: of several texts, each is told by itself.
        if len(parts) > 1 and _worth(template) < _LITTLE:
            break
        found = pattern.fullmatch(text)
        if found is not None:
            values = {name: _told(value, depth + 1) for name, value in zip(names, found.groups(), strict=True)}
            return translated(template, **values)
    return "；".join(_told(part, depth + 1) for part in parts) if len(parts) > 1 else text


def _told_findings(text: str) -> str:
    """Return the findings of a row, each with its column and reason, which are names."""
    found = list(_FINDING.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    told = []
    for one, end in zip(found, ends, strict=True):
        column = f"{one['column']}：" if one["column"] else ""
        told.append(f"{column}{one['reason']}：{_told(text[one.end() : end].removesuffix('; '), 1)}")
    return "；".join(told)


@cache
def _templates(code: str) -> list[tuple[re.Pattern[str], list[str], str]]:
    """Return the templates of a language, those with most words of their own first."""
    found = [one for one in _originals(code) if _BRACES.search(one)]
    found.sort(key=lambda one: (-_worth(one), one))
    return [(_pattern(one), _BRACES.findall(one), one) for one in found]


def _worth(template: str) -> int:
    """Return how much of a text a template says by itself."""
    return len(_BRACES.sub("", template)) + _WORTH_OF_NUMBER * sum(map(is_number, _BRACES.findall(template)))


def is_number(name: str) -> bool:
    """Say whether the value of a name in a template is a whole number."""
    return _NUMBER.fullmatch(name) is not None


def _pattern(template: str) -> re.Pattern[str]:
    literal = ""
    for place, piece in enumerate(_BRACES.split(template)):
        # Text and name of a value in turn.
        if place % 2:
            literal += "([0-9][0-9,]*)" if is_number(piece) else "(.*?)"
        else:
            literal += re.escape(piece.replace("{{", "{").replace("}}", "}"))
    return re.compile(literal, re.DOTALL)


def _originals(code: str) -> Iterator[str]:
    """Yield the English texts of a compiled catalogue, whose format the manual of GNU gettext describes."""
    from importlib.resources import files

    content = (files(__package__) / "catalogues" / LOCALES[code] / "LC_MESSAGES" / _FILE).read_bytes()
    magic, _, number, table = struct.unpack_from("<4I", content)
    assert magic == _MAGIC, "compiled by tests/catalogues.py"
    for place in range(number):
        length, start = struct.unpack_from("<2I", content, table + 8 * place)
        yield content[start : start + length].split(b"\0")[0].decode()
