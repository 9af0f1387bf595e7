"""DRB345 as a scope locus: notices, limits, probabilities beside other loci, and where it is none."""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.cli.commands import group
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.loci import OPTIONAL_GENES, SCOPE_LOCI, scope_loci, typed_loci
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.drb345 import JointGenes, with_drb345
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
DONORS = {
    "same": ("02:01", "11:01", "01:01", None, "01:03", None, None, None),
    "other": ("02:01", "11:01", "02:02", None, "01:03", None, None, None),
    "none": ("02:01", "11:01", "NNNN", None, "NNNN", None, "NNNN", None),
    "open": ("02:01", "11:01", None, None, "01:03", None, None, None),
    "coarse": ("02:XX", "11:01", "01:01", None, "01:03", None, None, None),
    "three": ("02:01", "11:01", "01:01", None, "01:03", None, "01:01", None),
    "untyped": ("02:01", "11:01", None, None, None, None, None, None),
}
COLUMNS = ["person_id", "A_1", "A_2", "DRB3_1", "DRB3_2", "DRB4_1", "DRB4_2", "DRB5_1", "DRB5_2"]
PATIENT = Patient(typings={"A": ("02:01", "11:01"), "DRB3": ("01:01", ""), "DRB4": ("01:03", "")})
CRITERIA = SearchCriteria(scope="A,DRB345", max_mismatches=4)


def registry_of(columns):
    rows = [(name, *typing) for name, typing in DONORS.items()]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").select(columns)
    built, unreadable = build_registry(frame, NOMENCLATURE, name="few", provenance={"imported_on": "2026-01-01"})
    assert not unreadable
    return built


@cache
def registry():
    return registry_of(COLUMNS)


@pytest.fixture(scope="module")
def predicting():
    table = pl.DataFrame(
        [("02:01", "", 0.5), ("11:01", "", 0.3), ("02:03", "", 0.2)],
        schema=["A", "population", "frequency"],
        orient="row",
    )
    return Matcher(registry(), ImputedRegistry.of(registry(), code_haplotypes(table, NOMENCLATURE, name="three")))


def rows_of(found):
    return {row["donor_id"]: row for row in found.to_polars().to_dicts()}


def test_donors_are_counted_at_both_positions():
    found = Matcher(registry()).search(PATIENT, CRITERIA)
    counted = {
        name: (row["DRB345_grade"], row["matches_best"], row["matches_worst"], row["gvh"], row["hvg"])
        for name, row in rows_of(found).items()
    }
    assert counted == {
        "same": ("AA", 4, 4, 0, 0),
        "other": ("LA", 3, 3, 1, 1),
        "none": ("MM", 2, 2, 2, 0),
        "open": ("PP", 4, 3, 0, 0),
        "coarse": ("AA", 4, 3, 0, 0),
        "three": ("PP", 4, 2, 0, 0),
        "untyped": ("PP", 4, 2, 0, 0),
    }


def test_the_single_genes_stand_beside_it_and_do_not_count():
    found = Matcher(registry()).search(PATIENT, CRITERIA)
    assert [result.locus for result in found.loci] == ["A", "DRB3", "DRB4", "DRB345"]
    summary = found.summary()
    assert [name for name in summary.columns if "DRB" in name] == ["(DRB3)", "(DRB4)", "DRB345"]
    assert summary["best"][0] == "4/4"
    assert found.registry is registry()
    assert "DRB345" not in registry().loci


def test_typings_that_exclude_each_other_are_said():
    found = Matcher(registry()).search(PATIENT, CRITERIA)
    excluding = "with typings of DRB3, DRB4 and DRB5 that exclude each other, counted as not typed"
    assert f"DRB345: 1 donor of the registry {excluding}" in found.notices
    three = PATIENT.model_copy(update={"typings": {**PATIENT.typings, "DRB5": ("01:01", "")}})
    found = Matcher(registry()).search(three, CRITERIA)
    assert f"DRB345: the patient has {excluding.removeprefix('with ')}" in found.notices
    assert {row["DRB345_grade"] for row in rows_of(found).values()} == {"PP"}


def test_a_patient_without_the_genes_and_a_registry_without_them_get_the_usual_notices():
    untyped = Patient(typings={"A": ("02:01", "11:01")})
    notices = Matcher(registry()).search(untyped, CRITERIA).notices
    assert "DRB345: the patient is not typed here, so that every donor is a potential match" in notices
    bare = registry_of(["person_id", "A_1", "A_2"])
    found = Matcher(bare).search(PATIENT, CRITERIA)
    assert "DRB345: no donor of the registry is typed here, so that every donor is a potential match" in found.notices
    assert with_drb345(bare).n_excluding == 0
    assert {row["grades"] for row in rows_of(found).values()} == {"AA PP", "PA PP"}
    with pytest.raises(CriteriaError, match="a locus typed in the registry"):
        Matcher(bare).search(PATIENT, SearchCriteria(scope="DRB345"))


def test_antigens_of_the_three_genes_are_numbered_one_after_another():
    genes = JointGenes(NOMENCLATURE)
    antigens = [(gene, name) for gene in OPTIONAL_GENES for name in NOMENCLATURE.index(gene).antigens.code]
    encoder = registry().encoder
    for gene, typed, name in (("DRB3", "01:01", "52"), ("DRB4", "01:03", "53"), ("DRB5", "01:01", "51")):
        for text, is_serology in ((typed, False), (f"DR{name}", True)):
            sides = genes.gene(gene, encoder(gene).with_nulls(text, "")).one
            assert {antigens[code] for side in sides for code in side.antigens} == {(gene, name)}
            reported = {antigens[code] for side in sides for code in side.serology}
            assert reported == ({(gene, name)} if is_serology else set())
            assert all(0 <= code < len(antigens) for side in sides for code in (*side.antigens, *side.serology))


def test_one_gene_of_the_registry_is_enough():
    found = rows_of(
        Matcher(registry_of(["person_id", "DRB4_1", "DRB4_2"])).search(PATIENT, SearchCriteria(scope="DRB345"))
    )
    assert (found["same"]["matches_best"], found["same"]["matches_worst"]) == (2, 1)
    # Without DRB4, DRB3 may be on both chromosomes, and DRB5 as well.
    assert (found["none"]["matches_best"], found["none"]["matches_worst"]) == (1, 0)


def test_probabilities_are_those_of_the_other_loci_where_the_typing_is_certain(predicting):
    found = rows_of(predicting.search(PATIENT, CRITERIA))
    alone = rows_of(predicting.search(PATIENT, SearchCriteria(scope="A", max_mismatches=2)))
    assert (found["same"]["p0"], found["other"]["p1"], found["none"]["p2"]) == (1.0, 1.0, 1.0)
    assert 0 < alone["coarse"]["p0"] < 1
    for count in range(3):
        assert found["coarse"][f"p{count}"] == pytest.approx(alone["coarse"][f"p{count}"])
    assert found["coarse"]["p_DRB345"] == 1.0
    for name in ("open", "three", "untyped"):
        assert found[name]["p0"] is None
        assert found[name]["p_missing"] == "no frequencies explain the donor at DRB345"
        assert found[name]["fallback"] == "missing"


def test_mismatches_are_added_to_those_of_the_other_loci(predicting):
    two_mismatches = {"DRB3": ("NNNN", ""), "DRB4": ("NNNN", ""), "DRB5": ("NNNN", "")}
    one_mismatch = {"DRB3": ("02:02", ""), "DRB4": ("01:03", "")}
    alone = predicting.predict(PATIENT, ["coarse"], scope="A")
    for typings, further in ((one_mismatch, 1), (two_mismatches, 2)):
        patient = Patient(typings={"A": ("02:01", "11:01"), **typings})
        found = predicting.predict(patient, ["coarse"], scope="A,DRB345")
        assert found.mismatches[0, further:] == pytest.approx(alone.mismatches[0, : 5 - further])
        assert not found.mismatches[0, :further].any()
        assert found.p_both[0].tolist() == pytest.approx([alone.p_both[0, 0], 0.0])
        assert found.p_one[0].tolist() == pytest.approx([alone.p_one[0, 0], float(further == 1)])
        expected = [0.0, 1.0] if further == 1 else [np.nan, np.nan]
        assert found.p_only_mismatch[0] == pytest.approx(np.array(expected), nan_ok=True)
        assert found.loci == ("A", "DRB345")


@pytest.mark.parametrize("scope", ["DRB345", "A,DRB345", "A,B,DRB345"])
def test_all_pairs_are_as_one_by_one(predicting, scope):
    patients = [
        PATIENT,
        Patient(typings={"A": ("02:XX", "11:01"), "DRB3": ("02:02", ""), "DRB4": ("01:03", "")}),
        Patient(typings={"A": ("02:XX", "")}),
        Patient(typings={"DRB3": ("NNNN", ""), "DRB4": ("NNNN", ""), "DRB5": ("NNNN", "")}),
    ]
    found = predicting.predict_pairs(patients, scope=scope)
    names = predicting.registry.attributes["donor_id"].to_list()
    for patient, of_patient in zip(patients, found, strict=True):
        alone = predicting.predict(patient, names, scope=scope).mismatches
        assert of_patient == pytest.approx(alone, nan_ok=True)


@pytest.mark.parametrize("limit", [1, 3, None])
def test_a_list_that_is_cut_is_the_head_of_the_whole(predicting, limit):
    ambiguous = PATIENT.model_copy(update={"typings": {**PATIENT.typings, "A": ("02:XX/11:01", "02:XX/11:01")}})
    for patient in (PATIENT, ambiguous):
        whole = predicting.search(patient, CRITERIA).donor
        found = predicting.search(patient, CRITERIA.model_copy(update={"limit": limit})).donor
        assert found.tolist() == whole[:limit].tolist()


def test_scopes_with_it():
    assert SCOPE_LOCI.index("DRB345") == SCOPE_LOCI.index("DRB5") + 1
    assert scope_loci("drb345,A,DQB1") == ("A", "DRB345", "DQB1")
    with pytest.raises(CriteriaError, match="DRB345 or DRB3, whose alleles it counts"):
        scope_loci("A,DRB3,DRB345")
    with pytest.raises(CriteriaError, match="DRB3, DRB4, DRB5 instead of DRB345"):
        typed_loci("A,DRB345")
    with pytest.raises(ValueError, match="typings: found 'DRB345'"):
        Patient(typings={"DRB345": ("01:01", "")})


def test_the_commands_take_it(tmp_path: Path, capsys) -> None:
    lines = [",".join(COLUMNS).replace("person_id", "donor_id")]
    lines += [",".join((name, *(text or "" for text in typing))) for name, typing in DONORS.items()]
    (tmp_path / "donors.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (tmp_path / "patients.csv").write_text(
        "patient_id,A_1,A_2,DRB3_1,DRB3_2,DRB4_1,DRB4_2\nP,02:01,11:01,01:01,,01:03,\n", "utf-8"
    )
    run("registry", "import", tmp_path / "r", tmp_path / "donors.csv", "--nomenclature", "builtin")
    options = ("--scope", "A,DRB345", "--max-mismatches", 1)
    hla = "A*02:01+A*11:01^DRB3*01:01+DRB4*01:03"
    capsys.readouterr()
    run("search", tmp_path / "r", "--hla", hla, *options, "--locus-limit", "DRB345=0")
    printed = capsys.readouterr().out
    assert "DRB345" in printed
    assert "same" in printed
    assert " other " not in printed
    run("batch", tmp_path / "r", tmp_path / "patients.csv", "--overwrite", "--out", tmp_path / "found.csv", *options)
    rows = pl.read_csv(tmp_path / "found.csv").select("donor_id", "matches_best", "DRB345_grade").rows()
    assert rows[0] == ("same", 4, "AA")
    assert ("other", 3, "LA") in rows


def run(*arguments: object) -> None:
    group([str(one) for one in arguments], standalone_mode=False)
