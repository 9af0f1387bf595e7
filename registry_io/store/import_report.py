"""What became of every row of a donor file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.donors.registry import Registry
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.import_modes import RecordCounts, Replacement
from registry_io.store.registry_versions import Published
from registry_io.tables.quarantine import QuarantinedRecord


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every row of a donor file.

    Attributes:
        published: the snapshot of the registry as written.
        n_donors: donors that the registry has.
        n_rows: rows of the file, header excluded.
        n_imported: donors of the file whose records the registry has.
        quarantined: one entry a finding; a row with several findings is quarantined once.
        n_quarantined: rows left out.
        quarantine_path: the report.
        warnings: findings, as `registry_io.persons.person_attributes.FINDINGS`, on cells of donors who were imported.
        warnings_path: the report of these.
        notes: what the reader noticed, and what was understood differently than written.
        replacement: what became of the donors of the registry that the file replaced; None where it replaced none.
        cautions: what may have gone wrong without an error.
        counts: the records beside those that the registry had.
        transaction: its number in the record; None where the file changed nothing.
    """

    published: Published
    n_donors: int
    n_rows: int
    n_imported: int
    quarantined: list[QuarantinedRecord]
    n_quarantined: int
    quarantine_path: Path
    warnings: pl.DataFrame
    warnings_path: Path
    notes: tuple[str, ...]
    replacement: Replacement | None
    cautions: tuple[str, ...]
    counts: RecordCounts
    transaction: int | None

    @property
    def registry(self) -> Registry:
        """The registry as written, put together when it is asked for first."""
        return self.published.registry

    @property
    def nomenclature(self) -> Nomenclature:
        """What the typings of the registry are read with."""
        return self.published.parts[0].registry.nomenclature

    @property
    def n_warned(self) -> int:
        """Donors who were imported with a finding on a cell."""
        return self.warnings["row"].n_unique()


def donor_notes(registry: Registry) -> list[str]:
    """Return what was understood differently than written, in words, what holds for the most donors first."""
    notes = sorted(registry.notes.items(), key=lambda item: (-item[1], item[0]))
    return [f"{n:,} {'donor' if n == 1 else 'donors'}: {note}" for note, n in notes]
