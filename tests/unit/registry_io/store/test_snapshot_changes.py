"""Changes published onto a snapshot: what a reader sees is the registry of the same donors; a broken chain is said."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given

from hla_match.donors.registry import Registry, build_registry, persons_of
from hla_match.errors import CriteriaError, LockedError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk import checked_files
from registry_io.disk.durable_files import listening
from registry_io.disk.writer_lock import writer_lock
from registry_io.store import registry_versions
from registry_io.store.change_files import DONORS, REMOVED, TYPINGS
from registry_io.store.recorded_registry import write_registry, write_registry_stream
from registry_io.store.registry_folder import CURRENT, current_snapshot, previous_snapshot, writing_registry
from registry_io.store.registry_store import open_registry, verify_registry
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.rollback import roll_back
from registry_io.store.snapshot_changes import (
    PublishedChanges,
    merge_changes,
    merge_is_due,
    publish_changes,
    takes_changes,
)
from registry_io.store.snapshot_store import MANIFEST, open_parts, snapshot_chain
from tests.examples import IS_WHOLE, examples
from tests.properties.test_registry_union import assert_same, at_once, changes, registry_of
from tests.sealing import sealed

NOMENCLATURE = Nomenclature.builtin()
PROVENANCE = {"imported_on": "2026-01-01"}
NOW = datetime.timedelta(0)


def persons(**typings: str) -> pl.DataFrame:
    """Persons by identifier, typed at A as `02:01,24:02`, with a status where one follows."""
    cells = {name: [*text.split(","), ""][:3] for name, text in typings.items()}
    columns = {"person_id": list(cells)}
    for place, column in enumerate(("A_1", "A_2", "status")):
        columns[column] = [cell[place] or None for cell in cells.values()]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


BASE = persons(**{f"D{number:02}": "02:01,24:02" for number in range(40)}, E1="11:01,24:02,TU", E2="02:AB,11:01")


def put(folder: Path, frame: pl.DataFrame = BASE, codes: MacTable | None = None) -> None:
    codes = codes or MacTable.from_items([("AB", "01/9999")])
    write_registry_stream([frame], folder, NOMENCLATURE, name="r", provenance=PROVENANCE, codes=codes, replace=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "r")
    return tmp_path / "r"


def publish(folder: Path, *leave: str, day: str = "2026-01-01", **come: str) -> PublishedChanges:
    with writing_registry(folder):
        removed = pl.Series(list(leave), dtype=pl.String)
        return publish_changes(folder, [persons(**come)], removed, provenance={"imported_on": day, "transaction": 1})


def scratch(frame: pl.DataFrame) -> Registry:
    codes = MacTable.from_items([("AB", "01/9999")])
    return build_registry(frame, NOMENCLATURE, name="r", provenance=PROVENANCE, codes=codes)[0]


def sizes(folder: Path) -> list[int]:
    return [manifest.n_donors for _, manifest in snapshot_chain(current_snapshot(folder))]


def assert_is(folder: Path, frame: pl.DataFrame) -> None:
    found, wanted = open_registry(folder), scratch(frame)
    assert_same(found, wanted)
    assert found.notes == wanted.notes
    assert all(sound for _, sound in verify_registry(folder))


def without(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    return frame.filter(~pl.col("person_id").is_in(names))


def test_donors_come_become_others_and_leave(folder: Path) -> None:
    assert_is(folder, BASE)
    found = publish(folder, "D00", "nobody", E2="02:01,11:01", N1="02:AB,,DE")
    now = pl.concat([without(BASE, "D00", "E2"), persons(E2="02:01,11:01", N1="02:AB,,DE")])
    assert_is(folder, now)
    assert_same(found.published.registry, open_registry(folder))
    assert found.published.registry.snapshot == open_registry(folder).snapshot == current_snapshot(folder).name
    publish(folder, "N1", D00="11:01,,TU")
    assert_is(folder, pl.concat([without(now, "N1"), persons(D00="11:01,,TU")]))


def test_changes_take_in_those_before_that_are_hardly_more(folder: Path) -> None:
    publish(folder, **{f"N{number}": "02:01,11:01" for number in range(9)})
    assert sizes(folder) == [42, 9]
    publish(folder, "N8", N9="02:01,11:01")
    assert sizes(folder) == [42, 9, 1]
    publish(folder, N10="02:01,11:01")
    # N9 and N10, and who left: N8 is no donor of the whole snapshot, but of the changes before.
    assert sizes(folder) == [42, 9, 2]
    publish(folder, "D00", N11="02:01,11:01", N12="02:01,11:01")
    assert sizes(folder) == [42, 12]
    assert pl.read_ipc(current_snapshot(folder) / REMOVED)["donor_id"].to_list() == ["D00"]
    come = {f"N{number}": "02:01,11:01" for number in range(13) if number != 8}
    assert_is(folder, pl.concat([without(BASE, "D00"), persons(**come)]))


def test_merged_changes_are_the_bytes_of_the_same_donors_at_once(folder: Path, tmp_path: Path) -> None:
    publish(folder, "D01", E1="02:01,24:02,TU", N1="02:AB,24:02")
    before = open_registry(folder)
    with writing_registry(folder):
        assert merge_changes(folder) is not None
        assert merge_changes(folder) is None
    assert sizes(folder) == [42]
    assert_same(open_registry(folder), before)
    put(tmp_path / "other", pl.concat([without(BASE, "D01", "E1"), persons(E1="02:01,24:02,TU", N1="02:AB,24:02")]))
    assert current_snapshot(tmp_path / "other").name == current_snapshot(folder).name


@given(changes())
@examples(8)
def test_any_changes_are_the_registry_of_the_same_donors(tmp_path_factory: pytest.TempPathFactory, found) -> None:
    folder = tmp_path_factory.mktemp("changes") / "r"
    (_, columns, rows), *later = found
    write_registry(registry_of(rows, *columns), folder)
    for leaving, columns, rows in later:
        come = persons_of(registry_of(rows, *columns))
        with writing_registry(folder):
            publish_changes(folder, [come], pl.Series(sorted(leaving), dtype=pl.String), provenance=PROVENANCE)
    wanted = at_once(found)
    opened = open_registry(folder, verify=True)
    assert_same(opened, wanted)
    assert opened.notes == wanted.notes
    shutil.rmtree(folder)


def test_who_cannot_be_read_stays_as_before(folder: Path) -> None:
    found = publish(folder, E1="99:99,24:02", N1="99:99,", N2="02:01,")
    assert [(one.locus, one.rows.tolist()) for one in found.unreadable] == [("A", [0]), ("A", [1])]
    assert_is(folder, pl.concat([BASE, persons(N2="02:01,")]))


def test_an_attribute_of_another_type_is_refused(folder: Path) -> None:
    other = pl.DataFrame({"person_id": ["N1"], "status": [1]})
    with writing_registry(folder), pytest.raises(CriteriaError, match="column status: found values of type Int64"):
        publish_changes(folder, [other], pl.Series(dtype=pl.String), provenance=PROVENANCE)
    assert_is(folder, BASE)


def test_changes_go_onto_what_was_read_alike(folder: Path) -> None:
    codes = MacTable.from_items([("AB", "01/9999")])

    def takes(n: int = 1, codes: MacTable | None = codes, **other: object) -> bool:
        settings = {"nomenclature": NOMENCLATURE, "ambiguous_nulls": "drop"} | other
        return takes_changes(open_parts(current_snapshot(folder)), n, codes=codes, **settings)

    def is_due() -> bool:
        return merge_is_due(open_parts(current_snapshot(folder)))

    assert takes()
    assert takes(4)
    assert not takes(5)
    assert not takes(codes=None)
    assert not takes(codes=MacTable.from_items([("AB", "01/02")]))
    assert not takes(ambiguous_nulls="keep")
    assert not is_due()
    publish(folder, "D00", N1="02:01,")
    assert not is_due()
    assert takes(2)
    assert not takes(3)
    publish(folder, N2="02:01,")
    assert is_due()


def test_publishing_does_not_read_the_whole_snapshot_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = current_snapshot(folder)
    monkeypatch.setattr(checked_files, "EACH_TIME", 0)
    monkeypatch.setattr(checked_files, "SETTLED_SECONDS", -1)
    monkeypatch.setattr(checked_files, "memory_folder", lambda: folder.parent / "checked")
    open_registry(folder)
    read: list[Path] = []
    of_file = checked_files.xxh3_of_file
    monkeypatch.setattr(checked_files, "xxh3_of_file", lambda path: read.append(path) or of_file(path))
    publish(folder, N1="02:01,")
    open_registry(folder)
    assert {path.parent for path in read} == {current_snapshot(folder)}
    assert whole not in {path.parent for path in read}


def test_a_snapshot_whose_changes_are_taken_in_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(folder, N1="02:01,11:01")
    before = current_snapshot(folder)
    monkeypatch.setattr(registry_versions, "_opens", lambda snapshot: pytest.fail(f"{snapshot} is read again"))
    publish(folder, N2="02:01,11:01")
    assert sizes(folder) == [42, 2]
    assert previous_snapshot(folder) == before


def test_the_registry_before_can_be_taken_back(folder: Path) -> None:
    publish(folder, N1="02:01,")
    publish(folder, "N1")
    roll_back(folder)
    assert_is(folder, pl.concat([BASE, persons(N1="02:01,")]))
    roll_back(folder)
    assert_is(folder, BASE)


def test_garbage_is_nothing_that_stands_below_what_is_kept(folder: Path) -> None:
    whole = current_snapshot(folder).name
    publish(folder, **{f"N{number}": "02:01," for number in range(9)})
    first = current_snapshot(folder).name
    publish(folder, M1="02:01,")
    second = current_snapshot(folder).name
    publish(folder, M2="02:01,")
    third = current_snapshot(folder).name
    with writing_registry(folder):
        merge_changes(folder)
    assert collect_garbage(folder) == []
    # A merge changes nothing, so that what can be taken back is the change before it.
    assert {one.name for one in collect_garbage(folder, grace=NOW)} == {third}
    assert {path.name for path in folder.glob("snapshot-*")} == {whole, first, second, current_snapshot(folder).name}
    roll_back(folder)
    assert sizes(folder) == [42, 9, 1]


def test_reports_are_those_of_the_last_import(folder: Path) -> None:
    with writing_registry(folder):
        report = {"quarantine.csv": b"row\n2\n"}
        nobody = pl.Series(dtype=pl.String)
        publish_changes(folder, [persons(N1="02:01,")], nobody, provenance=PROVENANCE, reports=report)
    publish(folder, N2="02:01,")
    assert sizes(folder) == [42, 2]
    assert (folder / "quarantine.csv").read_bytes() == b"row\n2\n"
    with writing_registry(folder):
        merge_changes(folder)
    assert (folder / "quarantine.csv").read_bytes() == b"row\n2\n"


def test_a_missing_or_changed_snapshot_below_is_said(folder: Path) -> None:
    publish(folder, N1="02:01,", N2="02:01,", N3="02:01,")
    publish(folder, N4="02:01,")
    members = [path for path, _ in snapshot_chain(current_snapshot(folder))]
    # A process that has it open already looks at the files all the same.
    opened = open_registry(folder)
    assert open_registry(folder) is opened
    for member in members:
        for path in sorted(member.iterdir()):
            kept = path.read_bytes()
            path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
            with pytest.raises(RegistryError, match=path.name):
                open_registry(folder)
            if path.name != MANIFEST:
                name = path.name if member is members[-1] else f"{member.name}/{path.name}"
                assert [one for one, sound in verify_registry(folder) if not sound] == [name]
            path.write_bytes(kept)
    for member in members[:-1]:
        member.rename(folder.parent / "away")
        with pytest.raises(RegistryError, match=f"{member.name}: found no snapshot, expected the one that"):
            open_registry(folder)
        (folder.parent / "away").rename(member)
    assert open_registry(folder).n_donors == 46


def test_another_writer_waits_outside(folder: Path) -> None:
    with writer_lock(folder / ".lock", str(folder)), pytest.raises(LockedError):
        publish(folder, N1="02:01,")


class FailedError(Exception):
    """A step that is not taken."""


def test_after_any_failed_step_the_registry_is_the_old_or_the_new_one(folder: Path) -> None:
    publish(folder, N1="02:01,")
    old = pl.concat([BASE, persons(N1="02:01,")])
    number, failed = 0, True
    while failed:
        steps, copy = iter(range(number)), folder.parent / f"copy{number}"
        shutil.copytree(folder, copy)

        def fail(*_: object, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise FailedError

        failed = False
        try:
            with listening(fail):
                publish(copy, N2="02:01,")
        except FailedError:
            failed = True
        names = open_registry(copy).attributes["donor_id"].to_list()
        assert_is(copy, pl.concat([old, persons(N2="02:01,")]) if "N2" in names else old)
        publish(copy, N2="02:01,")
        assert_is(copy, pl.concat([old, persons(N2="02:01,")]))
        shutil.rmtree(copy)
        number += 1 if IS_WHOLE else 7
    assert number > 20


def test_after_any_failed_step_of_a_merge_the_registry_is_what_it_was(folder: Path) -> None:
    publish(folder, N1="02:01,")
    publish(folder, N2="02:01,", N3="02:01,", N4="02:01,")
    wanted = pl.concat([BASE, persons(N1="02:01,", N2="02:01,", N3="02:01,", N4="02:01,")])
    number, failed = 0, True
    while failed:
        steps, copy = iter(range(number)), folder.parent / f"copy{number}"
        shutil.copytree(folder, copy)

        def fail(*_: object, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise FailedError

        failed = False
        try:
            with listening(fail), writing_registry(copy):
                merge_changes(copy)
        except FailedError:
            failed = True
        assert_is(copy, wanted)
        with writing_registry(copy):
            merge_changes(copy)
        assert sizes(copy) == [46]
        assert_is(copy, wanted)
        roll_back(copy)
        assert open_registry(copy).n_donors == 43
        shutil.rmtree(copy)
        number += 5 if IS_WHOLE else 31
    assert number > 60


def altered(name: str, **columns: object) -> Callable[[Path], Path]:
    """Return what gives a table other columns, with the right checksums."""

    def alter(snapshot: Path) -> Path:
        table = pl.read_ipc((snapshot / name).read_bytes())
        table = table.drop([one for one, value in columns.items() if value is None])
        (snapshot / name).unlink()
        table.with_columns(**{one: value for one, value in columns.items() if value is not None}).write_ipc(
            snapshot / name
        )
        return sealed(snapshot, name)

    return alter


def lists(name: str, *numbers: object) -> Callable[[Path], Path]:
    kind = {"donor_typing": pl.UInt32, "alternative_kind": pl.UInt8, "first": pl.String, "second": pl.String}
    return altered(TYPINGS, **{name: pl.Series([list(numbers)], dtype=pl.List(kind.get(name, pl.Int32)))})


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (altered(DONORS, donor_id=pl.lit("N1")), "an identifier of their own"),
        (altered(DONORS, donor_id=pl.lit(None, pl.String)), "an identifier of their own"),
        (altered(DONORS, status=None), "other columns"),
        (altered(DONORS, status=pl.lit(1)), "other columns"),
        (altered(TYPINGS, locus=pl.lit("B")), "other loci"),
        (altered(TYPINGS, meaning=None), "other columns"),
        (lists("donor_typing", 1), "another number of donors"),
        (lists("donor_typing", 1, 9), "numbers from 0 to 2"),
        (lists("first", "", "02:01"), "lists of other lengths"),
        (lists("first", "x", "02:01", "11:01"), "row 0 empty"),
        (lists("meaning", 0, 1, 9), "numbers from 1 to 2"),
        (lists("meaning", 0, 1), "lists of other lengths"),
        (lists("pair_set", 0, 1, 2), "lists of other lengths"),
        (lists("pair_set", 0, 9, 9, 9), "numbers from 0"),
        (altered(TYPINGS, meaning=pl.lit(None, pl.List(pl.Int32))), "no list"),
        (altered(REMOVED, donor_id=pl.Series(["D00", "N1"])), "donors who came, too"),
        (altered(REMOVED, donor_id=pl.lit(None, pl.String)), "ascending"),
        (altered(REMOVED, donor_id=pl.lit(1)), "another table"),
        (altered(REMOVED, donor_id=pl.lit("D00")), "ascending"),
    ],
)
def test_tables_that_no_writer_writes_are_refused(folder: Path, alter: Callable[[Path], Path], message: str) -> None:
    publish(folder, "D00", "D01", N1="02:01,24:02", N2="11:01,24:02,TU")
    alter(current_snapshot(folder))
    with pytest.raises(RegistryError, match=message):
        open_registry(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"provenance": {"imported_on": "2026-01-01", "ambiguous_nulls": "keep"}},
        {"nomenclature": "another"},
        {"attributes": [["donor_id", "String"], ["status", "Int64"]]},
    ],
)
def test_changes_that_were_read_otherwise_are_refused(folder: Path, change: dict[str, object]) -> None:
    publish(folder, N1="02:01,24:02")
    path = current_snapshot(folder) / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    sealed(current_snapshot(folder))
    with pytest.raises(RegistryError, match="other settings or types"):
        open_registry(folder)


def test_what_changes_stand_on_is_found_by_what_it_holds(folder: Path) -> None:
    whole = current_snapshot(folder)
    publish(folder, N1="02:01,")
    shutil.copytree(whole, whole.with_name(f"{whole.name}.10"))
    (whole / "donor_typing.npy").unlink()
    (folder / f"{whole.name}.x").mkdir()
    assert open_registry(folder).n_donors == 43
    assert (folder / CURRENT).read_text().strip() == current_snapshot(folder).name
