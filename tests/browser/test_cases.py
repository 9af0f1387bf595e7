"""A patient from the request to the collected donor, by the pages alone, in both languages."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator
from typing import Any

import pytest

import registry_io
from tests.browser.desk_in_browser import HOSTILE, SET, donor_typing

TYPING = donor_typing()
WORDS = {
    "en": {
        "open": "Open a case for this patient",
        "search": "Search all donors, and record it",
        "list": "Show the donors as a list",
        "collected": "collected",
        "declined": "declined",
        "settled": "It settled nothing|matches:",
        "repeat": "Repeat the searches of all open cases",
        "new": "new",
        "closed": "closed",
        "refused": "a donor without a medical check",
    },
    "zh": {
        "open": "为该患者建立病例",
        "search": "检索全部供者并登记",
        "list": "以列表显示供者",
        "collected": "已采集",
        "declined": "拒绝",
        "settled": "没有新的结论|相合：",
        "repeat": "重新检索所有未结案的病例",
        "new": "新增",
        "closed": "结案",
        "refused": "体检",
    },
}


@pytest.fixture(params=("en", "zh"))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(page: Any, base: str, words: dict[str, str], patient: str) -> str:
    """Search for a patient, open a case from the list, and return the address of the case."""
    page.goto(f"{base}/")
    page.fill("#typing", TYPING)
    page.select_option("#frequencies", SET)
    page.select_option("#max_mismatches", "4")
    page.locator("details summary").first.click()
    page.fill("#patient_id", patient)
    page.click("button.main")
    page.wait_for_url("**/list/**")
    page.click(f"text={words['open']}")
    page.wait_for_url("**/cases/*")
    assert page.locator("h1").inner_text().endswith(patient)
    return str(page.url)


def send(page: Any, step: str, place: int = 1, **fields: str) -> None:
    """Fill the form of a step, and send it."""
    summary = page.locator(f"section.donor:nth-of-type({place}) details.step:has(form[action$='/{step}'])")
    if not summary.evaluate("one => one.open"):
        summary.locator("summary").click()
    form = summary.locator("form")
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        kind = field.evaluate("one => one.tagName + (one.type || '')")
        if kind.startswith("SELECT"):
            field.select_option(value)
        elif "checkbox" in kind:
            field.check()
        else:
            field.fill(value)
    with page.expect_navigation():
        form.locator("button").click()
    page.locator("h1").wait_for()


def ask(page: Any, donor: str) -> None:
    form = page.locator("form.step[action$='/ask']").last
    form.locator("[name=donor]").fill(donor)
    form.locator("[name=consent]").fill("2026-1")
    with page.expect_navigation():
        form.locator("button").click()


def stages(page: Any) -> list[str]:
    return list(page.locator("section.donor p.place").all_inner_texts())


def names_of(registry: Any) -> Iterator[str]:
    with (registry.parent / "donors.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["status"] == "AV":
                yield row["donor_id"]


def test_a_patient_from_the_request_to_the_collection(
    pages: dict[str, Any], watched: Any, registry: Any, language: str
) -> None:
    page, words = pages[language], WORDS[language]
    case = opened(page, watched.base, words, f"H-{language}")
    donor, other = list(names_of(registry))[-5:-3] if language == "en" else list(names_of(registry))[-7:-5]
    page.click(f"text={words['search']}")
    page.wait_for_url("**/changes/**")
    page.goto(case)
    ask(page, donor)
    ask(page, other)
    assert donor in page.locator("section.donor h3").first.inner_text()
    send(page, "decline", 2, reason="abroad")
    assert words["declined"] in stages(page)[1]
    given = registry_io.show_donor(registry, donor).person
    send(
        page, "typing", typing=f"A*{given['A_1']}+A*{given.get('A_2') or given['A_1']}", actor="li", reason="report 17"
    )
    told = page.locator(".notes").inner_text()
    assert any(one in told for one in words["settled"].split("|"))
    send(page, "check", passed="yes")
    until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
    send(page, "reserve", until=until, set_status="on")
    assert until in stages(page)[0]
    assert registry_io.show_donor(registry, donor).person["status"] == "RS"
    send(page, "collect", set_status="on")
    assert words["collected"] in stages(page)[0]
    assert registry_io.show_donor(registry, donor).person["status"] == "TU"
    close = page.locator("details.step:has(form[action$='/close'])")
    close.locator("summary").click()
    with page.expect_navigation():
        close.locator("button").click()
    assert words["closed"] in page.locator("main > p.place").inner_text()
    assert page.locator("main form").count() == 0
    found = registry_io.list_cases(registry)[-1]
    assert [str(one.step) for one in found.steps] == [
        "open", "search", "ask", "ask", "decline", "typing", "check", "reserve", "collect", "close",
    ]  # fmt: skip
    assert [one.actor for one in found.steps if one.step == "typing"] == ["li"]
    assert donor not in page.url


def test_repeating_tells_of_a_donor_who_came(pages: dict[str, Any], watched: Any, registry: Any, language: str) -> None:
    page, words = pages[language], WORDS[language]
    case = opened(page, watched.base, words, HOSTILE)
    page.click(f"text={words['search']}")
    page.wait_for_url("**/changes/**")
    name = f"CAME-{language}"
    registry_io.add_donor(registry, name, {"gl_string": TYPING, "status": "AV"})
    page.goto(f"{watched.base}/cases")
    page.click(f"text={words['repeat']}")
    page.wait_for_url("**/changes/**")
    row = page.locator("tr.change-new", has_text=name).first
    assert words["new"] in row.inner_text()
    # From the case to its list, to the donor, who is asked there.
    page.goto(case)
    page.click(f"text={words['list']}")
    page.wait_for_url("**/list/**")
    page.fill("#find", name)
    page.press("#find", "Enter")
    page.wait_for_url("**/donor/**")
    page.fill("#consent", "2026-1")
    with page.expect_navigation():
        page.locator("form[action$='/ask'] button").click()
    assert page.url.startswith(case)
    assert name in page.locator("section.donor h3").inner_text()


def test_a_step_that_may_not_come_next_is_refused_beside_the_form(
    pages: dict[str, Any], watched: Any, language: str
) -> None:
    page = pages[language]
    case = opened(page, watched.base, WORDS[language], "H-refused")
    ask(page, "nobody")
    assert page.locator("p.error").count() == 1
    assert page.locator("#ask-donor").input_value() == "nobody"
    assert page.url.startswith(case)
    assert page.locator("section.donor").count() == 0
