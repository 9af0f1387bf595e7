from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hla_match.errors import NomenclatureError
from hla_match.nomenclature.tables import AntigenRelation, Deletion, LocusTables, NomenclatureTables
from registry_io.formats.imgt_release import read_release
from registry_io.store import nomenclature_store
from registry_io.store.nomenclature_file import dumps, loads, nomenclature_of, read_nomenclature, write_nomenclature
from registry_io.store.nomenclature_store import NomenclatureStore, data_folder


def _tables(release: str = "3.58.0") -> NomenclatureTables:
    a = LocusTables(
        locus="A",
        allele=("02:01:01:01", "24:09N"),
        g_group=("02:01:01G", ""),
        p_group=("", ""),
        antigen=("2", ""),
        possible_antigen=("203", ""),
        expert_antigen=("", ""),
        tce_group=("", ""),
        deleted={"0105N": Deletion("", "Größe")},
        old_name={"02010101": "02:01:01:01"},
    )
    return NomenclatureTables(
        release=release,
        title=f"IPD-IMGT/HLA {release}",
        source="folder",
        checksum="0" * 64,
        loci={
            "A": a,
            "B": LocusTables("B", *[()] * 6),
            "C": LocusTables("C", ("01:02",), *[("",)] * 5),
        },
        antigen_relations=(AntigenRelation("A", "9", ("23", "24"), ()),),
        antigens={"A": ("2", "9"), "Cw": ()},
        limits=("knows little",),
        closed=False,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_nomenclature(_tables(), tmp_path / "x.hlanom")
    assert read_nomenclature(tmp_path / "x.hlanom") == _tables()
    assert [path.name for path in tmp_path.iterdir()] == ["x.hlanom"]


def test_of_the_same_bytes_one_nomenclature_is_in_use() -> None:
    data = dumps(_tables())
    first, other = nomenclature_of(data, "x"), nomenclature_of(dumps(_tables("3.59.0")), "y")
    assert nomenclature_of(bytearray(data), "z") is first
    assert (first.tables, other.tables) == (_tables(), _tables("3.59.0"))
    with pytest.raises(NomenclatureError, match="a damaged file"):
        nomenclature_of(data[:-1], "x")


def test_equal_tables_are_equal_bytes() -> None:
    assert dumps(_tables()) == dumps(loads(dumps(_tables()), "x"))


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b" ", lambda data: data[:-9] + b"x" * 9]
)
def test_damage_is_refused(tmp_path: Path, change: object) -> None:
    assert callable(change)
    path = tmp_path / "x.hlanom"
    path.write_bytes(change(dumps(_tables())))
    with pytest.raises(NomenclatureError, match="damaged") as caught:
        read_nomenclature(path)
    assert caught.value.path == str(path)
    assert "install the release again" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{}\n", b"[]\n", b"1\n", b"text"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NomenclatureError, match="another kind of file"):
        loads(data, "x")


OTHER_TABLES = {
    "no loci": lambda body: body.pop("loci"),
    "loci that are a list": lambda body: body.update(loci=[]),
    "a locus that is a text": lambda body: body["loci"].update(A="x"),
    "a column that is missing": lambda body: body["loci"]["A"].pop("p_group"),
    "a column that is a list": lambda body: body["loci"]["A"].update(allele=["02:01"]),
    "a shorter column": lambda body: body["loci"]["A"].update(p_group=""),
    "an allele more": lambda body: body["loci"]["A"].update(allele="02:01\n02:02\n02:03"),
    "a deletion without reason": lambda body: body["loci"]["A"].update(deleted={"0105N": ["x"]}),
    "a deletion by a number": lambda body: body["loci"]["A"].update(deleted={"0105N": ["x", 1]}),
    "an old name of a list": lambda body: body["loci"]["A"].update(old_name={"0101": ["01:01"]}),
    "old names in a list": lambda body: body["loci"]["A"].update(old_name=["0101"]),
    "a relation of three": lambda body: body.update(relations=[["A", "9", []]]),
    "a relation of a number": lambda body: body.update(relations=[["A", 9, [], []]]),
    "an antigen that is a number": lambda body: body["antigens"].update(A=[2]),
    "a title that is none": lambda body: body.update(title=None),
    "a limit that is a number": lambda body: body.update(limits=[1]),
    "neither open nor closed": lambda body: body.update(closed="no"),
}


@pytest.mark.parametrize("change", OTHER_TABLES.values(), ids=OTHER_TABLES)
def test_other_tables_with_the_right_checksum_are_refused(change: Callable[[dict[str, Any]], object]) -> None:
    first, _, text = dumps(_tables()).partition(b"\n")
    body = json.loads(text)
    change(body)
    data = json.dumps(body).encode()
    header = json.loads(first) | {"sha256": hashlib.sha256(data).hexdigest()}
    with pytest.raises(NomenclatureError, match="x: found other tables, expected those of a compiled nomenclature"):
        loads(json.dumps(header).encode() + b"\n" + data, "x")


@pytest.mark.parametrize("data", [b"[]", b"7", b"{", b"[" * 100_000], ids=["list", "number", "broken", "deep"])
def test_no_tables_with_the_right_checksum_are_refused(data: bytes) -> None:
    first = json.loads(dumps(_tables()).partition(b"\n")[0])
    header = first | {"sha256": hashlib.sha256(data).hexdigest()}
    with pytest.raises(NomenclatureError, match="other tables"):
        loads(json.dumps(header).encode() + b"\n" + data, "x")


def test_other_format_version_is_refused() -> None:
    first, _, body = dumps(_tables()).partition(b"\n")
    header = json.loads(first) | {"format_version": 99}
    with pytest.raises(NomenclatureError, match="format version 99"):
        loads(json.dumps(header).encode() + b"\n" + body, "x")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NomenclatureError, match="No such file"):
        read_nomenclature(tmp_path / "absent")


def test_real_release_is_kept(shared_data: Path, tmp_path: Path) -> None:
    tables = read_release(shared_data / "imgt" / "3.58.0")
    store = NomenclatureStore(tmp_path)
    assert store.install(shared_data / "imgt" / "3.58.0") == tables
    assert store.load("3.58.0") == tables


def test_releases_are_in_numeric_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = NomenclatureStore(tmp_path / "home")
    assert store.releases() == []
    assert store.newest() is None
    for release in ("3.9.0", "3.58.0", "3.10.1"):
        monkeypatch.setattr(nomenclature_store, "read_release", lambda *_, release=release, **__: _tables(release))
        store.install(tmp_path)
    (tmp_path / "home/nomenclature/notes.hlanom").touch()
    assert store.releases() == ["3.58.0", "3.10.1", "3.9.0"]
    assert store.newest() == "3.58.0"
    assert store.load("3.10.1").release == "3.10.1"


@pytest.mark.parametrize("release", ["3.1.0", "../3.58.0", "", "notes"])
def test_what_is_not_installed_is_an_error_that_says_what_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    monkeypatch.setattr(nomenclature_store, "read_release", lambda *_, **__: _tables())
    store = NomenclatureStore(tmp_path)
    store.install(tmp_path)
    with pytest.raises(NomenclatureError) as caught:
        store.load(release)
    assert "3.58.0, builtin" in caught.value.expected
    assert "install it first" in caught.value.hint


def test_data_folder_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nomenclature_store, "read_release", lambda *_, **__: _tables())
    (tmp_path / "file").touch()
    with pytest.raises(NomenclatureError, match="HLA_MATCH_HOME"):
        NomenclatureStore(tmp_path / "file").install(tmp_path)


def test_environment_names_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLA_MATCH_HOME", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("HLA_MATCH_HOME")
    assert data_folder().name == "hla-match"
