"""The desk as a process: it says its address, answers this machine, and ends at a signal."""

from __future__ import annotations

import http.cookiejar
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import registry_io
from hla_match.cli import desk as desk_command
from hla_match.cli.main import group
from tests.own_process import called

PATIENT = "A*02:01+A*11:01"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "donors.csv").write_text("donor_id,A_1,A_2\nSECRET1,02:01,11:01\nSECRET2,02:XX,11:01\n", encoding="utf-8")
    registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    return folder / "registry"


@pytest.fixture
def process(registry: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "hla_match", "desk", str(registry)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    yield started
    started.kill()
    started.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if "?token=" in line:
            return line.strip()
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_ends_at_a_signal(
    process: subprocess.Popen[str], registry: Path, number: signal.Signals
) -> None:
    address = address_of(process)
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/enter\?token=[\w-]{43}", address)
    base = address.partition("/enter")[0]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    assert browser.open(address, timeout=30).url == f"{base}/"
    form = urllib.parse.urlencode({"typing": PATIENT, "loci": "A"}).encode()
    found = browser.open(urllib.request.Request(f"{base}/search", form, {"Origin": base}), timeout=60)
    while "/work/" in found.url:  # on a busy machine
        time.sleep(0.5)
        found = browser.open(found.url, timeout=60)
    text = found.read().decode()
    assert "SECRET1" in text
    assert "Date" in found.headers
    assert "Server" not in found.headers
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(base, timeout=30)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err.splitlines()[-1] == "The desk is closed."
    # What is printed names no donor, no typing and no page.
    assert not re.search(r"SECRET|02:01|/search|/list", out + err)
    assert '"command": "search"' in (registry / "searches.jsonl").read_text(encoding="utf-8")


def test_a_connection_that_stays_open_does_not_keep_it(process: subprocess.Popen[str]) -> None:
    port = int(address_of(process).partition("/enter")[0].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert time.monotonic() - began < 15


def test_it_listens_at_this_machine_alone(process: subprocess.Popen[str]) -> None:
    port = int(address_of(process).partition("/enter")[0].rpartition(":")[2])
    others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in {one for one in others if not str(one).startswith("127.")}:
        assert not answers(str(address), port)
    assert answers("127.0.0.1", port)
    assert not answers("::1", port)


def answers(address: str, port: int) -> bool:
    """Say whether somebody listens there."""
    try:
        socket.create_connection((address, port), timeout=3).close()
    except OSError:
        return False
    return True


def test_a_port_that_is_taken_is_refused(registry: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "hla_match", "desk", str(registry), "--port", str(port)],
            capture_output=True, text=True, encoding="utf-8", timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"port: found {port}, expected a port that is free" in done.stderr


def test_without_its_packages_it_says_what_to_install(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_command, "_PACKAGES", ("fastapi", "no_such_package"))
    done = CliRunner().invoke(group, ("desk", str(registry)))
    assert "no package no_such_package" in str(done.exception)
    assert "pip install 'hla-match[desk]'" in str(done.exception)


@pytest.mark.parametrize(
    "arguments", [("none",), ("registry", "--results", "none.csv"), ("registry", "--port", "70000")]
)
def test_what_is_wrong_is_said_in_a_line(registry: Path, arguments: tuple[str, ...]) -> None:
    done = called(registry.parent, "desk", *arguments)
    assert done.status == 2
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) in (1, 4), done.err  # what is said of options stands below the usage
