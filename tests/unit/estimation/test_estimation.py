"""Frequencies estimated from small registries, and what the estimate says about itself."""

import datetime
import errno
import json
import math
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from hla_match.cli.frequencies_estimate import estimate
from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError, FileError, LockedError
from hla_match.estimation import support
from hla_match.estimation.estimate import estimate_frequencies
from hla_match.estimation.hardy_weinberg import chi_square_above, hardy_weinberg
from hla_match.estimation.sample import draw_sample
from hla_match.estimation.settings import EstimationSettings
from hla_match.kernels.codes import NULL
from hla_match.nomenclature.release import Nomenclature
from hla_match.services.estimation import report_path
from hla_match.synthetic.volunteers import volunteers
from registry_io.disk.durable_files import listening
from registry_io.disk.joint_files import lock_files
from registry_io.formats.frequency_file import read_frequencies
from registry_io.store.donor_import import import_donors
from registry_io.tables.results_file import write_frame
from tests.oracle import estimation as oracle

NOMENCLATURE = Nomenclature.builtin()
COLUMNS = ("A_1", "A_2", "B_1", "B_2")
X, Y = ("01:01", "08:01"), ("02:01", "07:02")


def registry_of(persons, columns=COLUMNS, **attributes):
    frame = pl.DataFrame(persons, schema=dict.fromkeys(columns, pl.String), orient="row")
    ids = pl.Series([f"D{i:03}" for i in range(frame.height)], dtype=pl.String)
    frame = frame.with_columns(person_id=ids, **{name: pl.Series(values) for name, values in attributes.items()})
    registry, unreadable = build_registry(frame, NOMENCLATURE, name="small", provenance={})
    assert not unreadable
    return registry


def by_name(estimation, row=0):
    allele = estimation.frequencies.allele
    names = [NOMENCLATURE.p_groups(locus) for locus in estimation.frequencies.loci]
    return {
        tuple("-" if code == NULL else of[code - 2].rstrip("P") for code, of in zip(one, names, strict=True)): value
        for one, value in zip(allele.tolist(), estimation.frequencies.frequency[row].tolist(), strict=True)
        if value
    }


@pytest.fixture(scope="module")
def synthetic():
    donors, _ = volunteers(1500, seed=3, as_of=datetime.date(2026, 1, 1))
    frame = donors.rename({"donor_id": "person_id"})
    return build_registry(frame, NOMENCLATURE, name="synthetic", provenance={})[0]


def test_the_limit_is_the_oracles():
    persons = [
        ("01:01", "02:01", "08:01", "07:02"),
        ("01:01", "01:01", "08:01", "08:01"),
        ("01:01/02:01", "03:01", "08:01", "07:02/08:01"),
        ("02:01", "03:01", None, None),
        ("02:01", "02:01", "07:02", "07:02"),
    ]
    named = [
        {
            locus: first and [(frozenset(first.split("/")), frozenset(second.split("/")))]
            for locus, first, second in (("A", *person[:2]), ("B", *person[2:]))
        }
        for person in persons
    ]
    wanted, log_likelihoods = oracle.em(named, ("A", "B"), tolerance=1e-13)
    found = estimate_frequencies(
        registry_of(persons), ["B", "A"], settings=EstimationSettings(tolerance=1e-12, max_iterations=20_000, floor=0)
    )
    frequencies = by_name(found)
    assert {one: frequencies.get(one, 0.0) for one in wanted} == pytest.approx(wanted, abs=1e-8)
    report = found.populations[0]
    assert report.converged
    assert report.complete
    assert report.log_likelihood[-1] == pytest.approx(log_likelihoods[-1], abs=1e-8)
    assert report.iterations == len(report.log_likelihood) - 1


def test_persons_with_new_alleles_or_without_typings_are_left_out_and_counted():
    persons = [("01:01", "02:01", "08:01", "07:02"), ("01:01", "NEW", "08:01", "08:01"), (None, None, None, None)]
    report = estimate_frequencies(registry_of(persons), ["A", "B"]).populations[0]
    assert (report.n_persons, report.n_new, report.n_untyped, report.n_unexplained) == (1, 1, 1, 0)
    assert report.n_excluded == 2


def test_a_null_allele_is_an_allele_of_a_haplotype():
    persons = [("01:01", "24:09N", "08:01", "08:01")]
    assert by_name(estimate_frequencies(registry_of(persons), ["A", "B"])) == {
        ("01:01", "08:01"): 0.5,
        ("-", "08:01"): 0.5,
    }


def test_a_chromosome_carries_one_of_the_optional_genes_at_most():
    persons = [("03:01", "11:01", "01:01", None, "01:01", None)]
    found = by_name(
        estimate_frequencies(
            registry_of(persons, ("DRB1_1", "DRB1_2", "DRB3_1", "DRB3_2", "DRB4_1", "DRB4_2")),
            ["DRB1", "DRB3", "DRB4"],
            settings=EstimationSettings(floor=0),
        )
    )
    assert all(one == "-" or other == "-" for _, one, other in found)
    assert math.fsum(value for (_, one, _), value in found.items() if one != "-") == pytest.approx(0.5)


def test_populations_are_estimated_by_themselves():
    persons = [(*X[:1] * 2, *X[1:] * 2), (*Y[:1] * 2, *Y[1:] * 2), (X[0], Y[0], X[1], Y[1])]
    registry = registry_of(persons, population=["east", "west", None])
    found = estimate_frequencies(registry, ["A", "B"], populations=["east", "west"])
    assert by_name(found, 0) == {X: 1.0}
    assert by_name(found, 1) == {Y: 1.0}
    assert [one.population for one in found.populations] == ["east", "west"]
    assert estimate_frequencies(registry, ["A", "B"]).populations[0].n_persons == 3


def test_a_warm_start_decides_between_equals_and_ends_at_the_same_place_otherwise(synthetic):
    phases = registry_of([(X[0], Y[0], X[1], Y[1])])
    east = estimate_frequencies(registry_of([(X[0], X[0], X[1], X[1]), (Y[0], Y[0], Y[1], Y[1])]), ["A", "B"])
    found = by_name(
        estimate_frequencies(phases, ["A", "B"], start=east.frequencies, settings=EstimationSettings(tolerance=1e-9))
    )
    assert found == pytest.approx({X: 0.5, Y: 0.5}, abs=1e-6)
    cold = estimate_frequencies(synthetic, ["A", "B", "DRB1"])
    warm = estimate_frequencies(synthetic, ["A", "B", "DRB1"], start=cold.frequencies)
    assert warm.populations[0].iterations < cold.populations[0].iterations
    assert warm.populations[0].log_likelihood[-1] >= cold.populations[0].log_likelihood[-1] - 0.5


def test_restarts_keep_the_best_run(synthetic):
    settings = EstimationSettings(restarts=2, seed=5, tolerance=1.0)
    found = estimate_frequencies(synthetic, ["A", "B"], settings=settings)
    again = estimate_frequencies(synthetic, ["A", "B"], settings=settings)
    report = found.populations[0]
    assert len(report.runs) == 3
    assert report.log_likelihood[-1] == max(report.runs)
    assert (found.frequencies.frequency == again.frequencies.frequency).all()


def test_standard_errors_of_counted_haplotypes_are_binomial():
    persons = [(X[0], X[0], X[1], X[1])] * 60 + [(Y[0], Y[0], Y[1], Y[1])] * 40
    found = estimate_frequencies(registry_of(persons), ["A", "B"], settings=EstimationSettings(bootstrap=400, seed=1))
    # Homozygotes only: the persons are the draws, and not the chromosomes.
    assert found.standard_error[0] == pytest.approx([math.sqrt(0.6 * 0.4 / 100)] * 2, rel=0.1)
    frame = found.to_polars(NOMENCLATURE)
    assert frame.columns == ["haplotype", "frequency", "population", "standard_error"]
    assert frame["standard_error"].min() > 0.04


def test_threads_change_nothing(synthetic):
    one, three = (
        estimate_frequencies(synthetic, ["A", "C", "B"], settings=EstimationSettings(workers=workers))
        for workers in (1, 3)
    )
    assert (one.frequencies.allele == three.frequencies.allele).all()
    assert (one.frequencies.frequency == three.frequencies.frequency).all()
    assert one.populations == three.populations


def test_a_bounded_support_explains_everybody_and_the_likelihood_never_falls(synthetic):
    told = []
    found = estimate_frequencies(synthetic, ["A", "C", "B", "DRB1", "DQB1"], on_iteration=told.append)
    report = found.populations[0]
    assert not report.complete
    assert report.n_unexplained == 0
    assert report.converged
    assert all(after >= before - 1e-6 for before, after in pairwise(report.log_likelihood))
    assert found.frequencies.frequency.sum() == pytest.approx(1)
    assert {one.stage for one in told} == {"support", "estimate"}
    assert 0 < report.effective_sample_size < report.n_persons


def test_persons_of_whom_none_contributes_are_explained_by_their_own_haplotypes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "FULL_ENTRIES", 0)
        patch.setattr(support, "CONTRIBUTION", 1)
        registry = registry_of([("01:01/02:01/03:01", "11:01/24:02", "07:02/08:01", "35:01/44:02")])
        found = estimate_frequencies(registry, ["A", "B"])
    assert found.populations[0].n_unexplained == 0
    assert found.frequencies.n_haplotypes == 4


def test_distinct_haplotypes_of_more_combinations_than_an_integer_holds():
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 3, (500, 12)).astype(np.int32) * 900
    found = support.distinct_haplotypes(rows)
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in rows.tolist()}
    assert len(found) == len({tuple(row) for row in rows.tolist()})


def test_the_effective_sample_size_of_homozygotes_is_their_number():
    persons = [(X[0], X[0], X[1], X[1])] * 6 + [(Y[0], Y[0], Y[1], Y[1])] * 4
    report = estimate_frequencies(registry_of(persons), ["A", "B"]).populations[0]
    assert report.effective_sample_size == pytest.approx(10)


def test_hardy_weinberg_by_hand():
    # 30 of 01:01 with itself, 40 of both, 30 of 02:01 with itself: 25, 50, 25 are expected.
    kinds = [("01:01", "01:01", 30), ("01:01", "02:01", 40), ("02:01", "02:01", 30), ("01:01/02:01", "01:01", 7)]
    persons = [(first, second) for first, second, n in kinds for _ in range(n)]
    (test,) = hardy_weinberg(draw_sample(registry_of(persons, ("A_1", "A_2")), ["A"]))
    assert (test.locus, test.n_persons, test.n_alleles, test.degrees) == ("A", 100, 2, 1)
    assert test.chi_square == pytest.approx(1 + 2 + 1)
    assert test.p_value == pytest.approx(0.0455, abs=1e-4)


def test_hardy_weinberg_pools_rare_alleles_and_says_when_nothing_is_left():
    persons = [("01:01", "02:01")] * 50 + [("01:01", "01:01")] * 25 + [("02:01", "03:01")] * 3
    (test,) = hardy_weinberg(draw_sample(registry_of(persons, ("A_1", "A_2")), ["A"]))
    assert (test.n_alleles, test.degrees) == (2, 1)
    (test,) = hardy_weinberg(draw_sample(registry_of(persons[:1], ("A_1", "A_2")), ["A"]))
    assert (test.degrees, test.p_value) == (0, 1.0)


@pytest.mark.parametrize(
    ("chi_square", "degrees", "p_value"),
    [(6.634897, 1, 0.01), (5.991465, 2, 0.05), (7.814728, 3, 0.05), (124.342113, 100, 0.05), (0.0, 3, 1.0)],
)
def test_chi_square_of_printed_tables(chi_square, degrees, p_value):
    assert chi_square_above(chi_square, degrees) == pytest.approx(p_value, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"loci": ["DPB1"]}, "loci"),
        ({"loci": []}, "loci"),
        ({"populations": ["north"]}, "populations"),
        ({"populations": []}, "populations"),
    ],
)
def test_what_cannot_be_is_refused(wrong, name):
    registry = registry_of([("01:01", "02:01", "08:01", "07:02")], population=["east"])
    options = {"loci": ["A", "B"], **wrong}
    with pytest.raises(CriteriaError) as caught:
        estimate_frequencies(registry, options.pop("loci"), **options)
    assert caught.value.name == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor": 1.0},
        {"floor": -0.1},
        {"floor": "0.01"},
        {"tolerance": math.nan},
        {"tolerance": math.inf},
        {"tolerance": -1},
        {"restarts": -1},
        {"restarts": "1"},
        {"seed": -1},
        {"max_iterations": 0},
        {"bootstrap": 1.5},
        {"workers": 0},
        {"workers": True},
    ],
)
def test_settings_that_cannot_be_are_refused_as_they_are_made(wrong):
    with pytest.raises(CriteriaError) as caught:
        EstimationSettings(**wrong)
    assert [caught.value.name] == [*wrong]


def test_the_command_refuses_a_tolerance_that_nothing_reaches(tmp_path):
    ran = CliRunner().invoke(estimate, [str(tmp_path), "--out", str(tmp_path / "own.csv"), "--tolerance", "nan"])
    assert isinstance(ran.exception, CriteriaError)
    assert ran.exception.name == "tolerance"


def test_a_registry_without_typed_donors_is_refused():
    with pytest.raises(CriteriaError, match="none can be explained"):
        estimate_frequencies(registry_of([(None, None, "08:01", "07:02")]), ["A", "B"])


def test_start_over_other_loci_is_refused():
    registry = registry_of([("01:01", "02:01", "08:01", "07:02")])
    start = estimate_frequencies(registry, ["A"]).frequencies
    with pytest.raises(CriteriaError, match="start"):
        estimate_frequencies(registry, ["A", "B"], start=start)


def test_the_command_writes_what_can_be_read_and_started_from(tmp_path):
    donors, _ = volunteers(300, seed=1, as_of=datetime.date(2026, 1, 1))
    write_frame(donors.with_columns(population=pl.lit("east")), tmp_path / "donors.csv")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", NOMENCLATURE, today=datetime.date(2026, 1, 1))
    out = tmp_path / "own.csv"
    common = [str(tmp_path / "registry"), "--loci", "A,B"]
    ran = CliRunner().invoke(estimate, [*common, "--out", str(out), "--bootstrap", "3", "--by-population"])
    assert ran.exit_code == 0, ran.output
    assert "Hardy-Weinberg" in ran.output
    read = read_frequencies(out)
    assert read.frame["frequency"].sum() == pytest.approx(1)
    assert read.frame["population"].unique().to_list() == ["east"]
    assert "standard_error" in out.read_text(encoding="utf-8").splitlines()[0]
    report = json.loads(report_path(out).read_text(encoding="utf-8"))
    population = report["populations"][0]
    assert population["n_persons"] + population["n_excluded"] == 300
    assert len(population["log_likelihood"]) == population["iterations"] + 1
    assert [test["locus"] for test in population["hardy_weinberg"]] == ["A", "B"]
    again = CliRunner().invoke(estimate, [*common, "--out", str(tmp_path / "warm.csv"), "--start", str(out)])
    assert again.exit_code == 0, again.output


def test_the_command_writes_nothing_into_the_registry(tmp_path):
    ran = CliRunner().invoke(estimate, [str(tmp_path), "--out", str(tmp_path / "own.csv")])
    assert isinstance(ran.exception, CriteriaError)


def test_the_command_has_one_writer_and_replaces_both_files_or_none(tmp_path):
    donors, _ = volunteers(300, seed=1, as_of=datetime.date(2026, 1, 1))
    write_frame(donors.with_columns(population=pl.lit("=east")), tmp_path / "donors.csv")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", NOMENCLATURE, today=datetime.date(2026, 1, 1))
    out = tmp_path / "own.csv"
    command = [str(tmp_path / "registry"), "--loci", "A,B", "--by-population", "--out", str(out)]
    for path in (out, report_path(out)):
        path.write_bytes(b"old")
        with lock_files(path):
            assert isinstance(CliRunner().invoke(estimate, command).exception, LockedError)

    def fail(action, path):
        if (action, path) == ("rename", out):
            raise OSError(errno.EIO, "Input/output error")

    with listening(fail):
        assert isinstance(CliRunner().invoke(estimate, command).exception, FileError)
    assert out.read_bytes() == report_path(out).read_bytes() == b"old"
    assert not list(tmp_path.glob(".*"))
    assert CliRunner().invoke(estimate, command).exit_code == 0
    assert pl.read_csv(out)["population"].unique().to_list() == ["'=east"]
    assert CliRunner().invoke(estimate, [*command, "--raw-text"]).exit_code == 0
    assert pl.read_csv(out)["population"].unique().to_list() == ["=east"]
