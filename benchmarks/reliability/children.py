"""The commands under attack, as children of a worker that has everything ready."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.reliability.faults import Fault

_ROOT = Path(__file__).parents[2]
HOME, TEMPORARY = "home", "tmp"
"""The folder of installed releases and sets, and that of temporary files, below the folder of a command."""


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        arguments: of the command.
        status: exit status, or the negative number of the signal that ended it.
        output: what it wrote to standard output.
        said: what it wrote to standard error.
        seconds: it took.
        peak: bytes resident at most, with those of the worker that it was forked from.
        steps: names of its steps, where they were counted.
    """

    arguments: tuple[str, ...]
    status: int
    output: str
    said: str
    seconds: float
    peak: int
    steps: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """What no command may do: end by a signal or a traceback; "" where it did neither."""
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        if "Traceback (most recent call last)" in self.said + self.output or "panicked at" in self.said:
            return f"a traceback: {self.last_line}"
        return ""

    @property
    def last_line(self) -> str:
        """The last line on standard error."""
        return next((line for line in reversed(self.said.splitlines()) if line.strip()), "")

    @property
    def is_refusal(self) -> bool:
        """Whether it ended as a known error does: exit status 2 and one line that says why."""
        return self.status == 2 and not self.fault and self.last_line.startswith(("hla-match: ", "Error: "))

    def __str__(self) -> str:
        return f"hla-match {' '.join(self.arguments[:2])}: {self.fault or f'exit {self.status}, {self.last_line}'}"


class Child:
    """A command that may still run."""

    def __init__(self, arguments: tuple[str, ...], files: Path) -> None:
        self._arguments = arguments
        self._files = files
        self.started: Future[int] = Future()
        self._end: Future[dict[str, Any]] = Future()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        try:
            os.kill(self.started.result(), number)
        except ProcessLookupError:
            pass

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self._end.done()

    def tell(self, message: dict[str, Any]) -> None:
        """Take what the worker tells of it."""
        if "pid" in message:
            self.started.set_result(message["pid"])
        else:
            self._end.set_result(message)

    def wait(self, seconds: float | None = None) -> Ended:
        """Wait for its end.

        Raises:
            TimeoutError: it takes longer.
        """
        end = self._end.result(seconds)
        texts = {}
        for kind in ("out", "err", "steps"):
            path = self._files.with_suffix(f".{kind}")
            texts[kind] = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            path.unlink(missing_ok=True)
        steps = tuple(json.loads(texts["steps"] or "[]"))
        return Ended(self._arguments, end["status"], texts["out"], texts["err"], end["seconds"], end["peak"], steps)


class Children:
    """The worker, and its children by number.

    Args:
        folder: where what children say is kept until it is read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path]),
            "POLARS_MAX_THREADS": "1",  # several children share the processors
        }
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.reliability.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._worker.stdout is not None
        if self._worker.stdout.readline() != "ready\n":
            self._worker.communicate()
            raise RuntimeError("the worker did not start")
        self._numbers = itertools.count()
        self._children: dict[int, Child] = {}
        self._lock = threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.close()
        self._worker.wait(timeout=60)
        self._listener.join()
        self._worker.stdout.close()

    def start(
        self,
        arguments: Sequence[str | int],
        folder: Path,
        *,
        fault: Fault | None = None,
        limits: Mapping[str, int] | None = None,
        function: str = "",
        standard_input: Path = Path("/dev/null"),
    ) -> Child:
        """Start a command.

        Args:
            arguments: after ``hla-match``; variables of the environment as NAME=VALUE may stand before them.
            folder: it works in.
            fault: what befalls it.
            limits: of `resource`, by name.
            function: a function as ``module:name`` to be called with the arguments, in place of a command.
            standard_input: file that it reads there.
        """
        number = next(self._numbers)
        files = self._folder / str(number)
        named, given = _with_environment(arguments)
        child = Child(tuple(map(str, given)), files)
        (folder / TEMPORARY).mkdir(exist_ok=True)
        job = {
            "job": number,
            "arguments": given,
            "folder": str(folder),
            "environment": {
                "HLA_MATCH_HOME": str(folder / HOME),
                "TMPDIR": str(folder / TEMPORARY),
                "COLUMNS": "250",
                **named,
            },
            "fault": fault,
            "limits": dict(limits or {}),
            "function": function,
            "input": str(standard_input),
            "output": f"{files}.out",
            "said": f"{files}.err",
            "steps": f"{files}.steps",
        }
        with self._lock:
            self._children[number] = child
            assert self._worker.stdin is not None
            self._worker.stdin.write(json.dumps(job) + "\n")
        return child

    def run(self, arguments: Sequence[str | int], folder: Path, **options: Any) -> Ended:
        """Run a command to its end; takes what `start` takes."""
        return self.start(arguments, folder, **options).wait()

    def _listen(self) -> None:
        assert self._worker.stdout is not None
        for line in self._worker.stdout:
            message = json.loads(line)
            with self._lock:
                child = self._children[message["job"]]
                if "status" in message:
                    del self._children[message["job"]]
            child.tell(message)


def _with_environment(arguments: Sequence[str | int]) -> tuple[dict[str, str], list[str | int]]:
    """Return the variables that stand before the arguments of a command, and the arguments.

    >>> _with_environment(["KEY=x", "search", "--take", "A=1"])
    ({'KEY': 'x'}, ['search', '--take', 'A=1'])
    """
    named = list(itertools.takewhile(lambda one: "=" in str(one), arguments))
    pairs = (str(one).partition("=") for one in named)
    return {name: value for name, _, value in pairs}, list(arguments[len(named) :])
