"""What the record of a registry tells: of one donor, of all transactions, and of the way from one to another."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors.arguments import check_type
from registry_io.disk.given_path import given_path
from registry_io.store.donor_changes import recorded_identifier, unknown_donor
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.person_texts import TYPINGS, in_order
from registry_io.store.journal.transactions import Transaction
from registry_io.store.journal.versions import Version
from registry_io.store.registry_versions import require_registry

_DIFFERENCES = ("donor_id", "change", "column", "before", "after")


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that a record has otherwise than the one before.

    Attributes:
        column: the project's name of its column.
        before: the value before, or None.
        after: the value now, or None.
    """

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DonorVersion:
    """A version of a donor's record, and how it came.

    Attributes:
        transaction: that brought it.
        version: what was reported.
        differences: values that are others than in the record before; none where the donor leaves.
    """

    transaction: Transaction
    version: Version
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class DonorRecord:
    """What a registry knows of a donor.

    Attributes:
        donor_id: the identifier.
        is_donor: whether the donor is one now; else the record is the last one before the donor left.
        person: the record, texts by the project's names of the columns.
        reported: cells of its row that were written otherwise, by the headers of the file.
        changed_by: the last transaction that changed it.
        n_versions: number of versions of it.
        merged_into: identifier of the record that it was merged into, or None.
    """

    donor_id: str
    is_donor: bool
    person: Mapping[str, str]
    reported: Mapping[str, str]
    changed_by: Transaction
    n_versions: int
    merged_into: str | None = None


def show_donor(folder: str | Path, donor_id: str) -> DonorRecord:
    """Return what a registry knows of a donor.

    Raises:
        RegistryError: there is no registry, it has no record of its changes yet, or it never knew the identifier.
    """
    with _opened(folder) as journal:
        donor_id = recorded_identifier(journal, donor_id)
    versions = donor_history(folder, donor_id)
    last = versions[-1]
    told = next(one.version for one in reversed(versions) if one.version.person is not None)
    return DonorRecord(
        donor_id=donor_id,
        is_donor=last.version.person is not None,
        person=told.person or {},
        reported=told.reported,
        changed_by=last.transaction,
        n_versions=len(versions),
        merged_into=last.version.merged_with if last.version.is_merged_away else None,
    )


def donor_history(folder: str | Path, donor_id: str) -> list[DonorVersion]:
    """Return all versions of a donor's record, first to last, each with what it changed.

    Raises:
        RegistryError: as `show_donor`.
    """
    with _opened(folder) as journal:
        versions = journal.versions(recorded_identifier(journal, donor_id))
        if not versions:
            raise unknown_donor(given_path("folder", folder))
        transactions = {one.number: one for one in journal.transactions()}
    found: list[DonorVersion] = []
    before: Mapping[str, str] = {}
    for version in versions:
        after = version.person if version.person is not None else before
        found.append(DonorVersion(transactions[version.transaction], version, tuple(_differences(before, after))))
        before = after
    return found


def registry_log(folder: str | Path) -> list[Transaction]:
    """Return all transactions of a registry, first to last.

    Raises:
        RegistryError: there is no registry, or it has no record of its changes yet.
    """
    with _opened(folder) as journal:
        return journal.transactions()


def registry_diff(folder: str | Path, before: int | datetime.date, after: int | datetime.date) -> pl.DataFrame:
    """Return what leads from the donors at one transaction to those at another.

    Args:
        folder: the registry's.
        before: number of a transaction, or a day, up to the end of which.
        after: likewise.

    Returns:
        `donor_id`, `change` (added, changed or withdrawn), and for each value of a changed record that is another one
        `column`, `before` and `after`; by donor.

    Raises:
        RegistryError: there is no registry, it has no record of its changes yet, or no such transaction.
    """
    for when in (before, after):
        check_type("transaction", when, int, datetime.date, expected="the number of a transaction, or a date")
    with _opened(folder) as journal:
        first, last = (journal.transaction_at(when).number for when in (before, after))
        order = pl.Enum([*TYPINGS, *journal.attributes_at(max(first, last))])
        was = _cells(journal.changes(last, first).persons, "before", order)
        now = _cells(journal.changes(first, last).persons, "after", order)
    both = was.join(now, on=["donor_id", "column"], how="full", coalesce=True)
    was_there, is_there = (pl.col("donor_id").is_in(cells["donor_id"].implode()) for cells in (was, now))
    changed = both.filter(was_there, is_there, pl.col("before").ne_missing(pl.col("after")))
    parts = [
        changed.with_columns(change=pl.lit("changed")),
        _whole(now.filter(~was_there), "added"),
        _whole(was.filter(~is_there), "withdrawn"),
    ]
    found = pl.concat(parts, how="diagonal_relaxed").sort("donor_id", "column", nulls_last=True)
    return found.select(pl.col(name).cast(pl.String) for name in _DIFFERENCES)


def _cells(frames: Iterator[pl.DataFrame], name: str, order: pl.Enum) -> pl.DataFrame:
    """Return the cells of some persons that are not empty: `donor_id`, `column` and the text."""
    parts = [pl.DataFrame(schema={"donor_id": pl.String, "column": order, name: pl.String})]
    for persons in frames:
        texts = persons.drop("row").rename({"person_id": "donor_id"}).with_columns(pl.all().cast(pl.String))
        cells = texts.unpivot(index="donor_id", variable_name="column", value_name=name).drop_nulls(name)
        parts.append(cells.with_columns(pl.col("column").cast(order)))
    return pl.concat(parts)


def _whole(cells: pl.DataFrame, change: str) -> pl.DataFrame:
    """Return a row for each donor who came or left."""
    return cells.select("donor_id").unique().with_columns(change=pl.lit(change))


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for column in _ordered(before.keys() | after.keys()):
        if before.get(column) != after.get(column):
            yield Difference(column, before.get(column), after.get(column))


def _ordered(columns: Set[str]) -> list[str]:
    """Return names of columns in the order of frames."""
    typings = [name for name in TYPINGS if name in columns]
    return [*typings, *in_order({name: "" for name in columns - set(TYPINGS)})]


def _opened(folder: str | Path) -> Journal:
    require_registry(given_path("folder", folder))
    return Journal.open(given_path("folder", folder))
