"""The loci of the HLA region: those that are compared, those that are read and ignored, and names that are neither."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hla_match.loci import LOCI, OTHER_LOCI, near_loci


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DR", ("DRB1", "DRB3", "DRB4", "DRB5")),
        ("dr", ("DRB1", "DRB3", "DRB4", "DRB5")),
        ("DRB", ("DRB1", "DRB3", "DRB4", "DRB5")),
        ("DRB345", ("DRB3", "DRB4", "DRB5")),
        ("DRB11", ("DRB1",)),
        ("DQ", ("DQA1", "DQB1")),
        ("DQ1", ("DQA1", "DQB1")),
        ("DP", ("DPA1", "DPB1")),
        ("DPB", ("DPB1",)),
        ("CW1", ("C",)),
        ("AA", ("A",)),
        ("HLAA", ("A",)),
        ("B27", ("B",)),
        ("DRA1", ("DRA",)),
        ("MICA1", ("MICA",)),
        ("KIR", ()),
        ("HLA", ()),
    ],
)
def test_near_loci_are_those_that_may_be_meant(name: str, near: tuple[str, ...]) -> None:
    assert near_loci(name) == near


def test_no_locus_is_both_compared_and_ignored() -> None:
    assert not set(LOCI) & set(OTHER_LOCI)
    assert len(set(OTHER_LOCI)) == len(OTHER_LOCI)


@pytest.mark.parametrize("release", ["3.33.0", "3.42.0", "3.58.0"])
def test_every_locus_of_a_release_is_known(shared_data: Path, release: str) -> None:
    with (shared_data / "imgt" / release / "Allelelist.txt").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        next(rows)
        named = {row[1].partition("*")[0] for row in rows}
    assert "HFE" in named
    assert named <= {*LOCI, *OTHER_LOCI}
