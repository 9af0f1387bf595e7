"""One run of ``impute``: the persons of a file read, imputed and written, with a status for each."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from hla_match.cli.batch_outputs import status_path
from hla_match.cli.cautions import print_cautions
from hla_match.cli.counts import counted
from hla_match.cli.frequency_options import n_workers
from hla_match.cli.frequency_sets import FrequencySets
from hla_match.cli.imputed_persons import COLUMNS, imputed_table, missing_loci
from hla_match.cli.messages import say
from hla_match.cli.person_statuses import quarantined_statuses
from hla_match.cli.progress import progress
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.loci import typed_loci
from registry_io.disk.joint_files import write_together
from registry_io.persons.person_attributes import warnings_by_row
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.persons.typing_conflicts import settle
from registry_io.store.donor_import import unreadable_records
from registry_io.store.registry_store import open_registry
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.results_file import put_rows
from registry_io.tables.spreadsheet_text import neutral_file

_STATUS_COLUMNS = {"patient_id": pl.String, "row": pl.Int64, "status": pl.String, "reason": pl.String}

_SOURCE_COLUMNS = {"frequency_set": pl.String, "nomenclature": pl.String}
_SAY_EVERY = 10_000
"""Persons between two lines of progress where there is no terminal."""


def impute_file(
    registry: Path,
    persons: Path,
    names: tuple[str, str | None],
    out: Path,
    *,
    limit: int,
    loci: str | None,
    raw_text: bool,
) -> None:
    """Impute the persons of a file and write the rows, the statuses and a summary.

    Whoever calls holds the lock of the files that are written.

    Args:
        registry: folder whose nomenclature and multiple allele codes read the typings.
        persons: file of donors or patients.
        names: frequencies and global frequencies, each a file or an installed set.
        out: where the rows go.
        limit: most probable rows of a kind.
        loci: the loci of the genotypes, or None for those of the frequencies.
        raw_text: whether text stays that a spreadsheet would take for a formula.

    Raises:
        CriteriaError: an option has a value it cannot have.
        FileError: a file cannot be read.
    """
    opened = open_registry(registry)
    codes, ambiguous_nulls = opened.codes, opened.ambiguous_nulls
    records = settle(read_persons(persons, kind="patient"), opened.nomenclature, codes, ambiguous_nulls)
    for note in records.notes:
        say(f"{persons}: {note}", err=True)
    sets = FrequencySets.load(*names, opened.nomenclature)
    chosen = sets.frequencies.loci if loci is None else _loci(loci)
    people, unreadable = build_registry(
        records.frame,
        opened.nomenclature,
        name=persons.name,
        provenance={},
        codes=codes,
        ambiguous_nulls=ambiguous_nulls,
    )
    people = _in_order_of(records.frame["person_id"], people)
    quarantined = records.quarantined + unreadable_records(records.frame, unreadable)
    table, missing = _imputed(people, sets, chosen, limit)
    statuses, status_file = _statuses(people, records, quarantined, missing), status_path(out)
    # The rows come last: where they stand, the statuses do too.
    with write_together(status_file, out) as files:
        for frame, file in zip((statuses, table), files, strict=True):
            written = neutral_file(frame, file.path, raw_text=raw_text)
            put_rows(written.lazy(), written.height, file, file.path)
    failed, lacking = len({record.row for record in quarantined}), sum(map(bool, missing))
    say(
        f"{counted(people.n_donors + failed, 'person')}: {people.n_donors:,} read, {lacking:,} of them not explained "
        f"at some locus, {failed:,} with errors, under {opened.nomenclature.title}",
        f"  frequencies: {sets}",
        f"  {counted(table.height, 'row')} in {out}",
        f"  statuses in {status_file}",
    )
    print_cautions(records.noticed.cautions)


def _in_order_of(identifiers: pl.Series, people: Registry) -> Registry:
    """Return a registry with its persons in the order of a file, given as identifiers; others are passed over."""
    place = people.attributes.select(identifier="donor_id").with_row_index("row")
    listed = pl.DataFrame({"identifier": identifiers}).join(place, on="identifier", maintain_order="left")
    return people.take(listed["row"].to_numpy())


def _loci(text: str) -> tuple[str, ...]:
    try:
        return typed_loci(text)
    except CriteriaError as error:
        raise CriteriaError("loci", found=text, expected=error.expected) from None


def _imputed(
    people: Registry, sets: FrequencySets, loci: tuple[str, ...], limit: int
) -> tuple[pl.DataFrame, list[tuple[str, ...]]]:
    """Return the rows of all persons, and for each the loci at which nothing explains it."""
    if not people.n_donors:
        return pl.DataFrame(schema={"patient_id": pl.String, **COLUMNS, **_SOURCE_COLUMNS}), []
    imputed = ImputedRegistry.of(people, sets.frequencies, sets.fallback, workers=n_workers())
    with progress(people.n_donors, "persons", _SAY_EVERY) as advance:
        table = imputed_table(imputed, people.nomenclature, loci, limit=limit, advance=advance)
    named = table.select(patient_id=people.attributes["donor_id"].gather(table["person"]))
    return (
        pl.concat([named, table.drop("person")], how="horizontal").with_columns(
            frequency_set=pl.lit(imputed.panels.name), nomenclature=pl.lit(people.nomenclature.title)
        ),
        missing_loci(imputed, loci),
    )


def _statuses(
    people: Registry, records: PersonRecords, quarantined: list[QuarantinedRecord], missing: list[tuple[str, ...]]
) -> pl.DataFrame:
    """Return one row a person, in the order of the file: ``ok``, or ``error``, and why."""
    reasons = [f"no frequencies explain the person at {', '.join(loci)}" if loci else "" for loci in missing]
    row = records.frame.select("row", patient_id="person_id")
    read = people.attributes.select(patient_id="donor_id").with_columns(
        status=pl.lit("ok"), reason=pl.Series(reasons, dtype=pl.String)
    )
    warnings = pl.DataFrame(
        list(warnings_by_row(records.warnings).items()), schema={"row": pl.UInt32, "warning": pl.String}, orient="row"
    )
    joined = read.join(row, on="patient_id", how="left", maintain_order="left").join(
        warnings, on="row", how="left", maintain_order="left"
    )
    both = pl.concat_list("reason", "warning").list.drop_nulls()
    reason = both.list.eval(pl.element().filter(pl.element() != "")).list.join("; ")
    statuses = joined.with_columns(reason).select(pl.col(name).cast(dtype) for name, dtype in _STATUS_COLUMNS.items())
    return pl.concat([statuses, quarantined_statuses(quarantined)]).sort("row", maintain_order=True)
