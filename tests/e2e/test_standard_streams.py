"""Standard output that is closed, full, read by nobody or of few letters ends no command with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from hla_match.cli.main import main; main()"
COMMANDS = {
    "help": ("--help",),
    "reduce": ("reduce", "--to", "P", "A*02:01"),
    "list": ("nomenclature", "list"),
    "info": ("registry", "info", "registry"),
    "search": ("search", "registry", "--hla", "A*02:01+A*24:02"),
}

EVERY_COMMAND = pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=() if name in ("help", "search") else pytest.mark.exhaustive) for name in COMMANDS],
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other streams")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "donors.csv").write_text("donor_id,gl_string\n张伟,A*02:01+A*24:02\nD2,A*02:01\n", encoding="utf-8")
    done = run(folder, "registry", "import", "registry", "donors.csv")
    assert done.returncode == 0, done.stderr
    return folder


def run(folder: Path, *arguments: str, redirection: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell, with its streams redirected."""
    return subprocess.run(
        ["bash", "-c", f'"$0" "$@" {redirection}', sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "HLA_MATCH_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **environment,
        },
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="surrogateescape",
    )


def own_lines(errors: str) -> list[str]:
    return [line for line in errors.splitlines() if line.startswith("hla-match: ") or "Error" in line]


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.exhaustive)])
@EVERY_COMMAND
def test_a_full_disk_under_standard_output_is_one_line(folder: Path, command: str, unbuffered: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = run(folder, *COMMANDS[command], redirection="> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    (line,) = own_lines(done.stderr)
    assert line.startswith("hla-match: standard output: no room is left on the disk; what the command had done is done")
    assert "unchanged" not in line


@EVERY_COMMAND
def test_a_closed_standard_output_is_one_line(folder: Path, command: str) -> None:
    done = run(folder, *COMMANDS[command], redirection=">&-")
    assert done.returncode == 2
    (line,) = own_lines(done.stderr)
    assert line.startswith("hla-match: standard output: closed")


@EVERY_COMMAND
def test_a_reader_that_goes_away_is_told_nothing(folder: Path, command: str) -> None:
    done = run(folder, *COMMANDS[command], redirection="| true; exit ${PIPESTATUS[0]}", PYTHONUNBUFFERED="1")
    # What was printed before the reader left went through.
    assert done.returncode in (141, 0)
    assert own_lines(done.stderr) == []
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        broken = subprocess.run(
            [sys.executable, "-c", PROGRAM, *COMMANDS[command]],
            cwd=folder,
            env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert broken.returncode == 141
    assert own_lines(broken.stderr) == []


@pytest.mark.parametrize(
    "redirection", [*(pytest.param(one, marks=pytest.mark.exhaustive) for one in ("2>&-", "<&-")), "2>&- <&-"]
)
def test_other_streams_may_be_closed(folder: Path, redirection: str) -> None:
    done = run(folder, *COMMANDS["search"], redirection=redirection)
    assert done.returncode == 0, done.stderr
    assert "张伟" in done.stdout


def test_closed_standard_input_is_one_line_where_it_is_read(folder: Path) -> None:
    done = run(folder, "reduce", "--to", "P", redirection="<&-")
    assert done.returncode == 2
    assert len(own_lines(done.stderr)) == 1


def test_files_do_not_get_the_numbers_of_closed_streams(folder: Path) -> None:
    (folder / "patients.csv").write_text("patient_id,gl_string\nP1,A*02:01\n", encoding="utf-8")
    whole = ("batch", "registry", "patients.csv", "--out")
    assert run(folder, *whole, "open.csv").returncode == 0
    done = run(folder, *whole, "closed.csv", redirection="<&- >&- 2>&-")
    # The summary could not be printed; what it is about is there.
    assert done.returncode == 2
    assert (folder / "closed.csv").read_bytes() == (folder / "open.csv").read_bytes()


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        pytest.param({"PYTHONIOENCODING": "latin-1"}, marks=pytest.mark.exhaustive),
        *(
            pytest.param(one, marks=pytest.mark.exhaustive)
            for one in (
                {"PYTHONIOENCODING": "cp1252:strict"},
                {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
                {"LC_ALL": "C"},
            )
        ),
    ],
    ids=str,
)
def test_a_name_that_the_terminal_cannot_show_ends_nothing(folder: Path, environment: dict[str, str]) -> None:
    done = run(folder, *COMMANDS["search"], **environment)
    assert done.returncode == 0, done.stderr
    assert "D2" in done.stdout
    assert "张伟" in done.stdout or "\\u5f20\\u4f1f" in done.stdout
    missing = run(folder, "registry", "info", "张伟", **environment)
    assert missing.returncode == 2
    assert len(own_lines(missing.stderr)) == 1


def test_a_program_that_asks_line_by_line_is_answered(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "reduce", "--to", "lg", "--nomenclature", "builtin"],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for allele in ("A*02:01", "A*24:02"):
            process.stdin.write(f"{allele}\n")
            assert process.stdout.readline() == f"{allele}g\n"
        process.stdin.close()
        assert process.wait() == 0
