"""The page on the format of a registry says what the schema declares."""

from __future__ import annotations

import re

from tests.format_tables import PAGE, TABLES, page


def test_the_tables_are_those_of_the_declarations() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"<!-- arrays: ([\w ]+) -->", text) == list(TABLES)
    assert page(text) == text, "python -m tests.format_tables writes them"
