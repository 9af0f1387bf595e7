"""``impute``: probabilities of diplotypes and genotypes that can be computed by hand, and a status for every person."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hla_match.cli.main import group
from hla_match.errors import CriteriaError, FileError, LockedError
from hla_match.services import imputed_persons
from registry_io.disk.durable_files import listening
from registry_io.disk.joint_files import lock_files

DONORS = "donor_id,A_1,A_2\nD1,02:01,24:02\n"
FREQUENCIES = """haplotype,frequency
A*02:01~C*07:02~B*40:01,0.4
A*24:02~C*01:02~B*46:01,0.3
A*02:01~C*01:02~B*46:01,0.2
A*24:02~C*07:02~B*40:01,0.1
"""
PERSONS = """ID,A_1,A_2,B_1,B_2,DPB1_1,DPB1_2
P1,02:01,24:02,40:01,46:01,05:01,02:01
P2,99:01,24:02,,,,
P3,02:01,02:01,,,,
P4,,02:01,,,,
P5,11:01/11:02,24:02,40:01,46:01,,
P6,02:01,24:02,40:01,46:01,05:01,02:01
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("donors", DONORS), ("frequencies", FREQUENCIES), ("persons", PERSONS)):
        Path(f"{name}.csv").write_text(text, encoding="utf-8")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, arguments, env={"HLA_MATCH_HOME": str(tmp_path / "home")})

    assert call("registry", "import", "registry", "donors.csv").exit_code == 0
    return call


def imputed(run, *options: str) -> pl.DataFrame:
    done = run("impute", "registry", "persons.csv", "--frequencies", "frequencies.csv", "--out", "out.csv", *options)
    assert done.exit_code == 0, done
    return pl.read_csv("out.csv")


def test_diplotypes_and_genotypes_with_their_probabilities(run) -> None:
    rows = imputed(run).filter(pl.col("patient_id") == "P1")
    diplotypes = rows.filter(pl.col("kind") == "diplotype")
    assert diplotypes["loci"].to_list() == ["A~C~B", "A~C~B"]
    assert diplotypes["rank"].to_list() == [1, 2]
    # 2 * 0.4 * 0.3 against 2 * 0.2 * 0.1.
    assert diplotypes["probability"].to_list() == pytest.approx([6 / 7, 1 / 7])
    assert diplotypes["cumulative"].to_list() == pytest.approx([6 / 7, 1])
    (first, *_) = diplotypes.select("haplotype_1", "haplotype_2").rows()
    assert set(first) == {"A*02:01P~C*07:02P~B*40:01P", "A*24:02P~C*01:02P~B*46:01"}
    (genotype,) = rows.filter(pl.col("kind") == "genotype").select("genotype", "probability", "step", "cut").rows()
    assert genotype == ("A*02:01P+A*24:02P^B*40:01P+B*46:01^C*01:02P+C*07:02P", pytest.approx(1), "registry", 0)
    assert rows["missing"].null_count() == rows.height
    assert rows["frequency_set"].unique().to_list() == ["frequencies.csv"]
    assert rows.columns[0] == "patient_id"
    assert rows.columns[-1] == "nomenclature"


def test_ambiguous_persons_are_cut_at_the_limit_and_it_is_said(run) -> None:
    rows = imputed(run, "--limit", "1").filter(pl.col("patient_id") == "P3", pl.col("kind") == "diplotype")
    # A*02:01 twice: 0.4 and 0.2, so that 2 * 0.4 * 0.2 = 0.16 of 0.36 is behind 0.4 * 0.4 = 0.16.
    assert rows.height == 1
    assert rows["probability"].to_list() == pytest.approx([4 / 9])
    assert rows["cut"].to_list() == pytest.approx([5 / 9])
    whole = imputed(run).filter(pl.col("patient_id") == "P3")
    assert whole.group_by("kind").agg(pl.col("probability").sum())["probability"].to_list() == pytest.approx([1, 1])
    assert whole["cut"].unique().to_list() == [0]


def test_equal_weights_are_listed_though_a_list_is_cut_between_weights(run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = imputed(run, "--limit", "2").rows()
    monkeypatch.setattr(imputed_persons, "_LISTED", 1)
    assert imputed(run, "--limit", "2").rows() == whole
    rows = imputed(run, "--limit", "1").filter(pl.col("patient_id") == "P3", pl.col("kind") == "diplotype")
    assert rows["probability"].to_list() == pytest.approx([4 / 9])


def test_parts_are_ranked_by_themselves(run) -> None:
    rows = imputed(run, "--loci", "A,B,DPB1").filter(pl.col("patient_id") == "P1")
    assert rows.select("kind", "loci", "rank", "step").rows() == [
        ("diplotype", "A~C~B", 1, "registry"),
        ("diplotype", "A~C~B", 2, "registry"),
        ("diplotype", "DPB1", 1, "certain"),
        ("genotype", "A~B~DPB1", 1, "certain"),
    ]
    assert rows["genotype"][3] == "A*02:01P+A*24:02P^B*40:01P+B*46:01^DPB1*02:01P+DPB1*05:01P"
    # Persons of equal typings have equal rows.
    other = imputed(run, "--loci", "A,B,DPB1").filter(pl.col("patient_id") == "P6")
    assert other.drop("patient_id").equals(rows.drop("patient_id"))


def test_every_person_has_a_status(run) -> None:
    rows = imputed(run)
    assert rows["patient_id"].unique(maintain_order=True).to_list() == ["P1", "P3", "P5", "P6"]
    status = pl.read_csv("out.csv.status.csv")
    assert status["patient_id"].to_list() == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert status["row"].to_list() == [2, 3, 4, 5, 6, 7]
    assert status["status"].to_list() == ["ok", "error", "ok", "error", "ok", "ok"]
    reasons = status["reason"].fill_null("").to_list()
    assert reasons[1].startswith("A: unknown_allele: ")
    assert reasons[3].startswith("A_2: second_without_first: ")
    # No frequencies know A*11, and the typing leaves two of them: the block cannot be explained, B and C alone can.
    assert reasons[4] == "no frequencies explain the person at A"
    fifth = rows.filter(pl.col("patient_id") == "P5", pl.col("kind") == "genotype")
    assert fifth.select("loci", "missing", "step").unique().rows() == [("B~C", "A", "loci")]


def test_global_frequencies_explain_whom_the_own_do_not(run) -> None:
    Path("global.csv").write_text("hap,freq\nA*11:01~B*40:01,0.1\nA*24:02~B*46:01,.2\nA*98:01~B*46:01,.2\n")
    done = run(
        "impute", "registry", "persons.csv", "--frequencies", "frequencies.csv", "--global-frequencies", "global.csv",
        "--out", "out.parquet", "--loci", "A,B",
    )  # fmt: skip
    assert done.exit_code == 0, done
    assert "1 name is no single P group" in done.stderr
    assert "left out a frequency of 0.2" in done.stderr
    assert "6 persons: 4 read, 0 of them not explained at some locus, 2 with errors" in done.stdout
    rows = pl.read_parquet("out.parquet").filter(pl.col("patient_id") == "P5", pl.col("kind") == "genotype")
    assert rows.select("genotype", "step").rows() == [("A*11:01P+A*24:02P^B*40:01P+B*46:01", "global")]


def test_optional_genes_are_absent_by_name(run) -> None:
    Path("frequencies.csv").write_text("hap,freq\nDRB1*04:01~DRB4*01:03,.5\nDRB1*08:01~DRBX*NNNN,.5\n")
    Path("persons.csv").write_text("ID,DRB1_1,DRB1_2\nP1,04:01,08:01\n")
    rows = imputed(run, "--loci", "DRB1,DRB4,DRB5")
    genotype = rows.filter(pl.col("kind") == "genotype")["genotype"].to_list()
    assert genotype == ["DRB1*04:01+DRB1*08:01^DRB4*01:01P+DRB4*01:01P^DRB5*NNNN+DRB5*NNNN"]
    assert "DRB3*NNNN~DRB4*NNNN~DRB5*NNNN~DRB1*08:01" in rows.row(0)


def test_nobody_readable_leaves_a_header_and_the_reasons(run) -> None:
    columns = imputed(run).columns
    Path("persons.csv").write_text("ID,A_1,A_2\nP2,99:01,98:01\n", encoding="utf-8")
    assert imputed(run).columns == columns
    status = pl.read_csv("out.csv.status.csv")
    assert status.height == 1
    assert status["reason"][0].count("unknown_allele") >= 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--out", "out.doc"), CriteriaError),
        (("--out", "persons.csv"), CriteriaError),
        (("--out", "frequencies.csv"), CriteriaError),
        (("--out", "registry/out.csv"), CriteriaError),
        (("--out", "out.csv", "--loci", "A,X"), CriteriaError),
        (("--out", "out.csv", "--global-frequencies", "none"), FileError),
    ],
)
def test_what_cannot_be_is_refused(run, options: tuple[str, ...], error: type[Exception]) -> None:
    done = run("impute", "registry", "persons.csv", "--frequencies", "frequencies.csv", *options)
    assert isinstance(done.exception, error)
    assert Path("frequencies.csv").read_text(encoding="utf-8") == FREQUENCIES
    assert not list(Path().glob("out.*"))


IMPUTE = ("impute", "registry", "persons.csv", "--frequencies", "frequencies.csv", "--out")


def test_there_is_one_writer_and_it_replaces_both_files_or_none(run) -> None:
    imputed(run)
    names = ("out.csv", "out.csv.status.csv")
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in names} == {0o600}
    new = [Path(name).read_bytes() for name in names]
    for name in names:
        Path(name).write_bytes(b"old")
        with lock_files(Path(name)):
            done = run(*IMPUTE, "out.csv")
        assert isinstance(done.exception, LockedError)
        assert f"process {os.getpid()}" in str(done.exception)
    steps: list[str] = []
    with listening(lambda action, path: steps.append(action) if "home" not in path.parts else None):
        assert run(*IMPUTE, "other.csv").exit_code == 0
    for at in range(len(steps)):
        counted = iter(range(1000))
        for name in names:
            Path(name).write_bytes(b"old")

        def fail(action: str, path: Path, at: int = at, counted: object = counted) -> None:
            # What a registry is remembered by is not part of the command.
            if "home" not in path.parts and next(counted) == at:  # type: ignore[call-overload]
                raise OSError(errno.ENOSPC, "No space left on device")

        with listening(fail):
            assert isinstance(run(*IMPUTE, "out.csv").exception, FileError)
        assert [Path(name).read_bytes() for name in names] in ([b"old"] * 2, new)
        assert not list(Path().glob(".*"))


def test_formulas_are_neutral_unless_raw_text_is_asked_for(run) -> None:
    Path("persons.csv").write_text("ID,A_1,A_2\n=P1,02:01,24:02\n-P2,99:01,\n", encoding="utf-8")
    assert imputed(run)["patient_id"].unique().to_list() == ["'=P1"]
    assert pl.read_csv("out.csv.status.csv")["patient_id"].to_list() == ["'=P1", "'-P2"]
    assert imputed(run, "--raw-text")["patient_id"].unique().to_list() == ["=P1"]
    assert pl.read_csv("out.csv.status.csv")["patient_id"].to_list() == ["=P1", "-P2"]
    assert run(*IMPUTE, "out.parquet").exit_code == 0
    assert pl.read_parquet("out.parquet")["patient_id"].unique().to_list() == ["=P1"]
