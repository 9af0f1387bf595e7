"""What files, folders and arguments are called is printed as text, whatever is in it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from hla_match.cli import messages
from hla_match.cli.main import group, main
from hla_match.donors.registry import build_registry
from hla_match.errors import FileError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.search_page import search_page
from hla_match.reporting.terminal import match_table
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01"
RED, TITLE, RESET, TURNED = "\x1b[31m", "\x1b]0;title\x07", "\x1bc", "\u202e"
MARKUP = ("DE[de]7", "[/x]", "[link=http://a.example]x[/link]", ":smile:", "[bold]1", r"\[x]", "12.5")
COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        # With colours, as on a terminal: click itself takes them out of what goes elsewhere.
        done = CliRunner().invoke(group, arguments, color=True, env={"HLA_MATCH_HOME": str(tmp_path / "home")})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert not COMMANDS.search(done.stdout + done.stderr)
        return done

    return call


def donors(path: str, identifiers: tuple[str, ...] = ("D1",), header: str = "note", city: str = "") -> None:
    rows = [f"{name},{PATIENT},{city},\n" for name in identifiers]
    Path(path).write_text(f"donor_id,gl_string,city,{header}\n{''.join(rows)}", encoding="utf-8")


def matches_of(*identifiers: str) -> MatchList:
    """A list of donors whose identifiers no file could hold."""
    frame = pl.DataFrame({"person_id": identifiers, "A_1": "02:01", "A_2": "24:02"})
    registry, _ = build_registry(
        frame, Nomenclature.builtin(), name=f"r{RED}", provenance={"imported_on": "2026-01-01"}
    )
    patient = Patient(patient_id=f"P{RED}{TURNED}", typings={"A": ("02:01", "24:02")})
    return Matcher(registry).search(patient, SearchCriteria(scope="A", as_of=datetime.date(2026, 1, 1)))


def test_identifiers_are_no_markup(run: Run) -> None:
    donors("donors.csv", MARKUP)
    assert run("registry", "import", "registry", "donors.csv").exit_code == 0
    done = run("search", "registry", "--hla", PATIENT, "--scope", "A,B")
    assert done.exit_code == 0
    assert {line.split()[1] for line in done.stdout.splitlines() if re.match(r"\s+\d", line)} == set(MARKUP)


@pytest.mark.parametrize("color", [True, False])
def test_identifiers_command_no_terminal(color: bool) -> None:
    identifiers = (*MARKUP, f"D{RED}1", f"D{TITLE}2", f"{TURNED}D3", "D4\nD5")
    out = io.StringIO()
    match_table(matches_of(*identifiers), Console(file=out, force_terminal=color, width=200))
    # The headings are bold on a terminal.
    printed = re.sub(r"\x1b\[[013]*m", "", out.getvalue())
    assert not COMMANDS.search(printed)
    for name in (*MARKUP, r"D\x1b[31m1", r"D\x1b]0;title\x072", r"\u202eD3", r"D4\nD5"):
        assert f" {name} " in printed


def test_an_encoding_without_the_letters_of_an_identifier_is_no_error() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    match_table(matches_of("杭州1"), Console(file=out))
    out.seek(0)
    assert r"\u676d\u5dde1 " in out.read()


def test_pages_and_representations_command_nothing() -> None:
    matches = matches_of(f"D{RED}1", f"{TURNED}D2", "<script>x</script>")
    for text in (repr(matches), matches._repr_html_(), search_page(f"Title{RED}", matches.registry, [matches])):
        assert not COMMANDS.search(text)
        for name in (r"D\x1b[31m1", r"\u202eD2", r"P\x1b[31m\u202e"):
            assert name in text
    for page in (matches._repr_html_(), search_page("Searches", matches.registry, [matches])):
        assert "<script>" not in page
        assert "&lt;script&gt;x&lt;/script&gt;" in page


def test_headers_files_and_folders_command_no_terminal(run: Run) -> None:
    """Without brackets, which Windows and other programs take for patterns."""
    folder, file = f"reg{RESET}", f"don{TURNED}ors.csv"
    donors(file, header=f"{TITLE}note", city=f"{RED}Hangzhou")
    done = run("registry", "import", folder, file)
    assert done.exit_code == 0
    assert r"note: ignored columns: \x1b]0;title\x07note" in done.stdout
    info = run("registry", "info", folder).stdout
    assert r"reg\x1bc: 1 donor" in info
    assert r"source: don\u202eors.csv" in info
    assert "1 donor; A,B" in run("search", folder, "--hla", PATIENT, "--scope", "A,B").stdout
    Path(f"p{RESET}.csv").write_text(f"P{RED};{PATIENT}\nP2;{PATIENT}\n", encoding="utf-8")
    done = run("batch", folder, f"p{RESET}.csv", "--out", f"o{RESET}.csv")
    assert r"p\x1bc.csv: read without header" in done.stderr
    assert r"in o\x1bc.csv" in done.stdout


def test_provenance_and_notes_command_no_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, _ = build_registry(
        pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]}),
        Nomenclature.builtin(),
        name=f"n{TITLE}",
        provenance={f"made{RED}": f"by{TITLE}\nsomebody"},
    )
    registry = dataclasses.replace(registry, notes={f"renamed{RESET}": 1})
    monkeypatch.setattr("registry_io.store.registry_store.open_registry", lambda _, at: registry)
    lines = run("registry", "info", "registry").stdout.splitlines()
    assert lines[0].startswith(r"n\x1b]0;title\x07: 1 donor")
    assert r"  made\x1b[31m: by\x1b]0;title\x07\nsomebody" in lines
    assert r"note: 1 donor: renamed\x1bc" in lines


def test_sets_of_frequencies_command_no_terminal(run: Run) -> None:
    haplotypes = f"A*02:01~B*46:01,0.5,HAN{RED}[/b]\nA*24:02~B*40:01,0.5,{TURNED}HAN\n"
    Path(f"f{RESET}.csv").write_text(f"haplotype,frequency,population,x{RESET}\n" + haplotypes.replace("\n", ",\n"))
    done = run("frequencies", "show", f"f{RESET}.csv")
    for text in (r"f\x1bc.csv: 2 haplotypes", r"HAN\x1b[31m[/b]: 1 haplotypes", r"\u202eHAN: 1", r"x\x1bc"):
        assert text in done.stdout
    assert r"HAN\x1b[31m[/b]" in run("frequencies", "install", f"f{RESET}.csv", "--name", "han").stdout
    donors("donors.csv")
    run("registry", "import", "registry", "donors.csv")
    found = run("search", "registry", "--hla", PATIENT, "--scope", "A,B", "--frequencies", f"f{RESET}.csv")
    assert r"by the haplotype frequencies: f\x1bc.csv" in found.stdout


def test_names_that_were_asked_for_command_no_terminal(run: Run) -> None:
    done = run("nomenclature", "show", "A*02:01", "--nomenclature", "builtin")
    assert done.stdout.startswith("A*02:01 in ")
    done = run("reduce", "--to", "P", "--nomenclature", "builtin", f"A*02:01{RED}", "A*02:09")
    assert done.stdout == "\nA*02:01P\n"
    assert r"A*02:01\x1b[31m" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("registry", "info", f"reg{RED}"),
        ("registry", "import", "registry", f"no{RED}.csv"),
        ("frequencies", "show", f"no{RED}"),
        ("nomenclature", "show", f"A*02:01{RED}", "--nomenclature", "builtin"),
        ("search", "registry", "--hla", f"A*02:01{RED}"),
        ("search", "registry", "--hla", "A*02:01", "--scope", f"A{RED}"),
        ("search", "registry", "--hla", "A*02:01", "--policy", f"p{RED}"),
        ("search", "registry", f"--hla{RED}"),
        (f"sea{RED}rch",),
        ("warmup", f"x{RED}"),
    ],
)
def test_errors_command_no_terminal(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLA_MATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["hla-match", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert not COMMANDS.search(printed.err)
    assert r"\x1b[31m" in printed.err
    assert "hla-match" in printed.err


def test_an_error_of_several_lines_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: list[str]) -> int:
        raise FileError("a\nb.csv", found="nothing", expected="something")

    monkeypatch.setattr("hla_match.cli.commands.run", fail)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == "hla-match: a\\nb.csv: found nothing, expected something\n"


def test_descriptions_of_bars_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    with messages.bars() as bars:
        bars.add_task(f"HAN[/b] :smile: {TURNED}{TITLE}", total=1)
    assert r"HAN[/b] :smile: \u202e\x1b]0;title\x07 " in out.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_a_terminal_is_told_nothing_but_text(tmp_path: Path) -> None:
    """On a real terminal, where neither click nor rich leaves anything out."""
    (tmp_path / "donors.csv").write_text(
        f"donor_id,gl_string,note{TITLE}\n" + "".join(f"{name},{PATIENT},\n" for name in MARKUP), encoding="utf-8"
    )
    program = "from hla_match.cli.main import main; main()"
    printed = ""
    for arguments in (
        ("registry", "import", f"reg{RESET}", "donors.csv"),
        ("search", f"reg{RESET}", "--hla", f"{PATIENT}^MICA*008", "--scope", "A,B,C"),
        ("registry", "info", f"reg{RESET}"),
        ("registry", "info", f"no{RED}"),
    ):
        reader, terminal = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env={**os.environ, "HLA_MATCH_HOME": "home", "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        with open(reader, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # the end, on Linux
            while part := screen.read(4096):
                printed += part.decode()
        process.wait()
    # Bold headings, and the line ends of a terminal.
    assert not COMMANDS.search(re.sub(r"\x1b\[[013]*m", "", printed).replace("\r\n", "\n"))
    for text in (*MARKUP, r"note\x1b]0;title\x07", r"reg\x1bc", r"no\x1b[31m", "note: MICA: ", "note: C: "):
        assert text in printed


def test_frequencies_that_may_have_been_cut_are_a_warning_in_the_last_line(run: Run) -> None:
    Path("f.csv").write_text("haplotype,frequency\nA*02:01~B*46:01,0.5\nA*24:02~B*40:01,0.1")
    for done in (run("frequencies", "install", "f.csv", "--name", "f"), run("frequencies", "show", "f.csv")):
        assert done.stderr.splitlines()[-1].startswith("warning: the last line has no line end")
