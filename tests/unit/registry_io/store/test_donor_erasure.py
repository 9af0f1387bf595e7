"""Persons erased: forgotten by the record at once, and after compaction in no byte of any file."""

from __future__ import annotations

import datetime
import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hla_match.errors import CriteriaError, ErrorCode, FileError, RegistryError
from registry_io.disk import durable_files
from registry_io.disk.durable_files import Action, listening
from registry_io.disk.writer_lock import writer_lock
from registry_io.store.compaction import compact_registry, n_erased_in_files
from registry_io.store.donor_changes import add_donor, reinstate_donor, update_donor, withdraw_donor
from registry_io.store.donor_erasure import Erasure, erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_merge import merge_donors
from registry_io.store.donor_records import registry_diff, registry_log, show_donor
from registry_io.store.journal import journal_file
from registry_io.store.journal.journal import Journal
from registry_io.store.past_registry import n_erased_since
from registry_io.store.registry_folder import CURRENT, JOURNAL, LOCK, SNAPSHOTS, current_snapshot
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.rollback import roll_back
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
NOW = datetime.timedelta(0)
NAMES = {"A": ("01:01", "02:01:01", "02:01:77", "03:01:78", "24:02"), "B": ("40:01", "46:01:01", "46:01:55")}
NOMENCLATURE = tiny_nomenclature({locus: {name: ("", "") for name in names} for locus, names in NAMES.items()})
RARE = "Q7X9-VANISH"
SECRETS = (RARE, "02:01:77/01:01", "03:01:78/01:01", "寂静岭", "19870605", "Q7X9-TWIN", "46:01:55/40:01")
"""Texts that only the erased person has: identifiers, typings, a city, a date as it was reported."""
FIRST = (
    "donor_id,HLA-A,B_1,B_2,birth_date,city\n"
    'D1,"02:01,24:02",40:01,46:01,1990-01-01,杭州\n'
    f'{RARE},"02:01:77/01:01,24:02",40:01,46:01,19870605,寂静岭\n'
)
LATER = f"donor_id,A_1,A_2,status\n{RARE},99:99,24:02,AV\nD3,88:88,24:02,AV\nD4,02:01,24:02,AV\n"


class KilledError(Exception):
    """A process that ended without a word."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that knows the person from many places."""
    folder = tmp_path_factory.mktemp("erasure")
    registry = folder / "registry"
    for number, text in enumerate((FIRST, LATER)):
        (folder / f"{number}.csv").write_text(text, encoding="utf-8")
        import_donors(
            registry, folder / f"{number}.csv", None if number else NOMENCLATURE, today=DAY, update=number > 0
        )
    update_donor(registry, RARE, {"HLA-A": "03:01:78/01:01,24:02", "status": "TU"}, today=DAY)
    add_donor(registry, "Q7X9-TWIN", {"B": "46:01:55/40:01,40:01", "sex": "F"}, today=DAY)
    merge_donors(registry, RARE, "Q7X9-TWIN", take={"B": "Q7X9-TWIN"}, today=DAY)
    add_donor(registry, "D5", {"A": "01:01"}, today=DAY)
    return registry


@pytest.fixture
def registry(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "registry"))


def secrets_in(folder: Path) -> set[str]:
    """The texts of the erased person that stand in any byte of any file."""
    content = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return {text for text in SECRETS if text.encode() in content}


def donors(folder: Path) -> set[str]:
    return set(open_registry(folder).attributes["donor_id"])


def erased(folder: Path) -> Erasure:
    return erase_donors(folder, [RARE], today=DAY, actor="li", reason="asked for it")


def test_an_erased_person_is_in_no_byte_after_compaction(registry: Path) -> None:
    assert secrets_in(registry) == set(SECRETS)
    assert erased(registry) == Erasure(7, 2, 3, n_rows=1)
    assert secrets_in(current_snapshot(registry)) == set()
    assert secrets_in(registry) >= {RARE, "寂静岭"}, "earlier snapshots have them until then"
    assert n_erased_in_files(registry) == 2
    done = compact_registry(registry, grace=NOW)
    assert (len(done.removed) > 1, done.n_erased) == (True, 2)
    assert secrets_in(registry) == set()
    assert n_erased_in_files(registry) == 0
    assert donors(registry) == {"D1", "D4", "D5"}
    assert prove_registry(registry) is None
    quarantine = (registry / "quarantine.csv").read_text(encoding="utf-8")
    assert "D3" in quarantine


def test_a_proof_that_there_was_a_record_remains(registry: Path) -> None:
    before = registry_log(registry)
    erased(registry)
    *earlier, last = registry_log(registry)
    assert earlier == before
    assert (last.action, last.counts, last.reason, last.n_donors) == ("erase", {"erase": 2}, "asked for it", 3)
    with pytest.raises(RegistryError, match="no record of this identifier"):
        show_donor(registry, RARE)
    with Journal.open(registry) as journal:
        assert journal.verify() == []
        assert RARE not in {donor for frame in journal.persons_at(5) for donor in frame["person_id"]}
        assert not [frame for frame in journal.replaced_persons() if RARE in frame["person_id"]]
    assert registry_diff(registry, 1, 7)["donor_id"].unique().sort().to_list() == ["D4", "D5"]


def test_who_had_left_can_be_erased_and_an_identifier_be_used_again(registry: Path) -> None:
    withdraw_donor(registry, "D4", today=DAY)
    assert erase_donors(registry, ["D4", RARE, RARE], today=DAY).n_records == 3
    assert add_donor(registry, RARE, {"A_1": "01:01"}, today=DAY).n_donors == 3
    assert show_donor(registry, RARE).n_versions == 1
    assert prove_registry(registry) is None


def test_a_file_from_before_an_erasure_is_not_taken_again_unless_asked_for(registry: Path) -> None:
    file = registry.with_name("1.csv")
    file.write_text("donor_id,A_1,A_2\nQ9,01:01,03:01\n", encoding="utf-8")
    import_donors(registry, file, update=True, today=DAY)
    number = erase_donors(registry, ["Q9"], today=DAY).transaction
    for mode in ("add", "update"):
        with pytest.raises(
            FileError, match=f"the file of transaction {number - 1} again, with persons who may"
        ) as told:
            import_donors(registry, file, today=DAY, add=mode == "add", update=mode == "update")
        assert told.value.code == ErrorCode.REGISTRY_OUT_OF_ORDER
    assert import_donors(registry, file, update=True, again=True, today=DAY).counts.n_new == 1
    assert import_donors(registry, file, update=True, today=DAY).transaction is None
    file.write_text("donor_id,A_1,A_2\nQ8,01:01,03:01\n", encoding="utf-8")
    assert import_donors(registry, file, update=True, today=DAY).counts.n_new == 1, "a file that is newer"


def test_content_that_is_missing_without_an_erasure_is_found(registry: Path) -> None:
    with closing(sqlite3.connect(registry / JOURNAL)) as connection, connection:
        connection.execute("UPDATE version SET person = '', salt = NULL, row = NULL, reported = NULL WHERE id = 1")
        connection.execute("UPDATE donor SET donor_id = NULL WHERE key = 1")
    with Journal.open(registry) as journal:
        assert "transaction 1, row None: a version without its content" in journal.verify()


@pytest.mark.parametrize(
    ("identifiers", "code", "found"),
    [
        (["D1", "D9"], ErrorCode.REGISTRY_UNKNOWN_DONOR, "no record of this identifier"),
        (["Q7X9-TWIN"], ErrorCode.REGISTRY_UNKNOWN_DONOR, "merged into another one"),
        (["D1", "D4", "D5", RARE], ErrorCode.REGISTRY_SHRINKS, "leaves no donor"),
    ],
)
def test_what_cannot_be_erased_is_refused(registry: Path, identifiers: list[str], code: str, found: str) -> None:
    with pytest.raises(RegistryError, match=found) as error:
        erase_donors(registry, identifiers, today=DAY)
    assert error.value.code == code
    assert (len(registry_log(registry)), donors(registry)) == (6, {"D1", "D4", "D5", RARE})
    assert secrets_in(registry) == set(SECRETS)


def test_of_nobody_nothing_is_erased(registry: Path) -> None:
    with pytest.raises(CriteriaError, match="found nobody"):
        erase_donors(registry, [], today=DAY)
    assert len(registry_log(registry)) == 6


def test_a_record_that_was_merged_by_mistake_is_not_erased_with_the_other(registry: Path) -> None:
    reinstate_donor(registry, "Q7X9-TWIN", today=DAY)
    assert erased(registry).n_records == 1
    assert "Q7X9-TWIN" in donors(registry)


def test_a_record_that_a_rollback_left_merged_is_erased_with_the_other(registry: Path) -> None:
    reinstate_donor(registry, "Q7X9-TWIN", today=DAY)
    roll_back(registry)
    assert erased(registry).n_records == 2
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()
    assert prove_registry(registry) is None


def test_a_kill_before_the_switch_leaves_nothing_behind(registry: Path) -> None:
    before = (registry / CURRENT).read_bytes()
    erased(registry)
    (registry / CURRENT).write_bytes(before)
    assert prove_registry(registry) == 7, "searches see the snapshot before, and verify says so"
    compact_registry(registry, grace=NOW)
    assert (secrets_in(registry), donors(registry)) == (set(), {"D1", "D4", "D5"})


def test_what_a_killed_writer_left_does_not_outlive_an_erasure_of_its_number(registry: Path) -> None:
    """The writer before the erasure was killed between its snapshot and its commit."""
    before = set(registry.glob(SNAPSHOTS))

    def killed(_action: Action, _path: Path) -> None:
        if set(registry.glob(SNAPSHOTS)) > before:
            raise KilledError

    with listening(killed), pytest.raises(KilledError):
        update_donor(registry, RARE, {"status": "AV"}, today=DAY)
    assert set(registry.glob(SNAPSHOTS)) > before
    erased(registry)
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()
    assert list(registry.glob(SNAPSHOTS)) == [current_snapshot(registry)]


def test_a_rollback_does_not_bring_the_erased_back(registry: Path) -> None:
    erased(registry)
    roll_back(registry)
    assert registry_log(registry)[-1].action == "erase", "the state before is the same without the erased person"
    withdraw_donor(registry, "D1", today=DAY)
    add_donor(registry, "D6", {"A_1": "01:01"}, today=DAY)
    roll_back(registry)
    assert donors(registry) == {"D4", "D5"}
    assert prove_registry(registry) is None


def test_a_rollback_beyond_an_erasure_restores_who_is_left(registry: Path) -> None:
    withdraw_donor(registry, "D5", today=DAY)
    erased(registry)
    roll_back(registry)
    assert donors(registry) == {"D1", "D4"}
    assert prove_registry(registry) is None
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()


def test_a_clock_that_was_ahead_holds_nothing_up(registry: Path) -> None:
    erased(registry)
    for snapshot in registry.glob(SNAPSHOTS):
        os.utime(snapshot, (4e9, 4e9))
    with pytest.raises(FileError, match="searches may be opening"):
        compact_registry(registry)
    time.sleep(0.01)
    compact_registry(registry, grace=datetime.timedelta(milliseconds=5))
    assert secrets_in(registry) == set()


def test_snapshots_that_searches_may_be_opening_are_waited_for(registry: Path) -> None:
    erased(registry)
    with pytest.raises(FileError, match=r"searches may be opening until \d\d:\d\dZ") as error:
        compact_registry(registry)
    assert error.value.code == ErrorCode.REGISTRY_IN_USE
    assert n_erased_in_files(registry) == 2
    compact_registry(registry, grace=NOW)


@pytest.fixture
def reader(registry: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(registry / JOURNAL, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM txn").fetchone()
        yield connection


def test_a_reader_of_the_record_is_waited_for(
    registry: Path, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.1)
    erased(registry)
    with pytest.raises(FileError, match="a reader of the record") as error:
        compact_registry(registry, grace=NOW)
    assert error.value.code == ErrorCode.REGISTRY_IN_USE
    assert n_erased_in_files(registry) == 2
    reader.execute("ROLLBACK")
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()


def test_a_compaction_that_fails_midway_says_so_and_goes_on(registry: Path) -> None:
    erased(registry)
    n_snapshots = len(list(registry.glob("snapshot-*")))
    n_gone = 0

    def second_fails(action: Action, path: Path) -> None:
        nonlocal n_gone
        n_gone += action == "rename" and path.name.startswith(".writing-")
        if n_gone == 2 and action == "rename":
            raise OSError(errno.ENOSPC, "no room")

    with listening(second_fails), pytest.raises(FileError, match="compact it again, to go on") as error:
        compact_registry(registry, grace=NOW)
    assert (error.value.code, error.value.found) == (ErrorCode.FILE_NOT_WRITTEN, "no room left on the disk")
    assert len(list(registry.glob("snapshot-*"))) == n_snapshots - 1
    assert prove_registry(registry) is None
    assert n_erased_in_files(registry) == 2
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()


def test_nothing_is_proved_while_files_cannot_be_removed(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    erased(registry)
    with monkeypatch.context() as held:
        held.setattr(durable_files.shutil, "rmtree", lambda *_arguments, **_options: None)
        with pytest.raises(FileError, match=r"\.writing-\w+, which cannot be removed"):
            compact_registry(registry, grace=NOW)
        assert secrets_in(registry)
        assert n_erased_in_files(registry) == 2
        assert prove_registry(registry) is None
    compact_registry(registry, grace=NOW)
    assert secrets_in(registry) == set()


def test_what_a_living_writer_writes_is_not_taken_for_what_is_left(registry: Path) -> None:
    erased(registry)
    compact_registry(registry, grace=NOW)
    (registry / ".writing-0123456789abcdef").mkdir()
    with writer_lock(registry / LOCK, "registry"):
        assert n_erased_in_files(registry) == 0
    assert n_erased_in_files(registry) == 2


def test_a_registry_of_which_nobody_was_erased_can_be_compacted(registry: Path) -> None:
    assert compact_registry(registry).removed == ()
    assert secrets_in(registry) == set(SECRETS)


def test_the_past_is_without_the_erased_person(registry: Path) -> None:
    shown = open_registry(registry, at=6)
    assert RARE in set(shown.attributes["donor_id"])
    erased(registry)
    assert n_erased_since(registry, 6) == 2
    assert set(open_registry(registry, at=6).attributes["donor_id"]) == {"D1", "D4", "D5"}
    assert set(open_registry(registry, at=1).attributes["donor_id"]) == {"D1"}
