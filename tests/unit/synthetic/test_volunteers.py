"""The synthetic registry: readable by both kinds of nomenclature, true to its truth, and the same for the same seed."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hla_match.errors import CriteriaError
from hla_match.nomenclature.release import Nomenclature
from hla_match.synthetic import chinese_haplotypes as published
from hla_match.synthetic.volunteers import forms_of, haplotype_pool, patients, volunteer_parts, volunteers

AS_OF = datetime.date(2024, 12, 31)
LOCI = ("A", "B", "C", "DRB1", "DQB1", "DPB1")
POOL_ALLELES = sorted(
    {
        (locus, allele)
        for haplotype, _ in published.HEAD
        for locus, allele in zip(published.LOCI, haplotype, strict=True)
    }
    | {("DPB1", allele) for allele in published.DPB1}
)


def check_readable(nomenclature: Nomenclature) -> None:
    """Every form of every allele of the pool reads, and what it can be includes the allele itself."""
    for locus, allele in POOL_ALLELES:
        (true_code,) = nomenclature.expand(locus, allele).p_codes
        for form, text in forms_of(locus, allele).items():
            assert true_code in nomenclature.expand(locus, text).p_codes, (locus, allele, form, text)


def test_every_form_reads_and_includes_the_truth_with_built_in_rules() -> None:
    check_readable(Nomenclature.builtin())


def test_every_form_reads_and_includes_the_truth_by_a_release(release_358: Nomenclature) -> None:
    check_readable(release_358)


def test_lists_and_g_groups_are_names_of_the_release(shared_data: Path) -> None:
    wmda = shared_data / "imgt" / "3.58.0" / "wmda"
    groups, names = set(), set()
    for line in (wmda / "hla_nom_g.txt").read_text().splitlines():
        if not line.startswith("#"):
            locus, members, group = line.split(";")
            groups.add((locus.removesuffix("*"), group))
            names |= {(locus.removesuffix("*"), name) for name in members.split("/")}
    two_field = {(locus, ":".join(name.split(":")[:2])) for locus, name in names}
    for locus, allele in POOL_ALLELES:
        forms = forms_of(locus, allele)
        assert (locus, forms["four"]) in names
        assert forms["G"] == allele or (locus, forms["G"]) in groups
        members = forms["list"].split("/")
        assert allele in members
        assert {(locus, member) for member in members} <= two_field


def test_head_is_as_published(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "data" / "china" / "singapore_chinese_5locus_hf_ge1e-3.csv")
    expected = [
        (tuple(part.partition("*")[2] for part in haplotype.split("~")), frequency)
        for haplotype, frequency in table.head(len(published.HEAD)).iter_rows()
    ]
    assert list(published.HEAD) == expected


def test_dpb1_is_as_published(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "data" / "china" / "DPB1.east_asia.tsv", separator="\t")
    canton = table.filter(pl.col("population") == "China Canton Han")
    frequency = dict(canton.select(pl.col("allele").str.strip_prefix("DPB1*"), "alleles_over_2n").iter_rows())
    assert {allele: frequency[allele] for allele in published.DPB1} == dict(published.DPB1)


def test_pool_sums_to_one_without_repeats_and_falls() -> None:
    haplotypes, frequencies = haplotype_pool(1)
    assert len(haplotypes) == len(set(haplotypes)) == len(frequencies) == len(published.HEAD) + 6000
    assert frequencies.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(frequencies) <= 0).all()
    assert (frequencies > 0).all()


def test_pool_is_the_same_for_the_same_seed_only() -> None:
    assert haplotype_pool(1)[0] == haplotype_pool(1)[0]
    assert haplotype_pool(1)[0] != haplotype_pool(2)[0]


@pytest.mark.parametrize("n_tail", [0, -1, 1_000_000])
def test_pool_refuses_a_tail_that_cannot_be(n_tail: int) -> None:
    with pytest.raises(CriteriaError, match="n_tail"):
        haplotype_pool(1, n_tail)


def parts(n: int, **options: int) -> list[pl.DataFrame]:
    return list(volunteer_parts(n, as_of=AS_OF, **options))


def test_parts_are_the_first_of_more_and_differ_from_each_other() -> None:
    few, many = pl.concat(parts(250, seed=3, part=100)), pl.concat(parts(400, seed=3, part=100))
    assert few.equals(many.head(250))
    assert many["donor_id"].n_unique() == 400
    assert not many[:100].drop("donor_id").equals(many[100:200].drop("donor_id"))
    assert not few.equals(pl.concat(parts(250, seed=4, part=100)))
    assert few.schema == volunteers(10, as_of=AS_OF)[0].schema
    assert parts(0) == []


@pytest.mark.parametrize(("n", "options"), [(-1, {}), (5, {"part": 0})])
def test_parts_of_no_size_are_refused(n: int, options: dict[str, int]) -> None:
    with pytest.raises(CriteriaError):
        parts(n, **options)


def test_volunteers_are_the_same_for_the_same_seed_only() -> None:
    for left, right in zip(volunteers(500, seed=3, as_of=AS_OF), volunteers(500, seed=3, as_of=AS_OF), strict=True):
        assert left.equals(right)
    assert not volunteers(500, seed=3, as_of=AS_OF)[1].equals(volunteers(500, seed=4, as_of=AS_OF)[1])


@pytest.mark.parametrize("n", [0, 1])
def test_a_small_registry_has_every_column(n: int) -> None:
    reported, truth = volunteers(n, as_of=AS_OF)
    assert (reported.height, truth.height) == (n, n)
    assert reported.schema == volunteers(50, as_of=AS_OF)[0].schema
    assert patients(n, as_of=AS_OF)[0].schema == patients(50, as_of=AS_OF)[0].schema


@pytest.mark.parametrize("make", [volunteers, patients])
def test_a_negative_number_is_refused(make: type) -> None:
    with pytest.raises(CriteriaError, match="a whole number of at least 0"):
        make(-1, as_of=AS_OF)


def test_columns_are_those_of_a_registry_file(shared_data: Path) -> None:
    folder = shared_data / "data" / "registry_103k"
    reported, truth = volunteers(10, as_of=AS_OF)
    for name, frame in (("donors.csv.gz", reported), ("donors.truth.csv.gz", truth)):
        with gzip.open(folder / name, "rt") as lines:
            assert frame.columns == lines.readline().strip().split(",")
    reported, truth = patients(10, as_of=AS_OF)
    for name, frame in (("patients.csv", reported), ("patients.truth.csv", truth)):
        with (folder / name).open() as lines:
            assert frame.columns == lines.readline().strip().split(",")


@pytest.mark.parametrize("make", [volunteers, patients])
def test_what_is_reported_is_a_form_of_the_truth(make: type) -> None:
    reported, truth = make(4000, seed=5, as_of=AS_OF)
    for locus in LOCI:
        pairs = zip(
            reported.select(f"{locus}_1", f"{locus}_2").iter_rows(),
            truth.select(f"{locus}_1", f"{locus}_2").iter_rows(),
            strict=True,
        )
        for said, true in pairs:
            if said[0] is None:
                assert said[1] is None
            elif said[1] is None:
                assert true[0] == true[1]
                assert said[0] in forms_of(locus, true[0]).values()
            else:
                fits = [
                    said[0] in forms_of(locus, one).values() and said[1] in forms_of(locus, other).values()
                    for one, other in (true, true[::-1])
                ]
                assert any(fits), (locus, said, true)


def test_attributes_have_the_shares_of_a_provincial_registry() -> None:
    reported, _ = volunteers(40_000, as_of=AS_OF)
    share = {value: count / reported.height for value, count in reported["status"].value_counts().iter_rows()}
    assert share["AV"] == pytest.approx(0.86, abs=0.01)
    assert share["TU"] == pytest.approx(0.09, abs=0.01)
    assert share["DE"] == pytest.approx(0.05, abs=0.01)
    assert 0 < share["RS"] < 0.003
    blank = (reported["A_1"].is_not_null() & reported["A_2"].is_null()).mean()
    assert blank == pytest.approx(0.03, abs=0.01)
    assert (reported["registered_on"] <= reported["last_contact_on"]).all()
    assert reported["last_contact_on"].max() <= AS_OF
    age = (pl.lit(AS_OF) - pl.col("birth_date")).dt.total_days() / 365.25
    ages = reported.select(age.alias("age"))["age"]
    assert ages.min() >= 18
    assert ages.max() <= 60.01
    assert ((ages <= 55).mean() or 0) > 0.9
    assert reported["donor_id"].n_unique() == reported.height
    assert reported["donor_id"][0] == "SYN0000001"


def test_each_era_types_its_own_way() -> None:
    reported, _ = volunteers(40_000, as_of=AS_OF)
    years_ago = (pl.lit(AS_OF) - pl.col("registered_on")).dt.total_days() / 365.25

    def share(oldest: float, newest: float, pattern: str) -> float:
        era = reported.filter(years_ago.is_between(newest, oldest))
        return era["B_1"].str.contains(pattern).mean()

    assert share(30, 21, "^[0-9]+$") > 0.4
    assert share(30, 21, "XX$") > 0.4
    assert share(19, 15, "/") > 0.3
    assert share(13, 9, "G$") > 0.3
    assert share(7, 0, "^[0-9]+:[0-9]+(:[0-9]+){0,2}$") == 1.0
    assert reported.filter(years_ago < 7)["DPB1_1"].is_not_null().mean() > 0.5
