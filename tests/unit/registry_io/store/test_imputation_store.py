"""Imputed donors on disk: computed once, never taken for others, and nothing depends on their being there."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import registry_io
from hla_match.donors.registry import Registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.imputation import known_persons
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.haplotypes import Imputation, PersonDigests, PersonTypings
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.aside_folder import sum_of_file
from registry_io.disk.durable_files import listening
from registry_io.store import imputation_store
from registry_io.store.derived_folder import manifest_text
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import FrequencyStore, load_frequencies, open_frequencies
from registry_io.store.imputation_store import open_imputation, verify_imputations
from registry_io.store.registry_folder import current_snapshot, writing_registry
from registry_io.store.registry_store import open_registry, verify_registry
from registry_io.store.snapshot_changes import merge_changes, publish_changes
from tests.sealing import sealed_imputation

NOMENCLATURE = Nomenclature.builtin()
DONORS = """donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2,population
D1,02:01,24:02,40:01,46:01,09:01,15:01,north
D2,02:XX,24:02,40:01,46:01,,,south
D3,02:01,24:02,40:01,46:01,09:01,15:01,north
D4,11:01,11:01,13:01,15:02,12:02,12:02,
"""
FREQUENCIES = """haplotype,frequency,population
A*02:01~B*40:01~DRB1*09:01,0.5,north
A*24:02~B*46:01~DRB1*15:01,0.5,north
A*24:02~B*40:01~DRB1*09:01,0.5,south
A*02:07~B*46:01~DRB1*15:01,0.4,south
A*99:01~B*46:01~DRB1*15:01,0.1,south
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text(DONORS, encoding="utf-8")
    (tmp_path / "frequencies.csv").write_text(FREQUENCIES, encoding="utf-8")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", NOMENCLATURE, today=datetime.date(2026, 1, 1))
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Registry:
    return open_registry(folder)


@pytest.fixture
def frequencies(folder: Path, registry: Registry) -> HaplotypeFrequencies:
    return open_frequencies(folder.parent / "frequencies.csv", registry, home=folder.parent / "home")


def kept(folder: Path) -> list[Path]:
    assert not list(folder.glob("snapshot-*/.*"))
    return sorted(current_snapshot(folder).glob("imputed-*"))


class Builds:
    """Opens the imputation and counts how often it was computed."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.folder, self.registry, self.count = folder, registry, 0

    def __call__(
        self, frequencies: HaplotypeFrequencies, global_frequencies: HaplotypeFrequencies | None = None
    ) -> ImputedRegistry:
        def built() -> None:
            self.count += 1

        return open_imputation(self.folder, self.registry, frequencies, global_frequencies, on_build=built)


@pytest.fixture
def imputed(folder: Path, registry: Registry) -> Builds:
    return Builds(folder, registry)


def same(one: ImputedRegistry, other: ImputedRegistry) -> bool:
    arrays = zip(arrays_of(one.donors).values(), arrays_of(other.donors).values(), strict=True)
    haplotypes = zip(one.panels.haplotypes, other.panels.haplotypes, strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in [*arrays, *haplotypes])


def test_donors_are_imputed_once_and_mapped_afterwards(folder, frequencies, imputed, registry) -> None:
    first, again = imputed(frequencies), imputed(frequencies)
    assert imputed.count == 1
    assert same(first, again)
    person = dict(zip(registry.attributes["donor_id"], first.donors.person.tolist(), strict=True))
    assert person["D1"] == person["D3"]
    # Numba compiles a kernel again for arrays of another kind.
    assert all(type(array) is np.ndarray for array in arrays_of(again.donors).values())
    assert all(array.flags.writeable for array in arrays_of(again.donors).values())
    (path,) = kept(folder)
    assert sorted(file.name for file in path.iterdir()) == sorted(
        ["manifest.json", *(f"{name}.npy" for table in (Imputation, PersonDigests) for name in declarations(table))]
    )
    assert all(sound for _, sound in [*verify_registry(folder), *verify_imputations(folder)])


def test_another_set_program_or_algorithm_is_another_imputation(
    folder, frequencies, imputed, monkeypatch: pytest.MonkeyPatch
) -> None:
    imputed(frequencies)
    others = [
        dataclasses.replace(frequencies, populations=("south", "north")),
        dataclasses.replace(frequencies, frequency=frequencies.frequency[:, ::-1].copy()),
    ]
    for other in others:
        imputed(other)
    imputed(frequencies, frequencies)
    monkeypatch.setattr(imputation_store, "ALGORITHM_VERSION", 0)
    imputed(frequencies)
    monkeypatch.setattr(imputation_store, "version", lambda _: "0.0.0")
    imputed(frequencies)
    assert imputed.count == len(kept(folder)) == 6


def test_a_set_under_another_name_is_not_imputed_again(frequencies, imputed) -> None:
    imputed(frequencies)
    again = imputed(dataclasses.replace(frequencies, name="other", checksum="other"))
    assert imputed.count == 1
    assert again.panels.name == "other"


@pytest.mark.parametrize(
    "name", [name for name in declarations(Imputation) if name not in ("part_mass", "person_missing")]
)
@pytest.mark.parametrize("byte", [b"\xff", b"\x7f"])
def test_numbers_that_lead_kernels_out_of_their_arrays_are_computed_anew(
    folder, frequencies, imputed, name: str, byte: bytes
) -> None:
    whole = imputed(frequencies)
    (path,) = kept(folder)
    file = path / f"{name}.npy"
    data = file.read_bytes()
    size = arrays_of(whole.donors)[name].nbytes
    for start in {len(data) - size, len(data) - size // 2, len(data) - arrays_of(whole.donors)[name].itemsize}:
        file.write_bytes(data[:start] + byte * (len(data) - start))
        count = imputed.count
        assert same(imputed(frequencies), whole)
        assert imputed.count == count + 1
        assert file.read_bytes() == data


@pytest.mark.parametrize("change", [lambda a: a.view(np.int32), lambda a: a.reshape(-1, 1)], ids=["sign", "shape"])
def test_arrays_of_another_kind_are_computed_anew(folder, frequencies, imputed, change) -> None:
    whole = imputed(frequencies)
    (path,) = kept(folder)
    np.save(path / "member.npy", change(np.load(path / "member.npy")))
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    manifest["bytes"]["member.npy"] = (path / "member.npy").stat().st_size
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert same(imputed(frequencies), whole)
    assert imputed.count == 2


def test_damage_is_found_and_healed(folder, frequencies, imputed) -> None:
    whole = imputed(frequencies)
    (path,) = kept(folder)
    manifest = path / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    damages = [
        lambda: (path / "member.npy").unlink(),
        lambda: (path / "pair.npy").write_bytes((path / "pair.npy").read_bytes()[:-1]),
        lambda: manifest.write_text("[", encoding="utf-8"),
        lambda: manifest.write_text("[]", encoding="utf-8"),
        lambda: manifest.write_text(text.replace('"format_version": 3', '"format_version": 4'), encoding="utf-8"),
        lambda: manifest.write_text(json.dumps({**json.loads(text), "key": {}}), encoding="utf-8"),
    ]
    for number, damage in enumerate(damages, start=2):
        damage()
        assert same(imputed(frequencies), whole)
        assert imputed.count == number
        assert same(imputed(frequencies), whole)
    assert imputed.count == 1 + len(damages)
    data = (path / "member.npy").read_bytes()
    (path / "member.npy").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    manifest.write_text(text, encoding="utf-8")
    assert [name for name, sound in verify_imputations(folder) if not sound] == [
        f"{path.parent.name}/{path.name}/member.npy"
    ]
    manifest.unlink()
    assert list(verify_imputations(folder)) == [(f"{path.parent.name}/{path.name}/manifest.json", False)]


def test_what_another_version_imputed_is_compared_by_its_own_manifest(folder: Path) -> None:
    """It has other files than those of this version."""
    older = current_snapshot(folder) / "imputed-0123456789abcdef"
    older.mkdir()
    (older / "person.npy").write_bytes(b"x")
    found = sum_of_file(older / "person.npy")
    sums = {"files": found.sha256, "xxh3": found.xxh3, "bytes": found.n_bytes}
    about = {
        "format": "hla-match imputation",
        "format_version": 2,
        **{name: {"person.npy": one} for name, one in sums.items()},
    }
    (older / "manifest.json").write_bytes(manifest_text(about))
    name = f"{older.parent.name}/{older.name}/person.npy"
    assert list(verify_imputations(folder)) == [(name, True)]
    (older / "person.npy").write_bytes(b"y")
    assert list(verify_imputations(folder)) == [(name, False)]


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(
    folder, frequencies, imputed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = None
    for action in ("create", "write", "flush", "rename"):

        def full(found: str, path: Path, action: str = action) -> None:
            if found == action:
                raise OSError(28, "No space left on device")

        with listening(full):
            first = imputed(frequencies)
    assert (imputed.count, kept(folder)) == (4, [])
    assert same(imputed(frequencies), first)
    assert len(kept(folder)) == 1


def test_a_registry_imported_anew_is_not_taken_for_the_opened_one(folder, frequencies, imputed) -> None:
    before = imputed(frequencies)
    (folder.parent / "donors.csv").write_text(DONORS + "D5,11:01,,13:01,,12:02,,\n", encoding="utf-8")
    day = datetime.date(2026, 1, 1)
    import_donors(folder, folder.parent / "donors.csv", NOMENCLATURE, today=day, replace=True)
    assert kept(folder) == []
    assert same(imputed(frequencies), before)
    assert imputed.count == 1
    assert kept(folder) == []
    assert Builds(folder, open_registry(folder))(frequencies).donors.person.size == 5
    assert len(kept(folder)) == 1


@pytest.fixture
def n_imputed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many persons were imputed each time."""
    numbers: list[int] = []
    of_persons = known_persons.impute_distinct

    def counted(persons: PersonTypings, *args: object, **options: object) -> object:
        numbers.append(persons.person_population.size)
        return of_persons(persons, *args, **options)

    monkeypatch.setattr(known_persons, "impute_distinct", counted)
    return numbers


def test_after_a_change_only_new_kinds_of_persons_are_imputed(folder, frequencies, imputed, n_imputed) -> None:
    imputed(frequencies)
    come = pl.DataFrame(
        {
            "person_id": ["D5", "D6", "D1"],
            "A_1": ["11:01", "02:01", "24:02"],
            "A_2": ["11:01", "24:02", None],
            **{"B_1": ["13:01", "40:01", None], "B_2": ["15:02", "46:01", None]},
            **{"DRB1_1": ["12:02", "09:01", None], "DRB1_2": ["12:02", "15:01", None]},
            "population": [None, "north", "south"],
        }
    )
    with writing_registry(folder):
        publish_changes(folder, [come], pl.Series(["D2"]), provenance={"imported_on": "2026-01-02"})
    registry = open_registry(folder)
    found = open_imputation(folder, registry, frequencies)
    with writing_registry(folder):
        merge_changes(folder)
    merged = open_imputation(folder, open_registry(folder), frequencies)
    assert n_imputed == [3, 1, 0]
    wanted = ImputedRegistry.of(registry, frequencies)
    assert same(found, wanted)
    assert same(merged, wanted)


@pytest.mark.parametrize("name", ["person_part", "member", "person_digest", "certain_start", "certain_code"])
def test_what_is_not_sound_is_not_taken_over(folder, frequencies, imputed, n_imputed, name: str) -> None:
    imputed(frequencies)
    (path,) = kept(folder)
    array = np.load(path / f"{name}.npy")
    np.save(path / f"{name}.npy", np.append(array, array[-1:], axis=0) if name == "person_digest" else array + 9)
    sealed_imputation(path, f"{name}.npy")
    with writing_registry(folder):
        publish_changes(folder, [], pl.Series(["D2"]), provenance={"imported_on": "2026-01-02"})
    registry = open_registry(folder)
    assert same(open_imputation(folder, registry, frequencies), ImputedRegistry.of(registry, frequencies))
    assert n_imputed[-1] == 2


def test_a_copy_of_a_registry_takes_its_imputations_along(folder, frequencies, imputed) -> None:
    imputed(frequencies)
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    other = Builds(copy, open_registry(copy))
    other(frequencies)
    assert other.count == 0


def test_frequencies_are_named_by_file_or_set_and_tell_what_was_left_out(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = tmp_path / "frequencies.csv"
    FrequencyStore(home).install(path, "han")
    of_file, of_set = (load_frequencies(text, NOMENCLATURE, home) for text in (str(path), "han"))
    assert (of_file.name, of_set.name) == ("frequencies.csv", "han")
    assert of_file.checksum == of_set.checksum
    assert of_file.populations == ("north", "south")
    assert of_set.unmapped_mass.tolist() == [0.0, 0.1]
    assert [(one.locus, one.name, one.mass) for one in of_set.unmapped] == [("A", "99:01", 0.1)]


def test_the_package_offers_what_a_notebook_opens() -> None:
    names = {"import_donors", "read_patients", "install_nomenclature", "install_frequencies", "write_registry"}
    names |= {"open_registry", "open_frequencies", "open_imputation", "open_nomenclature", "registry_source"}
    names |= {"add_donor", "update_donor", "withdraw_donor", "reinstate_donor", "show_donor"}
    names |= {"donor_history", "registry_log", "registry_diff", "is_current"}
    names |= {
        "plan_merge",
        "merge_donors",
        "erase_donors",
        "erase_case",
        "compact_registry",
        "export_donors",
        "encrypt_record",
    }
    names |= {"registry_settings", "set_registry_settings", "change_registry_settings"}
    names |= {"list_cases", "show_case", "case_of_code", "close_case", "register_check", "register_typing"}
    names |= {"ask_donor", "decline_donor", "reserve_donor", "collect_donor"}
    assert {name for name in registry_io.__all__ if name.islower()} == names
    assert all(hasattr(registry_io, name) for name in registry_io.__all__)
    assert registry_io.open_imputation is open_imputation
    assert registry_io.open_frequencies is open_frequencies
    with pytest.raises(AttributeError, match="no attribute 'open_nothing'"):
        _ = registry_io.open_nothing
