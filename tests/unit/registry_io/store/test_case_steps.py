"""The case book of a registry: what is recorded, refused, proved, and forgotten with an erased donor."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import registry_io
from hla_match import Patient, SearchCriteria, open_case, repeat
from hla_match.cases.steps import Stage, Step
from hla_match.errors import CriteriaError, ErrorCode, HlaMatchError, RegistryError
from hla_match.language import retold_form, speaking, translated
from hla_match.services import case_lists
from registry_io.store.case_request import CaseRequest
from registry_io.store.compaction import compact_registry
from registry_io.store.journal import journal_file
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_folder import CASE_HEAD, JOURNAL, writing_registry
from registry_io.store.registry_proof import prove_registry
from tests.tiny_tables import tiny_nomenclature

TODAY = datetime.date.today()
DAY = datetime.timedelta(days=1)
NAMES = ("01:01", "02:01", "02:07", "24:02")
NOMENCLATURE = tiny_nomenclature({"A": {name: ("", "") for name in NAMES}})
DONORS = (
    "donor_id,A_1,A_2,sex,city\n"
    "D1,02:01,24:02,M,\nD2,02:07,24:02,F,\nQ7X9-RARE,02:01,24:02,F,寂静岭\nD4,01:01,24:02,M,\n"
)
PATIENT = Patient(patient_id="P-17", typings={"A": ("02:01", "24:02")})
CRITERIA = SearchCriteria(scope="A", max_mismatches=1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with an open case."""
    folder = tmp_path_factory.mktemp("cases")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(folder / "registry", folder / "donors.csv", NOMENCLATURE)
    open_case(folder / "registry", PATIENT, CRITERIA, frequencies="none", actor="Coordinator")
    return folder / "registry"


@pytest.fixture
def registry(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "registry"))


def refused(action: Callable[[], object], code: ErrorCode) -> str:
    with pytest.raises(HlaMatchError) as caught:
        action()
    assert caught.value.code == code
    assert "D1" not in str(caught.value)
    return str(caught.value)


def test_a_case_goes_from_the_request_to_the_collection(registry: Path) -> None:
    case = registry_io.show_case(registry, 1)
    assert (case.request.patient, case.request.criteria) == (PATIENT, CRITERIA)
    asked = registry_io.ask_donor(registry, case.patient_code, "D1", consent="2026-1", actor="Nurse")
    code = asked.donor_code or ""
    typed = registry_io.register_typing(registry, 1, code, {"sex": "F", "A_1": "02:01"}, reason="report 17")
    assert typed.transaction == 2
    assert registry_io.show_donor(registry, "D1").person["sex"] == "F"
    registry_io.register_check(registry, 1, "D1", passed=True)
    reserved = registry_io.reserve_donor(registry, 1, "D1", until=TODAY + DAY)
    assert (reserved.transaction, reserved.status_before) == (None, None)
    collected = registry_io.collect_donor(registry, "1", code, set_status=True)
    assert (collected.transaction, collected.status_before) == (3, "AV")
    assert registry_io.show_donor(registry, "D1").person["status"] == "TU"
    registry_io.close_case(registry, 1, reason="done")
    case = registry_io.show_case(registry, 1)
    assert [one.step for one in case.steps] == [
        Step.REQUEST, Step.ASK, Step.TYPING, Step.CHECK, Step.RESERVE, Step.COLLECT, Step.CLOSE,
    ]  # fmt: skip
    assert [one.transaction for one in case.steps] == [1, 1, 2, 2, 2, 3, 3]
    assert case.steps[0].actor == "Coordinator"
    assert (case.steps[1].actor, case.steps[1].told) == ("Nurse", {"consent": "2026-1"})
    assert [(one.donor_id, one.donor_code, one.state.stage(TODAY)) for one in case.donors] == [
        ("D1", code, Stage.COLLECTED)
    ]
    assert registry_io.case_of_code(registry, code.lower())[1] == "D1"
    assert registry_io.case_of_code(registry, case.patient_code)[1] is None
    assert prove_registry(registry) is None


def test_a_step_that_may_not_come_next_is_refused_and_changes_nothing(registry: Path) -> None:
    before = (registry / JOURNAL).read_bytes()
    found = refused(lambda: registry_io.register_check(registry, 1, "D1", passed=True), ErrorCode.CASE_STEP)
    assert "who was asked" in found
    refused(lambda: registry_io.ask_donor(registry, 2, "D1", consent="1"), ErrorCode.CASE_UNKNOWN)
    refused(lambda: registry_io.ask_donor(registry, "P-0000", "D1", consent="1"), ErrorCode.CASE_UNKNOWN)
    refused(lambda: registry_io.ask_donor(registry, 1, "D9", consent="1"), ErrorCode.CASE_UNKNOWN)
    refused(lambda: registry_io.ask_donor(registry, 1, "D1", consent=" "), ErrorCode.CRITERIA_VALUE)
    refused(lambda: registry_io.ask_donor(registry, 1, "D1", consent="1", day=TODAY + DAY), ErrorCode.CRITERIA_VALUE)
    with Journal.open(registry) as journal:
        assert len(journal.cases.entries()) == 1
    assert len((registry / JOURNAL).read_bytes()) == len(before)


def test_a_typing_that_cannot_be_read_leaves_neither_step_nor_change(registry: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    with pytest.raises(CriteriaError):
        registry_io.register_typing(registry, 1, "D1", {"A_1": "99:99"})
    assert [one.step for one in registry_io.show_case(registry, 1).steps] == [Step.REQUEST, Step.ASK]
    assert len(registry_io.registry_log(registry)) == 1


def test_a_donor_is_reserved_in_one_case_alone_until_it_ends(registry: Path) -> None:
    open_case(registry, PATIENT, CRITERIA, frequencies="none", day=TODAY - 9 * DAY)
    for case, day in ((1, TODAY), (2, TODAY - 9 * DAY)):
        registry_io.ask_donor(registry, case, "D1", consent="1", day=day)
    registry_io.reserve_donor(registry, 2, "D1", until=TODAY - DAY, day=TODAY - 9 * DAY)
    # It has ended, and nobody wrote so.
    registry_io.reserve_donor(registry, 1, "D1", until=TODAY)
    refused(lambda: registry_io.reserve_donor(registry, 2, "D1", until=TODAY), ErrorCode.CASE_STEP)
    registry_io.close_case(registry, 1)
    registry_io.reserve_donor(registry, 2, "D1", until=TODAY)


def test_a_person_with_two_records_is_reserved_in_one_case_alone(registry: Path) -> None:
    open_case(registry, PATIENT, CRITERIA, frequencies="none")
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    registry_io.reserve_donor(registry, 1, "D1", until=TODAY)
    registry_io.merge_donors(registry, "D4", "D1", values={"A_1": "01:01", "A_2": "24:02"})
    for case in (1, 2):
        registry_io.ask_donor(registry, case, "D4", consent="1")
    refused(lambda: registry_io.reserve_donor(registry, 2, "D4", until=TODAY), ErrorCode.CASE_STEP)
    registry_io.reserve_donor(registry, 1, "D4", until=TODAY)
    registry_io.close_case(registry, 1)
    registry_io.reserve_donor(registry, 2, "D4", until=TODAY)


def test_a_time_of_a_day_is_no_day(registry: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    noon = datetime.datetime.combine(TODAY, datetime.time(12))
    refused(lambda: registry_io.ask_donor(registry, 1, "D4", consent="1", day=noon), ErrorCode.CRITERIA_TYPE)
    refused(lambda: registry_io.reserve_donor(registry, 1, "D1", until=noon), ErrorCode.CRITERIA_TYPE)
    refused(lambda: repeat(registry, today=noon), ErrorCode.CRITERIA_TYPE)


def test_a_donor_who_left_is_not_asked(registry: Path) -> None:
    registry_io.withdraw_donor(registry, "D1")
    refused(lambda: registry_io.ask_donor(registry, 1, "D1", consent="1"), ErrorCode.REGISTRY_UNKNOWN_DONOR)


def test_nothing_of_an_erased_donor_is_left_in_the_case_book(registry: Path) -> None:
    repeat(registry)
    code = registry_io.ask_donor(registry, 1, "Q7X9-RARE", consent="K3-CONSENT", reason="J5-REASON").donor_code or ""
    registry_io.register_typing(registry, 1, code, {"A_1": "02:07", "city": "寂静岭"}, reason="L6-REPORT")
    registry_io.ask_donor(registry, 1, "D1", consent="D1-CONSENT")
    secrets = ("Q7X9-RARE", "K3-CONSENT", "J5-REASON", "L6-REPORT", "寂静岭")
    registry_io.erase_donors(registry, ["Q7X9-RARE"])
    assert prove_registry(registry) is None
    compact_registry(registry, grace=datetime.timedelta(0))
    content = b"\n".join(path.read_bytes() for path in registry.rglob("*") if path.is_file())
    assert [text for text in secrets if text.encode() in content] == []
    assert b"D1-CONSENT" in content
    case = registry_io.show_case(registry, 1)
    assert [(one.step, one.donor_id, dict(one.told)) for one in case.steps[2:4]] == [
        (Step.ASK, None, {}), (Step.TYPING, None, {}),
    ]  # fmt: skip
    assert [one.donor_id for one in case.donors] == ["D1"]
    refused(lambda: registry_io.case_of_code(registry, code), ErrorCode.CASE_UNKNOWN)
    (found,) = repeat(registry).cases
    assert (found.n_erased, found.changes) == (1, ())


def test_the_place_of_an_erased_donor_is_not_left_as_the_end_of_a_list(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_lists, "RESERVE", 1)
    open_case(registry, PATIENT, CRITERIA.model_copy(update={"limit": 1}), frequencies="none", policy="plain")
    repeat(registry)
    with Journal.open(registry) as journal:
        last = max(journal.cases.listed(2), key=lambda row: row.place)
        donor_id = journal.cases.identifiers([last.donor])[last.donor]
        assert journal.cases.entries(2)[-1].content.count(f'"end": {last.donor},') == 1
        told = "".join(one.content for one in journal.cases.entries())
        assert last.place.hex() not in told
    registry_io.erase_donors(registry, [donor_id])
    found = repeat(registry).cases[1]
    assert (found.why_full, found.n_erased) == ("the last donor of the list was erased", 1)


CHANGES = {
    "a step": "UPDATE case_entry SET step = 'close' WHERE id = 2",
    "who made it": "UPDATE case_entry SET actor = 'X' WHERE id = 1",
    "the request": "UPDATE case_entry SET content = replace(content, '24:02', '02:07') WHERE id = 1",
    "what is said of a donor": 'UPDATE case_donor SET content = \'{"consent": "2"}\' WHERE listed = 0',
    "the donor": "UPDATE case_donor SET donor = 2 WHERE listed = 0",
    "a place in the list": "UPDATE case_donor SET place = x'00' WHERE listed = 1",
    "a row that is gone": "DELETE FROM case_donor WHERE id = 1",
    "a row without its content": "UPDATE case_donor SET content = NULL, place = NULL, salt = NULL WHERE id = 1",
    "an entry that is gone": "DELETE FROM case_entry WHERE id = 2",
    "an entry of another case": "UPDATE case_donor SET number = 2 WHERE id = 1",
    "the key of the codes": "UPDATE case_meta SET value = upper(value)",
    "what a search was made from": "UPDATE case_context SET content = content || ' '",
    "the format version": "UPDATE meta SET value = '1' WHERE key = 'format_version'",
    "a transaction": "UPDATE case_entry SET txn = 9 WHERE id = 1",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_case_book_is_found(registry: Path, change: str) -> None:
    repeat(registry)
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    assert prove_registry(registry) is None
    with closing(sqlite3.connect(registry / JOURNAL)) as connection:
        connection.execute(change)
        connection.commit()
    (registry / f"{JOURNAL}-seal").unlink()
    with pytest.raises(RegistryError, match="case") as caught:
        prove_registry(registry)
    assert caught.value.code == ErrorCode.REGISTRY_RECORD


def test_entries_that_are_cut_off_with_their_seal_are_found(registry: Path) -> None:
    repeat(registry)
    kept = {name: (registry / name).read_bytes() for name in (JOURNAL, f"{JOURNAL}-seal")}
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    assert prove_registry(registry) is None
    for name, content in kept.items():
        (registry / name).write_bytes(content)
    for _ in range(2):
        with pytest.raises(RegistryError, match=r"case entry \d+: missing, or another one"):
            prove_registry(registry)
        registry_io.update_donor(registry, "D2", {"sex": "F"})  # which leaves the trace


def test_a_record_that_takes_the_place_of_one_that_is_gone_has_cases_of_its_own(registry: Path, tmp_path: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    for path in registry.glob(f"{JOURNAL}*"):
        path.unlink()
    with pytest.raises(RegistryError, match="no record, where the snapshot has transaction"):
        registry_io.update_donor(registry, "D2", {"sex": "F"})
    assert (registry / CASE_HEAD).exists(), "what is refused leaves the trace"
    (tmp_path / "again.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(registry, tmp_path / "again.csv", replace=True)
    assert not (registry / CASE_HEAD).exists()
    assert prove_registry(registry) is None


def test_a_changed_byte_of_the_head_of_cases_is_found(registry: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    path = registry / CASE_HEAD
    text = path.read_bytes()
    for at in range(len(text)):
        path.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
        with pytest.raises(RegistryError, match="case-head: another content"):
            prove_registry(registry)
    path.unlink()
    assert prove_registry(registry) is None, "earlier versions kept none"
    with writing_registry(registry), Journal.writing(registry):
        pass
    assert path.read_bytes() == text


def test_a_record_from_before_becomes_one_with_cases_at_the_first_of_them(tmp_path: Path) -> None:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry = tmp_path / "registry"
    registry_io.import_donors(registry, tmp_path / "donors.csv", NOMENCLATURE)
    assert version_of(registry) == "1"
    assert registry_io.list_cases(registry) == []
    refused(lambda: registry_io.show_case(registry, 1), ErrorCode.CASE_UNKNOWN)
    registry_io.update_donor(registry, "D1", {"sex": "F"})
    assert open_case(registry, [], CRITERIA) == []
    assert version_of(registry) == "1"
    open_case(registry, PATIENT, CRITERIA, frequencies="none")
    assert version_of(registry) == "2"
    assert prove_registry(registry) is None
    assert [one.number for one in registry_io.registry_log(registry)] == [1, 2]


def version_of(registry: Path) -> str:
    with closing(journal_file.open_for_reading(registry / JOURNAL)) as connection:
        (found,) = connection.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
    return str(found)


def test_a_request_comes_back_as_it_was_given() -> None:
    patient = Patient.from_gl_string("P1", "A*02:01+A*24:02^MICA*008").model_copy(update={"cmv": "N"})
    criteria = SearchCriteria(scope="A,B", locus_limits={"A": 0}, city=("杭州",))
    request = CaseRequest(patient=patient, criteria=criteria, policy={"name": "x"}, frequencies="han")
    again = CaseRequest.of(request.text)
    assert again == request
    assert again.patient.ignored_loci == ("MICA",)
    assert again.criteria.model_fields_set == {"scope", "locus_limits", "city"}
    with pytest.raises(CriteriaError):
        CaseRequest(patient=patient, criteria=SearchCriteria(only_donors=frozenset({"D1"})))


def test_a_reservation_that_sets_the_status_says_its_end_in_the_record(registry: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="1")
    found = registry_io.reserve_donor(registry, 1, "D1", until=TODAY + 9 * DAY, set_status=True)
    assert (found.transaction, found.status_before) == (2, "AV")
    person = registry_io.show_donor(registry, "D1").person
    assert (person["status"], person["reserved_until"]) == ("RS", (TODAY + 9 * DAY).isoformat())
    registry_io.register_typing(registry, 1, "D1", {"sex": "F"})
    registry_io.register_check(registry, 1, "D1", passed=True)
    registry_io.collect_donor(registry, 1, "D1", set_status=True)
    person = registry_io.show_donor(registry, "D1").person
    assert (person["status"], person.get("reserved_until")) == ("TU", None)


def test_refusals_are_kept_in_english_and_told_in_the_language_of_the_reader(registry: Path) -> None:
    with speaking("zh"), pytest.raises(RegistryError) as caught:
        registry_io.register_check(registry, 1, "D1", passed=True)
    assert caught.value.found == "a donor who was not asked in this case"
    assert caught.value.expected == "a donor who was asked and has consented"
    with speaking("zh"):
        assert retold_form(caught.value.found) == translated(caught.value.found) != caught.value.found
