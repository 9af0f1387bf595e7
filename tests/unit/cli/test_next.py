"""``next``: what to type and whom to ask, as a table, as sentences, and as frames."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import hla_match
import registry_io
from hla_match.cli.main import group
from hla_match.reporting.match_summary import percent

PATIENT = "A*02:01+A*11:01^B*46:01+B*40:01"
DONORS = """donor_id,sex,birth_date,last_contact_on,A_1,A_2,B_1,B_2
D1,M,1990-01-01,2025-01-01,02:XX,11:01,46:01,40:01
D2,F,1980-01-01,2016-01-01,02:XX,11:01,46:XX,40:01
D3,M,1990-01-01,,02:03,11:01,46:01,40:01
D4,M,1990-01-01,,02:01,11:01,46:01/58:01,58:02
"""
FREQUENCIES = """A,B,frequency
02:01,46:01,0.5
11:01,40:01,0.3
02:03,46:01,0.1
11:01,46:02,0.05
02:07,46:02,0.05
"""
OPTIONS = ("--scope", "A,B", "--max-mismatches", "2", "--as-of", "2026-01-01", "--frequencies", "shares.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the registry, which no test changes, and the frequencies."""
    found = tmp_path_factory.mktemp("next")
    (found / "donors.csv").write_text(DONORS, encoding="utf-8")
    (found / "shares.csv").write_text(FREQUENCIES, encoding="utf-8")
    registry_io.import_donors(found / "registry", found / "donors.csv", "builtin")
    return found


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(group, ("next", "registry", "--hla", PATIENT, *OPTIONS, *arguments))

    return call


def steps(**options):
    criteria = hla_match.SearchCriteria(scope="A,B", max_mismatches=2, as_of="2026-01-01")
    return hla_match.search("registry", PATIENT, criteria, frequencies="shares.csv").next_steps(**options)


def test_a_table_of_80_columns_and_sentences(run) -> None:
    done = run()
    assert done.exit_code == 0, done.output
    table, _, below = done.stdout.partition("match: 4/4; ")
    assert all(len(line) <= 80 for line in table.splitlines())
    # D1 is 02:01 (0.5) or 02:03 (0.1) beside 46:01; of D2 the haplotype 02:07~46:02 is possible as well.
    first, second, third, fourth = table.splitlines()[2:]
    assert first.split() == ["1", "D1", "83%", "A", "1", "+13%", "0.7/0.7", "54%", "45%"]
    assert second.split() == ["2", "D2", "77%", "A", "1", "+13%", "1.0/1.0", "47%", "65%"]
    assert third.split() == ["3", "D3", "0%", "54%", "65%"]
    assert fourth.split()[:3] == ["4", "D4", percent(None)]
    assert "Type donor D2 at A first: that is expected to raise the probability" in below
    assert "from 83% to 96%" in below
    assert "All 4 donors together do not reach 90%: at least one of them is 4/4 and available" in below
    # With one mismatch the first three reach 88%.
    assert "is enough" not in below
    assert "at least one of them is 4/4" in run("--certainty", "0.8").stdout
    assert "65%. If 3/4 or better is enough, the first 3 do." in run("--certainty", "0.8").stdout
    assert "1 of 4 donors has no probability and counts as not matched." in below


def test_linkage_tells_of_a_locus_that_is_not_typed(run) -> None:
    typings = steps().typings.filter(pl.col("donor_id") == "D2")
    told = {row["loci"]: row["bits_left"] for row in typings.iter_rows(named=True)}
    # A*02:07 comes with B*46:02 alone: A tells all, and B does not tell 02:01 from 02:03.
    assert told["A"] == pytest.approx(0.0, abs=1e-9)
    assert told["B"] > 0.5


def test_costs_decide_between_typings(run) -> None:
    dear = steps(costs=hla_match.TypingCosts(order=1, loci={"A": 9.0})).typings
    assert dear.filter(pl.col("loci") == "A")["cost"].unique().to_list() == [10.0]
    assert run("--cost", "A=9", "--cost", "order=1").stdout.splitlines()[2].split()[4] == "10"
    first = dear.row(0, named=True)
    assert first["gain_per_cost"] == pytest.approx(first["gain"] / first["cost"])
    assert dear["gain_per_cost"].is_sorted(descending=True)


def test_who_counts_as_a_match_and_how_many_are_wanted(run) -> None:
    # With one mismatch allowed D1 and D3 match for certain.
    found = steps(mismatches=1, availability=hla_match.Availability(share=0.9), certainty=0.99)
    assert found.n_to_ask == 3
    assert found.match_class == "3/4 or better"
    assert "Ask the first 2 donors: at least 2 of them are 3/4 or better and available" in " ".join(
        steps(mismatches=1, availability=hla_match.Availability(share=1.0), wanted=2).sentences
    )
    output = run("--matched", "1", "--available", "0.9", "--certainty", "0.99").output
    assert "Ask the first 3 donors" in output


def test_availability_by_sex_age_and_contact(run) -> None:
    plain, reduced = steps(), steps(availability=hla_match.Availability(woman=1, ten_years=0.5, year_since_contact=0.9))
    assert plain.donors["p_available"].round(2).to_list() == [0.54, 0.47, 0.54, 0.54]
    by_donor = dict(reduced.donors.select("donor_id", "p_available").iter_rows())
    assert by_donor["D2"] < by_donor["D1"] < by_donor["D3"] < 0.54
    output = run("--odds", "woman=1", "--odds", "age=0.5", "--odds", "contact=0.9").output
    assert "odds x0.50 for ten years above 30, odds x0.90 for a year since contact" in output


@pytest.mark.parametrize(
    "arguments",
    [("--available", "often"), ("--available", "1.5"), ("--certainty", "1"), ("--odds", "moon=2"), ("--odds", "age=0"),
     ("--odds", "age=1e300"), ("--odds", "woman=0.009"), ("--odds", "contact=101"), ("--odds", "age=nan"),
     ("--cost", "b=2", "--cost", "B=3"), ("--cost", "B=2", "--cost", "B=2"),
     ("--cost", "A"), ("--cost", "Q=2"), ("--cost", "A=-1"), ("--cost", "each=0")],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(run, arguments) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, hla_match.CriteriaError)


def test_greatest_odds_give_probabilities(run) -> None:
    for ratio in (0.01, 100):
        assumed = hla_match.Availability(share=0.999, woman=ratio, ten_years=ratio, year_since_contact=ratio)
        assert 0 <= assumed.of(120, "F", 126.0) <= 1


def test_nothing_but_the_share_is_assumed_where_all_are_available(run) -> None:
    output = run("--available", "1").output
    assert "Assumed: 100% of donors asked are available." in " ".join(output.split())
    assert "odds x0.76 for a woman" in " ".join(run("--available", "0.9").output.split())


def test_an_open_patient_stands_first(run) -> None:
    done = CliRunner().invoke(group, ("next", "registry", "--hla", "A*02:XX+A*11:01^B*46:01+B*40:01", *OPTIONS))
    assert done.stdout.splitlines()[2].split()[:2] == ["patient", "A"]


def test_without_probabilities_it_says_what_to_give(run) -> None:
    done = CliRunner().invoke(group, ("next", "registry", "--hla", PATIENT, "--scope", "A,B"))
    assert done.exception.code == "criteria.frequencies"


def test_a_list_without_donors(run) -> None:
    Path("none.txt").write_text("X\n", encoding="utf-8")
    done = run("--only-donors", "none.txt")
    assert done.exit_code == 0
    assert "There is no donor to ask." in done.output


def test_donors_of_a_narrowed_list_keep_their_ranks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    criteria = hla_match.SearchCriteria(scope="A,B", max_mismatches=2, as_of="2026-01-01")
    found = hla_match.search("registry", PATIENT, criteria, frequencies="shares.csv")
    narrowed = found.filter(pl.col("donor_id") != "D1").next_steps()
    assert narrowed.donors.select("rank", "donor_id").rows() == [(2, "D2"), (3, "D3"), (4, "D4")]
    assert narrowed.typings.filter(donor_id="D2")["rank"].unique().to_list() == [2]
