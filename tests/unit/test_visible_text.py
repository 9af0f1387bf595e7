"""Text from outside is text: nothing in it commands a terminal, hides or turns what is read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.visible_text import visible

COMMANDS = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
]


@pytest.mark.parametrize("code", COMMANDS, ids=hex)
def test_control_and_format_characters_are_written_out(code: int) -> None:
    shown = visible(f"D{chr(code)}7")
    assert shown == f"D{chr(code).encode('unicode_escape').decode()}7"
    assert shown.isascii()
    assert shown.isprintable()


@pytest.mark.parametrize(
    "text", ["", "D000001", "A*02:01+A*24:02^B*40:01|?~/", "DE[de]7", ":smile:", r"C:\donors\x1b", "杭州 Zürich 🧬"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("杭州", "ascii", r"\u676d\u5dde"),
        ("杭州", "gb18030", "杭州"),
        ("Zürich 🧬", "cp1252", r"Zürich \U0001f9ec"),
        ("donors\udcff.csv", "utf-8", r"donors\udcff.csv"),
    ],
)
def test_what_an_encoding_lacks_is_written_out(text: str, encoding: str, shown: str) -> None:
    assert visible(text, encoding) == shown


@given(st.text(st.characters()), st.sampled_from(["utf-8", "ascii", "gb18030", "cp1252"]))
def test_any_text_becomes_one_line_that_can_be_printed(text: str, encoding: str) -> None:
    shown = visible(text, encoding)
    shown.encode(encoding)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
