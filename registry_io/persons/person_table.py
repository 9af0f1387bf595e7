"""A table of donors or patients: identifiers, typings and attributes checked column by column.

A fault of one row quarantines that row and names row and column; a fault of the file (a column missing from a
pair, no typings at all) is a `FileError`. Whether a typing can be read is not asked here: that takes a nomenclature.
A file of millions is read in slices, with the findings that it has as a whole.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hla_match.donors.attribute_types import PersonKind
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.errors import TypingError
from hla_match.loci import DRB345, LOCI
from hla_match.nomenclature.gl_string import parse
from hla_match.nomenclature.name_line import standard_gl_string
from registry_io.persons.column_lookalikes import lookalikes
from registry_io.persons.gl_string_cells import TWICE, join_gl_strings
from registry_io.persons.line_notes import LINE_NOTES
from registry_io.persons.locus_cells import both_typings, join_drb345, without_signs_of_nothing
from registry_io.persons.person_attributes import (
    FINDINGS,
    finding_records,
    parents_population,
    read_attributes,
)
from registry_io.persons.person_columns import PersonColumns, find_columns, is_person_header, may_stand_twice
from registry_io.persons.person_findings import identifier_findings, not_typed, odd_record, second_without_first
from registry_io.persons.person_notices import ReadNotes
from registry_io.persons.record_actions import read_actions
from registry_io.tables.budgets import Budgets
from registry_io.tables.frame_table import FrameTable
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.spreadsheet_values import formatted_typings, identifier_doubts
from registry_io.tables.table_file import Table, scan_slices, scan_table, whole_table
from registry_io.tables.table_header import HeaderRules

BLANKS = " \t\u00a0"


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
        read_notes: what the reader noticed about the whole.
        twice: typings that stand in `frame` and, in other words, in the person's GL String: `row`, `locus`, `first` and
            `second` as in `frame`, `gl_first` and `gl_second`; `registry_io.persons.typing_conflicts` reconciles them.
        noted: what was understood differently than written before typings are read, as in
            `registry_io.persons.line_notes.LINE_NOTES`.
        cells: `row` and, by their headers, the cells that `frame` was read from, as they stand in the file.
        own_names: headers of the columns that hold one column of `frame`, and its name.
        actions: of a differential file what is asked for of the persons of `frame`, and of those who are to be
            withdrawn, as `registry_io.persons.record_actions.ACTIONS`; None of another file.
    """

    frame: pl.DataFrame
    quarantined: list[QuarantinedRecord]
    warnings: pl.DataFrame
    source: str
    checksum: str
    n_rows: int
    read_notes: ReadNotes
    twice: pl.DataFrame
    noted: pl.DataFrame
    cells: pl.DataFrame
    own_names: Mapping[str, str]
    actions: pl.DataFrame | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader noticed, in words."""
        return self.read_notes.notes


def read_persons(
    source: Path | FrameTable, *, kind: PersonKind, today: datetime.date | None = None, budgets: Budgets | None = None
) -> PersonRecords:
    """Read a file of donors or patients; rows with a finding are quarantined, the others are in the frame.

    A cell of an attribute that cannot be read is left empty and reported, but for the status of a donor.

    Args:
        source: the file, or a frame that stands for one.
        kind: what the persons are.
        today: the day at which ages are computed, and after which nothing can have happened; by default that of the
            clock.
        budgets: what may be taken for the file; without them those of the environment.

    Raises:
        FileError: the file cannot be read, has no identifiers, no typings, or half a pair of columns.
        BudgetError: it takes more than its budget.
    """
    if isinstance(source, FrameTable):
        table = whole_table(source.slices(budgets=budgets))
    else:
        table = scan_table(source, HEADER_RULES, budgets=budgets)
    table.budget.check_persons(table.frame.height + len(table.odd))
    columns = find_columns(Path(table.budget.path), table.frame, kind)
    return _read(table, columns, kind, today or datetime.date.today(), [])


def person_slices(
    source: Path | FrameTable, *, kind: PersonKind, today: datetime.date | None = None, budgets: Budgets | None = None
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
    if isinstance(source, FrameTable):
        tables = source.slices(budgets=budgets)
    else:
        tables = scan_slices(source, HEADER_RULES, budgets=budgets)
    for table in tables:
        # What the first rows say of a doubtful column holds for the others.
        columns = columns or find_columns(Path(table.budget.path), table.frame, kind)
        records = _read(table, columns, kind, day, known)
        n_findings += len(records.quarantined)
        table.budget.check_records(n_findings)
        table.budget.check_time()
        yield records


def _read(
    table: Table, columns: PersonColumns, kind: PersonKind, today: datetime.date, known: list[pl.DataFrame]
) -> PersonRecords:
    """Read a slice; `known` is as in `registry_io.persons.person_findings.identifier_findings`."""
    frame = _chosen(table.frame, columns).with_columns(table.row)
    filled = frame.filter(~pl.all_horizontal(table.frame[name].is_null() for name in table.frame.columns))
    findings = [odd_record(odd, table, columns.identifier) for odd in table.odd]
    findings += identifier_findings(filled, columns.identifier, known) + formatted_typings(table, filled, columns.loci)
    doubts = identifier_doubts(table, filled, columns.identifier)
    n_filled = filled.height
    twice = pl.DataFrame(schema=TWICE)
    other_loci: list[str] = []
    actions = None
    if columns.action is not None:
        actions, found = read_actions(filled, columns.action)
        findings += found
        # Who is withdrawn needs no typings.
        filled = filled.filter(actions["action"].ne_missing("withdraw"))
    noted = [pl.DataFrame(schema=LINE_NOTES)]
    filled, signs = without_signs_of_nothing(filled, columns.typings)
    if DRB345 in columns.loci:
        filled, found, genes_noted = join_drb345(filled, columns.loci[DRB345][0])
        findings += found
        noted.append(genes_noted)
    if columns.gl_string is not None:
        filled, twice, found, lines_noted = join_gl_strings(filled, columns.typed_loci, other_loci)
        findings += found
        noted.append(lines_noted)
    findings += second_without_first(filled)
    parents = pl.DataFrame(schema=dict(FINDINGS))
    if columns.populations:
        filled, parents = parents_population(filled, columns.populations)
    attributes = read_attributes(filled, columns.attributes, kind=kind, today=today)
    findings += finding_records(attributes.unreadable)
    findings += not_typed(_without(attributes.frame, findings))
    findings.sort(key=lambda record: record.row)
    good = _without(attributes.frame, findings)
    typed = [locus for locus in LOCI if f"{locus}_1" in good.columns and good[f"{locus}_1"].null_count() < good.height]
    kept = [f"{locus}_{side}" for locus in typed for side in (1, 2)]
    return PersonRecords(
        frame=good.select("row", "person_id", *kept, *(name for name in ATTRIBUTES if name in good.columns)),
        quarantined=findings,
        warnings=_without(pl.concat([attributes.warnings, parents]), findings).sort("row", maintain_order=True),
        source=table.name,
        checksum=table.checksum,
        n_rows=n_filled + len(table.odd),
        read_notes=_read_notes(
            table,
            columns,
            n_empty=frame.height - n_filled,
            ignored_loci=frozenset(other_loci),
            doubts=doubts,
            cells=signs + attributes.notes,
        ),
        twice=_without(twice, findings),
        noted=_without(pl.concat(noted), findings),
        cells=pl.DataFrame([table.row, *(table.frame[name] for name in columns.read)]),
        own_names=columns.own_names,
        actions=_without(actions, findings) if actions is not None else None,
    )


def _read_notes(table: Table, columns: PersonColumns, **noticed: Any) -> ReadNotes:
    """Return what was noticed of a slice, what its file and columns say among it."""
    return ReadNotes(
        file_notes=(*_headerless_notes(table), *table.notes),
        file_cautions=table.cautions,
        ignored_columns=columns.ignored,
        named_columns={} if table.headerless else columns.named,
        lookalikes=lookalikes(table.frame, columns.ignored, columns.present),
        **noticed,
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
        parse(standard_gl_string(fields[1].strip(BLANKS)).text)
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
    if columns.action is not None:
        wanted["action"] = columns.action
    texts = {new: pl.col(old).str.strip_chars(BLANKS) for new, old in wanted.items()}
    for locus, name in both.items():
        texts[f"{locus}_1"], texts[f"{locus}_2"] = both_typings(pl.col(name).str.strip_chars(BLANKS))
    bare = frame.select(text.alias(new) for new, text in texts.items())
    return bare.with_columns(pl.all().replace("", None))
