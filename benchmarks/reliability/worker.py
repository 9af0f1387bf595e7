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
import pkgutil
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

from benchmarks.reliability.faults import Steps

LONGEST = 120
"""Seconds after which a command hangs, and is ended by SIGALRM."""


def main() -> None:
    """Fork children until standard input ends."""
    _warm()
    # Nobody else writes where the ends of children are told.
    ends = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print("ready", file=ends)
    children: dict[int, tuple[int, Any, float]] = {}
    waiting = b""
    while True:
        for descriptor in select.select([0, *children], [], [])[0]:
            if descriptor:
                number, pid, began = children.pop(descriptor)
                _, status, usage = os.wait4(pid, 0)
                os.close(descriptor)
                end = {
                    "job": number, "status": os.waitstatus_to_exitcode(status), "seconds": time.perf_counter() - began,
                    "peak": usage.ru_maxrss * 1024,
                }  # fmt: skip
                print(json.dumps(end), file=ends)
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


def _warm() -> None:
    """Import what commands import, and load the machine code that they call."""
    import hla_match
    import registry_io
    from hla_match.cli import kernel_warmup
    from hla_match.cli.compilation import choose_cache_folder
    from hla_match.cli.kernel_calls import find_calls
    from hla_match.nomenclature.builtin import builtin_tables

    folder = choose_cache_folder()
    if folder is not None and not kernel_warmup.is_warm(folder):
        for _ in kernel_warmup.warm_up(folder):
            pass
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as finder:
        calls = finder.submit(find_calls).result()
    for package in (hla_match, registry_io):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for module_name, name, types in calls:
        getattr(importlib.import_module(module_name), name).compile(types)
    builtin_tables()


def _work(job: dict[str, Any]) -> NoReturn:
    """Be the child of a job, to its end."""
    status = 1
    steps = None
    try:
        signal.alarm(LONGEST)
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
