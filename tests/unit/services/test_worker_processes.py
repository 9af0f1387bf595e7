"""Processes that are killed at the worst moment: nobody waits for them for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# The process dies after it promised a million bytes and before it sent them.
PROGRAM = """
import os, signal, struct, sys, time
from concurrent.futures.process import BrokenProcessPool
from hla_match.services.worker_processes import end_with_parent, worker_processes

def die_in_the_middle_of_a_result():
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 1_000_000))
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    try:
        with worker_processes(2, end_with_parent) as pool:
            waiting = [pool.submit(time.sleep, 600), pool.submit(die_in_the_middle_of_a_result)]
            if sys.argv[1] == "interrupted":
                time.sleep(3)
                raise KeyboardInterrupt
            waiting[1].result()
    except BrokenProcessPool:
        print("broken")
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed by a signal")
@pytest.mark.parametrize("ends", ["broken", "interrupted"])
def test_a_process_killed_while_it_sends_a_result_is_noticed(tmp_path: Path, ends: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, program, ends]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(root), "PATH": ""}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{ends}\n", done.stderr
