"""The table of text that a file of haplotype frequencies of any kind becomes first."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from hla_match.errors import ErrorCode, FileError
from registry_io.formats.frequency_fields import POLARS_CELL, separated_fields
from registry_io.tables.budgets import FileBudget
from registry_io.tables.cell_texts import column_text
from registry_io.tables.parquet_file import parquet_frame
from registry_io.tables.source_file import unpack
from registry_io.tables.text_encoding import UndecodableError, encoding_notes, text_of
from registry_io.tables.text_file import undecodable
from registry_io.tables.text_table import UNENDED
from registry_io.tables.workbook import chosen_sheet

EXPECTED_FILE = "a file of haplotype frequencies: CSV, TSV, text, Excel, Parquet or Atlas's JSON"

GREATEST_TOTAL = 1.05
"""The sum of a population's frequencies, beyond which rounding does not explain that it is above 1."""


# Bytes of memory, as measured or little above: for a value of JSON, a line of text, and how often a
# text lies in memory while it is taken apart.
_JSON_BYTES = 100
_LINE_BYTES = 50
_TEXT_COPIES = 3
_FEWEST = 2  # columns: haplotype and frequency
# Escapes of characters that are none without their other half.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class FrequencyTable:
    """A file as text: names of the columns, a column of text each, rows of the file, and what JSON says beside."""

    path: str
    header: list[str]
    header_row: int | None
    columns: list[pl.Series]
    row: pl.Series
    population: str = ""
    notes: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)

    def text(self, number: int) -> pl.Series:
        """Return a column without blanks around its texts; an empty one is null."""
        return pl.select(pl.lit(self.columns[number]).str.strip_chars().replace("", None)).to_series()

    def error(self, at: int, number: int | None, *, found: str, expected: str, hint: str = "") -> FileError:
        """Return the error at a row of the table, in a column or in none."""
        column = None if number is None else self.header[number]
        return FileError(self.path, row=self.row[at], column=column, found=found, expected=expected, hint=hint)


def no_frequency(path: str) -> FileError:
    """Return the error of a file without any frequency."""
    return FileError(
        path,
        found="no haplotype with a frequency above 0",
        expected=EXPECTED_FILE,
        hint="check that it is the right file, and whole",
        code=ErrorCode.FILE_NOTHING,
    )


def frequency_table(data: bytes, budget: FileBudget, is_known: Callable[[Sequence[str]], bool]) -> FrequencyTable:
    """Return a file's bytes as a table of text.

    Args:
        data: the file.
        budget: what may be taken for it.
        is_known: whether some names are those of a table of frequencies, by which a workbook's sheet is chosen.

    Raises:
        FileError: the bytes are not a table of any kind that is known.
        BudgetError: they take more than the budget.
    """
    path = budget.path
    if data.startswith(b"\x1f\x8b"):
        try:
            data = unpack(data, budget)
        except (EOFError, OSError, zlib.error) as error:
            raise FileError(
                path,
                found="damaged gzip data",
                expected="a whole gzip file",
                hint="copy or compress the file again",
                code=ErrorCode.FILE_DAMAGED,
            ) from error
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError(
            path,
            found="a workbook of Excel before 2007, or an encrypted one",
            expected=EXPECTED_FILE,
            hint="save it in Excel as .xlsx, without a password",
            code=ErrorCode.FILE_FORMAT,
        )
    if data.startswith(b"PK\x03\x04"):
        sheet = chosen_sheet(data, budget, is_known, keep_blank_top=True)
        if sheet is None or not sheet.cells.width:
            raise no_frequency(path)
        table = _headed(budget, sheet.cells.with_row_index("\0row", offset=1))
        table.notes.extend(sheet.notes)
        table.cautions.extend(sheet.cautions)
        return table
    if data.startswith(b"PAR1"):
        return _parquet(data, budget)
    n_lines = data.count(b"\n") + data.count(b"\r")
    budget.check_held(_TEXT_COPIES * len(data) + _LINE_BYTES * n_lines, f"{len(data):,} bytes of text")
    try:
        text, encoding = text_of(data)
    except UndecodableError as error:
        raise undecodable(path, error) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    table = _json(budget, text) if text.lstrip()[:1] in ("{", "[") else _text(budget, text)
    table.notes.extend(encoding_notes(encoding))
    return table


def _parquet(data: bytes, budget: FileBudget) -> FrequencyTable:
    return table_of_frame(parquet_frame(data, budget), budget.path)


def table_of_frame(frame: pl.DataFrame, path: str) -> FrequencyTable:
    """Return a frame as a table of text; its first row is row 2, as below the header of a file.

    Raises:
        FileError: a column holds neither text nor numbers.
    """
    columns = [column_text(column, path) for column in frame.get_columns()]
    row = pl.Series("row", np.arange(2, frame.height + 2, dtype=np.uint32))
    return FrequencyTable(path, frame.columns, 1, columns, row)


def _text(budget: FileBudget, text: str) -> FrequencyTable:
    """Read text with one haplotype a line; its separator is the first of tab, semicolon, comma and blank it has."""
    path = budget.path
    line = pl.col("line")
    lines = (
        pl.select(line=pl.lit(pl.Series([text])).str.split("\n").explode(empty_as_null=False, keep_nulls=True))
        .with_row_index("\0row", offset=1)
        .filter(line.str.strip_chars(' \t,;"') != "")
    )
    if not lines.height:
        raise no_frequency(path)
    first = lines["line"][0]
    separator = next((mark for mark in "\t;," if mark in first), " ")
    if separator == " " or (separator == "\t" and "*" in first):
        # Without header, columns are separated by any run of blanks.
        lines = lines.with_columns(line.str.strip_chars().str.replace_all(r"[ \t]+", "\t"))
        separator = "\t"
    table = _headed(budget, separated_fields(budget, lines, separator))
    if not text.endswith("\n"):
        table.cautions.append(UNENDED)
    return table


def _headed(budget: FileBudget, frame: pl.DataFrame) -> FrequencyTable:
    """Take the first row as the header, unless it holds an allele."""
    path = budget.path
    budget.check_columns(frame.width - 1)
    frame = frame.filter(~pl.all_horizontal(pl.exclude("\0row").is_null()))
    if not frame.height:
        raise no_frequency(path)
    row = frame.get_column("\0row").cast(pl.UInt32)
    columns = frame.drop("\0row").get_columns()
    first = [(column[0] or "").strip() for column in columns]
    if not any("*" in name for name in first):
        return FrequencyTable(path, first, row[0], [column.slice(1) for column in columns], row.slice(1))
    names = _names_of_columns(columns)
    if names is None:
        raise FileError(
            path,
            row=row[0],
            found=f"{len(columns)} columns without names",
            expected="haplotype and frequency, and perhaps population or count, where the first row names none",
            hint="put the names of the columns into the first row, such as haplotype,frequency,population",
            code=ErrorCode.FILE_NO_HEADER,
        )
    note = f"read without header: the columns are {', '.join(names[:-1])} and {names[-1]}"
    return FrequencyTable(path, names, None, columns, row, notes=[note] if len(names) > _FEWEST else [])


def _names_of_columns(columns: list[pl.Series]) -> list[str] | None:
    """Return what two or three columns without names hold, as their cells tell; None where they do not.

    Of two columns of numbers one is of frequencies, which sum to 1 at most, and the other of whole counts.
    """
    names = ["haplotype" if "*" in (column[0] or "") else "" for column in columns]
    if names.count("haplotype") != 1 or len(names) not in (_FEWEST, _FEWEST + 1):
        return None
    numbers = {
        at: column.str.strip_chars().str.strip_chars_end("%").cast(pl.Float64, strict=False)
        for at, (name, column) in enumerate(zip(names, columns, strict=True))
        if not name
    }
    of_numbers = [at for at, value in numbers.items() if not value.null_count()]
    if len(numbers) == 1:
        names[next(iter(numbers))] = "frequency"
        return names
    if len(of_numbers) == 1:
        return [name or ("frequency" if at in of_numbers else "population") for at, name in enumerate(names)]
    counts = [at for at in of_numbers if numbers[at].sum() > GREATEST_TOTAL and (numbers[at] % 1 == 0).all()]
    others = [at for at in of_numbers if numbers[at].sum() <= GREATEST_TOTAL]
    if len(counts) != 1 or len(others) != 1:
        return None
    return [name or ("count" if at in counts else "frequency") for at, name in enumerate(names)]


def _json(budget: FileBudget, text: str) -> FrequencyTable:
    """Read a frequency set of Atlas; the names of its keys are known in any case, and few are needed."""
    path = budget.path
    n_values = text.count("{") + text.count("[") + text.count(",")
    budget.check_held(_JSON_BYTES * n_values, f"JSON of {n_values:,} values")
    try:
        content = json.loads(text, object_pairs_hook=_object)
        if _SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except _TwiceError as error:
        raise FileError(
            path,
            found=f"the key {error.args[0][:60]!r} twice in one object",
            expected="each key once",
            hint="remove the one that is wrong",
            code=ErrorCode.FILE_CONTRADICTION,
        ) from error
    except (ValueError, RecursionError) as error:
        raise FileError(
            path,
            row=getattr(error, "lineno", None),
            found="text that is not JSON",
            expected=EXPECTED_FILE,
            hint="check that the file is whole",
            code=ErrorCode.FILE_DAMAGED,
        ) from error
    keyed = content.items() if isinstance(content, dict) else []
    about = {re.sub("[^a-z]", "", key.lower()): value for key, value in keyed}
    entries = about.get("frequencies") if about else content
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileError(
            path,
            found="no list of haplotypes",
            expected='an object with "frequencies", a list of {"a": "01:01:01G", ..., "frequency": 0.1}',
            hint="check that it is a haplotype frequency set of Atlas",
            code=ErrorCode.FILE_FORMAT,
        )
    if not entries:
        raise no_frequency(path)
    keys = [*entries[0], *sorted(set().union(*entries[1:]) - set(entries[0]))]
    budget.check_columns(len(keys))
    budget.check_held(POLARS_CELL * len(keys) * len(entries), f"{len(entries):,} haplotypes of {len(keys):,} keys")
    columns = [_texts(entry.get(key) for entry in entries) for key in keys]
    named = [number for number, column in enumerate(columns) if column.null_count() < len(column)]
    return FrequencyTable(
        path,
        [keys[number] for number in named],
        None,
        [columns[number] for number in named],
        pl.Series("row", np.arange(1, len(entries) + 1, dtype=np.uint32)),
        _codes(about, "ethn", "ethnicitycode", "ethnicitycodes", "ethnicity")
        or _codes(about, "donpool", "registrycode", "registrycodes", "registry"),
        [
            f"{title}: {value}"
            for title, name in (("nomenclature", "nomenclatureversion"), ("population of Atlas", "populationid"))
            if (value := _codes(about, name))
        ],
    )


class _TwiceError(ValueError):
    """A key that stands twice in an object."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON, of which Python would keep the last of two values of a key without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return found


def _texts(values: Iterable[object]) -> pl.Series:
    return pl.Series([None if value is None or value == "" else str(value) for value in values], dtype=pl.String)


def _codes(about: dict[str, object], *names: str) -> str:
    """Return the first of some values that is given: a text, a number or a list of them."""
    value = next((about[name] for name in names if about.get(name) not in (None, "", [])), "")
    return ",".join(str(code) for code in value) if isinstance(value, list) else str(value)
