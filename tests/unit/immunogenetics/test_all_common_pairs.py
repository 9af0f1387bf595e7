"""Every pair of common alleles, beside an allele that both persons share and beside others, against the oracles."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics.donor_facts import DonorFacts
from hla_match.immunogenetics.kir_ligand_mismatch import MISSING_WORDS, missing_ligands
from hla_match.immunogenetics.tce import TCE_CLASSES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from tests.oracle import donor_facts as oracle
from tests.oracle import tce as tce_oracle
from tests.oracle.matching import Genotype

NOMENCLATURE = Nomenclature.builtin()

Others = tuple[Genotype, list[Genotype], DonorFacts, np.ndarray]
"""A patient, donors who share no allele, their facts, and their rows."""

STEPS = ((0, 0), (0, 3), (5, 0), (7, 3))
"""How far the second allele stands behind the first, of patients and of donors; 0 makes them homozygous."""


def common_alleles(shared_data: Path, locus: str) -> list[str]:
    """The expressed alleles that CIWD 3.0 calls common, one of each P group."""
    rows = csv.DictReader((shared_data / "data" / "ciwd.3.0.0.csv").read_text("utf-8").splitlines())
    names = [
        row["ALLELE"].partition("*")[2] for row in rows if row["ALLELE"].startswith(f"{locus}*") and row["TOTAL"] == "C"
    ]
    one_of_group: dict[tuple[int, ...], str] = {}
    for name in names:
        if name.count(":") == 1 and name[-1].isdigit():
            one_of_group.setdefault(NOMENCLATURE.expand(locus, name).p_codes, name)
    return list(one_of_group.values())


def facts_of_donors(locus: str, patients: list[Genotype], donors: list[Genotype]):
    """For each patient the facts of donors, and the row of each donor."""
    frame = pl.DataFrame(
        {
            "person_id": [f"D{n:04}" for n in range(len(donors))],
            f"{locus}_1": [first for first, _ in donors],
            f"{locus}_2": [second for _, second in donors],
        }
    )
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="pairs", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    comparisons = RegistryComparisons(registry)
    ids = registry.attributes["donor_id"].to_list()
    rows = np.array([ids.index(one) for one in frame["person_id"]], np.uint32)
    for genotype in patients:
        patient = Patient(typings={locus: genotype})
        yield DonorFacts(patient, {locus: comparisons.compare(locus, patient, SearchCriteria())}, "drop"), rows


def facts_of_pairs(locus: str, names: list[str], shared: str):
    """For each patient allele the facts of a donor of each allele, both beside the shared one."""
    beside = [(name, shared) for name in names]
    for name, (facts, rows) in zip(names, facts_of_donors(locus, beside, beside), strict=True):
        yield name, facts, rows


def facts_of_others(locus: str, names: list[str], steps: tuple[int, int]) -> Iterator[Others]:
    """For each patient the facts of donors of whom each allele of the patient stands against each of another.

    The second allele of a patient stands so many steps behind the first as `steps` says first, that of a donor as it
    says last. Every two of the alleles are compared, but for donors who share an allele with the patient.
    """
    patients, donors = ([(one, names[(n + step) % len(names)]) for n, one in enumerate(names)] for step in steps)
    for mine, (facts, rows) in zip(patients, facts_of_donors(locus, patients, donors), strict=True):
        is_other = [not {*mine} & {*theirs} for theirs in donors]
        yield mine, [one for one, kept in zip(donors, is_other, strict=True) if kept], facts, rows[is_other]


def values(locus: str, fact: str, names: list[str]) -> dict[str, str]:
    """The fact of each allele, as the tables of the nomenclature have it."""
    of_locus = NOMENCLATURE.index(locus).fact(fact)
    found = {}
    for name in names:
        (found[name],) = of_locus.of(NOMENCLATURE.expand(locus, name).alleles)
    return found


def typing(first: str, second: str):
    """A typing of two alleles, as oracles take it."""
    return [(frozenset({first}), frozenset({second}))]


def test_dpb1(shared_data: Path) -> None:
    names = common_alleles(shared_data, "DPB1")
    assert len(names) > 30
    index = NOMENCLATURE.index("DPB1")
    group = {name: index.tables.tce_group[index.prefix[name][0]] for name in names}
    level = values("DPB1", "expression", names)
    for shared in ("04:02", "05:01"):
        for mine, facts, rows in facts_of_pairs("DPB1", names, shared):
            classes = [TCE_CLASSES[code] for code in facts.tce(rows)]
            assert classes == [tce_oracle.tce_class((mine, shared), (theirs, shared), group) for theirs in names]
            pairs = [(typing(mine, shared), typing(theirs, shared)) for theirs in names]
            assert facts.expression(rows).to_list() == [oracle.expression(*pair, level, "consensus") for pair in pairs]


def test_leaders_of_hla_b(shared_data: Path) -> None:
    names = common_alleles(shared_data, "B")
    assert len(names) > 100
    leader = values("B", "leader", names)
    for shared in ("07:02", "15:01"):
        for mine, facts, rows in facts_of_pairs("B", names, shared):
            pairs = [(typing(mine, shared), typing(theirs, shared)) for theirs in names]
            assert facts.leader(rows).to_list() == [oracle.leader_code(*pair, leader, "consensus") for pair in pairs]


@pytest.mark.parametrize("locus", ["A", "B", "C"])
def test_kir_ligands(shared_data: Path, locus: str) -> None:
    names = common_alleles(shared_data, locus)
    value = {locus: values(locus, "kir_ligand", names), **{one: {} for one in "ABC" if one != locus}}
    untyped = {one: None for one in "ABC" if one != locus}
    shared = names[0]
    of_person = {name: oracle.person_ligands({**untyped, locus: typing(name, shared)}, value) for name in names}
    for mine, facts, rows in facts_of_pairs(locus, names, shared):
        donors, patient = facts.ligands(rows), facts.patient_ligands
        for found, has, lacks in (
            (missing_ligands(donors, patient), [of_person[one] for one in names], [of_person[mine]] * len(names)),
            (missing_ligands(patient, donors), [of_person[mine]] * len(names), [of_person[one] for one in names]),
        ):
            assert [MISSING_WORDS[code] for code in found] == list(map(oracle.missing, has, lacks))


@pytest.mark.parametrize("locus", ["A", "B", "C", "DRB1", "DQB1", "DPB1"])
def test_mismatches(shared_data: Path, locus: str) -> None:
    names = common_alleles(shared_data, locus)
    shared = names[0]
    for mine, facts, rows in facts_of_pairs(locus, names, shared):
        for theirs, told in zip(names, facts.mismatches(locus, rows).to_list(), strict=True):
            if mine == theirs:
                assert told == ()
                continue
            (one,) = told
            assert (one.patient, one.donor) == (mine, theirs)
            assert one.directions == oracle.directions((mine, shared), (theirs, shared), "consensus")
            is_alike = mine.partition(":")[0] == theirs.partition(":")[0]
            if locus == "DPB1":
                assert one.level == "antigen"
            else:
                assert one.level == "allele" or not is_alike


@pytest.mark.parametrize("steps", STEPS)
def test_dpb1_without_a_shared_allele(shared_data: Path, steps: tuple[int, int]) -> None:
    names = common_alleles(shared_data, "DPB1")
    index = NOMENCLATURE.index("DPB1")
    group = {name: index.tables.tce_group[index.prefix[name][0]] for name in names}
    level = values("DPB1", "expression", names)
    assert {*level.values()} >= {"high", "low"}
    compared = set()
    for mine, donors, facts, rows in facts_of_others("DPB1", names, steps):
        classes = [TCE_CLASSES[code] for code in facts.tce(rows)]
        assert classes == [tce_oracle.tce_class(mine, theirs, group) for theirs in donors]
        levels = [oracle.expression(typing(*mine), typing(*theirs), level, "consensus") for theirs in donors]
        assert facts.expression(rows).to_list() == levels == [None] * len(donors)
        compared |= {pair for theirs in donors for pair in product(mine, theirs)}
    assert compared == {(one, other) for one, other in product(names, names) if one != other}


@pytest.mark.parametrize("steps", STEPS)
def test_leaders_without_a_shared_allele(shared_data: Path, steps: tuple[int, int]) -> None:
    """Two mismatches have no code."""
    names = common_alleles(shared_data, "B")
    leader = values("B", "leader", names)
    for mine, donors, facts, rows in facts_of_others("B", names, steps):
        codes = [oracle.leader_code(typing(*mine), typing(*theirs), leader, "consensus") for theirs in donors]
        assert facts.leader(rows).to_list() == codes == [None] * len(donors)


@pytest.mark.parametrize("locus", ["A", "B", "C"])
@pytest.mark.parametrize("steps", STEPS)
def test_kir_ligands_without_a_shared_allele(shared_data: Path, locus: str, steps: tuple[int, int]) -> None:
    names = common_alleles(shared_data, locus)
    value = {locus: values(locus, "kir_ligand", names), **{one: {} for one in "ABC" if one != locus}}
    untyped = {one: None for one in "ABC" if one != locus}
    for mine, donors, facts, rows in facts_of_others(locus, names, steps):
        patient = oracle.person_ligands({**untyped, locus: typing(*mine)}, value)
        of_donors = [oracle.person_ligands({**untyped, locus: typing(*theirs)}, value) for theirs in donors]
        theirs, own = facts.ligands(rows), facts.patient_ligands
        gvh = [oracle.missing(one, patient) for one in of_donors]
        hvg = [oracle.missing(patient, one) for one in of_donors]
        assert [MISSING_WORDS[code] for code in missing_ligands(theirs, own)] == gvh
        assert [MISSING_WORDS[code] for code in missing_ligands(own, theirs)] == hvg


@pytest.mark.parametrize("locus", ["A", "B", "C", "DRB1", "DQB1", "DPB1"])
@pytest.mark.parametrize("steps", STEPS)
def test_mismatches_without_a_shared_allele(shared_data: Path, locus: str, steps: tuple[int, int]) -> None:
    names = common_alleles(shared_data, locus)
    written = {name: name for name in names}
    # At DPB1 neither the first field nor an antigen says what is alike.
    kinds = {name: (name.partition(":")[0], set(NOMENCLATURE.expand(locus, name).antigens)) for name in names}
    kinds = {} if locus == "DPB1" else kinds
    for mine, donors, facts, rows in facts_of_others(locus, names, steps):
        for theirs, told in zip(donors, facts.mismatches(locus, rows).to_list(), strict=True):
            expected = oracle.told(mine, theirs, "consensus", kinds, written)
            assert [(one.patient, one.donor, one.level) for one in told] == expected
            assert {one.directions for one in told} == {oracle.directions(mine, theirs, "consensus")}
            assert {one.homozygous for one in told} == {mine[0] == mine[1]}
