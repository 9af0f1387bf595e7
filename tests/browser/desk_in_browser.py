"""The desk as a process on a small made-up registry, and Chromium, which opens it as a person does.

Chromium is the one that is installed; nothing is downloaded. It comes into no address but the desk's.
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

import registry_io
from hla_match.synthetic import chinese_haplotypes
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool, patients, volunteers
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.nomenclature_store import data_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What the program is called where it is installed."""

AS_OF = datetime.date(2026, 11, 1)
WAIT = 20_000
"""Milliseconds that a busy machine may take for a page."""

SET = "synthetic"
"""The name of the haplotype frequencies that the persons were drawn from."""

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
RARE = "A*25:01+A*25:01^B*18:01+B*18:01^C*12:03+C*12:03^DRB1*16:01+DRB1*16:01^DQB1*05:02+DQB1*05:02"
"""A typing of one donor, whom nobody else comes near."""
NOBODY = "A*80:01+A*80:01^B*82:01+B*82:01^C*18:01+C*18:01^DRB1*03:02+DRB1*03:02^DQB1*04:02+DQB1*04:02"
"""A typing that no donor comes near."""


def installed_browser() -> str | None:
    """Return the program that shows pages, None where none is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield the browser, of the package `playwright`."""
    from playwright.sync_api import sync_playwright

    program = installed_browser()
    assert program is not None, "no Chromium is installed"
    # Root has no sandbox; what is opened is the desk alone.
    arguments = [] if hasattr(os, "geteuid") and os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=[*arguments, "--font-render-hinting=none"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def desk_process(registry: Path, *arguments: str) -> Iterator[str]:
    """Yield the address that `hla-match desk` prints; the process ends with the block."""
    command = [sys.executable, "-m", "hla_match", "desk", str(registry), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8") as desk:
        assert desk.stdout is not None
        assert desk.stderr is not None
        try:
            address = next((line.strip() for line in desk.stdout if "/enter?token=" in line), None)
            assert address is not None, desk.stderr.read()
            yield address
        finally:
            desk.terminate()
            _, told = desk.communicate(timeout=60)
        assert "a fault of the program" not in told, told
        assert desk.returncode == 0, told


def made_registry(folder: Path, *, n_donors: int = 400, odd: bool = True, name: str = "registry") -> Path:
    """Make a registry of made-up donors, and the results of a night run beside it; return its folder.

    Args:
        folder: an existing one.
        n_donors: donors who are drawn.
        odd: whether further donors come to them: one with a hostile name and city, the longest typings, and one whose
            typing nobody else has.
        name: of the registry's folder.
    """
    drawn, _ = volunteers(n_donors, seed=1, as_of=AS_OF)
    given = pl.concat([drawn, odd_donors(drawn)], how="diagonal") if odd else drawn
    given.write_csv(folder / "donors.csv")
    registry_io.import_donors(folder / name, folder / "donors.csv", "builtin", today=AS_OF)
    install_frequencies(folder / "frequencies.csv")
    return folder / name


def install_frequencies(path: Path) -> None:
    """Install the frequencies that volunteers and patients are drawn from: a small registry estimates none."""
    haplotypes, frequencies = haplotype_pool(POOL_SEED)
    columns = {locus: [one[at] for one in haplotypes] for at, locus in enumerate(chinese_haplotypes.LOCI)}
    pl.DataFrame({**columns, "frequency": frequencies}).write_csv(path)
    if SET not in FrequencyStore(data_folder()).names():
        registry_io.install_frequencies(path, SET, home=data_folder())


def odd_donors(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return donors who try pages out; their typings are those of one of the others, written at length."""
    common = drawn.row(drawn.height - 1, named=True)
    alleles = {name: text for name, text in common.items() if name.endswith(("_1", "_2"))}
    rare = {f"{name}_{side}": text for name, text in _pairs(RARE) for side in (1, 2)}
    n_long = 40
    lists = {
        name: "/".join(f"{number:02}:{field:02}" for number in (1, 2) for field in range(1, n_long)) for name in rare
    }
    return pl.DataFrame(
        [
            {"donor_id": HOSTILE, **alleles, "status": "AV", "sex": "F", "city": HOSTILE},
            {"donor_id": "LONG" * 12, **{**alleles, **lists}, "status": "AV", "city": "Long" * 12},
            {"donor_id": "ONE", **rare, "status": "AV", "sex": "M", "city": "杭州"},
        ]
    )


def _pairs(gl_string: str) -> Iterator[tuple[str, str]]:
    """Yield each locus of a typing of equal alleles with the allele's fields."""
    for block in gl_string.split("^"):
        locus, _, allele = block.partition("+")[0].partition("*")
        yield locus, allele


def patient_typing(number: int) -> str:
    """Return the typing of a made-up patient as a GL String."""
    row = patients(number + 1, seed=1, as_of=AS_OF)[0].row(number, named=True)
    loci = dict.fromkeys(name[:-2] for name in row if name.endswith("_1"))
    blocks = [(locus, row[f"{locus}_1"], row[f"{locus}_2"]) for locus in loci]
    return "^".join(f"{locus}*{first}+{locus}*{second or first}" for locus, first, second in blocks if first)


@dataclass
class Watched:
    """What a browser asked for and complained of: requests to elsewhere, errors of scripts, refusals by the policy."""

    base: str
    faults: list[str] = field(default_factory=list)

    def page(self, context: Any) -> Any:
        """Open a page that is watched."""
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("request", lambda one: self._of_request(one.url))
        page.on("console", lambda one: self._of_console(one.type, one.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def _of_request(self, address: str) -> None:
        if not address.startswith((self.base, "data:", "about:", "blob:")):
            self.faults.append(f"asked for {address}")

    def _of_console(self, kind: str, text: str) -> None:
        # A page that refuses a form has a status of its own, of which the console tells.
        if kind in ("error", "warning") and "status of 4" not in text:
            self.faults.append(text)


def donor_typing() -> str:
    """Return the typing of one of the last donors who are drawn as a GL String, of high resolution at five loci."""
    row = next(row for row in reversed(volunteers(400, seed=1, as_of=AS_OF)[0].rows(named=True)) if row["DQB1_1"])
    return "^".join(
        f"{locus}*{row[f'{locus}_1']}+{locus}*{row[f'{locus}_2'] or row[f'{locus}_1']}"
        for locus in ("A", "B", "C", "DRB1", "DQB1")
    )
