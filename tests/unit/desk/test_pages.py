"""The pages, in both languages: what stands on them, and that filters, order and files are of the same donors."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest
from starlette.testclient import TestClient

import registry_io
from hla_match.auditing.resolution import LEVELS
from hla_match.desk.app import desk_app
from hla_match.desk.donor_routes import ACTIONS
from hla_match.desk.list_query import HEADINGS, SORTS
from hla_match.desk.list_routes import NEXT_HEADINGS
from hla_match.desk.result_file import ResultFile
from hla_match.desk.state import Desk
from hla_match.desk.typing_text import read_text
from hla_match.errors import RegistryError
from hla_match.reporting.grade_tiles import TILES
from hla_match.reporting.level_words import LEVEL_WORDS
from tests.unit.desk.conftest import BASE, HOSTILE, ORIGIN, PATIENT, PORT, TOKEN

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def donors_of(text: str) -> list[str]:
    """The donors of a list, in the order of the page."""
    return re.findall(r'<th scope="row"><a href="/list/[^"]+">([^<]+)</a>', text)


def test_a_typing_with_an_error_shows_it_at_its_locus(browser) -> None:
    found = browser.send_form("/typing", typing="A*02:01+A*99:99^B*40:01+B*46:01")
    row = re.search(r'<tr class="wrong">.*?</tr>', found.text, re.DOTALL)
    assert row is not None
    assert '<th scope="row">A</th>' in row[0]
    assert "cannot be read" in row[0]
    assert found.text.count('<tr class="wrong">') == 1


@pytest.mark.parametrize(
    "text",
    [
        PATIENT,
        "A2 A11 B60 B46",
        "A*02:01,A*11:01\nB*40:01 B*46:01",
        "A 02:01, 11:01\nB: 40:01 46:01",
        "A*02:01+A*11:01^\nB*40:01+B*46:01",
        "A_1,A_2,B_1,B_2\n02:01,11:01,40:01,46:01",
        "HLA-A1\tHLA-A2\tHLA-B1\tHLA-B2\n02:01\t11:01\t40:01\t46:01",
    ],
)
def test_a_typing_is_read_in_every_form(browser, text: str) -> None:
    found = browser.send_form("/search", typing=text, loci="A,B")
    assert found.url.path.startswith("/list/"), found.text
    assert "D1" in donors_of(found.text)


@pytest.mark.parametrize(
    "text", ["", "   \n ", "A*02:01\nA*11:01\nA*24:02", "Q*01:01", "A*02:01+A*11:01^B*", "?" * 5000]
)
def test_a_typing_that_cannot_be_read_is_not_searched_for(browser, text: str) -> None:
    found = browser.send_form("/search", typing=text)
    assert found.status_code == 422
    assert 'role="alert"' in found.text
    assert found.url.path == "/search"


def test_htmx_is_given_the_part_alone(browser) -> None:
    part = browser.post(
        "/typing", data={"typing": PATIENT}, headers={"HX-Request": "true", "Origin": "http://127.0.0.1:8000"}
    )
    assert part.text.lstrip().startswith("<table")
    address = browser.list_of()
    part = browser.get(f"{address}?sex=F", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'class="donors"' in part.text
    assert part.headers["hx-replace-url"] == f"{address}?sex=F"
    back = browser.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


@pytest.mark.parametrize(
    ("query", "donors"),
    [
        ("", ["D1", "x", "D2", "D3"]),
        ("sex=F", ["x", "D2"]),
        ("cmv=unknown", ["D3"]),
        ("cmv=N", ["D1"]),
        ("abo=O", ["D1"]),
        ("city=杭州", ["D1"]),
        ("city=unknown", ["D3"]),
        ("min_age=30", ["D1", "D2"]),
        ("max_age=30", ["D3"]),
        ("mismatch=A", ["D3"]),
        ("mismatch=none", ["D1", "x", "D2"]),
        ("status=TU", []),
        ("sort=age", ["D3", "D1", "D2", "x"]),
        ("sort=age&order=reversed", ["D2", "D1", "D3", "x"]),
        ("sort=donor&order=reversed", ["D3", "D2", "D1", "x"]),
        ("p0=99&page=7", ["D1", "x"]),
        ("order=reversed", ["D3", "D2", "x", "D1"]),
    ],
)
def test_filters_and_orders(browser, query: str, donors: list[str]) -> None:
    text = browser.get(f"{browser.list_of(frequencies='shares')}?{query}").text
    assert [donor if donor[0] == "D" else "x" for donor in donors_of(text)] == donors


@pytest.mark.parametrize(
    "query", ["sort=why", "min_age=x", "p0=200", "mismatch=Q", "page=-1", "min_age=9999", "p1=nan"]
)
def test_a_filter_that_cannot_be_is_refused(browser, query: str) -> None:
    found = browser.get(f"{browser.list_of()}?{query}")
    assert found.status_code == 422
    assert "expected" in found.text


def test_files_hold_the_donors_who_are_left(browser) -> None:
    address = browser.list_of(frequencies="shares")
    csv = pl.read_csv(browser.get(f"{address}/export.csv?sex=F").content)
    assert csv["donor_id"].to_list()[-1] == "D2"
    assert csv["rank"].to_list() == [2, 3]
    filtered = io.BytesIO(browser.get(f"{address}/export.xlsx?sex=F&min_age=1").content)
    about = pl.read_excel(filtered, sheet_name="about")["text"].to_list()
    assert any("by conditions on sex, age; ranks are those of the whole list" in text for text in about)
    book = pl.read_excel(io.BytesIO(browser.get(f"{address}/export.xlsx").content), sheet_name="donors")
    assert book["donor_id"].to_list()[0] == "D1"
    assert book.height == 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_of_a_list_is_a_page_by_itself(browsers, language: str) -> None:
    browser = browsers(language=language)
    address = browser.list_of(frequencies="shares", patient_id=HOSTILE)
    found = browser.send_form(f"{address}/report", ending=".html")
    assert found.url.path.startswith("/report/")
    assert found.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert found.text.lower().startswith("<!doctype html>")
    assert "<script" not in found.text
    assert "D1" in found.text
    assert ('lang="zh' in found.text) == (language == "zh")
    for ending in (".xlsx", ".exe", "", ".html.html"):
        assert browser.send_form(f"{address}/report", ending=ending).status_code == 404
    assert browser.get("/report/x").status_code == 404
    assert browser.send_form("/list/x/report", ending=".html").status_code == 404


def test_no_cell_of_a_file_is_a_formula(browser) -> None:
    csv = browser.get(f"{browser.list_of(patient_id='=1+1')}/export.csv").text
    assert "'=1+1" in csv


def test_a_donor_is_explained_with_the_history(browser) -> None:
    address = browser.list_of()
    found = browser.send_form(f"{address}/find", donor="D2")
    assert "of 4 donors" in found.text
    assert "added" in found.text
    assert "transaction 1" in found.text


def test_a_record_that_cannot_be_opened_is_told(browser, monkeypatch: pytest.MonkeyPatch) -> None:
    address = browser.list_of()

    def refuse(folder, donor_id):
        raise RegistryError("registry", found="a key that opens it not", expected="the key of the record")

    monkeypatch.setattr("hla_match.desk.donor_routes.donor_history", refuse)
    found = browser.send_form(f"{address}/find", donor="D2")
    assert "of 4 donors" in found.text
    assert "a key that opens it not" in found.text


def test_it_is_told_why_a_donor_is_not_in_the_list(browser) -> None:
    address = browser.list_of()
    for donor, told in (("D4", "available"), ("D5", "mismatch")):
        found = browser.send_form(f"{address}/find", donor=donor)
        assert "What keeps the donor out of the list" in found.text
        assert "Let in by" in found.text or "Nothing that can be asked for" in found.text
        assert told in found.text
    assert browser.send_form(f"{address}/find", donor="nobody").status_code == 404


def test_donors_stand_side_by_side(browser) -> None:
    address = browser.list_of(frequencies="shares")
    text = browser.get(f"{address}/compare?donor=2&donor=0").text
    assert "D1 stands before D2" in text
    assert 'class="differs"' in text
    assert browser.get(f"{address}/compare?donor=0&donor=1&donor=2").status_code == 200
    for query in ("", "donor=0", "donor=0&donor=0", "donor=0&donor=99", "donor=0&donor=x", "&".join(["donor=1"] * 4)):
        assert browser.get(f"{address}/compare?{query}").status_code == 422, query


def test_next_steps_and_what_a_list_rests_on(browser) -> None:
    address = browser.list_of(frequencies="shares")
    text = browser.get(f"{address}/next?wanted=1&certainty=80").text
    assert "to type" in text
    assert "Ask" in text
    assert browser.get(f"{address}/next?first=1000").status_code == 422
    assert browser.get(f"{browser.list_of(frequencies='none')}/next").status_code == 422
    assert "loci that count" in browser.get(f"{address}/about").text


def test_an_empty_list_says_who_comes_nearest(browser) -> None:
    found = browser.send_form("/search", typing="A*01:01+A*01:01^B*08:01+B*08:01", loci="A,B", max_mismatches="0")
    assert "No donor meets the criteria" in found.text
    assert "Nearest to the criteria" in found.text
    assert not donors_of(found.text)


def test_a_search_stands_in_the_log_of_the_registry(browser, folder) -> None:
    before = len(list((folder / "registry" / "searches.jsonl").read_text(encoding="utf-8").splitlines()))
    browser.list_of()
    lines = (folder / "registry" / "searches.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == before + 1
    assert '"command": "search"' in lines[-1]
    assert "02:01" not in lines[-1]


def test_only_sets_and_orders_of_known_names_are_opened(browser, folder) -> None:
    for field in ("frequencies", "policy"):
        found = browser.send_form("/search", typing=PATIENT, **{field: str(folder / "shares.csv")})
        assert found.status_code == 422
        assert f"{field}: found" in found.text


def test_a_search_can_be_changed(browser) -> None:
    address = browser.list_of(max_mismatches="2", patient_id="P7")
    text = browser.get(f"/?changed={address.rpartition('/')[2]}").text
    assert PATIENT in text
    assert 'value="P7"' in text
    assert "<option selected>2</option>" in text


def test_the_overview_counts_everybody(browser) -> None:
    text = browser.get("/registry").text
    assert "<b>6</b> donors" in text
    assert text.count("<svg") >= 5


def test_the_results_of_a_night_run(browser) -> None:
    assert ">P1</a>" in browser.get("/results").text
    text = browser.get("/results/0").text
    assert "D1" in text
    assert PATIENT.split("+")[0] in text
    assert browser.get("/results/1").status_code == 404


def test_results_are_refused_that_are_none(folder, tmp_path) -> None:
    from hla_match.desk.result_file import ResultFile
    from hla_match.errors import FileError

    for name, content in (
        ("a.csv", b"x,y\n1,2\n"),
        ("a.parquet", b"PAR1"),
        ("a.xlsx", b""),
        ("b.csv", b"\xff\xfe\x00"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError) as told:
            ResultFile.open(tmp_path / name)
        assert "D1" not in str(told.value)
    with pytest.raises(FileError):
        ResultFile.open(tmp_path / "none.csv")


@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9"])
def test_every_page_speaks_the_language_of_the_browser(browsers, language: str) -> None:
    browser, is_chinese = browsers(language=language), language.startswith("zh")
    address = browser.list_of(frequencies="shares")
    find = browser.send_form(f"{address}/find", donor="D2").url.path
    record = browser.send_form("/donor", donor="D1").url.path
    paths = ["/", address, find, record, "/registry", "/results", "/results/0", "/nowhere", "/work/x"]
    paths += [f"{address}/{name}" for name in ("about", "next", "compare?donor=0&donor=1")]
    for path in paths:
        text = browser.get(path).text
        heading = re.search(r"<h1>(.*?)</h1>", text)
        assert heading is not None, path
        assert f'<html lang="{"zh-Hans" if is_chinese else "en"}">' in text
        title = re.sub(r"D[0-9]|P1|patient", "", heading[1])
        assert bool(CHINESE.search(title)) == is_chinese, path


def test_a_reader_chooses_the_language(browser) -> None:
    assert CHINESE.search(browser.get("/?lang=zh").text.partition("<h1>")[2][:40])
    assert 'lang="zh-Hans"' in browser.get("/registry").text
    assert '<html lang="en">' in browser.get("/registry?lang=en").text
    assert '<html lang="en">' in browser.get("/?lang=xx").text


def test_fields_and_regions_have_names(browser) -> None:
    address = browser.list_of(frequencies="shares")
    for path in ("/", address, f"{address}/next"):
        text = browser.get(path).text
        labelled = set(re.findall(r'<label for="([^"]+)"', text))
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
            if 'type="hidden"' in field or 'type="checkbox"' in field:
                continue
            name = re.search(r'id="([^"]+)"', field)
            assert name is not None, field
            assert name[1] in labelled, field
        identifiers = re.findall(r'\bid="([^"]+)"', text)
        assert len(identifiers) == len(set(identifiers)), path
        assert 'href="#main"' in text


def test_words_are_those_of_the_tables_they_stand_for() -> None:
    from typing import get_args

    from registry_io.store.journal.transactions import Action

    assert set(ACTIONS) == set(get_args(Action))
    assert LEVEL_WORDS == LEVELS
    assert HEADINGS.keys() == SORTS.keys()
    assert list(NEXT_HEADINGS) == ["rank", "donor", "match", "type", "cost", "gain", "tells", "avail", "so far"]


def test_the_style_has_every_tile(browser) -> None:
    style = browser.get("/static/parts.css").text
    assert all(tile.fill in style for tile in TILES.values())


def test_a_newer_version_of_the_registry_is_searched(browsers, tmp_path, faults) -> None:
    from starlette.testclient import TestClient

    from hla_match.desk.app import desk_app
    from hla_match.desk.state import Desk
    from tests.unit.desk.conftest import BASE, ORIGIN, PORT, TOKEN

    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nE1,02:01,11:01\n", encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    desk = Desk(tmp_path / "registry", on_fault=faults.append)
    app = desk_app(desk, port=PORT, token=TOKEN, on_fault=faults.append)
    with TestClient(app, base_url=BASE) as browser:
        browser.get(f"/enter?token={TOKEN}")
        form = {"typing": "A*02:01+A*11:01", "loci": "A"}
        assert donors_of(browser.post("/search", data=form, headers=ORIGIN).text) == ["E1"]
        registry_io.add_donor(tmp_path / "registry", "E2", {"A": "02:01,11:01"})
        assert donors_of(browser.post("/search", data=form, headers=ORIGIN).text) == ["E1", "E2"]
        found = browser.post("/donor", data={"donor": "E2"}, headers=ORIGIN)
        assert "added" in found.text
    assert HOSTILE not in found.text


def test_a_probability_that_is_not_known_meets_no_filter(browser) -> None:
    address = browser.list_of(frequencies="none")
    assert donors_of(browser.get(address).text)
    for query in ("p0=1", "p1=1"):
        assert not donors_of(browser.get(f"{address}?{query}").text)


CITIES = ("unknown", "=unknown", "=", "Hang\u200bzhou", " 杭州", "温\u3000州", "<b>&amp;\"'", "none", "台\u202e州")


def test_every_city_can_be_filtered_by(tmp_path, faults) -> None:
    cities = [*CITIES, ""]
    frame = pl.DataFrame(
        {"donor_id": [f"C{n}" for n in range(len(cities))], "city": cities, "A_1": "02:01", "A_2": "11:01"}
    )
    frame.write_parquet(tmp_path / "donors.parquet")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.parquet", "builtin")
    desk = Desk(tmp_path / "registry", on_fault=faults.append)
    kept = dict(desk.registries.registry.attributes.select("donor_id", "city").iter_rows())
    with browser_of(desk, faults) as browser:
        form = {"typing": "A*02:01+A*11:01", "loci": "A", "frequencies": "none"}
        found = browser.post("/search", data=form, headers=ORIGIN)
        block = found.text.partition('name="city">')[2].partition("</select>")[0]
        offered = [html.unescape(one) for one in re.findall(r'<option value="([^"]+)"', block)]
        assert len(offered) == len(set(kept.values()))
        left = {}
        for value in offered:
            answer = browser.get(found.url.path, params={"city": value})
            left[value] = donors_of(answer.text)
            chosen = re.findall(r'<option value="([^"]+)" selected>', answer.text)
            assert list(map(html.unescape, chosen)) == [value]
    assert sorted(map(sorted, left.values())) == sorted(
        sorted(donor for donor, city in kept.items() if city == one) for one in set(kept.values())
    )
    assert not faults


def test_a_value_that_no_page_writes_is_refused(browser) -> None:
    address = browser.list_of()
    for value in ("=\\x", "=\\N{", "=杭州"):
        found = browser.get(address, params={"city": value})
        assert found.status_code == 422
        assert "city: found" in found.text


def test_wide_figures_are_figures(browser) -> None:
    address = browser.list_of()
    asked = {"min_age": "30", "p1": "0.1%"}
    wide = {name: "".join(chr(ord(one) + WIDE) for one in value) for name, value in asked.items()}
    assert donors_of(browser.get(address, params=wide).text) == donors_of(browser.get(address, params=asked).text)


WIDE = 0xFF10 - ord("0")
"""From a character to the wide one of the same meaning (Unicode, block Halfwidth and Fullwidth Forms)."""


def test_the_loci_that_count_are_those_of_the_order(browser) -> None:
    typing = f"{PATIENT}^DRB1*09:01+DRB1*15:01"
    told = {}
    for policy, scope in (("", ""), ("cord", ""), ("cord", "8/8"), ("", "8/8")):
        text = browser.send_form("/typing", typing=typing, policy=policy, scope=scope).text
        told[policy, scope] = re.findall(r'<tr class="missing"><th scope="row">(\w+)', text)
    assert told == {("", ""): ["C", "DQB1"], ("cord", ""): [], ("cord", "8/8"): ["C"], ("", "8/8"): ["C"]}


@pytest.mark.parametrize("text", [f"A{' ' * 50_000}*", f"A{' ' * 50_000}:*", f"A :{' ' * 50_000}*"])
def test_blanks_take_no_time(desk, text: str) -> None:
    # By the square of their number it would be half a minute, in which the desk answers nobody.
    started = time.perf_counter()
    assert not read_text(text, desk.registries.registry).is_readable
    assert time.perf_counter() - started < 10


def test_an_allele_without_a_name_is_a_mismatch(tmp_path, faults) -> None:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nE1,02:01,11:01\nE2,02:01,NEW\n", encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    with browser_of(Desk(tmp_path / "registry", on_fault=faults.append), faults) as browser:
        form = {"typing": "A*02:01+A*11:01", "loci": "A", "frequencies": "none"}
        address = browser.post("/search", data=form, headers=ORIGIN).url.path
        for query, donors in (("mismatch=A", ["E2"]), ("mismatch=none", ["E1"])):
            assert donors_of(browser.get(f"{address}?{query}").text) == donors
    assert not faults


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_results_with_empty_cells_are_shown(folder, tmp_path, faults, ending: str) -> None:
    rows = [{"patient_id": None, "rank": 1, "donor_id": "D1", "patient_typing": PATIENT, "A_grade": 1, "p0": 0.5}]
    rows += [{**rows[0], "patient_id": "P2", "patient_typing": None, "A_grade": None, "p0": None}]
    rows += [{**rows[0], "patient_id": "P3", "donor_id": None}]
    frame = pl.DataFrame(rows)
    place = tmp_path / f"results.{ending}"
    frame.write_csv(place) if ending == "csv" else frame.write_parquet(place)
    opened = Desk(folder / "registry", on_fault=faults.append, results=ResultFile.open(place))
    with browser_of(opened, faults) as browser:
        for path in ("/results", "/results/0", "/results/1", "/results/2"):
            found = browser.get(path)
            assert found.status_code == 200, path
            assert "None" not in found.text
    assert not faults


@contextmanager
def browser_of(desk: Desk, faults: list[BaseException]) -> Iterator[TestClient]:
    """Open a desk of its own."""
    app = desk_app(desk, port=PORT, token=TOKEN, on_fault=faults.append)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as browser:
        browser.get(f"/enter?token={TOKEN}")
        yield browser


def test_results_are_read_as_far_as_they_are_shown(folder, tmp_path, monkeypatch) -> None:
    """Rows of a Parquet file stay in it; packed text unpacks within its budget."""
    import gzip

    import polars as pl

    from hla_match.errors import BudgetError, FileError

    table = pl.read_csv(folder / "results.csv", infer_schema=False)
    table.write_parquet(tmp_path / "results[1].parquet")
    opened = ResultFile.open(tmp_path / "results[1].parquet")
    assert (opened.n_rows, opened.patients["patient_id"].to_list()) == (table.height, ["P1"])
    assert opened.of_patient(0).height == table.height
    (tmp_path / "results[1].parquet").write_bytes(b"")
    with pytest.raises(FileError, match="changed since"):
        opened.of_patient(0)
    monkeypatch.setenv("HLA_MATCH_BUDGETS", "unpacked_mb=1,ratio=1")
    (tmp_path / "results.csv.gz").write_bytes(gzip.compress(b"patient_id,rank,donor_id\n" + b"P1,1,D1\n" * 200_000))
    with pytest.raises(BudgetError):
        ResultFile.open(tmp_path / "results.csv.gz")
