"""From a donor file to a registry on disk: read, code, quarantine what cannot be read, write."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry, UnreadableTyping, build_registry
from registry_io.person_table import PersonRecords, read_persons
from registry_io.quarantine import QuarantinedRecord, write_quarantine
from registry_io.store import save_registry


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
        notes: what the reader noticed.
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
        FileError: the file cannot be read at all; the folder is then left as it was.
        RegistryError: the folder holds something else.
    """
    records = read_persons(donors, kind="donor")
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
    save_registry(registry, folder)
    quarantined = sorted(
        records.quarantined + _unreadable_records(records, unreadable), key=lambda record: (record.row, record.column)
    )
    path = folder / "quarantine.csv"
    write_quarantine(quarantined, path)
    return ImportReport(
        registry=registry,
        n_rows=records.n_rows,
        n_imported=registry.n_donors,
        quarantined=quarantined,
        n_quarantined=len({record.row for record in quarantined}),
        quarantine_path=path,
        notes=records.notes,
    )


def _unreadable_records(records: PersonRecords, unreadable: list[UnreadableTyping]) -> list[QuarantinedRecord]:
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
            hint=typing.hint,
        )
        for typing in unreadable
        for index in np.asarray(typing.rows)
    ]
