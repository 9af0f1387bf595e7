"""Typings given twice, in the columns of a locus and in a GL String: which of the two holds, or that neither can.

Two texts that differ can mean the same or one more than the other. Telling that takes a nomenclature, so this comes
after `registry_io.persons.person_table`.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import polars as pl

from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.antigen_names import antigen_in_use
from hla_match.nomenclature.gl_string import genotypes, is_absent_gene
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.reported_names import antigen_parts, reported_names
from hla_match.nomenclature.standard_form import standard_typing
from hla_match.typings.encoding import Alternative, AmbiguousNulls, CountedAlternative, LocusEncoder, counted
from registry_io.persons.person_table import PersonRecords
from registry_io.tables.quarantine import QuarantinedRecord

Pair = tuple[str, str]
Choice = Literal["columns", "gl_string", "conflict"]

ONE_BY_SEROLOGY = "no genotype in common, one by DNA and one by serology"
"""What the message of a conflict says of typings of two kinds."""

_TEXTS = ("first", "second", "gl_first", "gl_second")


def reconcile(
    records: PersonRecords,
    nomenclature: Nomenclature | None,
    codes: MacTable | None = None,
    ambiguous_nulls: AmbiguousNulls = "drop",
) -> PersonRecords:
    """Return the records with one typing a locus; a person with two that exclude each other is quarantined.

    Typings are read as `hla_match.typings.encoding.LocusEncoder` does. Without a nomenclature the two cannot be
    compared, and all of them are conflicts.
    """
    twice = records.twice
    if not twice.height:
        return records
    distinct = twice.select("locus", *_TEXTS).unique(maintain_order=True)
    encoders: dict[str, LocusEncoder] = {}
    choices: list[Choice] = []
    of_two_kinds: list[bool] = []
    for locus, *texts in distinct.iter_rows():
        if nomenclature is None:
            choices.append("conflict")
            of_two_kinds.append(False)
            continue
        encoder = encoders.setdefault(locus, LocusEncoder(nomenclature, locus, codes, ambiguous_nulls=ambiguous_nulls))
        columns, gl_string = (texts[0], texts[1]), (texts[2], texts[3])
        choices.append(choose(nomenclature, encoder, columns, gl_string))
        is_conflict = choices[-1] == "conflict"
        of_two_kinds.append(is_conflict and _is_one_by_serology(nomenclature, locus, columns, gl_string))
    answers = [pl.Series("choice", choices, pl.String), pl.Series("of_two_kinds", of_two_kinds, pl.Boolean)]
    chosen = twice.join(distinct.with_columns(answers), on=["locus", *_TEXTS], maintain_order="left")
    frame = records.frame
    for locus in chosen["locus"].unique(maintain_order=True):
        frame = _with_gl_string(frame, locus, chosen.filter(pl.col("locus") == locus, pl.col("choice") == "gl_string"))
    conflicts = chosen.filter(pl.col("choice") == "conflict")
    found = _conflicts(conflicts, frame)
    others = ~pl.col("row").is_in(conflicts["row"].to_list())
    return dataclasses.replace(
        records,
        frame=frame.filter(others),
        warnings=records.warnings.filter(others),
        quarantined=sorted([*records.quarantined, *found], key=lambda record: record.row),
        read_notes=dataclasses.replace(records.read_notes, n_reconciled=chosen.height - conflicts.height),
        twice=twice.clear(),
    )


def choose(nomenclature: Nomenclature, encoder: LocusEncoder, columns: Pair, gl_string: Pair) -> Choice:
    """Return which of two typings of a locus holds: DNA before serology, else the one that allows fewer genotypes.

    A typing that cannot be read is returned as the one that holds, so that it is refused where typings are read.

    >>> nomenclature = Nomenclature.builtin()
    >>> choose(nomenclature, LocusEncoder(nomenclature, "A"), ("A2", ""), ("02:01", "02:06"))
    'gl_string'
    >>> choose(nomenclature, LocusEncoder(nomenclature, "A"), ("03:01", ""), ("01:01", "02:01"))
    'conflict'
    """
    read: list[tuple[Alternative, ...]] = []
    for pair, choice in ((columns, "columns"), (gl_string, "gl_string")):
        try:
            read.append(encoder.with_nulls(*pair))
        except TypingError:
            return "columns" if choice == "columns" else "gl_string"
    own, given = read
    if not any(_common(one, other) for one in counted(own) for other in counted(given)):
        return "conflict"
    if _is_one_by_serology(nomenclature, encoder.locus, columns, gl_string):
        return "gl_string" if _is_serology(nomenclature, encoder.locus, columns) else "columns"
    return "gl_string" if _n_genotypes(given) < _n_genotypes(own) else "columns"


def _common(one: CountedAlternative, other: CountedAlternative) -> bool:
    """Whether two alternatives have a genotype in common, in either order of its alleles."""
    a, b, c, d = (set(side.codes) for side in (one.first, one.second, other.first, other.second))
    return bool((a & c and b & d) or (a & d and b & c))


def _n_genotypes(alternatives: tuple[Alternative, ...]) -> int:
    return sum(len(first.codes) * len(second.codes) for first, second in alternatives)


def _is_one_by_serology(nomenclature: Nomenclature, locus: str, columns: Pair, gl_string: Pair) -> bool:
    """Whether one of two readable typings is by serology and the other is not."""
    return _is_serology(nomenclature, locus, columns) != _is_serology(nomenclature, locus, gl_string)


def _is_serology(nomenclature: Nomenclature, locus: str, pair: Pair) -> bool:
    """Whether every name of a readable typing is an antigen."""
    return all(
        name.form == "antigen" and _names_antigen(nomenclature, locus, name.text)
        for genotype in genotypes(*pair)
        for side in genotype
        if not is_absent_gene(locus, side)
        for name in reported_names(locus, standard_typing(locus, side).text)
    )


def _names_antigen(nomenclature: Nomenclature, locus: str, name: str) -> bool:
    return antigen_in_use(nomenclature.tables, locus, *antigen_parts(name)) != ""


def _with_gl_string(frame: pl.DataFrame, locus: str, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the typing of the GL String in the rows of `chosen`."""
    if not chosen.height:
        return frame
    taken = chosen.select("row", "gl_first", pl.col("gl_second").replace("", None))
    joined = frame.join(taken, on="row", how="left", maintain_order="left")
    sides = [
        pl.when(pl.col("gl_first").is_null()).then(pl.col(name)).otherwise(pl.col(new)).alias(name)
        for name, new in ((f"{locus}_1", "gl_first"), (f"{locus}_2", "gl_second"))
    ]
    return joined.with_columns(sides).drop("gl_first", "gl_second")


def _conflicts(conflicts: pl.DataFrame, frame: pl.DataFrame) -> list[QuarantinedRecord]:
    rows = conflicts.join(frame.select("row", "person_id"), on="row", maintain_order="left")
    return [
        QuarantinedRecord(
            row=row,
            person_id=person,
            column="gl_string",
            text=f"{locus}: {first}+{second}" if second else f"{locus}: {first}",
            reason=Reason.CONFLICTING_TYPINGS,
            message=f"gl_string and the columns {locus}_1, {locus}_2 have {ONE_BY_SEROLOGY}"
            if of_two_kinds
            else f"gl_string and the columns {locus}_1, {locus}_2 have no genotype in common",
            hint="leave the wrong one empty",
        )
        for row, locus, first, second, person, of_two_kinds in rows.select(
            "row", "locus", "gl_first", "gl_second", "person_id", "of_two_kinds"
        ).iter_rows()
    ]
