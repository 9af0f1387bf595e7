"""Units of cord blood: matches of 6 against the oracle, doses, floors, and lists of units alone."""

from __future__ import annotations

import datetime
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from hla_match.choice.policies import POLICIES
from hla_match.cli.main import group
from hla_match.donors.registry import build_registry
from hla_match.matching.cord_match import allele_matches_of_eight, cord_matches
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from tests.oracle import mismatch_kinds as oracle

ANTIGENS = {
    "A*02:01": "A2", "A*02:06": "A2", "A*24:02": "A24", "A*11:01": "A11",
    "B*40:01": "B60", "B*40:02": "B61", "B*46:01": "B46", "B*40:06": "B61",
}  # fmt: skip
DRB1 = ("09:01", "15:01", "15:02")
MADE_FROM = {"imported_on": "2026-01-01"}


def genotypes(locus: str) -> list[tuple[str, str]]:
    names = [name for name in ANTIGENS if name.startswith(f"{locus}*")] if locus != "DRB1" else DRB1
    return [*combinations_with_replacement(names, 2)]


def test_matches_of_6_are_those_of_the_oracle() -> None:
    """All pairs of genotypes at each locus, the other loci turned by one for each person."""
    lists = {locus: genotypes(locus) for locus in ("A", "B", "DRB1")}
    persons = [
        {locus: pairs[(number + turn) % len(pairs)] for locus, pairs in lists.items()}
        for number in range(len(lists["A"]))
        for turn in (0, 3)
    ]
    typings = {
        f"{locus}_{side + 1}": [person[locus][side].rpartition("*")[2] for person in persons]
        for locus in lists
        for side in (0, 1)
    }
    frame = pl.DataFrame({"person_id": [f"U{number:02}" for number in range(len(persons))], **typings})
    registry, left_out = build_registry(frame, Nomenclature.builtin(), name="units", provenance=MADE_FROM)
    assert not left_out
    comparisons, criteria = RegistryComparisons(registry), SearchCriteria(scope="6/6")
    rows = np.arange(registry.n_donors, dtype=np.uint32)
    order = [int(name[1:]) for name in registry.attributes["donor_id"]]
    for number, person in enumerate(persons):
        patient = Patient(
            typings={locus: (typings[f"{locus}_1"][number], typings[f"{locus}_2"][number]) for locus in lists}
        )
        loci = {locus: comparisons.compare(locus, patient, criteria) for locus in lists}
        expected = [oracle.cord_matches(person, persons[donor], ANTIGENS) for donor in order]
        assert cord_matches(loci, rows).tolist() == expected
        # Nobody is typed at C, where both alleles may match.
        alleles = [
            8 - sum(oracle.mismatches(person[locus], persons[donor][locus]) for locus in lists) for donor in order
        ]
        assert allele_matches_of_eight(loci, rows).tolist() == alleles


UNITS = [
    # donor_id, donor_type, A_1, TNC, CD34
    ("U1", "CORD", "02:01", 150.0, 9.0),
    ("U2", "CORD", "02:06", 200.0, 8.0),
    ("U3", "CORD", "11:01", 300.0, 8.0),
    ("U4", "CORD", "02:01", 100.0, 9.0),
    ("U5", "CORD", "02:01", 160.0, 7.0),
    ("U6", "CORD", "02:01", None, None),
    ("D1", "DONOR", "02:01", None, None),
    ("D2", None, "02:01", None, None),
]
PATIENT = {"A": ("02:01", "24:02"), "B": ("40:01", "46:01"), "DRB1": ("09:01", "15:01")}


def searched(policy: str | None = "cord", weight: float | None = 50.0, **criteria: Any) -> MatchList:
    frame = pl.DataFrame(
        {
            "person_id": [unit[0] for unit in UNITS],
            "donor_type": [unit[1] for unit in UNITS],
            "A_1": [unit[2] for unit in UNITS],
            "A_2": "24:02",
            "B_1": "40:01", "B_2": "46:01", "DRB1_1": "09:01", "DRB1_2": "15:01",
            "tnc_e7": pl.Series([unit[3] for unit in UNITS], dtype=pl.Float32),
            "cd34_e6": pl.Series([unit[4] for unit in UNITS], dtype=pl.Float32),
        }
    )  # fmt: skip
    registry, _ = build_registry(frame, Nomenclature.builtin(), name="units", provenance=MADE_FROM)
    patient = Patient(typings=PATIENT, weight_kg=weight)
    return Matcher(registry).search(patient, SearchCriteria(**criteria), policy=policy)


def test_donors_alone_are_listed_where_nobody_asks_for_units() -> None:
    assert searched(None, scope="6/6").to_polars()["donor_id"].sort().to_list() == ["D1", "D2"]
    assert searched(None, scope="6/6", donor_type="any").n_found == 8
    assert "2 that are no cord blood" in searched(None, scope="6/6", sex=("M",)).notices[-1]


def test_units_stand_by_match_and_dose_above_the_floors() -> None:
    found = searched()
    rows = found.to_polars()
    # U4 has 2e7 TNC, U5 1.4e5 CD34 for a kilogram; the dose of U6 is not known.
    assert rows["donor_id"].to_list() == ["U1", "U6", "U2", "U3"]
    assert rows["cord_match"].to_list() == ["6/6", "6/6", "6/6", "5/6"]
    assert rows["cord_match_8"].to_list() == ["8/8", "8/8", "7/8", "7/8"]
    assert rows["tnc_per_kg"].to_list() == [3.0, None, 4.0, 6.0]
    assert rows["cd34_per_kg"].to_list() == pytest.approx([1.8, None, 1.6, 1.6])
    assert found.why(0).startswith("tnc_per_kg: 3 to 3.4e7/kg before unknown dose")
    assert found.why(2) == "cord_match: more matches of 6, A and B by antigen and DRB1 by allele (6/6 before 5/6)"
    double = searched("cord-double").to_polars()["donor_id"].to_list()
    assert double == ["U1", "U5", "U4", "U6", "U2", "U3"]
    counts = list(found.criteria_counts.items())
    assert counts[-3:] == [
        ("with at least 4/6 as cord blood is matched", 6),
        ("with at least 2.5e7 nucleated cells for a kilogram, or not known", 5),
        ("with at least 1.5e5 CD34 positive cells for a kilogram, or not known", 4),
    ]
    assert [match.donor_id for match in searched(min_cord_match=6)] == ["U1", "U6", "U2"]


def test_a_unit_outside_the_list_says_what_it_lacks() -> None:
    (only,) = searched().explain("U4").obstacles
    assert only.criterion == "with at least 2.5e7 nucleated cells for a kilogram, or not known"
    assert (only.found, only.change) == ("2.00e7 nucleated cells for a kilogram", {"min_tnc_per_kg": 2.0})
    (only,) = searched().explain("D1").obstacles
    assert (only.criterion, only.found) == ("that are cord blood", "no cord blood")


def test_without_a_weight_there_are_no_doses() -> None:
    found = searched(weight=None)
    assert found.n_found == 6
    assert any(notice.startswith("the patient's weight is not known") for notice in found.notices)
    assert found.to_polars()["tnc_per_kg"].null_count() == 6


def test_units_are_imported_and_searched_by_the_command(tmp_path: Path) -> None:
    header = "donor_id,供者类型,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2,tnc_e7,cd34_e6,volume_ml,bank"
    alike = "24:02,40:01,46:01,09:01,15:01"
    rows = [
        f"{name},{'脐带血' if kind == 'CORD' else ''},{first},{alike},{tnc or ''},{cd34 or ''},25ml,浙江"
        for name, kind, first, tnc, cd34 in UNITS
    ]
    (tmp_path / "units.csv").write_text("\n".join([header, *rows]), encoding="utf-8")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})
        assert done.exit_code == 0, done.exception
        return done.output

    registry = str(tmp_path / "registry")
    assert "8 rows: 8 imported" in run(
        "registry", "import", registry, str(tmp_path / "units.csv"), "--nomenclature", "builtin"
    )
    hla = "^".join(f"{locus}*{first}+{locus}*{second}" for locus, (first, second) in PATIENT.items())
    given = ("search", registry, "--hla", hla, "--policy", "cord", "--frequencies", "none")
    text = run(*given, "--patient-weight-kg", "50", "--as-of", str(datetime.date(2026, 1, 1)))
    assert "4 donors; 6/6" in text
    assert f"cord: {POLICIES['cord'].caveat}" in " ".join(text.split())
    assert "6 donors; 6/6" in run(*given)
