"""Who may ask the desk anything, and what stands in every answer."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from hla_match.desk.guard import HEADERS, MOST_BYTES
from tests.unit.desk.conftest import BASE, HOSTILE, ORIGIN, PATIENT, TOKEN, TURNED

PAGES = ("/", "/registry", "/results", "/list/x", "/static/desk.css", "/donor/x", "/work/x", "/nowhere")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_without_the_token(browsers, path: str) -> None:
    found = browsers(entered=False).get(path)
    assert found.status_code == 403
    assert "printed" in found.text


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", f"{TOKEN}&token={TOKEN}", "%ff", "杭州"])
def test_a_wrong_token_opens_nothing(browsers, given: str) -> None:
    stranger = browsers(entered=False)
    found = stranger.get(f"/enter?token={given}")
    assert found.status_code == 403
    assert "set-cookie" not in found.headers
    assert stranger.get("/").status_code == 403


def test_the_token_becomes_a_cookie_and_leaves_the_address(browsers) -> None:
    stranger = browsers(entered=False)
    found = stranger.get(f"/enter?token={TOKEN}", follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, "/")
    cookie = found.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in stranger.get("/").text


def test_the_cookie_of_another_desk_opens_nothing(browsers) -> None:
    stranger = browsers(entered=False)
    stranger.cookies.set("hla-match-desk-8000", "x" * 43)
    assert stranger.get("/").status_code == 403


def test_cookies_of_other_programs_do_not_lock_the_reader_out(browser) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert browser.get("/", headers={"Cookie": f'a={{"x": [1, 2]}}; "b; ={cookies[:3]}; {cookies}'}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost:80", "127.0.0.1:8000@x", ""]
)
def test_another_host_is_refused(browser, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 403


def test_the_desk_answers_to_both_of_its_names(browsers) -> None:
    assert browsers(url="http://localhost:8000").get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://localhost:8000"},
        {},
        ORIGIN | {"Sec-Fetch-Site": "cross-site"},
        ORIGIN | {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/search", "/typing", "/donor", "/list/x/find", "/work/x/cancel"])
def test_a_form_of_another_origin_is_refused(browser, path: str, headers: dict[str, str]) -> None:
    assert browser.post(path, data={"typing": PATIENT}, headers=headers).status_code == 403


def test_a_page_of_another_site_reads_nothing(browser) -> None:
    assert browser.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/", headers={"Sec-Fetch-Site": "none"}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(browser, method: str) -> None:
    assert browser.request(method, "/", headers=ORIGIN).status_code == 405


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_sealed(browser, path: str) -> None:
    found = browser.get(path)
    for name, value in HEADERS.items():
        assert found.headers[name] == value
    assert found.headers["cache-control"] == ("private, max-age=3600" if path.startswith("/static") else "no-store")
    assert "server" not in found.headers
    policy = found.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_nothing_describes_the_routes(browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_large_body_is_refused(browser) -> None:
    text = b"typing=" + b"A" * MOST_BYTES
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.post("/typing", content=text, headers=ORIGIN | form).status_code == 413
    # Without its length it is found out while it is read.
    parts = (b"typing=" if not part else b"A" * 65536 for part in range(20))
    assert browser.post("/typing", content=parts, headers=ORIGIN | form).status_code == 413
    assert browser.post("/typing", content=b"", headers=ORIGIN | form | {"Content-Length": "-1"}).status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"typing=%ff%fe", "application/x-www-form-urlencoded"),
        ("typing=杭".encode(), "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(500)), "application/x-www-form-urlencoded"),
        (b'{"typing": "A*02:01"}', "application/json"),
        (b"typing=A", "multipart/form-data; boundary=x"),
        (b"typing=A", "text/plain"),
    ],
)
def test_what_is_no_form_is_refused(browser, content: bytes, kind: str) -> None:
    found = browser.post("/search", content=content, headers=ORIGIN | {"Content-Type": kind})
    assert found.status_code == 400
    assert "cannot be read" in found.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static/desk.css/",
        "/static/%2fetc%2fpasswd", "/static/desk.css%00.html", "/static/", "/list/../../etc/passwd",
        "/results/../registry.csv", "/results/-1", "/results/999999999999999999999", "/list/x/export.py",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(browser, path: str) -> None:
    found = browser.get(path)
    assert found.status_code in (404, 422), path
    assert "root:" not in found.text
    assert "import" not in found.text


def test_hostile_names_are_texts_in_every_field_and_page(browser) -> None:
    address = browser.list_of(patient_id=TURNED, frequencies="shares")
    assert "compare &lt;script&gt;" in browser.get(address).text
    pages = [
        browser.get(address),
        browser.get(f"{address}?typings=on&sort=city"),
        browser.get("/registry"),
        browser.send_form(f"{address}/find", donor=HOSTILE),
        browser.send_form("/donor", donor=HOSTILE),
        browser.send_form("/typing", typing=TURNED),
        browser.send_form("/search", typing=TURNED, patient_id=TURNED, loci=TURNED, policy=TURNED),
        browser.send_form("/search", typing=PATIENT, patient_id=HOSTILE, patient_sex=HOSTILE, limit=HOSTILE),
        browser.get("/results/0"),
        browser.get(f"{address}?city={quote(TURNED)}"),
        browser.get(f"{address}?sort={quote(TURNED)}"),
        browser.get(f"{address}?mismatch={quote(TURNED)}"),
        browser.get(f"/?changed={quote(TURNED)}&lang={quote(TURNED)}"),
        browser.get(f"{address}/next?available={quote(TURNED)}"),
    ]
    for found in pages:
        assert "<script>alert" not in found.text, found.url
        assert "\u202e" not in found.text, found.url
        assert "<b>D3</b>" not in found.text


def test_no_page_has_a_script_or_a_style_of_its_own(browser) -> None:
    address = browser.list_of(frequencies="shares")
    places = browser.get(address).text
    assert 'src="/static/htmx.min.js"' in places
    for path in (
        "/",
        address,
        f"{address}?typings=on",
        f"{address}/about",
        f"{address}/next",
        "/registry",
        "/results/0",
    ):
        text = browser.get(path).text
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert not re.search(r' on[a-z]+="|hx-on|javascript:', text), path
        assert text.count("<script") == 1, path
        assert "://" not in text.replace("http://www.w3.org/2000/svg", ""), path


def test_htmx_can_evaluate_nothing_and_keeps_no_page(browser) -> None:
    text = browser.get("/").text
    for setting in (
        '"allowEval":false',
        '"includeIndicatorStyles":false',
        '"historyCacheSize":0',
        '"selfRequestsOnly":true',
    ):
        assert setting in text


def test_addresses_name_no_donor_and_no_typing(browser) -> None:
    address = browser.list_of()
    for found in (browser.send_form(f"{address}/find", donor=HOSTILE), browser.send_form("/donor", donor=HOSTILE)):
        assert found.status_code == 200
        # Keys are of letters, digits and two signs.
        assert re.fullmatch(rf"{BASE}(/list/[\w-]+)?/donor/[\w-]+", str(found.url))
        assert "alert" not in str(found.url)


@pytest.mark.parametrize("path", ["//evil.example/", "/%2Fevil.example/", "/%5Cevil.example", "/%09/evil.example"])
def test_no_link_leads_to_another_machine(browser, path: str) -> None:
    text = browser.get(f"{BASE}{path}").text
    link = re.search(r'<span class="languages">\s*<a href="([^"]*)"', text)
    assert link is not None
    assert re.match(r"/[^/\\\t]", link[1])
