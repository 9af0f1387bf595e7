"""What befalls a command at one of its steps: it is killed, stopped or interrupted there, or the disk is full.

A *step* is whatever changes files below the folder that a command works in, just before it happens: what
`registry_io.disk.durable_files` announces to its listeners, what Python announces to audit hooks (opening for writing,
renaming, removing, making folders), the calls of `os` that write and flush, and what SQLite does to its files
(`database_steps.py`). One operation can be two steps; what matters is that none is missed. Other libraries that write
from machine code of their own are seen by what stands around.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypedDict

from benchmarks.reliability.database_steps import REMOVE, SYNC, TRUNCATE, WRITE, watch_databases
from registry_io.disk.durable_files import listening

COUNT, KILL, STOP, NO_ROOM, SLEEP, TEAR = "count", "kill", "stop", "no room", "sleep", "tear"
Act = Literal["count", "kill", "stop", "no room", "sleep", "tear", "INT", "TERM", "HUP"]


class Fault(TypedDict, total=False):
    """What happens at which step.

    Attributes:
        act: kill, stop or interrupt the process, raise that there is no room, wait a moment, or write a half and kill.
        at: number of the step, from 0; every step from there on where there is no room.
        before: in place of a number, the text that the step's name holds.
        seconds: to wait.
    """

    act: Act
    at: int
    before: str
    seconds: float


_CHANGES = {
    "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0, "os.link": 1, "os.symlink": 1, "os.truncate": 0,
    "os.chmod": 0, "shutil.rmtree": 0, "shutil.move": 1, "shutil.copyfile": 1,
}  # fmt: skip
"""Audit events that change files, and which of their arguments is the path."""

_TAKES_ROOM = (
    "open", "create", "write", "flush", "make folder", "rename", "os.rename", "os.mkdir", "os.write", WRITE,
)  # fmt: skip
_OF_DATABASES = (WRITE, TRUNCATE, SYNC, REMOVE)
_A_MOMENT = 0.01
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Steps:
    """The steps of this process, as they come.

    Args:
        folder: steps outside of it are none.
        fault: what happens at one of them.
    """

    def __init__(self, folder: Path, fault: Fault) -> None:
        self._folder = os.path.realpath(folder)
        self._fault = fault
        self._lock = threading.RLock()
        self.names: list[str] = []

    def watch(self) -> None:
        """Begin; there is no end but that of the process."""
        listening(self._hear).__enter__()
        _spare_databases()
        sys.addaudithook(self._audit)
        for name in ("write", "pwrite", "fsync", "ftruncate", "fchmod", "posix_fallocate"):
            setattr(os, name, self._seen(name, getattr(os, name)))
        watch_databases(self._meet)

    def _hear(self, action: str, path: Path) -> None:
        self._meet(action, path)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._meet("open", path)
        elif event in _CHANGES:
            self._meet(event, arguments[_CHANGES[event]])

    def _seen(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def seen(descriptor: int, *arguments: Any) -> Any:
            path = self._path_of(descriptor)
            if path is not None and self._meet(f"os.{name}", path) and name == "write":
                call(descriptor, bytes(arguments[0])[: len(arguments[0]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(descriptor, *arguments)

        return seen

    def _path_of(self, descriptor: int) -> str | None:
        try:
            return os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            return None

    def _meet(self, action: str, path: object) -> bool:
        """Take note of a step and do what happens there; say whether a write is to be torn."""
        if isinstance(path, int):
            return False
        whole = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        if not whole.startswith(self._folder):
            return False
        with self._lock:
            number = len(self.names)
            name = f"{action} {os.path.relpath(whole, self._folder)}"
            self.names.append(name)
            return self._befall(number, name, action)

    def _befall(self, number: int, name: str, action: str) -> bool:
        fault = self._fault
        act = fault["act"]
        if act == NO_ROOM:
            if number >= fault["at"] and action in _TAKES_ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return False
        if act == COUNT or not (fault["before"] in name if "before" in fault else number == fault["at"]):
            return False
        if act == TEAR and action in ("os.write", WRITE):
            return True
        self._fault = {"act": "count"}
        if act == SLEEP:
            time.sleep(fault["seconds"])
            return False
        at_once = {KILL: signal.SIGKILL, TEAR: signal.SIGKILL, STOP: signal.SIGSTOP}
        if act in at_once:
            os.kill(os.getpid(), at_once[act])
        elif action in _OF_DATABASES:
            # SQLite goes on: what a signal raises is raised when it has returned to Python.
            threading.Timer(_A_MOMENT, os.kill, (os.getpid(), getattr(signal, f"SIG{act}"))).start()
        else:
            os.kill(os.getpid(), getattr(signal, f"SIG{act}"))
        return False


class _Later:
    """A handler of signals that waits while SQLite calls back: what is raised there is lost, and the step with it.

    Without being watched SQLite is machine code, which no handler of Python's interrupts.
    """

    def __init__(self, handler: Callable[[int, FrameType | None], object]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        within = frame
        while within is not None:
            if within.f_globals.get("__name__") == watch_databases.__module__:
                threading.Timer(_A_MOMENT, os.kill, (os.getpid(), number)).start()
                return
            within = within.f_back
        self._handler(number, frame)

    def __eq__(self, other: object) -> bool:
        return self._handler == other

    def __hash__(self) -> int:
        return hash(self._handler)


def _spare_databases() -> None:
    """Let every handler that is set from now on wait while SQLite calls back."""
    given = signal.signal

    def set_handler(number: int, handler: Any) -> Any:
        return given(number, _Later(handler) if callable(handler) else handler)

    signal.signal = set_handler  # type: ignore[assignment]
