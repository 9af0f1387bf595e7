"""A registry whose record somebody removed: nothing goes on without one, and another one takes no number anew."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hla_match.errors import HlaMatchError, RegistryError
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import listening
from registry_io.store.compaction import compact_registry
from registry_io.store.donor_changes import update_donor
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_records import registry_log
from registry_io.store.past_registry import open_past_registry
from registry_io.store.registry_folder import CURRENT, JOURNAL, SNAPSHOTS, current_snapshot
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.rollback import roll_back

DAY = datetime.date(2026, 1, 31)
NOW = datetime.timedelta()
TWO = "donor_id,A_1,A_2,city\nD1,02:01,24:02,Ningbo\nD2,11:01,24:02,Jiaxing\n"
OTHERS = TWO.replace("Jiaxing", "Huzhou") + "D3,33:03,24:02,Wenzhou\n"


class KilledError(Exception):
    """A process that ended without a word."""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """One whose record is gone, with the donors of its transaction 3 in the snapshot."""
    (tmp_path / "donors.csv").write_text(TWO, encoding="utf-8")
    (tmp_path / "others.csv").write_text(OTHERS, encoding="utf-8")
    folder = tmp_path / "registry"
    import_donors(folder, tmp_path / "donors.csv", Nomenclature.builtin(), today=DAY)
    for city in ("Taizhou", "Lishui"):
        update_donor(folder, "D1", {"city": city}, today=DAY)
    (folder / JOURNAL).unlink()
    return folder


def cities(folder: Path) -> dict[str, str]:
    return dict(open_registry(folder).attributes.select("donor_id", "city").iter_rows())


def replaced(folder: Path) -> dict[str, str]:
    import_donors(folder, folder.parent / "others.csv", Nomenclature.builtin(), replace=True, today=DAY)
    return cities(folder)


NEW = {"D1": "Ningbo", "D2": "Huzhou", "D3": "Wenzhou"}


def test_a_rollback_is_refused(registry: Path) -> None:
    before = (registry / CURRENT).read_bytes()
    with pytest.raises(RegistryError, match="no record, where the snapshot has transaction 3"):
        roll_back(registry)
    assert (registry / CURRENT).read_bytes() == before
    assert not (registry / JOURNAL).exists()


def test_the_record_that_takes_its_place_goes_on_with_the_numbers(registry: Path) -> None:
    assert replaced(registry) == NEW
    update_donor(registry, "D3", {"city": "Jinhua"}, today=DAY)
    assert [one.number for one in registry_log(registry)] == [4, 5]
    assert prove_registry(registry) is None
    assert dict(open_past_registry(registry, 4).attributes.select("donor_id", "city").iter_rows()) == NEW
    with pytest.raises(RegistryError, match=r"no transaction 3, expected 4 to 5"):
        open_past_registry(registry, 3)


def test_an_import_in_its_place_says_that_nobody_knows_who_goes(registry: Path) -> None:
    others = registry.parent / "others.csv"
    report = import_donors(registry, others, Nomenclature.builtin(), replace=True, today=DAY)
    assert str(report.replacement) == "a registry that cannot be read; 3 donors come"


def test_a_first_transaction_that_was_removed_is_found(registry: Path) -> None:
    replaced(registry)
    update_donor(registry, "D3", {"city": "Jinhua"}, today=DAY)
    with closing(sqlite3.connect(registry / JOURNAL)) as connection, connection:
        connection.execute("DELETE FROM txn WHERE id = 4")
    with pytest.raises(RegistryError, match="transaction 5: another content than was written"):
        prove_registry(registry)


def test_the_snapshot_of_the_record_that_is_gone_comes_back_by_a_rollback(registry: Path) -> None:
    before = cities(registry)
    replaced(registry)
    roll_back(registry)
    assert cities(registry) == before
    assert registry_log(registry)[-1].same_as is None
    assert prove_registry(registry) is None
    update_donor(registry, "D1", {"city": "Quzhou"}, today=DAY)
    assert cities(registry) == {**before, "D1": "Quzhou"}
    assert dict(open_past_registry(registry, 5).attributes.select("donor_id", "city").iter_rows()) == before
    assert prove_registry(registry) is None


def test_an_erasure_reaches_the_snapshots_of_the_record_that_is_gone(registry: Path) -> None:
    replaced(registry)
    erase_donors(registry, ["D2"], today=DAY)
    compact_registry(registry, grace=NOW)
    assert list(registry.glob(SNAPSHOTS)) == [current_snapshot(registry)]
    assert not [path for path in registry.rglob("*") if path.is_file() and b"Jiaxing" in path.read_bytes()]


def test_a_kill_at_any_step_leaves_a_registry_that_can_be_replaced_or_goes_on(registry: Path) -> None:
    steps: list[tuple[str, str]] = []
    copy = Path(shutil.copytree(registry, registry.parent / "counted" / "registry"))
    shutil.copy(registry.parent / "others.csv", copy.parent)
    with listening(lambda action, path: steps.append((action, path.name))):
        replaced(copy)
    before = cities(registry)
    switched = max(at for at, step in enumerate(steps) if step[1].endswith(CURRENT))
    for at in sorted({*range(0, len(steps), 40), *range(switched - 3, len(steps), 4)}):
        copy = Path(shutil.copytree(registry, registry.parent / f"at-{at}" / "registry"))
        shutil.copy(registry.parent / "others.csv", copy.parent)
        taken = iter(range(len(steps)))

        def ended(_action: str, _path: Path, taken: object = taken, at: int = at) -> None:
            if next(taken, at) >= at:  # type: ignore[call-overload]
                raise KilledError

        with listening(ended), pytest.raises(KilledError):
            replaced(copy)
        assert cities(copy) in (before, NEW), steps[at]
        try:
            update_donor(copy, "D3", {"city": "Jinhua"}, today=DAY)
        except HlaMatchError:
            assert cities(copy) == before
            assert replaced(copy) == NEW
        else:
            assert cities(copy) == {**NEW, "D3": "Jinhua"}, steps[at]
        assert prove_registry(copy) is None, steps[at]
        shutil.rmtree(copy.parent)


def test_what_the_database_left_beside_it_does_not_become_part_of_another_record(registry: Path) -> None:
    replaced(registry)
    with closing(sqlite3.connect(registry / JOURNAL, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("UPDATE txn SET reason = 'never'")
        for ending in ("-wal", ""):
            shutil.copy(registry / f"{JOURNAL}{ending}", registry.parent / f"kept{ending}")
    (registry / JOURNAL).unlink()
    log = registry / f"{JOURNAL}-wal"
    shutil.copy(registry.parent / "kept-wal", log)
    with pytest.raises(RegistryError, match=f"{JOURNAL}-wal: found the last changes of a record that is not there"):
        replaced(registry)
    assert log.read_bytes() == (registry.parent / "kept-wal").read_bytes()
    assert not (registry / JOURNAL).exists()
    log.unlink()
    assert replaced(registry) == NEW
    assert [one.reason for one in registry_log(registry)] == [""]
    assert prove_registry(registry) is None


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_numbers_go_on_where_nobody_says_which_snapshot_is_valid(registry: Path, content: bytes | None) -> None:
    if content is None:
        (registry / CURRENT).unlink()
    else:
        (registry / CURRENT).write_bytes(content)
    import_donors(registry, registry.parent / "others.csv", Nomenclature.builtin(), today=DAY)
    assert [one.number for one in registry_log(registry)] == [4]
    assert cities(registry) == NEW


def test_a_folder_that_is_only_named_like_a_snapshot_is_none(registry: Path) -> None:
    shutil.copytree(current_snapshot(registry), registry / "snapshot-copy")
    assert replaced(registry) == NEW
    update_donor(registry, "D3", {"city": "Jinhua"}, today=DAY)
    collect_garbage(registry, grace=NOW)
    assert cities(registry) == {**NEW, "D3": "Jinhua"}
