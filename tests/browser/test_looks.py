"""What pages look like in both languages: nothing keeps somebody out, runs out of the window or has no glyph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.browser.desk_in_browser import HOSTILE, NOBODY, RARE, SET, patient_typing
from tests.browser.sent_forms import send

pytestmark = pytest.mark.exhaustive  # three minutes: every page, in both languages, at three widths
WIDTHS = (1440, 1024, 390)
SERIOUS = ("serious", "critical")
TYPING = patient_typing(3)
LISTS: Mapping[str, Mapping[str, str]] = {
    "list-many": {"typing": TYPING, "max_mismatches": "6", "limit": "2000", "frequencies": SET},
    "list-one": {"typing": RARE, "max_mismatches": "0", "frequencies": SET},
    "list-empty": {"typing": NOBODY, "max_mismatches": "0", "frequencies": SET},
    "list-hostile": {"typing": TYPING, "max_mismatches": "6", "patient_id": HOSTILE, "frequencies": "none"},
}
"""The forms of searches, by what is shown then."""

SENT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "search-wrong": ("/search", {"typing": TYPING.replace("A*", "A*99:", 1), "min_age": "x"}),
    "search-faults": ("/search", {"typing": f"{TYPING}\nA*02:01\nQ*01:01\n{'?' * 300}"}),
    "record": ("/donor", {"donor": HOSTILE}),
    "record-long": ("/donor", {"donor": "LONG" * 12}),
    "record-none": ("/donor", {"donor": "nobody"}),
}
"""Forms that are sent, by what is shown then."""


def pages_of(key: str) -> dict[str, str]:
    """Return by name the addresses of the pages that a list leads to."""
    below = {"typings": "?typings=on", "nobody-left": "?min_age=119", "about": "/about", "next": "/next"}
    below["compare"] = "/compare?donor=0&donor=1&donor=2"
    return {name: f"{key}{path}" for name, path in below.items()}


def case_pages(page: Any, base: str, open_list: Callable[[Any], None]) -> Iterator[tuple[str, str]]:
    """Open a case from a list, ask donors of every kind, and yield by name the addresses of its pages."""
    open_list(page)
    page.locator("form[action$='/case'] button").click()
    page.wait_for_url("**/cases/*")
    address = str(page.url)
    path = address.removeprefix(base)
    yield "changes", send(page, base, f"{path}/search", {})
    for donor in (HOSTILE, "LONG" * 12, "ONE"):
        told = send(page, base, f"{path}/ask", {"donor": donor, "consent": HOSTILE, "actor": HOSTILE})
    send(page, base, f"{path}/decline", {"donor": "ONE", "reason": HOSTILE})
    yield "case-told", told
    yield "case", address
    yield "cases", f"{base}/cases?all=on"


@pytest.fixture(scope="module")
def shown(pages: dict[str, Any], watched: Any) -> dict[str, Callable[[Any], None]]:
    """Return by name of a page what opens it."""
    page, base = pages["en"], watched.base
    found: dict[str, Callable[[Any], None]] = {}

    def add(name: str, address: str) -> None:
        found[name] = lambda one: one.goto(address)

    for name in ("/", "/registry", "/results", "/nowhere"):
        add(name, f"{base}{name}")
    for name, fields in LISTS.items():
        add(name, send(page, base, "/search", fields))
        if name == "list-many":
            for part, address in pages_of(page.url).items():
                add(part, address)
            add("donor", page.locator("table.donors tbody th a").first.evaluate("one => one.href"))
        elif name == "list-empty":
            add("kept-out", page.locator("#list li a").first.evaluate("one => one.href"))
    for name, address in case_pages(page, base, found["list-hostile"]):
        add(name, address)
    for name, (path, fields) in SENT.items():
        found[name] = lambda one, path=path, fields=fields: send(one, base, path, fields)
    return found


NAMES = [
    "/", "/registry", "/results", "/nowhere", *LISTS, *pages_of(""), "donor", "kept-out",
    "cases", "case", "case-told", "changes", *SENT,
]  # fmt: skip


@pytest.fixture(params=("en", "zh"))
def page(request: pytest.FixtureRequest, pages: dict[str, Any]) -> Any:
    return pages[request.param]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_keeps_nobody_out_and_nothing_runs_out_of_it(page: Any, shown: Mapping[str, Any], name: str) -> None:
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    shown[name](page)
    for one in page.locator("details").all():
        one.evaluate("one => one.open = true")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(_OUTSIDE) == [], width
    assert list(violations(page)) == []
    assert page.evaluate(_WITHOUT_GLYPH) == ""


@pytest.mark.parametrize("name", NAMES)
def test_paper_has_every_column(page: Any, shown: Mapping[str, Any], name: str) -> None:
    page.emulate_media(media="print")
    try:
        page.set_viewport_size({"width": PAPER, "height": 700})
        shown[name](page)
        assert page.evaluate(_OFF_PAPER) == []
        if name in ("list-many", "list-one", "list-hostile", "typings"):
            assert page.locator(".donors thead th:visible").count() == page.locator(".donors thead th").count() - 1
            assert page.locator("details.patient table").is_visible()
        assert page.locator("footer").is_visible()
    finally:
        page.emulate_media(media="screen")


PAPER = 1031
"""Pixels of CSS across a sheet of A4 that lies, within margins of 12 mm (273 mm, of 96 pixels an inch)."""


def violations(page: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield what of a page axe-core takes for serious, with the first places."""
    from axe_playwright_python.sync_playwright import Axe

    for one in Axe().run(page).response["violations"]:
        if one["impact"] in SERIOUS:
            yield one["id"], [f"{node['html'][:200]}: {node['failureSummary'][:300]}" for node in one["nodes"][:3]]


_OUTSIDE = """() => {
    const wide = document.documentElement, found = [];
    if (wide.scrollWidth > wide.clientWidth) found.push(`the page: ${wide.scrollWidth} of ${wide.clientWidth}`);
    for (const one of document.querySelectorAll('body *')) {
        if (one.closest('.scroll, .hidden, .skip, svg') && !one.matches('.scroll')) continue;
        const at = one.getBoundingClientRect();
        if (at.width && (at.right > wide.clientWidth + 1 || at.left < -1)) found.push(one.outerHTML.slice(0, 120));
    }
    return found.slice(0, 3);
}"""
"""What of a page lies outside of the window; wide tables can be moved in their own frame."""

_OFF_PAPER = """() => {
    const found = [], wide = document.documentElement.clientWidth;
    for (const one of document.querySelectorAll('body *')) {
        if (one.closest('.hidden, .skip, svg')) continue;
        const at = one.getBoundingClientRect();
        if (at.width && (at.right > wide + 1 || at.left < -1)) found.push(one.outerHTML.slice(0, 120));
        // What a cell holds lies in it, not over the next one.
        const is_over = one.matches('td, th') && one.scrollWidth > one.clientWidth + 1;
        if (is_over) found.push('cut: ' + one.outerHTML.slice(0, 120));
    }
    return found.slice(0, 3);
}"""
"""What of a page lies beside the paper; no frame can be moved there."""

_WITHOUT_GLYPH = """() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 32;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    const drawn = (text, font) => {
        context.clearRect(0, 0, 32, 32);
        context.font = font;
        context.fillText(text, 4, 24);
        return context.getImageData(0, 0, 32, 32).data.join();
    };
    const font = `20px ${getComputedStyle(document.body).fontFamily}`;
    // A sign that no font has is drawn as all signs are of which there is no glyph.
    const none = drawn('\\u{0378}', font), blank = drawn(' ', font);
    if (none === blank) return 'nothing is drawn where there is no glyph';
    const drawings = [...document.querySelectorAll('svg text')].map(one => one.textContent);
    const signs = new Set(document.body.innerText + drawings.join(''));
    return [...signs].filter(one => one.trim() && drawn(one, font) === none).join(' ');
}"""
"""The signs of a page that no installed font draws."""


def test_what_has_no_glyph_is_found(pages: dict[str, Any], watched: Any) -> None:
    page = pages["en"]
    page.goto(f"{watched.base}/")
    page.evaluate("document.querySelector('h1').textContent += '\\u{0379}\\u{530}'")
    assert set(page.evaluate(_WITHOUT_GLYPH).split()) == {"\u0379", "\u0530"}


def test_what_keeps_somebody_out_is_found(pages: dict[str, Any], watched: Any) -> None:
    page = pages["en"]
    page.goto(f"{watched.base}/")
    page.evaluate("document.querySelector('label[for=typing]').remove(); document.documentElement.lang = ''")
    page.evaluate("document.querySelector('p.hint').style.color = '#bbbbbb'")
    assert {name for name, _ in violations(page)} >= {"html-has-lang", "color-contrast"}


def test_what_runs_out_of_a_page_is_found(pages: dict[str, Any], watched: Any) -> None:
    page = pages["en"]
    page.goto(f"{watched.base}/")
    page.evaluate("document.querySelector('h1').style.width = '3000px'")
    assert any("the page" in one for one in page.evaluate(_OUTSIDE))


def test_the_hostile_name_is_text(pages: dict[str, Any], shown: Mapping[str, Any], registry: Path) -> None:
    page = pages["en"]
    shown["record"](page)
    assert HOSTILE in page.locator("h1").inner_text()
    assert page.locator("main img").count() == 0
