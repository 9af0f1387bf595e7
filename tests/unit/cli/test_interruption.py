"""A signal ends a command by one exception, at a moment when nothing is left half done, and however it is swallowed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")

PROGRAM = """
import contextlib, gc, signal, sys, threading, time
from hla_match.cli import commands, main

def say(text):
    print(text, flush=True)

def wait(seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)

def run(arguments):
{body}
    return 0

commands.run = run
main.main()
"""


class Started:
    """A command whose work is the text `body`, in a process of its own, up to the line "ready"."""

    def __init__(self, body: str, *, before: Callable[[], object] | None = None) -> None:
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(body=indented)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )
        self.wait_for("ready")

    def wait_for(self, line: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{line}\n"

    def send(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, list[str], str]:
        """Return code, the lines printed since, and what was said."""
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output.splitlines(), errors


SAID = "hla-match: interrupted by SIGTERM; nothing half-written was left behind\n"

CLEANING = """
try:
    say("ready")
    wait()
finally:
    say("cleaning")
    wait(1)
    say("cleaned")
"""


@pytest.mark.parametrize(
    ("number", "code", "by"),
    [(signal.SIGINT, 130, ""), (signal.SIGTERM, 143, " by SIGTERM"), (signal.SIGHUP, 129, " by SIGHUP")],
)
def test_a_signal_cleans_up_and_says_one_line(number: int, code: int, by: str) -> None:
    command = Started(CLEANING)
    command.send(number)
    said = f"hla-match: interrupted{by}; nothing half-written was left behind\n"
    assert command.end() == (code, ["cleaning", "cleaned"], said)


def test_a_second_signal_does_not_disturb_the_clean_up_and_the_first_counts() -> None:
    command = Started(CLEANING)
    command.send()
    command.wait_for("cleaning")
    command.send(signal.SIGINT)
    assert command.end() == (143, ["cleaned"], SAID)


def test_after_two_signals_the_third_ends_a_clean_up_that_hangs() -> None:
    command = Started(CLEANING.replace("wait(1)", 'wait(0.2); say("second"); wait(0.2); say("third"); wait()'))
    command.send()
    command.wait_for("cleaning")
    command.send()
    command.wait_for("second")
    command.wait_for("third")
    command.send()
    assert command.end() == (-signal.SIGTERM, [], "")


@pytest.mark.parametrize(
    "body",
    [
        # Raised where Python can only ignore it, and say so.
        """
class Slow:
    def __del__(self):
        say("ready")
        wait(6)
Slow()
wait()
""",
        """
class Cycle:
    def __init__(self):
        self.itself = self
gc.callbacks.append(lambda phase, info: (say("ready"), wait(6)) if phase == "start" else None)
gc.collect()
gc.callbacks.clear()
wait()
""",
        # Swallowed, or made another error.
        """
try:
    say("ready")
    wait()
except BaseException:
    pass
wait()
""",
        """
try:
    say("ready")
    wait()
except BaseException:
    raise ImportError("numpy failed to import") from None
""",
    ],
    ids=["in __del__", "in the garbage collector", "swallowed", "made another error"],
)
def test_an_interruption_is_not_lost_and_nothing_else_is_said(body: str) -> None:
    command = Started(body)
    command.send()
    code, _, errors = command.end()
    assert (code, errors) == (143, SAID)


@pytest.mark.parametrize(
    "step",
    [
        "class Step:\n    def __enter__(self): {work}\n    def __exit__(self, *_): pass\nwith Step(): pass",
        "class Step:\n    def __enter__(self): pass\n    def __exit__(self, *_): {work}\nwith Step(): pass",
        "@contextlib.contextmanager\ndef step():\n    {work}\n    yield\nwith step(): pass",
        "try:\n    raise ValueError\nexcept ValueError:\n    {work}",
    ],
    ids=["opening", "closing", "opening by a generator", "handling another error"],
)
def test_a_step_is_not_left_half_done(step: str) -> None:
    command = Started(step.format(work='say("ready"); wait(1); say("done")') + "\nwait()")
    command.send()
    assert command.end() == (143, ["done"], SAID)


def test_an_import_is_not_left_half_done(tmp_path: Path) -> None:
    (tmp_path / "slow_module.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(1)\nprint('done')\n")
    command = Started(f"sys.path.insert(0, {str(tmp_path)!r})\nimport slow_module\nwait()")
    command.send()
    assert command.end() == (143, ["done"], SAID)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_at_the_start_stays_ignored(number: int) -> None:
    command = Started('say("ready")\nwait(0.5)', before=lambda: signal.signal(number, signal.SIG_IGN))
    command.send(number)
    assert command.end() == (0, [], "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_work_is_done_changes_nothing(number: int) -> None:
    body = "import atexit\natexit.register(lambda: (say('ready'), wait(0.5)))"
    command = Started(body)
    command.send(number)
    assert command.end() == (0, [], "")


def test_a_signal_while_threads_are_waited_for_says_one_line() -> None:
    body = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    futures = [pool.submit(time.sleep, 0.5) for _ in range(4)]
    say("ready")
    [future.result() for future in futures]
    wait()
"""
    command = Started(body)
    command.send()
    code, _, errors = command.end()
    assert (code, errors) == (143, SAID)
