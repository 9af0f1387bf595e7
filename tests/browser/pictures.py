"""The pictures of the desk that README and the documentation show, taken anew by `python -m tests.browser.pictures`.

A made-up registry is opened in the installed Chromium, in English and Chinese, in a window of 1440 pixels; what is
shown are synthetic persons. Ages are those of the day that the pictures are taken on.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from PIL import Image

from tests.browser.desk_in_browser import SET, Watched, chromium, desk_process, made_registry

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
WIDTH, HEIGHT = 1440, 900
COLOURS = 128
"""Colours of a picture; more make it larger and no clearer."""

PATIENT = "A*02:07+A*33:03^B*46:01+B*58:01^C*01:02+C*03:02^DRB1*03:01+DRB1*09:01^DQB1*02:01+DQB1*03:03"
"""A typing of two common haplotypes."""


def pictures(page: Any, base: str) -> Iterator[str]:
    """Go through the desk, and yield the name of a picture where one is to be taken."""
    page.goto(f"{base}/")
    page.fill("#typing", PATIENT.replace("DRB1*09:01", "DRB1*09:99"))
    page.locator("#understood tr.wrong").wait_for()
    yield "desk-search"
    page.fill("#typing", PATIENT)
    page.select_option("#frequencies", SET)
    page.locator("#understood tr.wrong").wait_for(state="detached")
    page.locator("details summary").first.click()
    page.fill("#patient_id", "H-2031")
    page.click("button.main")
    page.wait_for_url("**/list/**")
    address = page.url
    yield "desk-list"
    page.goto(f"{address}/compare?donor=0&donor=2")
    yield "desk-compare"
    donors = page.locator("table.compare thead a").all_inner_texts()
    page.goto(address)
    page.locator("form[action$='/case'] button").click()
    page.wait_for_url("**/cases/*")
    case = page.url
    page.locator("form[action$='/search'] button").click()
    page.wait_for_url("**/changes/**")
    page.goto(case)
    for donor in donors:
        form = page.locator("form.step[action$='/ask']").last
        form.locator("[name=donor]").fill(donor)
        form.locator("[name=consent]").fill("2026-1")
        form.locator("[name=actor]").fill("coordinator")
        with page.expect_navigation():
            form.locator("button").click()
    yield "desk-case"


def take(page: Any, path: Path) -> None:
    """Take a picture of what the window shows."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


@click.command()
@click.option("--donors", default=8_000, show_default=True, help="Size of the registry.")
@click.option("--out", default=FOLDER, type=click.Path(path_type=Path), help="Folder of the pictures.")
def main(donors: int, out: Path) -> None:
    """Take the pictures of the desk."""
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        registry = made_registry(Path(place), n_donors=donors, odd=False, name="zhejiang")
        with desk_process(registry) as address:
            watched = Watched(address.partition("/enter")[0])
            for code, locale in LANGUAGES.items():
                page = watched.page(browser.new_context(locale=locale, viewport={"width": WIDTH, "height": HEIGHT}))
                page.goto(address)
                for name in pictures(page, watched.base):
                    take(page, out / f"{name}.{code}.png")
    for fault in watched.faults:
        raise click.ClickException(fault)


if __name__ == "__main__":
    main()
