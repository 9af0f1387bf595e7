"""From a donor file to a registry on disk: read, code, quarantine what cannot be read, write.

A file is read in slices, so that one of millions of donors takes no more memory than a few hundred thousand do.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import polars as pl

from hla_match.errors import FileError
from hla_match.nomenclature.gl_string import half_width_hint
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import Registry, UnreadableTyping
from registry_io.person_table import Noticed, person_slices
from registry_io.quarantine import QuarantinedRecord, write_quarantine
from registry_io.registry_builder import RegistryBuilder
from registry_io.store import CURRENT, FAILED_QUARANTINE, QUARANTINE, check_folder, make_current, open_registry
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
    quarantined: list[QuarantinedRecord] = []
    persons: list[pl.DataFrame] = []
    noticed: list[Noticed] = []
    n_rows, checksum = 0, ""
    with RegistryBuilder(folder, nomenclature, name=folder.name, codes=codes) as builder:
        for part in person_slices(donors, kind="donor"):
            records = settle(part, nomenclature, codes)
            builder.add(records.frame)
            persons.append(records.frame.select("row", "person_id"))
            quarantined += records.quarantined
            noticed.append(records.noticed)
            n_rows, checksum = n_rows + records.n_rows, records.checksum
        built = builder.finish(
            {
                "source": donors.name,
                "source_sha256": checksum,
                "source_rows": n_rows,
                "imported_on": today.isoformat(),
                "nomenclature": nomenclature.title,
                "nomenclature_checksum": nomenclature.tables.checksum,
                "codes": codes_source,
            }
        )
    quarantined += unreadable_records(pl.concat(persons), built.unreadable)
    quarantined.sort(key=lambda record: (record.row, record.column))
    path, failed = folder / QUARANTINE, folder / FAILED_QUARANTINE
    if built.path is None:
        if quarantined:
            folder.mkdir(parents=True, exist_ok=True)
            write_quarantine(quarantined, failed)
        raise _no_donor(donors, n_rows, failed)
    # The report comes before the switch: whoever sees the new registry sees what it lacks.
    write_quarantine(quarantined, path)
    make_current(built.path)
    failed.unlink(missing_ok=True)
    registry = open_registry(folder)
    return ImportReport(
        registry=registry,
        n_rows=n_rows,
        n_imported=registry.n_donors,
        quarantined=quarantined,
        n_quarantined=len({record.row for record in quarantined}),
        quarantine_path=path,
        notes=(*reduce(add, noticed).notes, *donor_notes(registry)),
    )


def donor_notes(registry: Registry) -> list[str]:
    """Return what was understood otherwise than it was written, in words, what holds for the most donors first."""
    notes = sorted(registry.notes.items(), key=lambda item: (-item[1], item[0]))
    return [f"{n:,} {'donor' if n == 1 else 'donors'}: {note}" for note, n in notes]


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


def unreadable_records(persons: pl.DataFrame, unreadable: list[UnreadableTyping]) -> list[QuarantinedRecord]:
    """Return one record for each row that carries a typing the nomenclature cannot read.

    Args:
        persons: `row` and `person_id` of the persons whose typings were read.
        unreadable: typings, with rows of `persons`.
    """
    row, person = persons["row"], persons["person_id"]
    return [
        QuarantinedRecord(
            row=row[index],
            person_id=person[index],
            column=typing.locus,
            text=typing.text,
            reason=typing.reason,
            message=typing.message,
            hint=typing.hint or half_width_hint(typing.text),
        )
        for typing in unreadable
        for index in typing.rows.tolist()
    ]
