"""A table of donors or patients: identifiers, typings and attributes checked column by column.

Whatever spoils one row quarantines that row and names row and column; whatever spoils the file (a column missing from a
pair, no typings at all) is a `FileError`. Whether a typing can be read is not asked here: that takes a nomenclature.
A file of millions is read in slices, with the findings that it has as a whole.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import Reason, TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.gl_string import parse, split_loci
from hla_match.nomenclature.name_line import standard_gl_string
from registry_io.budgets import Budgets
from registry_io.column_lookalikes import lookalikes
from registry_io.column_names import DRB345
from registry_io.line_notes import LINE_NOTES, line_notes
from registry_io.locus_cells import both_typings, join_drb345, without_signs_of_nothing
from registry_io.person_attributes import (
    ATTRIBUTES,
    FINDINGS,
    Kind,
    finding_records,
    parents_population,
    read_attributes,
)
from registry_io.person_columns import PersonColumns, find_columns, is_person_header, may_stand_twice
from registry_io.person_notices import Noticed
from registry_io.quarantine import QuarantinedRecord
from registry_io.spreadsheet_values import formatted_typings, identifier_doubts
from registry_io.table_file import Table, scan_slices, scan_table
from registry_io.table_header import HeaderRules
from registry_io.table_slice import OddRow

# Control and invisible characters, the sign of a failed conversion, and the full-width forms of ASCII.
_BAD_TEXT = r"[\p{Cc}\p{Cf}\x{FFFD}\x{FF01}-\x{FF5E}\x{3000}]"
_BLANKS = " \t\u00a0"
_TWICE = {
    "row": pl.UInt32, "locus": pl.String, "first": pl.String, "second": pl.String, "gl_first": pl.String,
    "gl_second": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class PersonRecords:
    """The persons of a file, or of a slice of one.

    Attributes:
        frame: `row` (UInt32, row of the file), `person_id`, `A_1`, `A_2`, ... of each locus typed anywhere (null where
            empty), then the attributes of `ATTRIBUTES` that the file has.
        quarantined: one record a finding, by row.
        warnings: findings on cells of persons in `frame`, by row, with the columns of `person_attributes.FINDINGS`.
        source: name of the file.
        checksum: SHA-256 of the file.
        n_rows: rows of the file or slice, without header and empty rows.
        noticed: what the reader noticed about the whole.
        twice: typings that stand in `frame` and, in other words, in the person's GL String: `row`, `locus`, `first` and
            `second` as in `frame`, `gl_first` and `gl_second`; `registry_io.twofold_typings` settles them.
        noted: what was understood otherwise than it was written before typings are read, as in
            `registry_io.line_notes.LINE_NOTES`.
    """

    frame: pl.DataFrame
    quarantined: list[QuarantinedRecord]
    warnings: pl.DataFrame
    source: str
    checksum: str
    n_rows: int
    noticed: Noticed
    twice: pl.DataFrame
    noted: pl.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader noticed, in words."""
        return self.noticed.notes


def read_persons(
    path: Path, *, kind: Kind, today: datetime.date | None = None, budgets: Budgets | None = None
) -> PersonRecords:
    """Read a file of donors or patients; rows with a finding are quarantined, the others are in the frame.

    A cell of an attribute that cannot be read is left empty and reported, but for the status of a donor.

    Args:
        path: the file.
        kind: what the persons are.
        today: the day at which ages are reckoned, and after which nothing can have happened; without it the clock's.
        budgets: what may be taken for the file; without them those of the environment.

    Raises:
        FileError: the file cannot be read, has no identifiers, no typings, or half a pair of columns.
        BudgetError: it takes more than its budget.
    """
    table = scan_table(path, HEADER_RULES, budgets=budgets)
    table.budget.check_persons(table.frame.height + len(table.odd))
    columns = find_columns(path, table.frame, kind)
    return _read(table, columns, kind, today or datetime.date.today(), [])


def person_slices(
    path: Path, *, kind: Kind, today: datetime.date | None = None, budgets: Budgets | None = None
) -> Iterator[PersonRecords]:
    """Yield what `read_persons` reads in slices: one after another they hold the same persons and findings.

    The frame of a slice has the loci that are typed in the slice.

    Raises:
        FileError, BudgetError: as `read_persons`.
    """
    known: list[pl.DataFrame] = []
    day = today or datetime.date.today()
    n_findings = 0
    columns: PersonColumns | None = None
    for table in scan_slices(path, HEADER_RULES, budgets=budgets):
        # What the first rows say of a doubtful column holds for the others.
        columns = columns or find_columns(path, table.frame, kind)
        records = _read(table, columns, kind, day, known)
        n_findings += len(records.quarantined)
        table.budget.check_records(n_findings)
        table.budget.check_time()
        yield records


def _read(
    table: Table, columns: PersonColumns, kind: Kind, today: datetime.date, known: list[pl.DataFrame]
) -> PersonRecords:
    """Read a slice; `known` is as in `_identifier_findings`."""
    frame = _chosen(table.frame, columns).with_columns(table.row)
    filled = frame.filter(~pl.all_horizontal(table.frame[name].is_null() for name in table.frame.columns))
    findings = [_odd_record(odd, table, columns.identifier) for odd in table.odd]
    findings += _identifier_findings(filled, columns.identifier, known)
    findings += formatted_typings(table, filled, columns.loci)
    doubts = identifier_doubts(table, filled, columns.identifier)
    twice = pl.DataFrame(schema=_TWICE)
    other_loci: list[str] = []
    noted = [pl.DataFrame(schema=LINE_NOTES)]
    n_filled = filled.height
    filled, signs = without_signs_of_nothing(filled, columns.typings)
    if DRB345 in columns.loci:
        filled, found, genes_noted = join_drb345(filled, columns.loci[DRB345][0])
        findings += found
        noted.append(genes_noted)
    if columns.gl_string is not None:
        filled, twice, found, lines_noted = _join_gl_strings(filled, columns.typed_loci, other_loci)
        findings += found
        noted.append(lines_noted)
    findings += _second_without_first(filled)
    parents = pl.DataFrame(schema=dict(FINDINGS))
    if columns.populations:
        filled, parents = parents_population(filled, columns.populations)
    attributes = read_attributes(filled, columns.attributes, kind=kind, today=today)
    findings += finding_records(attributes.unreadable)
    findings += _not_typed(_without(attributes.frame, findings))
    findings.sort(key=lambda record: record.row)
    good = _without(attributes.frame, findings)
    typed = [locus for locus in LOCI if f"{locus}_1" in good.columns and good[f"{locus}_1"].null_count() < good.height]
    kept = [f"{locus}_{side}" for locus in typed for side in (1, 2)]
    return PersonRecords(
        frame=good.select("row", "person_id", *kept, *(name for name in ATTRIBUTES if name in columns.present)),
        quarantined=findings,
        warnings=_without(pl.concat([attributes.warnings, parents]), findings).sort("row", maintain_order=True),
        source=table.name,
        checksum=table.checksum,
        n_rows=n_filled + len(table.odd),
        noticed=Noticed(
            file_notes=(*_headerless_notes(table), *table.notes),
            file_cautions=table.cautions,
            ignored_columns=columns.ignored,
            named_columns={} if table.headerless else columns.named,
            n_empty=frame.height - n_filled,
            ignored_loci=frozenset(other_loci),
            lookalikes=lookalikes(table.frame, columns.ignored, columns.present),
            doubts=doubts,
            cells=signs + attributes.notes,
        ),
        twice=_without(twice, findings),
        noted=_without(pl.concat(noted), findings),
    )


def _without(frame: pl.DataFrame, findings: list[QuarantinedRecord]) -> pl.DataFrame:
    """Return the rows of a frame that have no finding."""
    rows = sorted({record.row for record in findings})
    return frame.filter(~pl.col("row").is_in(rows)) if rows else frame


def _names_of_record(fields: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names of the columns of a file without header, as the WMDA and GRIM exchange them.

    They are an identifier and what can be read as a GL String, and perhaps the populations of both parents.

    >>> _names_of_record(["D000001", "A*02:01+A*24:02^B*40:01"])
    ('id', 'gl_string')
    >>> _names_of_record(["D1", "A*02:01+A*24:02", "CAU", "AFA"])
    ('id', 'gl_string', 'population (1)', 'population (2)')
    >>> _names_of_record(["id", "gl_string"])
    """
    if len(fields) not in (2, 4) or "*" not in fields[1] or any("*" in field for field in fields[2:]):
        return None
    try:
        parse(standard_gl_string(fields[1].strip(_BLANKS)).text)
    except TypingError:
        return None
    return ("id", "gl_string", "population (1)", "population (2)")[: len(fields)]


HEADER_RULES = HeaderRules(_names_of_record, may_stand_twice, is_person_header)
"""What is known of the first rows of tables of persons."""


def _headerless_notes(table: Table) -> tuple[str, ...]:
    parents = ", and the populations of both parents" if len(table.header) > 2 else ""
    note = f"read without header: the first row is a person; its columns are identifier and GL String{parents}"
    return (note,) if table.headerless else ()


def _chosen(frame: pl.DataFrame, columns: PersonColumns) -> pl.DataFrame:
    """Return the columns with a meaning under the project's names, without blanks around their values."""
    wanted = {"person_id": columns.identifier}
    both: dict[str, str] = {}
    for locus, names in columns.loci.items():
        if len(names) == 1:
            both[locus] = names[0]
        else:
            wanted |= {f"{locus}_{side}": name for side, name in enumerate(names, start=1)}
    wanted |= columns.attributes
    wanted |= {f"population_{parent}": name for parent, name in enumerate(columns.populations, start=1)}
    if columns.gl_string is not None:
        wanted["gl_string"] = columns.gl_string
    texts = {new: pl.col(old).str.strip_chars(_BLANKS) for new, old in wanted.items()}
    for locus, name in both.items():
        texts[f"{locus}_1"], texts[f"{locus}_2"] = both_typings(pl.col(name).str.strip_chars(_BLANKS))
    bare = frame.select(text.alias(new) for new, text in texts.items())
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


def _join_gl_strings(
    frame: pl.DataFrame, loci: Collection[str], other_loci: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, list[QuarantinedRecord], pl.DataFrame]:
    """Put the typings of the GL Strings into the columns of the loci; each distinct text is read once.

    The second frame holds the typings that stand in both and differ as texts, as in `PersonRecords.twice`, the last one
    what is `PersonRecords.noted`. Loci that are not read are added to `other_loci`.
    """
    findings: list[QuarantinedRecord] = []
    texts = frame["gl_string"].drop_nulls().unique(maintain_order=True).to_list()
    sides: dict[str, list[str | None]] = {f"{locus}_{side}": [] for locus in LOCI for side in (1, 2)}
    errors: dict[str, TypingError] = {}
    notes: dict[str, list[str]] = {}
    for text in texts:
        found: list[str] = []
        try:
            typings = split_loci(text, other_loci, found)
        except TypingError as error:
            typings = {}
            errors[text] = error
        if found:
            notes[text] = found
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
    noted = line_notes(frame, "gl_string", notes)
    return joined.with_columns(merged).select(pl.exclude("^gl .*$")), pl.concat(twice), findings, noted


def _same_pair(own: tuple[pl.Expr, ...], given: tuple[pl.Expr, ...], locus: str) -> pl.Expr:
    """Whether two pairs of texts are the same in either order; a single typing stands for both of its positions."""
    prefix = rf"(^|[/+|])(?:HLA-)?{locus}\*"
    a, b = (side.str.replace_all(prefix, "${1}") for side in (own[0], own[1].fill_null(own[0])))
    c, d = given[0], given[1].fill_null(given[0])
    return ((a == c) & (b == d)) | ((a == d) & (b == c))
