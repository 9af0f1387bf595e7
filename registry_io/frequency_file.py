"""Haplotype frequencies in: tables with or without header, NMDP's tables, Atlas's JSON, told apart by their content.

Sources of the layouts: NMDP's tables of 2011, one column a locus and one a population, Gragert et al., Human Immunology
2013;74:1313, supplement; text of the WMDA's validation of matching, Bochtler et al., HLA 2016;87:439; output of
Hapl-o-Mat, Schaefer et al., BMC Bioinformatics 2017;18:284; frequency sets of Anthony Nolan's Atlas, class
`FrequencySetFileSchema`.

Every layout first becomes a table of text. Its distinct alleles, a few thousand, are read one at a time; the rows, of
which there may be a million, are handled as arrays of the alleles' numbers.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import fastexcel
import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import FileError
from hla_match.loci import LOCI

ABSENT = "absent"
"""What stands in place of an allele where the haplotype lacks the gene, or carries an allele that is not expressed."""

GREATEST_TOTAL = 1.05
"""The sum of a population's frequencies, beyond which rounding does not explain that it is above 1."""

_DRB345 = ("DRB3", "DRB4", "DRB5")
_DRB345_PLACE = "DRB3/4/5"
_NO_DRB345 = "DRBX"
_READ_LOCI = (*LOCI, _NO_DRB345)  # a haplotype's parts are of a locus, or say that DRB3, DRB4 and DRB5 are absent

_ROLES = {
    "haplotype": "haplotype hap haplo haplotypes",
    "frequency": "frequency freq haplotype_frequency haplotype_freq hap_freq",
    "population": "population pop race ethnicity",
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}
_POPULATION_COLUMN = re.compile(r"(.+)_freq", re.IGNORECASE)
_ALLELE = re.compile(
    r"[0-9]{2,4}(?::[0-9]{2,4}){1,2}(?:[GP]|[NLSCAQ]?g)|[0-9]{2,4}(?::[0-9]{2,4}){1,3}[NLSCAQ]?", re.ASCII
)
# Names before April 2010. A*92 and B*95 continued A*02 and B*15, so that their digits are not their fields.
_OLD_ALLELE = re.compile(r"(?!92|95)([0-9]{2})([0-9]{2}(?:[NLSCAQ]?g?))", re.ASCII)
_EXPECTED_FILE = "a file of haplotype frequencies: CSV, TSV, text, Excel, Parquet or Atlas's JSON"
_EXPECTED_COLUMNS = (
    "the columns haplotype and frequency, and perhaps population; or a column for each locus, and frequency or columns "
    "such as CAU_freq"
)


@dataclass(frozen=True, slots=True)
class FrequencyFile:
    """The haplotype frequencies of a file, as they stand in it.

    Attributes:
        frame: one row a haplotype and population. One String column a locus of `LOCI`, in that order: the allele
            without locus (``01:01``, ``02:01g``, ``24:09N``), `ABSENT` where the haplotype lacks the gene, null where
            the file does not name the locus; then `population` (String, "" where the file names none), `frequency`
            (Float64, above 0) and `row` (UInt32, row of the file; in JSON the number of the entry, from 1).
        source: the file's name.
        checksum: SHA-256 of the file's bytes.
        notes: what the reader noticed, for a person.
    """

    frame: pl.DataFrame
    source: str
    checksum: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A file as text: names of the columns, a column of text each, rows of the file, and what JSON says beside."""

    path: str
    header: list[str]
    header_row: int | None
    columns: list[pl.Series]
    row: pl.Series
    population: str = ""
    notes: list[str] = field(default_factory=list)

    def text(self, number: int) -> pl.Series:
        """Return a column without blanks around its texts; an empty one is null."""
        return pl.select(pl.lit(self.columns[number]).str.strip_chars().replace("", None)).to_series()

    def error(self, at: int, number: int | None, *, found: str, expected: str, hint: str = "") -> FileError:
        """Return the error at a row of the table, in a column or in none."""
        column = None if number is None else self.header[number]
        return FileError(self.path, row=self.row[at], column=column, found=found, expected=expected, hint=hint)


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns of a table hold what; a place is a locus or, for the column of DRB3, DRB4 and DRB5, `DRB3/4/5`."""

    haplotype: int | None
    places: dict[int, str]
    frequency: dict[int, str | None]
    population: int | None


def read_frequencies(path: Path) -> FrequencyFile:
    """Read a file of haplotype frequencies, plain or compressed by gzip, in any of the layouts that the module names.

    Raises:
        FileError: the file cannot be read; an allele, a frequency or the columns are not what they should be; or the
            haplotypes do not all name the same loci.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise FileError(
            str(path),
            found=error.strerror or str(error),
            expected=_EXPECTED_FILE,
            hint="check the name and the folder",
        ) from error
    table = _table(str(path), packed)
    roles = _roles(table)
    if not len(table.row):
        raise _nothing(table.path)
    frame = _populations(table, roles, _alleles(table, roles))
    return FrequencyFile(frame, path.name, hashlib.sha256(packed).hexdigest(), tuple(table.notes))


def _nothing(path: str) -> FileError:
    return FileError(
        path,
        found="no haplotype with a frequency above 0",
        expected=_EXPECTED_FILE,
        hint="check that it is the right file, and whole",
    )


# From bytes to a table of text


def _table(path: str, data: bytes) -> _Table:
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise FileError(
                path, found="damaged gzip data", expected="a whole gzip file", hint="copy or compress the file again"
            ) from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _workbook(path, data)
    if data.startswith(b"PAR1"):
        return _parquet(path, data)
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise FileError(
            path,
            row=error.object.count(b"\n", 0, error.start) + 1,
            found=f"the byte 0x{error.object[error.start]:02X}",
            expected="text in UTF-8",
            hint="save the file as UTF-8 (in Excel: CSV UTF-8), not as GBK, Latin-1 or UTF-16",
        ) from None
    return _json(path, text) if text.lstrip()[:1] in ("{", "[") else _text(path, text)


def _workbook(path: str, data: bytes) -> _Table:
    """Read the first sheet."""
    try:
        sheet = fastexcel.read_excel(data).load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise FileError(
            path, found="no readable workbook", expected="an Excel workbook", hint="save it again in Excel as .xlsx"
        ) from error
    return _headed(path, sheet.with_row_index("\0row", offset=1))


def _parquet(path: str, data: bytes) -> _Table:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
        columns = [column.cast(pl.String) for column in frame.get_columns()]
    except pl.exceptions.PolarsError as error:
        raise FileError(
            path,
            found="no table of plain columns",
            expected="a Parquet file with text and numbers",
            hint="write the file again",
        ) from error
    row = pl.Series("row", np.arange(2, frame.height + 2, dtype=np.uint32))
    return _Table(path, frame.columns, 1, columns, row)


def _text(path: str, text: str) -> _Table:
    """Read text with one haplotype a line; its separator is the first of tab, semicolon, comma and blank it has."""
    line = pl.col("line")
    lines = (
        pl.DataFrame({"line": text.split("\n")})
        .with_row_index("\0row", offset=1)
        .filter(line.str.strip_chars(' \t,;"') != "")
    )
    if not lines.height:
        raise _nothing(path)
    first = lines["line"][0]
    separator = next((mark for mark in "\t;," if mark in first), " ")
    if separator == " " or (separator == "\t" and "*" in first):
        # Without header, columns are separated by any run of blanks.
        lines = lines.with_columns(line.str.strip_chars().str.replace_all(r"[ \t]+", "\t"))
        separator = "\t"
    return _headed(path, _fields(path, lines, separator))


def _fields(path: str, lines: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Split lines at the separator; every line must have as many fields as the first."""
    texts, row = lines["line"], lines["\0row"]
    records: list[list[str]] = []
    if texts.str.contains('"', literal=True).any():
        try:
            records = list(csv.reader(texts, delimiter=separator, strict=True))
        except csv.Error as error:
            raise _quotes(path) from error
        if len(records) != len(texts):
            raise _quotes(path)
        widths = np.array([len(record) for record in records])
    else:
        widths = texts.str.count_matches(separator, literal=True).to_numpy() + 1
    wrong = int(np.argmax(widths != widths[0]))
    if wrong:
        raise FileError(
            path,
            row=row[wrong],
            found=f"{widths[wrong]} fields",
            expected=f"{widths[0]}, as in row {row[0]}",
            hint="write one haplotype a line, and decimals with a point",
        )
    names = [str(number) for number in range(widths[0])]
    if records:
        columns = zip(*records, strict=True)
        frame = pl.DataFrame([pl.Series(name, texts) for name, texts in zip(names, columns, strict=True)])
    else:
        frame = pl.read_csv(
            "\n".join(texts).encode(),
            has_header=False,
            separator=separator,
            quote_char=None,
            schema=dict.fromkeys(names, pl.String),
        )
    return frame.insert_column(0, row)


def _quotes(path: str) -> FileError:
    return FileError(
        path,
        found="quotation marks that do not close on their line",
        expected="fields with closed quotation marks",
        hint='write a quotation mark inside a field twice: ""',
    )


def _headed(path: str, frame: pl.DataFrame) -> _Table:
    """Take the first row as the header, unless it holds an allele."""
    frame = frame.filter(~pl.all_horizontal(pl.exclude("\0row").is_null()))
    if not frame.height:
        raise _nothing(path)
    row = frame.get_column("\0row").cast(pl.UInt32)
    columns = frame.drop("\0row").get_columns()
    first = [(column[0] or "").strip() for column in columns]
    if not any("*" in name for name in first):
        return _Table(path, first, row[0], [column.slice(1) for column in columns], row.slice(1))
    if len(columns) != 2:
        raise FileError(
            path,
            row=row[0],
            found=f"{len(columns)} columns without names",
            expected="two columns, haplotype and frequency, where the first row names none",
            hint="put the names of the columns into the first row, such as haplotype,frequency,population",
        )
    return _Table(path, ["haplotype", "frequency"], None, columns, row)


def _json(path: str, text: str) -> _Table:
    """Read a frequency set of Atlas; the names of its keys are known in any case, and few are needed."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(
            path,
            row=getattr(error, "lineno", None),
            found="text that is not JSON",
            expected=_EXPECTED_FILE,
            hint="check that the file is whole",
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
        )
    if not entries:
        raise _nothing(path)
    keys = [*entries[0], *sorted(set().union(*entries[1:]) - set(entries[0]))]
    columns = [_texts(entry.get(key) for entry in entries) for key in keys]
    named = [number for number, column in enumerate(columns) if column.null_count() < len(column)]
    return _Table(
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


def _texts(values: Iterable[object]) -> pl.Series:
    return pl.Series([None if value is None or value == "" else str(value) for value in values], dtype=pl.String)


def _codes(about: dict[str, object], *names: str) -> str:
    """Return the first of some values that is given: a text, a number or a list of them."""
    value = next((about[name] for name in names if about.get(name) not in (None, "", [])), "")
    return ",".join(str(code) for code in value) if isinstance(value, list) else str(value)


# What the columns hold


def _roles(table: _Table) -> _Roles:
    known: dict[str, int] = {}
    places: dict[int, str] = {}
    populations: dict[int, str | None] = {}
    unused = []
    for number, name in enumerate(table.header):
        place = _place(name)
        role = _ROLE_OF.get(name.lower(), place)
        match = _POPULATION_COLUMN.fullmatch(name)
        if role:
            what = role
        elif match:
            what = f"{match[1]}_freq"
        else:
            if name and not name.lower().endswith("_rank"):
                unused.append(name)
            continue
        if what in known:
            raise _wrong_columns(table, f"two columns of {what}", name)
        known[what] = number
        if role and role == place:
            places[number] = role
        elif not role and match:
            populations[number] = match[1]
    haplotype, frequency, population = (known.get(role) for role in _ROLES)
    if (haplotype is None) == (not places) or (frequency is None) == (not populations):
        names = ", ".join(name for name in table.header if name)
        raise _wrong_columns(table, f"the columns {names[:100] or '(none)'}")
    if population is not None and populations:
        raise _wrong_columns(table, "a column of populations beside populations that have columns of their own")
    if _DRB345_PLACE in places.values() and set(_DRB345) & set(places.values()):
        raise _wrong_columns(table, f"columns of {_DRB345_PLACE} together and of one of these genes")
    if unused:
        table.notes.append(f"columns not used: {', '.join(unused)}")
    return _Roles(haplotype, places, {frequency: None} if frequency is not None else populations, population)


def _place(name: str) -> str | None:
    """Return the locus that a column is named after, or `DRB3/4/5`."""
    bare = re.sub(r"[-/_ ]", "", name).upper().removeprefix("HLA")
    if bare in ("DRB345", "DRBX"):
        return _DRB345_PLACE
    locus = "C" if bare == "CW" else bare
    return locus if locus in LOCI else None


def _wrong_columns(table: _Table, found: str, column: str | None = None) -> FileError:
    return FileError(
        table.path,
        row=table.header_row,
        column=column,
        found=found,
        expected=_EXPECTED_COLUMNS,
        hint="name the columns so in the first row",
    )


# The alleles of every haplotype


def _alleles(table: _Table, roles: _Roles) -> pl.DataFrame:
    """Return the columns of alleles, one row a row of the table."""
    if roles.haplotype is not None:
        parts = _split_haplotypes(table, roles.haplotype)
        numbers = [roles.haplotype] * len(parts)
    else:
        numbers = list(roles.places)
        parts = [_column_parts(table.text(number), place) for number, place in roles.places.items()]
    stacked = pl.concat([part.alias("part") for part in parts])
    distinct = stacked.drop_nulls().unique(maintain_order=True)
    if distinct.is_empty():
        raise _nothing(table.path)
    code = stacked.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    code = code.reshape(len(parts), len(table.row))
    read = []
    for number, text in enumerate(distinct):
        part = _part(text)
        if isinstance(part, _Fault):
            at = np.argwhere(code.T == number)[0]
            raise table.error(int(at[0]), numbers[at[1]], found=repr(text[:60]), expected=part.expected, hint=part.hint)
        read.append(part)
    # The last entry is that of code -1, no part.
    locus_of = np.array([*(_READ_LOCI.index(locus) for locus, _ in read), -1], dtype=np.int8)
    if roles.places:
        _check_columns(table, roles.places, code, locus_of)
    return _columns(table, code, locus_of, pl.Series([*(name for _, name in read), None], dtype=pl.String))


def _split_haplotypes(table: _Table, number: int) -> list[pl.Series]:
    """Split haplotypes at ``~``, or at ``-`` where the file uses that; no locus or allele has either in its name."""
    text = table.text(number)
    if text.null_count():
        at = int(text.is_null().arg_max() or 0)
        raise table.error(at, number, found="an empty field", expected="a haplotype such as A*01:01~B*08:01")
    joint = "~"
    if not text.str.contains("~", literal=True).any() and text.str.contains("-", literal=True).any():
        text = text.str.replace_all(r"(?i)HLA-", "")
        joint = "-"
    n_joints = text.str.count_matches(joint, literal=True)
    most = int(n_joints.arg_max() or 0)
    if n_joints[most] > len(LOCI):
        raise table.error(
            most, number, found=f"{n_joints[most] + 1} alleles", expected="one allele a locus, joined by ~"
        )
    return pl.select(pl.lit(text).str.split_exact(joint, n_joints[most])).to_series().struct.unnest().get_columns()


def _column_parts(text: pl.Series, place: str) -> pl.Series:
    """Return the alleles of a column with their locus."""
    locus = _NO_DRB345 if place == _DRB345_PLACE else place
    with_locus = pl.when(pl.lit(text).str.contains("*", literal=True)).then(text).otherwise(f"{locus}*" + text)
    return pl.select(with_locus).to_series()


@dataclass(frozen=True, slots=True)
class _Fault:
    expected: str
    hint: str = ""


def _part(text: str) -> tuple[str, str] | _Fault:
    """Return locus and allele of one part of a haplotype.

    >>> _part("HLA-A*24:09N"), _part("B*0702g"), _part("DRBX*NNNN"), _part("DRB4*absent")
    (('A', '24:09N'), ('B', '07:02g'), ('DRBX', 'absent'), ('DRB4', 'absent'))
    """
    bare = text.strip()
    locus, star, name = (bare[4:] if bare[:4].upper() == "HLA-" else bare).partition("*")
    locus = "C" if locus.upper() == "CW" else locus.upper()
    if not star or locus not in _READ_LOCI:
        return _Fault(
            f"an allele with its locus, one of {', '.join(_READ_LOCI)}", "join alleles by ~, as in A*01:01~B*08:01"
        )
    # `absent` is how this program writes what it estimated, and it may stand at every locus: a null allele is absent.
    if name == ABSENT or (name == "NNNN" and locus in (*_DRB345, _NO_DRB345)):
        return locus, ABSENT
    if locus != _NO_DRB345:
        if _ALLELE.fullmatch(name):
            return locus, name
        if old := _OLD_ALLELE.fullmatch(name):
            return locus, f"{old[1]}:{old[2]}"
    return _Fault(
        "an allele or group of at least two fields, such as A*01:01, A*01:01g or A*01:01:01G",
        "write DRB3*, DRB4* or DRB5* before the allele, or DRBX*NNNN"
        if locus == _NO_DRB345
        else "a haplotype names one allele or group a locus, neither lists nor multiple allele codes",
    )


def _check_columns(table: _Table, places: dict[int, str], code: NDArray[np.int32], locus_of: NDArray[np.int8]) -> None:
    """Refuse an allele in the column of another locus."""
    for part, (number, place) in zip(code, places.items(), strict=True):
        allowed = (*_DRB345, _NO_DRB345) if place == _DRB345_PLACE else (place,)
        fits = np.isin(locus_of[part], [-1, *(_READ_LOCI.index(locus) for locus in allowed)])
        if not fits.all():
            at = int(np.argmin(fits))
            raise table.error(
                at,
                number,
                found=f"an allele of {_READ_LOCI[locus_of[part[at]]]}",
                expected=f"an allele of {' or '.join(allowed)}",
                hint="check that the columns are not swapped",
            )


def _columns(table: _Table, code: NDArray[np.int32], locus_of: NDArray[np.int8], names: pl.Series) -> pl.DataFrame:
    """Put every part into the column of its locus; the haplotypes must name the same loci, and each once."""
    locus = locus_of[code]
    columns: dict[str, pl.Series] = {}
    named: dict[str, NDArray[np.bool_]] = {}
    for number, name in enumerate(_READ_LOCI):
        here = locus == number
        _refuse(table, here.sum(axis=0) > 1, f"two alleles of {name}")
        named[name] = here.any(axis=0)
        columns[name] = names.gather(np.where(here, code, -1).max(axis=0) % len(names))
    none = named.pop(_NO_DRB345)
    del columns[_NO_DRB345]
    absent = {gene: (columns[gene] == ABSENT).fill_null(False).to_numpy() for gene in _DRB345}
    n_genes = np.sum([named[gene] & ~absent[gene] for gene in _DRB345], axis=0)
    _refuse(table, n_genes > 1, "two of the genes DRB3, DRB4 and DRB5")
    _refuse(table, none & (n_genes > 0), f"{_NO_DRB345}*NNNN beside one of DRB3, DRB4 and DRB5")
    says = none | np.any([named[gene] for gene in _DRB345], axis=0)
    places = {name: here for name, here in named.items() if name not in _DRB345}
    places[_DRB345_PLACE] = none | (n_genes == 1) | np.all(list(absent.values()), axis=0)
    _check_places(table, places)
    if says.any():
        _refuse(table, ~places[_DRB345_PLACE], "one of DRB3, DRB4 and DRB5 absent, and nothing about the others")
        columns.update({gene: columns[gene].fill_null(ABSENT) for gene in _DRB345})
    return pl.DataFrame([columns[name].alias(name) for name in LOCI])


def _check_places(table: _Table, places: dict[str, NDArray[np.bool_]]) -> None:
    stacked = np.array(list(places.values()))
    at = int(np.argmax((stacked != stacked[:, :1]).any(axis=0)))
    if at:
        first, other = ([name for name, here in places.items() if here[row]] for row in (0, at))
        raise table.error(
            at,
            None,
            found=f"the loci {', '.join(other)}",
            expected=f"{', '.join(first)} as in row {table.row[0]}",
            hint=f"every haplotype names the same loci; {_NO_DRB345}*NNNN says that DRB3, DRB4 and DRB5 are absent",
        )


def _refuse(table: _Table, wrong: NDArray[np.bool_], found: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise table.error(at, None, found=found, expected="one allele a locus, and at most one of DRB3, DRB4 and DRB5")


# The frequencies of every population


def _populations(table: _Table, roles: _Roles, alleles: pl.DataFrame) -> pl.DataFrame:
    """Join alleles and frequencies, one population after the other where each has its column."""
    alleles = alleles.with_columns(pl.lit(table.population).alias("population"))
    if roles.population is not None:
        alleles = alleles.with_columns(table.text(roles.population).fill_null("").alias("population"))
    parts = []
    n_zero = 0
    for number, population in roles.frequency.items():
        part = alleles.with_columns(
            _frequency(table, number, optional=population is not None).alias("frequency"), table.row.alias("row")
        )
        if population is not None:
            part = part.with_columns(pl.lit(population).alias("population"))
        else:
            n_zero = int((part["frequency"] == 0).sum())
        parts.append(part.filter(pl.col("frequency") > 0))
    frame = pl.concat(parts)
    if not frame.height:
        raise _nothing(table.path)
    if n_zero:
        table.notes.append(f"rows with frequency 0, left out: {n_zero:,}")
    n_repeated = frame.height - frame.select(*LOCI, "population").n_unique()
    if n_repeated:
        table.notes.append(f"rows that repeat a haplotype of the same population: {n_repeated:,}")
    _note_totals(table, frame)
    return frame


def _frequency(table: _Table, number: int, *, optional: bool) -> pl.Series:
    """Return a column of frequencies; where it is one of several populations' it may be empty."""
    text = table.text(number)
    value = text.cast(pl.Float64, strict=False)
    good = (value.is_finite() & (value >= 0)).fill_null(False)
    if optional:
        good |= text.is_null()
    if not good.all():
        at = int(good.arg_min() or 0)
        found = text[at] or ""
        hints = {",": "write decimals with a point", "%": "write frequencies as parts of 1, not as percent"}
        raise table.error(
            at,
            number,
            found=repr(found[:60]) if found else "an empty field",
            expected="a number from 0 to 1",
            hint=next((hint for mark, hint in hints.items() if mark in found), ""),
        )
    if (value > 1).any():
        at = int((value > 1).fill_null(False).arg_max() or 0)
        raise table.error(at, number, found=text[at], expected="a number from 0 to 1", hint=_hint_above_1(value))
    return value


def _hint_above_1(value: pl.Series) -> str:
    if (value.drop_nulls() % 1 == 0).all():
        return "the column holds counts; divide each by their sum"
    if value.sum() <= 100 * GREATEST_TOTAL:
        return "the column holds percent; divide each by 100"
    return "divide each by the sum of its population"


def _note_totals(table: _Table, frame: pl.DataFrame) -> None:
    totals = frame.group_by("population", maintain_order=True).agg(pl.col("frequency").sum())
    for population, total in totals.iter_rows():
        if total > GREATEST_TOTAL:
            raise FileError(
                table.path,
                found=f"frequencies{_of(population)} that sum to {total:.6g}",
                expected="a sum of at most 1",
                hint="divide percent by 100; name the population of each row where there are several",
            )
        table.notes.append(f"frequencies{_of(population)} sum to {total:.6g}")


def _of(population: str) -> str:
    return f" of {population}" if population else ""
