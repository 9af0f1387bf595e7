"""Options of one patient, which a file of patients has columns for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hla_match.cli.main import group
from hla_match.errors import CriteriaError


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("report", "registry", "--out", "reports"), ("--patient-cmv", "P")),
        (("case", "open", "registry"), ("--patient-cmv", "P")),
        (("case", "open", "registry"), ("--patient-id", "P1")),
    ],
)
def test_what_is_of_one_patient_is_refused_beside_a_file(tmp_path, monkeypatch, command, option) -> None:
    monkeypatch.chdir(tmp_path)
    Path("patients.csv").write_text("patient_id,gl_string\nP1,A*02:01+A*24:02\n", encoding="utf-8")
    Path("registry").mkdir()
    told = CliRunner().invoke(group, (*command, "--patients", "patients.csv", *option))
    assert isinstance(told.exception, CriteriaError)
    found = f"patients: found {option[0]} for all patients of a file"
    assert str(told.exception) == f"{found}, expected columns of the file, or one patient"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patients.csv", "registry"]
