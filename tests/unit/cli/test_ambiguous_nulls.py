"""The choice about null alleles in ambiguity: asked for by options, named by everything that it decides."""

import json
from pathlib import Path

import polars as pl
import pytest

from hla_match import Matcher, Patient, SearchCriteria
from hla_match.cli.commands import group
from hla_match.errors import RegistryError
from hla_match.reporting.search_page import search_page
from registry_io.store.registry_store import open_registry

DONORS = """\
donor_id,A_1,A_2
D1,24:02/24:09N,01:01
D2,24:02,01:01
D3,01:01,01:01
D4,24:02+01:01|24:09N+01:01,
D5,24:02,24:02
"""
PATIENTS = "patient_id,A_1,A_2\nP1,24:02/24:09N,01:01\nP2,24:02,01:01\n"
PAIR = "24:02+01:01|24:09N+01:01"


def run(*arguments: object) -> None:
    group([str(one) for one in arguments], standalone_mode=False)


def imported(folder: Path, *options: str) -> Path:
    """A registry of the donors above, imported by the command."""
    (folder / "donors.csv").write_text(DONORS, encoding="utf-8")
    run("registry", "import", folder / "r", folder / "donors.csv", "--nomenclature", "builtin", *options)
    return folder / "r"


def searched(registry: Path, *options: str) -> dict[tuple[str, str], tuple[int, int]]:
    """The best and worst matches of each pair, by the command."""
    (registry.parent / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    out = registry.parent / "found.csv"
    run(
        "batch",
        registry,
        registry.parent / "patients.csv",
        "--overwrite",
        "--out",
        out,
        "--scope",
        "A",
        "--max-mismatches",
        2,
        *options,
    )
    rows = pl.read_csv(out).select("patient_id", "donor_id", "matches_best", "matches_worst").rows()
    return {(patient, donor): (best, worst) for patient, donor, best, worst in rows}


@pytest.mark.parametrize(("options", "mode"), [((), "drop"), (("--ambiguous-nulls", "keep"), "keep")])
def test_the_choice_at_import_holds_for_donors_and_patients(tmp_path: Path, options, mode: str) -> None:
    registry = imported(tmp_path, *options)
    found = searched(registry)
    worst = 2 if mode == "drop" else 1
    assert found["P2", "D1"] == (2, worst)
    assert found["P1", "D2"] == (2, worst)
    assert found["P1", "D3"] == (1 if mode == "drop" else 2, 1)
    # Whole genotypes keep their null alleles in both modes.
    assert found["P2", "D4"] == (2, 1)
    manifest = json.loads((tmp_path / "found.csv.manifest.json").read_text(encoding="utf-8"))
    assert manifest["ambiguous_nulls"] == {"patients": mode, "donors": mode}
    assert manifest["registry"]["provenance"]["ambiguous_nulls"] == mode


@pytest.mark.parametrize("mode", ["drop", "keep"])
def test_a_search_may_read_its_patient_otherwise(tmp_path: Path, mode: str) -> None:
    registry = imported(tmp_path, "--ambiguous-nulls", mode)
    other = {"drop": "keep", "keep": "drop"}[mode]
    found = searched(registry, "--ambiguous-nulls", other)
    assert found["P2", "D1"] == (2, 2 if mode == "drop" else 1)
    assert found["P1", "D2"] == (2, 2 if other == "drop" else 1)
    manifest = json.loads((tmp_path / "found.csv.manifest.json").read_text(encoding="utf-8"))
    assert manifest["ambiguous_nulls"] == {"patients": other, "donors": mode}


@pytest.mark.parametrize("mode", ["drop", "keep"])
def test_everything_names_the_choice(tmp_path: Path, capsys, mode: str) -> None:
    registry = imported(tmp_path, "--ambiguous-nulls", mode)
    capsys.readouterr()
    run("registry", "info", registry)
    assert f"ambiguous_nulls: {mode}" in capsys.readouterr().out
    run("search", registry, "--hla", "A*24:02+A*01:01", "--scope", "A")
    assert f"null rule: consensus; ambiguous nulls: {mode} (patient and donors)" in capsys.readouterr().out
    run(
        "search",
        registry,
        "--hla",
        "A*24:02+A*01:01",
        "--scope",
        "A",
        "--ambiguous-nulls",
        "keep",
        "--null-rule",
        "strict",
    )
    patient = "keep (patient), drop (donors)" if mode == "drop" else "keep (patient and donors)"
    line = f"null rule: strict; ambiguous nulls: {patient}"
    assert line in capsys.readouterr().out
    opened = open_registry(registry)
    assert opened.ambiguous_nulls == mode
    criteria = SearchCriteria(scope="A", ambiguous_nulls="keep", null_rule="strict")
    found = Matcher(opened).search(Patient(typings={"A": ("24:02", "01:01")}), criteria)
    assert found.ambiguous_nulls == "keep"
    assert line in search_page("Page", opened, [found])
    assert line in found._repr_html_()


def test_what_is_dropped_is_said_at_import_and_of_the_patient(tmp_path: Path, capsys) -> None:
    registry = imported(tmp_path)
    said = "null alleles named beside expressed ones in a list or code were left out"
    assert f"1 donor: {said}" in capsys.readouterr().out
    run("search", registry, "--hla", "A*24:02/A*24:09N+A*01:01", "--scope", "A")
    assert f"note: A: {said}" in capsys.readouterr().out
    run("search", registry, "--hla", "A*24:02/A*24:09N+A*01:01", "--scope", "A", "--ambiguous-nulls", "keep")
    assert said not in capsys.readouterr().out


def test_an_unknown_choice_in_a_manifest_is_refused(tmp_path: Path) -> None:
    registry = imported(tmp_path)
    manifest = next(registry.glob("snapshot-*")) / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    assert '"ambiguous_nulls": "drop"' in text
    manifest.write_text(text.replace('"ambiguous_nulls": "drop"', '"ambiguous_nulls": "some"'), encoding="utf-8")
    with pytest.raises(RegistryError):
        open_registry(registry)
