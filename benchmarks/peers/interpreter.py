"""Where another program is installed: in this interpreter, or in the one that was named."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.findings import Disagreement, NotRun


def interpreter_with(module: str, package: str, named: Path | None) -> str:
    """Return an interpreter that can import a module of a package.

    Raises:
        NotRun: there is none.
    """
    if named is None:
        found = importlib.util.find_spec(module) is not None
    else:
        question = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        found = subprocess.run([named, "-c", question]).returncode == 0
    if not found:
        raise NotRun(f"{package} is not installed; name an interpreter that has it by --peer-python")
    return sys.executable if named is None else str(named)


def run_worker(interpreter: str, worker: Path, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a worker, which knows nothing of this package, and return what it wrote.

    Args:
        interpreter: that has the program.
        worker: its file; it is called with the names of two files, of the job and of the answer.
        job: plain values.
        folder: where the files are written; the worker's working folder.

    Raises:
        Disagreement: the worker failed.
    """
    question, answer = folder / "job.json", folder / "answer.json"
    question.write_text(json.dumps(job), encoding="utf-8")
    # Isolated: this package's folders stay out of the other program's path.
    done = subprocess.run(
        [interpreter, "-I", str(worker), str(question), str(answer)], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise Disagreement(f"the other program failed: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found
