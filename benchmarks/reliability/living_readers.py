"""Eight readers while a writer makes one transaction after another: every answer is that of exactly one version."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.readers import STOP, read_on
from benchmarks.reliability.scene import Scene

_READERS = 8
_TRANSACTIONS = 10
"""Of a trial; a hundred trials make a thousand."""
_DONORS = 40
"""So many donors change, again and again."""


def write_on(registry: str, hla: str, seed: str) -> list[str]:
    """Change a registry, and return what a search answers before the first change and after each of them."""
    from registry_io.store.donor_changes import add_donor, reinstate_donor, update_donor, withdraw_donor
    from registry_io.store.donor_records import show_donor

    rng = random.Random(seed)
    Path(STOP).touch()
    answers = list(read_on(registry, hla))
    Path(STOP).unlink()
    for number in range(_TRANSACTIONS):
        donor_id = f"D{rng.randrange(_DONORS):04}"
        way = rng.randrange(4)
        if way == 0:
            values = {"A_1": "33:03", "A_2": "30:01", "B_1": "58:01", "B_2": "13:02", "DRB1_1": "03:01"}
            add_donor(registry, f"N{number:04}", values)
        elif not show_donor(registry, donor_id).is_donor:
            reinstate_donor(registry, donor_id)
        elif way == 1:
            withdraw_donor(registry, donor_id)
        else:
            update_donor(registry, donor_id, {"city": f"city {number}", "A_1": rng.choice(("02:07", "33:03"))})
        Path(STOP).touch()
        answers += read_on(registry, hla)
        Path(STOP).unlink()
    return answers


def _read(scene: Scene, number: int, tally: Tally) -> None:
    lines = scene.lines
    arguments = [lines.search[1], lines.search[3]]
    with scene.copy((lines.install_release, lines.first)) as place:
        room = place / "readers"
        room.mkdir()
        (room / lines.search[1]).symlink_to(place / lines.search[1])
        here = f"{read_on.__module__}:read_on"
        readers = [scene.children.start(arguments, room, function=here) for _ in range(_READERS)]
        writer = scene.children.run([*arguments, f"{scene.seed} {number}"], place, function=f"{__name__}:write_on")
        (room / STOP).touch()
        tally.expect(writer.status == 0, f"writer: {writer}")
        versions = {one for one in json.loads(writer.output or "[]") if "Error" not in one}
        tally.did("transactions", _TRANSACTIONS)
        seen: Counter[str] = Counter()
        for reader in readers:
            ended = reader.wait()
            tally.expect(ended.status == 0, f"reader: {ended}")
            seen.update(json.loads(ended.output or "{}"))
        for answer, times in seen.items():
            tally.did("answers", times)
            tally.expect(answer in versions, f"reader: {times} times {answer}, of no version")
        tally.did("versions seen", len(seen))
        proof = scene.children.run(lines.verify, place)
        tally.expect(proof.status == 0, f"afterwards: {proof}")


LIVING_READERS = Attack(
    "living-readers",
    "While a writer makes a thousand transactions, every answer of eight readers is that of exactly one version.",
    _read,
    long=100,
    quick=1,
    at_once=1,
)
