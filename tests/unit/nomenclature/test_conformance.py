"""Every allele of release 3.58.0 reduced to P, G, small g and serology, against py-ard 2.4.2.

`tests/golden/pyard_2.4.2_disagreements.csv` lists each disagreement with its reason.
"""

import csv
from pathlib import Path

import polars as pl
import pytest

from hla_match.nomenclature.reduction import reduce_typing
from hla_match.nomenclature.release import Nomenclature

GOLDEN = Path(__file__).parents[2] / "golden" / "pyard_2.4.2_disagreements.csv"

REASONS = {
    "null_has_no_serology": "a null allele is not expressed; py-ard takes the serology of its group",
    "null_keeps_its_suffix": "py-ard drops the N of a null allele of three fields that is in no group",
    "release_names_the_group": "the release gives the G group this name; py-ard names it after another member",
    "p_group_of_the_release": "the release puts the allele into this P group; py-ard leaves it alone",
    "own_antigens_only": "the release's entry of the allele; py-ard adds antigens of its group's other members",
}


def reason_of(level: str, allele: str, row: dict[str, str]) -> str:
    if level == "S":
        return "null_has_no_serology" if allele.endswith("N") else "own_antigens_only"
    if level == "lg":
        return "null_keeps_its_suffix" if allele.endswith("N") else "p_group_of_the_release"
    return "release_names_the_group" if row["wmda_G"] != row["G"] else ""


def disagreements(nomenclature: Nomenclature, table: pl.DataFrame) -> list[tuple[str, str, str, str, str]]:
    found = []
    for row in table.iter_rows(named=True):
        for level in ("P", "G", "lg", "S"):
            ours = reduce_typing(nomenclature, row["allele"], level)
            if level == "P":
                assert ours.partition("*")[2] == (row["wmda_P"] or row["allele"]).partition("*")[2]
            if level == "G":
                assert ours == row["wmda_G"]
            if ours != row[level]:
                found.append((row["allele"], level, ours, row[level], reason_of(level, row["allele"], row)))
    return found


@pytest.mark.parametrize("one_in", [40, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_disagreement_with_py_ard_is_listed_with_its_reason(release_358, shared_data, one_in):
    table = pl.read_parquet(shared_data / "data" / "pyard_redux_358.parquet")
    assert table.height == sum(len(locus.allele) for locus in release_358.tables.loci.values())
    some = table.gather_every(one_in)
    tried = set(some["allele"])
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        listed = [tuple(row) for row in csv.reader(file)][1:]
    listed = [row for row in listed if row[0] in tried]
    found = disagreements(release_358, some)
    assert found
    assert {reason for *_, reason in found} <= set(REASONS)
    assert found == listed
