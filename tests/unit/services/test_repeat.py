"""Files of repeated cases: with the case book, or neither; and what leaves the office names nobody."""

from __future__ import annotations

import datetime
import shutil
import stat
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import registry_io
from hla_match import Patient, RankingPolicy, SearchCriteria, case_sheet, confirm_typing, open_case, repeat, search_case
from hla_match.cli.case_steps import _settled
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, ErrorCode, FileError, RegistryError, TypingError
from hla_match.services.notices import Notice
from hla_match.services.own_frequencies import OwnFrequencies
from registry_io.store.case_request import CaseRequest
from registry_io.store.case_runs import record_runs
from registry_io.store.case_steps import open_cases
from registry_io.store.journal.journal import Journal
from tests.tiny_tables import tiny_nomenclature

NAMES = ("01:01", "02:01", "02:07", "24:02")
NOMENCLATURE = tiny_nomenclature({"A": {name: ("", "") for name in NAMES}})
DONORS = (
    "donor_id,A_1,A_2,sex,city,birth_date\n"
    "D1,02:01,24:02,M,杭州,1990-01-01\nD2,02:07,24:02,F,宁波,1991-02-02\nD3,02:01/02:07,24:02,F,,1992-03-03\n"
)
PATIENT = Patient(patient_id="HOSPITAL-17", typings={"A": ("02:01", "24:02")})
CRITERIA = SearchCriteria(scope="A", max_mismatches=1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a case that was searched, and then changed."""
    folder = tmp_path_factory.mktemp("repeated")
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(folder / "registry", folder / "donors.csv", NOMENCLATURE)
    open_case(folder / "registry", PATIENT, CRITERIA, frequencies="none")
    assert search_case(folder / "registry", 1).to_polars()["donor_id"].to_list() == ["D1", "D3", "D2"]
    registry_io.update_donor(folder / "registry", "D2", {"status": "TU"})
    return folder / "registry"


@pytest.fixture
def registry(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "registry"))


def n_entries(registry: Path) -> int:
    with Journal.open(registry) as journal:
        return len(journal.cases.entries())


def test_files_are_written_with_the_case_book_and_replace_nothing_unasked(registry: Path, tmp_path: Path) -> None:
    out, lists = tmp_path / "changes.csv", tmp_path / "lists.parquet"
    report = repeat(registry, full=True, out=out, lists=lists)
    found = pl.read_csv(out)
    assert found.select("change", "donor_id", "reason").rows() == [("gone", "D2", "status: - -> TU")]
    assert report.to_polars().select("donor_id").rows() == [("D2",)]
    assert pl.read_parquet(lists)["donor_id"].to_list() == ["D1", "D3"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, lists)} == {0o600}
    before = n_entries(registry)
    with pytest.raises(FileError) as caught:
        repeat(registry, out=out)
    assert (caught.value.code, n_entries(registry)) == (ErrorCode.FILE_RESULT_EXISTS, before)
    with pytest.raises(CriteriaError):
        repeat(registry, lists=tmp_path / "more.csv")
    with pytest.raises(CriteriaError):
        repeat(registry, out=registry / "inside.csv")
    repeat(registry, out=out, overwrite=True)
    assert pl.read_csv(out).height == 0


def test_a_case_book_that_cannot_be_written_leaves_the_files_as_they_were(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.parquet"
    old.write_text("as it was", encoding="utf-8")
    before = n_entries(registry)

    def full(_journal: Journal) -> None:
        raise FileError("journal.sqlite", found="no room", expected="some", code=ErrorCode.FILE_NO_ROOM)

    monkeypatch.setattr(Journal, "commit", full)
    with pytest.raises(FileError):
        repeat(registry, full=True, out=old, lists=new, overwrite=True)
    monkeypatch.undo()
    assert old.read_text(encoding="utf-8") == "as it was"
    assert not new.exists()
    assert n_entries(registry) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.csv", "registry"]


def test_a_list_that_somebody_else_brought_up_to_date_is_not_written_over(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hla_match.services import repeat as module

    def late(*given: object, **named: object) -> list[int]:
        monkeypatch.setattr(module, "record_runs", record_runs)
        repeat(registry)
        return record_runs(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "record_runs", late)
    with pytest.raises(RegistryError, match="meanwhile") as caught:
        repeat(registry)
    assert caught.value.code == ErrorCode.CASE_STEP
    assert len(registry_io.show_case(registry, 1).steps) == 3


def test_what_leaves_the_office_names_nobody(registry: Path, tmp_path: Path) -> None:
    registry_io.ask_donor(registry, 1, "D1", consent="CONSENT-7", reason="REASON-9", actor="NURSE-5")
    out = tmp_path / "sheet.csv"
    found = case_sheet(registry, 1, first=5, out=out)
    text = out.read_text(encoding="utf-8")
    for code in (*found["patient_code"], *found["donor_code"]):
        text = text.replace(code, "")
    for secret in ("D1", "D2", "D3", "HOSPITAL-17", "杭州", "宁波", "1990", "CONSENT-7", "REASON-9", "NURSE-5"):
        assert secret not in text
    assert found["state"].to_list() == ["asked", None, None]
    assert registry_io.case_of_code(registry, found["donor_code"][0])[1] == "D1"
    with pytest.raises(FileError):
        case_sheet(registry, 1, out=out)


def test_a_confirmatory_typing_says_what_it_settled(registry: Path) -> None:
    registry_io.ask_donor(registry, 1, "D3", consent="1")
    found = confirm_typing(registry, 1, "D3", {"A_1": "02:07"})
    assert found.before is not None
    assert found.after is not None
    assert [(one["best"], one["worst"], one["grades"]["A"]) for one in (found.before, found.after)] == [
        (2, 1, "PA"), (1, 1, "LA"),
    ]  # fmt: skip
    (case,) = repeat(registry).cases
    assert [(str(one.change), one.donor_id) for one in case.changes] == [("gone", "D2"), ("changed", "D3")]


def test_probabilities_that_came_or_went_are_said() -> None:
    known = {"best": 2, "worst": 2, "grades": {"A": "AA"}, "p": (0.5, 0.25)}
    unknown = {**known, "p": None}
    assert list(_settled(unknown, known)) == ["P0: n/a -> 50%", "P1: n/a -> 25%"]
    assert list(_settled(known, unknown)) == ["P0: 50% -> n/a", "P1: 25% -> n/a"]
    assert not list(_settled(known, known))


def test_a_patient_who_cannot_be_read_opens_no_case(registry: Path) -> None:
    with pytest.raises(TypingError):
        open_case(registry, [PATIENT, Patient(typings={"A": ("99:99", "")})], CRITERIA)
    assert len(registry_io.list_cases(registry)) == 1


def test_the_commands_refuse_what_no_case_keeps(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("D1\n", encoding="utf-8")
    for given in (["--at", "1"], ["--without-donors", str(tmp_path / "ids.txt")], ["--patients", "x.csv"]):
        done = CliRunner().invoke(group, ["case", "open", str(registry), "--hla", "A*02:01", *given])
        assert isinstance(done.exception, CriteriaError), given
    (tmp_path / "p.csv").write_text("patient_id,A_1,A_2,sex\nP1,02:01,,maybe\nP2,02:01,,F\n", encoding="utf-8")
    file = ["case", "open", str(registry), "--patients", str(tmp_path / "p.csv"), "--scope", "A"]
    for given in (["--patient-cmv", "P"], ["--patient-id", "X"], ["--as-of", "2026-01-01"]):
        done = CliRunner().invoke(group, [*file, *given])
        assert isinstance(done.exception, CriteriaError), given
        assert done.exception.code == ErrorCode.CRITERIA_CONFLICT
    assert len(registry_io.list_cases(registry)) == 1
    done = CliRunner().invoke(group, file)
    assert done.exit_code == 0, done
    assert "row 2: sex: bad_attribute: sex is not one of" in done.stderr
    assert len(registry_io.list_cases(registry)) == 3
    done = CliRunner().invoke(group, ["case", "check", str(registry), "1", "D1"])
    assert isinstance(done.exception, CriteriaError)


def test_ages_are_those_of_the_day(registry: Path) -> None:
    open_case(registry, PATIENT, CRITERIA.model_copy(update={"max_age": 35}), frequencies="none")
    day = datetime.date.today()
    repeat(registry, today=day)
    later = repeat(registry, today=day.replace(year=day.year + 5, day=1))
    (gone,) = [one for one in later.cases[1].changes if one.donor_id == "D3"]
    assert (str(gone.change), gone.reason) == ("gone", "another age since then")


def test_a_sheet_has_no_more_of_a_list_than_the_list(registry: Path) -> None:
    open_case(registry, PATIENT, CRITERIA.model_copy(update={"limit": 1}), frequencies="none")
    repeat(registry)
    assert [case_sheet(registry, case, first=2).height for case in (1, 2)] == [2, 1]
    with pytest.raises(CriteriaError):
        case_sheet(registry, 1, first=-1)


def test_a_case_whose_patient_can_be_read_no_more_says_so(registry: Path) -> None:
    unreadable = Patient(patient_id="HOSPITAL-18", typings={"A": ("99:99", "")})
    open_cases(registry, [CaseRequest(patient=unreadable, criteria=CRITERIA, frequencies="none")])
    with pytest.raises(TypingError):
        search_case(registry, 2)
    assert isinstance(CliRunner().invoke(group, ["case", "search", str(registry), "2"]).exception, TypingError)
    assert [bool(one.error) for one in repeat(registry).cases] == [False, True]


def test_frequencies_of_a_file_are_found_from_any_folder(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set.csv").write_text("haplotype,frequency\nA*02:01,0.5\nA*24:02,0.5\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    open_case(registry, PATIENT, CRITERIA, frequencies="set.csv")
    monkeypatch.chdir(registry)
    assert [one.error for one in repeat(registry).cases] == ["", ""]


def test_a_typing_is_recorded_where_nothing_can_be_compared(registry: Path, tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    file.write_text("haplotype,frequency\nA*02:01,0.5\nA*24:02,0.5\n", encoding="utf-8")
    open_case(registry, PATIENT, CRITERIA, frequencies=str(file))
    registry_io.ask_donor(registry, 2, "D3", consent="1")
    file.unlink()
    notices: list[Notice] = []
    found = confirm_typing(registry, 2, "D3", {"A_1": "02:07"}, on_notice=notices.append)
    assert (found.before, found.after, found.change.transaction) == (None, None, 3)
    assert ["what the typing settled is not known" in one.text for one in notices] == [True]
    assert registry_io.show_donor(registry, "D3").person["A_1"] == "02:07"


def test_cases_whose_policies_set_other_scopes_share_no_frequencies(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry's own are looked at for the loci in scope."""
    keys = [{"feature": "mismatches"}, {"feature": "donor_id"}]
    policy = RankingPolicy.from_dict({"name": "of A", "keys": keys, "filters": {"scope": "A"}})
    for one in (policy, "plain"):
        open_case(registry, PATIENT, SearchCriteria(max_mismatches=1), policy=one)
    looked: list[tuple[str, ...]] = []

    def look(*given: Any, **named: Any) -> OwnFrequencies:
        looked.append(given[2].loci)
        return real(*given, **named)

    real = OwnFrequencies.look
    monkeypatch.setattr(OwnFrequencies, "look", look)
    repeat(registry)
    assert looked == [("A",), SearchCriteria().loci]


def test_a_case_that_is_closed_while_all_are_searched_is_left_out_and_said(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hla_match.services import repeat as module

    open_case(registry, PATIENT, CRITERIA, frequencies="none")

    def late(*given: Any, **named: Any) -> list[int]:
        registry_io.close_case(registry, 2)
        return record_runs(*given, **named)

    monkeypatch.setattr(module, "record_runs", late)
    out, lists = tmp_path / "changes.csv", tmp_path / "lists.csv"
    report = repeat(registry, full=True, out=out, lists=lists)
    assert [(one.number, one.error) for one in report.cases] == [(1, ""), (2, "the case was closed meanwhile")]
    assert [str(one.step) for one in registry_io.show_case(registry, 2).steps] == ["open", "close"]
    assert len(registry_io.show_case(registry, 1).steps) == 3
    assert pl.read_csv(out).filter(pl.col("case") == 2)["change"].to_list() == ["not searched"]
    assert pl.read_csv(lists)["case"].unique().to_list() == [1]
    monkeypatch.setattr(module, "record_runs", record_runs)
    with pytest.raises(RegistryError, match="closed"):
        search_case(registry, 2)


@pytest.mark.parametrize(("named", "error"), [("missing.csv", FileError), ("own@99", RegistryError)])
def test_a_case_of_frequencies_that_are_not_there_is_not_opened(
    registry: Path, named: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=named.removeprefix("own@")):
        open_case(registry, PATIENT, CRITERIA, frequencies=named)
    assert len(registry_io.list_cases(registry)) == 1
