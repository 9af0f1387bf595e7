"""Half-width characters for the full-width ones of Chinese keyboards, and plain signs for those that look like them."""

from __future__ import annotations

_BLANKS = {ord(blank): " " for blank in "\t\n\r\u00a0"}
_SIGNS = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(written): meant for written, meant in {
        "\u3000": " ", "\u3001": ",", "\u2236": ":", "\ufe55": ":", "\u2217": "*", "\ufe61": "*", "\u2010": "-",
        "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    }.items()},
}  # fmt: skip
_ALL = _BLANKS | _SIGNS


def half_width(text: str) -> str:
    """Return a text of the same length in half-width characters, each kind of blank as a space.

    >>> half_width("\uff21\uff0a\uff10\uff12\uff1a\uff10\uff11")
    'A*02:01'
    """
    return text if text.isascii() and text.isprintable() else text.translate(_ALL)


def has_full_width(text: str) -> bool:
    """Say whether a text holds characters, other than blanks, for which there are half-width ones."""
    return not text.isascii() and any(ord(one) in _SIGNS for one in text)
