"""Kills and interrupts at every step of every command that writes: what comes later finds the old state or the new."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally, spread
from benchmarks.reliability.database_steps import WRITE
from benchmarks.reliability.deeds import Deed, deeds, results_unlike_both
from benchmarks.reliability.faults import Act
from benchmarks.reliability.scene import Scene, in_short, open_to_others, tree_of

_INTERRUPTS: tuple[Act, ...] = ("INT", "TERM", "HUP")
_PART = re.compile(r"\.out\.csv\.parts-\w+")


def _kill(scene: Scene, number: int, tally: Tally) -> None:
    deed, step, name = _moment(scene, number, tally)
    act: Act = "tear" if name.startswith(("os.write", WRITE)) and tally.rng.random() < 0.5 else "kill"
    with scene.copy(deed.history) as place:
        ended = scene.children.run(deed.line, place, fault={"act": act, "at": step})
        tally.did(f"kills of {deed.name}")
        where = f"{deed.name}, killed before step {step} ({name})"
        tally.expect(ended.status in (-9, 0), f"{where}: {ended}")
        if ended.status == 0:  # what was acknowledged is there
            unlike = deed.unlike_after(scene, place)
            tally.expect(not unlike, f"{where}: acknowledged, but {in_short(unlike)}")
        _check_later(scene, deed, place, tally, where)


def _interrupt(scene: Scene, number: int, tally: Tally) -> None:
    deed, step, name = _moment(scene, number, tally)
    act = _INTERRUPTS[number % len(_INTERRUPTS)]
    with scene.copy(deed.history) as place:
        ended = scene.children.run(deed.line, place, fault={"act": act, "at": step})
        tally.did(f"SIG{act}")
        where = f"{deed.name}, SIG{act} at step {step} ({name})"
        tally.expect(not ended.fault, f"{where}: {ended}")
        unlike = min(deed.unlike_before(scene, place), deed.unlike_after(scene, place), key=len)
        tally.expect(not unlike, f"{where}: after it {in_short(unlike)}")
        _check_later(scene, deed, place, tally, where)


def _moment(scene: Scene, number: int, tally: Tally) -> tuple[Deed, int, str]:
    every = deeds(scene.lines)
    deed = every[number % len(every)]
    steps = scene.steps(deed.history, deed.line)
    step = spread(number, len(steps), tally.rng)
    return deed, step, steps[step]


def _check_later(scene: Scene, deed: Deed, place: Path, tally: Tally, where: str) -> None:
    """See that the state is the old or the new one, and that later commands work and tidy up."""
    neither = deed.neither(scene, place)
    tally.expect(not neither, f"{where}: {neither}")
    unlike = results_unlike_both(scene, deed, place)
    tally.expect(not unlike, f"{where}: {in_short(unlike)}")
    if not deed.can_be_repeated:
        return
    lines = scene.lines
    is_import = deed.line in (lines.first, lines.second)
    if is_import and deed.history[-1] == lines.first and tally.rng.random() < 0.4:
        # What was there before is asked for again, in place of what was killed.
        again = scene.children.run(lines.first, place)
        tally.did("imports of the old donors afterwards")
        answers = tuple((one.status, one.output) for one in scene.asked(place, deed.probes))
        right = answers == scene.answers(deed.history, deed.probes)
        tally.expect(not again.status and right, f"{where}: then the old donors again: {again}")
        return
    was_done = deed.is_refused_again and deed.is_recorded(scene, place)
    again = scene.children.run(deed.line, place)
    is_right = again.is_refusal if was_done else not again.status
    tally.expect(is_right, f"{where}: then the same again: {again}")
    unlike = deed.unlike_after(scene, place)
    tally.expect(not unlike, f"{where}: then the same again: {in_short(unlike)}")
    bare = open_to_others(tree_of(place))
    tally.expect(not bare, f"{where}: then the same again: {in_short(bare)}")
    if is_import and lines.first in deed.history and lines.knows("rollback"):
        back = scene.children.run(lines.go_back, place)
        answers = tuple((one.status, one.output) for one in scene.asked(place, deed.probes))
        right = answers == scene.answers(deed.history, deed.probes)
        tally.did("rollbacks afterwards")
        tally.expect(not back.status and right, f"{where}: then the same again and a rollback: {back}")


KILLS = Attack(
    "kills",
    "After a kill at any step every later command works and gives the right bytes, and nothing is left over.",
    _kill,
    long=1000,
    quick=6,
)
INTERRUPTS = Attack(
    "interrupts",
    "SIGINT, SIGTERM and SIGHUP at any step leave the old state or the new, nothing else, and no traceback.",
    _interrupt,
    long=120,
    quick=2,
)
