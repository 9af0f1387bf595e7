"""Reports as a browser lays them out: nothing is wider than its page, on screens and on paper; no glyph is missing."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.services.fonts import missing_characters

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREENS, PORTRAIT, LANDSCAPE = (1440, 1024, 390), 703, 1046
"""Pixels of screens, and of A4 between the margins of the page (186 mm, and 277 mm, at 96 pixels an inch)."""

MEASURE = """
<script>
addEventListener("load", () => {
  const told = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const root = frame.contentDocument.documentElement, wide = [];
    if (root.scrollWidth > frame.clientWidth) wide.push("the page: " + root.scrollWidth);
    const cells = "table.list th, table.list td, table.first td, .head th, .head td, .key td, li, p, h1, h2, h3";
    for (const one of frame.contentDocument.querySelectorAll(cells)) {
      if (one.closest(".scroll") && !frame.dataset.paper) continue;
      if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
        wide.push(one.tagName + ": " + one.textContent.trim().slice(0, 40));
    }
    told[frame.name] = wide;
  }
  document.body.innerHTML = "";
  document.title = JSON.stringify(told);
});
</script>
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An empty list, one donor, and many donors of the longest typings at all loci, in both languages."""
    folder = tmp_path_factory.mktemp("pages")
    alleles = [one for one in builtin_tables().loci["A"].allele if one.startswith("02:") and not one.endswith("N")][:90]
    rows = [
        {
            "donor_id": "W" * 60 if number == 3 else f"ZJ{number:07d}",
            "A_1": "/".join(alleles) if number % 9 == 0 else "02:01", "A_2": "24:XX",
            "B_1": "40:01", "B_2": "46:01", "C_1": "03:04", "C_2": "01:02", "DRB1_1": "09:01", "DRB1_2": "15:02",
            "DRB4_1": "01:03", "DRB4_2": "", "DRB5_1": "01:01", "DRB5_2": "", "DQA1_1": "03:02", "DQA1_2": "01:03",
            "DQB1_1": "03:03", "DQB1_2": "06:01", "DPA1_1": "02:02", "DPA1_2": "01:03", "DPB1_1": "05:01",
            "DPB1_2": "02:01", "sex": "FM"[number % 2], "birth_date": f"{1970 + number % 30}-03-01", "abo": "AB",
            "cmv": "PN"[number % 2], "city": "内蒙古自治区呼伦贝尔市鄂伦春自治旗", "last_contact_on": "2020-01-01",
        }
        for number in range(40)
    ]  # fmt: skip
    registry_io.import_donors(folder / "registry", pl.DataFrame(rows), "builtin")
    patient = (
        f"A*{'/A*'.join(alleles)}+A*24:02^B*40:01+B*46:01^C*03:04+C*01:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01^"
        "DPB1*05:01+DPB1*02:01^DQA1*03:02+DQA1*01:03^DPA1*02:02+DPA1*01:03^DRB4*01:03^DRB5*01:01"
    )
    asked = {
        "many": {"max_mismatches": 3},
        "one": {"max_mismatches": 3, "only_donors": frozenset({"ZJ0000001"})},
        "none": {"max_mismatches": 0, "city": ("杭州",), "sex": ("F",)},
    }
    shares = {"A*02:01~B*40:01": 0.4, "A*24:02~B*46:01": 0.3, "A*11:01~B*46:01": 0.2, "A*02:06~B*40:01": 0.1}
    made = {}
    for name, criteria in asked.items():
        for language in ("en", "zh"):
            out = folder / f"{name}-{language}.html"
            search = hla_match.SearchCriteria(scope="12/12", **criteria)
            frequencies = shares if name == "many" else "none"
            hla_match.report(folder / "registry", patient, out, search, language=language, frequencies=frequencies)
            made[out.stem] = out.read_text(encoding="utf-8")
    return made


def on_paper(page: str, *, full: bool) -> str:
    """A page as it is printed: its rules for paper hold, and the full list stands alone, or all but it."""
    page = page.replace("@media print {", "@media all {").replace("@media (min-width", "@media not all and (min-width")
    page = re.sub(r"@media \(max-width: 640px\)", "@media not all", page)
    hidden = "main > :not(.full), header" if full else ".full"
    return page.replace("</style>", f"{hidden} {{ display: none !important; }} body {{ margin: 0 }}</style>", 1)


Frame = tuple[str, int, str, bool]
"""A page in a frame: its name, its width, the page, and whether it is laid out as on paper."""


def too_wide(frames: list[Frame], folder: Path) -> dict[str, list[str]]:
    """What is wider than its place, by the name of the frame."""
    shown = "".join(
        f'<iframe name="{name}" width="{width}" height="900" data-paper="{"1" * paper}" style="border: 0" '
        f'srcdoc="{html.escape(page)}"></iframe>'
        for name, width, page, paper in frames
    )
    (folder / "all.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{MEASURE}<body>{shown}", encoding="utf-8")
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command = [BROWSER, *options, "--dump-dom", (folder / "all.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, timeout=180, check=True).stdout.decode()
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None, dom[:500]
    told: dict[str, list[str]] = json.loads(html.unescape(title[1]))
    assert set(told) == {name for name, *_ in frames}
    return {name: wide for name, wide in told.items() if wide}


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_nothing_is_wider_than_its_page(pages: dict[str, str], tmp_path: Path) -> None:
    frames: list[Frame] = [
        (f"{name} at {width}", width, page, False) for name, page in pages.items() for width in SCREENS
    ]
    for name, page in pages.items():
        frames.append((f"{name} on paper", PORTRAIT, on_paper(page, full=False), True))
        frames.append((f"{name} on paper, the list", LANDSCAPE, on_paper(page, full=True), True))
    assert too_wide(frames, tmp_path) == {}


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_what_is_planted_too_wide_is_found(pages: dict[str, str], tmp_path: Path) -> None:
    wide = pages["one-en"].replace("<h2>", '<p style="white-space: nowrap">' + "W " * 400 + "</p><h2>", 1)
    cell = pages["one-en"].replace('<td class="id">', '<td class="id" style="white-space: nowrap">' + "W " * 40, 1)
    frames = [("page", 390, wide, False), ("paper", LANDSCAPE, on_paper(cell, full=True), True)]
    assert set(too_wide(frames, tmp_path)) == {"page", "paper"}


def test_fonts_have_every_character_of_a_report(pages: dict[str, str]) -> None:
    missing = missing_characters("".join(pages.values()))
    if missing is None or "供" in missing:
        pytest.skip("no Chinese font here, or no fontconfig")
    assert missing == ""
