"""The columns of a list that tell facts beside the match."""

from __future__ import annotations

import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting import fact_columns
from hla_match.reporting.match_frame import match_frame
from hla_match.searches.matcher import Matcher

PATIENT = Patient(
    typings={
        "A": ("02:01", "24:02"),
        "B": ("07:02", "15:01"),
        "C": ("03:03", "07:02"),
        "DQB1": ("05:01", "03:01"),
        "DPB1": ("04:01", "09:01"),
    }
)
DONORS = pl.DataFrame(
    {
        "person_id": ["equal", "other", "untyped"],
        "A_1": ["02:01", "02:01", "02:01"],
        "A_2": ["24:02", "11:01", "24:02"],
        "B_1": ["07:02", "07:02", "7"],
        "B_2": ["15:01", "27:05", "15:XX"],
        "C_1": ["03:03", "03:04", None],
        "C_2": ["07:02", "07:02", None],
        "DQB1_1": ["05:01", "05:01", None],
        "DQB1_2": ["03:01", "06:01", None],
        "DPB1_1": ["04:01", "02:01", None],
        "DPB1_2": ["09:01", "09:01", None],
    }
)
COLUMNS = (
    "donor_id", "dpb1_tce", "b_leader", "dpb1_expression", "kir_missing_gvh", "kir_missing_hvg", "patient_dq_groups",
    "donor_dq_groups", "lel", "mismatches",
)  # fmt: skip


def matcher() -> Matcher:
    registry, unreadable = build_registry(
        DONORS, Nomenclature.builtin(), name="three", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return Matcher(registry)


def found(scope: str = "A,B,C", patient: Patient = PATIENT) -> dict[str, dict[str, object]]:
    frame = match_frame([matcher().search(patient, SearchCriteria(scope=scope, max_mismatches=4))])
    return {row["donor_id"]: row for row in frame.select(COLUMNS).iter_rows(named=True)}


def test_a_donor_with_the_same_alleles() -> None:
    assert found()["equal"] == {
        "donor_id": "equal",
        "dpb1_tce": "match",
        "b_leader": None,
        "dpb1_expression": None,
        "kir_missing_gvh": "none",
        "kir_missing_hvg": "none",
        "patient_dq_groups": "G1G2",
        "donor_dq_groups": "G1G2",
        "lel": "0-2",
        "mismatches": "",
    }


def test_a_donor_with_mismatches_in_and_out_of_scope() -> None:
    assert found()["other"] == {
        "donor_id": "other",
        "dpb1_tce": "permissive",
        "b_leader": "TTM",
        "dpb1_expression": "low",
        "kir_missing_gvh": "Bw4-80T",
        "kir_missing_hvg": "Bw4-80I",
        "patient_dq_groups": "G1G2",
        "donor_dq_groups": "G2G2",
        "lel": "2-4",
        "mismatches": "A*24:02/11:01 GvH+HvG antigen; B*15:01/27:05 GvH+HvG antigen; C*03:03/03:04 GvH+HvG allele; "
        "(DQB1*03:01/06:01 GvH+HvG antigen); (DPB1*04:01/02:01 GvH+HvG antigen)",
    }


def test_what_is_not_known_is_not_guessed() -> None:
    assert found()["untyped"] == {
        "donor_id": "untyped",
        "dpb1_tce": "unknown",
        "b_leader": None,
        "dpb1_expression": None,
        "kir_missing_gvh": "C2?, Bw4-80T?",
        "kir_missing_hvg": "C1?",
        "patient_dq_groups": "G1G2",
        "donor_dq_groups": None,
        "lel": "0-6",
        "mismatches": "",
    }


def test_a_patient_who_is_not_typed_there() -> None:
    # Nothing is compared at loci that the patient is not typed at.
    row = found(scope="A", patient=Patient(typings={"A": ("02:01", "24:02")}))["equal"]
    assert (row["dpb1_tce"], row["kir_missing_gvh"], row["lel"], row["patient_dq_groups"]) == (
        "unknown", "C1?, C2?, Bw4-80T?", "0-6", None,
    )  # fmt: skip


def test_drb345_is_one_place() -> None:
    donors = pl.DataFrame(
        {"person_id": ["D1"], "DRB3_1": ["02:02"], "DRB3_2": ["NNNN"], "DRB4_1": ["01:03"], "DRB4_2": ["NNNN"],
         "DRB5_1": ["NNNN"], "DRB5_2": ["NNNN"]}
    )  # fmt: skip
    made_from = {"imported_on": "2026-01-01"}
    registry, unreadable = build_registry(donors, Nomenclature.builtin(), name="one", provenance=made_from)
    assert not unreadable
    typings = {"DRB3": ("01:01", "NNNN"), "DRB4": ("01:03", "NNNN"), "DRB5": ("NNNN", "NNNN")}
    search = Matcher(registry).search(Patient(typings=typings), SearchCriteria(scope="DRB345", max_mismatches=2))
    (row,) = search.to_polars().select("lel", "mismatches").rows()
    assert row[0] == "1-5"
    assert row[1] == "DRB345: a mismatch GvH+HvG; (DRB3*01:01/02:02 GvH+HvG allele)"


def test_texts_of_many_donors_are_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    few = match_frame([matcher().search(PATIENT, SearchCriteria(scope="A,B,C", max_mismatches=4))])
    monkeypatch.setattr(fact_columns, "FEW_ROWS", 0)
    assert match_frame([matcher().search(PATIENT, SearchCriteria(scope="A,B,C", max_mismatches=4))]).equals(few)


def test_lists_of_several_patients_and_of_no_donor() -> None:
    searching = matcher()
    others = [PATIENT, Patient(typings={"A": ("68:01", "33:03"), "B": ("51:01", "52:01")})]
    lists = [searching.search(patient, SearchCriteria(scope="A,B", max_mismatches=1)) for patient in others]
    assert [len(one) for one in lists] == [2, 0]
    assert match_frame(lists)["dpb1_tce"].to_list() == ["match", "unknown"]
    assert match_frame(lists[1:]).select(COLUMNS).schema == match_frame(lists).select(COLUMNS).schema
