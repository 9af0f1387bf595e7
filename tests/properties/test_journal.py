"""The record of a registry against a dictionary of its donors, and against every change that its file can suffer."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.errors import RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import AmbiguousNulls
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.person_texts import note_texts, reported_texts
from registry_io.store.journal.transactions import Cause, Settings
from registry_io.store.registry_folder import JOURNAL
from tests.examples import examples
from tests.oracle.record import Person, Record

CAUSE = Cause(action="update", day=datetime.date(2026, 1, 1), actor="coordinator")
IDENTIFIERS = [f"D{number}" for number in range(6)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
PERSONS = st.fixed_dictionaries(
    {"A_1": st.sampled_from(("02:01", "24:02"))},
    optional={
        "A_2": st.just("11:01"),
        "DPB1_2": st.just("04:01"),
        "sex": st.sampled_from("FM"),
        "birth_date": st.dates().map(str),
        "weight_kg": st.integers(1, 400).map(lambda weight: f"{weight}.5"),
        "city": TEXTS,
    },
)
STEPS = st.tuples(
    st.dictionaries(st.sampled_from(IDENTIFIERS), PERSONS, max_size=4),
    st.lists(st.sampled_from(IDENTIFIERS), max_size=3, unique=True),
    st.booleans(),
    st.lists(st.sampled_from(IDENTIFIERS), max_size=1),
)
TYPES = {"birth_date": pl.Date, "weight_kg": pl.Float32}


def frame_of(persons: Mapping[str, Person]) -> pl.DataFrame:
    """Persons as a registry is built from."""
    names = ("A_1", "A_2", "DPB1_1", "DPB1_2", "sex", "birth_date", "weight_kg", "city")
    columns = {name: pl.Series([one.get(name) for one in persons.values()], dtype=pl.String) for name in names}
    frame = pl.DataFrame({"person_id": pl.Series(list(persons), dtype=pl.String), **columns})
    return frame.with_columns(pl.col("birth_date").str.to_date(), pl.col("weight_kg").cast(pl.Float32))


def state_of(frames: Iterator[pl.DataFrame]) -> dict[str, Person]:
    """The persons of some frames, what is missing left out."""
    found: dict[str, Person] = {}
    for frame in frames:
        texts = frame.drop("row").with_columns(pl.all().cast(pl.String))
        for row in texts.iter_rows(named=True):
            donor = row.pop("person_id")
            found[donor] = {name: cell for name, cell in row.items() if cell is not None}
    return found


def settings(entry: Entry, ambiguous_nulls: AmbiguousNulls = "drop") -> Settings:
    return entry.contents.settings(
        Nomenclature.builtin(),
        codes=MacTable.from_items([("AB", "01/02")]),
        codes_source="mac.txt",
        ambiguous_nulls=ambiguous_nulls,
        before=entry.settings,
    )


@contextmanager
def registry_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@given(st.lists(STEPS, min_size=1, max_size=6))
@examples(80)
def test_the_record_is_the_dictionary_at_every_transaction(steps: list[tuple[Any, list[str], bool, list[str]]]) -> None:
    record = Record()
    with registry_folder() as folder:
        for persons, withdrawn, others_leave, erased in steps:
            is_first = len(record.states) == 1
            leaving = [one for one in withdrawn if one not in persons]
            before = record.transaction(persons, leaving, others_leave=others_leave, settings_change=is_first)
            with Journal.writing(folder) as journal, journal.transaction(CAUSE) as entry:
                entry.settings = settings(entry)
                assert entry.put(frame_of(persons)).to_list() == list(before.values())
                if others_leave:
                    entry.withdraw_others()
                else:
                    entry.withdraw(pl.DataFrame({"person_id": leaving}, {"person_id": pl.String}))
            record.erase(erased)
            with Journal.writing(folder) as journal, journal.transaction(CAUSE) as entry:
                entry.erase(pl.Series(erased, dtype=pl.String))
        with Journal.open(folder) as journal:
            assert [one.number for one in journal.transactions()] == list(range(1, len(record.states)))
            for number, state in enumerate(record.states):
                assert state_of(journal.persons_at(number)) == state
                if number:
                    assert journal.transaction_at(number).n_donors == record.sizes[number]
                for other, target in enumerate(record.states):
                    changes = journal.changes(number, other)
                    persons, removed = state_of(changes.persons), changes.removed.to_list()
                    assert {name: one for name, one in {**state, **persons}.items() if name not in removed} == target
                    assert not any(state.get(name) == one for name, one in persons.items())
                    assert set(removed) <= set(state)
            for donor in IDENTIFIERS:
                found = [(one.transaction, one.person) for one in journal.versions(donor)]
                assert found == record.histories.get(donor, [])
            assert journal.verify() == []


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a record with all kinds of content."""
    folder = tmp_path_factory.mktemp("registry")
    persons = {f"D{number}": {"A_1": "02:01", "city": "Hangzhou" * (number % 3 + 1)} for number in range(40)}
    cells = pl.DataFrame({"row": pl.Series(range(2, 42), dtype=pl.UInt32), "HLA-A": ["A2"] * 40})
    noted = pl.DataFrame({"row": pl.Series([2], dtype=pl.UInt32), "note": ["read otherwise"]})
    with Journal.writing(folder) as journal:
        with journal.transaction(CAUSE) as entry:
            entry.settings = settings(entry)
            numbered = frame_of(persons).with_columns(row=cells["row"])
            reported = reported_texts(numbered, cells, {})
            entry.put(numbered, reported=reported, noted=note_texts(numbered, noted))
        with journal.transaction(CAUSE) as entry:
            entry.settings = settings(entry, "keep")
            entry.withdraw(pl.DataFrame({"person_id": ["D1"]}))
        with journal.transaction(replace(CAUSE, action="erase")) as entry:
            entry.erase(pl.Series(["D1", "D2", "D3"]))
    return folder / JOURNAL


def content(path: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = ("meta", "txn", "donor", "version", "codes", "nomenclature")
        return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


@given(st.data())
@examples(100)
def test_a_changed_cell_is_found(kept: Path, data: st.DataObject) -> None:
    with registry_folder() as folder:
        path = Path(shutil.copy(kept, folder))
        table = data.draw(st.sampled_from(["meta", "txn", "donor", "version", "codes", "nomenclature"]))
        with closing(sqlite3.connect(path)) as connection, connection:
            rowid, *row = data.draw(st.sampled_from(connection.execute(f"SELECT rowid, * FROM {table}").fetchall()))
            columns = [one[1:3] for one in connection.execute(f"PRAGMA table_info({table})")]
            at = data.draw(st.integers(0, len(columns) - 1))
            (name, kind), value = columns[at], row[at]
            drawn = {"TEXT": TEXTS, "INTEGER": st.integers(0, 99), "BLOB": st.binary(max_size=40)}[kind]
            other = data.draw((drawn | st.none()).filter(lambda one: one != value and one != ""))
            try:
                connection.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (other, rowid))
            except sqlite3.IntegrityError:
                return
        assert is_found(folder)


@given(st.data())
@examples(100)
def test_a_removed_row_is_found(kept: Path, data: st.DataObject) -> None:
    with registry_folder() as folder:
        path = Path(shutil.copy(kept, folder))
        table = data.draw(st.sampled_from(["meta", "txn", "donor", "version", "codes", "nomenclature"]))
        with closing(sqlite3.connect(path)) as connection, connection:
            # A record without its last transaction is a record, the versions that are left over show it.
            (rowid,) = data.draw(st.sampled_from(connection.execute(f"SELECT rowid FROM {table}").fetchall()))
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
        assert is_found(folder)


@given(st.data())
@examples(200)
def test_a_flipped_byte_is_found_or_changes_nothing(kept: Path, data: st.DataObject) -> None:
    whole = kept.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= data.draw(st.integers(1, 255))
    with registry_folder() as folder:
        (folder / JOURNAL).write_bytes(flipped)
        assert is_found(folder) or content(folder / JOURNAL) == content(kept)


def is_found(folder: Path) -> bool:
    try:
        with Journal.open(folder) as journal:
            return bool(journal.verify())
    except RegistryError:
        return True
