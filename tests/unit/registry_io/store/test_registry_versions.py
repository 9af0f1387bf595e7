"""Which snapshot is valid: nothing is lost by an import that is killed, raced, repeated or taken back."""

from __future__ import annotations

import datetime
import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hla_match.errors import HlaMatchError, LockedError, RegistryError
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import listening
from registry_io.disk.writer_lock import writer_lock
from registry_io.store.donor_import import import_donors
from registry_io.store.registry_folder import current_snapshot, writing_registry
from registry_io.store.registry_store import open_registry, verify_registry
from registry_io.store.registry_versions import Garbage, collect_garbage
from registry_io.store.rollback import roll_back

NOMENCLATURE = Nomenclature.builtin()
TODAY = datetime.date(2026, 1, 1)
NOW = datetime.timedelta(0)
DONORS = {
    "a": "D1,02:01,24:02\nD2,11:01,24:02\n",
    "b": "D1,02:01,24:02\nD2,11:01,24:02\nD3,11:01,\nD4,99:99,\n",
    "c": "D1,02:01,24:02\nD2,11:01,24:02\nD5,02:01,\n",
}
ANYHOW = {"replace": True, "allow_shrink": True, "again": True}
HELD = {"a": ["D1", "D2"], "b": ["D1", "D2", "D3"], "c": ["D1", "D2", "D5"]}


class Killed(BaseException):
    """Ends a writer at a step; unlike a signal it runs the clean-up, which a listener can forbid as well."""


def put(folder: Path, which: str, **how: bool) -> None:
    path = folder.parent / f"{which}.csv"
    path.write_text("donor_id,A_1,A_2\n" + DONORS[which], encoding="utf-8")
    path.chmod(0o600)
    import_donors(folder, path, NOMENCLATURE, today=TODAY, **{**ANYHOW, **how})


def held(folder: Path) -> list[str]:
    return sorted(open_registry(folder).attributes["donor_id"].to_list())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "r", "a")
    return tmp_path / "r"


def snapshots(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("snapshot-*"))


def damage(snapshot: Path, name: str = "donor_typing.npy") -> None:
    data = bytearray((snapshot / name).read_bytes())
    data[-1] ^= 1
    (snapshot / name).write_bytes(data)


def test_the_registry_before_is_kept_and_can_be_taken_back(folder: Path) -> None:
    put(folder, "b")
    assert held(folder) == HELD["b"]
    assert (folder / "quarantine.csv").read_text().count("\n") == 2
    roll_back(folder)
    assert held(folder) == HELD["a"]
    assert (folder / "quarantine.csv").read_text().count("\n") == 1
    roll_back(folder)
    assert held(folder) == HELD["b"]


def test_without_an_earlier_snapshot_nothing_is_taken_back(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no earlier snapshot"):
        roll_back(folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    for place in (tmp_path / "none", tmp_path / "other"):
        with pytest.raises(RegistryError):
            roll_back(place)
    assert not (tmp_path / "none").exists()
    assert os.listdir(tmp_path / "other") == ["file"]


def test_a_damaged_earlier_snapshot_is_not_taken_back(folder: Path) -> None:
    before = current_snapshot(folder)
    put(folder, "b")
    damage(before)
    with pytest.raises(RegistryError, match=r"donor_typing.npy"):
        roll_back(folder)
    assert held(folder) == HELD["b"]


def test_garbage_is_what_is_neither_valid_nor_the_one_before(folder: Path) -> None:
    names = [snapshots(folder)[0]]
    for which in "bc":
        put(folder, which)
        names.append(current_snapshot(folder).name)
    (folder / ".writing-0123").mkdir()
    (folder / ".writing-0123" / "typing").touch()
    (folder / ".CURRENT.01234567.part").touch()
    removed = {one.name for one in collect_garbage(folder, grace=NOW)}
    assert removed == {names[0], ".writing-0123", ".CURRENT.01234567.part"}
    assert snapshots(folder) == sorted(names[1:])
    roll_back(folder)
    assert held(folder) == HELD["b"]
    assert collect_garbage(folder, grace=NOW) == []


def test_garbage_is_not_collected_beside_a_damaged_registry(folder: Path) -> None:
    for which in "bc":
        put(folder, which)
    damage(current_snapshot(folder))
    with pytest.raises(RegistryError, match="other bytes than were written"):
        collect_garbage(folder, grace=NOW)
    assert len(snapshots(folder)) == 3


def test_importing_again_mends_a_damaged_registry(folder: Path) -> None:
    damaged = current_snapshot(folder)
    damage(damaged)
    with pytest.raises(RegistryError, match="import the donors again"):
        open_registry(folder)
    put(folder, "a")
    assert held(folder) == HELD["a"]
    assert all(sound for _, sound in verify_registry(folder))
    assert current_snapshot(folder).name == f"{damaged.name}.2"
    assert open_registry(folder).snapshot == damaged.name
    assert {one.name for one in collect_garbage(folder, grace=NOW)} == {damaged.name}


def test_a_damaged_registry_does_not_take_the_place_of_the_sound_one_before(folder: Path) -> None:
    put(folder, "b")
    damage(current_snapshot(folder))
    put(folder, "c")
    roll_back(folder)
    assert held(folder) == HELD["a"]


def test_importing_the_same_again_changes_nothing(folder: Path) -> None:
    before = snapshots(folder)
    put(folder, "a")
    assert snapshots(folder) == before
    put(folder, "b")
    put(folder, "a")
    assert held(folder) == HELD["a"]
    roll_back(folder)
    assert held(folder) == HELD["b"]


def test_a_snapshot_half_deleted_is_written_again(folder: Path) -> None:
    half = current_snapshot(folder)
    put(folder, "b")
    (half / "donor_typing.npy").unlink()
    put(folder, "a")
    assert held(folder) == HELD["a"]


EVERY = 7
"""A daily run ends imports at every seventh step."""


def steps_of_an_import(folder: Path) -> list[tuple[str, str]]:
    steps: list[tuple[str, str]] = []
    copy = folder.parent / "counted" / "r"
    copy.parent.mkdir()
    shutil.copytree(folder, copy)
    with listening(lambda action, path: steps.append((action, path.name))):
        put(copy, "b")
    return steps


@pytest.mark.parametrize("first", [0, *(pytest.param(at, marks=pytest.mark.exhaustive) for at in range(1, EVERY))])
def test_an_import_that_ends_at_any_step_leaves_the_old_registry_or_the_new_one(folder: Path, first: int) -> None:
    steps = steps_of_an_import(folder)
    assert len(steps) > 100
    for at in range(first, len(steps), EVERY):
        copy = folder.parent / f"at-{at}" / "r"
        shutil.copytree(folder, copy)
        taken = iter(range(len(steps)))

        def ended(action: str, path: Path, taken: Iterator[int] = taken, at: int = at) -> None:
            # As after a kill, nothing is cleaned up once the step was reached.
            if next(taken, at) >= at:
                raise Killed

        with listening(ended), pytest.raises(Killed):
            put(copy, "b")
        assert held(copy) in (HELD["a"], HELD["b"]), steps[at]
        assert all(sound for _, sound in verify_registry(copy))
        assert not list(copy.rglob(".*")), steps[at]
        put(copy, "b")
        assert held(copy) == HELD["b"]
        shutil.rmtree(copy.parent)


def test_a_disk_that_is_full_at_any_step_leaves_the_old_registry(folder: Path) -> None:
    steps = steps_of_an_import(folder)
    before = current_snapshot(folder).name
    for at in range(0, len(steps), 3):
        if steps[at][0] == "remove":
            continue
        taken = iter(range(len(steps)))

        def full(action: str, path: Path, taken: Iterator[int] = taken, at: int = at) -> None:
            if next(taken, -1) == at:
                raise OSError(errno.ENOSPC, "No space left on device")

        with listening(full), pytest.raises(HlaMatchError, match="no room left on the disk"):
            put(folder, "b")
        if current_snapshot(folder).name != before and held(folder) == HELD["b"]:
            break  # full after the switch: the new registry is there, and complete
        assert held(folder) == HELD["a"], steps[at]
        assert not list(folder.rglob(".*")), steps[at]


def test_an_interruption_when_a_snapshot_has_just_its_name_leaves_none(folder: Path) -> None:
    before = set(folder.iterdir())
    named: list[Path] = []

    def interrupted(action: str, path: Path) -> None:
        if named and not action.startswith("re"):
            named.clear()
            raise KeyboardInterrupt
        if action == "rename" and path.name.startswith("snapshot-"):
            named.append(path)

    with listening(interrupted), pytest.raises(KeyboardInterrupt):
        put(folder, "b")
    assert set(folder.iterdir()) == before
    assert held(folder) == HELD["a"]


def test_an_interruption_of_a_first_import_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.csv").write_text("donor_id,A_1,A_2\n" + DONORS["a"], encoding="utf-8")
    monkeypatch.setattr(os, "chmod", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_donors(tmp_path / "r", tmp_path / "a.csv", NOMENCLATURE)
    assert not (tmp_path / "r").exists()


def test_steps_are_in_an_order_that_a_power_cut_cannot_break(folder: Path) -> None:
    """A name may reach the disk before what was not flushed; so all must be flushed before the name is given."""
    steps: list[tuple[str, Path]] = []
    with listening(lambda action, path: steps.append((action, path))):
        put(folder, "b")
    aside: Path | None = None
    unflushed: set[Path] = set()
    entries: set[Path] = set()  # folders with names that are not on the disk
    for action, path in steps:
        if action in ("create", "write"):
            unflushed.add(path)
            entries.add(path.parent)
        elif action == "make folder":
            entries.add(path.parent)
        elif action == "flush":
            unflushed.discard(path)
        elif action == "flush folder":
            entries.discard(path)
        elif action == "rename" and path.name.startswith("snapshot-"):
            aside = next(one.parent for one in unflushed | {s[1] for s in steps} if one.name == "manifest.json")
            assert not {one for one in unflushed if one.parent == aside}
            assert aside not in entries
            entries.add(path.parent)
        elif action == "rename":
            assert not {one for one in unflushed if one.name.startswith(f".{path.name}.")}
            if path.name == "CURRENT":
                assert aside is not None, "the snapshot has its name before CURRENT names it"
                assert path.parent not in entries, "and the name is on the disk"
            entries.add(path.parent)
    assert folder not in entries, "the switch is on the disk when the import ends"


def test_a_second_writer_is_told_who_writes(folder: Path) -> None:
    with writing_registry(folder):
        with pytest.raises(LockedError, match=f"process {os.getpid()} of "):
            put(folder, "b")
        with pytest.raises(LockedError):
            roll_back(folder)
        with pytest.raises(LockedError):
            collect_garbage(folder, grace=NOW)
        assert held(folder) == HELD["a"]
    put(folder, "b")


def test_a_reader_that_meets_a_switch_takes_the_new_registry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry_io.store import registry_store as store

    before = current_snapshot(folder)
    put(folder, "b")
    newest = current_snapshot(folder)
    told = iter([before, newest, newest])
    shutil.rmtree(before)
    monkeypatch.setattr(store, "current_snapshot", lambda _: next(told))
    assert held(folder) == HELD["b"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_registry_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        put(tmp_path / "r", "b")
        roll = tmp_path / "r"
        put(roll, "a")
    finally:
        os.umask(before)
    for path in [roll, *roll.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("content", [b"", b"\n", b"snapshot-", b"../r/snapshot-0123456789abcdef", b"\xff" * 500])
def test_a_damaged_pointer_is_said_and_can_be_taken_back(folder: Path, content: bytes) -> None:
    put(folder, "b")
    (folder / "CURRENT").write_bytes(content)
    with pytest.raises(RegistryError, match=r"CURRENT: found a damaged file.*roll back"):
        open_registry(folder)
    roll_back(folder)
    assert held(folder) == HELD["a"]


@pytest.mark.parametrize("content", ["", "snapshot-0123456789abcdef"])
def test_a_damaged_pointer_loses_no_registry(folder: Path, content: str) -> None:
    put(folder, "b")
    for _ in range(2):  # whichever of the two became valid last
        latest = held(folder)
        (folder / "CURRENT").write_text(content)
        roll_back(folder)
        assert held(folder) != latest
        assert collect_garbage(folder, grace=NOW) == []
        roll_back(folder)
        assert held(folder) == latest
        roll_back(folder)
    latest = held(folder)
    (folder / "CURRENT").write_text(content)
    put(folder, "c")
    collect_garbage(folder, grace=NOW)
    roll_back(folder)
    assert held(folder) == latest


def test_a_registry_with_a_file_too_many_can_be_taken_back(folder: Path) -> None:
    (current_snapshot(folder) / "notes.txt").touch()
    put(folder, "b")
    collect_garbage(folder, grace=NOW)
    roll_back(folder)
    assert held(folder) == HELD["a"]


FOREIGN = (".lock", ".film.part", ".film.mkv.0123part.part", "z.txt", ".film.01234567.part")


@pytest.mark.parametrize("pointer", [None, "MANIFEST-000001"])
def test_a_folder_that_is_no_registry_is_left_alone(tmp_path: Path, pointer: str | None) -> None:
    for name in FOREIGN:
        (tmp_path / name).write_text("precious")
    (tmp_path / ".writing-letter").mkdir()
    if pointer is not None:
        (tmp_path / "CURRENT").write_text(pointer)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    for use in (open_registry, verify_registry, roll_back, collect_garbage):
        with pytest.raises(RegistryError):
            use(tmp_path)
    with pytest.raises(RegistryError), writing_registry(tmp_path):
        pass
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", [".film.part", ".film.mkv.0123part.part"])
def test_what_no_writer_names_so_is_left_in_a_registry(folder: Path, name: str) -> None:
    (folder / name).touch()
    put(folder, "b")
    collect_garbage(folder, grace=NOW)
    assert held(folder) == HELD["b"]
    assert (folder / name).exists()


@pytest.mark.parametrize("what", [open_registry, verify_registry, collect_garbage])
def test_what_killed_imputations_left_is_removed_by_the_next_command(
    folder: Path, what: Callable[[Path], object]
) -> None:
    left = current_snapshot(folder) / ".writing-0123"
    left.mkdir()
    (left / "person.npy").write_bytes(bytes(9))
    found = what(folder)
    assert not left.exists()
    if what is collect_garbage:
        assert found == [Garbage(f"{left.parent.name}/.writing-0123", 9)]


def test_what_a_living_imputation_writes_is_no_garbage(folder: Path) -> None:
    snapshot = current_snapshot(folder)
    (snapshot / ".writing-0123").mkdir()
    with writer_lock(snapshot / ".lock", "donors"):
        assert collect_garbage(folder, grace=NOW) == []
    assert (snapshot / ".writing-0123").exists()


def test_a_clock_that_was_ahead_holds_no_garbage_up(folder: Path) -> None:
    (old,) = snapshots(folder)
    for which in "bc":
        put(folder, which)
    os.utime(folder / old, (4e9, 4e9))
    assert collect_garbage(folder) == []
    assert [one.name for one in collect_garbage(folder, grace=NOW)] == [old]


@pytest.mark.parametrize("what", [open_registry, verify_registry, collect_garbage])
def test_what_a_killed_first_import_left_is_removed_by_the_next_command(
    tmp_path: Path, what: Callable[[Path], object]
) -> None:
    left = tmp_path / "r" / ".writing-0123"
    left.mkdir(parents=True)
    if what is collect_garbage:
        assert what(left.parent) == [Garbage(left.name, 0)]
    else:
        with pytest.raises(RegistryError, match="no registry"):
            what(left.parent)
    assert not left.exists()


def test_a_pointer_to_nothing_is_said(folder: Path) -> None:
    (folder / "CURRENT").write_text("snapshot-0123456789abcdef\n")
    with pytest.raises(RegistryError, match="no file"):
        open_registry(folder)


@pytest.mark.parametrize("at", [0, 1, 100, -2])
def test_a_changed_manifest_is_noticed(folder: Path, at: int) -> None:
    path = current_snapshot(folder) / "manifest.json"
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(RegistryError):
        open_registry(folder)
    with pytest.raises(RegistryError):
        list(verify_registry(folder))


def test_a_file_too_many_is_noticed(folder: Path) -> None:
    (current_snapshot(folder) / "order_9_donor.npy").touch()
    assert [name for name, sound in verify_registry(folder) if not sound] == ["order_9_donor.npy"]
    with pytest.raises(RegistryError, match="a file too many"):
        open_registry(folder)


def test_a_folder_that_others_can_read_is_shut_by_an_import(folder: Path) -> None:
    folder.chmod(0o755)
    put(folder, "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_registry_without_fast_checksums_is_compared_by_the_slow_ones(folder: Path) -> None:
    """Registries of the first versions have SHA-256 alone."""
    import json

    from registry_io.store.snapshot_store import manifest_hash

    snapshot = current_snapshot(folder)
    manifest = json.loads((snapshot / "manifest.json").read_text())
    del manifest["xxh3"], manifest["bytes"]
    text = json.dumps(manifest).encode()
    (snapshot / "manifest.json").write_bytes(text)
    older = snapshot.rename(folder / f"snapshot-{manifest_hash(text)}")
    (folder / "CURRENT").write_text(older.name)
    assert held(folder) == HELD["a"]
    assert np.load(older / "status.npy").size == 2
    damage(older, "status.npy")
    with pytest.raises(RegistryError, match=r"status\.npy"):
        open_registry(folder)


_KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from registry_io.disk.durable_files import listening
from registry_io.store.rollback import roll_back
from tests.unit.registry_io.store.test_registry_versions import put

def ended(action, path):
    if (action, path.name) == ("rename", "CURRENT"):
        os._exit(9)

with listening(ended):
    put(Path(sys.argv[1]), "c") if sys.argv[2] == "import" else roll_back(Path(sys.argv[1]))
"""


def kill(folder: Path, what: str) -> None:
    """Kill an import or a rollback right before the switch."""
    root = str(Path(__file__).parents[4])
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(folder), what, root, *sys.path], check=False)
    assert killed.returncode == 9


def test_an_import_that_is_killed_before_the_switch_is_recorded_and_published_by_the_next_writer(folder: Path) -> None:
    put(folder, "b")
    for what in ("import", "rollback"):  # the latter while it publishes what the former did not
        kill(folder, what)
        assert held(folder) == HELD["b"]
    collect_garbage(folder)
    roll_back(folder)
    assert held(folder) == HELD["b"]
    roll_back(folder)
    assert held(folder) == HELD["c"]


def test_a_rollback_that_is_killed_before_the_switch_is_recorded_and_published_by_the_next_writer(
    folder: Path,
) -> None:
    put(folder, "b")
    kill(folder, "rollback")
    assert held(folder) == HELD["b"]
    put(folder, "c")
    assert held(folder) == HELD["c"]
    roll_back(folder)
    assert held(folder) == HELD["a"]


def test_the_lock_of_a_killed_writer_is_removed_by_the_next_command(folder: Path) -> None:
    for place in (folder, current_snapshot(folder)):
        (place / ".lock").write_text("{}")
    assert held(folder) == HELD["a"]
    assert not list(folder.rglob(".lock"))
