"""Values of one donor by the names of columns, read as a row of a donor file is."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

import polars as pl

from hla_match.donors.attributes import ATTRIBUTES
from hla_match.errors import CriteriaError, ErrorCode, Reason
from hla_match.errors.arguments import InWords, check_text, check_type
from hla_match.loci import DRB345, OPTIONAL_GENES
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.untyped import is_untyped
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.persons.column_names import (
    ATTRIBUTE_NAMES,
    GL_STRING,
    bare,
    closest_name,
    is_gl_string,
    typing_column,
)
from registry_io.persons.person_attributes import finding_records
from registry_io.persons.person_table import BLANKS, PersonRecords, read_persons
from registry_io.persons.typing_conflicts import reconcile
from registry_io.store.journal.person_texts import TYPINGS, person_frame
from registry_io.tables.frame_table import FrameTable
from registry_io.tables.quarantine import Finding

_NAME = "values of a donor"


def given_identifier(identifier: str) -> str:
    """Return an identifier as one of a donor file is read: without blanks around it.

    Raises:
        CriteriaError: it is no text.

    >>> given_identifier(" ZJ0001 ")
    'ZJ0001'
    """
    check_text("donor_id", identifier)
    return identifier.strip(BLANKS)


def read_donor(
    donor_id: str,
    values: Mapping[str, str],
    known: Mapping[str, str],
    attributes: Mapping[str, str],
    *,
    nomenclature: Nomenclature,
    codes: MacTable | None,
    ambiguous_nulls: AmbiguousNulls,
    today: datetime.date,
) -> PersonRecords:
    """Return a donor's record with new values in place of those that are known.

    Args:
        donor_id: the identifier.
        values: texts by the names of the columns of donor files; an empty one removes what is known.
        known: the record before, texts by the project's names of the columns; none of a new donor.
        attributes: types of the attributes of the registry.
        nomenclature: reads the typings.
        codes: multiple allele codes.
        ambiguous_nulls: what becomes of null alleles that a list or a code names beside expressed ones.
        today: after which nothing can have happened.

    Raises:
        CriteriaError: a name is of no column, or a value cannot be read.
        FileError: two names have one meaning, or one of the two columns of a locus is missing.
    """
    check_type("values", values, Mapping, expected="a mapping of names of columns to texts")
    _check_values(values, known)
    replaced = {name: replaced_columns(name, text) for name, text in values.items()}
    gone = {own for names in replaced.values() for own in names}
    kept = {name: text for name, text in known.items() if name not in gone}
    # Half a pair of columns says nothing.
    pairs = {f"{name[:-1]}{3 - int(name[-1])}" for name in gone | kept.keys() if name in TYPINGS}
    kept |= {name: kept.get(name, "") for name in pairs - gone}
    row = {"donor_id": donor_id, **{name: text for name, text in kept.items() if name in (*TYPINGS, *ATTRIBUTES)}}
    frame = pl.DataFrame({name: [text] for name, text in {**row, **values}.items()})
    records = read_persons(FrameTable(frame, _NAME), kind="donor", today=today)
    _refuse_ignored(values, records)
    records = reconcile(records, nomenclature, codes, ambiguous_nulls)
    emptied = records.warnings.filter(pl.col("reason") != Reason.UNUSUAL_VALUE, pl.col("column").is_in(list(values)))
    refuse_findings([*records.quarantined, *finding_records(emptied)])
    others = {name: text for name, text in kept.items() if name not in row and name not in pairs}
    return dataclasses.replace(records, frame=records.frame.hstack(_others(others, attributes)))


def replaced_columns(name: str, text: str) -> set[str]:
    """Return what of the record before a column takes the place of, by the project's names of the columns.

    Args:
        name: of a column of donor files.
        text: its cell, which of a GL String says which loci are meant.

    Raises:
        CriteriaError: there is no such column, or its GL String cannot be read.
    """
    if is_gl_string(name):
        frame = pl.DataFrame({"donor_id": ["D"], GL_STRING: [text]})
        return set(read_persons(FrameTable(frame, _NAME), kind="donor").frame.columns) & set(TYPINGS)
    if (column := typing_column(name)) is not None:
        loci = OPTIONAL_GENES if column.locus == DRB345 else (column.locus,)
        return {f"{locus}_{side}" for locus in loci for side in column.side or "12"}
    if (attribute := ATTRIBUTE_NAMES.get(bare(name))) is not None:
        return {attribute}
    meant = closest_name(name, ())
    raise CriteriaError(
        "column",
        found=name,
        expected="a column of donor files, such as A_1, gl_string, status or birth_date",
        hint=f"is {meant} meant?" if meant else "",
        code=ErrorCode.CRITERIA_UNKNOWN,
    )


def _check_values(values: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Refuse names and values that are no texts, and a GL String that says of no locus what is to be removed.

    Raises:
        CriteriaError: there are such.
    """
    for name, text in values.items():
        check_text("column", name)
        if isinstance(text, str):
            check_text(name, text)
        if known and is_gl_string(name) and not (text or "").strip():
            raise no_locus_named(name)


def no_locus_named(name: str) -> CriteriaError:
    """Return the error of a GL String by whose name alone nobody knows which loci are meant."""
    return CriteriaError(
        name,
        found=InWords("no GL String"),
        expected="the loci that are meant",
        hint="name each locus, such as A or HLA-A",
        code=ErrorCode.CRITERIA_COLUMN,
    )


def _refuse_ignored(values: Mapping[str, str], records: PersonRecords) -> None:
    """Refuse a value of a column that may be of something else, such as A with two antigens.

    Raises:
        CriteriaError: there is one.
    """
    for name in records.read_notes.ignored_columns:
        if values.get(name) and not is_untyped(values[name]):
            meant = records.read_notes.lookalikes.near.get(name)
            raise CriteriaError(
                name,
                found=values[name],
                expected="typings by their locus alone, such as 02:01,24:02",
                hint=f"is {meant} meant?" if meant else "",
                code=ErrorCode.CRITERIA_COLUMN,
            )


def refuse_findings(findings: Sequence[Finding]) -> None:
    """Refuse a record of which something cannot be read.

    Raises:
        CriteriaError: there is a finding.
    """
    for one in findings:
        message = one.message.removesuffix(", left empty").removesuffix(", donor left out")
        found = one.text if one.text else InWords("nothing")
        hint = "; ".join(filter(None, (message, one.hint)))
        raise CriteriaError(one.column or "donor", found=found, expected="a value that can be read", hint=hint)


def _others(texts: Mapping[str, str], attributes: Mapping[str, str]) -> pl.DataFrame:
    """Return the attributes of the record before that no donor file has, as they were."""
    types = {name: attributes[name] for name in texts}
    return person_frame("", texts, types).drop("person_id")
