"""Runs the steps of one checkout in a folder of its own and records what each leaves."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.checkouts.bad_inputs import write_bad_files
from benchmarks.checkouts.corner_persons import write_corner_persons
from benchmarks.checkouts.steps import Step

Say = Callable[[str], None]
WORK = "work"
_HERE = Path(__file__).parent
_RECORD = "record.json"
_COMMAND = "from hla_match.cli.main import main; main()"
_OUTSIDE = ("HLA_MATCH_BUDGETS", "NUMBA_DISABLE_JIT", "FORCE_COLOR")
"""Variables of the environment that change results or messages."""


@dataclass(frozen=True)
class Left:
    """What a step left.

    Attributes:
        code: exit code.
        output: standard output, paths of this run replaced.
        messages: standard error, likewise.
        files: SHA-256 of the files that it wrote, by their path below the folder.
    """

    code: int
    output: str
    messages: str
    files: dict[str, str]


@dataclass(frozen=True)
class Record:
    """The steps of one checkout.

    Attributes:
        folder: in which they ran; the files lie in it until the next run.
        left: what each step left, by its name.
    """

    folder: Path
    left: dict[str, Left]


def environment_of(checkout: Path, home: Path) -> dict[str, str]:
    """Return the environment of processes that run the code of a checkout with a data folder."""
    inherited = {name: value for name, value in os.environ.items() if name not in _OUTSIDE}
    return {
        **inherited,
        "PYTHONPATH": str(checkout),
        "HLA_MATCH_HOME": str(home),
        "COLUMNS": "250",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command line of ``hla-match`` with arguments; the current folder stays off the module path."""
    return [sys.executable, "-P", "-c", _COMMAND, *arguments]


def run_checkout(checkout: Path, steps: Sequence[Step], folder: Path, say: Say) -> Record:
    """Run steps with the code of a checkout and record what they leave.

    A record that lies in the folder is taken instead where it holds all the steps and was made by the same files of
    the checkout, on the same day, with the same Python: the day stands in registries.

    Args:
        checkout: the folder with ``hla_match`` and ``registry_io``.
        steps: in their order.
        folder: is made, or emptied.
        say: takes a line now and then.

    Raises:
        FileNotFoundError: the folder is no checkout.
        RuntimeError: the folder holds something else than a record, or the kernels do not compile.
    """
    made_by = _made_by(checkout)
    kept = _kept(folder, made_by, steps)
    if kept is not None:
        say(f"{checkout}: as kept in {folder}")
        return kept
    _clear(folder)
    work = folder / WORK
    work.mkdir(parents=True)
    write_corner_persons(work)
    write_bad_files(work)
    say(f"{checkout}: compiling kernels")
    compiled = _run(command(["warmup"]), checkout, folder)
    if compiled.returncode:
        raise RuntimeError(f"{checkout}: warmup failed: {compiled.stderr.strip().splitlines()[-1:]}")
    left: dict[str, Left] = {}
    for number, step in enumerate(steps, 1):
        left[step.name] = _take(step, checkout, folder)
        if number % 20 == 0 or number == len(steps):
            say(f"{checkout}: {number} of {len(steps)} steps")
    document = {"made_by": made_by, "left": {name: asdict(one) for name, one in left.items()}}
    (folder / _RECORD).write_text(json.dumps(document), encoding="utf-8")
    return Record(folder, left)


def _take(step: Step, checkout: Path, folder: Path) -> Left:
    """Take one step and return what it left."""
    script = [sys.executable, "-P", str(_HERE / step.script)]
    work = folder / WORK
    before = _tree(work)
    line = [*script, *step.arguments] if step.script else command(step.arguments)
    done = _run(line, checkout, folder, step.standard_input)
    after = _tree(work)
    written = sorted(path for path in after if after[path] != before.get(path))
    return Left(
        done.returncode,
        _without_paths(done.stdout, folder, checkout),
        _without_paths(done.stderr, folder, checkout),
        {path: _sha256(work / path) for path in written},
    )


def _run(
    line: Sequence[str], checkout: Path, folder: Path, standard_input: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = environment_of(checkout, folder / "home")
    return subprocess.run(
        line, cwd=folder / WORK, env=environment, input=standard_input, capture_output=True, text=True, errors="replace"
    )


def _made_by(checkout: Path) -> dict[str, str]:
    """Return what decides a record beside its steps: the code, the comparison itself, the day and the Python."""
    code = hashlib.sha256()
    for package in ("hla_match", "registry_io"):
        if not (checkout / package / "__init__.py").is_file():
            raise FileNotFoundError(f"{checkout}: found no package {package}, expected a checkout of hla-match")
        for path in sorted((checkout / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                code.update(f"{path.relative_to(checkout)}\0".encode() + path.read_bytes())
    own = b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
    return {
        "code": code.hexdigest(),
        "comparison": hashlib.sha256(own).hexdigest(),
        "day": datetime.date.today().isoformat(),
        "python": f"{sys.executable} {platform.python_version()}",
    }


def _kept(folder: Path, made_by: dict[str, str], steps: Sequence[Step]) -> Record | None:
    try:
        found = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    ran = [step.name for step in steps if step.name in found["left"]]
    if found["made_by"] != made_by or len(ran) < len(steps):
        return None
    return Record(folder, {name: Left(**one) for name, one in found["left"].items()})


def _clear(folder: Path) -> None:
    """Empty a folder of an earlier run."""
    if folder.exists() and any(folder.iterdir()):
        if not {path.name for path in folder.iterdir()} <= {WORK, "home", _RECORD}:
            raise RuntimeError(f"{folder}: found other files, expected a folder of an earlier comparison, or none")
        shutil.rmtree(folder)


def _tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return identity, time and size of every file below a folder: what is written anew differs in one of them."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_paths(text: str, folder: Path, checkout: Path) -> str:
    for path, word in ((folder / WORK, "WORK"), (folder, "FOLDER"), (checkout, "CHECKOUT")):
        text = text.replace(str(path), word)
    # A fault of the program names lines of its modules, which any change moves.
    return re.sub(r'File "CHECKOUT/[^"]+", line \d+', 'File "CHECKOUT/..."', text)
