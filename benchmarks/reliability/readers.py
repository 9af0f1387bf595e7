"""Readers while imports switch a registry back and forth: every answer is that of one of its states."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.scene import Scene

STOP = "stop"
"""The file that ends readers who work beside it."""
_SWITCHES = 4


def read_on(registry: str, hla: str) -> dict[str, int]:
    """Open a registry and search it until the file `STOP` is there; return how often each answer came."""
    from hla_match import Matcher, Patient, SearchCriteria
    from registry_io import open_registry

    patient = Patient.from_gl_string("patient", hla)
    criteria = SearchCriteria(max_mismatches=4)
    answers: dict[str, int] = {}
    while True:
        try:
            found = Matcher(open_registry(registry)).search(patient, criteria)
            frame = found.to_polars()
            content = hashlib.sha256(frame.write_csv().encode()).hexdigest()
            answer = f"{frame.height} donors, {content[:16]}"
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        answers[answer] = answers.get(answer, 0) + 1
        if Path(STOP).exists():
            return answers


def _read(scene: Scene, number: int, tally: Tally) -> None:
    lines = scene.lines
    release = (lines.install_release,)
    histories = [(*release, lines.first), (*release, lines.first, lines.second)]
    arguments = [lines.search[1], lines.search[3]]
    function = f"{__name__}:read_on"
    expected = set()
    for history in histories:
        with scene.copy(history) as place:
            (place / STOP).touch()
            expected |= set(json.loads(scene.children.run(arguments, place, function=function).output))
    right = {scene.answers(history, (lines.search,)) for history in histories}
    with scene.copy(histories[-1]) as place:
        readers = [scene.children.start(arguments, place, function=function) for _ in range(2)]
        over = threading.Event()
        searcher = threading.Thread(target=_search_on, args=(scene, place, over, right, tally))
        searcher.start()
        for turn in range(_SWITCHES):
            writer = scene.children.run(lines.first if turn % 2 == 0 else lines.second, place)
            tally.expect(writer.status == 0, f"import below readers: {writer}")
            if lines.knows("gc") and turn % 2:
                collected = scene.children.run(lines.collect, place)
                tally.expect(collected.status == 0, f"gc below readers: {collected}")
        over.set()
        searcher.join()
        (place / STOP).touch()
        for reader in readers:
            ended = reader.wait()
            tally.expect(not ended.fault, f"reader: {ended}")
            for answer, times in json.loads(ended.output or "{}").items():
                tally.did("answers", times)
                tally.expect(answer in expected, f"reader: {times} times {answer}, of neither")
    tally.did("switches", _SWITCHES)


def _search_on(
    scene: Scene, place: Path, over: threading.Event, right: set[tuple[tuple[int, str], ...]], tally: Tally
) -> None:
    """Start searches one after another while imports go on."""
    while not over.is_set():
        ended = scene.children.run(scene.lines.search, place)
        tally.did("searches by command")
        if ((ended.status, ended.output),) not in right:
            tally.problems.append(f"search below an import: {ended}")


READERS = Attack(
    "readers",
    "While imports and gc go on, every answer is exactly that of the old registry or of the new.",
    _read,
    long=15,
    quick=1,
    at_once=1,
)
