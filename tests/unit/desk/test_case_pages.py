"""The pages of the case book: what is written is what was asked for, and what may not come next is refused."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import registry_io
from hla_match.cases.list_changes import ListChange, matches
from hla_match.cases.steps import Step
from hla_match.choice.policies import POLICIES
from hla_match.desk.app import desk_app
from hla_match.desk.case_routes import _HEADINGS, _RECORDED
from hla_match.desk.case_words import CHANGE_WORDS, DONOR_STEPS, settled_words
from hla_match.desk.changed_search import Further
from hla_match.desk.forms import SearchForm
from hla_match.desk.state import Desk
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.services.cases import open_case
from hla_match.services.repeat_report import COLUMNS
from hla_match.services.searched_registry import SearchRequest
from tests.unit.desk.conftest import BASE, DONORS, HOSTILE, ORIGIN, PATIENT, PORT, TOKEN, Browser

TODAY = datetime.date.today()
LATER = (TODAY + datetime.timedelta(days=9)).isoformat()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


@pytest.fixture
def own(registry: Path) -> Iterator[Browser]:
    """Return a browser of a desk whose registry the test changes."""
    faults: list[BaseException] = []
    app = desk_app(Desk(registry, on_fault=faults.append), port=PORT, token=TOKEN, on_fault=faults.append)
    with Browser(app, base_url=BASE, raise_server_exceptions=False) as browser:
        assert browser.get(f"/enter?token={TOKEN}").status_code == 200
        yield browser
    assert not faults


def donors_of(text: str) -> list[str]:
    """Return the donors of a page of a list, in their order."""
    return re.findall(r'<th scope="row"><a href="/list/[^"]+">([^<]+)</a>', text)


def opened(browser: Browser, **fields: object) -> str:
    """Open a case from a list, and return its address."""
    found = browser.send_form(f"{browser.list_of(frequencies='none', **fields)}/case")
    assert re.fullmatch(r"/cases/[0-9]+", found.url.path), found.text
    return found.url.path


def test_a_case_keeps_what_its_list_was_asked_for_with(own: Browser, registry: Path) -> None:
    address = own.list_of(frequencies="none", patient_id="H7", max_mismatches="2", min_age="20", policy="plain")
    case = own.send_form(f"{address}/case")
    assert "H7" in case.text
    (found,) = registry_io.list_cases(registry)
    assert found.request.patient.patient_id == "H7"
    assert found.request.criteria.loci == ("A", "B")
    assert (found.request.criteria.max_mismatches, found.request.criteria.min_age) == (2, 20)
    assert found.request.criteria.as_of is None
    assert found.request.frequencies == "none"
    # The list knows its case from then on, and opens no second one.
    text = own.get(address).text
    assert 'href="/cases/1"' in text
    assert f'action="{address}/case"' not in text


def test_steps_are_recorded_with_who_and_when(own: Browser, registry: Path) -> None:
    case = opened(own)
    before = TODAY.isoformat()
    own.send_form(f"{case}/ask", donor="D2", consent="3", actor="li", day=before, reason="first")
    told = own.send_form(f"{case}/typing", donor="D2", typing="A*02:01+A*11:01", actor="chen")
    assert "matches: 2-4 → 3-4" in told.text, told.text
    assert registry_io.show_donor(registry, "D2").person["A_1"] == "02:01"
    own.send_form(f"{case}/check", donor="D2", passed="yes")
    told = own.send_form(f"{case}/reserve", donor="D2", until=LATER, set_status="on")
    assert "status in the registry" in told.text
    assert f"reserved until {LATER}" in told.text
    own.send_form(f"{case}/collect", donor="D2")
    closed = own.send_form(f"{case}/close", reason="done")
    assert "closed" in closed.text
    assert "<form" not in closed.text.partition("<main")[2].partition("</main")[0]
    (found,) = registry_io.list_cases(registry)
    steps = [(str(one.step), one.actor in ("li", "chen")) for one in found.steps]
    assert [step for step, _ in steps] == ["open", "ask", "typing", "check", "reserve", "collect", "close"]
    assert [named for _, named in steps][1:3] == [True, True]
    assert registry_io.show_donor(registry, "D2").person["status"] == "RS"


def test_of_each_donor_the_forms_of_what_may_come_next_are_shown(own: Browser) -> None:
    case = opened(own)

    def steps() -> set[str]:
        return set(re.findall(rf'action="{case}/([a-z]+)"', own.get(case).text))

    assert steps() == {"list", "search", "ask", "close"}
    own.send_form(f"{case}/ask", donor="D1", consent="1")
    assert steps() == {"list", "search", "ask", "close", "typing", "decline", "reserve"}
    own.send_form(f"{case}/typing", donor="D1", typing="A*02:01+A*11:01")
    assert "check" in steps()
    own.send_form(f"{case}/check", donor="D1", passed="no")
    assert not steps() & {"reserve", "collect"}
    own.send_form(f"{case}/decline", donor="D1", reason="ill")
    assert "typing" not in steps()


@pytest.mark.parametrize(
    ("step", "fields", "told"),
    [
        ("ask", {"donor": "D1"}, "consent"),
        ("ask", {"donor": "", "consent": "1"}, "a donor"),
        ("ask", {"donor": "nobody", "consent": "1"}, "no donor of this identifier or code"),
        ("ask", {"donor": "D1", "consent": "1", "day": "2999-01-01"}, "a day up to today"),
        ("ask", {"donor": "D1", "consent": "1", "day": "yesterday"}, "a date as 2026-01-31"),
        ("decline", {"donor": "D2"}, "why the donor declined"),
        ("decline", {"donor": "D1", "reason": "x"}, "was not asked"),
        ("check", {"donor": "D2", "passed": "perhaps"}, "passed, or failed"),
        ("check", {"donor": "D2", "passed": "yes"}, "confirmatory typing"),
        ("reserve", {"donor": "D2"}, "the last day of the reservation"),
        ("reserve", {"donor": "D2", "until": "2001-01-01"}, "ends before it begins"),
        ("collect", {"donor": "D2"}, "medical check"),
        ("typing", {"donor": "D2", "typing": ""}, "a typing that can be read"),
        ("typing", {"donor": "D2", "typing": "A*02:01+A*99:99"}, "a typing that can be read"),
        ("typing", {"donor": "D2", "typing": "A*"}, "a typing that can be read"),
        ("typing", {"donor": "D1", "typing": "A*02:01+A*11:01"}, "was not asked"),
    ],
)
def test_what_may_not_be_is_refused_beside_the_form(
    own: Browser, registry: Path, step: str, fields: dict[str, str], told: str
) -> None:
    case = opened(own)
    own.send_form(f"{case}/ask", donor="D2", consent="1")
    before = registry_io.show_case(registry, 1)
    found = own.send_form(f"{case}/{step}", **fields)
    assert found.status_code == 422
    assert 'role="alert"' in found.text
    assert told in found.text
    assert registry_io.show_case(registry, 1) == before


@pytest.mark.parametrize("path", ["/cases/9", "/cases/0", "/cases/-1", "/cases/x", "/cases/1/open", "/changes/x"])
def test_what_is_not_there_is_said(own: Browser, path: str) -> None:
    opened(own)
    found = own.get(path) if path != "/cases/1/open" else own.send_form(path)
    assert found.status_code in (400, 404, 405, 422)
    assert "<h1>" in found.text


def test_a_number_beyond_all_bounds_is_no_case(own: Browser) -> None:
    assert own.get(f"/cases/{'9' * 400}").status_code in (404, 422)


@pytest.mark.parametrize(
    "path", ["/cases/repeat", "/cases/1/ask", "/cases/1/typing", "/cases/1/search", "/list/x/case"]
)
def test_a_form_of_another_origin_writes_nothing(own: Browser, registry: Path, path: str) -> None:
    opened(own)
    before = registry_io.list_cases(registry)
    fields = {"donor": "D1", "consent": "1", "typing": PATIENT}
    for headers in ({}, {"Origin": "http://evil.example"}, ORIGIN | {"Sec-Fetch-Site": "cross-site"}):
        assert own.post(path, data=fields, headers=headers).status_code == 403
        assert own.get(path).status_code in (404, 405, 422)
    assert registry_io.list_cases(registry) == before


def test_repeating_says_who_is_new_changed_and_gone(own: Browser, registry: Path) -> None:
    case = opened(own)
    searched = own.send_form(f"{case}/search")
    assert searched.url.path.startswith("/changes/")
    registry_io.add_donor(registry, "NEW1", {"A_1": "02:01", "A_2": "11:01", "B_1": "40:01", "B_2": "46:01"})
    registry_io.withdraw_donor(registry, "D1")
    registry_io.update_donor(registry, "D2", {"A_1": "02:01"})
    text = own.send_form("/cases/repeat").text
    for change, donor in (("new", "NEW1"), ("gone", "D1"), ("changed", "D2")):
        assert re.search(rf'<tr class="change-{change}">.*{donor}</th>', text), change
    assert "left the registry" in text
    assert own.send_form("/cases/repeat").text.count('<tr class="change-') == 0


def test_the_donors_of_a_case_are_a_list_from_which_they_are_asked(own: Browser, registry: Path) -> None:
    case = opened(own, max_mismatches="2")
    listed = own.send_form(f"{case}/list")
    assert listed.url.path.startswith("/list/")
    found = own.send_form(f"{listed.url.path}/find", donor="D1")
    assert f'action="{case}/ask"' in found.text
    own.send_form(f"{case}/ask", donor="D1", consent="1")
    assert [one.donor_id for one in registry_io.show_case(registry, 1).donors] == ["D1"]


def test_the_lists_of_an_erased_case_are_shown_no_longer(own: Browser, registry: Path) -> None:
    listed = own.list_of(frequencies="none")
    case = own.send_form(f"{listed}/case").url.path
    other = own.list_of(frequencies="none", typing="A*02:01+A*02:01", loci="A")
    own.send_form(f"{other}/case")
    again = own.send_form(f"{case}/list").url.path
    report = own.send_form(f"{again}/report", ending=".html").url.path
    assert report.startswith("/report/")
    assert {own.get(one).status_code for one in (listed, again, other, report)} == {200}
    registry_io.erase_case(registry, 1)
    key = listed.rpartition("/")[2]
    for path in (listed, again, f"{listed}/export.csv", f"{again}/about", f"{listed}/donor/0", report, case):
        assert own.get(path).status_code in (404, 422), path
    assert PATIENT not in own.get(f"/?changed={key}").text
    assert own.send_form(f"{listed}/report", ending=".html").status_code == 404
    assert own.get(other).status_code == 200


def test_hostile_names_are_text(own: Browser) -> None:
    case = opened(own, patient_id=HOSTILE)
    own.send_form(f"{case}/ask", donor=HOSTILE, consent=HOSTILE, actor=HOSTILE, reason=HOSTILE)
    own.send_form(f"{case}/decline", donor=HOSTILE, reason=HOSTILE, actor=HOSTILE)
    refused = own.send_form(f"{case}/ask", donor=f"{HOSTILE}x", consent=HOSTILE)
    for text in (own.get(case).text, own.get("/cases").text, refused.text, own.send_form(f"{case}/search").text):
        assert "<script>alert" not in text
        assert "'D9'" not in text
    assert "&lt;script&gt;" in own.get(case).text


def test_the_notes_of_a_step_are_for_who_made_it(own: Browser) -> None:
    case = opened(own)
    found = own.send_form(f"{case}/ask", donor="D1", consent="1")
    assert "Recorded: asked" in found.text
    assert "D1" not in str(found.url)
    assert "Recorded" not in own.get(f"{case}?told=<x>").text


def test_an_erased_donor_is_named_no_more(own: Browser, registry: Path) -> None:
    case = opened(own)
    own.send_form(f"{case}/ask", donor="D1", consent="7-of-D1")
    registry_io.erase_donors(registry, ["D1"])
    text = own.get(case).text
    # Keys in addresses are any letters.
    assert not re.search(r"\bD1\b", text)
    assert "a donor whose record was erased" in text


def test_another_writer_is_told_of(own: Browser, registry: Path) -> None:
    from registry_io.store.registry_folder import writing_registry

    case = opened(own)
    with writing_registry(registry):
        found = own.send_form(f"{case}/ask", donor="D1", consent="1")
    assert found.status_code == 422
    assert 'role="alert"' in found.text
    assert not registry_io.show_case(registry, 1).donors


def test_words_are_those_of_the_tables_they_stand_for() -> None:
    assert set(CHANGE_WORDS) == set(ListChange)
    assert {*_RECORDED, Step.TYPING} == {*DONOR_STEPS, Step.ASK, Step.CLOSE}
    assert set(_HEADINGS) == {*DONOR_STEPS, Step.CLOSE}


def test_what_a_typing_settled_is_said() -> None:
    was = {"best": 4, "worst": 2, "grades": {"A": "PA", "B": "AA"}, "p": [0.5, 0.25, 0.25]}
    now = {"best": 4, "worst": 4, "grades": {"A": "AA", "B": "AA"}, "p": [1.0, 0.0, 0.0]}
    assert list(settled_words(was, now))[:2] == ["matches: 2-4 → 4", "A: PA → AA"]
    assert list(settled_words({**now, "p": None}, {**now, "p": [0.5]})) == ["probability of 0 mismatches: n/a → 50%"]
    assert len(list(settled_words(was, now))) == 5
    assert "settled nothing" in next(settled_words(was, was))
    assert list(settled_words(None, now)) == []
    assert matches(None) == ""


def test_a_form_that_is_sent_twice_opens_one_case(own: Browser, registry: Path) -> None:
    address = own.list_of(frequencies="none")
    assert {own.send_form(f"{address}/case").url.path for _ in range(2)} == {"/cases/1"}
    assert len(registry_io.list_cases(registry)) == 1


def test_the_search_of_a_case_is_changed_from_what_was_asked_for(own: Browser) -> None:
    asked = {
        "max_mismatches": "2",
        "min_age": "20",
        "sex": "F",
        "policy": "plain",
        "statuses": "TU",
        "patient_sex": "F",
    }
    case = opened(own, **asked)
    listed = own.send_form(f"{case}/list").url.path
    text = own.get(f"/?changed={listed.rpartition('/')[2]}").text
    chosen = {
        name: re.findall(r'<option(?: value="([^"]*)")? selected>([^<]*)', block)
        for name, block in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', text, re.DOTALL)
    }
    values = {name: found[0][0] or found[0][1] for name, found in chosen.items() if found}
    wanted = {"max_mismatches": "2", "sex": "F", "policy": "plain", "patient_sex": "F", "frequencies": "none"}
    assert {name: values.get(name) for name in wanted} == wanted
    assert 'name="loci" maxlength="100" value="A,B"' in text
    assert 'maxlength="3" value="20"' in text
    assert 'value="TU" checked' in text


def test_what_the_form_lacks_is_carried_into_a_changed_search(own: Browser, registry: Path) -> None:
    patient = Patient.from_gl_string("H9", PATIENT).model_copy(update={"population": "han"})
    asked = SearchCriteria(
        scope="A,B",
        max_mismatches=2,
        city=("杭州",),
        sex=("F", "M"),
        locus_limits={"A": 0},
        null_rule="strict",
        limit=300,
    )
    open_with_more(registry, Patient.model_validate(patient.model_dump(exclude_none=True)), asked)
    listed = own.send_form("/cases/1/list")
    assert donors_of(listed.text) == ["D1"]
    key = listed.url.path.rpartition("/")[2]
    text = own.get(f"/?changed={key}").text
    told = text.partition('<div class="notes">')[2].partition("</div>")[0]
    for words in (
        "city: 杭州",
        "most mismatches at a locus: A 0",
        "sex: female, male",
        "null rule: strict",
        "population",
    ):
        assert words in told, told
    assert '<option value="500" selected>' in text
    fields = {"typing": PATIENT, "loci": "A,B", "max_mismatches": "2", "frequencies": "none"}
    changed = own.send_form("/search", **fields, base=key)
    assert donors_of(changed.text) == ["D1"]
    # What was carried once is carried on, and what the form says goes before it.
    again = own.get(f"/?changed={changed.url.path.rpartition('/')[2]}").text
    assert "city: 杭州" in again
    assert donors_of(own.send_form("/search", **fields, base=key, sex="F").text) == []
    bare = own.get(f"/?changed={key}&without=on").text
    assert 'name="base"' not in bare
    assert len(donors_of(own.send_form("/search", **fields).text)) > 1


def test_a_search_whose_base_is_gone_is_not_made_without_it(own: Browser) -> None:
    found = own.send_form("/search", typing=PATIENT, loci="A,B", base="never-there")
    assert found.status_code == 422
    assert "kept no longer" in found.text
    assert 'name="base"' not in found.text


def test_an_order_that_the_form_cannot_choose_is_told(own: Browser, registry: Path) -> None:
    mine = replace(POLICIES["plain"], name="ours")
    open_with_more(registry, Patient.from_gl_string("H9", PATIENT), SearchCriteria(scope="A,B"), policy=mine)
    key = own.send_form("/cases/1/list").url.path.rpartition("/")[2]
    assert "order ours of the case" in own.get(f"/?changed={key}").text


def test_a_shipped_order_brings_nothing_further() -> None:
    for name, policy in POLICIES.items():
        asked = SearchRequest(policy=policy).checked()
        patient = Patient.from_gl_string("H9", PATIENT)
        form = SearchForm.of_request(asked, patient, PATIENT)
        assert not Further.of(asked, patient, form, ("own", "none")), name


def test_changes_are_sent_as_files(own: Browser, registry: Path) -> None:
    case = opened(own)
    own.send_form(f"{case}/search")
    registry_io.update_donor(registry, HOSTILE, {"A_1": "02:03"})
    registry_io.withdraw_donor(registry, "D1")
    page = own.send_form("/cases/repeat")
    (address,) = re.findall(r'href="(/changes/[^"]+/export.csv)"', page.text)
    sent = own.get(address)
    assert sent.headers["content-disposition"] == 'attachment; filename="changes.csv"'
    table = pl.read_csv(io.BytesIO(sent.content), infer_schema=False)
    assert table.columns == list(COLUMNS)
    assert table.height == page.text.count('<tr class="change-') > 0
    assert any(HOSTILE in one for one in table["donor_id"])
    book = pl.read_excel(io.BytesIO(own.get(address.replace("csv", "xlsx")).content), sheet_name="changes")
    assert book["donor_code"].to_list() == table["donor_code"].to_list()
    assert own.get(address.replace("csv", "txt")).status_code == 404
    assert own.get("/changes/never/export.csv").status_code == 404


def open_with_more(registry: Path, patient: Patient, criteria: SearchCriteria, **asked: object) -> None:
    """Open a case as other programs do, which ask for more than the form of the desk."""
    open_case(registry, patient, criteria, frequencies="none", actor="li", **asked)


def test_who_left_the_registry_is_told_of(own: Browser, registry: Path) -> None:
    case = opened(own)
    for donor in ("D1", "D2", "D3"):
        own.send_form(f"{case}/ask", donor=donor, consent="1")
    words = "No donor of the registry any more"
    assert words not in own.get(case).text
    registry_io.withdraw_donor(registry, "D1")
    registry_io.erase_donors(registry, ["D3"])
    text = own.get(case).text
    assert text.count(words) == 1
    assert words in text.partition("D1")[2].partition("D2")[0]
    assert own.get("/cases").text.count("no donor any more") == 1
    registry_io.reinstate_donor(registry, "D1")
    assert words not in own.get(case).text
