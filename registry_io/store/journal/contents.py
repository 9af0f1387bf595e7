"""What typings were read with, kept in the record once each: nomenclatures, and multiple allele codes as they came.

A table of codes holds those that were not known before, so that a file of a million of them that grows by a few adds
these few. The tables that hold at a transaction are put together again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import polars as pl

from hla_match.errors import ErrorCode, FileError, NomenclatureError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.store.journal.journal_file import damaged
from registry_io.store.journal.transactions import Settings
from registry_io.store.nomenclature_file import dumps, nomenclature_of

Table = Literal["codes", "nomenclature"]
_KEYS = {"codes": "sha256", "nomenclature": "checksum"}


class Contents:
    """The nomenclatures and codes of a record.

    Args:
        path: of the record, for messages.
        connection: to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection

    def settings(
        self,
        nomenclature: Nomenclature,
        *,
        codes: MacTable | None,
        codes_source: str,
        ambiguous_nulls: AmbiguousNulls,
        before: Settings | None,
    ) -> Settings:
        """Keep what typings are read with from now on, and return the settings that name it.

        Args:
            nomenclature: reads the typings.
            codes: multiple allele codes that come beside those known.
            codes_source: the file of these.
            ambiguous_nulls: what becomes of null alleles that a list or a code names beside expressed ones.
            before: the settings until now, whose codes hold on.

        Raises:
            FileError: a code has another meaning than until now.
        """
        checksum = self._kept("nomenclature", nomenclature.title, dumps(nomenclature.tables))
        kept = before.codes if before is not None else ()
        sources = [before.codes_source] if before is not None else []
        if codes is not None:
            content = _content(self._new_codes(codes, kept, codes_source))
            if content:
                kept = (*kept, self._kept("codes", codes_source, content))
                sources.append(codes_source)
        return Settings(
            nomenclature=checksum,
            codes=kept,
            codes_source=", ".join(dict.fromkeys(filter(None, sources))),
            ambiguous_nulls=ambiguous_nulls,
        )

    def nomenclature(self, settings: Settings) -> Nomenclature:
        """Return the nomenclature of some settings.

        Raises:
            RegistryError: it is missing or damaged.
        """
        content = self._content("nomenclature", settings.nomenclature)
        try:
            return nomenclature_of(content, str(self._path))
        except NomenclatureError as error:
            raise damaged(self._path, error.found, error.expected) from None

    def codes(self, settings: Settings) -> MacTable | None:
        """Return the multiple allele codes of some settings; None where there are none.

        Raises:
            RegistryError: they are missing or damaged.
        """
        if not settings.codes:
            return None
        table = self._table(settings.codes).sort("code")
        return MacTable.from_columns(table["code"].to_list(), table["alleles"].to_list())

    def checksums(self) -> frozenset[str]:
        """Return the checksums of all nomenclatures and codes."""
        return frozenset(
            checksum
            for table, key in _KEYS.items()
            for (checksum,) in self._connection.execute(f"SELECT {key} FROM {table}")
        )

    def faults(self) -> Iterator[str]:
        """Yield the contents that are not what their checksum says."""
        for table, key in _KEYS.items():
            for checksum, *content in self._connection.execute(f"SELECT {key}, title, content FROM {table}"):
                if _unpacked(checksum, *content) is None:
                    yield f"{table} {checksum[:16]}: another content than was written"

    def _new_codes(self, codes: MacTable, kept: tuple[str, ...], source: str) -> pl.DataFrame:
        """Return those codes that are not known yet."""
        given = _frame(codes)
        known = self._table(kept)
        both = given.join(known, on="code", suffix="_before")
        other = both.filter(pl.col("alleles") != pl.col("alleles_before"))
        if other.height:
            raise FileError(
                source or "codes",
                found=f"{other.height:,} codes with other alleles than the registry knows, first {other['code'][0]}",
                expected="one meaning of each code",
                hint="give the file that the registry's codes came from, or a later one of the same publisher",
                code=ErrorCode.FILE_CONTRADICTION,
            )
        return given.join(known, on="code", how="anti", maintain_order="left")

    def _table(self, checksums: tuple[str, ...]) -> pl.DataFrame:
        parts = [pl.DataFrame(schema={"code": pl.String, "alleles": pl.String})]
        for checksum in checksums:
            lines = pl.Series("line", self._content("codes", checksum).decode().splitlines(), pl.String)
            halves = lines.str.split_exact("\t", 1).struct.rename_fields(["code", "alleles"]).struct.unnest()
            parts.append(halves)
        return pl.concat(parts)

    def _kept(self, table: Table, title: str, content: bytes) -> str:
        """Keep a content, once, and return its checksum."""
        checksum = _checksum(title, content)
        key = _KEYS[table]
        if not self._connection.execute(f"SELECT 1 FROM {table} WHERE {key} = ?", (checksum,)).fetchone():
            self._connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", (checksum, title, zlib.compress(content)))
        return checksum

    def _content(self, table: Table, checksum: str) -> bytes:
        found = self._connection.execute(
            f"SELECT title, content FROM {table} WHERE {_KEYS[table]} = ?", (checksum,)
        ).fetchone()
        content = _unpacked(checksum, *found) if found is not None else None
        if content is None:
            raise damaged(self._path, f"no {table} with checksum {checksum[:16]}")
        return content


def _checksum(title: str, content: bytes) -> str:
    return hashlib.sha256(f"{title}\n".encode() + content).hexdigest()


def _unpacked(checksum: str, title: str, packed: bytes) -> bytes | None:
    """Return a content; None where it is not what its checksum says."""
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        return None
    return content if _checksum(title, content) == checksum else None


def _frame(codes: MacTable) -> pl.DataFrame:
    text, offset = codes.text.tobytes(), codes.offset.tolist()
    alleles = [text[start:end].decode() for start, end in pairwise(offset)]
    return pl.DataFrame({"code": [bytes(name).decode() for name in codes.name], "alleles": alleles}, strict=True)


def _content(codes: pl.DataFrame) -> bytes:
    return "".join(f"{code}\t{alleles}\n" for code, alleles in codes.iter_rows()).encode()
