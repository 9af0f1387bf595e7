"""Flipped bytes, evenly over every file of a registry: `verify` finds each, and no search gives another list.

`damage.py` tries other harm at random; here no file and no part of a file is left out.
"""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.command_lines import REGISTRY, Line
from benchmarks.reliability.scene import Scene
from registry_io.store.registry_versions import REPORTS

_TRIAL = 20
"""Flips a trial."""
_GOLDEN = 0.6180339887498949


def _flip(scene: Scene, number: int, tally: Tally) -> None:
    lines = scene.lines
    # The donors of the first transaction are in no snapshot that was valid last: they are read of the record.
    history = (lines.install_release, lines.first, lines.second, lines.change_donor, lines.predict)
    files = attacked(scene.state(history).folder / REGISTRY)
    for turn in range(number * _TRIAL, (number + 1) * _TRIAL):
        name, rounds = files[turn % len(files)], turn // len(files)
        with scene.copy(history) as place:
            path = place / REGISTRY / name
            data = path.read_bytes()
            at = int((rounds * _GOLDEN + tally.rng.random()) % 1 * len(data))
            flipped = data[at] ^ tally.rng.randrange(1, 256)
            path.write_bytes(data[:at] + bytes([flipped]) + data[at + 1 :])
            _check(scene, tally, place, history, f"{name}: byte {at} of {len(data)}, {data[at]} to {flipped}")


def attacked(registry: Path) -> list[str]:
    """Return the files of a registry that hold a byte, in an order that has nothing to do with their names.

    Reports beside the snapshots are copies for persons, who may change them; shared memory of SQLite is never read.
    """
    found = sorted(path for path in registry.rglob("*") if path.is_file() and path.stat().st_size)
    names = [path.relative_to(registry).as_posix() for path in found]
    names = [name for name in names if name not in REPORTS and not name.endswith("-shm")]
    random.Random(1).shuffle(names)
    return names


def _check(scene: Scene, tally: Tally, place: Path, history: tuple[Line, ...], what: str) -> None:
    lines = scene.lines
    tally.did("flips")
    proof = scene.children.run(lines.verify, place)
    tally.expect(proof.is_refusal, f"{what}: verify: {proof}")
    probes = (lines.search, lines.search_past, lines.predict)
    for ended, right in zip(scene.asked(place, probes), scene.answers(history, probes), strict=True):
        if ended.fault or not (ended.status == 0 or ended.is_refusal):
            tally.problems.append(f"{what}: {ended}")
        elif ended.status == 0 and ended.output != right[1]:
            tally.problems.append(f"{what}: hla-match {ended.arguments[0]} gives another answer")
        else:
            tally.did("searches refused" if ended.status else "searches right all the same")


FLIPS = Attack(
    "flips",
    "Verify finds every flipped byte of every file of a registry, and a search is refused or right all the same.",
    _flip,
    long=100,
    quick=1,
)
