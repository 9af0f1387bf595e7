"""The registry of a past transaction is the one that was published then, whether or not a snapshot still holds it."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hla_match.donors.registry import Registry
from hla_match.errors import CriteriaError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from registry_io.store.donor_changes import add_donor, reinstate_donor, update_donor, withdraw_donor
from registry_io.store.donor_import import import_donors
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_folder import CURRENT, JOURNAL, current_snapshot
from registry_io.store.registry_store import open_registry
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.rollback import roll_back
from tests.properties.test_registry_union import assert_same

DAY = datetime.date(2026, 1, 31)
BASE = "donor_id,A_1,A_2,status,weight_kg,birth_date\n" + "".join(
    f"D{number:02},02:01,{'24:02' if number % 3 else ''},AV,6{number % 10},1990-01-{number % 28 + 1:02}\n"
    for number in range(40)
)
CODES = MacTable.from_items([("AB", "01/02")])
MORE = MacTable.from_items([("AC", "02/06")])


def changes(folder: Path) -> Iterator[None]:
    """Changes of every kind, each of them a transaction."""
    file = folder.parent / "donors.csv"
    file.write_text(BASE, encoding="utf-8")
    yield import_donors(folder, file, "builtin", today=DAY)
    yield add_donor(folder, "N1", {"A": "02:01,11:01", "city": "Ningbo"}, today=DAY)
    yield withdraw_donor(folder, "D03", today=DAY)
    yield roll_back(folder)
    file.write_text("donor_id,A_1,A_2,B_1,B_2\nN2,02:AB,24:02,40:01,\nD05,,,46:01,\n", encoding="utf-8")
    yield import_donors(folder, file, update=True, codes=CODES, codes_source="mac.txt", today=DAY)
    yield update_donor(folder, "D01", {"A": "A*02:01:01+A*24:02", "status": "TU"}, today=DAY)
    yield roll_back(folder)
    yield roll_back(folder)
    file.write_text("donor_id,gl_string\nN3,A*02:AC+A*24:02^B*07:02+B*08:01\n", encoding="utf-8")
    yield import_donors(folder, file, add=True, codes=MORE, ambiguous_nulls="keep", today=DAY)
    yield withdraw_donor(folder, "D05", today=DAY)
    yield reinstate_donor(folder, "D05", today=DAY)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Registry]]:
    """A registry's folder and, by transaction, its registry as it was published then, of which the folder has gone."""
    folder = tmp_path_factory.mktemp("past") / "registry"
    published = []
    for number, _ in enumerate(changes(folder), start=1):
        copy = folder.with_name(f"copy{number}")
        shutil.copytree(folder, copy)
        published.append(open_registry(copy))
        collect_garbage(folder, grace=datetime.timedelta(0))
    return folder, published


def test_every_past_registry_is_the_one_that_was_published_then(history: tuple[Path, list[Registry]]) -> None:
    folder, published = history
    with Journal.open(folder) as journal:
        assert [one.number for one in journal.transactions()] == list(range(1, len(published) + 1))
    n_built = 0
    for number, wanted in enumerate(published, start=1):
        found = open_registry(folder, at=number)
        assert_same(found, wanted)
        assert found.notes == wanted.notes
        assert found.provenance == wanted.provenance
        assert (found.codes is None) == (wanted.codes is None)
        for name, array in vars(wanted.codes).items() if wanted.codes is not None else ():
            assert np.array_equal(vars(found.codes)[name], array), name
        assert found.nomenclature.tables.checksum == wanted.nomenclature.tables.checksum
        n_built += not found.snapshot
        assert found.snapshot in ("", wanted.snapshot)
    assert n_built >= 6
    assert open_registry(folder, at=len(published)).snapshot == current_snapshot(folder).name


def test_a_past_registry_is_built_where_its_snapshot_is_damaged(history: tuple[Path, list[Registry]]) -> None:
    folder, published = history
    copy = folder.with_name("damaged")
    shutil.copytree(folder, copy)
    (current_snapshot(copy) / "manifest.json").write_text("{}")
    found = open_registry(copy, at=len(published))
    assert found.snapshot == ""
    assert_same(found, published[-1])


def test_a_past_registry_is_not_built_from_a_changed_record(history: tuple[Path, list[Registry]]) -> None:
    folder, _ = history
    copy = folder.with_name("changed")
    shutil.copytree(folder, copy)
    data = (copy / JOURNAL).read_bytes()
    assert data.count(b'"02:01","A_2":"11:01"') == 1
    (copy / JOURNAL).write_bytes(data.replace(b'"02:01","A_2":"11:01"', b'"02:01","A_2":"24:02"'))
    with pytest.raises(RegistryError, match="other bytes than were written"):
        open_registry(copy, at=2)
    assert open_registry(copy).n_donors == open_registry(folder).n_donors


def test_a_day_is_the_last_transaction_up_to_its_end(history: tuple[Path, list[Registry]]) -> None:
    folder, published = history
    with Journal.open(folder) as journal:
        first = journal.transactions()[0].at[:10]
    today = datetime.datetime.now(datetime.UTC).date()
    assert_same(open_registry(folder, at=today + datetime.timedelta(1)), published[-1])
    before = datetime.date.fromisoformat(first) - datetime.timedelta(1)
    expected = f"no transaction up to {before}, expected 1 to {len(published)}, or a date from {first} on"
    with pytest.raises(RegistryError, match=expected):
        open_registry(folder, at=before)
    with pytest.raises(RegistryError, match=f"no transaction 99, expected 1 to {len(published)}"):
        open_registry(folder, at=99)
    with pytest.raises(CriteriaError, match="at: found a value of type str, expected the number of a transaction"):
        open_registry(folder, at="2026-01-31")  # type: ignore[arg-type]


def test_a_registry_without_a_record_has_no_past(history: tuple[Path, list[Registry]]) -> None:
    folder, _ = history
    copy = folder.with_name("unrecorded")
    shutil.copytree(folder, copy)
    (copy / JOURNAL).unlink()
    with pytest.raises(RegistryError, match="no record"):
        open_registry(copy, at=1)
    with pytest.raises(RegistryError, match="no registry"):
        open_registry(folder.with_name("none"), at=1)


class KilledError(Exception):
    """Ends a writer before its change is recorded."""


def test_a_snapshot_that_a_killed_writer_left_is_not_taken_for_what_it_names(
    history: tuple[Path, list[Registry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, published = history
    copy, number = folder.with_name("killed"), len(published) + 1
    shutil.copytree(folder, copy)
    valid = current_snapshot(copy).name

    def kill(*_: object, **__: object) -> None:
        raise KilledError

    known = set(copy.glob("snapshot-*"))
    with monkeypatch.context() as patched:
        patched.setattr("registry_io.store.registry_versions.discard", lambda _: None)
        patched.setattr("registry_io.store.registry_versions.make_current", kill)
        with pytest.raises(KilledError):
            add_donor(copy, "LOST", {"A": "02:01,24:02"}, today=DAY)
    (left,) = set(copy.glob("snapshot-*")) - known
    assert f'"transaction": {number}' in (left / "manifest.json").read_text()
    assert (copy / CURRENT).read_text().strip() == valid
    add_donor(copy, "KEPT", {"A": "02:01,24:02"}, today=DAY)
    add_donor(copy, "LATER", {"A": "02:01,24:02"}, today=DAY)
    add_donor(copy, "LATEST", {"A": "02:01,24:02"}, today=DAY)
    names = open_registry(copy, at=number).attributes["donor_id"]
    assert "KEPT" in names
    assert "LOST" not in names
