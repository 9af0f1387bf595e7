"""Cells with both typings of a locus, places of DRB3, DRB4 and DRB5, and signs for nothing, from file to registry."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path

import pytest

from hla_match.errors import Reason
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import NO_SECOND, NOT_TYPED
from registry_io.persons.locus_cells import drb345_typings
from registry_io.persons.person_table import PersonRecords, read_persons
from registry_io.store.donor_import import import_donors

GENES = ("DRB3", "DRB4", "DRB5")
PLACES = ("DRB3*01:01", "DRB3*02:02", "HLA-DRB4*01:03", "DRB5*01:01", "NNNN", "DRBX*NNNN")


def read(folder: Path, content: str) -> PersonRecords:
    path = folder / "donors.csv"
    path.write_text(content, encoding="utf-8")
    return read_persons(path, kind="donor")


@pytest.mark.parametrize(("first", "second"), list(itertools.product(PLACES, repeat=2)))
def test_two_places_say_of_every_gene_what_both_chromosomes_carry(first: str, second: str) -> None:
    """The oracle counts: a gene stands on each chromosome that names it, and is absent from the other."""
    found = drb345_typings(first, second)
    carried = [text.removeprefix("HLA-").partition("*") for text in (first, second)]
    for gene in GENES:
        names = [name for place, _, name in carried if place == gene]
        assert sorted(filter(None, found[gene])) == sorted(
            (names + ["NNNN"] * (2 - len(names)))[: 1 if not names else 2]
        )


@pytest.mark.parametrize("place", PLACES[:4])
def test_one_place_says_nothing_of_other_genes(place: str) -> None:
    gene, _, name = place.removeprefix("HLA-").partition("*")
    for second, note in (("", []), ("-", [NO_SECOND]), ("NA", [NO_SECOND]), ("not typed", [NOT_TYPED])):
        notes: list[str] = []
        assert drb345_typings(place, second, notes) == {gene: (name, "")}
        assert notes == note


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("01:01,", Reason.MALFORMED), ("DRB1*04:01,", Reason.WRONG_LOCUS), (",DRB4*01:03", Reason.SECOND_WITHOUT_FIRST),
        ("DRB3*01:01+DRB4*01:03,DRB5*01:01", Reason.WRONG_LOCUS), ("DRB3*01:01,04:01", Reason.MALFORMED),
    ],
)  # fmt: skip
def test_a_place_that_does_not_name_its_gene_is_quarantined(tmp_path: Path, cells: str, reason: Reason) -> None:
    records = read(tmp_path, f"id,A_1,A_2,DRB345_1,DRB345_2\nX1,2,24,{cells}\nX2,2,24,DRB4*01:03,NNNN\n")
    assert records.frame["person_id"].to_list() == ["X2"]
    assert [(record.row, record.column, record.reason) for record in records.quarantined] == [(2, "DRB345_1", reason)]


@pytest.mark.parametrize(
    ("cell", "first", "second"),
    [
        ("02:01,24:02", "02:01", "24:02"), ("02:01; 24:02", "02:01", "24:02"), ("02:01\uff0c24:02", "02:01", "24:02"),
        ("A*02:01+A*24:02", "A*02:01", "A*24:02"), ("A2 A24", "A2", "A24"), ("02:01,", "02:01", None),
        ("02:01/24:02", "02:01/24:02", None), ("02:01 / 24:02", "02:01 / 24:02", None), ("02:01", "02:01", None),
        ("02:01,24:02,03:01", "02:01,24:02,03:01", None), ("02:01+24:02|02:06+24:03", "02:01+24:02|02:06+24:03", None),
        ("02:01/02:06,24:02", "02:01/02:06", "24:02"), ("02:01/02:06 24:02", "02:01/02:06", "24:02"),
        ("A24 (9)", "A24 (9)", None),
    ],
)  # fmt: skip
def test_both_typings_of_a_locus_in_one_cell(tmp_path: Path, cell: str, first: str, second: str | None) -> None:
    records = read(tmp_path, f'id,HLA-A\nX1,"{cell}"\n')
    assert records.frame.select("A_1", "A_2").rows() == [(first, second)]


def test_signs_for_nothing_are_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "donors.csv"
    path.write_text(
        "id,A_1,A_2,B_1,B_2,C,gl_string\nX1,02:01,-,-,-,NA,-\nX2,-,NT,40:01,未做,*07:02,NA\nX3,-,-,,-,-,-\n"
        "X4,-,-,-,-,,B*40:01\nX5,-,24:02,-,-,,\nX6,02:01,24:02,40:01,,-,A*24:02+A*02:01\n",
        encoding="utf-8",
    )
    report = import_donors(tmp_path / "registry", path, Nomenclature.builtin(), today=datetime.date(2026, 11, 1))
    assert report.registry.attributes["donor_id"].sort().to_list() == ["X1", "X2", "X4", "X6"]
    assert [(record.row, record.reason) for record in report.quarantined] == [
        (4, Reason.NOT_TYPED),
        (6, Reason.SECOND_WITHOUT_FIRST),
    ]
    (note,) = [note for note in report.notes if note.startswith("signs and words for nothing")]
    assert note.endswith("cells of A_1 (3), A_2 (3), B_1 (3), B_2 (4), C (3), gl_string (3)")
