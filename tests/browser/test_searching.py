"""A coordinator's way through the desk, from a typing with an error to a list as a file, by mouse and by keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.browser.desk_in_browser import NOBODY, SET, patient_typing

TYPING = patient_typing(3)
WRONG = TYPING.replace("A*", "A*99:", 1)


def search(page: Any, base: str, typing: str, **fields: str) -> str:
    """Search, and return the address of the list."""
    page.goto(f"{base}/")
    page.fill("#typing", typing)
    page.select_option("#frequencies", SET)
    for name, value in fields.items():
        page.select_option(f"#{name}", value)
    page.click("button.main")
    page.wait_for_url("**/list/**")
    return str(page.url)


def column(page: Any, name: str) -> list[str]:
    """Return the cells of a column of the list."""
    headings = page.locator("table.donors thead th").all_inner_texts()
    at = next(place for place, text in enumerate(headings) if text.strip(" ▲▼\n") == name)
    return [
        row.locator("> *").nth(at).inner_text().strip()
        for row in page.locator("table.donors tbody > tr:first-child").all()
    ]


def when_left(page: Any, act: Any) -> None:
    """Do something that exchanges the list, and wait for it."""
    with page.expect_response(lambda one: "/list/" in one.url):
        act()
    # The policy of the pages lets no text become a script, so that the page is asked again and again.
    while page.evaluate("document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling') !== null"):
        page.wait_for_timeout(20)


@pytest.fixture(scope="module")
def base(watched: Any) -> str:
    return str(watched.base)


@pytest.fixture
def page(pages: dict[str, Any]) -> Any:
    return pages["en"]


def test_the_token_leaves_the_address_bar(page: Any, base: str) -> None:
    assert page.url == f"{base}/"
    assert "token" not in page.evaluate("document.referrer + location.href")


def test_an_error_is_seen_at_its_locus_while_it_is_typed_and_mended(page: Any, base: str) -> None:
    page.goto(f"{base}/")
    page.fill("#typing", WRONG)
    wrong = page.locator("#understood tr.wrong")
    wrong.wait_for()
    assert wrong.count() == 1
    assert wrong.locator("th").inner_text() == "A"
    assert "cannot be read" in wrong.inner_text()
    assert wrong.locator("mark").inner_text() != ""
    page.click("button.main")
    page.locator("p.error").wait_for()
    assert page.locator("#typing").input_value() == WRONG
    page.fill("#typing", TYPING)
    wrong.wait_for(state="detached")
    assert page.locator("#understood tr").count() >= 6
    page.select_option("#max_mismatches", "6")
    page.click("button.main")
    page.wait_for_url("**/list/**")
    assert "HLA" not in page.url
    assert page.locator("table.donors tbody").count() > 5


def test_filters_and_orders_answer_at_once_and_stay_in_the_address(page: Any, base: str) -> None:
    address = search(page, base, TYPING, max_mismatches="6")
    everybody = column(page, "donor")
    when_left(page, lambda: page.select_option("#f-sex", "F"))
    assert set(column(page, "sex")) == {"female"}
    assert "sex=F" in page.url
    assert "left by the filters" in page.locator("p.count").inner_text()
    when_left(page, lambda: page.fill("#f-max_age", "45"))
    when_left(page, lambda: page.click("#sort-age"))
    ages = [int(text) for text in column(page, "age") if text]
    assert ages == sorted(ages)
    assert max(ages) <= 45
    assert page.locator("th[aria-sort]").inner_text().startswith("age")
    assert page.evaluate("document.activeElement.id") == "sort-age"
    when_left(page, lambda: page.click("#sort-age"))
    ages = [int(text) for text in column(page, "age") if text]
    assert ages == sorted(ages, reverse=True)
    # A page that is opened again shows the same; another filter keeps the order.
    page.reload()
    assert [int(text) for text in column(page, "age") if text] == ages
    when_left(page, lambda: page.fill("#f-max_age", "40"))
    ages = [int(text) for text in column(page, "age") if text]
    assert ages == sorted(ages, reverse=True)
    assert max(ages) <= 40
    page.click("text=Without filters")
    page.wait_for_url(address)
    assert column(page, "donor") == everybody


def test_donors_are_compared_explained_and_the_page_before_comes_back(page: Any, base: str) -> None:
    address = search(page, base, TYPING, max_mismatches="6")
    names = column(page, "donor")
    for place in (0, 2):
        page.locator("table.donors input[type=checkbox]").nth(place).check()
    page.click("text=Compare the chosen donors")
    page.locator("table.compare").wait_for()
    assert page.locator("table.compare thead a").all_inner_texts() == [names[0], names[2]]
    page.go_back()
    page.click(f"table.donors >> text={names[1]}")
    page.wait_for_url("**/donor/**")
    assert names[1] in page.locator("h1").inner_text()
    assert names[1] not in page.url
    assert page.locator("text=History of the record").count() == 1
    page.click("text=Back to the list")
    page.wait_for_url(address)
    for part, heading in (("next", "What to type, and how many to ask"), ("about", "What this list rests on")):
        page.click(f"p.actions >> text={heading}")
        page.wait_for_url(f"**/{part}")
        assert page.locator("h1").inner_text() == heading
        page.go_back()


def test_it_is_told_why_a_donor_is_not_in_the_list(page: Any, base: str, registry: Path) -> None:
    search(page, base, TYPING)
    given = pl.read_csv(registry.parent / "donors.csv", infer_schema=False)
    other = given.filter(pl.col("status") == "TU")["donor_id"][0]
    page.fill("#find", other)
    page.press("#find", "Enter")
    page.wait_for_url("**/donor/**")
    assert "What keeps the donor out of the list" in page.locator("main").inner_text()
    assert page.locator("ul.obstacles li").count() >= 1
    assert other not in page.url


def test_the_list_is_taken_along_as_it_is_filtered(page: Any, base: str, tmp_path: Path) -> None:
    search(page, base, TYPING, max_mismatches="6")
    when_left(page, lambda: page.select_option("#f-sex", "M"))
    n_left = int(re.findall(r"([0-9,]+) left", page.locator("p.count").inner_text())[0].replace(",", ""))
    for name in ("Excel", "CSV"):
        with page.expect_download() as waited:
            page.click(f"p.actions >> text={name}")
        path = tmp_path / waited.value.suggested_filename
        waited.value.save_as(path)
        table = pl.read_excel(path, sheet_name="donors") if name == "Excel" else pl.read_csv(path)
        assert table.height == n_left
        assert set(table["sex"]) == {"M"}


def test_the_language_changes_and_stays(page: Any, base: str) -> None:
    address = search(page, base, TYPING, max_mismatches="6")
    names = column(page, "donor")
    when_left(page, lambda: page.select_option("#f-sex", "F"))
    page.goto(address)
    page.click("header .languages a")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "供者" in page.locator("h1").inner_text()
    assert page.locator("table.donors tbody > tr:first-child > th").all_inner_texts() == names
    page.goto(f"{base}/registry")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.click("header .languages a")
    assert page.locator("html").get_attribute("lang") == "en"


def test_nobody_is_found_for_a_rare_patient(page: Any, base: str) -> None:
    search(page, base, NOBODY, max_mismatches="0")
    told = page.locator("main").inner_text()
    assert "No donor meets the criteria" in told
    assert "Nearest to the criteria" in told


def test_everything_is_reached_by_keys(page: Any, base: str) -> None:
    """From the form over the filters to a donor and back, without a mouse; where the keys are is seen."""
    page.goto(f"{base}/")
    assert page.evaluate("document.activeElement.id") == "typing"
    page.keyboard.insert_text(TYPING)
    page.locator("#understood table").wait_for()
    assert page.locator("#understood tr.wrong").count() == 0
    tab_to(page, "#max_mismatches")
    page.keyboard.press("6")
    tab_to(page, "button.main", key="Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/list/**")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    tab_to(page, "#f-sex")
    when_left(page, lambda: page.keyboard.press("f"))
    assert page.evaluate("document.activeElement.id") == "f-sex"
    tab_to(page, "#sort-age")
    when_left(page, lambda: page.keyboard.press("Enter"))
    tab_to(page, "table.donors tbody input")
    page.keyboard.press("Space")
    assert page.locator("table.donors input:checked").count() == 1
    tab_to(page, "table.donors tbody th a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/donor/**")
    tab_to(page, "p.back a")
    page.keyboard.press("Enter")
    page.locator("table.donors").wait_for()


def tab_to(page: Any, selector: str, key: str = "Tab") -> None:
    """Press the tabulator until an element has the keys; each on the way shows that it has them."""
    for _ in range(80):
        page.keyboard.press(key)
        shown = page.evaluate(
            "() => {const at = document.activeElement, style = getComputedStyle(at);"
            "return at === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2}"
        )
        assert shown, page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no key leads to {selector}")
