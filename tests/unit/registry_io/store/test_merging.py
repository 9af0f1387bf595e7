"""A later change merges the snapshots of those before, once they are a great share of the registry."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hla_match.errors import FileError
from registry_io.store import record_state
from registry_io.store.donor_changes import add_donor
from registry_io.store.donor_import import import_donors
from registry_io.store.registry_folder import current_snapshot
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.rollback import roll_back
from registry_io.store.snapshot_store import snapshot_chain
from tests.properties.test_registry_union import assert_same

DAY = datetime.date(2026, 1, 31)
HEAD = "donor_id,A_1,A_2\n"


def rows(first: int, stop: int) -> str:
    return "".join(f"D{number:03},02:01,{'24:02' if number % 2 else '11:01'}\n" for number in range(first, stop))


def put(folder: Path, first: int, stop: int, **how: bool) -> None:
    file = folder.parent / "donors.csv"
    file.write_text(HEAD + rows(first, stop), encoding="utf-8")
    import_donors(folder, file, "builtin", today=DAY, **how)


def sizes(folder: Path) -> list[int]:
    return [manifest.n_donors for _, manifest in snapshot_chain(current_snapshot(folder))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry of 60 donors and 4 who came since."""
    folder = tmp_path / "registry"
    put(folder, 0, 60)
    put(folder, 60, 64, add=True)
    assert sizes(folder) == [60, 4]
    return folder


def test_a_later_change_merges_those_before(folder: Path, tmp_path: Path) -> None:
    put(folder, 64, 65, add=True)
    assert sizes(folder) == [65]
    found = open_registry(folder)
    assert found.provenance.transaction == 3
    put(tmp_path / "at_once", 0, 65)
    assert_same(found, open_registry(tmp_path / "at_once"))
    assert prove_registry(folder) is None
    put(folder, 65, 66, add=True)
    assert sizes(folder) == [65, 1]
    roll_back(folder)
    assert open_registry(folder).n_donors == 65


def test_after_a_merge_the_change_before_it_can_be_taken_back(folder: Path) -> None:
    add_donor(folder, "N1", {"A": "02:01,24:02"}, today=DAY)
    assert sizes(folder) == [65]
    roll_back(folder)
    assert sizes(folder) == [60, 4]
    roll_back(folder)
    assert sizes(folder) == [65]
    assert prove_registry(folder) is None


def test_a_merge_that_fails_is_left_to_a_later_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise FileError(str(folder), found="no space left on device", expected="room for the file")

    with monkeypatch.context() as patched:
        patched.setattr(record_state, "merge_changes", full)
        add_donor(folder, "N1", {"A": "02:01,24:02"}, today=DAY)
    assert open_registry(folder).n_donors == 65
    assert len(sizes(folder)) > 1
    add_donor(folder, "N2", {"A": "02:01,24:02"}, today=DAY)
    assert sizes(folder) == [66]
