"""Files that are written: never those that are read, nor in the registry's folder, nor twice."""

from __future__ import annotations

from pathlib import Path

import pytest

import hla_match
import registry_io
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.services.outputs import refuse_overwriting


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["registry/own.csv"], "a place outside the registry's folder"),
        (["own.csv", "own.csv"], "another name for each file"),
        (["own.csv", "link.csv"], "another name: link.csv is a file that is read"),
    ],
)
def test_a_place_that_costs_something_is_refused(names: list[str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "read.csv").touch()
    (tmp_path / "link.csv").hardlink_to(tmp_path / "read.csv")
    inputs = [tmp_path / "read.csv", tmp_path / "missing.csv"]
    refuse_overwriting([tmp_path / "own.csv", tmp_path / "missing.csv"], tmp_path / "registry", inputs)
    with pytest.raises(CriteriaError, match=f"expected {expected}") as refused:
        refuse_overwriting([tmp_path / name for name in names], tmp_path / "registry", inputs)
    assert refused.value.code == ErrorCode.CRITERIA_OUTPUT


def test_an_estimate_leaves_the_frequencies_that_it_starts_from(tmp_path: Path) -> None:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nD1,01:01,01:01\nD2,01:01,02:01\n")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    (tmp_path / "own.csv").write_text("A,frequency\n01:01,0.5\n02:01,0.5\n")
    with pytest.raises(CriteriaError, match=r"own\.csv is a file that is read"):
        hla_match.estimate(tmp_path / "registry", tmp_path / "own.csv", loci="A", start=tmp_path / "own.csv")
    assert (tmp_path / "own.csv").read_text() == "A,frequency\n01:01,0.5\n02:01,0.5\n"
