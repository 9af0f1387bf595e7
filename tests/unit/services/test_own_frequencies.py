"""Searches compute with the registry's own frequencies unless a set is named, or none is wanted."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import hla_match
import registry_io
from hla_match.cli.main import group
from hla_match.errors import ErrorCode
from hla_match.estimation import own_frequencies
from hla_match.services.batch_outputs import manifest_path
from hla_match.services.notices import Notices
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.store.own_frequency_store import kept_own_frequencies

NAMES = {"A": ("01:01", "02:01", "11:01", "24:02"), "B": ("13:01", "40:01", "46:01"), "DPB1": ("02:01", "05:01")}
N_DONORS = 60
PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01"
CRITERIA = hla_match.SearchCriteria(scope="A,B", max_mismatches=2)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    columns: dict[str, list[str | None]] = {"donor_id": [f"D{number:02}" for number in range(N_DONORS)]}
    for locus, names in NAMES.items():
        columns |= {f"{locus}_{side}": rng.choice(names, N_DONORS).tolist() for side in (1, 2)}
    for side in (1, 2):
        columns[f"B_{side}"] = [None if number % 3 == 0 else one for number, one in enumerate(columns[f"B_{side}"])]
    folder = tmp_path_factory.mktemp("own")
    pl.DataFrame(columns).write_csv(folder / "donors.csv")
    registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    return folder / "registry"


@pytest.fixture
def registry(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 20)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "patients.csv").write_text(f"patient_id,gl_string\nP1,{PATIENT}\nP2,A*01:01\n", encoding="utf-8")
    return Path(shutil.copytree(kept, tmp_path / "registry"))


def told(notices: list[hla_match.Notice]) -> list[str]:
    found = [notice.text for notice in notices]
    notices.clear()
    return found


def test_a_search_computes_with_them(registry: Path) -> None:
    notices: list[hla_match.Notice] = []
    found = hla_match.search(registry, PATIENT, CRITERIA, on_notice=notices.append).to_polars()
    assert told(notices) == [
        "Estimating haplotype frequencies from the typings of 60 donors, which is done once ...",
        "Imputing 60 donors, which is done once for a registry and a set of frequencies ...",
    ]
    opened = registry_io.open_registry(registry)
    own = kept_own_frequencies(registry, opened, own_frequencies.ALGORITHM_VERSION)
    assert own is not None
    assert found["frequency_set"].unique().to_list() == ["own, transaction 1"] == [own.name]
    again = hla_match.search(registry, PATIENT, CRITERIA, on_notice=notices.append).to_polars()
    assert told(notices) == []
    named = hla_match.search(registry, PATIENT, CRITERIA, frequencies=own).to_polars()
    assert found.equals(again)
    assert found.equals(named)
    assert found["p0"].null_count() == 0
    assert 0 < found.filter(pl.col("matches_worst") < 4)["p0"].max() < 1


def test_none_is_as_it_was(registry: Path) -> None:
    notices: list[hla_match.Notice] = []
    found = hla_match.search(registry, PATIENT, CRITERIA, frequencies="none", on_notice=notices.append)
    assert (found.prediction, found.policy.name, told(notices)) == (None, "certain-first", [])
    matcher = hla_match.Matcher(registry_io.open_registry(registry))
    wanted = matcher.search(found.patient, CRITERIA, policy="certain-first")
    assert found.to_polars().equals(wanted.to_polars())
    assert not list(registry.glob("snapshot-*/own-frequencies"))
    with pytest.raises(hla_match.CriteriaError) as caught:
        hla_match.search(registry, PATIENT, CRITERIA, frequencies="None", policy="probability-first")
    assert caught.value.code == ErrorCode.CRITERIA_FREQUENCIES


def test_too_few_donors_are_said_once_and_searched_as_before(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", N_DONORS + 1)
    notices: list[hla_match.Notice] = []
    found = hla_match.search(registry, PATIENT, CRITERIA, on_notice=notices.append)
    (text,) = told(notices)
    assert text == (
        "No match probabilities: 60 donors are too few to estimate haplotype frequencies from, which takes 61; "
        "name a set of frequencies"
    )
    assert found.policy.name == "plain"
    none = hla_match.search(registry, PATIENT, CRITERIA, frequencies="none", policy="plain")
    assert found.to_polars().equals(none.to_polars())
    with pytest.raises(hla_match.CriteriaError, match="expected frequencies beside it"):
        hla_match.search(registry, PATIENT, CRITERIA, policy="probability-first")


@pytest.mark.parametrize("scope", ["A,B,C", "A,B,DRB1,DRB345"])
def test_a_scope_of_more_loci_goes_without(registry: Path, scope: str) -> None:
    notices: list[hla_match.Notice] = []
    criteria = hla_match.SearchCriteria(scope=scope, max_mismatches=4)
    found = hla_match.search(registry, PATIENT, criteria, on_notice=notices.append)
    (text,) = told(notices)
    assert text.startswith("No match probabilities: fewer than ")
    assert text.endswith(f"donors are typed at {scope.split(',')[2]}; name a set of frequencies")
    assert found.prediction is None


def test_a_locus_at_which_enough_donors_were_typed_since_is_estimated(
    registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of 60 donors are no reason for another set, but a scope that the set lacks is."""
    monkeypatch.setattr(own_frequencies, "LEAST_DONORS", 42)
    for number in range(2):
        typings = {"A": "02:01,24:02", "B": "46:01,40:01"}
        registry_io.add_donor(registry, f"E{number}", {**typings, "DPB1": "02:01,05:01"} if number else typings)
    registry_io.add_donor(registry, "E2", {"A": "02:01,24:02"})
    shared = {"scope": "A,B", "max_mismatches": 4}
    with monkeypatch.context() as earlier:
        earlier.setattr("hla_match.estimation.own_frequencies.APART", ())
        first = hla_match.search(registry, PATIENT, hla_match.SearchCriteria(**shared))
    registry_io.add_donor(registry, "E3", {"A": "02:01,24:02"})
    assert set(first.to_polars()["frequency_set"]) == {"own, transaction 4"}
    wider = hla_match.SearchCriteria(**shared | {"scope": "A,B,DPB1"})
    notices: list[hla_match.Notice] = []
    found = hla_match.search(registry, f"{PATIENT}^DPB1*02:01+DPB1*05:01", wider, on_notice=notices.append)
    assert told(notices)[0].startswith("Estimating haplotype frequencies from the typings of 64 donors")
    assert set(found.to_polars()["frequency_set"]) == {"own, transaction 5"}
    again = hla_match.search(registry, PATIENT, hla_match.SearchCriteria(**shared), on_notice=notices.append)
    assert set(again.to_polars()["frequency_set"]) == {"own, transaction 5"}


def test_typings_that_say_too_little_are_said(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hla_match.estimation.own_frequencies.informative_donors", lambda _: 19)
    notices: list[hla_match.Notice] = []
    found = hla_match.search(registry, PATIENT, CRITERIA, on_notice=notices.append)
    assert told(notices) == [
        "No match probabilities: found 19 whose typings leave few haplotypes open; expected at least 20, to estimate "
        "haplotype frequencies from; name a set of frequencies"
    ]
    assert found.prediction is None
    with pytest.raises(hla_match.CriteriaError, match="expected frequencies beside it"):
        hla_match.search(registry, PATIENT, CRITERIA, policy="probability-first")


def test_a_scope_with_the_locus_apart_has_probabilities(registry: Path) -> None:
    criteria = hla_match.SearchCriteria(scope="A,B,DPB1", max_mismatches=6)
    found = hla_match.search(registry, f"{PATIENT}^DPB1*02:01+DPB1*05:01", criteria).to_polars()
    assert found.height == N_DONORS
    assert found["p0"].null_count() == 0


def test_a_matcher_of_a_folder_has_them(registry: Path) -> None:
    patient = hla_match.Patient.from_gl_string("patient", PATIENT)
    for options in ({}, {"frequencies": "none"}, {"frequencies": {"A*02:01~B*40:01": 0.5, "A*24:02~B*46:01": 0.5}}):
        matcher = hla_match.open_matcher(registry, scope="A,B", **options)
        wanted = hla_match.search(registry, PATIENT, CRITERIA, policy="plain", **options).to_polars()
        assert matcher.search(patient, CRITERIA, policy="plain").to_polars().equals(wanted)
        assert ("p0" in wanted.columns) == (options != {"frequencies": "none"})


def test_a_batch_names_them(registry: Path) -> None:
    report = hla_match.batch(registry, "patients.csv", "out.csv", CRITERIA)
    opened = registry_io.open_registry(registry)
    own = kept_own_frequencies(registry, opened, own_frequencies.ALGORITHM_VERSION)
    assert own is not None
    assert report.frequencies == f"{own.name}, SHA-256 {own.checksum[:12]}..."
    manifest = json.loads(manifest_path(Path("out.csv")).read_bytes())
    named = manifest["frequencies"]["own"]
    assert (named["name"], named["sha256"], named["loci"], named["apart"]) == (
        own.name,
        own.checksum,
        ["A", "B"],
        ["DPB1"],
    )
    rows = pl.read_csv("out.csv")
    one = hla_match.search(registry, PATIENT, CRITERIA).to_polars()
    assert rows.filter(pl.col("patient_id") == "P1")["donor_id"].to_list() == one["donor_id"].to_list()
    hla_match.batch(registry, "patients.csv", "none.csv", CRITERIA, frequencies="none")
    assert "p0" not in pl.read_csv("none.csv").columns


def test_other_processes_open_the_same(registry: Path) -> None:
    """What a worker opens is small, and gives what this process would."""
    request = SearchRequest(criteria=CRITERIA)
    searched = SearchedRegistry.open(registry, request, Notices()).ready()
    source = pickle.loads(pickle.dumps(searched.source()))
    assert len(pickle.dumps(source)) < 2000
    patient = hla_match.Patient.from_gl_string("P", PATIENT)
    found, wanted = (one.search(patient, CRITERIA).to_polars() for one in (source(), searched.matcher(workers=1)))
    assert found.equals(wanted)


def test_the_past_has_them_too(registry: Path) -> None:
    before = hla_match.search(registry, PATIENT, CRITERIA).to_polars()
    registry_io.add_donor(registry, "D60", {"A": "02:01,24:02", "B": "46:01,40:01"})
    now = hla_match.search(registry, PATIENT, CRITERIA).to_polars()
    past = hla_match.search(registry, PATIENT, CRITERIA, at=1).to_polars()
    assert now.height == before.height + 1
    assert past.equals(before)
    assert now["frequency_set"].unique().to_list() == before["frequency_set"].unique().to_list()


def test_those_of_a_transaction_can_be_named(registry: Path) -> None:
    """A result is repeated whatever became of the registry and of what it keeps."""
    first = hla_match.search(registry, PATIENT, CRITERIA).to_polars()
    for number in range(60, 63):
        registry_io.add_donor(registry, f"D{number}", {"A": "02:01,24:02", "B": "46:01,40:01"})
        later = hla_match.search(registry, PATIENT, CRITERIA).to_polars()
    assert later["frequency_set"].unique().to_list() == ["own, transaction 4"]
    for _ in range(2):
        past = hla_match.search(registry, PATIENT, CRITERIA, at=1, frequencies="own@1").to_polars()
        assert past.equals(first)
        now = hla_match.search(registry, PATIENT, CRITERIA, frequencies="OWN@1").to_polars()
        assert now["frequency_set"].unique().to_list() == ["own, transaction 1"]
        for kept in registry.glob("snapshot-*/own-frequencies"):
            shutil.rmtree(kept)
    with pytest.raises(hla_match.RegistryError, match="no transaction 9"):
        hla_match.search(registry, PATIENT, CRITERIA, frequencies="own@9")
    with pytest.raises(hla_match.CriteriaError, match="frequencies beside it"):
        hla_match.search(registry, PATIENT, CRITERIA, frequencies="own@1", global_frequencies="han")


@pytest.mark.parametrize("named", ["own@", "own@0", "own@01", "own@-1", "own@\uff11", "own@2026-01-31", "OWN@x"])
def test_own_frequencies_are_of_a_number_of_a_transaction(registry: Path, named: str) -> None:
    with pytest.raises(hla_match.CriteriaError, match=r"^frequencies: found .* expected own@ and the number of a"):
        hla_match.search(registry, PATIENT, CRITERIA, frequencies=named)


def test_a_file_may_be_called_like_own_frequencies(
    registry: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own@han").write_text("haplotype,frequency\nA*02:01~B*40:01,1\n", encoding="utf-8")
    found = hla_match.search(registry.resolve(), PATIENT, CRITERIA, frequencies="own@han").to_polars()
    assert found["frequency_set"].unique().to_list() == ["own@han"]


def test_commands_announce_the_estimation_and_show_the_set(registry: Path) -> None:
    def run(*arguments: str) -> tuple[str, str]:
        done = CliRunner().invoke(group, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done.stdout, done.stderr

    search = ("search", "registry", "--hla", PATIENT, "--scope", "A,B", "--max-mismatches", "2")
    out, err = run(*search)
    assert "Estimating haplotype frequencies from the typings of 60 donors" in err
    assert "estimate: iteration 1, " in err
    assert "by the haplotype frequencies: own, transaction 1" in out
    assert run(*search) == (out, "")
    out, err = run(*search, "--frequencies", "none")
    assert err == ""
    assert "P0" not in out
    out, err = run("registry", "info", "registry")
    assert "\n  haplotype frequencies: own, transaction 1, from 60 donors: A, B, and DPB1 by itself\n" in out
    out, err = run("batch", "registry", "patients.csv", "--out", "m.csv", "--scope", "A,B")
    assert "  frequencies: own, transaction 1, SHA-256 " in out
