"""Full and read-only disks: each command that writes ends in one line there, and leaves all as it was.

Where this process may mount, the folder of the command lies on a small file system of its own, so that memory-mapped
writes and libraries meet a disk that is really full, or one that cannot be written to. Everywhere a step fails as on a
full disk, and files may not grow beyond a size.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally, spread
from benchmarks.reliability.children import TEMPORARY, Ended
from benchmarks.reliability.command_lines import REGISTRY
from benchmarks.reliability.deeds import Deed, deeds
from benchmarks.reliability.record_content import RECORD
from benchmarks.reliability.scene import Scene, Tree, differences, in_short, tree_of

_BLOCK = 4096
_RECORDED = re.compile(r"when transaction (\d+) was recorded")
_BEGUN = "compact it again, to go on"
_CURRENT, _RECORD = f"{REGISTRY}/CURRENT", f"{REGISTRY}/{RECORD}"
_NAMED = {_CURRENT, *(f"{REGISTRY}/{name}" for name in ("PREVIOUS", "quarantine.csv", "warnings.csv"))}
_READ_ONLY_SIZE = 64 << 20
_SMALL, _STEP, _LIMIT, _READ_ONLY = (
    "a small file system", "a step that fails", "a limit of file sizes", "a file system that cannot be written to",
)  # fmt: skip


def _fill(scene: Scene, number: int, tally: Tally) -> None:
    every = deeds(scene.lines)
    deed = every[number % len(every)]
    way = (_SMALL, _STEP, _SMALL, _LIMIT, _READ_ONLY)[number // len(every) % 5]
    if way in (_SMALL, _READ_ONLY) and not _can_mount():
        way = _STEP
    ways = {_SMALL: _on_small_disk, _STEP: _at_step, _LIMIT: _with_limit, _READ_ONLY: _read_only}
    ways[way](scene, number, tally, deed)
    tally.did(way)


def _on_small_disk(scene: Scene, number: int, tally: Tally, deed: Deed) -> None:
    before, after = scene.state(deed.history), scene.state(deed.after)
    # A little more than what stays: locks and parts come and go.
    need = max(_size(after.folder) - _size(before.folder), 0) // _BLOCK + 16
    room = max(1, spread(number, need, tally.rng))
    with scene.place("disk") as place, _small_disk(place, _size(before.folder) + room * _BLOCK):
        shutil.copytree(before.folder, place, dirs_exist_ok=True)
        ended = scene.children.run(deed.line, place)
        _check(scene, deed, place, tally, ended, f"{deed.name} with {room * _BLOCK // 1024} kB of room")


def _at_step(scene: Scene, number: int, tally: Tally, deed: Deed) -> None:
    steps = scene.steps(deed.history, deed.line)
    at = spread(number, len(steps), tally.rng)
    with scene.copy(deed.history) as place:
        ended = scene.children.run(deed.line, place, fault={"act": "no room", "at": at})
        _check(scene, deed, place, tally, ended, f"{deed.name} with no room from step {at} on ({steps[at]})")


def _with_limit(scene: Scene, number: int, tally: Tally, deed: Deed) -> None:
    greatest = max(path.stat().st_size for path in scene.state(deed.after).folder.rglob("*") if path.is_file())
    limit = spread(number, greatest, tally.rng)
    with scene.copy(deed.history) as place:
        # What the child says goes to a file, too.
        ended = scene.children.run(deed.line, place, limits={"RLIMIT_FSIZE": max(limit, 4000)})
        _check(scene, deed, place, tally, ended, f"{deed.name} with files of at most {max(limit, 4000):,} bytes")


def _read_only(scene: Scene, number: int, tally: Tally, deed: Deed) -> None:
    with scene.place("disk") as place, _small_disk(place, _READ_ONLY_SIZE):
        shutil.copytree(scene.state(deed.history).folder, place, dirs_exist_ok=True)
        (place / TEMPORARY).mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        ended = scene.children.run(deed.line, place)
        _check(scene, deed, place, tally, ended, f"{deed.name} where nothing can be written")


def _check(scene: Scene, deed: Deed, place: Path, tally: Tally, ended: Ended, where: str) -> None:
    tally.expect(not ended.fault, f"{where}: {ended}")
    if ended.status == 0:
        if deed.may_do_without:
            right = ended.output == scene.children.run(deed.line, place).output
            tally.expect(right, f"{where}: another list")
            tally.did("done without writing")
            left = [name for name in tree_of(place) if ".writing-" in name or name.endswith(".part")]
            tally.expect(not left, f"{where}: left over {in_short(left)}")
            return
        tally.did("had room enough")
        unlike = deed.unlike_after(scene, place)
        tally.expect(not unlike, f"{where}: succeeded, but {in_short(unlike)}")
        return
    tally.did("refused")
    if not ended.fault:
        tally.expect(ended.is_refusal, f"{where}: {ended}")
    if (told := _RECORDED.search(ended.last_line)) is not None:
        _check_recorded(scene, deed, place, tally, int(told[1]), where)
        return
    if deed.goes_on and _BEGUN in ended.last_line:
        _check_begun(scene, deed, place, tally, where)
        return
    unlike = deed.unlike_before(scene, place)
    tally.expect(not unlike, f"{where}: {in_short(unlike)}")


def _check_recorded(scene: Scene, deed: Deed, place: Path, tally: Tally, number: int, where: str) -> None:
    """See that a change that is said to be recorded is, that all else is as before, and that it is published next."""
    tally.did("recorded, and published later")
    before, after = scene.state(deed.history).tree, scene.state(deed.after).tree
    tally.expect(deed.is_recorded(scene, place), f"{where}: said to be recorded, and the record is another one")
    said = scene.children.run(deed.as_it(scene.lines.verify), place)
    is_told = f"transaction {number} is in the record only" in said.output
    found = tree_of(place)
    is_switched = found.get(_CURRENT) == after[_CURRENT]
    tally.expect(not said.status and is_told != is_switched, f"{where}: then {said}")
    # The finished snapshot, and each of the files that are named one after another, may be there already.
    may_be = {name for name in after if name in _NAMED or name.startswith(f"{REGISTRY}/snapshot-")}
    unlike = differences(found, {**before, _RECORD: after[_RECORD]}, {name: after[name] for name in may_be})
    unlike = [one for one in unlike if not _is_of(one, may_be, found, after)]
    tally.expect(not unlike, f"{where}: {in_short(unlike)}")
    published = scene.children.run(deed.as_it(scene.lines.compact), place)
    unlike = deed.unlike_after(scene, place)
    tally.expect(not published.status and not unlike, f"{where}: then {published}: {in_short(unlike)}")


def _is_of(unlike: str, names: set[str], found: Tree, after: Tree) -> bool:
    """Say whether a difference is of a file that is as after the deed."""
    name = unlike.partition(" ")[0]
    return name in names and found.get(name) == after[name]


def _check_begun(scene: Scene, deed: Deed, place: Path, tally: Tally, where: str) -> None:
    """See that what was begun and not ended left a whole registry, that no more is claimed, and that it goes on."""
    tally.did("begun, and ended later")
    before, after, found = scene.state(deed.history).tree, scene.state(deed.after).tree, tree_of(place)
    unlike = [one for one in differences(found, after, before) if not one.endswith(" is left over")]
    unlike += [f"{name} is left over" for name in found if name not in before and name not in after]
    unlike += [
        f"{name} has gone without its folder"
        for name in before
        if name.startswith(f"{REGISTRY}/snapshot-") and "/" not in name.removeprefix(f"{REGISTRY}/")
        if name in found and any(one not in found for one in before if one.startswith(f"{name}/"))
    ]
    tally.expect(not unlike, f"{where}: {in_short(unlike)}")
    said = scene.children.run(deed.as_it(scene.lines.verify), place)
    is_left = any(name not in after for name in found)
    tally.expect(not said.status and is_left == ("files hold data of" in said.output), f"{where}: then {said}")
    neither = deed.neither(scene, place)
    tally.expect(not neither, f"{where}: {neither}")
    again = scene.children.run(deed.line, place)
    unlike = deed.unlike_after(scene, place)
    tally.expect(not again.status and not unlike, f"{where}: then the same again: {again}: {in_short(unlike)}")


def _size(folder: Path) -> int:
    """Return the bytes of blocks that the files of a folder take; folders take none in memory."""
    return sum(-(-path.stat().st_size // _BLOCK) * _BLOCK for path in folder.rglob("*") if path.is_file())


@contextmanager
def _small_disk(place: Path, size: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size // 1024}k,mode=0755", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@functools.cache
def _can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _small_disk(Path(folder), 1 << 20):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


FULL_DISK = Attack(
    "full-disk",
    "On a full or read-only disk every command ends in one line with exit status 2, and what was there is as it was.",
    _fill,
    long=260,
    quick=4,
)
