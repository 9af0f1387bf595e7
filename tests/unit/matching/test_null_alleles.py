"""Null alleles and absent genes, from typings as they are reported to counts, directions and grades."""

from pathlib import Path

import polars as pl
import pytest

from hla_match.cli.commands import group
from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from tests.locus_mismatches import wmda_locus_mismatches
from tests.oracle import matching as oracle

NOMENCLATURE = Nomenclature.builtin()
ALLELES = {"N": "24:09N", "A": "01:01", "B": "02:01", "C": "03:01", "D": "11:01"}
STRICT = {("NA", "NB"): (2, 2, 2), ("NN", "NA"): (0, 2, 2), ("NA", "NN"): (2, 0, 2), ("NN", "NN"): (0, 0, 2)}
"""The patterns in which the strict rule differs from the consensus."""


def compared(locus: str, patient: tuple[str, str], donor: tuple[str, str], **criteria: object) -> dict[str, object]:
    """The row of one donor for one patient, both typed at a locus alone."""
    donors = pl.DataFrame(
        {"person_id": ["D1"], f"{locus}_1": donor[:1], f"{locus}_2": donor[1:]}, schema_overrides={f"{locus}_2": str}
    )
    registry, unreadable = build_registry(donors, NOMENCLATURE, name="one", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    wanted = SearchCriteria(scope=locus, max_mismatches=2, **criteria)
    (row,) = Matcher(registry).search(Patient(typings={locus: patient}), wanted).to_polars().to_dicts()
    return row


def numbers(row: dict[str, object]) -> tuple[object, ...]:
    """Mismatches in GvH and HvG direction and of the locus, each the least and the greatest."""
    names = ("gvh", "gvh_worst", "hvg", "hvg_worst", "matches_best", "matches_worst")
    gvh, gvh_worst, hvg, hvg_worst, best, worst = (row[name] for name in names)
    return gvh, gvh_worst, hvg, hvg_worst, 2 - best, 2 - worst


@pytest.mark.parametrize(("patient", "donor", "gvh", "hvg", "most"), wmda_locus_mismatches())
@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
def test_wmda_locus_mismatch_table(patient: str, donor: str, gvh: int, hvg: int, most: int, null_rule: str) -> None:
    pair = [tuple(ALLELES[letter] for letter in genotype) for genotype in (patient, donor)]
    if null_rule == "strict":
        gvh, hvg, most = STRICT.get((patient, donor), (gvh, hvg, most))
    row = compared("A", *pair, null_rule=null_rule)
    assert numbers(row) == (gvh, gvh, hvg, hvg, most, most)


@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
def test_wmda_locus_mismatch_table_by_the_command(tmp_path: Path, null_rule: str) -> None:
    rows = [f"D{donor},{donor[0]},{donor[1]}" for donor in sorted({row[1] for row in wmda_locus_mismatches()})]
    write_persons(tmp_path / "donors.csv", "donor_id", rows)
    rows = [f"P{patient},{patient[0]},{patient[1]}" for patient in sorted({row[0] for row in wmda_locus_mismatches()})]
    write_persons(tmp_path / "patients.csv", "patient_id", rows)
    run("registry", "import", tmp_path / "r", tmp_path / "donors.csv", "--nomenclature", "builtin")
    options = ("--scope", "A", "--max-mismatches", 2, "--null-rule", null_rule)
    run("batch", tmp_path / "r", tmp_path / "patients.csv", "--overwrite", "--out", tmp_path / "found.csv", *options)
    found = {
        (patient[1:], donor[1:]): tuple(counts)
        for patient, donor, *counts in pl.read_csv(tmp_path / "found.csv")
        .select("patient_id", "donor_id", "gvh", "gvh_worst", "hvg", "hvg_worst", "matches_best", "matches_worst")
        .iter_rows()
    }
    for patient, donor, *counts in wmda_locus_mismatches():
        gvh, hvg, most = STRICT.get((patient, donor), counts) if null_rule == "strict" else counts
        assert found[patient, donor] == (gvh, gvh, hvg, hvg, 2 - most, 2 - most)
    assert f'"null_rule": "{null_rule}"' in (tmp_path / "found.csv.manifest.json").read_text(encoding="utf-8")


def write_persons(path: Path, identifier: str, rows: list[str]) -> None:
    """Write persons of letters as alleles of A."""
    lines = [f"{identifier},A_1,A_2"]
    for row in rows:
        name, first, second = row.split(",")
        lines.append(f"{name},{ALLELES[first]},{ALLELES[second]}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def run(*arguments: object) -> None:
    group([str(one) for one in arguments], standalone_mode=False)


ABSENT, ONE, TWO = ("NNNN", "NNNN"), ("01:03", "NNNN"), ("01:03", "02:02")
"""A gene on no chromosome, on one, and two of its alleles, by DRB3."""

DRB3 = {"NN": ("NNNN", "NNNN"), "AN": ("01:01", "NNNN"), "NB": ("00:00", "02:02"), "AB": ("01:01", "02:02")}


@pytest.mark.parametrize("donor", DRB3)
@pytest.mark.parametrize("patient", DRB3)
@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
def test_an_absent_gene_counts_as_a_null_allele(patient: str, donor: str, null_rule: str) -> None:
    row = compared("DRB3", DRB3[patient], DRB3[donor], null_rule=null_rule)
    genotypes = [tuple({"N": oracle.NULL}.get(letter, letter) for letter in genotype) for genotype in (patient, donor)]
    gvh, hvg = oracle.gvh(*genotypes), oracle.hvg(*genotypes)
    most = 2 - oracle.match_count(*genotypes)
    assert numbers(row) == (gvh, gvh, hvg, hvg, most, most)


@pytest.mark.parametrize(
    ("locus", "patient", "donor", "expected"),
    [
        pytest.param("DRB4", ("NNNN", ""), ("NNNN", ""), ("AA", 0, 0, 0, 0, 0, 0), id="absent on both sides"),
        pytest.param(
            "DRB4", ("NNNN", ""), ("03:01N", "03:01N"), ("AA", 0, 0, 0, 0, 0, 0), id="absent and null alleles"
        ),
        # Of the gene that is reported once nobody knows whether the other chromosome has it.
        pytest.param("DRB4", ("01:03", ""), ("NNNN", ""), ("MP", 1, 2, 0, 0, 1, 2), id="the donor lacks it"),
        pytest.param("DRB4", ("NNNN", ""), ("01:03", ""), ("MP", 0, 0, 1, 2, 1, 2), id="the patient lacks it"),
        pytest.param("DRB4", ("01:03", ""), ("01:03", ""), ("AA", 0, 0, 0, 0, 0, 0), id="both have it"),
        pytest.param("DRB3", ("01:01", "02:02"), ("NNNN", ""), ("MM", 2, 2, 0, 0, 2, 2), id="present against absent"),
        pytest.param(
            "A", ("24:09N", "24:09N"), ("24:09N", "01:04N"), ("AA", 0, 0, 0, 0, 0, 0), id="null alleles alone"
        ),
        pytest.param("A", ("24:09N", "01:01"), ("01:04N", "02:01"), ("AM", 1, 1, 1, 1, 1, 1), id="nulls match"),
    ],
)
def test_counts_directions_and_grades(locus, patient, donor, expected) -> None:
    row = compared(locus, patient, donor)
    assert (row[f"{locus}_grade"], *numbers(row)) == expected


def test_an_absent_gene_is_not_an_untyped_one() -> None:
    row = compared("DRB4", ("NNNN", ""), ("", ""))
    assert (row["DRB4_grade"], *numbers(row)) == ("PP", 0, 2, 0, 2, 0, 2)


DRB4 = {
    "absent": ("NNNN", "NNNN"),
    "on one chromosome": ("01:03", "NNNN"),
    "once reported": ("01:03", ""),
    "another": ("01:05", "NNNN"),
    "two": ("01:03", "01:05"),
    "null alleles": ("03:01N", "NNNN"),
    "a list": ("01:05/01:03", "NNNN"),
    "not typed": ("", ""),
}
WITHOUT_DRB4 = {("02:01",): 0.5, ("11:01",): 0.5}
WITH_DRB4 = {
    ("02:01", "01:03"): 0.4, ("11:01", "01:05"): 0.2, ("02:01", "NNNN"): 0.2, ("11:01", "NNNN"): 0.1,
    ("11:01", "01:03"): 0.1,
}  # fmt: skip


@pytest.mark.parametrize("frequencies", [WITHOUT_DRB4, WITH_DRB4], ids=["no frequencies of the gene", "frequencies"])
@pytest.mark.parametrize("null_rule", ["consensus", "strict"])
def test_probabilities_and_counts_agree_on_an_absent_gene(frequencies, null_rule: str) -> None:
    donors = pl.DataFrame(
        [(name, "02:01", "11:01", first or None, second or None) for name, (first, second) in DRB4.items()],
        schema=["person_id", "A_1", "A_2", "DRB4_1", "DRB4_2"],
        orient="row",
    )
    registry, unreadable = build_registry(donors, NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    rows = [(*alleles, "", frequency) for alleles, frequency in frequencies.items()]
    loci = ["A", "DRB4"][: len(rows[0]) - 2]
    table = pl.DataFrame(rows, schema=[*loci, "population", "frequency"], orient="row")
    matcher = Matcher(registry, ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="few")))
    criteria = SearchCriteria(scope="A,DRB4", max_mismatches=4, null_rule=null_rule)
    n_given = 0
    for typing in DRB4.values():
        typings = {"A": ("02:01", "11:01"), **({"DRB4": typing} if typing[0] else {})}
        for row in matcher.search(Patient(typings=typings), criteria).to_polars().to_dicts():
            least, most = 4 - row["matches_best"], 4 - row["matches_worst"]
            given = [row[f"p{count}"] for count in range(5)]
            if least == most:
                assert given == [float(count == least) for count in range(5)]
            if None not in given:
                n_given += 1
                assert sum(given[least : most + 1]) == pytest.approx(1.0)
    assert n_given >= 36
