"""Numbers that lead out of a registry, or disagree with each other, are refused though every checksum is right."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import RegistryError
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.kernels.schema.array import declarations
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.synthetic.volunteers import volunteers
from registry_io.store import attribute_columns
from registry_io.store.nomenclature_file import dumps
from registry_io.store.recorded_registry import write_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES
from tests.sealing import changed, sealed

CODES = MacTable.from_items([("AB", "01/9999"), ("CD", "02/03"), ("EF", "01/04")])


def persons() -> pl.DataFrame:
    """Volunteers, some of them with a null allele, with notes of which some are longer than a view and not ASCII."""
    found = volunteers(200, seed=1, as_of=datetime.date(2026, 1, 1))[0].rename({"donor_id": "person_id"})
    row = pl.int_range(pl.len())
    null = pl.when(row % 40 == 7)
    return found.with_columns(
        null.then(pl.lit("24:09N")).otherwise("A_2").alias("A_2"),
        pl.when(row % 3 == 0).then(pl.lit("血液中心 in a place of many letters ") + row.cast(pl.String)).alias("note"),
        pl.when(row % 5 == 0).then(pl.lit("市")).otherwise(pl.lit("x")).alias("city"),
        (row * 0.5).cast(pl.Float32).alias("weight_kg"),
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Registry, Path]:
    registry, unreadable = build_registry(
        persons(), Nomenclature.builtin(), name="r", provenance={"imported_on": "2026-01-01"}, codes=CODES
    )
    assert not unreadable
    return registry, write_registry(registry, tmp_path_factory.mktemp("written") / "r")


@pytest.fixture
def registry(written: tuple[Registry, Path]) -> Registry:
    return written[0]


@pytest.fixture
def snapshot(tmp_path: Path, written: tuple[Registry, Path]) -> Path:
    shutil.copytree(written[1].parent, tmp_path / "r")
    return tmp_path / "r" / written[1].name


Change = Callable[[NDArray[Any]], NDArray[Any] | None]


def put(place: int | tuple[int, ...], value: int) -> Change:
    def change(array: NDArray[Any]) -> None:
        array[place] = np.array(value).astype(array.dtype)

    return change


def swap(one: int, other: int) -> Change:
    def change(array: NDArray[Any]) -> None:
        array[[one, other]] = array[[other, one]]

    return change


def repeat(one: int, other: int) -> Change:
    def change(array: NDArray[Any]) -> None:
        array[one] = array[other]

    return change


def fall(array: NDArray[Any]) -> None:
    """Let the first offset that is not the one before be greater than the next."""
    place = int(np.flatnonzero(np.diff(array))[0]) + 1
    array[place] = array[-1] + 1


def less_at_end(array: NDArray[Any]) -> None:
    array[-1] -= 1


def add(value: int) -> Change:
    def change(array: NDArray[Any]) -> None:
        array += np.array(value).astype(array.dtype)

    return change


def flip(byte: int, bit: int = 0) -> Change:
    """Flip a bit of the first view that is not empty: 4 bytes of length, 4 of text, then more text or its place."""

    def change(array: NDArray[Any]) -> None:
        row = np.flatnonzero(array[:, 0])[0]
        array[row].view(np.uint8)[byte] ^= 1 << bit

    return change


OFFSETS = (
    "set_start-A", "antigen_start-A", "serology_start-A", "alternative_start-A", "carried_start-A",
    "order_0_first_run", "order_1_run_donor", "code_offset",
)  # fmt: skip

DAMAGES: dict[str, tuple[str, Change]] = {
    **{f"offsets of {name} that do not begin at 0": (name, put(0, 1)) for name in OFFSETS},
    **{f"offsets of {name} that end too early": (name, less_at_end) for name in OFFSETS},
    **{f"offsets of {name} that fall": (name, fall) for name in OFFSETS},
    "no offsets": ("set_start-A", lambda array: array[:0]),
    "a typing that none reports": ("donor_typing", put((0, 5), 60000)),
    "a typing that none reports at a locus that is not ordered": ("donor_typing", put((-1, 5), 60000)),
    "another typing of a donor": ("donor_typing", lambda array: np.roll(array, 1, axis=1)),
    "a rank twice": ("donor_order", repeat(3, 4)),
    "a rank beyond the donors": ("donor_order", put(3, 200)),
    "ranks of each other": ("donor_order", swap(3, 4)),
    "a status that does not exist": ("status", put(2, 5)),
    "the status of another donor": ("status", lambda array: np.where(np.arange(array.size) == 7, 4, array)),
    "a sex that does not exist": ("sex", put(2, 2)),
    "another sex": ("sex", lambda array: 1 - array),
    "a blood group that does not exist": ("abo", put(2, 4)),
    "a missing blood group": ("abo", put(2, 255)),
    "a sign that does not exist": ("cmv", put(2, 2)),
    "a month that does not exist": ("birth_date", put(2, 19801301)),
    "another birth date": ("birth_date", swap(2, 9)),
    "a negative birth date": ("birth_date", put(2, -1)),
    "a meaning beyond the table": ("meaning-A", put(4, 30000)),
    "a negative meaning": ("meaning-A", put(4, -1)),
    "a meaning of what is not typed": ("meaning-A", put(0, 1)),
    "a typing that means nothing": ("meaning-A", put(4, 0)),
    "another meaning": ("meaning-A", swap(4, 5)),
    "no meaning": ("meaning-A", lambda array: array[:0]),
    "a P group that no allele is of": ("set_member-A", put(-1, 1 << 20)),
    "a negative P group": ("set_member-A", put(0, -1)),
    "a set of one P group twice": ("set_member-A", lambda array: np.full_like(array, 7)),
    "a negative antigen": ("antigen_member-A", put(0, -1)),
    "a negative antigen reported": ("serology_member-A", put(0, -1)),
    "an antigen reported that the nomenclature cannot have": ("serology_member-A", put(-1, 1 << 20)),
    "an alternative of a set that does not exist": ("alternative_set-A", put((3, 0), 30000)),
    "an alternative of a negative set": ("alternative_set-A", put((3, 1), -1)),
    "another set of an alternative": ("alternative_set-A", lambda array: array[::-1].copy()),
    "a kind that does not exist": ("alternative_kind-A", put(3, 3)),
    "nulls resolved where there are none": ("alternative_kind-A", lambda array: np.full_like(array, 2)),
    "nulls carried where there are none": ("alternative_kind-A", put(3, 4)),
    "a carried set that does not exist": ("carried_set-A", put((3, 0), 30000)),
    "a negative carried set": ("carried_set-A", put((3, 0), -1)),
    "another carried set": ("carried_set-A", lambda array: array[::-1].copy()),
    "a typing without alternatives": ("alternative_start-A", repeat(3, 4)),
    "what is not typed with alternatives": ("carried_start-A", put(1, 1)),
    "meanings of an order beyond the table": ("order_0_first_run", lambda array: np.append(array, array[-1:])),
    "a run of a meaning that does not exist": ("order_0_run_second", put(3, 60000)),
    "runs of each other": ("order_1_run_second", lambda array: array[::-1].copy()),
    "a longer run": ("order_2_run_donor", lambda array: np.where(np.arange(array.size) == 5, array + 1, array)
                     .astype(array.dtype)),
    "a donor twice in an order": ("order_0_donor", repeat(3, 4)),
    "a donor of an order who does not exist": ("order_0_donor", put(3, 200)),
    "donors of an order in each other's place": ("order_1_donor", swap(3, 100)),
    "a third typing that does not exist": ("order_0_typing", put((0, 3), 60000)),
    "another third typing": ("order_0_typing", lambda array: np.roll(array, 1, axis=1)),
    "a typing at C that does not exist": ("order_1_typing", put((1, 3), 60000)),
    "a typing at DQB1 that does not exist": ("order_2_typing", put((2, 3), 60000)),
    "codes in another order": ("code_name", swap(0, 1)),
    "a code twice": ("code_name", repeat(0, 1)),
    "an expansion that is no text": ("code_text", put(1, 0xFF)),
    "a text of negative length": ("attribute-city", put((3, 0), 1 << 31)),
    "a text that is longer than its view": ("attribute-city", put((3, 0), 13)),
    "something behind a text": ("attribute-city", put((3, 1), 1)),
    "bytes that are no text": ("attribute-city", flip(4, 7)),
    "a long text that begins elsewhere": ("attribute-note", flip(12)),
    "a long text in another buffer": ("attribute-note", flip(8)),
    "another beginning of a long text": ("attribute-note", flip(4)),
    "a long text of another length": ("attribute-note", flip(0)),
    "less of the long texts": ("attribute-note-text", lambda array: array[:-1]),
    "more of the long texts": ("attribute-note-text", lambda array: np.append(array, array[-1:])),
    "long bytes that are no text": ("attribute-note-text", put(0, 0xFF)),
    "another identifier": ("attribute-donor_id", swap(3, 4)),
    "an identifier twice": ("attribute-donor_id", repeat(3, 4)),
    "another text than its code": ("attribute-status", repeat(3, -1)),
    "a date that no calendar has": ("attribute-birth_date", put(3, 1 << 30)),
    "another date than its number": ("attribute-birth_date", put(3, 5)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change"), DAMAGES.values(), ids=DAMAGES)
def test_it_is_refused(snapshot: Path, monkeypatch, name: str, change: Change) -> None:
    monkeypatch.setattr(attribute_columns, "_FEW", 0)
    before = np.load(snapshot / f"{name}.npy")
    found = changed(snapshot, name, change)
    assert not np.array_equal(np.load(found / f"{name}.npy"), before)
    with pytest.raises(RegistryError, match="import the donors again") as caught:
        open_registry(found.parent)
    assert str(found) in caught.value.path


def test_every_array_has_its_damage(registry: Registry) -> None:
    names = {name for name, _ in DAMAGES.values()}
    for table, pattern in ((DonorArrays, "{}"), (ReportedTypings, "{}-A"), (TypingTable, "{}-A"), (MacArrays, "{}")):
        for one in declarations(table).values():
            assert pattern.format(one.file) in names
    for one in declarations(TypingOrder).values():
        assert any(name.startswith("order_") and name.endswith(one.file) for name in names)
    assert names >= ATTRIBUTE_CODES.keys()
    assert {f"attribute-{name}" for name in ("donor_id", "status", "birth_date", "note", "city")} <= names


def test_typings_in_another_table_are_refused(snapshot: Path) -> None:
    path = snapshot / "typing-A.arrow"
    texts = pl.read_ipc(path.read_bytes())
    for other in (
        texts.reverse(),
        texts.rename({"second": "third"}),
        texts.with_columns(second=pl.lit(1)),
        texts.with_columns(second=pl.when(pl.col("first") != "").then("second")),
        texts[1:],
    ):
        other.write_ipc(path)
        snapshot = sealed(snapshot, path.name)
        path = snapshot / path.name
        with pytest.raises(RegistryError, match=r"(typing|meaning)-A\.(arrow|npy).*import the donors again"):
            open_registry(snapshot.parent)


def test_a_file_that_is_no_table_is_refused(snapshot: Path) -> None:
    (snapshot / "typing-A.arrow").write_bytes(b"no table at all" * 40)
    found = sealed(snapshot, "typing-A.arrow")
    with pytest.raises(RegistryError, match=r"typing-A\.arrow: found no table"):
        open_registry(found.parent)


def test_another_nomenclature_than_the_typings_is_refused(snapshot: Path, registry: Registry) -> None:
    tables = registry.nomenclature.tables
    (snapshot / "nomenclature.hlanom").write_bytes(
        dumps(replace(tables, loci={locus: one for locus, one in tables.loci.items() if locus != "DRB1"}))
    )
    found = sealed(snapshot, "nomenclature.hlanom")
    with pytest.raises(RegistryError, match=r"nomenclature\.hlanom: found not all loci"):
        open_registry(found.parent)


@pytest.mark.parametrize("name", ["set_member", "antigen_member", "serology_member"])
def test_groups_beyond_the_nomenclature_are_refused_where_they_meet(
    snapshot: Path, registry: Registry, name: str
) -> None:
    """P groups are fewer than the alleles, so that opening lets these pass; no kernel follows them."""
    index = registry.nomenclature.index("B")
    beyond = FIRST_P_GROUP + len(index.p_names) if name == "set_member" else len(index.antigens.code)
    opened = open_registry(changed(snapshot, f"{name}-B", put(-1, beyond)).parent)
    patient = Patient(patient_id="P", typings={"B": ("40:01", "46:01")})
    with pytest.raises(RegistryError, match="typings at B of P groups or antigens that"):
        Matcher(opened).search(patient, SearchCriteria(scope="B"))


def test_what_is_sound_is_opened(snapshot: Path, registry: Registry, monkeypatch) -> None:
    for few in (0, 4096):
        monkeypatch.setattr(attribute_columns, "_FEW", few)
        opened = open_registry(snapshot.parent)
        assert opened.attributes.equals(registry.attributes)
        assert (opened.attributes["note"].str.len_bytes() > 12).sum() == 67


@pytest.mark.parametrize(
    "rows", [[], [3], [5, 2, 9], list(range(199, -1, -1))], ids=["none", "one", "some", "reversed"]
)
def test_some_donors_in_any_order_are_sound(tmp_path: Path, registry: Registry, rows: list[int]) -> None:
    part = registry.take(np.array(rows, np.int64))
    write_registry(part, tmp_path / "part")
    assert open_registry(tmp_path / "part").attributes.equals(part.attributes)
