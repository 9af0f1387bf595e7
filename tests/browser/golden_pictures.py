"""Pages of the desk as small grey pictures, which are kept: taken anew by `python -m tests.browser.golden_pictures`.

Donors have no birth dates here, so that a page is the same on every day. Fonts and the browser are noted beside the
pictures: those of another machine draw other letters.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

import registry_io
from hla_match.synthetic.volunteers import volunteers
from tests.browser.desk_in_browser import (
    AS_OF,
    NOBODY,
    RARE,
    SET,
    Watched,
    chromium,
    desk_process,
    install_frequencies,
    odd_donors,
    patient_typing,
)
from tests.browser.sent_forms import send

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "desk"
MACHINE = FOLDER / "machine.json"
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
N_DONORS = 2_600
SMALLER = 6
"""How many pixels of a page, across and down, are one of a picture."""

TYPING = patient_typing(3)
MANY = {"typing": TYPING, "max_mismatches": "6", "limit": "2000", "frequencies": SET}
FORMS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "wrong": ("/typing", {"typing": TYPING.replace("A*", "A*99:", 1)}, ""),
    "many": ("/search", MANY, ""),
    "typings": ("/search", MANY, "?typings=on"),
    "one": ("/search", {"typing": RARE, "max_mismatches": "0", "frequencies": SET}, ""),
    "empty": ("/search", {"typing": NOBODY, "max_mismatches": "0", "frequencies": SET}, ""),
}
"""By name the form that is sent, its fields, and what the address of the page then ends in."""

PAPER = "paper"
SIZES = {"1440": (1440, 900), "1024": (1024, 900), "390": (390, 900), PAPER: (1031, 703)}
TAKEN = (
    ("wrong", "zh", "1440"), ("wrong", "en", "390"),
    ("many", "en", "1440"), ("many", "zh", "1440"), ("many", "en", "1024"), ("many", "zh", "390"),
    ("many", "zh", PAPER), ("many", "en", PAPER),
    ("typings", "en", "1440"), ("typings", "en", PAPER), ("typings", "zh", PAPER),
    ("one", "zh", "1024"), ("one", "en", PAPER),
    ("empty", "en", "390"), ("empty", "zh", "1440"),
)  # fmt: skip
"""The pictures: name of a page, language, size."""


def machine(browser: Any) -> dict[str, str]:
    """Return what draws the letters of a page here: the fonts by what is asked for, and the browser."""
    program = shutil.which("fc-match")
    asked = ("system-ui", "sans-serif:lang=zh-cn", "monospace")
    fonts = {
        name: subprocess.run([program, name], capture_output=True, text=True, check=True).stdout.strip()
        for name in asked
        if program is not None
    }
    return {**fonts, "browser": str(browser.version).partition(".")[0]}


@contextmanager
def pages_of_desk(browser: Any, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Open a desk of donors without birth dates; yield its address and a page in each language."""
    drawn, _ = volunteers(N_DONORS, seed=1, as_of=AS_OF)
    donors = pl.concat([drawn, odd_donors(drawn)], how="diagonal").drop("birth_date")
    donors.write_csv(folder / "donors.csv")
    registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin", today=AS_OF)
    install_frequencies(folder / "frequencies.csv")
    with desk_process(folder / "registry") as address:
        watched = Watched(address.partition("/enter")[0])
        contexts = {code: browser.new_context(locale=locale) for code, locale in LOCALES.items()}
        pages = {code: watched.page(context) for code, context in contexts.items()}
        for page in pages.values():
            page.goto(address)
        yield watched.base, pages
        for context in contexts.values():
            context.close()


def taken(page: Any, base: str, name: str, size: str) -> NDArray[np.uint8]:
    """Return a page as a small grey picture, (rows, columns) uint8."""
    path, fields, ending = FORMS[name]
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    send(page, base, path, fields)
    # A search that takes long shows first how far it is.
    page.wait_for_url(lambda address: "/work/" not in address)
    page.wait_for_load_state()
    if ending:
        page.goto(page.url + ending)
    page.emulate_media(media="print" if size == PAPER else "screen")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("L")
    page.emulate_media(media="screen")
    small = shot.resize((width // SMALLER, height // SMALLER), Image.Resampling.BOX)
    return np.asarray(small, np.uint8)


def kept(name: str, language: str, size: str) -> Path:
    """Return the file of a picture."""
    return FOLDER / f"{name}-{language}-{size}.png"


@click.command()
@click.option("--out", default=FOLDER, type=click.Path(path_type=Path), help="Folder of the pictures.")
def main(out: Path) -> None:
    """Take the pictures; look at the pages before they are kept."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with pages_of_desk(browser, Path(folder)) as (base, pages):
            for name, language, size in TAKEN:
                picture = Image.fromarray(taken(pages[language], base, name, size))
                picture.save(out / kept(name, language, size).name, optimize=True)
        (out / MACHINE.name).write_text(json.dumps(machine(browser), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
