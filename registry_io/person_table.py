"""Reads a file of donors or patients: identifiers, typings as text and attributes, each record accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from hla_match.errors import FileError, Reason, TypingError
from hla_match.loci import LOCI
from hla_match.nomenclature.gl_string import split_loci
from registry_io.quarantine import QuarantinedRecord
from registry_io.table_file import read_table

_IDENTIFIERS = ("id", "donor_id", "patient_id")

_VALUES: dict[str, dict[str, str]] = {
    "sex": {"M": "M", "F": "F", "MALE": "M", "FEMALE": "F"},
    "abo": {"A": "A", "B": "B", "AB": "AB", "O": "O", "0": "O"},
    "rhesus": {"P": "P", "N": "N", "+": "P", "-": "N", "POS": "P", "NEG": "N"},
    "cmv": {"P": "P", "N": "N", "+": "P", "-": "N", "POS": "P", "NEG": "N"},
    "status": {name: name for name in ("AV", "TU", "RS", "OP", "DE")},
}
_DATES = ("birth_date", "registered_on", "last_contact_on")
_NUMBERS = ("weight_kg",)
_TEXTS = ("city", "grid")


@dataclass(frozen=True, slots=True)
class PersonRecords:
    """The records of a file.

    Attributes:
        frame: `row`, `person_id`, `A_1`, `A_2`, ... as text (null where empty), then attributes.
        quarantined: records left out.
        source: the file's name.
        checksum: SHA-256 of the file.
        n_rows: records in the file.
        notes: what the reader noticed.
    """

    frame: pl.DataFrame
    quarantined: list[QuarantinedRecord]
    source: str
    checksum: str
    n_rows: int
    notes: tuple[str, ...]


def read_persons(path: Path, *, kind: Literal["donor", "patient"]) -> PersonRecords:
    """Read donors or patients from a table.

    Raises:
        FileError: the file cannot be read, or has no identifier or no typings.
    """
    table = read_table(path)
    frame = _named_columns(path, table.frame, kind)
    quarantined = [
        QuarantinedRecord(row, "", "", f"{found} cells", Reason.WRONG_COLUMN_COUNT, f"{expected} cells as in the header")
        for row, found, expected in table.ragged
    ]
    text_columns = [name for name in frame.columns if name != "row"]
    frame = frame.with_columns(pl.col(text_columns).str.strip_chars().replace("", None))
    n_rows = frame.height + len(table.ragged)
    findings: list[QuarantinedRecord] = []
    if "gl_string" in frame.columns:
        frame, found = _split_gl_strings(frame)
        findings += found
    findings += _identifier_findings(frame)
    findings += _half_typed(frame)
    frame, found = _attributes(frame)
    findings += found
    known = {"row", "person_id", *(f"{locus}_{side}" for locus in LOCI for side in (1, 2))}
    known |= {*_VALUES, *_DATES, *_NUMBERS, *_TEXTS}
    ignored = [name for name in frame.columns if name not in known]
    notes = (f"columns not used: {', '.join(ignored)}",) if ignored else ()
    bad_rows = {record.row for record in findings}
    kept = frame.drop(ignored)
    if bad_rows:
        kept = kept.filter(~pl.col("row").is_in(list(bad_rows)))
    return PersonRecords(kept, quarantined + findings, path.name, table.checksum, n_rows, notes)


def _named_columns(path: Path, frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Give columns the names used here; refuse a table without identifier or typings."""
    names: dict[str, str] = {}
    loci = {f"{locus}_{side}".lower(): f"{locus}_{side}" for locus in LOCI for side in (1, 2)}
    for column in frame.columns:
        plain = column.strip().lower().removeprefix("hla-")
        names[column] = "person_id" if plain in _IDENTIFIERS else loci.get(plain, plain)
    wanted = f"{kind}_id"
    if list(names.values()).count("person_id") > 1:
        for column in [c for c, name in names.items() if name == "person_id" and c.strip().lower() not in (wanted,)]:
            names[column] = f"other {column}"
    targets = list(names.values())
    if "person_id" not in targets:
        raise FileError(
            str(path), row=1, found=f"columns {', '.join(frame.columns[1:8])}", expected=f"a column {wanted} or ID"
        )
    repeated = {name for name in targets if targets.count(name) > 1}
    if repeated:
        raise FileError(str(path), row=1, found=f"two columns for {', '.join(sorted(repeated))}", expected="one of each")
    typed = [locus for locus in LOCI if f"{locus}_1" in targets or f"{locus}_2" in targets]
    for locus in typed:
        for side in (1, 2):
            if f"{locus}_{side}" not in targets:
                raise FileError(str(path), row=1, found=f"no column {locus}_{side}", expected=f"{locus}_1 and {locus}_2")
    if not typed and "gl_string" not in targets:
        raise FileError(
            str(path), row=1, found=f"columns {', '.join(frame.columns[1:8])}", expected="typings",
            hint="name them A_1, A_2, B_1, B_2, ... or gl_string",
        )
    return frame.rename(names)


def _split_gl_strings(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[QuarantinedRecord]]:
    """Turn the column of GL Strings into locus columns; each distinct text is read once."""
    findings: list[QuarantinedRecord] = []
    texts = frame["gl_string"].unique().drop_nulls().to_list()
    rows: list[dict[str, str | None]] = []
    for text in texts:
        entry: dict[str, str | None] = {"gl_string": text}
        try:
            for locus, (first, second) in split_loci(text).items():
                entry[f"gl {locus}_1"], entry[f"gl {locus}_2"] = first, second or None
        except TypingError as error:
            for row, person in frame.filter(pl.col("gl_string") == text).select("row", "person_id").iter_rows():
                findings.append(
                    QuarantinedRecord(
                        row, person or "", "gl_string", text, error.reason,
                        f"position {error.position}: expected {error.expected}", error.hint,
                    )
                )
        rows.append(entry)
    schema = {"gl_string": pl.String} | {f"gl {locus}_{side}": pl.String for locus in LOCI for side in (1, 2)}
    frame = frame.join(pl.DataFrame(rows, schema=schema), on="gl_string", how="left", maintain_order="left")
    for locus in LOCI:
        columns = [f"{locus}_1", f"{locus}_2"]
        read = [f"gl {name}" for name in columns]
        if columns[0] not in frame.columns:
            if frame[read[0]].null_count() < frame.height:
                frame = frame.rename(dict(zip(read, columns, strict=True)))
            continue
        both = pl.col(columns[0]).is_not_null() & pl.col(read[0]).is_not_null()
        differ = both & (
            (pl.col(columns[0]) != pl.col(read[0]))
            | (pl.col(columns[1]).fill_null("") != pl.col(read[1]).fill_null(""))
        )
        findings += [
            QuarantinedRecord(row, person or "", columns[0], text, Reason.CONFLICTING_TYPINGS,
                              "the same typing as in gl_string", "leave one of the two empty")
            for row, person, text in frame.filter(differ).select("row", "person_id", columns[0]).iter_rows()
        ]
        # Both sides come from the same source, so that a lone column is not completed by the other's second allele.
        from_gl = pl.col(columns[0]).is_null()
        frame = frame.with_columns(
            pl.when(from_gl).then(pl.col(one)).otherwise(pl.col(other)).alias(other)
            for one, other in reversed(list(zip(read, columns, strict=True)))
        )
    return frame.drop([name for name in frame.columns if name.startswith("gl ")] + ["gl_string"]), findings


def _identifier_findings(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    findings = [
        QuarantinedRecord(row, "", "person_id", "", Reason.MISSING_IDENTIFIER, "an identifier")
        for row in frame.filter(pl.col("person_id").is_null())["row"]
    ]
    strange = pl.col("person_id").str.contains(r"[^\x20-\x7E]")
    findings += [
        QuarantinedRecord(row, person, "person_id", person, Reason.BAD_TEXT, "printable ASCII characters",
                          "full-width characters are other characters")
        for row, person in frame.filter(strange).select("row", "person_id").iter_rows()
    ]
    later = frame.filter(pl.col("person_id").is_not_null() & ~pl.col("person_id").is_first_distinct())
    if later.height:
        first = frame.filter(pl.col("person_id").is_first_distinct()).select("person_id", first_row="row")
        findings += [
            QuarantinedRecord(row, person, "person_id", person, Reason.DUPLICATE_IDENTIFIER,
                              f"an identifier of its own; row {earlier} has it already", "keep one of the rows")
            for row, person, earlier in later.join(first, on="person_id").select("row", "person_id", "first_row").iter_rows()
        ]
    return findings


def _half_typed(frame: pl.DataFrame) -> list[QuarantinedRecord]:
    return [
        QuarantinedRecord(row, person or "", f"{locus}_2", text, Reason.SECOND_WITHOUT_FIRST,
                          f"a typing in {locus}_1 beside it", f"put a lone typing into {locus}_1")
        for locus in LOCI
        if f"{locus}_1" in frame.columns
        for row, person, text in frame.filter(pl.col(f"{locus}_1").is_null() & pl.col(f"{locus}_2").is_not_null())
        .select("row", "person_id", f"{locus}_2")
        .iter_rows()
    ]


def _attributes(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[QuarantinedRecord]]:
    """Give attributes their types; a value that has none is a finding."""
    typed: dict[str, tuple[pl.Expr, str]] = {}
    for name, values in _VALUES.items():
        code = pl.col(name).str.to_uppercase().replace_strict(values, default=None, return_dtype=pl.String)
        typed[name] = (code, f"one of {', '.join(dict.fromkeys(values.values()))}")
    for name in _DATES:
        typed[name] = (pl.col(name).str.to_date("%Y-%m-%d", strict=False), "a date such as 1990-12-31")
    for name in _NUMBERS:
        typed[name] = (pl.col(name).cast(pl.Float32, strict=False), "a number")
    findings: list[QuarantinedRecord] = []
    for name, (expression, expected) in typed.items():
        if name not in frame.columns:
            continue
        read = frame.select(expression.alias(name)).to_series()
        bad = read.is_null() & frame[name].is_not_null()
        if bad.any():
            findings += [
                QuarantinedRecord(row, person or "", name, text, Reason.BAD_ATTRIBUTE, expected)
                for row, person, text in frame.filter(bad).select("row", "person_id", name).iter_rows()
            ]
        frame = frame.with_columns(read)
    return frame, findings


