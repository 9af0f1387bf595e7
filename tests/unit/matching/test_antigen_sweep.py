"""Antigens against common alleles, against each other and against families: grades and counts against the oracle.

Every pair is a donor and a patient who are homozygous at one locus. Which alleles are common is said by CIWD 3.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from hla_match.donors.registry import build_registry
from hla_match.kernels.codes import BEST, WORST
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from tests.oracle import serology as oracle

LOCI = tuple(oracle.PREFIX)


@pytest.fixture(scope="module")
def release(release_358: Nomenclature) -> Nomenclature:
    return release_358


@pytest.fixture(scope="module")
def of_locus(shared_data: Path) -> Callable[[str], oracle.Serology]:
    return cache(lambda locus: oracle.Serology.of_release(shared_data / "imgt" / "3.58.0" / "wmda", locus))


@pytest.fixture(scope="module")
def common(shared_data: Path) -> dict[str, list[str]]:
    """By locus, the expressed two-field names that are common in all populations taken together."""
    found: dict[str, list[str]] = {}
    for line in (shared_data / "data" / "ciwd.3.0.0.csv").read_text("utf-8").splitlines()[1:]:
        allele, total, *_ = line.split(",")
        locus, name = allele.split("*")
        if total == "C" and name.count(":") == 1 and name[-1] not in "NP":
            found.setdefault(locus, []).append(name.rstrip("LSCAQ"))
    return found


def found_pairs(
    nomenclature: Nomenclature, locus: str, patients: list[str], donors: list[str]
) -> Iterator[tuple[str, str, str, int, int]]:
    """Patient, donor, grades, and best and worst count of every pair, all reported with one typing on both sides."""
    frame = pl.DataFrame({"person_id": donors, f"{locus}_1": donors, f"{locus}_2": donors})
    registry, unreadable = build_registry(frame, nomenclature, name="x", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    matcher = Matcher(registry)
    for patient in patients:
        found = matcher.search(
            Patient(typings={locus: (patient, patient)}), SearchCriteria(scope=locus, max_mismatches=2)
        )
        donor = found.to_polars().select("donor_id", f"{locus}_grade").rows()
        assert len(donor) == len(donors)
        counts = zip(found.total[BEST].tolist(), found.total[WORST].tolist(), strict=True)
        for (name, grades), (best, worst) in zip(donor, counts, strict=True):
            yield patient, name, grades, best, worst


def disagreements(
    nomenclature: Nomenclature,
    serology: oracle.Serology,
    patients: dict[str, oracle.Side],
    donors: dict[str, oracle.Side],
) -> list[str]:
    """The pairs of texts whose grades or counts are not the oracle's."""
    found = []
    for patient, donor, grades, best, worst in found_pairs(nomenclature, serology.locus, list(patients), list(donors)):
        wanted = oracle.grade(serology, patients[patient], donors[donor])
        if grades != 2 * wanted or (best, worst) != {"A": (2, 2), "P": (2, 0)}.get(wanted, (0, 0)):
            found.append(f"{serology.locus}: {patient} and {donor} are {grades}, {best}, {worst} and not {wanted}")
    return found


def reports(serology: oracle.Serology) -> dict[str, oracle.Side]:
    return {antigen: oracle.by_serology(serology, antigen) for antigen in serology.antigens()}


@pytest.mark.parametrize("locus", LOCI)
def test_every_antigen_against_every_common_allele(locus: str, release, of_locus, common) -> None:
    serology = of_locus(locus)
    alleles = {name: oracle.by_dna(serology, name) for name in common[locus]}
    assert len(alleles) >= 20
    assert not disagreements(release, serology, alleles, reports(serology))


@pytest.mark.parametrize("locus", LOCI)
def test_every_antigen_against_every_antigen(locus: str, release, of_locus) -> None:
    serology = of_locus(locus)
    assert not disagreements(release, serology, reports(serology), reports(serology))


@pytest.mark.parametrize("locus", LOCI)
def test_every_family_against_every_common_allele(locus: str, release, of_locus, common) -> None:
    serology = of_locus(locus)
    alleles = {name: oracle.by_dna(serology, name) for name in common[locus]}
    firsts = sorted({name.partition(":")[0] for name in serology.marks})
    families = {f"{first}:XX": oracle.by_family(serology, first) for first in firsts}
    assert not disagreements(release, serology, alleles, families)


@pytest.mark.parametrize("locus", LOCI)
def test_the_builtin_nomenclature_grades_antigens_against_common_alleles_alike(locus: str, of_locus, common) -> None:
    serology = of_locus(locus)
    alleles = {name: oracle.by_dna(serology, name) for name in common[locus]}
    # It knows one allele of B4005 only, so that this is certain.
    known = {"B: 40:05 and 4005 are AA, 2, 2 and not P"}
    assert set(disagreements(Nomenclature.builtin(), serology, alleles, reports(serology))) <= known
