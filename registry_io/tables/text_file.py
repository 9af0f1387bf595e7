"""A text file: looked through once from end to end, then given as UTF-8, in whole lines.

The bytes are looked at while they stream in (encoding, NUL, length of lines), so that a damaged or hostile file is
refused before it fills the memory.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, cast

import numpy as np

from hla_match.errors import ErrorCode, FileError
from registry_io.tables.chinese_text import GB18030, Utf8Doubt
from registry_io.tables.source_file import SourceFile
from registry_io.tables.text_encoding import (
    READ_ENCODINGS,
    UTF_8,
    MixedEncodingError,
    TextInUtf8,
    UndecodableError,
    encoding_notes,
    utf_16,
)

LONGEST_LINE = 1_000_000
"""Bytes of a line, beyond which a file is no table of persons."""

_CHUNK = 4 * 1024 * 1024
_BLOCK = 32 * 1024 * 1024


class _AnotherEncodingError(Exception):
    """A text is not in the encoding that was tried; the next one may be it."""

    def __init__(self, encoding: str, refused: UndecodableError | None = None) -> None:
        super().__init__(encoding)
        self.encoding = encoding
        self.refused = refused


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file, and what is to be known of it before its lines are read.

    Attributes:
        source: the file.
        packed: whether it is compressed by gzip.
        encoding: of `registry_io.tables.text_encoding`.
        first_line: the line, without its end.
        is_blank: whether nothing but blanks stands in the whole file.
        plain: whether it has neither quotation marks nor lines that end with a carriage return alone.
        unended: whether its last line has no line end.
    """

    source: SourceFile
    packed: bool
    encoding: str
    first_line: str
    is_blank: bool
    plain: bool
    unended: bool

    @classmethod
    def looked_through(cls, source: SourceFile, *, packed: bool) -> Self:
        """Look at every byte of a file.

        Raises:
            FileError: it is damaged; the error says where.
            BudgetError: it takes more than its budget.
        """
        try:
            return cls._looked_through(source, packed, UTF_8)
        except _AnotherEncodingError as other:
            encoding, refused = other.encoding, other.refused
        try:
            return cls._looked_through(source, packed, encoding)
        except MixedEncodingError as error:
            raise undecodable(source.path, error) from error
        except UndecodableError as error:
            raise undecodable(source.path, refused or error) from error

    @classmethod
    def _looked_through(cls, source: SourceFile, packed: bool, encoding: str) -> Self:
        look = _Look(source.path)
        with _passing(source, packed, encoding) as handle:
            chunk = handle.read(_CHUNK)
            if encoding == UTF_8 and (other := utf_16(chunk)):
                raise _AnotherEncodingError(other)
            look.is_marked = encoding == UTF_8 and chunk.startswith(codecs.BOM_UTF8)
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
            while chunk:
                look.at(chunk)
                chunk = handle.read(_CHUNK)
        look.at_end()
        if encoding == UTF_8 and not look.is_marked and look.doubt.is_gb18030:
            raise _AnotherEncodingError(GB18030)
        return cls(
            source, packed, encoding, look.head.decode("utf-8"), look.is_blank, look.is_plain, look.last not in b"\r\n"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of the encoding."""
        return encoding_notes(self.encoding)

    @contextmanager
    def bytes_passing(self) -> Iterator[BinaryIO]:
        """Give the text from the start in UTF-8, perhaps with a byte order mark; the block reads all of it.

        Raises:
            FileError, BudgetError: as `registry_io.tables.source_file.SourceFile.bytes_passing`.
        """
        try:
            with _passing(self.source, self.packed, self.encoding) as handle:
                yield handle
        except UndecodableError as error:
            raise undecodable(self.source.path, error) from error

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8 without a byte order mark, in blocks of whole lines."""
        with self.bytes_passing() as handle:
            rest = handle.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
            while chunk := handle.read(_BLOCK):
                end = chunk.rfind(b"\n") + 1
                if end:
                    yield rest + chunk[:end]
                    rest = chunk[end:]
                else:
                    rest += chunk
            yield rest


def undecodable(path: Path | str, error: UndecodableError) -> FileError:
    """Return the error of a file that is no text in an encoding that is read."""
    return FileError(
        str(path),
        row=error.row,
        found=error.found,
        expected=READ_ENCODINGS,
        hint="save the table as UTF-8 (in Excel: CSV UTF-8)",
        code=ErrorCode.FILE_ENCODING,
    )


@contextmanager
def _passing(source: SourceFile, packed: bool, encoding: str) -> Iterator[BinaryIO]:
    """Give the bytes of a file as UTF-8."""
    with source.bytes_passing(packed=packed) as handle:
        if encoding == UTF_8:
            yield handle
            return
        text = TextInUtf8(handle, encoding)
        with io.BufferedReader(text, _CHUNK) as recoded:
            yield cast("BinaryIO", recoded)
            if encoding == GB18030:
                text.check_chinese()


class _Look:
    """What is seen of a text in UTF-8 while it passes by in chunks.

    Attributes:
        head: the first line so far.
        is_blank: nothing but blanks so far.
        last: the last byte.
        is_marked: a byte order mark says that it is in UTF-8.
        doubt: whether it rather is in GB18030.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = codecs.getincrementaldecoder(UTF_8)()
        self._row, self._offset, self._open_line = 1, 0, 0
        self._in_head, self._plain, self._return = True, True, b""
        self.head = bytearray()
        self.is_blank = True
        self.last = b""
        self.is_marked = False
        self.doubt = Utf8Doubt()

    @property
    def is_plain(self) -> bool:
        """No quotation marks, and no carriage returns but before line feeds."""
        return self._plain and not self._return

    def at(self, chunk: bytes) -> None:
        """Look at a chunk, and refuse it at its first damaged place."""
        if (at := chunk.find(b"\0")) >= 0:
            raise FileError(
                str(self._path),
                row=self._row + chunk.count(b"\n", 0, at),
                found="a NUL byte",
                expected="text in UTF-8",
                hint="the file is damaged or not a text table; export it again",
                code=ErrorCode.FILE_DAMAGED,
            )
        self._open_line = _check_lines(self._path, chunk, self._row, self._open_line)
        self._decode(chunk, final=False)
        self.doubt.at(chunk)
        self._row += chunk.count(b"\n")
        self._offset += len(chunk)
        if self._in_head:
            end = min((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), default=-1)
            self.head += chunk if end < 0 else chunk[:end]
            self._in_head = end < 0
        self.is_blank = self.is_blank and not chunk.strip()
        self.last = chunk[-1:]
        # A carriage return at the end of a chunk is looked at with the next one.
        looked = self._return + chunk
        self._return = looked[-1:] if looked.endswith(b"\r") else b""
        whole = looked[: len(looked) - len(self._return)]
        self._plain = self._plain and b'"' not in whole and whole.count(b"\r") == whole.count(b"\r\n")

    def at_end(self) -> None:
        """Refuse a text that ends within a character."""
        self._decode(b"", final=True)

    def _decode(self, chunk: bytes, *, final: bool) -> None:
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(chunk, final=final)
        except UnicodeDecodeError as error:
            refused = UndecodableError.at(error, self._row, self._offset - pending)
            if self.is_marked:
                raise undecodable(self._path, refused) from error
            raise _AnotherEncodingError(GB18030, refused) from error


def _check_lines(path: Path, chunk: bytes, line: int, carried: int) -> int:
    """Refuse a line beyond `LONGEST_LINE`; return the bytes of the line that the chunk leaves open."""
    array = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.flatnonzero((array == 10) | (array == 13))
    starts = np.concatenate([[-1 - carried], ends])
    lengths = np.diff(np.append(starts, array.size)) - 1
    longest = int(np.argmax(lengths > LONGEST_LINE))
    if lengths[longest] > LONGEST_LINE:
        raise FileError(
            str(path),
            row=line + chunk.count(b"\n", 0, max(int(starts[longest]) + 1, 0)),
            found=f"a line of more than {LONGEST_LINE:,} bytes",
            expected="one person a line",
            hint="the file is damaged or not a table of persons",
            code=ErrorCode.FILE_DAMAGED,
        )
    return int(lengths[-1])
