"""A table of donors or patients: identifiers, typings and attributes checked column by column.

Whatever spoils one row quarantines that row and names row and column; whatever spoils the file (a column missing from a
pair, no typings at all) is a `FileError`. Whether a typing can be read is not asked here: that takes a nomenclature.
A file of millions is read in slices, with the findings that it has as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import polars as pl

from hla_match.errors import FileError, Reason, TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.gl_string import parse, split_loci
from registry_io.quarantine import QuarantinedRecord
from registry_io.table_file import MIDNIGHT, OddRow, Table, scan_slices, scan_table

_SIGNS = MappingProxyType(
    {
        **dict.fromkeys(("P", "+", "POS", "POSITIVE"), "P"),
        **dict.fromkeys(("N", "-", "NEG", "NEGATIVE"), "N"),
    }
)
CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sex": MappingProxyType({"M": "M", "F": "F", "MALE": "M", "FEMALE": "F"}),
        "abo": MappingProxyType({group: group for group in ("A", "B", "AB", "O")}),
        "rhesus": _SIGNS,
        "cmv": _SIGNS,
        "status": MappingProxyType({status: status for status in ("AV", "TU", "RS", "OP", "DE")}),
    }
)
"""Attributes with few values: what may stand in the file, in upper case, and what it means."""

DATES: tuple[str, ...] = ("birth_date", "registered_on", "last_contact_on")
"""Attributes that are dates."""

ATTRIBUTES: tuple[str, ...] = (
    "sex", "birth_date", "abo", "rhesus", "cmv", "weight_kg", "status", "registered_on", "last_contact_on", "city",
    "grid", "population",
)  # fmt: skip
"""Every attribute, in the order of the columns of `PersonRecords.frame`."""

_IDENTIFIERS = {"donor": ("donor_id", "id", "patient_id"), "patient": ("patient_id", "id", "donor_id")}
_LOCUS_COLUMN = re.compile(rf"(?:HLA-)?({'|'.join(LOCI)})_([12])", re.ASCII | re.IGNORECASE)
# Control and invisible characters, the sign of a failed conversion, and the full-width forms of ASCII.
_BAD_TEXT = r"[\p{Cc}\p{Cf}\x{FFFD}\x{FF01}-\x{FF5E}\x{3000}]"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_HEAVIEST_KG = 500
_TWICE = {
    "row": pl.UInt32, "locus": pl.String, "first": pl.String, "second": pl.String, "gl_first": pl.String,
    "gl_second": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the reader noticed about a file, or a slice of one.

    Attributes:
        headerless: the first row is a person.
        ignored_columns: columns without a meaning.
        n_empty: rows without any content.
        ignored_loci: loci of GL Strings that are not read.
        n_settled: typings that stood in columns and in a GL String, of which one was taken.
        unended: the last line has no line end.
    """

    headerless: bool
    ignored_columns: tuple[str, ...]
    n_empty: int
    ignored_loci: frozenset[str]
    n_settled: int = 0
    unended: bool = False

    def __add__(self, other: Noticed) -> Noticed:
        """Add what was noticed about another slice of the same file."""
        return replace(
            self,
            n_empty=self.n_empty + other.n_empty,
            ignored_loci=self.ignored_loci | other.ignored_loci,
            n_settled=self.n_settled + other.n_settled,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The same in words."""
        words = {
            "read without header: the first row is a person; its columns are identifier and GL String": self.headerless,
            f"ignored columns: {', '.join(self.ignored_columns)}": self.ignored_columns,
            f"skipped {self.n_empty:,} empty rows": self.n_empty,
            f"ignored loci of GL Strings: {', '.join(sorted(self.ignored_loci))}": self.ignored_loci,
            f"{self.n_settled:,} typings given in columns and in gl_string: the DNA one or the finer one was taken": (
                self.n_settled
            ),
            "the last line has no line end: check that the file was not cut within it": self.unended,
        }
        return tuple(note for note, holds in words.items() if holds)


@dataclass(frozen=True)
class PersonRecords:
    """The persons of a file, or of a slice of one.

    Attributes:
        frame: `row` (UInt32, row of the file), `person_id`, `A_1`, `A_2`, ... of each locus typed anywhere (null where
            empty), then the attributes of `ATTRIBUTES` that the file has.
        quarantined: one record a finding, by row.
        source: name of the file.
        checksum: SHA-256 of the file.
        n_rows: rows of the file or slice, without header and empty rows.
        noticed: what the reader noticed about the whole.
        twice: typings that stand in `frame` and, in other words, in the person's GL String: `row`, `locus`, `first` and
            `second` as in `frame`, `gl_first` and `gl_second`; `registry_io.twofold_typings` settles them.
    """

    frame: pl.DataFrame
    quarantined: list[QuarantinedRecord]
    source: str
    checksum: str
    n_rows: int
    noticed: Noticed
    twice: pl.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader noticed, in words."""
        return self.noticed.notes


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column of the file holds what."""

    identifier: str
    loci: dict[str, tuple[str, str]]
    attributes: dict[str, str]
    gl_string: str | None
    ignored: tuple[str, ...]


def read_persons(path: Path, *, kind: Literal["donor", "patient"]) -> PersonRecords:
    """Read a file of donors or patients; rows with a finding are quarantined, the others are in the frame.

    Raises:
        FileError: the file cannot be read, has no identifiers, no typings, or half a pair of columns.
    """
    table = scan_table(path, _names_of_record)
    table.budget.check_persons(table.frame.height + len(table.odd))
    return _read(path, table, kind, [])


def person_slices(path: Path, *, kind: Literal["donor", "patient"]) -> Iterator[PersonRecords]:
    """Yield what `read_persons` reads in slices: one after another they hold the same persons and findings.

    The frame of a slice has the loci that are typed in the slice.

    Raises:
        FileError: as `read_persons`.
    """
    known: list[pl.DataFrame] = []
    n_findings = 0
    for table in scan_slices(path, _names_of_record):
        records = _read(path, table, kind, known)
        n_findings += len(records.quarantined)
        table.budget.check_records(n_findings)
        yield records


def _read(path: Path, table: Table, kind: Literal["donor", "patient"], known: list[pl.DataFrame]) -> PersonRecords:
    """Read a slice; `known` is as in `_identifier_findings`."""
    columns = _find_columns(path, table.frame.columns, kind)
    frame = _chosen(table.frame, columns).with_columns(table.row)
    filled = frame.filter(~pl.all_horizontal(table.frame[name].is_null() for name in table.frame.columns))
    findings = [_odd_record(odd, table, columns.identifier) for odd in table.odd]
    findings += _identifier_findings(filled, columns.identifier, known)
    twice = pl.DataFrame(schema=_TWICE)
    other_loci: list[str] = []
    n_filled = filled.height
    if columns.gl_string is not None:
        filled, twice, found = _join_gl_strings(filled, columns.loci, other_loci)
        findings += found
    findings += _second_without_first(filled)
    attributes, found = _read_attributes(filled, columns.attributes)
    findings += found
    findings += _not_typed(_without(attributes, findings))
    findings.sort(key=lambda record: record.row)
    good = _without(attributes, findings)
    typed = [locus for locus in LOCI if f"{locus}_1" in good.columns and good[f"{locus}_1"].null_count() < good.height]
    kept = [f"{locus}_{side}" for locus in typed for side in (1, 2)]
    return PersonRecords(
        frame=good.select("row", "person_id", *kept, *(name for name in ATTRIBUTES if name in columns.attributes)),
        quarantined=findings,
        source=path.name,
        checksum=table.checksum,
        n_rows=n_filled + len(table.odd),
        noticed=Noticed(
            table.headerless,
            columns.ignored,
            frame.height - n_filled,
            frozenset(other_loci),
            unended=table.unended,
        ),
        twice=_without(twice, findings),
    )


def _without(frame: pl.DataFrame, findings: list[QuarantinedRecord]) -> pl.DataFrame:
    """Return the rows of a frame that have no finding."""
    rows = sorted({record.row for record in findings})
    return frame.filter(~pl.col("row").is_in(rows)) if rows else frame


def _names_of_record(fields: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names of the columns of a file without header: an identifier, and what can be read as a GL String.

    >>> _names_of_record(["D000001", "A*02:01+A*24:02^B*40:01"])
    ('id', 'gl_string')
    >>> _names_of_record(["id", "gl_string"])
    """
    if len(fields) != 2 or "*" not in fields[1]:
        return None
    try:
        parse(fields[1].strip(" \t\u00a0"))
    except TypingError:
        return None
    return ("id", "gl_string")


def _find_columns(path: Path, names: list[str], kind: Literal["donor", "patient"]) -> _Columns:
    lower: dict[str, str] = {}
    sides: dict[tuple[str, str], str] = {}
    known = {*_IDENTIFIERS[kind], *ATTRIBUTES, "gl_string"}
    for name in names:
        match = _LOCUS_COLUMN.fullmatch(name)
        if match is not None:
            key = (match[1].upper(), match[2])
            other = sides.setdefault(key, name)
        elif name.lower() in known:
            other = lower.setdefault(name.lower(), name)
        else:
            continue
        if other != name:
            raise FileError(
                str(path),
                row=1,
                column=name,
                found=f"the meaning of column {other} again",
                expected="one column of each meaning",
                hint="rename or remove one of the two columns",
            )
    identifier = next((lower[name] for name in _IDENTIFIERS[kind] if name in lower), None)
    if identifier is None:
        raise FileError(
            str(path),
            row=1,
            found="no column of identifiers",
            expected=f"one of {', '.join(_IDENTIFIERS[kind])}",
            hint="name the columns in the first row",
        )
    loci: dict[str, tuple[str, str]] = {}
    for locus in LOCI:
        first, second = sides.get((locus, "1")), sides.get((locus, "2"))
        if first is not None and second is not None:
            loci[locus] = (first, second)
        elif first is not None or second is not None:
            missing = f"{locus}_2" if second is None else f"{locus}_1"
            raise FileError(
                str(path),
                row=1,
                column=first or second,
                found=f"no column {missing} beside it",
                expected="both columns of the locus",
                hint=f"add the column {missing}; it may be empty",
            )
    gl_string = lower.get("gl_string")
    if not loci and gl_string is None:
        raise FileError(
            str(path),
            row=1,
            found="no column of typings",
            expected="columns A_1, A_2, B_1, B_2, ... or gl_string",
            hint=f"loci: {', '.join(LOCI)}; each has the columns LOCUS_1 and LOCUS_2, with or without HLA- before",
        )
    attributes = {name: lower[name] for name in ATTRIBUTES if name in lower}
    used = {identifier, gl_string, *attributes.values(), *sides.values()}
    return _Columns(identifier, loci, attributes, gl_string, tuple(name for name in names if name not in used))


def _chosen(frame: pl.DataFrame, columns: _Columns) -> pl.DataFrame:
    """Return the columns with a meaning under the project's names, without blanks around their values."""
    wanted = {"person_id": columns.identifier}
    for locus, (first, second) in columns.loci.items():
        wanted |= {f"{locus}_1": first, f"{locus}_2": second}
    wanted |= columns.attributes
    if columns.gl_string is not None:
        wanted["gl_string"] = columns.gl_string
    bare = frame.select(pl.col(old).str.strip_chars(" \t\u00a0").alias(new) for new, old in wanted.items())
    return bare.with_columns(pl.all().replace("", None))


def _odd_record(odd: OddRow, table: Table, identifier: str) -> QuarantinedRecord:
    names, first = table.header, "first row" if table.headerless else "header"
    at = names.index(identifier)
    return QuarantinedRecord(
        row=odd.row,
        person_id=odd.fields[at].strip() if at < len(odd.fields) else "",
        column="",
        text="",
        reason=Reason.WRONG_COLUMN_COUNT,
        message=f"{odd.n_fields} fields where the {first} has {len(names)}",
        hint="add or remove separators; put a field that contains one into quotation marks",
    )


def _findings(
    frame: pl.DataFrame, bad: pl.Expr, *, column: str, name: str, reason: Reason, message: str, hint: str
) -> list[QuarantinedRecord]:
    """Return one record for each row where `bad` holds; `name` is the column as the file calls it."""
    # Selected first: filtering every column of a frame for nothing was a third of the time of an import.
    found = frame.select("row", "person_id", pl.col(column).alias("text"), bad.alias("bad")).filter("bad")
    rows = found.select("row", pl.col("person_id").fill_null(""), pl.col("text").fill_null(""))
    return [
        QuarantinedRecord(row=row, person_id=person, column=name, text=text, reason=reason, message=message, hint=hint)
        for row, person, text in rows.iter_rows()
    ]


def _identifier_findings(frame: pl.DataFrame, name: str, known: list[pl.DataFrame]) -> list[QuarantinedRecord]:
    """Return a record for each identifier that is missing, unusable, or stands in an earlier row.

    Args:
        frame: the rows of a slice.
        name: the column as the file calls it.
        known: `person_id` and `row` of the identifiers of earlier slices; those of this one are added.
    """
    person = pl.col("person_id")
    findings = _findings(
        frame,
        person.is_null(),
        column="person_id",
        name=name,
        reason=Reason.MISSING_IDENTIFIER,
        message="no identifier",
        hint="give every person an identifier",
    )
    findings += _findings(
        frame,
        person.str.contains(_BAD_TEXT),
        column="person_id",
        name=name,
        reason=Reason.BAD_TEXT,
        message="the identifier holds a full-width, invisible or control character",
        hint="write it with half-width letters and digits",
    )
    given = frame.filter(person.is_not_null()).select("person_id", "row")
    # The earlier ones are many, and few of them are here: they are looked through, not sorted in.
    before = pl.concat([given.clear(), *(part.join(given, on="person_id", how="semi") for part in known)])
    new = given.filter(person.is_first_distinct()).join(before, on="person_id", how="anti", maintain_order="left")
    if before.height or new.height < given.height:
        first = pl.concat([before, new]).rename({"row": "first"})
        again = given.join(first, on="person_id", maintain_order="left").filter(pl.col("row") != pl.col("first"))
        findings += [
            QuarantinedRecord(
                row=row,
                person_id=text,
                column=name,
                text=text,
                reason=Reason.DUPLICATE_IDENTIFIER,
                message=f"the identifier stands in row {first_row} already",
                hint="keep one row for each person",
            )
            for text, row, first_row in again.iter_rows()
        ]
    known.append(new)
    return findings


def _second_without_first(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    findings: list[QuarantinedRecord] = []
    for locus in LOCI:
        first, second = f"{locus}_1", f"{locus}_2"
        if first in frame.columns:
            findings += _findings(
                frame,
                pl.col(first).is_null() & pl.col(second).is_not_null(),
                column=second,
                name=second,
                reason=Reason.SECOND_WITHOUT_FIRST,
                message=f"{second} stands without {first}",
                hint=f"put the typing into {first}",
            )
    return findings


def _not_typed(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    first = [name for locus in LOCI if (name := f"{locus}_1") in frame.columns]
    rows = frame.select("row", "person_id", bad=pl.all_horizontal(pl.col(first).is_null())).filter("bad").drop("bad")
    return [
        QuarantinedRecord(
            row=row,
            person_id=person,
            column="",
            text="",
            reason=Reason.NOT_TYPED,
            message="no locus is typed",
            hint="add a typing, or remove the row",
        )
        for row, person in rows.iter_rows()
    ]


def _read_attributes(frame: pl.DataFrame, present: dict[str, str]) -> tuple[pl.DataFrame, list[QuarantinedRecord]]:
    """Return the frame with attributes as what they are, and a record for each value that cannot be read."""
    read: list[pl.Expr] = []
    findings: list[QuarantinedRecord] = []
    for name, column in present.items():
        if name in CHOICES:
            choices = CHOICES[name]
            value = (
                pl.col(name)
                .str.to_uppercase()
                .replace_strict(list(choices), list(choices.values()), default=None, return_dtype=pl.String)
            )
            expected = f"one of {', '.join(choices)}"
        elif name in DATES:
            date = pl.col(name).str.replace(MIDNIGHT, "").str.to_date("%Y-%m-%d", strict=False)
            value = pl.when(date.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(date)
            expected = f"a date of the years {_FIRST_YEAR} to {_LAST_YEAR} such as 1986-04-30"
        elif name == "weight_kg":
            weight = pl.col(name).cast(pl.Float32, strict=False)
            value = pl.when((weight > 0) & (weight <= _HEAVIEST_KG)).then(weight)
            expected = f"kilograms up to {_HEAVIEST_KG}, such as 65 or 65.5"
        else:
            continue
        read.append(value.alias(name))
        findings += _findings(
            frame,
            pl.col(name).is_not_null() & value.is_null(),
            column=name,
            name=column,
            reason=Reason.BAD_ATTRIBUTE,
            message=f"{name} is not {expected}",
            hint="correct it, or leave it empty",
        )
    return frame.with_columns(read), findings


def _join_gl_strings(
    frame: pl.DataFrame, loci: dict[str, tuple[str, str]], other_loci: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, list[QuarantinedRecord]]:
    """Put the typings of the GL Strings into the columns of the loci; each distinct text is read once.

    The second frame holds the typings that stand in both and differ as texts, as in `PersonRecords.twice`. Loci that
    are not read are added to `other_loci`.
    """
    findings: list[QuarantinedRecord] = []
    texts = frame["gl_string"].drop_nulls().unique(maintain_order=True).to_list()
    sides: dict[str, list[str | None]] = {f"{locus}_{side}": [] for locus in LOCI for side in (1, 2)}
    errors: dict[str, TypingError] = {}
    for text in texts:
        try:
            typings = split_loci(text, other_loci)
        except TypingError as error:
            typings = {}
            errors[text] = error
        for locus in LOCI:
            first, second = typings.get(locus, ("", ""))
            sides[f"{locus}_1"].append(first or None)
            sides[f"{locus}_2"].append(second or None)
    if errors:
        rows = frame.filter(pl.col("gl_string").is_in(list(errors))).select("row", "person_id", "gl_string")
        findings += [
            QuarantinedRecord(
                row=row,
                person_id=person or "",
                column="gl_string",
                text=text,
                reason=errors[text].reason,
                message=f"position {errors[text].position}: expected {errors[text].expected}",
                hint=errors[text].hint,
            )
            for row, person, text in rows.iter_rows()
        ]
    split = pl.DataFrame({"gl_string": texts, **{f"gl {name}": side for name, side in sides.items()}}).cast(pl.String)
    joined = frame.join(split, on="gl_string", how="left", maintain_order="left")
    merged: list[pl.Expr] = []
    twice = [pl.DataFrame(schema=_TWICE)]
    for locus in LOCI:
        names = (f"{locus}_1", f"{locus}_2")
        given = tuple(pl.col(f"gl {name}") for name in names)
        if locus not in loci:
            merged += [side.alias(name) for side, name in zip(given, names, strict=True)]
            continue
        own = tuple(pl.col(name) for name in names)
        differ = joined.filter(own[0].is_not_null() & given[0].is_not_null() & ~_same_pair(own, given, locus))
        pairs = zip(("first", "second", "gl_first", "gl_second"), (*own, *given), strict=True)
        twice.append(
            differ.select(
                "row", pl.lit(locus).alias("locus"), *(side.fill_null("").alias(name) for name, side in pairs)
            )
        )
        empty = own[0].is_null() & own[1].is_null()
        merged += [
            pl.when(empty).then(new).otherwise(old).alias(name)
            for new, old, name in zip(given, own, names, strict=True)
        ]
    return joined.with_columns(merged).select(pl.exclude("^gl .*$")), pl.concat(twice), findings


def _same_pair(own: tuple[pl.Expr, ...], given: tuple[pl.Expr, ...], locus: str) -> pl.Expr:
    """Whether two pairs of texts are the same in either order; a single typing stands for both of its positions."""
    prefix = rf"(^|[/+|])(?:HLA-)?{locus}\*"
    a, b = (side.str.replace_all(prefix, "${1}") for side in (own[0], own[1].fill_null(own[0])))
    c, d = given[0], given[1].fill_null(given[0])
    return ((a == c) & (b == d)) | ((a == d) & (b == c))
