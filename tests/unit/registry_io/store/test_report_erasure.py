"""Persons whom reports of imports alone name: erased with one command, and after compaction in no byte of any file."""

from __future__ import annotations

import dataclasses
import datetime
import errno
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from hla_match.cli.commands import group
from hla_match.errors import ErrorCode, FileError, HlaMatchError, RegistryError
from registry_io.disk.aside_folder import writing_aside
from registry_io.disk.durable_files import Action, listening
from registry_io.store.compaction import compact_registry, n_erased_in_files
from registry_io.store.donor_changes import add_donor, update_donor
from registry_io.store.donor_erasure import Erasure, erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_merge import merge_donors
from registry_io.store.donor_records import registry_log
from registry_io.store.journal.encryption import KEY_FILE
from registry_io.store.journal.journal import Journal
from registry_io.store.record_encryption import encrypt_record
from registry_io.store.registry_folder import CURRENT, current_snapshot
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.registry_versions import collect_garbage, publish
from registry_io.store.rollback import roll_back
from registry_io.store.snapshot_writer import write_registry_files
from registry_io.tables.quarantine import read_quarantine
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
NOW = datetime.timedelta(0)
NOMENCLATURE = tiny_nomenclature({"A": {"02:01": ("", ""), "24:02": ("", "")}})
GHOST, KNOWN, TWIN = "Q9-GHOST", "Q9-KNOWN", "Q9-TWIN"
OF_GHOST, OF_KNOWN = {GHOST, "99:98"}, {KNOWN, "99:97", TWIN, "99:95"}
"""Texts that stand in reports and of which only the person has any: identifiers and typings."""
FIRST = "donor_id,A_1,A_2\nD1,02:01,24:02\nD2,24:02,02:01\nQ9-KNOWN,02:01,02:01\nQ9-GHOST,99:98,24:02\n"
LATER = (
    "donor_id,A_1,A_2,birth_date\nD1,02:01,02:01,19000101\nQ9-KNOWN,99:97,24:02,\n Q9-GHOST ,99:98,99:98,\n"
    "OTHER,99:96,24:02,\n,02:01,24:02,\n=1+1,99:94,24:02,\n"
)
FAILING = "donor_id,A_1,A_2\nQ9-TWIN,99:95,24:02\nQ9-GHOST,99:98,24:02\nOTHER,99:96,24:02\n"
REPORTS = ("quarantine.csv", "warnings.csv", "quarantine-failed.csv")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of whose reports each names persons: in a snapshot, beside the snapshots, and of a failed import."""
    folder = tmp_path_factory.mktemp("reports")
    registry = folder / "registry"
    taken_in(registry, FIRST, NOMENCLATURE)
    taken_in(registry, LATER, update=True)
    add_donor(registry, TWIN, {"A": "24:02"}, today=DAY)
    merge_donors(registry, KNOWN, TWIN, take={"A": KNOWN}, today=DAY)
    with pytest.raises(FileError, match="no donor that can be read"):
        taken_in(registry, FAILING, update=True)
    return registry


@pytest.fixture
def registry(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "registry"))


def taken_in(registry: Path, text: str, nomenclature: object = None, **options: bool) -> None:
    file = registry.parent / "donors.csv"
    file.write_text(text, encoding="utf-8")
    import_donors(registry, file, nomenclature, today=DAY, **options)  # type: ignore[arg-type]
    file.unlink()


def found_in(*places: Path, texts: set[str] = OF_GHOST | OF_KNOWN) -> set[str]:
    """The texts that stand in any byte of some files and folders."""
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
    content = b"\n".join(path.read_bytes() for path in files)
    return {text for text in texts if text.encode() in content}


def beside(registry: Path) -> list[Path]:
    """The reports that lie beside the snapshots."""
    return [registry / name for name in REPORTS if (registry / name).exists()]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock and what SQLite keeps while it is open."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and not path.name.endswith("-shm")
    }


def erased(folder: Path, *identifiers: str) -> Erasure:
    return erase_donors(folder, identifiers, today=DAY, actor="li", reason="asked for it")


def test_a_person_without_a_record_is_in_no_byte_after_compaction(registry: Path) -> None:
    n_before = len(registry_log(registry))
    assert erased(registry, GHOST) == Erasure(5, 0, 3, n_rows=2, n_in_reports=1)
    assert found_in(*beside(registry), current_snapshot(registry), texts=OF_GHOST) == set()
    assert found_in(registry, texts=OF_GHOST) == OF_GHOST, "earlier snapshots have them until then"
    assert n_erased_in_files(registry) == 1
    assert compact_registry(registry, grace=NOW).n_erased == 1
    assert found_in(registry, texts=OF_GHOST) == set()
    assert (n_erased_in_files(registry), prove_registry(registry)) == (0, None)
    *earlier, last = registry_log(registry)
    assert (len(earlier), last.action, last.counts, last.n_in_reports) == (n_before, "erase", {}, 1)
    assert (last.reason, last.actor, last.n_donors) == ("asked for it", "li", 3)
    with Journal.open(registry) as journal:
        assert journal.verify() == []


def test_reports_keep_the_rows_of_all_others(registry: Path) -> None:
    before = read_quarantine(registry / "quarantine.csv")
    erased(registry, GHOST)
    after = read_quarantine(registry / "quarantine.csv")
    assert after.rows() == [row for row in before.rows() if row[1] != GHOST]
    assert after["person_id"].to_list() == [KNOWN, "OTHER", "", "'=1+1"]
    assert read_quarantine(registry / "quarantine-failed.csv")["person_id"].to_list() == [TWIN, TWIN, "OTHER"]
    assert read_quarantine(registry / "warnings.csv")["person_id"].to_list() == ["D1"]
    assert (current_snapshot(registry) / "quarantine.csv").read_bytes() == (registry / "quarantine.csv").read_bytes()
    assert {stat.S_IMODE(path.stat().st_mode) for path in beside(registry)} == {0o600}


def test_rows_of_kept_donors_with_a_faulty_cell_go_too(registry: Path) -> None:
    assert erased(registry, "D1") == Erasure(5, 1, 2, n_rows=1, n_in_reports=0)
    assert found_in(*beside(registry), texts={"D1", "19000101"}) == set()


def test_records_and_persons_without_one_are_erased_together(registry: Path) -> None:
    assert erased(registry, GHOST, KNOWN) == Erasure(5, 2, 2, n_rows=5, n_in_reports=1)
    assert n_erased_in_files(registry) == 3
    assert compact_registry(registry, grace=NOW).n_erased == 3
    assert found_in(registry) == set()
    assert prove_registry(registry) is None


@pytest.mark.parametrize("identifier", [f" {GHOST}", f"{GHOST}\t", f"\u00a0{GHOST} "])
def test_blanks_around_an_identifier_do_not_count(registry: Path, identifier: str) -> None:
    assert erased(registry, identifier, GHOST).n_in_reports == 1
    assert found_in(*beside(registry), texts=OF_GHOST) == set()


@pytest.mark.parametrize("identifier", ["=1+1", "'=1+1"])
def test_what_looks_like_a_formula_is_named_as_in_the_file_or_the_report(registry: Path, identifier: str) -> None:
    assert erased(registry, identifier).n_rows == 1
    assert found_in(*beside(registry), texts={"=1+1", "99:94"}) == set()


def test_who_stands_only_in_the_reports_of_an_earlier_snapshot_is_erased(registry: Path) -> None:
    taken_in(registry, "donor_id,A_1,A_2\nD1,24:02,24:02\n", update=True)
    assert found_in(*beside(registry)) == set()
    reports = {path.name: path.read_bytes() for path in beside(registry)}
    assert erased(registry, GHOST) == Erasure(6, 0, 3, n_rows=0, n_in_reports=1)
    assert {path.name: path.read_bytes() for path in beside(registry)} == reports
    assert n_erased_in_files(registry) == 1
    compact_registry(registry, grace=NOW)
    assert found_in(registry, texts=OF_GHOST) == set()


@pytest.mark.parametrize("identifiers", [[""], [" "], [GHOST, ""], [GHOST, KNOWN, "D9"], ["q9-ghost"], ["'"]])
def test_whom_neither_the_record_nor_a_report_knows_is_refused_and_nothing_is_changed(
    registry: Path, identifiers: list[str]
) -> None:
    before = everything(registry)
    with pytest.raises(RegistryError, match="no record of this identifier") as error:
        erased(registry, *identifiers)
    assert error.value.code == ErrorCode.REGISTRY_UNKNOWN_DONOR
    assert everything(registry) == before


def test_who_was_erased_already_is_left_to_compaction(registry: Path) -> None:
    erased(registry, GHOST)
    before = everything(registry)
    with pytest.raises(RegistryError, match="only in snapshots from before an earlier erasure") as error:
        erased(registry, GHOST)
    assert (error.value.code, everything(registry)) == (ErrorCode.REGISTRY_UNKNOWN_DONOR, before)
    compact_registry(registry, grace=NOW)
    with pytest.raises(RegistryError, match="spelling mistake"):
        erased(registry, GHOST)


def test_a_report_that_is_none_is_not_passed_over(registry: Path) -> None:
    (registry / "quarantine.csv").write_text("something else\n")
    before = everything(registry)
    with pytest.raises(FileError, match="no report of an import"):
        erased(registry, GHOST)
    assert everything(registry) == before


def test_no_rollback_and_no_change_brings_the_rows_back(registry: Path) -> None:
    erased(registry, GHOST)
    roll_back(registry)
    assert found_in(*beside(registry), current_snapshot(registry), texts=OF_GHOST) == set()
    update_donor(registry, "D1", {"status": "TU"}, today=DAY)
    roll_back(registry)
    assert found_in(*beside(registry), current_snapshot(registry), texts=OF_GHOST) == set()
    compact_registry(registry, grace=NOW)
    assert found_in(registry, texts=OF_GHOST) == set()
    assert prove_registry(registry) is None


def test_the_report_of_a_failed_import_goes_with_the_next_that_succeeds(registry: Path) -> None:
    erased(registry, GHOST)
    assert (registry / "quarantine-failed.csv").exists()
    assert (current_snapshot(registry) / "quarantine-failed.csv").exists()
    taken_in(registry, "donor_id,A_1,A_2\nD1,24:02,24:02\n", update=True)
    roll_back(registry)
    assert not (registry / "quarantine-failed.csv").exists()


def test_the_commands_say_what_was_removed_and_what_is_left(registry: Path) -> None:
    def said(*words: str) -> str:
        return (
            CliRunner().invoke(group, ["registry", words[0], str(registry), *words[1:]], catch_exceptions=False).output
        )

    assert said("erase", GHOST, "--reason", "asked for it").splitlines() == [
        "Transaction 5: 0 records erased; 3 donors",
        "2 rows of reports removed",
        "1 person erased who had no record",
        f"To remove their data from all files: hla-match registry compact {registry}",
    ]
    assert "erase      1 erased without a record; 3 donors" in said("log")
    for command in ("info", "verify"):
        assert "files hold data of 1 erased record; hla-match registry compact removes it" in said(command)
    assert "Nothing is left of 1 erased record." in said("compact", "--now")
    assert "files hold data" not in said("verify")
    erased(registry, KNOWN)
    assert "erase      2 erased; 2 donors" in said("log")


def without_record(registry: Path, into: Path) -> Path:
    """The valid snapshot of a registry with its reports, as a version without records wrote it."""
    opened, snapshot = open_registry(registry), current_snapshot(registry)
    provenance = dataclasses.replace(opened.provenance, transaction=None)
    made = dataclasses.replace(opened, provenance=provenance)
    into.mkdir()
    with writing_aside(into) as aside:
        description = write_registry_files(aside, made)
        for name in ("quarantine.csv", "warnings.csv"):
            aside.write(name, (snapshot / name).read_bytes())
        publish(aside, description, provenance)
    return into


def test_a_registry_without_a_record_gets_one(registry: Path, tmp_path: Path) -> None:
    plain = without_record(registry, tmp_path / "plain")
    before = everything(plain)
    with pytest.raises(RegistryError, match="no record of this identifier"):
        erased(plain, "D9")
    assert everything(plain) == before
    assert erased(plain, GHOST) == Erasure(2, 0, 3, n_rows=1, n_in_reports=1)
    assert [one.action for one in registry_log(plain)] == ["adopt", "erase"]
    compact_registry(plain, grace=NOW)
    assert (found_in(plain, texts=OF_GHOST), prove_registry(plain)) == (set(), None)


def test_an_encrypted_record_makes_no_difference(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    (tmp_path / "key").write_text("a key of 16 bytes and more\n")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    encrypt_record(registry)
    assert erased(registry, GHOST, KNOWN).n_in_reports == 1
    compact_registry(registry, grace=NOW)
    assert found_in(registry) == set()


def copies_at_every_step(registry: Path, into: Path) -> list[Path]:
    """Erase, and return the registry as a kill before each step of it would leave it."""
    copies: list[Path] = []

    def copied(action: Action, path: Path) -> None:
        if path.parent == registry and action != "create":
            copies.append(Path(shutil.copytree(registry, into / str(len(copies)))))

    with listening(copied):
        erased(registry, GHOST, KNOWN)
    return copies


def test_a_kill_at_any_step_leaves_the_old_state_or_one_that_the_command_completes(
    registry: Path, tmp_path: Path
) -> None:
    old, states = {name: (registry / name).read_bytes() for name in REPORTS}, set()
    for copy in copies_at_every_step(registry, tmp_path / "copies"):
        number = registry_log(copy)[-1].number
        states.add(number)
        if number == 4:
            assert {name: (copy / name).read_bytes() for name in REPORTS} == old, "nobody is erased yet"
            assert erased(copy, GHOST, KNOWN) == Erasure(5, 2, 2, n_rows=5, n_in_reports=1)
        else:
            with pytest.raises(RegistryError, match="only in snapshots from before"):
                erased(copy, GHOST, KNOWN)
        assert found_in(*beside(copy), current_snapshot(copy)) == set()
        assert [read_quarantine(copy / name).height for name in REPORTS] == [3, 1, 1], "all others are there"
        compact_registry(copy, grace=NOW)
        assert (found_in(copy), prove_registry(copy), len(registry_log(copy))) == (set(), None, 5)
        shutil.rmtree(copy)
    assert states == {4, 5}


def test_a_disk_that_is_full_at_any_step_takes_no_row_before_the_erasure_is_recorded(
    registry: Path, tmp_path: Path
) -> None:
    old, n_steps, codes = {name: (registry / name).read_bytes() for name in REPORTS}, 0, set()
    while True:
        copy, left = Path(shutil.copytree(registry, tmp_path / "copy")), n_steps

        def full(action: Action, path: Path) -> None:
            nonlocal left
            left -= path.parent == registry or path.name in ("quarantine.csv", "manifest.json")
            if left < 0:
                raise OSError(errno.ENOSPC, "no room")

        try:
            with listening(full):
                erased(copy, GHOST, KNOWN)
        except HlaMatchError as error:
            codes.add(error.code)
            if len(registry_log(copy)) == 4:
                assert {name: (copy / name).read_bytes() for name in REPORTS} == old
            else:
                add_donor(copy, "D5", {"A": "24:02"}, today=DAY)
                assert found_in(*beside(copy), current_snapshot(copy)) == set()
        else:
            break
        shutil.rmtree(copy)
        n_steps += 1
    assert codes >= {ErrorCode.FILE_NO_ROOM, ErrorCode.REGISTRY_UNPUBLISHED}


def test_reports_of_an_erasure_whose_snapshot_is_gone_are_emptied(registry: Path) -> None:
    """Between commit and switch the new snapshot alone has the reports without the persons."""
    before, reports = (registry / CURRENT).read_bytes(), {path: path.read_bytes() for path in beside(registry)}
    erased(registry, KNOWN)
    shutil.rmtree(current_snapshot(registry))
    (registry / CURRENT).write_bytes(before)
    for path, content in reports.items():
        path.write_bytes(content)
    compact_registry(registry, grace=NOW)
    assert found_in(registry, texts=OF_KNOWN) == set()
    assert [read_quarantine(path).height for path in beside(registry)] == [0, 0, 0]


def test_a_donor_is_known_by_what_a_report_shows(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    text = "donor_id,A_1,A_2,birth_date\nD1,02:01,24:02,\n=X1,02:01,24:02,9999-99-99\n'=X1,24:02,24:02,\n"
    taken_in(registry, text, NOMENCLATURE)
    assert "=X1" in (registry / "warnings.csv").read_text(encoding="utf-8")
    found = erase_donors(registry, ["'=X1"], today=DAY)
    assert (found.n_records, found.n_in_reports, found.n_rows) == (1, 0, 0), "the record has a donor of this identifier"
    assert "=X1" in (registry / "warnings.csv").read_text(encoding="utf-8")
    found = erase_donors(registry, ["'=X1"], today=DAY)
    assert (found.n_records, found.n_in_reports, found.n_rows) == (1, 0, 1), "the other one, as the report shows it"
    assert set(open_registry(registry).attributes["donor_id"]) == {"D1"}


class EndedError(Exception):
    """A process that ended between the commit and the switch."""


def erased_and_killed(registry: Path) -> None:
    def ended(action: Action, path: Path) -> None:
        if action == "rename" and path.name == CURRENT:
            raise EndedError

    with listening(ended), pytest.raises(EndedError):
        erase_donors(registry, [GHOST], today=DAY)


def test_no_rows_come_back_where_no_snapshot_can_be_read(registry: Path) -> None:
    erased_and_killed(registry)
    for manifest in registry.glob("snapshot-*/manifest.json"):
        manifest.write_bytes(b"{}")
    compact_registry(registry, grace=NOW)
    assert found_in(registry, texts=OF_GHOST) == set()
    assert n_erased_in_files(registry) == 0


def test_garbage_that_is_collected_leaves_what_the_next_writer_needs(registry: Path) -> None:
    erased_and_killed(registry)
    collect_garbage(registry, grace=NOW)
    update_donor(registry, "D1", {"city": "Ningbo"}, today=DAY)
    rows = read_quarantine(registry / "quarantine.csv")["person_id"]
    assert len(rows) > 0
    assert GHOST not in rows.str.strip_chars()
