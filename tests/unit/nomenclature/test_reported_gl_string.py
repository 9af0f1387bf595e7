"""A person's typing as a GL String means what the columns mean, whatever was reported there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.nomenclature.gl_string import split_loci
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.reported_gl_string import reported_block, reported_gl_string
from hla_match.nomenclature.standard_form import standard_typing
from hla_match.typings.encoding import LocusEncoder
from registry_io.store.donor_import import import_donors
from tests.examples import examples
from tests.readable_forms import CELLS, CODES, Cell

BUILTIN = Nomenclature.builtin()
BOOK = MacTable.from_items(CODES.items())
READABLE = [
    row for section in CELLS for row in section.rows if isinstance(row, Cell) and row.meaning and not row.release
]


@pytest.mark.parametrize(
    ("locus", "first", "second", "expected"),
    [
        ("A", "02:01", "24:02:01:01", "A*02:01+A*24:02:01:01"),
        ("A", "HLA-A*02:01", "A*24:02", "A*02:01+A*24:02"),
        ("A", "2", "A24(9)", "A2+A24(9)"),
        ("A", "0201", "24:XX", "A*0201+A*24:XX"),
        ("A", "02:01/05", "24:ANDB", "A*02:01/A*02:05+A*24:ANDB"),
        ("A", "02:01", "", "A*02:01"),
        ("A", "02:01", "-", "A*02:01+A*02:01"),
        ("A", "", "", ""),
        ("A", "NEW", "not typed", "A*NEW+A*UUUU"),
        ("C", "7", "Cw10(w3)", "Cw7+Cw10(3)"),
        ("B", "2708", "62(15)", "B2708+B62(15)"),
        ("DRB1", "17", "DR4", "DR17+DR4"),
        ("DRB4", "53", "NNNN", "DR53+DRB4*NNNN"),
        ("DRB4", "01:03", "", "DRB4*01:03"),
        ("DPB1", "04:01:01G", "0201", "DPB1*04:01:01G+DPB1*0201"),
        ("A", "01:01+02:01|01:02+02:03", "", "A*01:01+A*02:01|A*01:02+A*02:03"),
        # What nobody can read stands as it was reported.
        ("A", "02:01+", "03:01", "A*02:01++A*03:01"),
    ],
)
def test_a_block_of_a_gl_string(locus: str, first: str, second: str, expected: str) -> None:
    assert reported_block(BUILTIN.tables, locus, first, second) == expected


@pytest.mark.parametrize("cell", READABLE, ids=lambda cell: f"{cell.first}, {cell.second}")
def test_every_form_means_the_same_in_a_gl_string(cell: Cell) -> None:
    encoder = LocusEncoder(BUILTIN, cell.locus, BOOK, ambiguous_nulls="keep")
    text = reported_gl_string(BUILTIN.tables, {cell.locus: (cell.first, cell.second)})
    again = split_loci(text).get(cell.locus, ("", "")) if text else ("", "")
    assert set(encoder.with_nulls(*again)) == set(encoder.with_nulls(cell.first, cell.second))


NAMES = st.sampled_from(["02:01", "02:01:01:01", "24:02N", "02:01:01G", "02:01P", "24:XX", "02:ANDB", "102:01:01"])


@given(st.lists(NAMES, min_size=1, max_size=4))
@examples(100)
def test_names_that_are_taken_as_they_are_are_in_standard_form(names: list[str]) -> None:
    written = "/".join(names)
    assert standard_typing("A", written).text == written
    assert reported_block(BUILTIN.tables, "A", written, "") == "/".join(f"A*{name}" for name in names)


@pytest.mark.exhaustive
def test_every_typing_of_a_registry_means_the_same(tmp_path: Path, shared_data: Path) -> None:
    donors = shared_data / "data" / "registry_103k"
    registry = import_donors(
        tmp_path / "registry", donors / "donors.csv.gz", "builtin", codes=donors / "mac.txt"
    ).registry
    for locus in registry.loci:
        encoder = registry.encoder(locus)
        for first, second in registry.columns[locus].text[1:].iter_rows():
            (pair,) = split_loci(reported_block(BUILTIN.tables, locus, first, second)).values()
            assert set(encoder.with_nulls(*pair)) == set(encoder.with_nulls(first, second))
