"""``impute``: a file of persons in; what they may carry, with probabilities, and a status for each out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count
from hla_match.loci import typed_loci
from hla_match.services.batch_outputs import status_path
from hla_match.services.executors import n_processors
from hla_match.services.frequency_sets import FrequencySets
from hla_match.services.notices import Notice, NoticeKind, Notices, OnNotice, OnProgress
from hla_match.services.outputs import refuse_overwriting
from hla_match.services.person_statuses import quarantined_statuses
from hla_match.services.searched_registry import check_fallback, source_files
from registry_io.disk.given_path import given_path
from registry_io.disk.joint_files import lock_files, write_together
from registry_io.persons.person_attributes import warnings_by_row
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.persons.typing_conflicts import reconcile
from registry_io.store.donor_intake import unreadable_records
from registry_io.store.frequency_store import FrequencyInput
from registry_io.store.registry_store import open_registry
from registry_io.tables.frame_table import FrameTable, file_or_frame
from registry_io.tables.quarantine import QuarantinedRecord
from registry_io.tables.results_file import put_rows
from registry_io.tables.spreadsheet_text import neutral_file

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

_STATUS_COLUMNS = {"patient_id": pl.String, "row": pl.Int64, "status": pl.String, "reason": pl.String}

_SOURCE_COLUMNS = {"frequency_set": pl.String, "nomenclature": pl.String}


@dataclass(frozen=True, slots=True)
class ImputeReport:
    """What an imputation of a file has written.

    Attributes:
        out: the file of diplotypes and genotypes.
        statuses: the file of statuses; each row is a person of the file.
        n_persons: persons who could be read.
        n_unexplained: those of them whom the frequencies do not explain at some locus.
        n_failed: persons who could not be read.
        n_rows: rows of `out`.
        nomenclature: title of the nomenclature that the typings were read with.
        frequencies: the sets of frequencies in one line.
        notices: what was to be said, in its order.
    """

    out: Path
    statuses: Path
    n_persons: int
    n_unexplained: int
    n_failed: int
    n_rows: int
    nomenclature: str
    frequencies: str
    notices: tuple[Notice, ...]


def impute(
    registry: str | Path,
    persons: str | Path | IntoDataFrame | pl.LazyFrame,
    out: str | Path,
    *,
    frequencies: FrequencyInput,
    global_frequencies: FrequencyInput | None = None,
    limit: int = 20,
    loci: str | None = None,
    raw_text: bool = False,
    on_notice: OnNotice | None = None,
    on_progress: OnProgress | None = None,
) -> ImputeReport:
    r"""Write the most probable diplotypes and genotypes of the donors or patients of a file.

    Beside the file of rows stands a file of statuses, which names the persons who could not be read and those whom no
    frequencies explain.

    Args:
        registry: folder whose nomenclature and multiple allele codes read the typings.
        persons: file of donors or patients: CSV, TSV, Excel or Parquet; or a frame of polars, pandas or pyarrow with
            the same columns, whose first row is row 2.
        out: file of the rows: CSV, Parquet, JSON lines or Excel, by its ending.
        frequencies: haplotype frequencies, as `registry_io.open_frequencies` takes them.
        global_frequencies: those that are tried for persons whom the first do not explain.
        limit: most probable rows of a kind.
        loci: the loci of the genotypes: ``10/10``, or loci separated by commas; by default those of the frequencies.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        on_notice: is called with each notice as soon as there is one.
        on_progress: is called with the number of persons that are done, and of all.

    Raises:
        CriteriaError: an option has a value that it cannot have, or a file that is read would be replaced.
        FileError: a file cannot be read or written.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another process writes the same files.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> own = {"A*02:01": 0.3, "A*24:02": 0.2}
    >>> report = impute(folder / "registry", folder / "donors.csv", folder / "carried.csv", frequencies=own)
    >>> report.n_persons, report.n_unexplained, report.n_rows
    (1, 0, 2)
    """
    registry, source, out = given_path("registry", registry), file_or_frame(persons, "persons"), given_path("out", out)
    check_fallback(frequencies, global_frequencies)
    check_count("limit", limit)
    notices = Notices(on_notice)
    written = (out, status_path(out))
    refuse_overwriting(written, registry, (source, *source_files(frequencies, global_frequencies)))
    with lock_files(*written):
        opened = open_registry(registry)
        people = _read(opened, source, notices)
        sets = FrequencySets.load(frequencies, global_frequencies, opened, notices)
        chosen = sets.frequencies.loci if loci is None else _loci(loci)
        table, missing = _imputed(people.registry, sets, chosen, limit, on_progress)
        _write(out, table, _statuses(people, missing), raw_text=raw_text)
    return people.report(out, sets, table.height, sum(map(bool, missing)), notices)


@dataclass(frozen=True, slots=True)
class _People:
    """The persons of a file: as donors of a registry, in the order of the file, and those who cannot be read."""

    registry: Registry
    records: PersonRecords
    quarantined: list[QuarantinedRecord]

    def report(self, out: Path, sets: FrequencySets, n_rows: int, n_unexplained: int, notices: Notices) -> ImputeReport:
        """Return what was written, and note what may have gone wrong without an error."""
        for caution in self.records.read_notes.cautions:
            notices.add(NoticeKind.CAUTION, caution)
        return ImputeReport(
            out=out,
            statuses=status_path(out),
            n_persons=self.registry.n_donors,
            n_unexplained=n_unexplained,
            n_failed=len({record.row for record in self.quarantined}),
            n_rows=n_rows,
            nomenclature=self.registry.nomenclature.title,
            frequencies=str(sets),
            notices=notices.all,
        )


def _read(opened: Registry, persons: Path | FrameTable, notices: Notices) -> _People:
    """Read persons with the nomenclature and the multiple allele codes of a registry."""
    reading = (opened.nomenclature, opened.codes, opened.ambiguous_nulls)
    records = reconcile(read_persons(persons, kind="patient"), *reading)
    for note in records.notes:
        notices.add(NoticeKind.NOTE, note, str(persons))
    people, unreadable = build_registry(
        records.frame,
        opened.nomenclature,
        name=persons.name,
        provenance={},
        codes=opened.codes,
        ambiguous_nulls=opened.ambiguous_nulls,
    )
    place = people.attributes.select(identifier="donor_id").with_row_index("row")
    identifiers = records.frame.select(identifier="person_id")
    listed = identifiers.join(place, on="identifier", maintain_order="left")
    in_order = people.take(listed["row"].to_numpy())
    return _People(in_order, records, records.quarantined + unreadable_records(records.frame, unreadable))


def _write(out: Path, table: pl.DataFrame, statuses: pl.DataFrame, *, raw_text: bool) -> None:
    # The rows are renamed last: where they are, the statuses are, too.
    with write_together(status_path(out), out) as files:
        for frame, file in zip((statuses, table), files, strict=True):
            written = neutral_file(frame, file.path, raw_text=raw_text)
            put_rows(written.lazy(), written.height, file, file.path)


def _loci(text: str) -> tuple[str, ...]:
    try:
        return typed_loci(text)
    except CriteriaError as error:
        raise CriteriaError("loci", found=text, expected=error.expected) from None


def _imputed(
    people: Registry, sets: FrequencySets, loci: tuple[str, ...], limit: int, on_progress: OnProgress | None
) -> tuple[pl.DataFrame, list[tuple[str, ...]]]:
    """Return the rows of all persons, and for each the loci at which nothing explains it."""
    from hla_match.imputation.imputed_registry import ImputedRegistry
    from hla_match.services.imputed_persons import COLUMNS, imputed_table, missing_loci

    if not people.n_donors:
        return pl.DataFrame(schema={"patient_id": pl.String, **COLUMNS, **_SOURCE_COLUMNS}), []
    imputed = ImputedRegistry.of(people, sets.frequencies, sets.fallback, workers=n_processors())
    table = imputed_table(imputed, people.nomenclature, loci, limit=limit, on_progress=on_progress)
    named = table.select(patient_id=people.attributes["donor_id"].gather(table["person"]))
    return (
        pl.concat([named, table.drop("person")], how="horizontal").with_columns(
            frequency_set=pl.lit(imputed.panels.name), nomenclature=pl.lit(people.nomenclature.title)
        ),
        missing_loci(imputed, loci),
    )


def _statuses(people: _People, missing: list[tuple[str, ...]]) -> pl.DataFrame:
    """Return one row a person, in the order of the file: ``ok``, or ``error``, and why."""
    reasons = [f"no frequencies explain the person at {', '.join(loci)}" if loci else "" for loci in missing]
    row = people.records.frame.select("row", patient_id="person_id")
    read = people.registry.attributes.select(patient_id="donor_id").with_columns(
        status=pl.lit("ok"), reason=pl.Series(reasons, dtype=pl.String)
    )
    warnings = pl.DataFrame(
        list(warnings_by_row(people.records.warnings).items()),
        schema={"row": pl.UInt32, "warning": pl.String},
        orient="row",
    )
    joined = read.join(row, on="patient_id", how="left", maintain_order="left").join(
        warnings, on="row", how="left", maintain_order="left"
    )
    both = pl.concat_list("reason", "warning").list.drop_nulls()
    reason = both.list.eval(pl.element().filter(pl.element() != "")).list.join("; ")
    statuses = joined.with_columns(reason).select(pl.col(name).cast(dtype) for name, dtype in _STATUS_COLUMNS.items())
    return pl.concat([statuses, quarantined_statuses(people.quarantined)]).sort("row", maintain_order=True)
