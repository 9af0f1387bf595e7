"""Patients and persons in frames: read, searched for and imputed as from a file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import hla_match
import registry_io
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.services.batch import batch
from hla_match.services.imputed_file import impute

FRAME = pl.DataFrame({"patient_id": ["P1", "P2"], "A_1": ["02:01", "99:99"], "A_2": ["24:02", "24:02"]})
SHARES = {"A*02:01": 0.3, "A*24:02": 0.2}
CRITERIA = hla_match.SearchCriteria(scope="A")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames") / "registry"
    registry_io.import_donors(folder, pl.DataFrame({"donor_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]}), "builtin")
    return folder


@pytest.mark.parametrize("convert", [pl.DataFrame, pl.DataFrame.lazy, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow])
def test_patients_are_read_from_frames_of_each_package(convert: object) -> None:
    assert callable(convert)
    read = registry_io.read_patients(convert(FRAME))
    assert [(row, patient.patient_id) for row, patient in read.patients] == [(2, "P1"), (3, "P2")]
    assert read.checksum == registry_io.read_patients(FRAME).checksum


def test_a_batch_of_a_frame_finds_what_that_of_a_file_does(registry: Path, tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "patients.csv")
    found = []
    for name, patients in (("file", tmp_path / "patients.csv"), ("frame", FRAME)):
        report = batch(registry, patients, tmp_path / f"{name}.csv", CRITERIA)
        assert (report.n_patients, report.n_failed) == (2, 1)
        found.append((report.out.read_bytes(), report.statuses.read_bytes()))
    assert found[0] == found[1]
    named = json.loads((tmp_path / "frame.csv.manifest.json").read_text(encoding="utf-8"))["patients"]["file"]
    assert named == "frame of patients"


def test_persons_of_a_frame_are_imputed(registry: Path, tmp_path: Path) -> None:
    report = impute(registry, FRAME, tmp_path / "imputed.csv", frequencies=SHARES)
    assert (report.n_persons, report.n_failed) == (1, 1)
    assert pl.read_csv(report.out)["patient_id"].unique().to_list() == ["P1"]


def test_what_is_neither_file_nor_frame_is_refused(registry: Path, tmp_path: Path) -> None:
    for call in (
        lambda: registry_io.read_patients(3),  # type: ignore[arg-type]
        lambda: batch(registry, None, tmp_path / "out.csv"),  # type: ignore[arg-type]
        lambda: impute(registry, [1], tmp_path / "out.csv", frequencies=SHARES),  # type: ignore[arg-type]
    ):
        with pytest.raises(CriteriaError, match="expected a file, or a frame of polars, pandas or pyarrow") as refused:
            call()
        assert refused.value.code == ErrorCode.CRITERIA_TYPE
