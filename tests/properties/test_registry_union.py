"""A registry and its changes as one, against the registry of the same donors at once."""

import datetime
from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from hla_match.donors.donor_attributes import DonorAttributes
from hla_match.donors.identifiers import rows_of
from hla_match.donors.registry import Registry, build_registry, n_by_default
from hla_match.donors.registry_union import n_by_default_united, unite
from hla_match.kernels.schema.array import arrays_of
from hla_match.loci import LOCI
from hla_match.nomenclature.release import Nomenclature
from tests.examples import examples
from tests.oracle.latest_records import latest_records

NOMENCLATURE = Nomenclature.builtin()

TYPINGS = {
    # Some mean the same and are written otherwise, so that another text becomes the first of an expanded typing.
    "A": (
        ("02:01", "24:02"),
        ("02:01:01", "24:02:01"),
        ("02:01", ""),
        ("24:02", "02:01"),
        ("A2", "A24"),
        ("02:XX", ""),
    ),
    "B": (("46:01", "40:01"), ("46:01:01", "40:01"), ("46:01/46:02", "40:01"), ("40:01", "NEW"), ("B46", "B60")),
    "DRB1": (("09:01", "15:01"), ("09:01:02", "15:01:01"), ("09:XX", "15:XX"), ("15:01", "")),
    "C": (("01:02", "07:02"), ("01:02+07:02|01:03+07:02", "")),
    "DRB3": (("02:02", ""), ("NNNN", ""), ("01:01", "02:02")),
    "DPB1": (("05:01", "02:01"), ("05:01:01", "02:01:02"), ("04:01", "")),
}
ATTRIBUTES = {
    "sex": (pl.String, ("F", "M", None)),
    "birth_date": (pl.Date, (datetime.date(1990, 2, 3), datetime.date(2001, 12, 31), None)),
    "weight_kg": (pl.Float32, (61.5, None)),
    "status": (pl.String, ("AV", "TU", None)),
    "population": (pl.String, ("han", None)),
    "note": (pl.String, ("a text that is longer than a view of it", "short", None)),
}


@st.composite
def changes(draw):
    """A registry of at least one donor and up to five changes: who leaves, columns, and rows by identifier."""
    found = []
    identifiers = st.sampled_from([f"D{number}" for number in range(12)])
    for number in range(draw(st.integers(1, 6))):
        loci = [locus for locus in TYPINGS if draw(st.integers(0, 3))]
        attributes = [name for name in ATTRIBUTES if draw(st.booleans())]
        choices = {locus: st.sampled_from((*TYPINGS[locus], (None, None))) for locus in loci}
        choices |= {name: st.sampled_from(ATTRIBUTES[name][1]) for name in attributes}
        rows = draw(st.dictionaries(identifiers, st.fixed_dictionaries(choices), min_size=not number, max_size=8))
        leaving = draw(st.sets(identifiers, max_size=3)) if number else set()
        found.append((leaving, (loci, attributes), rows))
    return found


def registry_of(rows, loci, attributes):
    columns = {"person_id": pl.Series(list(rows), dtype=pl.String)}
    for locus in loci:
        for side in (0, 1):
            texts = [row.get(locus, (None, None))[side] for row in rows.values()]
            columns[f"{locus}_{side + 1}"] = pl.Series(texts, dtype=pl.String)
    for name in attributes:
        columns[name] = pl.Series([row.get(name) for row in rows.values()], dtype=ATTRIBUTES[name][0])
    registry, unreadable = build_registry(
        pl.DataFrame(columns), NOMENCLATURE, name="r", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return registry


def at_once(found):
    loci = {locus for _, (loci, _), _ in found for locus in loci}
    attributes = {name for _, (_, attributes), _ in found for name in attributes}
    rows = latest_records((leaving, rows) for leaving, _, rows in found)
    return registry_of(rows, [one for one in LOCI if one in loci], [one for one in ATTRIBUTES if one in attributes])


def united(found):
    registries = [registry_of(rows, *columns) for _, columns, rows in found]
    return unite(registries, [pl.Series(sorted(leaving), dtype=pl.String) for leaving, _, _ in found])


def assert_same(one: Registry, other: Registry) -> None:
    assert one.loci == other.loci
    assert one.attributes.equals(other.attributes)
    assert one.attributes.schema == other.attributes.schema
    for found, wanted in zip(arrays(one), arrays(other), strict=True):
        assert found[0] == wanted[0]
        assert found[1].dtype == wanted[1].dtype, found[0]
        assert np.array_equal(found[1], wanted[1]), found[0]
        assert found[1].flags.c_contiguous, found[0]
    for locus, column in one.columns.items():
        assert column.text.equals(other.columns[locus].text), locus


def arrays(registry):
    found = {"donor_typing": registry.donor_typing, "id_rank": registry.id_rank, **registry.attribute_codes}
    for number, order in enumerate(registry.typing_index):
        found |= {f"order {number} {name}": array for name, array in arrays_of(order).items()}
    for locus, column in registry.columns.items():
        found[f"expanded typing {locus}"] = column.expanded_typing
        found |= {f"{name} {locus}": array for name, array in arrays_of(column.table).items()}
    return list(found.items())


@given(changes())
@examples(600)
def test_a_registry_and_its_changes_are_the_registry_of_the_same_donors(found) -> None:
    assert_same(united(found), at_once(found))


@given(changes(), st.lists(st.integers(0, 11), max_size=6))
@examples(200)
def test_a_few_donors_are_those_of_the_whole_without_making_it(found, numbers) -> None:
    registries = [registry_of(rows, *columns) for _, columns, rows in found]
    removed = [pl.Series(sorted(leaving), dtype=pl.String) for leaving, _, _ in found]
    union, wanted = unite(registries, removed), at_once(found)
    rows = [number % wanted.n_donors for number in numbers] if wanted.n_donors else []
    at = pl.Series(rows, dtype=pl.UInt32)
    for name in wanted.attributes.columns:
        assert_series_equal(union.donor_attributes.of(name, at), wanted.attributes[name][at])
    assert union.donor_attributes.take(at.to_numpy()).frame.equals(wanted.attributes[rows])
    assert list(union.donor_attributes.schema.items()) == list(wanted.attributes.schema.items())
    assert n_by_default_united(registries, removed) == n_by_default(wanted.attributes)
    names = [f"D{number}" for number in (*numbers, 12)]
    place = {name: row for row, name in enumerate(wanted.attributes["donor_id"])}
    assert rows_of(union, pl.Series(names)).tolist() == [place[name] for name in names if name in place]
    assert "frame" not in vars(union.donor_attributes)


def registry_of_texts(texts):
    rows = {f"D{number:06}": {"A": pair} for number, pair in enumerate(texts)}
    return registry_of(rows, ["A"], [])


def test_codes_grow_wide_and_narrow_with_the_typings_of_the_donors() -> None:
    alleles = NOMENCLATURE.tables.loci["A"].allele[:24]
    lists = [f"{one}/{other}" for one in alleles for other in alleles if one < other]
    texts = [(one, other) for one in lists for other in lists][: np.iinfo(np.uint16).max - 5]
    base, recent = registry_of_texts(texts), registry_of_texts([("02:01", one) for one in lists[:9]])
    recent = unite([recent], [pl.Series([], dtype=pl.String)])
    assert base.donor_typing.dtype == np.uint16
    nobody = pl.Series(dtype=pl.String)
    names = recent.attributes.select("donor_id", new=pl.concat_str(pl.lit("N"), "donor_id"))
    recent = replace(recent, donor_attributes=DonorAttributes((names.select(donor_id="new"),)))
    grown = unite([base, recent], [nobody, nobody])
    assert grown.donor_typing.dtype == np.uint32
    again = unite([grown, recent.take(np.arange(0))], [nobody, recent.attributes["donor_id"]])
    assert_same(again, base)
