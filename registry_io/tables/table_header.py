"""The first row of a table: the names of its columns, or a record of a file without header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import ErrorCode, FileError

_NAMELESS = "\0"


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """What the reader of a kind of tables knows of first rows; without anything every first row is a header.

    Attributes:
        names_of_record: given the fields of a text table's first row, the names of the columns where it is a record
            already, None where it is a header.
        may_repeat: whether a name may stand above two columns.
        is_known: whether some names are those of a table of this kind, by which a workbook's sheet is chosen.
    """

    names_of_record: Callable[[Sequence[str]], tuple[str, ...] | None] = lambda _: None
    may_repeat: Callable[[str], bool] = lambda _: False
    is_known: Callable[[Sequence[str]], bool] = lambda _: True


ANY_HEADER = HeaderRules()
"""Every first row is a header, and its names are distinct."""


def no_header(path: Path, found: str) -> FileError:
    """Return the error of a table without header."""
    return FileError(
        str(path),
        row=1,
        found=found,
        expected="a header with the names of the columns",
        hint="put the names of the columns into the first row",
        code=ErrorCode.FILE_NO_HEADER,
    )


def distinct_names(path: Path, header: Sequence[str], rules: HeaderRules = ANY_HEADER) -> list[str]:
    """Return the names of the columns; one without a name is numbered, for `named_columns`.

    A name that may stand twice, and does, becomes two: A and A are A (1) and A (2).

    Raises:
        FileError: a name stands twice, or there are no names.
    """
    names = [name.strip() or f"{_NAMELESS}{number}" for number, name in enumerate(header, start=1)]
    seen: Counter[str] = Counter()
    times = Counter(names)
    pairs = {name for name, n in times.items() if n == 2 and rules.may_repeat(name)}
    distinct: list[str] = []
    for name in names:
        seen[name] += 1
        if seen[name] > 1 and name not in pairs:
            raise _second_column(path, name)
        distinct.append(f"{name} ({seen[name]})" if name in pairs else name)
    if len(set(distinct)) < len(distinct):
        raise _second_column(path, next(name for name in distinct if distinct.count(name) > 1))
    if all(name.startswith(_NAMELESS) for name in names):
        raise no_header(path, "no names")
    return distinct


def _second_column(path: Path, name: str) -> FileError:
    return FileError(
        str(path),
        row=1,
        column=name,
        found="a second column of this name",
        expected="distinct names",
        hint="rename or remove one of the two columns",
        code=ErrorCode.FILE_DUPLICATE_COLUMN,
    )


def named_columns(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Drop columns with neither name nor content, as spreadsheets leave at the right.

    Raises:
        FileError: there is content without a name.
    """
    nameless = [name for name in frame.columns if name.startswith(_NAMELESS)]
    for name in nameless:
        if frame[name].null_count() < frame.height:
            raise FileError(
                str(path),
                row=1,
                column=f"number {name[1:]}",
                found="a column without a name",
                expected="a name above every column",
                hint="name the column, or remove it",
                code=ErrorCode.FILE_UNNAMED_COLUMN,
            )
    return frame.drop(nameless)
