"""One transaction while it is written: donors who come, change and leave, and what is made of it at its end."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from registry_io.store.journal.contents import Contents
from registry_io.store.journal.encryption import database_errors
from registry_io.store.journal.erasure import erase_content, with_merged
from registry_io.store.journal.known_donors import known_donors, merges
from registry_io.store.journal.person_texts import TYPINGS, attribute_types, person_texts
from registry_io.store.journal.transactions import Action, Cause, Settings, Transaction, first_hash

Before = Literal["new", "equal", "different", "withdrawn"]
"""What a donor was before a record came: never known, of an equal record, of a different one, or one who had left."""

SALT_BYTES = 16
CONTENT = ("action", "row", "person", "reported", "noted", "donor_id")
"""What the digest of a version is of: all but the last hold no line end, so that none runs into the next."""
NULL = "-"
"""What stands for a null there: no text of these cells."""
_ROWS = 50_000
_VERSION = "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Entry:
    """A transaction that is being written; `registry_io.store.journal.journal.Journal.transaction` gives it.

    Args:
        path: of the record, for messages.
        connection: to it, in a transaction of the database.
        cause: who makes it, why, and from what.
        before: the transaction before; None for the first.
        least: its number, where that of the transaction before is not higher.

    Attributes:
        number: of the transaction.
        cause: as given; may be set again until the end.
        n_donors: number of donors so far.
        emptied: by column, number of donors who had a value there, and have none by a new record.
        settings: what typings are read with from now on; those before, unless it is set.
        recorded: the transaction as it was recorded at the end; None before, and where it holds nothing.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, cause: Cause, before: Transaction | None, least: int = 1
    ) -> None:
        self.contents = Contents(path, connection)
        self.number = max(least, before.number + 1 if before is not None else 1)
        self.cause = cause
        self.recorded: Transaction | None = None
        self.settings: Settings | None = before.settings if before is not None else None
        self._connection, self._before = connection, before
        self._version = before.last_version if before is not None else 0
        (self._n_known,) = connection.execute("SELECT coalesce(max(key), 0) FROM donor").fetchone()
        self._key = self._n_known
        self._named = np.zeros(self._n_known + 1, np.bool_)
        self._attributes = _attributes_so_far(connection)
        self._new_attributes: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self.emptied: Counter[str] = Counter()
        self.n_donors = before.n_donors if before is not None else 0
        self._digests = hashlib.sha256()

    @property
    def changes_something(self) -> bool:
        """Whether it holds a version, typings are read otherwise from now on, or reports forget somebody."""
        before = self._before.settings if self._before is not None else None
        is_in_reports = self.cause.action == "erase" and bool(self.cause.rows)
        return self._counts.total() > 0 or self.settings != before or is_in_reports

    def put(
        self,
        persons: pl.DataFrame,
        *,
        action: Action | None = None,
        reported: pl.Series | None = None,
        noted: pl.Series | None = None,
    ) -> pl.Series:
        """Put the records of donors; one that is equal to the latest of its donor makes a version in a merge alone.

        Args:
            persons: `person_id`, typings and attributes, as registries are built from; `row` where there is a file.
            action: what becomes of them; by default add of who was never known, and update of others.
            reported: by person the cells as they came, as `registry_io.store.journal.person_texts.reported_texts`.
            noted: by person what was understood differently than written, as `note_texts` there.

        Returns:
            What each person was before, a `Before`.

        Raises:
            CriteriaError: two persons have one identifier, or an attribute is of another type than before.
        """
        self._learn(attribute_types(persons))
        records = pl.DataFrame({"donor_id": persons["person_id"], "person": person_texts(persons)}).with_columns(
            row=persons["row"] if "row" in persons.columns else pl.lit(None),
            reported=reported if reported is not None else pl.lit(None, pl.String),
            noted=noted if noted is not None else pl.lit(None, pl.String),
        )
        known = self._known(records["donor_id"]).rename({"person": "latest"})
        records = records.join(known, on="donor_id", how="left", maintain_order="left").with_columns(
            before=pl.when(pl.col("key").is_null())
            .then(pl.lit("new"))
            .when(pl.col("latest").is_null())
            .then(pl.lit("withdrawn"))
            .when(pl.col("latest") == pl.col("person"))
            .then(pl.lit("equal"))
            .otherwise(pl.lit("different"))
        )
        self._note_emptied(records.filter(pl.col("before") == "different"))
        by_default = pl.when(pl.col("before") == "new").then(pl.lit("add")).otherwise(pl.lit("update"))
        written = records.with_columns(action=pl.lit(action) if action else by_default)
        self._write(written.filter((pl.col("before") != "equal") | (pl.col("action") == "merge")))
        self.n_donors += int(records["before"].is_in(["new", "withdrawn"]).sum())
        return records["before"]

    def withdraw(self, donors: pl.DataFrame, *, action: Action = "withdraw") -> pl.Series:
        """Withdraw donors.

        Args:
            donors: `person_id`, and `row` where there is a file.
            action: what becomes of them.

        Returns:
            What each was before: "new" who was never known, "withdrawn" who had left, else "different"; only the last
            get a version.
        """
        rows = donors.select("person_id", row=pl.col("row") if "row" in donors.columns else pl.lit(None)).rename(
            {"person_id": "donor_id"}
        )
        records = rows.join(self._known(rows["donor_id"]), on="donor_id", how="left", maintain_order="left")
        before = (
            pl.when(pl.col("key").is_null())
            .then(pl.lit("new"))
            .when(pl.col("person").is_null())
            .then(pl.lit("withdrawn"))
            .otherwise(pl.lit("different"))
        )
        records = records.with_columns(before=before, action=pl.lit(action))
        leaving = records.filter(pl.col("before") == "different")
        self._write(_without_record(leaving))
        self.n_donors -= leaving.height
        return records["before"]

    def erase(self, identifiers: pl.Series) -> pl.Series:
        """Erase all that is known of donors, and of the records that were merged into theirs; return who they were.

        Their versions stay without content, and the transaction says how many they are.
        """
        keys = with_merged(self._connection, self._known(identifiers)["key"].to_list())
        records = self._withdrawn(np.array(keys, np.int64), "erase")
        known = self._known(records["donor_id"])
        self._write(records)
        self.n_donors -= known.height - known["person"].null_count()
        erase_content(self._connection, keys)
        return records["donor_id"]

    def name(self, identifiers: pl.Series) -> pl.Series:
        """Take donors for named, whom `withdraw_others` then spares; return the identifiers that are of donors."""
        known = self._known(identifiers)
        return known.filter(pl.col("person").is_not_null())["donor_id"]

    def merged_away(self) -> pl.Series:
        """Return the identifiers of the records that were merged into others, and did not come back since."""
        return pl.Series("donor_id", list(merges(self._connection)), pl.String)

    def withdraw_others(self, *, action: Action = "withdraw") -> int:
        """Withdraw every donor whom nothing in this transaction named, and return their number."""
        others = self.others()
        for start in range(0, others.size, _ROWS):
            self._write(self._withdrawn(others[start : start + _ROWS], action))
        self.n_donors -= others.size
        return int(others.size)

    def others(self) -> NDArray[np.int64]:
        """Return the keys of the donors whom nothing in this transaction named."""
        keys = self._connection.execute(
            "SELECT d.key FROM donor d JOIN version v ON v.id = d.latest WHERE v.person IS NOT NULL AND d.key <= ?",
            (self._n_known,),
        )
        present = np.fromiter((key for (key,) in keys), np.int64)
        return present[~self._named[present]]

    def finish(self) -> None:
        """Record the transaction itself, unless it holds nothing."""
        if not self.changes_something:
            return
        assert self.settings is not None, "the first transaction says what typings are read with"
        cause = self.cause
        at = cause.at or datetime.datetime.now(datetime.UTC)
        transaction = Transaction(
            number=self.number,
            at=at.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
            day=cause.day,
            actor=cause.actor,
            action=cause.action,
            reason=cause.reason,
            source=cause.name,
            source_sha256=cause.sha256,
            source_rows=cause.rows,
            file_date=cause.file_date,
            settings=self.settings,
            same_as=cause.same_as,
            attributes=self._new_attributes,
            counts=dict(sorted(self._counts.items())),
            n_donors=self.n_donors,
            last_version=self._version,
            versions_digest=self._digests.digest(),
            previous_hash=self._before.hash if self._before is not None else first_hash(self._connection),
        )
        self.recorded = replace(transaction, hash=transaction.right_hash)
        row = self.recorded.row
        self._connection.execute(f"INSERT INTO txn VALUES ({', '.join('?' * len(row))})", row)

    def _known(self, identifiers: pl.Series) -> pl.DataFrame:
        known = known_donors(self._connection, identifiers if self._n_known else identifiers.clear())
        keys = known["key"].to_numpy()
        self._named[keys[keys <= self._n_known]] = True
        return known

    def _withdrawn(self, keys: NDArray[np.int64], action: Action) -> pl.DataFrame:
        donor_ids = [
            self._connection.execute("SELECT donor_id FROM donor WHERE key = ?", (int(key),)).fetchone()[0]
            for key in keys
        ]
        records = pl.DataFrame({"donor_id": donor_ids, "key": keys}).with_columns(
            row=pl.lit(None), action=pl.lit(action)
        )
        return _without_record(records)

    def _note_emptied(self, records: pl.DataFrame) -> None:
        """Count the values that records had before, `latest`, and have no longer as they are now, `person`."""
        if records.is_empty():
            return
        # Inside of a text quotation marks have a backslash before them, so that these are the names of columns.
        keys = {name: f'"{name}":"' for name in (*TYPINGS, *self._attributes)}
        before, now = (pl.col(text).str for text in ("latest", "person"))
        lost = [
            (before.contains(key, literal=True) & ~now.contains(key, literal=True)).sum().alias(name)
            for name, key in keys.items()
        ]
        self.emptied.update({name: int(n) for name, n in records.select(lost).row(0, named=True).items() if n})

    def _learn(self, attributes: Mapping[str, str]) -> None:
        """Take the attributes that are new, and refuse those of another type than before."""
        for name, dtype in attributes.items():
            if name not in self._attributes:
                self._attributes[name] = self._new_attributes[name] = dtype
            if (expected := self._attributes[name]) != dtype:
                raise CriteriaError(
                    f"column {name}",
                    found=InWords(f"values of type {dtype}"),
                    expected=f"{expected}, as the registry has it",
                    code=ErrorCode.CRITERIA_COLUMN,
                )

    def _write(self, records: pl.DataFrame) -> None:
        for part in records.iter_slices(_ROWS):
            self._write_part(part)
        self._counts.update(dict(records["action"].value_counts().iter_rows()))

    def _write_part(self, records: pl.DataFrame) -> None:
        donor_id, given_key = records["donor_id"].to_list(), records["key"].to_list()
        first = self._version + 1
        self._version += records.height
        key, new, known = [], [], []
        for version, (one, at) in enumerate(zip(donor_id, given_key, strict=True), start=first):
            if at is None:
                self._key += 1
                new.append((self._key, one, version))
                key.append(self._key)
            else:
                known.append((version, at))
                key.append(at)
        salts = os.urandom(SALT_BYTES * records.height)
        salt = [salts[at : at + SALT_BYTES] for at in range(0, len(salts), SALT_BYTES)]
        content = pl.concat_str(pl.col(*CONTENT).cast(pl.String).fill_null(NULL), separator="\n")
        texts = records.select(text=content)["text"].to_list()
        digest = [version_digest(*one) for one in zip(salt, texts, strict=True)]
        self._digests.update(b"".join(digest))
        number = [self.number] * records.height
        columns = [records[name].to_list() for name in CONTENT[:-1]]
        try:
            self._connection.executemany("INSERT INTO donor VALUES (?, ?, ?)", new)
            self._connection.executemany("UPDATE donor SET latest = ? WHERE key = ?", known)
            versions = zip(range(first, self._version + 1), key, number, *columns, salt, digest, strict=True)
            self._connection.executemany(_VERSION, versions)
        except database_errors("IntegrityError"):
            raise CriteriaError(
                "column person_id",
                found=InWords("two persons with one identifier"),
                expected="one row a person",
                code=ErrorCode.CRITERIA_COLUMN,
            ) from None


def version_digest(salt: bytes, content: str) -> bytes:
    """Return the digest of a version, of its salt and the cells of `CONTENT`, `NULL` where null, on a line each."""
    return hashlib.sha256(salt + content.encode()).digest()


def _without_record(records: pl.DataFrame) -> pl.DataFrame:
    empty = pl.lit(None, pl.String)
    return records.with_columns(person=empty, reported=empty, noted=empty)


def _attributes_so_far(connection: sqlite3.Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    for (text,) in connection.execute("SELECT attributes FROM txn WHERE attributes <> '{}' ORDER BY id"):
        found |= json.loads(text)
    return found
