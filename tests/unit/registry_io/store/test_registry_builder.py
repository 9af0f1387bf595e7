"""A registry that is built part by part is the registry that is built at once, byte for byte."""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import volunteers
from registry_io.store import attribute_columns, registry_builder
from registry_io.store.recorded_registry import write_registry, write_registry_stream
from registry_io.store.registry_builder import RegistryBuilder
from registry_io.store.registry_folder import current_snapshot, writing_registry
from registry_io.store.registry_store import open_registry, verify_registry
from tests.examples import examples

NOMENCLATURE = Nomenclature.builtin()
CODES = MacTable.from_items([("AB", "01/9999")])
PROVENANCE = {"imported_on": "2026-01-01"}


def persons(n: int) -> pl.DataFrame:
    """Volunteers, some with texts that are long or missing, a code with a note, and typings that cannot be read."""
    frame = volunteers(n, seed=3, as_of=datetime.date(2026, 1, 1))[0].rename({"donor_id": "person_id"})
    number = pl.int_range(pl.len())
    return frame.with_columns(
        A_1=pl.when(number % 7 == 3).then(pl.lit("02:AB")).otherwise("A_1"),
        B_2=pl.when(number % 11 == 5).then(pl.lit("99:99")).otherwise("B_2"),
        status=pl.when(number % 5 != 0).then("status"),
        birth_date=pl.when(number % 9 != 0).then("birth_date"),
        city=pl.when(number % 3 == 0).then(pl.lit("a city of a long name ") + number.cast(pl.String)).otherwise("city"),
        weight_kg=pl.col("weight_kg").cast(pl.Float32),
    )


def at_once(frame: pl.DataFrame, folder: Path) -> Path:
    registry, _ = build_registry(frame, NOMENCLATURE, name="r", provenance=PROVENANCE, codes=CODES)
    return write_registry(registry, folder)


def in_parts(parts: list[pl.DataFrame], folder: Path) -> Path:
    write_registry_stream(parts, folder, NOMENCLATURE, name="r", provenance=PROVENANCE, codes=CODES)
    return current_snapshot(folder)


def files(snapshot: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in snapshot.iterdir()}


@examples(25)
@given(cuts=st.lists(st.integers(0, 240), max_size=6), seed=st.integers(0, 5), step=st.sampled_from([7, 64, 1 << 20]))
def test_parts_make_the_same_files(tmp_path_factory, cuts, seed, step) -> None:
    frame = persons(240)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribute_columns, "SLICE", step)
        patch.setattr(registry_builder, "SLICE", step)
        folder = tmp_path_factory.mktemp("parts")
        whole = at_once(frame, folder / "whole")
        mixed = frame.sample(fraction=1, shuffle=True, seed=seed)
        edges = [0, *sorted(cuts), frame.height]
        parts = [mixed[start:end] for start, end in pairwise(edges)]
        streamed = in_parts(parts, folder / "parts")
    assert files(streamed) == files(whole)
    assert streamed.name == whole.name
    assert [path.name for path in (folder / "parts").glob(".*")] == []
    assert all(sound for _, sound in verify_registry(folder / "parts"))


def test_a_part_may_lack_loci_and_attributes_of_another(tmp_path: Path) -> None:
    frame = persons(60)
    late = frame[:20].drop("DPB1_1", "DPB1_2", "city", "status", "weight_kg")
    wanted = pl.concat([late, frame[20:]], how="diagonal").select(frame.columns)
    columns = [*late.columns, *(name for name in frame.columns if name not in late.columns)]
    assert files(in_parts([late, frame[20:]], tmp_path / "parts")) == files(
        at_once(wanted.select(columns), tmp_path / "whole")
    )


def test_rows_of_what_cannot_be_read_are_counted_over_all_parts(tmp_path: Path) -> None:
    frame = persons(100)
    _, wanted = build_registry(frame, NOMENCLATURE, name="r", provenance=PROVENANCE, codes=CODES)
    folder = tmp_path / "r"
    with writing_registry(folder), RegistryBuilder(folder, NOMENCLATURE, name="r", codes=CODES) as builder:
        builder.add(frame[:37])
        builder.add(frame[37:])
        built = builder.build()
    found = [(typing.locus, typing.text, row) for typing in built.unreadable for row in typing.rows.tolist()]
    assert sorted(found) == sorted(
        (typing.locus, typing.text, row) for typing in wanted for row in typing.rows.tolist()
    )
    assert built.n_donors == 100 - len({row for _, _, row in found})


def test_more_distinct_typings_than_16_bits_hold_are_coded_in_32(tmp_path: Path) -> None:
    texts = sorted({f"{a:02d}:01/{b:02d}:{c:02d}" for a in (1, 2, 3) for b in (2, 3, 11, 24) for c in range(1, 99)})
    pair = pl.DataFrame({"A_1": texts}).join(pl.DataFrame({"A_2": texts}), how="cross").head(70_000)
    frame = pair.select(pl.int_range(pl.len()).cast(pl.String).str.zfill(6).alias("person_id"), "A_1", "A_2")
    built = write_registry_stream(
        [frame[:50_000], frame[50_000:]], tmp_path / "r", NOMENCLATURE, name="r", provenance=PROVENANCE
    )
    registry = open_registry(tmp_path / "r")
    assert built.n_donors > 65_536
    assert registry.donor_typing.dtype == np.uint32
    text = registry.columns["A"].text[registry.donor_typing[0]]
    found = text.with_columns(person_id=registry.attributes["donor_id"]).join(frame, on="person_id")
    assert found.height == built.n_donors
    assert found["first"].equals(found["A_1"].alias("first"))
    assert found["second"].equals(found["A_2"].alias("second"))


def test_two_persons_of_one_identifier_are_refused(tmp_path: Path) -> None:
    frame = persons(10)
    with pytest.raises(CriteriaError, match="column person_id: found two persons with one identifier"):
        in_parts([frame, frame[3:4]], tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_nothing_is_written_where_nobody_can_be_read(tmp_path: Path) -> None:
    frame = persons(3).with_columns(A_1=pl.lit("99:99"))
    built = write_registry_stream([frame], tmp_path / "r", NOMENCLATURE, name="r", provenance=PROVENANCE)
    assert built.n_donors == 0
    assert not (tmp_path / "r").exists()


def test_a_type_that_changes_between_parts_is_refused(tmp_path: Path) -> None:
    frame = persons(10)
    other = persons(20)[10:].with_columns(pl.col("weight_kg").cast(pl.Int64))
    with pytest.raises(CriteriaError, match="column weight_kg: found values of type Int64, expected Float32"):
        in_parts([frame, other], tmp_path / "r")
