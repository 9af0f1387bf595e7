"""Each rule of the audit finds what it is for, and leaves what is right alone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from hla_match.auditing.audit import Audit, audit_registry
from hla_match.auditing.dates import date_findings
from hla_match.auditing.dr_groups import dr_findings
from hla_match.auditing.duplicates import duplicates, grid_findings
from hla_match.auditing.findings import SCHEMA, FindingKind
from hla_match.auditing.haplotypes import donor_levels, level_findings, linkage_findings
from hla_match.auditing.names import name_findings
from hla_match.auditing.reports import report_findings
from hla_match.auditing.resolution import resolution
from hla_match.auditing.settings import AuditSettings
from hla_match.auditing.tce_groups import tce_findings
from hla_match.donors.registry import Registry, build_registry
from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies, code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.imputation.panels import FallbackLevel
from hla_match.nomenclature.release import Nomenclature
from registry_io.formats.imgt_release import read_release
from tests.tiny_release import make_release

NOMENCLATURE = Nomenclature.builtin()
TODAY = datetime.date(2026, 2, 28)


def registry_of(*persons: Mapping[str, Any], nomenclature: Nomenclature = NOMENCLATURE) -> Registry:
    """A registry of persons given as typings by locus, ``first+second``, and attributes; D0, D1, ..."""
    rows = []
    for number, person in enumerate(persons):
        row: dict[str, Any] = {"person_id": f"D{number}"}
        for name, value in person.items():
            if name.isupper():
                first, _, second = value.partition("+")
                row |= {f"{name}_1": first, f"{name}_2": second or None}
            else:
                row[name] = value
        rows.append(row)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    registry, unreadable = build_registry(frame, nomenclature, name="some", provenance={})
    assert not unreadable
    return registry


def frequencies_of(registry: Registry, haplotypes: Mapping[str, float]) -> HaplotypeFrequencies:
    """Frequencies of haplotypes such as ``B*46:01~C*01:02``."""
    rows = [dict(allele.split("*") for allele in name.split("~")) for name in haplotypes]
    frame = pl.DataFrame(rows).with_columns(population=pl.lit(""), frequency=pl.Series(list(haplotypes.values())))
    return code_haplotypes(frame, registry.nomenclature, name="made up")


def found(findings: pl.DataFrame) -> list[tuple[str, str]]:
    assert dict(findings.schema) == SCHEMA
    return findings.select(pl.col("donor_id"), pl.col("kind").cast(pl.String)).sort("donor_id", "kind").rows()


def test_names_that_are_not_in_use(tmp_path):
    release = Nomenclature(read_release(make_release(tmp_path)))
    registry = registry_of({"A": "01:05N+24:02"}, {"A": "24:02"}, {"A": "02:01/24:02"}, nomenclature=release)
    hit = name_findings(registry)
    assert found(hit) == [("D0", "renamed_name")]
    assert hit["detail"].to_list() == ["A*01:05N was renamed A*24:02"]
    assert hit["reported"].to_list() == ["A 01:05N+24:02"]


def test_names_under_another_nomenclature(tmp_path):
    release = Nomenclature(read_release(make_release(tmp_path)))
    registry = registry_of({"A": "11:01+24:02"}, {"A": "24:03"}, {"A": "24:02"})
    assert found(name_findings(registry, release)) == [("D0", "unknown_name"), ("D1", "deleted_name")]
    assert name_findings(registry).is_empty()


@pytest.mark.parametrize(
    ("person", "is_hit"),
    [
        ({"DRB1": "04:01+15:01", "DRB4": "01:03", "DRB5": "01:01"}, False),
        ({"DRB1": "04:01+15:01", "DRB4": "01:03+NNNN", "DRB5": "01:01"}, False),
        ({"DRB1": "04:01+15:01", "DRB3": "02:02"}, True),
        ({"DRB1": "04:01+15:01", "DRB4": "01:03+01:01"}, True),
        ({"DRB1": "04:01+15:01", "DRB4": "NNNN"}, True),
        ({"DRB1": "04:01", "DRB4": "01:03"}, False),
        ({"DRB1": "01:01+08:03", "DRB3": "NNNN", "DRB4": "NNNN", "DRB5": "NNNN"}, False),
        ({"DRB1": "01:01+08:03", "DRB5": "01:01"}, True),
        ({"DRB1": "17+15", "DRB3": "52", "DRB5": "51"}, False),
        ({"DRB1": "17+15", "DRB4": "53"}, True),
        ({"DRB1": "04:XX/11:XX+15:01", "DRB3": "02:02"}, False),
        ({"DRB1": "NEW+15:01", "DRB3": "02:02"}, False),
        ({"DRB3": "02:02", "DRB4": "01:03"}, False),
    ],
)
def test_genes_beside_drb1(person: dict[str, str], is_hit: bool):
    registry = registry_of(person, {"DRB1": "07:01+09:01", "DRB4": "01:03"})
    assert found(dr_findings(registry)) == ([("D0", "dr_linkage")] if is_hit else [])


HAPLOTYPES = {"B*46:01~C*01:02": 0.5, "B*40:01~C*07:02": 0.3, "B*15:02~C*08:01": 0.2}


@pytest.mark.parametrize(
    ("b", "c", "is_hit"),
    [
        ("46:01+40:01", "01:02+07:02", False),
        ("46:01+40:01", "07:02+01:02", False),
        ("46:01+40:01", "01:02", True),
        ("46:01", "01:02", False),
        ("46:01+15:02", "01:02+07:02", True),
        ("46:01/15:02+40:01", "08:01+07:02", False),
        ("62+46", "01:02+08:01", False),
        ("46:01+07:02", "01:02+08:01", False),  # of B*07:02 no haplotype is known
        ("46:01+07:02", "07:02+08:01", True),  # B*46:01 is on neither
        ("46:01+NEW", "07:02+08:01", True),
        ("46:01+NEW", "01:02+08:01", False),
    ],
)
def test_linkage_of_b_and_c(b: str, c: str, is_hit: bool):
    registry = registry_of({"B": b, "C": c}, {"B": "46:01"}, {"C": "01:02"})
    hit = linkage_findings(registry, frequencies_of(registry, HAPLOTYPES), FindingKind.B_C_LINKAGE)
    assert found(hit) == ([("D0", "b_c_linkage")] if is_hit else [])


def test_linkage_of_loci_that_the_frequencies_lack():
    registry = registry_of({"DRB1": "04:05", "DQB1": "02:01"})
    frequencies = frequencies_of(registry, HAPLOTYPES)
    assert linkage_findings(registry, frequencies, FindingKind.DRB1_DQB1_LINKAGE).is_empty()


def test_levels_of_imputation():
    registry = registry_of(
        {"B": "46:01+40:01", "C": "01:02+07:02"},
        {"B": "46:01", "C": "07:02"},
        {"B": "07:02", "C": "01:02"},
        {"B": "07:02/08:01", "C": "01:02"},
        {"B": "46:01", "C": "01:02", "A": "02:01/02:06"},  # A is not among the frequencies' loci
    )
    frequencies = frequencies_of(registry, HAPLOTYPES)
    levels = donor_levels(ImputedRegistry.of(registry, frequencies), frequencies, registry.n_donors)
    by_donor = dict(zip(registry.attributes["donor_id"].to_list(), levels.tolist(), strict=True))
    assert by_donor["D0"] == by_donor["D4"] == FallbackLevel.REGISTRY
    assert by_donor["D1"] == FallbackLevel.LOCI
    assert by_donor["D2"] == FallbackLevel.CERTAIN
    assert by_donor["D3"] == FallbackLevel.MISSING
    hit = level_findings(registry, levels)
    assert dict(hit.select("donor_id", "detail").rows()) == {"D1": "loci", "D2": "certain", "D3": "missing"}


@pytest.mark.parametrize(
    ("dpb1", "groups"),
    [
        ("04:01+05:01", None),
        ("04:01/09:01+05:01", "1 or 3"),
        ("09:01+04:01/03:01", None),  # the lowest is 1 in any case
        ("03:01/09:01/04:01+04:01", "1 or 2 or 3"),
        ("NEW+04:01/09:01", None),
    ],
)
def test_groups_of_ambiguous_dpb1(dpb1: str, groups: str | None):
    hit = tce_findings(registry_of({"DPB1": dpb1}, {"DPB1": "02:01"}))
    assert hit["detail"].to_list() == ([groups] if groups else [])
    assert found(hit) == ([("D0", "mixed_tce")] if groups else [])


def date(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("born", "registered", "contacted", "status", "kinds"),
    [
        ("1990-05-01", "2010-01-01", "2020-01-01", "AV", []),
        ("1990-05-01", "2008-05-01", None, "AV", []),
        ("1990-05-01", "2008-04-30", None, "AV", ["age_at_registration"]),
        ("1960-05-01", "2006-04-30", None, "AV", []),
        ("1960-05-01", "2006-05-01", None, "AV", ["age_at_registration"]),
        ("1955-03-01", "1990-01-01", None, "AV", []),
        ("1955-02-28", "1990-01-01", None, "AV", ["age_today"]),
        ("1955-02-28", "1990-01-01", None, "DE", []),
        (None, "1990-01-01", None, "AV", []),
        ("1990-05-01", None, None, None, []),
        ("1990-05-01", "1990-04-30", None, "AV", ["dates_out_of_order"]),
        ("1990-05-01", "2026-03-01", None, "AV", ["dates_out_of_order"]),
        ("1990-05-01", "2010-01-01", "2009-12-31", "AV", ["dates_out_of_order"]),
        ("1990-05-01", "2010-01-01", "2026-03-01", "AV", ["dates_out_of_order"]),
    ],
)
def test_dates(born: str | None, registered: str | None, contacted: str | None, status: str | None, kinds: list[str]):
    days = {"birth_date": date(born), "registered_on": date(registered), "last_contact_on": date(contacted)}
    right = {
        "birth_date": date("1990-05-01"),
        "registered_on": date("2010-01-01"),
        "last_contact_on": date("2011-01-01"),
    }
    registry = registry_of({"A": "02:01", "status": status, **days}, {"A": "02:01", "status": "AV", **right})
    assert found(date_findings(registry, TODAY)) == [("D0", kind) for kind in kinds]


@pytest.mark.parametrize(
    ("donated", "detail"),
    [
        ("2010-01-01", None),
        ("2009-12-31", "donated before registration"),
        ("2026-03-01", "donated in the future"),
        (None, None),
    ],
)
def test_dates_of_donation(donated: str | None, detail: str | None):
    days = {"birth_date": date("1990-05-01"), "registered_on": date("2010-01-01"), "donated_on": date(donated)}
    registry = registry_of({"A": "02:01", **days}, {"A": "02:01", **days, "donated_on": date("2011-01-01")})
    assert date_findings(registry, TODAY)["detail"].to_list() == ([detail] if detail else [])


@pytest.mark.parametrize(
    ("days", "details"),
    [
        ({"birth_date": "2026-03-01"}, ["born in the future"]),
        ({"birth_date": "2026-02-28"}, []),
        ({"donated_on": "1990-04-30"}, ["donated before birth"]),
        ({"last_contact_on": "1990-04-30"}, ["last contact before birth"]),
        ({"donated_on": "1990-05-01", "last_contact_on": "1990-05-01"}, []),
        ({"donated_on": "1990-04-30", "registered_on": "2010-01-01"}, ["donated before registration"]),
        ({"donated_on": "1990-04-30", "birth_date": None}, []),
    ],
)
def test_dates_that_are_before_or_behind_any_birth(days: dict[str, str | None], details: list[str]):
    donor = {"birth_date": date("1990-05-01"), **{name: date(day) for name, day in days.items()}}
    right = dict.fromkeys(("registered_on", "last_contact_on", "donated_on"), date("2011-01-01"))
    registry = registry_of({"A": "02:01", **donor}, {"A": "02:01", "birth_date": date("1990-05-01"), **right})
    hit = date_findings(registry, date("2026-02-28"), ages=(0, 99), registration_ages=(0, 99))
    assert hit["detail"].to_list() == details


def test_ages_are_asked_for_by_the_settings():
    registry = registry_of({"A": "02:01", "birth_date": date("1990-05-01"), "registered_on": date("2006-06-01")})
    assert found(date_findings(registry, TODAY)) == [("D0", "age_at_registration")]
    assert date_findings(registry, TODAY, registration_ages=(16, 60)).is_empty()
    assert found(date_findings(registry, TODAY, registration_ages=(16, 60), ages=(18, 34))) == [("D0", "age_today")]


SAME = {"sex": "F", "birth_date": date("1990-05-01")}
RARE = {"A": "33:03+30:01", "B": "58:01+13:02", "C": "03:02+06:02", "DRB1": "03:01+07:01"}


def test_duplicates_of_one_person():
    common = {"A": "02:01+11:01", "B": "46:01", "C": "01:02", "DRB1": "09:01"}
    registry = registry_of(
        {**RARE, **SAME},
        {"A": "33+30", "B": "58+13:XX", "C": "", "DRB1": "3+7", **SAME},
        {**RARE, **SAME, "sex": "M"},
        {**RARE, **SAME, "birth_date": None},
        {**RARE, **SAME, "DRB1": "03:01+15:01"},
        {**common, **SAME},
        {**common, **SAME},
    )
    haplotypes = {
        "A*02:01~B*46:01~C*01:02~DRB1*09:01": 0.6, "A*11:01~B*46:01~C*01:02~DRB1*09:01": 0.398,
        "A*33:03~B*58:01~C*03:02~DRB1*03:01": 0.001, "A*30:01~B*13:02~C*06:02~DRB1*07:01": 0.001,
    }  # fmt: skip
    frequencies = frequencies_of(registry, haplotypes)
    same = duplicates(registry, ImputedRegistry.of(registry, frequencies).panels)
    assert same.findings.select("donor_id", "other_donor_id").rows() in ([("D0", "D1")], [("D1", "D0")])
    # One person in 500,000 has the genotype of the two, and four others have their sex and birth date.
    assert same.findings["probability"].to_list() == pytest.approx([1 - (1 - 2e-6) ** 4])
    assert same.n_by_chance == 0
    every = duplicates(registry, None)
    assert every.findings.height == 2
    assert every.findings["probability"].to_list() == [None, None]
    assert every.n_by_chance is None


def test_a_donor_of_unknown_sex_can_be_anybody_of_the_birth_date():
    registry = registry_of(
        {**RARE, **SAME},
        {**RARE, **SAME, "sex": None},
        {**RARE, **SAME, "sex": "M"},
        {**RARE, **SAME, "sex": None, "birth_date": date("1990-05-02")},
    )
    found_pairs = set(duplicates(registry, None).findings.select("donor_id", "other_donor_id").iter_rows())
    assert found_pairs == {("D0", "D1"), ("D1", "D2")}
    without = registry_of(*[{**RARE, "birth_date": date("1990-05-01")}] * 2, {**RARE, "birth_date": None})
    same = duplicates(without, None)
    assert same.findings.select("donor_id", "other_donor_id").rows() == [("D0", "D1")]
    panels = ImputedRegistry.of(without, frequencies_of(without, {"A*33:03~B*58:01~C*03:02~DRB1*03:01": 1.0})).panels
    assert duplicates(without, panels).n_by_chance == 0


def test_a_birth_date_that_stands_for_an_unknown_one(monkeypatch):
    monkeypatch.setattr("hla_match.auditing.duplicates.MOST_ALIKE", 2)
    registry = registry_of(*[{**RARE, **SAME}] * 3, *[{**RARE, **SAME, "sex": "M"}] * 2)
    same = duplicates(registry, None)
    assert same.findings.height == 1
    assert same.n_passed_over == 3
    # With one whose sex is unknown three more are too many.
    other = duplicates(registry_of(*[{**RARE, **SAME}] * 2, {**RARE, **SAME, "sex": None}), None)
    assert (other.findings.height, other.n_passed_over) == (1, 1)


def test_one_grid_of_several_donors():
    grids = ["G1", "G2", "G1", None, None]
    registry = registry_of(*({"A": "02:01", "grid": grid} for grid in grids))
    assert found(grid_findings(registry)) == [("D0", "same_grid"), ("D2", "same_grid")]


def test_resolution_by_donor_and_year():
    high = {"A": "02:01+24:02", "B": "46:01", "C": "01:02", "DRB1": "09:01", "DQB1": "03:03"}
    registry = registry_of(
        {**high, "registered_on": date("2020-06-01")},
        {"A": "2+24", "B": "46:01/13:01", "registered_on": date("1999-01-01")},
        {"A": "02:01+24:02"},
    )
    found = resolution(registry)
    by_donor = found.by_donor(registry).sort("donor_id")
    assert by_donor["A_level"].to_list() == ["high", "low", "high"]
    assert by_donor["B_level"].to_list() == ["high", "intermediate", "untyped"]
    assert by_donor["score"][0] == 1
    assert by_donor["score"][1:].is_between(0, 0.5).all()
    by_year = found.by_year(registry)
    assert by_year.drop("score").rows() == [(None, 1, 4, 0, 0, 1), (1999, 1, 3, 1, 1, 0), (2020, 1, 0, 0, 0, 5)]
    frequencies = frequencies_of(registry, {"B*46:01~C*01:02": 0.9, "B*13:01~C*03:04": 0.1})
    weighed = resolution(registry, frequencies)
    assert weighed.weighed_by == "made up"
    assert weighed.score[np.flatnonzero(registry.attributes["donor_id"] == "D1")] > found.score.min()


def audited(registry: Registry, frequencies: HaplotypeFrequencies | None = None) -> Audit:
    imputed = ImputedRegistry.of(registry, frequencies) if frequencies is not None else None
    return audit_registry(registry, AuditSettings(as_of=TODAY), frequencies=frequencies, imputed=imputed)


def test_an_audit_counts_every_kind_and_says_what_it_could_not_look_at():
    registry = registry_of({"B": "46:01", "C": "07:02"}, {"B": "46:01", "C": "01:02"})
    without = audited(registry)
    assert without.findings.is_empty()
    assert without.counts()["kind"].to_list() == [kind.value for kind in FindingKind]
    assert without.counts()["findings"].sum() == 0
    missing = {kind for kind, _ in without.not_checked}
    assert {FindingKind.B_C_LINKAGE, FindingKind.UNEXPLAINED, FindingKind.SAME_PERSON} < missing
    full = audited(registry, frequencies_of(registry, HAPLOTYPES))
    assert found(full.findings) == [("D0", "b_c_linkage"), ("D0", "unexplained")]
    assert full.levels == {"registry": 1, "loci": 1}
    missing = {kind for kind, _ in full.not_checked}
    assert FindingKind.B_C_LINKAGE not in missing
    assert FindingKind.DRB1_DQB1_LINKAGE in missing


def test_antigens_that_serology_tells_apart_are_of_two_persons():
    others = {"A": "33+30", "DRB1": "3+7", "C": "03:02+06:02", **SAME}
    registry = registry_of({**others, "B": "60+58"}, {**others, "B": "61+58"}, {**others, "B": "40+58"})
    same = duplicates(registry, None).findings
    assert {frozenset(pair) for pair in same.select("donor_id", "other_donor_id").rows()} == {
        frozenset({"D0", "D2"}),
        frozenset({"D1", "D2"}),
    }


def reports(*rows: tuple[str, Mapping[str, str]]) -> pl.DataFrame:
    """Earlier reports of donors, each given as typings by locus."""
    texts = [
        {"person_id": name}
        | {f"{locus}_{side}": text for locus, both in typed.items() for side, text in enumerate(both.split("+"), 1)}
        for name, typed in rows
    ]
    return pl.DataFrame(texts, infer_schema_length=None)


def test_earlier_reports_that_exclude_the_one_that_holds():
    registry = registry_of({"A": "02:01+24:02", "B": "46:01"}, {"A": "02:01+24:02"}, {"A": "11:01"}, {"A": "2+24"})
    hit = report_findings(
        registry,
        reports(
            ("D0", {"A": "2+11", "B": "46"}),
            ("D0", {"A": "2+11"}),
            ("D1", {"A": "2+24"}),
            ("D2", {"A": "11:01/11:02+33:03"}),
            ("D3", {"A": "2+11"}),
            ("D9", {"A": "33:03"}),
            ("D1", {"A": "99:99"}),
        ),
    )
    assert found(hit) == [("D0", "dna_against_serology"), ("D2", "conflicting_reports"), ("D3", "conflicting_reports")]
    first = hit.filter(pl.col("donor_id") == "D0")
    assert first.select("locus", "reported", "detail").rows() == [("A", "A 02:01+24:02", "earlier A 2+11")]
    assert report_findings(registry, reports(("D9", {"A": "02:01"}))).is_empty()


def test_samples_that_were_swapped():
    first = {"A": "02:01+24:02", "B": "46:01+13:01", "DRB1": "09:01+15:01"}
    second = {"A": "11:01+33:03", "B": "58:01+40:01", "DRB1": "03:01+12:01"}
    third = {"A": "11:01+33:03", "B": "58:01+40:01"}
    registry = registry_of(second, first, first, third)
    low = {"A": "2+24", "B": "46+13", "DRB1": "9+15"}
    hit = report_findings(
        registry, reports(("D0", low), ("D1", second), ("D2", first), ("D3", {"A": "2+24", "B": "46+13"}))
    )
    swaps = hit.filter(pl.col("kind") == "swapped_samples")
    assert swaps.select("donor_id", "other_donor_id").rows() == [("D0", "D1")]


def test_a_locus_with_earlier_reports_of_two_kinds_has_a_finding_of_each():
    registry = registry_of({"A": "01:01"})
    hit = report_findings(registry, reports(*[("D0", {"A": text}) for text in ("2+3", "11:01", "2+9", "24:02")]))
    assert hit.select("kind", "detail").rows() == [
        ("conflicting_reports", "earlier A 11:01"), ("dna_against_serology", "earlier A 2+3"),
    ]  # fmt: skip


def test_a_swap_that_was_put_right_is_none(monkeypatch):
    first = {"A": "02:01+24:02", "B": "46:01+13:01", "DRB1": "09:01+15:01"}
    second = {"A": "11:01+33:03", "B": "58:01+40:01", "DRB1": "03:01+12:01"}
    registry = registry_of(first, second)
    was_right = [("D0", first), ("D1", second)]
    swapped = [("D0", second), ("D1", first)]

    def swaps(*earlier: tuple[str, Mapping[str, str]]) -> list[tuple[str, str]]:
        hit = report_findings(registry, reports(*earlier)).filter(pl.col("kind") == "swapped_samples")
        return hit.select("donor_id", "other_donor_id").rows()

    assert swaps(*was_right, *swapped) == []
    # The typings that hold are reported again where something else of the donor changes.
    assert swaps(*swapped, *was_right) == [("D0", "D1")]
    # Of one locus alone nobody knows whose it was.
    assert swaps(("D0", {"A": "2+24"}), ("D1", {"A": "11+33"}), *swapped) == [("D0", "D1")]
    monkeypatch.setattr("hla_match.auditing.reports._PAIRS", 1)
    assert swaps(*swapped, *was_right) == [("D0", "D1")]
