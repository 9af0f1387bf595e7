"""From a donor file to a registry on disk: read, code, quarantine what cannot be read, write."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hla_match.errors import FileError
from hla_match.nomenclature.gl_string import half_width_hint
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry, UnreadableTyping, build_registry
from registry_io.person_table import PersonRecords, read_persons
from registry_io.quarantine import QuarantinedRecord, write_quarantine
from registry_io.store import CURRENT, FAILED_QUARANTINE, QUARANTINE, check_folder, make_current, write_snapshot
from registry_io.twofold_typings import settle


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every row of a donor file.

    Attributes:
        registry: the registry as written.
        n_rows: rows of the file, header excluded.
        n_imported: donors in the registry.
        quarantined: one entry a finding; a row with several findings is quarantined once.
        n_quarantined: rows left out.
        quarantine_path: the report.
        notes: what the reader noticed, and what was understood otherwise than it was written.
    """

    registry: Registry
    n_rows: int
    n_imported: int
    quarantined: list[QuarantinedRecord]
    n_quarantined: int
    quarantine_path: Path
    notes: tuple[str, ...]


def import_donors(
    folder: Path,
    donors: Path,
    nomenclature: Nomenclature,
    *,
    today: datetime.date,
    codes: MultipleAlleleCodes | None = None,
    codes_source: str = "",
) -> ImportReport:
    """Read a donor file and write it as the current snapshot of a registry folder.

    Raises:
        FileError: the file, or every row of it, cannot be read; the registry and its report are then left as they were,
            and the reasons stand in `quarantine-failed.csv`.
        RegistryError: the folder holds something else.
    """
    check_folder(folder)
    records = settle(read_persons(donors, kind="donor"), nomenclature, codes)
    registry, unreadable = build_registry(
        records.frame,
        nomenclature,
        name=folder.name,
        codes=codes,
        provenance={
            "source": donors.name,
            "source_sha256": records.checksum,
            "source_rows": records.n_rows,
            "imported_on": today.isoformat(),
            "nomenclature": nomenclature.title,
            "nomenclature_checksum": nomenclature.tables.checksum,
            "codes": codes_source,
        },
    )
    quarantined = sorted(
        records.quarantined + unreadable_records(records, unreadable), key=lambda record: (record.row, record.column)
    )
    path, failed = folder / QUARANTINE, folder / FAILED_QUARANTINE
    if not registry.n_donors:
        if quarantined:
            folder.mkdir(parents=True, exist_ok=True)
            write_quarantine(quarantined, failed)
        raise _no_donor(donors, records.n_rows, failed)
    snapshot = write_snapshot(registry, folder)
    # The report comes before the switch: whoever sees the new registry sees what it lacks.
    write_quarantine(quarantined, path)
    make_current(snapshot)
    failed.unlink(missing_ok=True)
    return ImportReport(
        registry=registry,
        n_rows=records.n_rows,
        n_imported=registry.n_donors,
        quarantined=quarantined,
        n_quarantined=len({record.row for record in quarantined}),
        quarantine_path=path,
        notes=(*records.notes, *donor_notes(registry)),
    )


def donor_notes(registry: Registry) -> list[str]:
    """Return what was understood otherwise than it was written, in words."""
    return [f"{n:,} {'donor' if n == 1 else 'donors'}: {note}" for note, n in registry.notes.items()]


def _no_donor(donors: Path, n_rows: int, report: Path) -> FileError:
    state = "the registry is as it was" if (report.parent / CURRENT).exists() else "no registry was made"
    return FileError(
        str(donors),
        found=f"no donor that can be read in {n_rows:,} row{'s' * (n_rows != 1)}"
        if n_rows
        else "no row below the header",
        expected="at least one donor",
        hint=f"{report} gives the reasons; {state}" if n_rows else state,
    )


def unreadable_records(records: PersonRecords, unreadable: list[UnreadableTyping]) -> list[QuarantinedRecord]:
    """Return one record for each row that carries a typing the nomenclature cannot read."""
    row = records.frame["row"].to_numpy()
    person = records.frame["person_id"]
    return [
        QuarantinedRecord(
            row=int(row[index]),
            person_id=person[int(index)],
            column=typing.locus,
            text=typing.text,
            reason=typing.reason,
            message=typing.message,
            hint=typing.hint or half_width_hint(typing.text),
        )
        for typing in unreadable
        for index in np.asarray(typing.rows)
    ]
