"""Text from outside, made safe to print: control characters and invisible characters are written out.

Names of files, folders and donors are printed. A control character in one of them moves the cursor, changes the title
of the window or hides the rest of the line; one that reverses the direction of writing shows another identifier.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control and format characters, lone surrogates, and separators of lines and paragraphs."""


def visible(text: str, encoding: str = "utf-8") -> str:
    r"""Return a text in one line, its hidden characters and those that an encoding lacks as Python writes them.

    >>> print(visible("D1" + chr(27) + "[31m" + chr(10) + "D2"))
    D1\x1b[31m\nD2
    >>> visible("杭州", "ascii")
    '\\u676d\\u5dde'
    """
    if type(text) is str and encoding == "utf-8" and text.isprintable():
        return text
    if not text.isprintable():
        text = "".join(_written_out(one) if unicodedata.category(one) in _HIDDEN else one for one in text)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def visible_value(value: object) -> object:
    """Return a value as a page shows it: a text visible, anything else as it is."""
    return visible(value) if isinstance(value, str) else value


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
