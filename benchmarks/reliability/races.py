"""Two writers at once: one is refused or comes after the other, and nothing is lost."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.children import Ended
from benchmarks.reliability.command_lines import CommandLines, Line
from benchmarks.reliability.scene import Scene, Tree, differences, in_short, tree_of


@dataclass(frozen=True)
class Race:
    """Two commands in one folder.

    Attributes:
        name: of it.
        history: the commands before.
        first: a command that writes.
        second: another, or the same.
        stop: text of a step before which the first is stopped while the second runs, or "".
        probes: what is asked afterwards.
    """

    name: str
    history: tuple[Line, ...]
    first: Line
    second: Line
    probes: tuple[Line, ...]
    stop: str = ""

    @property
    def outcomes(self) -> tuple[tuple[Line, ...], ...]:
        """The histories that one after the other would have."""
        return ((*self.history, self.first, self.second), (*self.history, self.second, self.first))


def races(lines: CommandLines) -> tuple[Race, ...]:
    """Return the pairs of commands."""
    release = (lines.install_release,)
    first = (*release, lines.first)
    registry = (lines.search, lines.verify)
    found = [
        Race("imports into a new folder", release, lines.first, lines.second, registry),
        Race("imports that replace", first, lines.second, lines.first, registry),
        Race("imports, one stopped before the switch", first, lines.second, lines.first, registry, "CURRENT"),
        Race("imports, one stopped before its snapshot", release, lines.second, lines.first, registry, "snapshot-"),
        Race("the same import twice", first, lines.second, lines.second, registry),
        Race("import and imputation", first, lines.second, lines.predict, registry),
        Race("imputations", first, lines.predict, lines.predict, registry),
        Race("imputations, one stopped", first, lines.predict, lines.predict, registry, "imputed-"),
        Race("batches", first, lines.batch, lines.batch, registry),
        Race("batches, one stopped before its result", first, lines.batch, lines.batch, registry, "out.csv.status.csv"),
        Race("batches of other options", first, lines.batch, lines.other_batch, registry),
        Race("batch and import", first, lines.batch, lines.second, (lines.verify,)),
        Race("installations of a set", release, lines.install_set, lines.install_other_set, (lines.show_set,)),
        Race("installations of a release", release, lines.install_release, lines.install_next_release, ()),
    ]
    if lines.knows("gc"):
        both = (*first, lines.second)
        found += [
            Race("gc and import", both, lines.collect, lines.first, registry),
            Race("gc and imputation", both, lines.collect, lines.predict, registry),
            Race("import stopped before the switch, and gc", both, lines.first, lines.collect, registry, "CURRENT"),
        ]
    if lines.knows("rollback"):
        found.append(Race("rollback and import", (*first, lines.second), lines.go_back, lines.second, registry))
    return tuple(found)


def _race(scene: Scene, number: int, tally: Tally) -> None:
    every = races(scene.lines)
    race = every[number % len(every)]
    with scene.copy(race.history) as place:
        if race.stop:
            ended = _stopped(scene, race, place)
        else:
            ended = _side_by_side(scene, race, place, tally)
        tally.did(race.name)
        for one in ended:
            tally.expect(one.status == 0 or one.is_refusal, f"{race.name}: {one}")
        done = [one for one in ended if one.status == 0]
        tally.expect(done, f"{race.name}: neither came to its end: {ended[0]}; {ended[1]}")
        tally.did("one was refused" if len(done) == 1 else "one came after the other")
        _check(scene, race, place, tally, [one.status == 0 for one in ended])


def _side_by_side(scene: Scene, race: Race, place: Path, tally: Tally) -> list[Ended]:
    children = [scene.children.start(race.first, place)]
    time.sleep(tally.rng.choice([0.0, tally.rng.random() * 0.05, tally.rng.random() * 0.5]))
    children.append(scene.children.start(race.second, place))
    return [child.wait() for child in children]


def _stopped(scene: Scene, race: Race, place: Path) -> list[Ended]:
    first = scene.children.start(race.first, place, fault={"act": "stop", "before": race.stop})
    pid = first.started.result()
    while first.is_running and not _is_stopped(pid):
        time.sleep(0.005)
    second = scene.children.run(race.second, place)
    first.send(signal.SIGCONT)
    return [first.wait(), second]


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return True


def _check(scene: Scene, race: Race, place: Path, tally: Tally, done: list[bool]) -> None:
    """See that the folder is as after the ones that came to their end, in one of both orders."""
    histories = race.outcomes
    if done != [True, True]:
        chosen = [line for line, is_done in zip((race.first, race.second), done, strict=True) if is_done]
        histories = ((*race.history, *chosen),)
    found = tree_of(place)
    known: Tree = {}
    # A snapshot of the second command is another one after the first than alone.
    for history in {(*race.history, race.first), (*race.history, race.second), *histories}:
        after = scene.state(history).tree
        known = {**known, **{name: one for name, one in after.items() if name.startswith("registry/snapshot-")}}
    asked = scene.asked(place, race.probes)
    for one in asked:
        tally.expect(not one.fault, f"{race.name}: then {one}")
    answers = tuple((one.status, one.output) for one in asked)
    tally.expect(
        any(answers == scene.answers(history, race.probes) for history in histories),
        f"{race.name}: then {in_short([str(one) for one in asked])}, as after neither order",
    )
    unlike = min((differences(found, _own(scene, history), known) for history in histories), key=len)
    tally.expect(not unlike, f"{race.name}: then {in_short(unlike)}")


def _own(scene: Scene, history: tuple[Line, ...]) -> Tree:
    """Return what must be there: kept snapshots may have gone, what CURRENT names is asked by the probes."""
    tree = scene.state(history).tree
    return {name: one for name, one in tree.items() if not name.startswith("registry/snapshot-")}


RACES = Attack(
    "races",
    "Of two writers one is refused or comes after the other, and nothing is lost.",
    _race,
    long=90,
    quick=4,
    at_once=1,
)
