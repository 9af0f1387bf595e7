"""A source opens what it names in any process, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime
import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import registry_io
from hla_match.errors import CriteriaError, FileError, HlaMatchError, RegistryError
from hla_match.nomenclature.release import Nomenclature
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import FrequencyStore
from registry_io.store.registry_store import open_registry
from registry_io.store.worker_registry import registry_source

FREQUENCIES = "haplotype,frequency\nA*02:01~B*40:01,0.5\nA*24:02~B*46:01,0.5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2,B_1,B_2\nD1,02:01,24:02,40:01,46:01\n", encoding="utf-8")
    (tmp_path / "han.csv").write_text(FREQUENCIES, encoding="utf-8")
    import_donors(
        tmp_path / "registry", tmp_path / "donors.csv", Nomenclature.builtin(), today=datetime.date(2026, 1, 1)
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_travels_by_whole_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FrequencyStore(folder / "home").install(folder / "han.csv", "world")
    source = registry_io.registry_source("registry", "han.csv", "world", home=Path("home"))
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert hash(again) == hash(source)
    assert len(pickle.dumps(source)) < 2000
    monkeypatch.chdir("/")
    matcher = again()
    assert matcher.registry.n_donors == 1
    assert matcher.imputed is not None
    assert matcher.imputed.panels.name == "han.csv"
    assert registry_io.registry_source(folder / "registry")().imputed is None


def test_other_frequencies_are_refused(folder: Path) -> None:
    source = registry_io.registry_source("registry", "han.csv", home=folder)
    (folder / "han.csv").write_text(FREQUENCIES.replace("0.5", "0.4"), encoding="utf-8")
    with pytest.raises(FileError, match="as when the batch began"):
        source()


def test_every_worker_builds_a_past_registry_from_the_record(folder: Path) -> None:
    for donor in ("D2", "D3"):
        registry_io.add_donor("registry", donor, {"A": "02:01,24:02"})
    source = pickle.loads(pickle.dumps(registry_io.registry_source("registry", "han.csv", at=1)))
    matcher = source()
    assert (matcher.registry.n_donors, matcher.registry.snapshot) == (1, "")
    assert matcher.imputed is not None


def test_a_version_that_is_gone_is_refused(folder: Path) -> None:
    source = registry_io.registry_source("registry")
    with pytest.raises(RegistryError, match="removed since"):
        dataclasses.replace(source, snapshot="snapshot-0")()


def test_it_opens_the_version_that_it_names(folder: Path) -> None:
    source = registry_io.registry_source("registry")
    before = open_registry("registry")
    donors = pl.DataFrame({"donor_id": ["D9"], "A_1": ["11:01"], "A_2": ["24:02"]})
    import_donors("registry", donors, Nomenclature.builtin(), today=datetime.date(2026, 1, 2), update=True)
    assert open_registry("registry").snapshot != before.snapshot
    assert source().registry.snapshot == before.snapshot


def test_another_version_of_the_program_is_refused(folder: Path) -> None:
    source = registry_io.registry_source("registry")
    with pytest.raises(HlaMatchError, match=r"expected 0\.0, .*install the same version everywhere"):
        dataclasses.replace(source, program_version="0.0")()


def test_what_is_not_there_is_said_at_once(folder: Path) -> None:
    with pytest.raises(RegistryError):
        registry_io.registry_source("none")
    with pytest.raises(FileError):
        registry_io.registry_source("registry", "none", home=folder)


@pytest.mark.parametrize("wrong", [{"A*02:01": 0.3}, 7])
def test_frequencies_that_are_coded_for_no_registry_are_refused(folder: Path, wrong: Any) -> None:
    with pytest.raises(CriteriaError, match=r"or what registry_io\.open_frequencies gives"):
        registry_source(folder, wrong)
