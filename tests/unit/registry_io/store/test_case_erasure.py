"""A case erased: nothing of the request is left in a byte, and the chain of the case book is proved all the same."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import registry_io
from hla_match import Patient, SearchCriteria, open_case, repeat, search_case
from hla_match.cli.main import group
from hla_match.errors import ErrorCode, FileError, RegistryError
from hla_match.services import case_lists
from hla_match.services.repeat import open_repeat
from registry_io.store.compaction import compact_registry, n_erased_in_files
from registry_io.store.journal.encryption import KEY_FILE
from registry_io.store.journal.journal import Journal
from registry_io.store.record_encryption import encrypt_record
from registry_io.store.registry_folder import JOURNAL
from registry_io.store.registry_proof import prove_registry
from tests.tiny_tables import tiny_nomenclature

NAMES = ("01:01", "02:01", "02:07", "02:99", "24:02")
NOMENCLATURE = tiny_nomenclature({"A": {name: ("", "") for name in NAMES}})
DONORS = "donor_id,A_1,A_2\nD1,02:01,24:02\nD2,02:07,24:02\nD3,02:01,24:02\n"
SECRETS = ("HOSPITAL-寂静岭-17", "02:01/02:99", "WHY-9", "CONSENT-7", "CLOSED-5")
"""What is known of the first patient alone: the identifier, the typing, and the words of steps."""
CRITERIA = SearchCriteria(scope="A", max_mismatches=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a case from the request to its end, and another case."""
    folder = tmp_path_factory.mktemp("erasure")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry = folder / "registry"
    registry_io.import_donors(registry, folder / "donors.csv", NOMENCLATURE)
    patients = [
        Patient(patient_id=SECRETS[0], typings={"A": (SECRETS[1], "24:02")}),
        Patient(patient_id="OTHER-2", typings={"A": ("02:01", "24:02")}),
    ]
    open_case(registry, patients, CRITERIA, frequencies="none")
    repeat(registry)
    registry_io.ask_donor(registry, 1, "D1", consent=SECRETS[3], reason=SECRETS[2])
    registry_io.ask_donor(registry, 2, "D1", consent="1")
    registry_io.close_case(registry, 1, reason=SECRETS[4])
    return registry


@pytest.fixture
def registry(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "registry"))


def left(folder: Path) -> list[str]:
    """Which of the secrets a byte of a file still holds."""
    held = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    escaped = [(one, one.encode("unicode_escape")) for one in SECRETS]
    return [one for one, other in escaped if one.encode() in held or other in held]


def test_no_byte_holds_what_was_erased_and_the_chain_is_proved(registry: Path) -> None:
    # 02:99 is in the nomenclature, the whole list is the patient's.
    assert left(registry) == list(SECRETS)
    code = registry_io.show_case(registry, 1).patient_code
    found = registry_io.erase_case(registry, code, reason="asked for by the hospital", actor="Li")
    assert (found.case, left(registry)) == (1, [])
    assert (prove_registry(registry), n_erased_in_files(registry)) == (None, 0)
    assert [one.number for one in registry_io.list_cases(registry)] == [2]
    for named in (1, code):
        with pytest.raises(RegistryError, match="a case that was erased") as caught:
            registry_io.show_case(registry, named)
        assert caught.value.code == ErrorCode.CASE_UNKNOWN
    with pytest.raises(RegistryError):
        registry_io.case_of_code(registry, code)
    with pytest.raises(RegistryError, match="a case that was erased"):
        registry_io.erase_case(registry, 1)
    with pytest.raises(RegistryError, match="a case that was erased"):
        search_case(registry, 1)
    assert [one.number for one in repeat(registry).cases] == [2]
    with Journal.open(registry) as journal:
        steps = [(one.step, one.actor) for one in journal.cases.entries(1)]
    assert [step for step, _ in steps] == ["open", "search", "ask", "close", "erase"]
    assert steps[-1] == ("erase", "Li")
    # The next case has a number of its own.
    (opened,) = open_case(registry, Patient(typings={"A": ("02:01", "")}), CRITERIA, frequencies="none")
    assert opened.case == 3
    assert prove_registry(registry) is None


def test_an_open_case_ends_with_its_reservations(registry: Path) -> None:
    today = datetime.date.today()
    registry_io.reserve_donor(registry, 2, "D1", until=today)
    (opened,) = open_case(registry, Patient(typings={"A": ("02:01", "")}), CRITERIA, frequencies="none")
    registry_io.ask_donor(registry, opened.case, "D1", consent="1")
    with pytest.raises(RegistryError, match="reserved in another case"):
        registry_io.reserve_donor(registry, opened.case, "D1", until=today)
    done = CliRunner().invoke(group, ["case", "erase", str(registry), "2", "--reason", "error"])
    assert (done.exit_code, "Case 2: the request" in done.output) == (0, True)
    registry_io.reserve_donor(registry, opened.case, "D1", until=today)
    assert prove_registry(registry) is None


def contexts(folder: Path) -> int:
    with closing(sqlite3.connect(folder / JOURNAL)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM case_context").fetchone()
    return int(found)


def test_criteria_go_with_the_last_case_that_has_them(registry: Path) -> None:
    own = SearchCriteria(scope="A", max_mismatches=1, max_age=61)
    patients = [Patient(typings={"A": ("02:01", "")}), Patient(typings={"A": ("02:07", "")})]
    first, second = (one.case for one in open_case(registry, patients, own, frequencies="none"))
    repeat(registry)
    assert contexts(registry) == 2
    registry_io.erase_case(registry, first)
    assert (contexts(registry), prove_registry(registry)) == (2, None)
    assert [(one.number, one.why_full) for one in repeat(registry).cases] == [(2, ""), (second, "")]
    registry_io.erase_case(registry, second)
    assert (contexts(registry), prove_registry(registry)) == (1, None)
    assert b'"max_age": 61' not in (registry / JOURNAL).read_bytes()
    # Of a case that is kept, nothing may be missing.
    with closing(sqlite3.connect(registry / JOURNAL)) as connection, connection:
        connection.execute("DELETE FROM case_context")
    with Journal.open(registry) as journal:
        assert any("made from what is missing" in one for one in journal.verify())


@pytest.mark.parametrize("max_age", [None, 61], ids=["criteria of another case, too", "criteria of its own"])
def test_a_case_that_is_erased_while_all_are_searched_spoils_no_other(registry: Path, max_age: int | None) -> None:
    # The list is cut, so that it is brought up to date from its last donor.
    cut = SearchCriteria(scope="A", max_mismatches=1, limit=1)
    for criteria in (cut, cut.model_copy(update={"max_age": max_age})):
        open_case(registry, Patient(typings={"A": ("02:01", "24:02")}), criteria, frequencies="none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_lists, "RESERVE", 0)
        repeat(registry)
        with open_repeat(registry) as cases:
            registry_io.erase_case(registry, 4)
            found = cases.run()
    assert [(one.number, one.error) for one in found.cases] == [
        (2, ""),
        (3, ""),
        (4, "the case was closed meanwhile"),
    ]
    assert prove_registry(registry) is None
    with open_repeat(registry, only=3) as single:
        registry_io.erase_case(registry, 3)
        with pytest.raises(RegistryError, match="a case that was erased"):
            single.run()


CHANGES = {
    "the day of the request": "UPDATE case_entry SET day = '2020-01-01' WHERE id = 1",
    "another text": "UPDATE case_entry SET content = '{}' WHERE id = 1",
    "the hash of the request": "UPDATE case_entry SET hash = zeroblob(32) WHERE id = 1",
    "a row of another case": "UPDATE case_donor SET content = NULL, place = NULL, salt = NULL WHERE number = 2",
    "what the erasure says": "UPDATE case_entry SET content = '{\"erased\": {}}' WHERE step = 'erase'",
    "no erasure": "DELETE FROM case_entry WHERE step = 'erase'",
    "a text of another case": "UPDATE case_entry SET content = '' WHERE id = 2",
    "an erasure that is none": "UPDATE case_entry SET content = '[]' WHERE step = 'erase'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_left_cannot_be_changed_unseen(registry: Path, change: str) -> None:
    registry_io.erase_case(registry, 1)
    with closing(sqlite3.connect(registry / JOURNAL)) as connection, connection:
        assert connection.execute(change).rowcount
    with Journal.open(registry) as journal:
        # That the file is another one is found by its seal, too.
        faults = [one for one in journal.verify() if one.startswith("case ")]
    assert faults
    assert not any(text in fault for text in SECRETS for fault in faults)


def test_a_reader_of_the_record_is_said_and_compaction_makes_up_for_it(registry: Path) -> None:
    with closing(sqlite3.connect(registry / JOURNAL, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM case_entry").fetchone()
        with pytest.raises(FileError, match="reader of the record"):
            registry_io.erase_case(registry, 1)
    assert [one.number for one in registry_io.list_cases(registry)] == [2]
    assert n_erased_in_files(registry) == 1
    compact_registry(registry)
    assert (left(registry), n_erased_in_files(registry), prove_registry(registry)) == ([], 0, None)


def test_an_erasure_that_ends_early_is_none_or_whole(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("commit", "compact"):
        with monkeypatch.context() as patch:
            patch.setattr(Journal, name, ended)
            with pytest.raises(KeyboardInterrupt):
                registry_io.erase_case(registry, 1)
        assert prove_registry(registry) is None
        assert len(registry_io.list_cases(registry)) == (2 if name == "commit" else 1)
    assert n_erased_in_files(registry) == 1


def test_cases_are_kept_in_an_encrypted_record_and_erased_from_it(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")
    key = tmp_path / "key"
    key.write_text("ab" * 32, encoding="utf-8")
    key.chmod(0o600)
    monkeypatch.setenv(KEY_FILE, str(key))
    encrypt_record(registry)
    assert left(registry) == []
    assert registry_io.show_case(registry, 1).request.patient.patient_id == SECRETS[0]
    registry_io.register_typing(registry, 2, "D1", {"A_1": "02:07"})
    assert [(str(one.change), one.donor_id) for one in repeat(registry).cases[0].changes] == [("changed", "D1")]
    registry_io.erase_case(registry, 1)
    assert (prove_registry(registry), n_erased_in_files(registry)) == (None, 0)
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(RegistryError):
        registry_io.list_cases(registry)
