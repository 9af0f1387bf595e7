"""The shared registry under the real release: every row accounted for, and no true match missed."""

import datetime

import polars as pl
import pytest

from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.matcher import Matcher
from hla_match.nomenclature.release import Nomenclature
from registry_io.donor_import import import_donors
from registry_io.imgt_release import read_release
from registry_io.mac_file import read_codes
from registry_io.patient_file import read_patients
from registry_io.store import open_registry, verify_registry

SCOPE = ("A", "B", "C", "DRB1", "DQB1")


@pytest.fixture(scope="module")
def registry(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "zj"
    data = shared_data / "data" / "registry_103k"
    report = import_donors(
        folder,
        data / "donors.csv.gz",
        Nomenclature(read_release(shared_data / "imgt" / "3.58.0")),
        today=datetime.date(2026, 11, 1),
        codes=read_codes(data / "mac.txt"),
    )
    assert report.n_imported + report.n_quarantined == report.n_rows == 103_000
    assert report.n_quarantined == 0
    assert all(sound for _, sound in verify_registry(folder))
    return open_registry(folder)


def true_genotypes(frame: pl.DataFrame, nomenclature: Nomenclature) -> list[tuple[tuple[int, ...], ...]]:
    group = {
        (locus, name): nomenclature.expand(locus, name).p_codes[0]
        for locus in SCOPE
        for side in (1, 2)
        for name in frame[f"{locus}_{side}"].unique()
    }
    return [
        tuple(tuple(sorted((group[locus, row[f"{locus}_1"]], group[locus, row[f"{locus}_2"]]))) for locus in SCOPE)
        for row in frame.iter_rows(named=True)
    ]


def test_every_true_match_is_a_potential_match(registry, shared_data):
    data = shared_data / "data" / "registry_103k"
    truth = pl.read_csv(data / "donors.truth.csv.gz", infer_schema=False)
    patient_truth = pl.read_csv(data / "patients.truth.csv", infer_schema=False)
    available = set(registry.attributes.filter(pl.col("status") == "AV")["donor_id"])
    matching: dict[tuple[tuple[int, ...], ...], set[str]] = {}
    for donor_id, genotype in zip(truth["donor_id"], true_genotypes(truth, registry.nomenclature), strict=True):
        if donor_id in available:
            matching.setdefault(genotype, set()).add(donor_id)
    wanted = dict(zip(patient_truth["patient_id"], true_genotypes(patient_truth, registry.nomenclature), strict=True))
    matcher = Matcher(registry)
    compared = 0
    for _, patient in read_patients(data / "patients.csv").patients:
        truly = matching.get(wanted[patient.patient_id], set())
        found = set(matcher.search(patient, SearchCriteria(max_mismatches=0)).to_polars()["donor_id"])
        assert truly <= found
        compared += len(truly)
    assert compared > 100
