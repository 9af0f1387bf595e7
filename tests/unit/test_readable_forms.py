"""Every row of the table of what can be read, and the page that shows it."""

from __future__ import annotations

import pytest

from hla_match.errors import TypingError
from hla_match.nomenclature.gl_string import split_loci
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.typings.encoding import LocusEncoder
from tests.readable_forms import CELLS, CODES, LINES, PAGE, Cell, Line, page

BUILTIN = Nomenclature.builtin()
BOOK = MacTable.from_items(CODES.items())
ALL_CELLS = [row for section in CELLS for row in section.rows if isinstance(row, Cell)]
ALL_LINES = [row for section in LINES for row in section.rows if isinstance(row, Line)]


@pytest.fixture(scope="session")
def release(release_358: Nomenclature) -> Nomenclature:
    return release_358


def check(cell: Cell, nomenclature: Nomenclature) -> None:
    encoder = LocusEncoder(nomenclature, cell.locus, BOOK, ambiguous_nulls="keep")
    if cell.meaning is None:
        with pytest.raises(TypingError) as caught:
            encoder.with_nulls(cell.first, cell.second)
        assert caught.value.reason == cell.reason
        return
    found = encoder.with_nulls(cell.first, cell.second)
    assert encoder.notes(cell.first, cell.second) == cell.notes
    assert found == LocusEncoder(nomenclature, cell.locus, BOOK, ambiguous_nulls="keep").with_nulls(*cell.meaning)
    assert bool(found) == any(cell.meaning)


@pytest.mark.parametrize("cell", [cell for cell in ALL_CELLS if not cell.release], ids=lambda cell: cell.first)
def test_a_cell_is_read_as_the_table_says(cell: Cell) -> None:
    check(cell, BUILTIN)


@pytest.mark.parametrize("cell", ALL_CELLS, ids=lambda cell: cell.first)
def test_a_cell_is_read_so_under_a_release(cell: Cell, release: Nomenclature) -> None:
    check(cell, release)


@pytest.mark.parametrize("line", ALL_LINES, ids=lambda line: line.text)
def test_a_line_is_read_as_the_table_says(line: Line) -> None:
    notes: list[str] = []
    if line.meaning is None:
        with pytest.raises(TypingError) as caught:
            split_loci(line.text)
        assert caught.value.reason == line.reason
        assert caught.value.text == line.text
        return
    found = split_loci(line.text, notes=notes)
    assert found == (split_loci(line.meaning) if line.meaning else {})
    assert tuple(notes) == line.notes


def test_what_a_spreadsheet_made_gets_a_hint() -> None:
    (section,) = [section for section in CELLS if "spreadsheets" in section.title]
    for cell in section.rows:
        assert isinstance(cell, Cell)
        with pytest.raises(TypingError) as caught:
            BUILTIN.expand(cell.locus, cell.first)
        assert cell.first == "2.01" or "format the column as text" in caught.value.hint


def test_the_page_is_what_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.readable_forms"
