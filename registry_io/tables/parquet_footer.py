"""What a Parquet file says of itself, read without unpacking anything: columns, rows, and the sizes of its pages.

Source: Apache Parquet, ``parquet.thrift`` (format 2.11), in Thrift's compact protocol. A structure is read as a
dictionary from field number to value.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

_MAGIC = b"PAR1"
_LONGEST_FOOTER = 64_000_000
_LONGEST_HEADER = 64_000  # of a page, with statistics of its texts
_DEEPEST = 16
_STOP, _TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 6, 7, 8, 9, 10, 12
_REPEATED = 2
_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = 0, 2, 3
# The field of a page header that holds the header of its kind; that one's first field counts its values.
_KIND_FIELD = {_DATA_PAGE: 5, _DICTIONARY_PAGE: 7, _DATA_PAGE_V2: 8}


class DamagedParquetError(ValueError):
    """Bytes that are no Parquet file, or a file that contradicts itself."""


@dataclass(frozen=True, slots=True)
class ParquetShape:
    """The shape of a Parquet file.

    Attributes:
        names: of the columns.
        n_rows: rows of all row groups.
        n_values: values of all columns.
        n_unpacked: bytes that its pages unpack to, as their own headers say.
        is_flat: whether every column holds single values.
    """

    names: tuple[str, ...]
    n_rows: int
    n_values: int
    n_unpacked: int
    is_flat: bool


def read_shape(handle: BinaryIO) -> ParquetShape:
    """Read footer and page headers of an open file.

    Raises:
        DamagedParquetError: the file is no Parquet file, or its parts do not agree.
    """
    try:
        footer = _footer(handle)
        schema, groups = footer[2], footer.get(4, [])
        names, leaves = _columns(schema)
        is_flat = all(schema[at].get(3) != _REPEATED for at in leaves) and len(schema) == len(names) + 1
        if sum(group[3] for group in groups) != footer[3] or any(group[3] < 0 for group in groups):
            raise DamagedParquetError("row groups and file differ in the number of rows")
        n_values = n_unpacked = 0
        for group in groups:
            if len(group[1]) != len(leaves):
                raise DamagedParquetError("a row group has other columns than the file")
            for chunk in group[1]:
                values, unpacked = _check_pages(handle, chunk[3])
                if is_flat and values != group[3]:
                    raise DamagedParquetError("a column is not as long as the table")
                n_values, n_unpacked = n_values + values, n_unpacked + unpacked
    except (KeyError, IndexError, TypeError, AttributeError, UnicodeDecodeError, struct.error) as error:
        raise DamagedParquetError(f"a part is missing or of another kind: {error!r}") from error
    return ParquetShape(names, footer[3], n_values, n_unpacked, is_flat)


def _columns(schema: list[dict[int, Any]]) -> tuple[tuple[str, ...], list[int]]:
    """Return the names of the columns, and where in the schema, a tree written root first, single values stand."""
    names: list[str] = []
    open_children = [schema[0].get(5, 0)]
    for element in schema[1:]:
        if len(open_children) == 1:
            names.append(element[4].decode("utf-8"))
        open_children[-1] -= 1
        open_children.append(element.get(5, 0))
        while open_children and not open_children[-1]:
            open_children.pop()
        if len(open_children) > _DEEPEST:
            raise DamagedParquetError("columns within columns")
    if open_children and schema[0].get(5, 0):
        raise DamagedParquetError("a schema that ends too early")
    return tuple(names), [at for at, element in enumerate(schema) if at and not element.get(5)]


def _footer(handle: BinaryIO) -> dict[int, Any]:
    size = handle.seek(0, 2)
    if size < 12:
        raise DamagedParquetError("fewer bytes than the shortest file")
    handle.seek(size - 8)
    length, magic = struct.unpack("<I4s", handle.read(8))
    if magic != _MAGIC or length > min(size - 12, _LONGEST_FOOTER):
        raise DamagedParquetError("no footer at the end")
    handle.seek(size - 8 - length)
    return _Thrift(handle.read(length)).structure()


def _check_pages(handle: BinaryIO, column: dict[int, Any]) -> tuple[int, int]:
    """Return the number of values in the pages of a column, and the bytes that they unpack to."""
    start = min(offset for offset in (column.get(11) or column[9], column[9]) if offset is not None)
    end = start + column[7]
    if not 0 < start <= end:
        raise DamagedParquetError("a column outside the file")
    n_values = n_unpacked = 0
    while start < end:
        handle.seek(start)
        reader = _Thrift(handle.read(_LONGEST_HEADER))
        header = reader.structure()
        unpacked, packed = header[2], header[3]
        if unpacked < 0 or packed < 0:
            raise DamagedParquetError("a page of a negative size")
        kind = _KIND_FIELD.get(header[1])
        if kind is not None:
            count = header[kind][1]
            if count < 0:
                raise DamagedParquetError("a page with a negative number of values")
            n_values += count if header[1] != _DICTIONARY_PAGE else 0
        n_unpacked += unpacked
        start += reader.position + packed
    if start != end:
        raise DamagedParquetError("a column's pages are not as long as the column")
    return n_values, n_unpacked


class _Thrift:
    """Reads Thrift's compact protocol.

    Attributes:
        position: the offset of the next byte.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """Read a structure."""
        if depth > _DEEPEST:
            raise DamagedParquetError("structures within structures")
        fields: dict[int, Any] = {}
        number = 0
        while True:
            head = self._byte()
            kind = head & 15
            if kind == _STOP:
                return fields
            number = number + (head >> 4) if head >> 4 else self._integer()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise DamagedParquetError("lists within lists")
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if _BYTE < kind <= _I64:
            return self._integer()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._varint())
        if kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            if size > len(self._data) - self.position:
                raise DamagedParquetError("a list longer than the file")
            return [self._value(head & 15, depth + 1) for _ in range(size)]
        if kind == _STRUCT:
            return self.structure(depth + 1)
        raise DamagedParquetError(f"a value of kind {kind}")

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self.position:
            raise DamagedParquetError("a text longer than the file")
        taken = self._data[self.position : self.position + size]
        self.position += size
        return taken

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise DamagedParquetError("a number of more than 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
