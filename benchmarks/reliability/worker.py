"""A process that has everything imported and compiled, and forks a child for each command that is asked of it.

Starting a command takes a second, forking one some hundredths: thousands of attacks fit into minutes. Nothing is
computed by polars before the fork, since its threads do not live on in the child. Jobs come as lines of JSON on
standard input; every child's end goes out as a line of JSON. Run by `benchmarks.reliability.children`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pickle
import pkgutil
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from benchmarks.reliability.command_lines import CommandLines
from benchmarks.reliability.faults import Steps
from benchmarks.reliability.inputs import write_inputs

LONGEST = 120
"""Seconds after which a command hangs, and is ended by SIGXCPU."""

_LOOKS_EVERY = 1.0
_CALLS = "calls"
_COMMAND = "from hla_match.cli.main import main; main()"


def main() -> None:
    """Fork children until standard input ends."""
    _warm()
    # Nobody else writes where the ends of children are told.
    ends = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print("ready", file=ends)
    children: dict[int, tuple[int, int, float]] = {}
    waiting = b""
    while True:
        for descriptor in select.select([0, *children], [], [], _LOOKS_EVERY)[0]:
            if descriptor:
                number, pid, began = children.pop(descriptor)
                os.close(descriptor)
                _, status, usage = os.wait4(pid, 0)
                end = {"job": number, "status": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss * 1024}
                print(json.dumps({**end, "seconds": time.perf_counter() - began}), file=ends)
                continue
            read = os.read(0, 1 << 16)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                job = json.loads(line)
                began = time.perf_counter()
                pid = os.fork()
                if not pid:
                    _work(job)
                print(json.dumps({"job": job["job"], "pid": pid}), file=ends)
                children[os.pidfd_open(pid)] = (job["job"], pid, began)
        for _, pid, began in children.values():
            if time.perf_counter() - began > LONGEST:
                os.kill(pid, signal.SIGXCPU)


def _warm() -> None:
    """Import what commands import, and load the machine code that they call, as a child finds it."""
    import hla_match
    import registry_io

    subprocess.run([sys.executable, "-c", _COMMAND, "warmup"], check=True, stdout=subprocess.DEVNULL)
    for package in (hla_match, registry_io):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as folder:
        pid = os.fork()
        if not pid:
            _find_calls(Path(folder))
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("the commands of the worker failed")
        for module_name, name, signatures in pickle.loads((Path(folder) / _CALLS).read_bytes()):
            for types in signatures:
                getattr(sys.modules[module_name], name).compile(types)


def _find_calls(folder: Path) -> NoReturn:
    """Run the commands that compute, and write which kernels they called with which types."""
    from numba.core.dispatcher import Dispatcher

    status = 1
    try:
        os.chdir(folder)
        os.environ["HLA_MATCH_HOME"] = str(folder / "home")
        for descriptor in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        write_inputs(folder / "inputs", seed=1)
        lines = CommandLines(folder / "inputs", "")
        for line in (
            lines.install_release, lines.first, lines.search, lines.predict, lines.batch, lines.impute, lines.estimate,
        ):  # fmt: skip
            status = _done({"function": "", "arguments": line})
        found = [
            (module_name, name, value.signatures)
            for module_name, module in list(sys.modules.items())
            if module_name.startswith("hla_match.kernels.")
            for name, value in vars(module).items()
            if isinstance(value, Dispatcher) and value.signatures and value.py_func.__module__ == module_name
        ]
        (folder / _CALLS).write_bytes(pickle.dumps(found))
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


def _work(job: dict[str, Any]) -> NoReturn:
    """Be the child of a job, to its end."""
    status = 1
    steps = None
    try:
        os.chdir(job["folder"])
        os.umask(0o022)
        os.environ.update(job["environment"])
        tempfile.tempdir = None
        for descriptor, path in ((1, job["output"]), (2, job["said"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
        os.dup2(os.open(job["input"], os.O_RDONLY), 0)
        for name, limit in job["limits"].items():
            resource.setrlimit(getattr(resource, name), (limit, limit))
        if job["fault"] is not None:
            steps = Steps(Path(job["folder"]), job["fault"])
            steps.watch()
        status = _done(job)
    except BaseException:
        traceback.print_exc()
    finally:
        if steps is not None and job["fault"]["act"] == "count":
            Path(job["steps"]).write_text(json.dumps(steps.names), encoding="utf-8")
        sys.stdout.flush()
        sys.stderr.flush()
        # What was to be done at exit, such as removing temporary folders, without taking the interpreter down.
        atexit._run_exitfuncs()
        os._exit(status)


def _done(job: dict[str, Any]) -> int:
    """Run a command, or a function of the benchmarks, and return the exit status."""
    if job["function"]:
        module, _, name = job["function"].partition(":")
        print(json.dumps(getattr(importlib.import_module(module), name)(*job["arguments"])))
        return 0
    from hla_match.cli.main import main as command

    sys.argv = ["hla-match", *job["arguments"]]
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
