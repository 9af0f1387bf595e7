from __future__ import annotations

from hla_match.nomenclature.multiple_allele_codes import MacTable


def test_codes_are_found_whatever_their_order_and_length() -> None:
    book = MacTable.from_items([("ZAAB", "01/02"), ("AB", "24:02/25:01"), ("ABC", "07")])
    assert len(book) == 3
    assert [book.lookup(code) for code in ("AB", "ABC", "ZAAB")] == ["24:02/25:01", "07", "01/02"]


def test_unknown_codes_are_none() -> None:
    book = MacTable.from_items([("BB", "01")])
    assert [book.lookup(code) for code in ("AA", "B", "BBB", "CC", "")] == [None] * 5
    assert MacTable.from_items([]).lookup("BB") is None


def test_columns_make_the_same_book() -> None:
    book = MacTable.from_items([("AB", "01/02"), ("AC", "03")])
    again = MacTable(book.name, book.offset, book.text)
    assert again.lookup("AC") == "03"
