"""Where attacks take place: states of a folder, made by undisturbed commands, and copies of them to attack."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import shutil
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmarks.reliability.children import HOME, TEMPORARY, Children, Ended
from benchmarks.reliability.command_lines import CommandLines, Line
from benchmarks.reliability.inputs import write_inputs
from benchmarks.reliability.record_content import BESIDE, RECORD, checksum_of_record

OWNER_ONLY = {"file": 0o600, "folder": 0o700}


@dataclass(frozen=True)
class Entry:
    """A file or folder: its mode, and the SHA-256 of a file."""

    mode: int
    sha256: str

    @property
    def is_owner_only(self) -> bool:
        """Whether nobody else can read it."""
        return self.mode == OWNER_ONLY["file" if self.sha256 else "folder"]


Tree = Mapping[str, Entry]
"""What lies in a folder, by path below it."""

Answers = tuple[tuple[int, str], ...]
"""Exit status and output of some commands."""


@dataclass(frozen=True)
class State:
    """A folder as undisturbed commands leave it."""

    folder: Path
    tree: Tree


def tree_of(folder: Path) -> Tree:
    """Return what lies in a folder, but for the folder of temporary files itself; of a record, what it says."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == TEMPORARY:
            continue
        mode = path.lstat()
        checksum = ""
        if path.name == RECORD:
            checksum = checksum_of_record(path)
        elif stat.S_ISREG(mode.st_mode):
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        found[name] = Entry(stat.S_IMODE(mode.st_mode), checksum)
    return found


class Scene:
    """The inputs, the states and the children.

    Args:
        folder: an empty one, in which all takes place.
        children: run the commands.
        seed: of inputs and attacks.
    """

    def __init__(self, folder: Path, children: Children, seed: int) -> None:
        self.folder = folder
        self.children = children
        self.seed = seed
        self.inputs = folder / "inputs"
        write_inputs(self.inputs, seed)
        self._numbers = itertools.count()
        self._states: dict[tuple[datetime.date, tuple[Line, ...]], State] = {}
        self._answers: dict[tuple[datetime.date, tuple[Line, ...], tuple[Line, ...]], Answers] = {}
        self._steps: dict[tuple[tuple[Line, ...], Line], tuple[str, ...]] = {}
        self._lock = threading.RLock()
        with self.place("knows") as place:
            helps = [
                children.run((*line, "--help"), place).output for line in (("registry", "import"), ("registry",), ())
            ]
        self.lines = CommandLines(self.inputs, "".join(helps))

    def state(self, history: tuple[Line, ...]) -> State:
        """Return the folder after some commands, one after another.

        The day of an import is in the registry, so that a state is of its day.

        Raises:
            RuntimeError: one of them fails, undisturbed.
        """
        key = datetime.date.today(), history
        with self._lock:
            if key not in self._states:
                place = self.folder / f"state-{next(self._numbers)}"
                before = self.state(history[:-1]).folder if history else None
                if before is None:
                    place.mkdir()
                else:
                    shutil.copytree(before, place)
                    done = self.children.run(history[-1], place)
                    if done.status:
                        raise RuntimeError(f"undisturbed, {done}")
                self._states[key] = State(place, tree_of(place))
            return self._states[key]

    def answers(self, history: tuple[Line, ...], probes: tuple[Line, ...]) -> Answers:
        """Return what some commands answer in a state."""
        key = datetime.date.today(), history, probes
        with self._lock:
            if key not in self._answers:
                with self.copy(history) as place:
                    self._answers[key] = tuple((one.status, one.output) for one in self.asked(place, probes))
            return self._answers[key]

    def asked(self, place: Path, probes: tuple[Line, ...]) -> list[Ended]:
        """Run commands that change nothing."""
        return [self.children.run(probe, place) for probe in probes]

    def steps(self, history: tuple[Line, ...], line: Line) -> tuple[str, ...]:
        """Return the names of the steps of a command in a state, undisturbed."""
        with self._lock:
            if (history, line) not in self._steps:
                with self.copy(history) as place:
                    self._steps[history, line] = self.children.run(line, place, fault={"act": "count"}).steps
            return self._steps[history, line]

    def killed(self, history: tuple[Line, ...], line: Line, before: str) -> State:
        """Return the folder after a command that was killed before the first step whose name holds a text."""
        key = datetime.date.today(), (*history, line, (before,))
        with self._lock:
            if key not in self._states:
                place = self.folder / f"state-{next(self._numbers)}"
                shutil.copytree(self.state(history).folder, place)
                ended = self.children.run(line, place, fault={"act": "kill", "before": before})
                if ended.status != -9:
                    raise RuntimeError(f"never at {before!r}: {ended}")
                self._states[key] = State(place, tree_of(place))
            return self._states[key]

    @contextmanager
    def copy(self, state: tuple[Line, ...] | State) -> Iterator[Path]:
        """Give a copy of a state to attack."""
        if not isinstance(state, State):
            state = self.state(state)
        with self.place("place") as place:
            shutil.copytree(state.folder, place, dirs_exist_ok=True)
            yield place

    @contextmanager
    def place(self, kind: str) -> Iterator[Path]:
        """Give an empty folder."""
        place = self.folder / f"{kind}-{next(self._numbers)}"
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def differences(found: Tree, expected: Tree, known: Tree) -> list[str]:
    """Return how a folder differs from what it should hold.

    Args:
        found: it.
        expected: what it should hold.
        known: what it may hold besides, as registries that an import replaced; with the same bytes.
    """
    lines = [f"{name} is missing" for name in expected if name not in found and not _is_beside(name)]
    for name, entry in found.items():
        if _is_beside(name):
            continue
        wanted = expected.get(name, known.get(name))
        if wanted is None:
            # An empty room of the data folder is no trace of anything.
            if entry.sha256 or not name.startswith(HOME):
                lines.append(f"{name} is left over")
        elif wanted.sha256 != entry.sha256:
            lines.append(f"{name} has other bytes")
    return lines


def _is_beside(name: str) -> bool:
    return any(PurePosixPath(name).match(pattern) for pattern in BESIDE)


def open_to_others(found: Tree) -> list[str]:
    """Return what others than the owner can read."""
    return [f"{name} has mode {entry.mode:o}" for name, entry in found.items() if not entry.is_owner_only]


def in_short(lines: list[str]) -> str:
    """Return the first of some lines and how many more there are."""
    return "; ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
