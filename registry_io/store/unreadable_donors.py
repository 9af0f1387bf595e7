"""Donors whose records another nomenclature does not read: looked for before typings are read with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from hla_match.donors.typing_books import TypingBooks
from hla_match.errors import ErrorCode, RegistryError
from registry_io.store.donor_intake import unreadable_records
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_folder import FAILED_QUARANTINE
from registry_io.tables.quarantine import QuarantinedRecord, write_quarantine


def unreadable_donors(
    journal: Journal, number: int, books: TypingBooks, among: pl.Series | None = None
) -> tuple[pl.DataFrame, list[QuarantinedRecord]]:
    """Return the donors of a transaction with a typing that cannot be read, as `person_id`, and these typings.

    Args:
        journal: the record.
        number: of the transaction.
        books: reads typings.
        among: identifiers that are looked at; None for those of all donors.

    Raises:
        RegistryError: the record is damaged.
    """
    found: list[QuarantinedRecord] = []
    donors = [pl.DataFrame(schema={"person_id": pl.String})]
    for frame in journal.persons_at(number):
        persons = frame if among is None else frame.filter(pl.col("person_id").is_in(among.implode()))
        unreadable = books.unreadable(books.code(persons)) if persons.height else []
        found += unreadable_records(persons, unreadable)
        rows = np.unique(np.concatenate([np.zeros(0, np.uint32), *(one.rows for one in unreadable)]))
        donors.append(persons[rows].select("person_id"))
    return pl.concat(donors), found


def refuse_unreadable(folder: Path, n_donors: int, found: list[QuarantinedRecord]) -> RegistryError:
    """Return the error of donors who would leave, once the reasons are written beside the registry."""
    report = folder / FAILED_QUARANTINE
    write_quarantine(found, report)
    return RegistryError(
        str(folder),
        found=f"{n_donors:,} {'donor' if n_donors == 1 else 'donors'} with a typing that the nomenclature cannot read",
        expected="typings of all donors that can be read, or leave to withdraw those donors",
        hint=f"{report} gives the reasons; the registry is as it was; update these donors first, or allow the registry "
        "to shrink",
        code=ErrorCode.REGISTRY_SHRINKS,
    )
