"""A desk of a small registry, and a browser that has opened the printed address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import registry_io
from hla_match.desk.app import desk_app
from hla_match.desk.result_file import ResultFile
from hla_match.desk.state import Desk
from registry_io.store.nomenclature_store import data_folder

PORT, TOKEN = 8000, "the-token-of-these-tests"
BASE = f"http://127.0.0.1:{PORT}"
ORIGIN = {"Origin": BASE}
PATIENT = "A*02:01+A*11:01^B*40:01+B*46:01"
HOSTILE = "<script>alert('D9')</script>\"'&"
TURNED = f"{HOSTILE}\u202e"
DONORS = f"""donor_id,sex,birth_date,cmv,abo,city,status,registered_on,A_1,A_2,B_1,B_2
D1,M,1990-01-01,N,O,杭州,AV,2015-05-01,02:01,11:01,46:01,40:01
D2,F,1980-01-01,P,A,宁波,AV,2005-05-01,02:XX,11:01,46:XX,40:01
D3,M,2000-01-01,,B,,AV,2020-05-01,02:03,11:01,46:01,40:01
D4,M,1990-01-01,N,O,杭州,TU,2015-05-01,02:01,11:01,46:01,40:01
"{HOSTILE.replace('"', '""')}",F,,P,AB,"{HOSTILE.replace('"', '""')}",AV,,02:01,11:01,46:01,40:01
D5,F,1995-01-01,P,A,温州,AV,2010-05-01,24:02,33:03,58:01,58:01
"""
FREQUENCIES = """A,B,frequency
02:01,46:01,0.5
11:01,40:01,0.3
02:03,46:01,0.1
11:01,46:02,0.05
02:07,46:02,0.05
"""
RESULTS = "patient_id,rank,donor_id,matches_best,p0,A_grade,patient_typing\n" + "".join(
    f"P1,{rank},{donor},4,0.9,A?x,{PATIENT}\n" for rank, donor in enumerate(("D1", "=D2", "<b>D3</b>"), start=1)
)


class Browser(TestClient):
    """A browser: it sends the origin of the desk with forms, and follows where it is sent."""

    def send_form(self, path: str, **fields: object):
        return self.post(path, data=fields, headers=ORIGIN)

    def list_of(self, **fields: object) -> str:
        """Search, and return the address of the list."""
        found = self.send_form("/search", **{"typing": PATIENT, "loci": "A,B", **fields})
        assert found.status_code == 200, found.text
        assert re.fullmatch(r"/list/[\w-]{20,}", found.url.path), found.text
        return found.url.path


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry's folder, which no test changes."""
    found = tmp_path_factory.mktemp("desk")
    (found / "donors.csv").write_text(DONORS, encoding="utf-8")
    (found / "shares.csv").write_text(FREQUENCIES, encoding="utf-8")
    (found / "results.csv").write_text(RESULTS, encoding="utf-8")
    registry_io.import_donors(found / "registry", found / "donors.csv", "builtin")
    registry_io.install_frequencies(found / "shares.csv", "shares", home=data_folder())
    return found


@pytest.fixture(scope="package")
def faults() -> list[BaseException]:
    """Return the faults of the program that the desk told of."""
    return []


@pytest.fixture(scope="package")
def desk(folder: Path, faults: list[BaseException]) -> Desk:
    return Desk(folder / "registry", on_fault=faults.append, results=ResultFile.open(folder / "results.csv"))


@pytest.fixture(autouse=True)
def _searches_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine kernels are compiled for longer than a browser waits before it is shown how far a search is."""
    monkeypatch.setattr("hla_match.desk.search_routes._PATIENCE", 120)


@pytest.fixture
def browsers(desk: Desk, faults: list[BaseException]) -> Iterator[Callable[..., Browser]]:
    """Make browsers; no request of them may end in a fault of the program."""
    faults.clear()
    opened: list[Browser] = []

    def browser(*, entered: bool = True, language: str = "en", url: str = BASE) -> Browser:
        app = desk_app(desk, port=PORT, token=TOKEN, on_fault=faults.append)
        found = Browser(app, base_url=url, raise_server_exceptions=False, headers={"Accept-Language": language})
        opened.append(found)
        if entered:
            assert found.get(f"/enter?token={TOKEN}").status_code == 200
        return found

    yield browser
    for one in opened:
        one.close()
    assert not faults


@pytest.fixture
def browser(browsers: Callable[..., Browser]) -> Browser:
    return browsers()
