"""What a registry says about the reading of its typings."""

from __future__ import annotations

import polars as pl

from hla_match.errors import Reason
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.release import Nomenclature
from hla_match.registry import build_registry


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
        Nomenclature(builtin_tables()),
        name="r",
        provenance={"imported_on": "2026-01-01"},
        codes=MultipleAlleleCodes.from_items([("AB", "01/9999")]),
    )
    assert [typing.reason for typing in unreadable] == [Reason.UNKNOWN_ALLELE]
    (missing,) = (note for note in registry.notes if note.startswith("A*02:9999 of code AB does not exist"))
    assert registry.notes == {missing: 2, "without a status, counted as available": 2}
