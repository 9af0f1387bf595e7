"""What a registry says about the reading of its typings."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl

from hla_match.donors.attribute_types import MISSING_CATEGORY
from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import Reason
from hla_match.kernels.schema.array import arrays_of
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic.volunteers import volunteers


def test_notes_count_the_donors_that_were_read_otherwise_than_written() -> None:
    persons = pl.DataFrame(
        {
            "person_id": ["D1", "D2", "D3", "D4"],
            "A_1": ["02:AB", "02:AB", "02:01", "02:AB"],
            "A_2": ["24:02", "02:AB", "24:02", "99:99"],
            "status": ["AV", None, None, None],
        }
    )
    registry, unreadable = build_registry(
        persons,
        Nomenclature.builtin(),
        name="r",
        provenance={"imported_on": "2026-01-01"},
        codes=MacTable.from_items([("AB", "01/9999")]),
    )
    assert [typing.reason for typing in unreadable] == [Reason.UNKNOWN_ALLELE]
    (missing,) = (note for note in registry.notes if note.startswith("A*02:9999 of code AB does not exist"))
    assert registry.notes == {missing: 2, "without a status, counted as available": 2}


def donors(n: int = 300) -> pl.DataFrame:
    persons, _ = volunteers(n, seed=7, as_of=datetime.date(2026, 1, 1))
    return persons.rename({"donor_id": "person_id"})


def built(persons: pl.DataFrame) -> Registry:
    registry, unreadable = build_registry(persons, Nomenclature.builtin(), name="r", provenance={})
    assert not unreadable
    return registry


def test_a_registry_is_the_same_whatever_the_order_of_its_donors() -> None:
    persons = donors()
    one, other = built(persons), built(persons.sample(fraction=1, shuffle=True, seed=1))
    assert one.attributes.equals(other.attributes)
    for name in ("donor_typing", "id_rank"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name, code in one.attribute_codes.items():
        assert np.array_equal(code, other.attribute_codes[name]), name
    for locus, column in one.columns.items():
        assert column.text.equals(other.columns[locus].text)
        assert np.array_equal(column.expanded_typing, other.columns[locus].expanded_typing)
        for name, array in arrays_of(column.table).items():
            assert np.array_equal(array, arrays_of(other.columns[locus].table)[name]), name


def test_donors_are_sorted_by_what_their_typings_mean_then_by_identifier() -> None:
    registry = built(donors())
    expanded_typing = {
        locus: column.expanded_typing[registry.donor_typing[row]].tolist()
        for row, (locus, column) in enumerate(registry.columns.items())
    }
    keys = [expanded_typing[locus] for locus in ("B", "DRB1", "A", "C", "DQB1", "DPB1")]
    rows = list(zip(*keys, registry.attributes["donor_id"].to_list(), strict=True))
    assert rows == sorted(rows)
    identifiers = registry.attributes["donor_id"].to_list()
    assert [sorted(identifiers).index(one) for one in identifiers] == registry.id_rank.tolist()


def test_reported_and_expanded_typings_are_numbered_by_texts() -> None:
    for column in built(donors()).columns.values():
        texts = list(column.text.iter_rows())
        assert texts[0] == ("", "")
        assert texts == sorted(set(texts))
        first = np.unique(column.expanded_typing, return_index=True)[1]
        assert first.tolist() == sorted(first.tolist())
        assert column.table.n_typings == first.size


def test_a_registry_holds_the_typings_of_its_donors_only() -> None:
    persons = pl.DataFrame(
        {"person_id": ["D1", "D2"], "A_1": ["02:01", "24:02"], "A_2": [None, None], "B_1": ["40:01", "99:99"]}
    ).with_columns(B_2=pl.lit(None, pl.String))
    registry, unreadable = build_registry(persons, Nomenclature.builtin(), name="r", provenance={})
    assert [(typing.locus, typing.rows.tolist()) for typing in unreadable] == [("B", [1])]
    assert registry.columns["A"].text["first"].to_list() == ["", "02:01"]
    assert registry.attributes["donor_id"].to_list() == ["D1"]


def test_attributes_are_kept_as_numbers_too() -> None:
    persons = pl.DataFrame(
        {
            "person_id": ["D1", "D2", "D3"],
            "A_1": ["02:01", "02:01", "02:01"],
            "A_2": [None, None, None],
            "status": ["TU", None, "AV"],
            "sex": ["M", "F", None],
            "abo": ["O", None, "AB"],
            "birth_date": [datetime.date(1990, 2, 3), None, datetime.date(2001, 12, 31)],
        },
        schema_overrides={"A_2": pl.String},
    )
    registry = built(persons)
    assert {name: code.tolist() for name, code in registry.attribute_codes.items()} == {
        "status": [1, 0, 0],
        "sex": [1, 0, MISSING_CATEGORY],
        "abo": [3, MISSING_CATEGORY, 2],
        "cmv": [MISSING_CATEGORY] * 3,
        "birth_date": [19900203, 0, 20011231],
    }
    assert {name: code.dtype.name for name, code in registry.attribute_codes.items()} == {
        **dict.fromkeys(("status", "sex", "abo", "cmv"), "uint8"),
        "birth_date": "int32",
    }
    assert registry.notes["without a status, counted as available"] == 1


def test_some_donors_can_be_taken_in_another_order() -> None:
    registry = built(donors())
    rows = np.array([200, 3, 77])
    some = registry.take(rows)
    assert some.attributes.equals(registry.attributes[rows])
    assert np.array_equal(some.donor_typing, registry.donor_typing[:, rows])
    assert some.attribute_codes.keys() == registry.attribute_codes.keys()
    for name, code in registry.attribute_codes.items():
        assert some.attribute_codes[name].tolist() == code[rows].tolist()
    assert np.argsort(some.id_rank).tolist() == np.argsort(registry.id_rank[rows]).tolist()
    assert sorted(some.id_rank.tolist()) == [0, 1, 2]
