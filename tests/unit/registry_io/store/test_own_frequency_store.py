"""A registry's own frequencies are estimated once, kept in its snapshot, and taken over while they hold."""

from __future__ import annotations

import datetime
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError, RegistryError
from hla_match.estimation import own_frequencies
from hla_match.estimation.own_frequencies import estimate_own_frequencies
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import listening
from registry_io.store.compaction import compact_registry
from registry_io.store.derived_folder import manifest_text
from registry_io.store.donor_changes import add_donor, update_donor
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.kept_frequencies import FILES
from registry_io.store.own_frequency_store import (
    estimated_once,
    kept_own_frequencies,
    opened_at,
    own_frequencies_place,
    verify_own_frequencies,
)
from registry_io.store.registry_folder import current_snapshot
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.registry_versions import collect_garbage
from registry_io.store.snapshot_store import FREQUENCIES
from tests.sealing import sealed_imputation

DAY = datetime.date(2026, 1, 31)
NOW = datetime.timedelta(0)
NAMES = {"A": ("01:01", "02:01", "11:01", "24:02"), "B": ("13:01", "40:01", "46:01"), "DPB1": ("02:01", "05:01")}
N_DONORS = 60


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    columns: dict[str, list[str]] = {"donor_id": [f"D{number:02}" for number in range(N_DONORS)]}
    for locus, names in NAMES.items():
        columns |= {f"{locus}_{side}": rng.choice(names, N_DONORS).tolist() for side in (1, 2)}
    folder = tmp_path_factory.mktemp("own")
    pl.DataFrame(columns).write_csv(folder / "donors.csv")
    import_donors(folder / "registry", folder / "donors.csv", Nomenclature.builtin(), today=DAY)
    return folder / "registry"


@pytest.fixture
def folder(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 20)
    return Path(shutil.copytree(kept, tmp_path / "registry"))


class Estimates:
    """Searches for what is kept, then estimates, as a search does; and counts the estimates."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.unkept = folder, 0, ""

    def __call__(
        self, *, at: int | None = None, algorithm: int = 1, before: Callable[[], object] | None = None
    ) -> HaplotypeFrequencies:
        registry = open_registry(self.folder, at=at)
        found = kept_own_frequencies(self.folder, registry, algorithm)

        def estimate() -> HaplotypeFrequencies:
            self.count += 1
            if before is not None:
                before()
            return estimate_own_frequencies(registry, name=registry.snapshot)

        return found or estimated_once(self.folder, registry, algorithm, estimate, on_unkept=self._note)

    def _note(self, reason: str) -> None:
        self.unkept = reason


@pytest.fixture
def own(folder: Path) -> Estimates:
    return Estimates(folder)


def same(one: HaplotypeFrequencies, other: HaplotypeFrequencies) -> bool:
    return (one.content, one.name, one.checksum, one.loci) == (other.content, other.name, other.checksum, other.loci)


def test_they_are_estimated_once(folder: Path, own: Estimates) -> None:
    first, again = own(), own()
    assert own.count == 1
    assert same(first, again)
    assert again.apart is not None
    assert again.covered_loci == ("A", "B", "DPB1")
    place = current_snapshot(folder) / FREQUENCIES
    assert sorted(path.name for path in place.iterdir()) == sorted([*FILES, "manifest.json"])
    assert (place.stat().st_mode | (place / "own_allele.npy").stat().st_mode) & 0o077 == 0
    assert json.loads((place / "manifest.json").read_bytes())["estimated_from"] == {
        "snapshot": current_snapshot(folder).name,
        "transaction": 1,
        "n_donors": N_DONORS,
    }
    assert prove_registry(folder) is None
    copy = Estimates(Path(shutil.copytree(folder, folder.parent / "copy")))
    assert same(copy(), first)
    assert copy.count == 0


def test_processes_that_search_at_the_same_time_estimate_once(folder: Path) -> None:
    registry = open_registry(folder)
    waits, found, counts = threading.Event(), [], []

    def estimate() -> HaplotypeFrequencies:
        assert waits.wait(60), "the other one does not wait"
        counts.append(1)
        return estimate_own_frequencies(registry)

    def search() -> None:
        found.append(estimated_once(folder, registry, 1, estimate, on_wait=waits.set))

    searching = [threading.Thread(target=search) for _ in range(2)]
    for one in searching:
        one.start()
    for one in searching:
        one.join()
    assert len(counts) == 1
    assert same(*found)


def test_what_fails_is_raised_and_nothing_stays(folder: Path, own: Estimates) -> None:
    def fail() -> None:
        raise CriteriaError("donors", found="none", expected="some")

    with pytest.raises(CriteriaError):
        own(before=fail)
    assert sorted(path.name for path in current_snapshot(folder).glob(".*")) == []
    assert own().loci == ("A", "B")


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(folder: Path, own: Estimates) -> None:
    wanted = None
    for number, action in enumerate(("create", "write", "flush", "rename"), 1):

        def full(found: str, path: Path, action: str = action) -> None:
            if found == action:
                raise OSError(28, "No space left on device")

        with listening(full):
            found = own()
        assert "No space left" in own.unkept
        assert own.count == number
        wanted = wanted or found
        assert same(found, wanted)
        assert not (current_snapshot(folder) / FREQUENCIES).exists()
    assert same(own(), own())
    assert own.count == number + 1


@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_and_healed(folder: Path, own: Estimates, name: str) -> None:
    first = own()
    file = current_snapshot(folder) / FREQUENCIES / name
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    wrong = [found for found, sound in verify_own_frequencies(folder) if not sound]
    assert wrong == [f"{current_snapshot(folder).name}/{FREQUENCIES}/{name}"]
    with pytest.raises(RegistryError, match="changed files of haplotype frequencies"):
        prove_registry(folder)
    assert same(own(), first)
    assert own.count == 2
    assert file.read_bytes() == data
    for damage in (file.unlink, lambda: (file.parent / "manifest.json").write_text("[]", encoding="utf-8")):
        damage()
        assert same(own(), first)
    assert own.count == 4


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("own_allele", lambda a: np.where(a == a.max(), 1, a)),
        ("own_allele", lambda a: a + 10_000),
        ("own_allele", lambda a: np.repeat(a[:1], len(a), axis=0)),
        ("own_allele", lambda a: a[:, :1]),
        ("own_frequency", lambda a: -a),
        ("own_frequency", lambda a: a * np.nan),
        ("own_frequency", lambda a: 2 * a),
        ("own_frequency", lambda a: a[:-1]),
        ("apart_allele", lambda a: a.astype(np.int64)),
        ("apart_frequency", lambda a: a + 1),
    ],
)
def test_numbers_that_no_frequencies_have_are_not_taken(
    folder: Path, own: Estimates, name: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    first = own()
    file = current_snapshot(folder) / FREQUENCIES / f"{name}.npy"
    np.save(file, change(np.load(file)))
    sealed_imputation(file.parent, file.name)
    assert kept_own_frequencies(folder, open_registry(folder), 1) is None
    assert same(own(), first)


def test_another_algorithm_or_nomenclature_is_another_set(folder: Path, own: Estimates) -> None:
    own()
    own(algorithm=2)
    assert own.count == 2
    manifest = current_snapshot(folder) / FREQUENCIES / "manifest.json"
    told = json.loads(manifest.read_bytes())
    del told["checksum"]
    told["nomenclature"] = "another"
    manifest.write_bytes(manifest_text(told))
    own(algorithm=2)
    assert own.count == 3


def test_a_later_snapshot_takes_them_over_until_much_has_changed(folder: Path, own: Estimates) -> None:
    first = own()
    for donor in ("D60", "D61"):
        add_donor(folder, donor, {"A": "02:01,24:02", "B": "46:01,13:01"}, today=DAY)
    assert same(own(), first)
    assert own.count == 1
    taken = current_snapshot(folder) / FREQUENCIES
    assert json.loads((taken / "manifest.json").read_bytes())["estimated_from"]["transaction"] == 1
    # The third of 60 donors is a share of 5%, be they new or others than before.
    update_donor(folder, "D60", {"A": "11:01,24:02"}, today=DAY)
    found = own()
    assert own.count == 2
    assert found.name == current_snapshot(folder).name != first.name


@pytest.mark.parametrize("damaged", [0, 1])
def test_of_the_copies_of_a_set_one_that_is_whole_is_taken_over(folder: Path, own: Estimates, damaged: int) -> None:
    first, places = own(), []
    for donor in ("D60", "D61"):
        places.append(current_snapshot(folder) / FREQUENCIES)
        add_donor(folder, donor, {"A": "02:01,24:02"}, today=DAY)
        own()
    shutil.rmtree(current_snapshot(folder) / FREQUENCIES)
    (sorted(places)[damaged] / FILES[0]).write_bytes(b"")
    assert same(own(), first)
    assert own.count == 1


def test_the_past_takes_no_set_of_donors_who_came_later(folder: Path, own: Estimates) -> None:
    before = Estimates(Path(shutil.copytree(folder, folder.parent / "before")))()
    add_donor(folder, "D60", {"A": "11:01,24:02", "B": "46:01,13:01"}, today=DAY)
    found = own()
    past = own(at=1)
    assert own.count == 2
    assert past.content == before.content != found.content
    assert same(own(at=1), past)
    assert same(own(), found)
    assert own.count == 2


def test_a_set_of_a_later_transaction_in_the_snapshot_is_left_out(folder: Path, own: Estimates) -> None:
    own()
    manifest = current_snapshot(folder) / FREQUENCIES / "manifest.json"
    told = json.loads(manifest.read_bytes())
    del told["checksum"]
    told["estimated_from"]["transaction"] = 2
    manifest.write_bytes(manifest_text(told))
    assert kept_own_frequencies(folder, open_registry(folder), 1) is None
    own()
    assert own.count == 2


def test_a_set_that_lacks_a_locus_is_estimated_again(folder: Path) -> None:
    registry = open_registry(folder)
    whole = estimate_own_frequencies(registry)
    without = replace(whole, apart=None)
    without = replace(without, checksum=without.content)
    assert same(estimated_once(folder, registry, 1, lambda: without), without)
    assert same(estimated_once(folder, registry, 1, lambda: whole, covering=("A", "B")), without)
    assert same(estimated_once(folder, registry, 1, lambda: whole, covering=("A", "DPB1")), whole)
    kept = kept_own_frequencies(folder, registry, 1)
    assert kept is not None
    assert same(kept, whole)


def test_the_past_takes_the_set_of_its_time(folder: Path, own: Estimates) -> None:
    first = own()
    for number in range(4):
        update_donor(folder, "D01", {"A": ("11:01,24:02", "01:01,24:02")[number % 2]}, today=DAY)
        own()
    # The third change is a share of 5%: from then on another set holds, which is nearer to transaction 3.
    assert own.count == 2
    found = own(at=3)
    assert (found.content, own.count) == (first.content, 2)
    assert own(at=5).content == own().content != first.content


def test_an_erased_person_is_in_none(folder: Path, own: Estimates) -> None:
    first = own()
    erase_donors(folder, ["D07"], today=DAY)
    found = own()
    assert own.count == 2
    assert found.content != first.content
    before = own_frequencies_place(folder, first.checksum)
    assert before is not None
    # The past is read without the person, and so is what is estimated from it.
    assert own(at=1).content == found.content
    compact_registry(folder, grace=NOW)
    assert own_frequencies_place(folder, first.checksum) is None
    assert not before.exists()
    assert same(own(), found)


def test_they_go_with_their_snapshot(folder: Path, own: Estimates) -> None:
    first = own()
    place = own_frequencies_place(folder, first.checksum)
    assert place is not None
    for allele in ("11:01", "01:01"):
        columns = {"donor_id": [f"E{n:02}" for n in range(N_DONORS)], "A": f"{allele},24:02", "B": "13:01,46:01"}
        others = pl.DataFrame(columns)
        import_donors(folder, others, today=DAY, replace=True, allow_shrink=True)
    collect_garbage(folder, grace=NOW)
    assert not place.exists()
    assert own_frequencies_place(folder, first.checksum) is None


def test_a_worker_opens_those_that_a_batch_began_with(folder: Path, own: Estimates) -> None:
    first, nomenclature = own(), open_registry(folder).nomenclature
    place = own_frequencies_place(folder, first.checksum)
    assert place is not None
    assert same(opened_at(place, first.checksum, nomenclature), first)
    for checksum in (first.checksum[:-1], "0" * 64):
        assert own_frequencies_place(folder, checksum) is None
        with pytest.raises(FileError, match="as when the batch began"):
            opened_at(place, checksum, nomenclature)


def test_kept_ones_are_coded_by_the_nomenclature_of_their_registry_alone(folder: Path, own: Estimates) -> None:
    first, nomenclature = own(), open_registry(folder).nomenclature
    again = own()
    assert own.count == 1
    for one in (first, again, first.apart, again.apart):
        assert one is not None
        assert one.coded_by == nomenclature.identity
    place = own_frequencies_place(folder, first.checksum)
    assert place is not None
    other = Nomenclature(replace(nomenclature.tables, checksum="other"))
    with pytest.raises(FileError, match="as when the batch began"):
        opened_at(place, first.checksum, other)
