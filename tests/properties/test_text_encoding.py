"""A text in any encoding that is read is that text, or refused; nothing is read as what it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_io.tables.frequent_hanzi import FREQUENT_HANZI
from registry_io.tables.text_encoding import UndecodableError, text_of
from tests.examples import examples

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
HANZI = st.text(st.sampled_from(sorted(FREQUENT_HANZI)), max_size=6)
RARE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=6)
LINES = st.lists(st.lists(ASCII | HANZI, min_size=2, max_size=4).map(",".join), min_size=1).map("\n".join)


@given(LINES)
@examples(300)
def test_common_chinese_is_read_in_every_encoding(text: str) -> None:
    text = f"id,A_1,A_2\n{text}\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        try:
            assert text_of(text.encode(encoding))[0] == text
        except UndecodableError:
            # A character of Chinese behind a Latin letter may be one of Latin-1.
            assert encoding == "gb18030"


@given(st.lists(ASCII | RARE, min_size=1).map(",".join))
@examples(300)
def test_other_text_is_itself_or_refused(text: str) -> None:
    text = f"id,A_1,A_2\n{text}\n"
    for encoding in ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be"):
        data = text.encode(encoding)
        try:
            read, found = text_of(data)
        except UndecodableError:
            assert encoding != "utf-8"
        else:
            # Without a mark, UTF-16 of few ASCII characters is not told, and its zeros are refused as such; and some
            # single rare characters of GB18030 are others of UTF-8.
            assert read == text or "\0" in read or (encoding, found) == ("gb18030", "utf-8")


@given(st.binary(max_size=200))
@examples(500)
def test_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text, encoding = text_of(data)
    except UndecodableError:
        return
    bare = text.encode(encoding)
    assert data.endswith(bare)
    assert len(data) - len(bare) <= 4


def test_every_frequent_character_is_one_of_gb_2312() -> None:
    assert all(len(one.encode("gb2312")) == 2 for one in FREQUENT_HANZI)
    with pytest.raises(UndecodableError):
        text_of("A,\u9f44\u6995\n".encode("gb18030"))
