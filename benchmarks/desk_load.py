"""The desk under use: from a search to the painted list, several users at once, and memory over many requests.

The desk is a process of its own, on a registry of any size. Painted is what Chromium calls the first contentful paint
of the list, counted from the moment that the form is sent; the browser is the one that is installed.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click

from benchmarks.machine import machine, machine_line
from benchmarks.places import AS_OF, SEED, registry_of_size
from hla_match.synthetic.volunteers import patients

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WARM_UP = 0.2
"""The share of requests after which memory has to stay what it is."""


@contextmanager
def desk_of(registry: Path) -> Iterator[tuple[str, int]]:
    """Yield the address and the process number of a desk; it ends with the block."""
    command = [sys.executable, "-m", "hla_match", "desk", str(registry)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as desk:
        assert desk.stdout is not None
        address = next((line.strip() for line in desk.stdout if "/enter?token=" in line), "")
        try:
            if not address:
                raise click.ClickException("the desk did not open; what it said stands above")
            yield address, desk.pid
        finally:
            desk.terminate()


@dataclass
class User:
    """A browser without pages: it has entered, keeps its cookie, and sends the origin of the desk."""

    address: str
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = self.address.partition("/enter")[0]
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.ask("/enter?" + self.address.partition("?")[2])
        self.seconds.clear()

    def ask(self, path: str, **form: str) -> tuple[str, str]:
        """Send a request, and return the path that it led to and the page."""
        body = urllib.parse.urlencode(form).encode() if form else None
        asked = urllib.request.Request(self.base + path, body, {"Origin": self.base} if form else {})
        began = time.perf_counter()
        try:
            with self._opener.open(asked, timeout=60) as answer:
                found = answer.url.removeprefix(self.base), answer.read().decode()
        except OSError as error:
            self.errors.append(f"{path.partition('/')[0]}: {type(error).__name__} {getattr(error, 'code', '')}")
            return "", ""
        finally:
            self.seconds.append(time.perf_counter() - began)
        return found

    def work(self, typing: str) -> None:
        """Do what a coordinator does for a patient: look at the typing, search, filter, sort, and open a donor."""
        self.ask("/typing", typing=typing)
        path, text = self.ask("/search", typing=typing)
        while path.startswith("/work/"):
            time.sleep(0.3)
            path, text = self.ask(path)
        if not path.startswith("/list/"):
            self.errors.append(f"a search led to {path.partition('?')[0][:8]}")
            return
        self.ask(f"{path}?sex=F")
        self.ask(f"{path}?sort=age")
        donor = re.search(rf'href="({re.escape(path)}/donor/[0-9]+)"', text)
        if donor is not None:
            self.ask(donor[1])


def typings(n: int) -> list[str]:
    """Return the typings of synthetic patients as GL Strings."""
    found = []
    for row in patients(n, seed=SEED, as_of=AS_OF)[0].iter_rows(named=True):
        loci = dict.fromkeys(name[:-2] for name in row if name.endswith("_1"))
        sides = [(one, row[f"{one}_1"], row[f"{one}_2"] or row[f"{one}_1"]) for one in loci if row[f"{one}_1"]]
        found.append("^".join(f"{locus}*{first}+{locus}*{second}" for locus, first, second in sides))
    return found


def painted(address: str, given: list[str]) -> list[float]:
    """Return for each typing the seconds from the form that is sent to the list that is painted."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        raise click.ClickException("no Chromium is installed: --searches 0 goes without it")
    found = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        base = address.partition("/enter")[0]
        for typing in given:
            page.goto(f"{base}/")
            page.fill("#typing", typing)
            page.click("button.main")
            page.wait_for_url("**/list/**")
            seconds: Any = None
            while seconds is None:
                page.wait_for_timeout(20)
                seconds = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null")
            found.append(seconds / 1000)
        browser.close()
    return found


def at_once(address: str, n_users: int, seconds: float, given: list[str]) -> tuple[list[float], list[str]]:
    """Let users work at the same time, and return the seconds of each request and what went wrong."""
    users = [User(address) for _ in range(n_users)]
    end = time.monotonic() + seconds

    def run(number: int) -> None:
        at = number
        while time.monotonic() < end:
            users[number].work(given[at % len(given)])
            at += n_users

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n_users)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return [one for user in users for one in user.seconds], [one for user in users for one in user.errors]


def memory_over(address: str, process: int, n_requests: int, given: list[str]) -> list[int]:
    """Return megabytes of the process, ten times over so many requests."""
    user, found, n = User(address), [], 0
    for part in range(1, 11):
        while len(user.seconds) < n_requests * part // 10:
            user.work(given[n % len(given)])
            n += 1
        found.append(resident(process))
    if user.errors:
        raise click.ClickException(f"{len(user.errors)} requests went wrong, the first: {user.errors[0]}")
    return found


def resident(process: int) -> int:
    """Return the megabytes that a process has in memory."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert found is not None, "Linux says how much memory a process has"
    return int(found[1]) // 1024


@click.command()
@click.option("--registry", type=click.Path(path_type=Path), help="A registry; else a synthetic one is made.")
@click.option("--donors", default=103_000, show_default=True, help="Size of the synthetic registry.")
@click.option(
    "--searches", default=40, show_default=True, help="Searches whose lists are painted; 0 without a browser."
)
@click.option("--users", default=20, show_default=True, help="Users at once.")
@click.option("--seconds", default=60.0, show_default=True, help="For which they work.")
@click.option("--requests", default=10_000, show_default=True, help="Over which memory is looked at; 0 without.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the results here.")
def main(
    registry: Path | None, donors: int, searches: int, users: int, seconds: float, requests: int, json_path: Path | None
) -> None:
    """Measure the desk: painted lists, users at once, memory."""
    click.echo(machine_line())
    results: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        place = registry or registry_of_size(donors, Path(folder), from_a_file=True)
        given = typings(200)
        with desk_of(place) as (address, process):
            User(address).work(given[-1])
            if searches:
                results["painted"] = times = painted(address, given[:searches])
                say("search to painted list", {"p50": median(times), "most": max(times)})
            if users:
                times, errors = at_once(address, users, seconds, given)
                results |= {"requests": times, "errors": errors}
                p95 = quantiles(times, n=20)[-1]
                say(f"{users} users, {len(times):,} requests", {"p50": median(times), "p95": p95, "most": max(times)})
                click.echo(f"  {len(errors)} errors{': ' + errors[0] if errors else ''}")
            if requests:
                results["memory"] = megabytes = memory_over(address, process, requests, given)
                steady = megabytes[int(len(megabytes) * _WARM_UP) :]
                click.echo(f"memory over {requests:,} requests: {', '.join(map(str, megabytes))} MB")
                click.echo(f"  {steady[-1] - steady[0]:+} MB since a fifth of them")
    if json_path is not None:
        json_path.write_text(json.dumps(results), encoding="utf-8")


def say(name: str, figures: dict[str, float]) -> None:
    """Print figures in milliseconds."""
    click.echo(f"{name}: " + ", ".join(f"{key} {1000 * value:,.0f} ms" for key, value in figures.items()))
