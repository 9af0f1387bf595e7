"""The record of a registry: what is kept of a donor file, who may read it, and what is said where it cannot be."""

from __future__ import annotations

import datetime
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.journal.entry import Entry
from registry_io.store.journal.journal import Journal
from registry_io.store.journal.journal_file import has_journal, open_for_writing
from registry_io.store.journal.person_texts import TYPINGS, note_texts, reported_texts
from registry_io.store.journal.transactions import Cause
from registry_io.store.journal.versions import Version
from registry_io.store.registry_folder import JOURNAL

CAUSE = Cause(action="import", day=datetime.date(2026, 1, 31), actor="coordinator", reason="first file")
PERSONS = pl.DataFrame({"person_id": ["D1", "D2"], "A_1": ["02:01", "24:02"], "A_2": [None, "11:01"]})


def put(
    folder: Path, persons: pl.DataFrame = PERSONS, cause: Cause = CAUSE, codes: dict[str, str] | None = None
) -> None:
    with Journal.writing(folder) as journal, journal.transaction(cause) as entry:
        read_with(entry, codes)
        entry.put(persons)


def read_with(entry: Entry, codes: dict[str, str] | None = None) -> None:
    table = MacTable.from_items(codes.items()) if codes is not None else None
    entry.settings = entry.contents.settings(
        Nomenclature.builtin(), codes=table, codes_source="mac.txt", ambiguous_nulls="drop", before=entry.settings
    )


def test_a_transaction_tells_who_when_why_and_from_what(tmp_path: Path) -> None:
    at = datetime.datetime(2026, 1, 31, 8, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
    cause = Cause(
        action="import", day=datetime.date(2026, 1, 31), actor="li", reason="monthly file", name="donors.csv",
        sha256="ab", rows=2, file_date=datetime.date(2026, 1, 30), at=at,
    )  # fmt: skip
    put(tmp_path, cause=cause)
    with Journal.open(tmp_path) as journal:
        (found,) = journal.transactions()
    assert (found.number, found.at, found.actor, found.reason) == (
        1,
        "2026-01-31T00:30:00.000000+00:00",
        "li",
        "monthly file",
    )
    assert (found.source, found.source_sha256, found.source_rows) == ("donors.csv", "ab", 2)
    assert (found.day, found.file_date) == (datetime.date(2026, 1, 31), datetime.date(2026, 1, 30))
    assert found.counts == {"add": 2}


def test_what_changes_nothing_makes_no_transaction(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path)
    with Journal.open(tmp_path) as journal:
        assert len(journal.transactions()) == 1


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CriteriaError):
        put(tmp_path, pl.concat([PERSONS, PERSONS]))
    assert list(tmp_path.iterdir()) == []
    put(tmp_path)
    with pytest.raises(CriteriaError):
        put(tmp_path, pl.DataFrame({"person_id": ["D3", "D3"], "A_1": ["02:01", "02:01"], "A_2": None}))
    with Journal.open(tmp_path) as journal:
        assert journal.versions("D3") == []


def test_two_persons_of_one_identifier_are_refused(tmp_path: Path) -> None:
    put(tmp_path)
    for frame in (pl.DataFrame({"person_id": ["D3", "D3"], "A_1": ["02:01", "02:02"], "A_2": None}), PERSONS[[0, 0]]):
        with pytest.raises(CriteriaError, match="two persons with one identifier"):
            put(tmp_path, frame.with_columns(city=pl.lit("Ningbo")))


def test_an_attribute_keeps_its_type(tmp_path: Path) -> None:
    put(tmp_path, PERSONS.with_columns(score=pl.lit(1, pl.Int64)))
    with pytest.raises(CriteriaError, match="Int64, as the registry has it"):
        put(tmp_path, PERSONS.with_columns(score=pl.lit("x")))


def test_persons_come_back_as_they_were(tmp_path: Path) -> None:
    persons = PERSONS.with_columns(
        pl.Series("weight_kg", [0.1, None], dtype=pl.Float32),
        pl.Series("registered_on", [datetime.date(2020, 2, 29), None]),
        pl.Series("city", ['杭州 "\\', None]),
        pl.Series("score", [-3, None], dtype=pl.Int16),
        pl.Series("share", [float("inf"), None]),
    )
    put(tmp_path, persons)
    with Journal.open(tmp_path) as journal:
        (frame,) = journal.persons_at(1)
    assert frame.drop("row").equals(persons)


def test_the_cells_of_a_row_are_kept_where_the_record_says_otherwise(tmp_path: Path) -> None:
    persons = PERSONS.with_columns(row=pl.Series([2, 3], dtype=pl.UInt32), sex=pl.Series(["F", "M"]))
    cells = pl.DataFrame({"row": [2, 3, 4], "HLA-A (1)": ["A*02:01", "24:02", "x"], "性别": ["女", "M", "M"]})
    with Journal.writing(tmp_path) as journal, journal.transaction(CAUSE) as entry:
        read_with(entry)
        noted = pl.DataFrame({"row": [3, 3], "note": ["one", "other"]})
        cells = cells.with_columns(pl.col("row").cast(pl.UInt32))
        reported = reported_texts(persons, cells, {"HLA-A (1)": "A_1", "性别": "sex"})
        entry.put(persons, reported=reported, noted=note_texts(persons, noted))
    with Journal.open(tmp_path) as journal:
        assert journal.versions("D1") == [
            Version(1, "add", 2, {"A_1": "02:01", "sex": "F"}, {"HLA-A (1)": "A*02:01", "性别": "女"}, ())
        ]
        (second,) = journal.versions("D2")
        assert (second.reported, second.noted) == ({}, ("one", "other"))
        assert journal.noted_at(1).rows() == [(2, "one"), (2, "other")]
        assert journal.versions("D3") == []


def test_donors_are_named_to_be_spared(tmp_path: Path) -> None:
    put(tmp_path)
    with Journal.writing(tmp_path) as journal, journal.transaction(CAUSE) as entry:
        assert entry.name(pl.Series(["D2", "D9"])).to_list() == ["D2"]
        assert entry.withdraw_others() == 1
        assert entry.withdraw(pl.DataFrame({"person_id": ["D1", "D2", "D9"]})).to_list() == [
            "withdrawn", "different", "new",
        ]  # fmt: skip
    with Journal.open(tmp_path) as journal:
        assert journal.transaction_at(2).n_donors == 0
        assert journal.known(pl.Series(["D1"])).select("donor_id", "person").rows() == [("D1", None)]


def test_a_transaction_is_found_by_number_and_by_day(tmp_path: Path) -> None:
    for number, day in enumerate((10, 10, 20)):
        # In Hangzhou it is the next day already.
        at = datetime.datetime(2026, 1, day + 1, 7, 59, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
        cause = Cause(action="update", day=datetime.date(2026, 1, day + 1), actor="coordinator", at=at)
        put(tmp_path, PERSONS.with_columns(city=pl.lit(f"{number}")), cause)
    with Journal.open(tmp_path) as journal:
        assert journal.transaction_at(2).number == 2
        assert journal.transaction_at(datetime.date(2026, 1, 19)).number == 2
        assert journal.transaction_at(datetime.date(2027, 1, 1)).number == 3
        with pytest.raises(RegistryError, match="no transaction 4, expected 1 to 3, or a date from 2026-01-10 on"):
            journal.transaction_at(4)
        with pytest.raises(RegistryError, match="no transaction up to 2026-01-09"):
            journal.transaction_at(datetime.date(2026, 1, 9))


def test_codes_grow_and_keep_their_meaning(tmp_path: Path) -> None:
    put(tmp_path, codes={"AB": "01/02", "AC": "01/03"})
    put(tmp_path, codes={"AD": "01/04", "AB": "01/02"})
    with Journal.open(tmp_path) as journal:
        transactions = journal.transactions()
        assert [len(one.settings.codes) for one in transactions] == [1, 2]
        codes = journal.codes(transactions[-1].settings)
        assert codes is not None
        assert [codes.lookup(code) for code in ("AB", "AC", "AD", "AE")] == ["01/02", "01/03", "01/04", None]
        assert journal.nomenclature(transactions[-1].settings).title == Nomenclature.builtin().title
    with pytest.raises(FileError, match="1 codes with other alleles than the registry knows, first AB"):
        put(tmp_path, codes={"AB": "01/09"})


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal.writing(tmp_path) as journal, journal.transaction(CAUSE) as entry:
            read_with(entry)
            entry.put(PERSONS)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {f"{JOURNAL}{ending}": 0o600 for ending in ("", "-wal", "-shm")}


def test_a_reader_sees_one_state_while_a_writer_writes(tmp_path: Path) -> None:
    put(tmp_path)
    with Journal.open(tmp_path) as reader:
        frames = reader.persons_at(2)
        put(tmp_path, PERSONS.with_columns(city=pl.lit("Ningbo")))
        assert reader.latest_transaction() is not None
        assert next(frames).height == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere")
def test_a_folder_that_cannot_be_written_to_is_read(tmp_path: Path) -> None:
    put(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with Journal.open(tmp_path) as journal:
            assert journal.transaction_at(1).n_donors == 2
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere")
def test_changes_that_only_the_log_has_are_not_left_out_where_nothing_can_be_written(tmp_path: Path) -> None:
    put(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(tmp_path / JOURNAL, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("UPDATE txn SET reason = 'later'")
        for ending in ("", "-wal"):
            shutil.copy(tmp_path / f"{JOURNAL}{ending}", copy)
    copy.chmod(0o500)
    try:
        with pytest.raises(FileError, match="still in the log beside it"):
            Journal.open(copy)
    finally:
        copy.chmod(0o700)


def test_a_frame_with_every_column_empties_none(tmp_path: Path) -> None:
    whole = PERSONS.select("person_id", *(pl.lit("02:01").alias(name) for name in TYPINGS))
    for person in (whole, whole.with_columns(A_1=pl.lit("24:02"))):
        with Journal.writing(tmp_path) as journal, journal.transaction(CAUSE) as entry:
            read_with(entry)
            entry.put(person)
    assert entry.emptied == {}
    with Journal.writing(tmp_path) as journal, journal.transaction(CAUSE) as entry:
        entry.put(whole.drop("DPA1_1", "DPA1_2"))
    assert entry.emptied == {"DPA1_1": 2, "DPA1_2": 2}


def test_a_record_that_is_none_is_said_to_be_damaged(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no record of the registry's changes"):
        Journal.open(tmp_path)
    (tmp_path / JOURNAL).write_bytes(b"x" * 5000)
    for opened in (Journal.open, lambda folder: Journal.writing(folder).__enter__()):
        with pytest.raises(RegistryError, match="a damaged file"):
            opened(tmp_path)


def test_a_record_of_another_format_is_refused(tmp_path: Path) -> None:
    put(tmp_path)
    connection = sqlite3.connect(tmp_path / JOURNAL)
    with connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format_version'")
    connection.close()
    with pytest.raises(RegistryError, match="format version 99, expected 1"):
        Journal.open(tmp_path)


def put_on_full_disk(folder: Path, persons: pl.DataFrame) -> None:
    with Journal.writing(folder) as journal:
        connection = journal._connection
        (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={n_pages}")
        with journal.transaction(CAUSE) as entry:
            entry.put(persons)


def test_a_full_disk_is_said_and_keeps_what_was(tmp_path: Path) -> None:
    put(tmp_path)
    many = pl.DataFrame({"person_id": [f"N{number}" for number in range(2000)], "A_1": "02:01", "A_2": None})
    with pytest.raises(FileError, match="no room left"):
        put_on_full_disk(tmp_path, many)
    with Journal.open(tmp_path) as journal:
        assert len(journal.transactions()) == 1
        assert journal.verify() == []


def test_a_record_whose_first_writer_was_killed_is_none(tmp_path: Path) -> None:
    open_for_writing(tmp_path / JOURNAL).close()
    assert (tmp_path / JOURNAL).stat().st_mode & 0o777 == 0o600
    assert not has_journal(tmp_path)
    with pytest.raises(RegistryError, match="no record of the registry's changes"):
        Journal.open(tmp_path)
    put(tmp_path)
    assert has_journal(tmp_path)


def test_a_changed_byte_of_a_record_is_found_where_no_cell_is(tmp_path: Path) -> None:
    put(tmp_path)
    path = tmp_path / JOURNAL
    data = path.read_bytes()
    at = data.rindex(bytes(200)) + 100
    path.write_bytes(data[:at] + b"\1" + data[at + 1 :])
    with Journal.open(tmp_path) as journal:
        assert journal.verify() == ["file: other bytes than were written"]
