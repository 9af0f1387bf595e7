"""The encodings of text files: UTF-8, and beside it GB18030 and UTF-16 where it is certain that a text is in them.

Bytes in another encoding become UTF-8 while they stream in, so that readers know one encoding. UTF-16 shows itself by
its byte order mark, or by the zero in every second byte of letters and digits. Nearly any bytes can be read as GB18030,
those of Latin-1, Big5 or KOI8-R among them: a text is taken for it where the characters are those of common Chinese,
and no word of it reads as one in UTF-8 or Latin-1.

Sources: GB 18030-2022; RFC 2781, section 3 (byte order).
"""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO, cast

import numpy as np

from registry_io.tables.chinese_text import GB18030, MOST_WORDS, Utf8Doubt, is_chinese

UTF_8, UTF_16_LE, UTF_16_BE = "utf-8", "utf-16-le", "utf-16-be"

_SAID = {GB18030: "GB18030", UTF_16_LE: "UTF-16", UTF_16_BE: "UTF-16 (big-endian)"}

READ_ENCODINGS = "text in UTF-8, GB18030 or UTF-16"

_CHUNK = 1 << 20
_SAMPLE = 4096
_MOST_RUN = 1 << 16
_LETTERS_ARE_MOST, _FEW_ARE_ROUND = 0.5, 0.05
"""Share of zeros in the bytes that are zero in letters and digits, at least, and in the others, below."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_AFTER_LETTER = re.compile(r"(?<=[A-Za-z])([^\x00-\x7f])")
# Three-byte sequences of UTF-8, as Chinese is in it; their last byte and a letter may have been read as one character.
_UTF_8_WORD = re.compile(rb"((?:[\xe3-\xe9][\x80-\xbf]{2})+)[\x40-\x7e]?")


def encoding_notes(encoding: str) -> tuple[str, ...]:
    """Return what is said of a text's encoding; nothing of UTF-8.

    >>> encoding_notes(GB18030), encoding_notes(UTF_8)
    (('the text is in GB18030, and was read so',), ())
    """
    return (f"the text is in {_SAID[encoding]}, and was read so",) if encoding in _SAID else ()


class UndecodableError(ValueError):
    """Bytes that are no text in an encoding.

    Attributes:
        row: the line where they stand, from 1.
        found: the bytes in words, with their place in the text, from 1.
    """

    def __init__(self, row: int, found: str) -> None:
        super().__init__(row, found)
        self.row = row
        self.found = found

    @classmethod
    def at(cls, error: UnicodeDecodeError, row: int, offset: int) -> UndecodableError:
        """Return the error of a decoder; its object begins in line `row`, `offset` bytes into the text."""
        byte = error.object[error.start]
        place = f"(byte {offset + error.start + 1:,} of the text)"
        return cls(row + error.object.count(b"\n", 0, error.start), f"the byte 0x{byte:02X} {place}")


def utf_16(head: bytes) -> str | None:
    """Return which UTF-16 a text is in, by its first bytes; None where it is in none.

    >>> utf_16("A_1".encode("utf-16-le")), utf_16("\ufeff编号".encode("utf-16-be")), utf_16(b"A_1,A_2")
    ('utf-16-le', 'utf-16-be', None)
    """
    if head.startswith(codecs.BOM_UTF16_LE):
        return UTF_16_LE
    if head.startswith(codecs.BOM_UTF16_BE):
        return UTF_16_BE
    sample = head[: min(_SAMPLE, len(head) // 2 * 2)]
    if b"\0" not in sample:
        return None
    first, second = (np.frombuffer(sample, np.uint8).reshape(-1, 2) == 0).mean(axis=0)
    if second > _LETTERS_ARE_MOST and first < _FEW_ARE_ROUND:
        return UTF_16_LE
    return UTF_16_BE if first > _LETTERS_ARE_MOST and second < _FEW_ARE_ROUND else None


class MixedEncodingError(UndecodableError):
    """Words in UTF-8 among Chinese in GB18030."""


class TextInUtf8(io.RawIOBase):
    """The bytes of a text in GB18030 or UTF-16, as UTF-8.

    Reading raises `UndecodableError` at the first bytes that are no text, and at those of GB18030 that rather are text
    in something else.
    """

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._row, self._offset = 1, 0
        self._ready = memoryview(b"")
        self._words: set[str] = set()
        self._may_be_latin = False

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read into a buffer, and return how many bytes."""
        while not self._ready:
            chunk = self._source.read(_CHUNK)
            # A word of Chinese is not cut, so that it can be looked at whole.
            if self._encoding == GB18030 and chunk:
                chunk += self._source.readline(_MOST_RUN)
            self._ready = memoryview(self._decoded(chunk).encode())
            if not chunk:
                break
        n = min(len(buffer), len(self._ready))
        memoryview(buffer)[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n

    def _decoded(self, chunk: bytes) -> str:
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self._encoding)
            found = UndecodableError.at(error, 0, self._offset - pending).found
            raise UndecodableError(self._row + before.count("\n"), found) from error
        if self._encoding == GB18030:
            self._look_at(text)
        self._row += text.count("\n")
        self._offset += len(chunk)
        return text

    def _look_at(self, text: str) -> None:
        """Refuse words in UTF-8 and in Latin-1 among Chinese."""
        if text.isascii():
            return
        new = [word for word in dict.fromkeys(_FOREIGN.findall(text)) if word not in self._words]
        for word in new:
            coded = word.encode(GB18030)
            self._may_be_latin |= coded[1:2].isalpha()
            if _is_utf_8(coded):
                found = "a word in UTF-8 among others in GB18030"
                raise self._misread(MixedEncodingError, text, text.find(word), found)
        for letter in _AFTER_LETTER.finditer(text) if self._may_be_latin else ():
            coded = letter[1].encode(GB18030)
            if coded[1:].isalpha():
                raise self._misread(UndecodableError, text, letter.start(1), f"the byte 0x{coded[0]:02X}")
        if len(self._words) < MOST_WORDS:
            self._words.update(new)

    def _misread(self, kind: type[UndecodableError], text: str, at: int, found: str) -> UndecodableError:
        """Return the error of a word of a chunk."""
        before = text[:at]
        place = self._offset + len(before.encode(GB18030)) + 1
        return kind(self._row + before.count("\n"), f"{found} (byte {place:,} of the text)")

    def check_chinese(self) -> None:
        """Refuse a text in GB18030 that is not Chinese, now that it was read."""
        if not is_chinese(self._words):
            raise UndecodableError(1, "text that is not Chinese")


def _is_utf_8(coded: bytes) -> bool:
    """Whether the bytes of a word in GB18030 are Chinese in UTF-8."""
    match = _UTF_8_WORD.fullmatch(coded)
    return match is not None and is_chinese([match[1].decode("utf-8", "replace")])


def text_of(data: bytes) -> tuple[str, str]:
    """Return the text of a whole file, without its byte order mark, and its encoding.

    Raises:
        UndecodableError: it is in none that is known; the place is that of the first byte that is not UTF-8.
    """
    if encoding := utf_16(data):
        return _recoded(data, encoding), encoding
    is_marked, doubt = data.startswith(codecs.BOM_UTF8), Utf8Doubt()
    doubt.at(data)
    try:
        if is_marked or not doubt.is_gb18030:
            return data.decode().removeprefix("\ufeff"), UTF_8
        return _recoded(data, GB18030), GB18030
    except UnicodeDecodeError as error:
        refused = UndecodableError.at(error, 1, 0)
    if is_marked:
        raise refused
    try:
        return _recoded(data, GB18030), GB18030
    except MixedEncodingError:
        raise
    except UndecodableError:
        raise refused from None


def _recoded(data: bytes, encoding: str) -> str:
    stream = TextInUtf8(cast("BinaryIO", io.BytesIO(data)), encoding)
    text = io.BufferedReader(stream).read().decode().removeprefix("\ufeff")
    stream.check_chinese()
    return text
