"""Texts whose characters are two columns wide: what is broken and padded fits, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hla_match.wide_text import padded, text_width, wrapped
from tests.oracle.wide_text import columns

TEXTS = st.text(st.sampled_from("供者列表，。（）《a b c-1 A*02:01é"), max_size=80)


@given(TEXTS)
def test_width_is_that_of_each_character(text: str) -> None:
    assert text_width(text) == columns(text)


@given(TEXTS, st.integers(0, 40))
def test_padding_reaches_the_width_and_takes_nothing_away(text: str, width: int) -> None:
    shown = padded(text, width)
    assert shown.rstrip(" ") == text.rstrip(" ")
    assert columns(shown) == max(width, columns(text))


@given(TEXTS, st.integers(12, 40))
def test_lines_hold_the_whole_text_and_fit(text: str, width: int) -> None:
    lines = wrapped(text, width, first="> ", rest="  ")
    assert "".join("".join(lines).split()) == ">" + "".join(text.split())
    for line in lines:
        # What cannot be broken may be longer: words without a space, and marks that cling.
        assert columns(line) <= width or len(wrapped(line.strip(), 1)) <= 2 or not any(map(_breaks, line.strip()))


def _breaks(character: str) -> bool:
    return character == " " or columns(character) == 2


def test_marks_begin_and_end_no_line() -> None:
    for width in range(6, 40):
        for line in wrapped("供者（见 --limit）的列表，全部位点。《公约》", width)[1:]:
            assert line[0] not in "，。）》"
        for line in wrapped("供者（见 --limit）的列表，全部位点。《公约》", width):
            assert line[-1] not in "（《"
