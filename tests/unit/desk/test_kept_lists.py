"""Lists that are kept: one for equal searches, those of old versions told of, and rows that are made once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import registry_io
from hla_match.desk.app import desk_app
from hla_match.desk.rendered_rows import RenderedRows
from hla_match.desk.state import MOST_VERSIONS, Desk
from hla_match.language import speaking
from tests.unit.desk.conftest import BASE, DONORS, PATIENT, PORT, TOKEN, Browser


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


@pytest.fixture
def own_desk(registry: Path) -> Iterator[Desk]:
    faults: list[BaseException] = []
    yield Desk(registry, on_fault=faults.append)
    assert not faults


@pytest.fixture
def own(own_desk: Desk) -> Iterator[Browser]:
    def on_fault(error: BaseException) -> None:
        raise error

    app = desk_app(own_desk, port=PORT, token=TOKEN, on_fault=on_fault)
    with Browser(app, base_url=BASE) as browser:
        browser.get(f"/enter?token={TOKEN}")
        yield browser


def n_logged(registry: Path) -> int:
    return len((registry / "searches.jsonl").read_text(encoding="utf-8").splitlines())


def test_equal_searches_lead_to_one_list_and_are_logged_each(own: Browser, own_desk: Desk, registry: Path) -> None:
    address = own.list_of()
    before = n_logged(registry)
    assert own.list_of() == address
    assert n_logged(registry) == before + 1
    others = {own.list_of(**{name: value}) for name, value in OTHERWISE.items()}
    assert len(others | {address}) == len(OTHERWISE) + 1
    assert len(own_desk.lists) == len(OTHERWISE) + 1


OTHERWISE = {
    "typing": PATIENT.replace("40:01", "40:02"),
    "patient_id": "P2",
    "patient_sex": "F",
    "loci": "A",
    "max_mismatches": "0",
    "limit": "100",
    "policy": "plain",
    "frequencies": "none",
    "statuses": "TU",
    "min_age": "20",
}


def test_a_list_of_a_case_is_shared_with_no_other_search(own: Browser) -> None:
    address = own.list_of(frequencies="none")
    own.send_form(f"{address}/case")
    assert own.list_of(frequencies="none") != address


def test_an_equal_search_that_cannot_be_logged_says_so(own: Browser, registry: Path) -> None:
    address = own.list_of()
    (registry / "searches.jsonl").unlink()
    (registry / "searches.jsonl").mkdir()
    found = own.get(own.list_of())
    assert found.url.path != address
    assert "not in the registry" in found.text


def test_a_list_of_an_older_version_says_so_and_is_searched_anew(own: Browser, registry: Path) -> None:
    address = own.list_of(max_mismatches="0", patient_id="P7")
    assert "has changed since" not in own.get(address).text
    registry_io.add_donor(registry, "E2", {"A": "02:01,11:01", "B": "40:01,46:01"})
    old = own.get(address)
    assert "The registry has changed since this search" in old.text
    assert "E2" not in old.text
    assert f'action="{address}/again"' in old.text
    new = own.send_form(f"{address}/again")
    assert new.url.path.startswith("/list/")
    assert new.url.path != address
    assert "E2" in new.text
    assert "P7" in new.text
    assert "has changed since" not in new.text
    assert own.send_form("/list/never/again").status_code == 404


def test_lists_of_few_versions_are_kept(own: Browser, own_desk: Desk, registry: Path) -> None:
    addresses = []
    for n in range(MOST_VERSIONS + 1):
        registry_io.add_donor(registry, f"E{n}", {"A": "02:01,11:01"})
        addresses.append([own.list_of(), own.list_of(limit="100")])
    gone = [own.get(address).status_code for pair in addresses for address in pair]
    assert gone == [404, 404] + [200, 200] * MOST_VERSIONS
    assert len({id(one.version) for one in own_desk.lists.values()}) == MOST_VERSIONS


def test_rows_that_are_kept_are_those_that_are_made(own: Browser, own_desk: Desk) -> None:
    key = own.list_of(max_mismatches="2").rpartition("/")[2]
    listed = own_desk.lists.get(key)
    assert listed is not None
    kept, n = RenderedRows(), len(listed.found)
    pages = [np.arange(n), np.arange(n)[1:], np.arange(n)[::2], np.arange(0)]
    for _ in range(2):
        for code in ("en", "zh"):
            for has_typings in (False, True):
                for shown in pages:
                    for asked in ({"with_reasons": True}, {"with_reasons": False}):
                        with speaking(code):
                            given = {"has_typings": has_typings, **asked}
                            found = kept.of(key, listed.found, shown, **given)
                            assert found == RenderedRows(0).of(key, listed.found, shown, **given)
                            assert found.count("<tbody>") == shown.size
    backwards = kept.of(key, listed.found, np.arange(n)[::-1], has_typings=False, with_reasons=False)
    forwards = kept.of(key, listed.found, np.arange(n), has_typings=False, with_reasons=False)
    assert backwards.split("<tbody>")[1:] == forwards.split("<tbody>")[:0:-1]
    assert "before the next by" not in forwards
    assert (
        kept.of(key, listed.found, np.arange(n), has_typings=False, with_reasons=True).count("before the next") == n - 1
    )


def test_rows_that_are_kept_stay_few(own: Browser, own_desk: Desk) -> None:
    key = own.list_of(max_mismatches="2").rpartition("/")[2]
    listed = own_desk.lists.get(key)
    assert listed is not None
    whole = RenderedRows()
    text = whole.of(key, listed.found, np.arange(3), has_typings=True, with_reasons=False)
    assert whole.n_characters == len(text)
    few = RenderedRows(len(text) - 1)
    assert few.of(key, listed.found, np.arange(3), has_typings=True, with_reasons=False) == text
    assert 0 < few.n_characters < len(text)


def test_no_page_shows_a_donor_who_was_erased(own: Browser, registry: Path) -> None:
    listed = own.list_of(frequencies="none", max_mismatches="2")
    case = own.send_form(f"{listed}/case").url.path
    changes = own.send_form(f"{case}/search").url.path
    report = own.send_form(f"{listed}/report", ending=".html").url.path
    record, other = (own.send_form("/donor", donor=one).url.path for one in ("D1", "D2"))
    pages = (
        listed,
        f"{listed}/donor/0",
        f"{listed}/compare?donor=0&donor=1",
        f"{listed}/about",
        f"{listed}/next",
        f"{listed}/export.csv",
        f"/?changed={listed.rpartition('/')[2]}",
        changes,
        f"{changes}/export.csv",
        report,
        record,
        case,
        "/registry",
    )
    assert sum("D1" in own.get(one).text for one in pages) == 6
    registry_io.update_donor(registry, "D2", {"city": "温州"})
    assert "D1" in own.get(listed).text
    registry_io.erase_donors(registry, ["D1"])
    for one in pages:
        found = own.get(one)
        assert found.status_code in (200, 404), one
        assert not re.search(r"\bD1\b", found.text), one
    assert own.get(listed).status_code == 404
    assert own.send_form(f"{listed}/find", donor="D1").status_code == 404
    assert own.send_form(f"{listed}/report", ending=".html").status_code == 404
    assert own.get(other).status_code == 200
    # The valid version is without the person, and stays after a file that changes nothing of it.
    new = own.list_of(frequencies="none", max_mismatches="2")
    assert own.get(new).status_code == 200
    registry_io.close_case(registry, 1)
    assert own.get(own.send_form("/cases/repeat").url.path).status_code == 200
    registry_io.add_donor(registry, "E3", {"A": "02:01,11:01", "B": "40:01,46:01"})
    assert "has changed since" in own.get(new).text


def test_a_list_outlives_the_erasure_of_who_has_no_record(own: Browser, registry: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("donor_id,A_1,A_2\nE4,02:01,11:01\nE5,99:98,\n", encoding="utf-8")
    registry_io.import_donors(registry, tmp_path / "more.csv", update=True)
    listed = own.list_of(frequencies="none")
    registry_io.erase_donors(registry, ["E5"])
    assert own.get(listed).status_code == 200


def test_every_page_of_a_list_says_that_the_registry_has_changed(own: Browser, registry: Path) -> None:
    listed = own.list_of(frequencies="none", max_mismatches="2")
    pages = [f"{listed}{rest}" for rest in ("", "/donor/0", "/compare?donor=0&donor=1", "/about", "/next")]
    assert not any("has changed since" in own.get(one).text for one in pages)
    registry_io.withdraw_donor(registry, "D1")
    assert all("The registry has changed since this search" in own.get(one).text for one in pages)
