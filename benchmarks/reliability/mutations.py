"""Mutated inputs: each is read, or refused in words; nothing ends in a traceback, a signal, or much too late.

Most are read in a process of their own, hundreds of a kind one after another; some are given to the command, too.
"""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.command_lines import REGISTRY, Line
from benchmarks.reliability.input_readers import PROGRESS
from benchmarks.reliability.mutated_inputs import INSTALLED, write_mutation
from benchmarks.reliability.originals import KINDS, write_originals
from benchmarks.reliability.scene import Scene

_TRIAL = 250
"""Mutations a trial."""
_KINDS = {reader: [kind for kind in KINDS if KINDS[kind] == reader] for reader in KINDS.values()}
"""By reader, what it is given in turn, so that all readers have equally many."""
_BY_COMMAND = 3
"""Mutations more that are given to the command."""

_lock = threading.Lock()


def _mutate(scene: Scene, number: int, tally: Tally) -> None:
    kinds = tuple(_KINDS.values())[number % len(_KINDS)]
    kind = kinds[number // len(_KINDS) % len(kinds)]
    originals = scene.folder / "originals"
    with _lock:
        if not originals.exists():
            write_originals(originals, scene.inputs)
    seed = f"{scene.seed} {number}"
    with scene.place("mutations") as place:
        first = 0
        while first < _TRIAL:
            arguments: list[str | int] = [kind, seed, first, _TRIAL, str(originals)]
            ended = scene.children.run(arguments, place, function="benchmarks.reliability.input_readers:read_mutations")
            if ended.status == 0:
                tally.problems += [f"{kind} {problem}" for problem in json.loads(ended.output)]
                break
            reached = int((place / PROGRESS).read_text(encoding="ascii"))
            tally.problems.append(f"{kind} {reached}: {ended.fault or ended.last_line}")
            first = reached + 1
    tally.did(KINDS[kind], _TRIAL)
    if KINDS[kind] == "policy":  # which no command reads
        return
    lines = scene.lines
    with scene.copy((lines.install_release, lines.first)) as place:
        for more in range(_TRIAL, _TRIAL + _BY_COMMAND):
            path = write_mutation(kind, originals, place, random.Random(f"{seed} {more}"))
            ended = scene.children.run(_command(kind, path, scene), place)
            tally.expect(not ended.fault and ended.status in (0, 1, 2), f"{kind} {more}, by command: {ended}")
            if path == place / INSTALLED["installed.hlanom"]:
                path.unlink()
    tally.did("by command", _BY_COMMAND)


def _command(kind: str, path: Path, scene: Scene) -> Line:
    """Return the command that reads a file of a kind."""
    search = scene.lines.search
    if KINDS[kind] == "text":
        text = path.read_bytes().decode("utf-8", "surrogateescape").replace("\0", "")
        return (*search[:3], text, *search[4:])
    of_kind: dict[str, Line] = {
        "donors": ("registry", "import", "new", str(path), *scene.lines.first[4:]),
        "patients": ("batch", REGISTRY, str(path), "--overwrite", "--out", "mutated_out.csv"),
        "frequencies": ("frequencies", "show", str(path)),
        "codes": ("reduce", "--to", "P", "A*02:AD", "--codes", str(path)),
        "release": ("nomenclature", "install", "--from", str(path)),
        "identifiers": (*search, "--only-donors", str(path)),
        "installed": ("frequencies", "show", "set")
        if path.suffix == ".parquet"
        else ("reduce", "--to", "P", "A*02:01", "--nomenclature", path.stem),
    }
    return of_kind[KINDS[kind]]


MUTATIONS = Attack(
    "mutations",
    "Mutated donors, patients, frequencies, codes, policies, releases, identifiers and GL Strings are read or refused "
    "in words, within a second a megabyte and bounded memory.",
    _mutate,
    long=10 * len(_KINDS),
    quick=len(_KINDS),
)
