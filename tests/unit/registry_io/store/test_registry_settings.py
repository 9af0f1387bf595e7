"""The settings of a registry: kept in its folder, said in every list, and donors beyond them marked."""

from __future__ import annotations

import datetime
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import registry_io.store.registry_settings as registry_settings_module
from hla_match import RegistrySettings, search
from hla_match.cli.main import group
from hla_match.errors import CriteriaError, RegistryError
from hla_match.matching.criteria import SearchCriteria
from registry_io import import_donors, open_registry, registry_settings, registry_source, set_registry_settings
from registry_io.store.registry_folder import SETTINGS, check_folder
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_settings import change_registry_settings

BORN = {"D1": "2009-06-01", "D2": "2000-01-01", "D3": "1971-01-01", "D4": "1970-01-01", "D5": ""}
AS_OF = datetime.date(2026, 1, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"{name},{born},02:01,24:02" for name, born in BORN.items()]
    (tmp_path / "donors.csv").write_text("\n".join(["donor_id,birth_date,A_1,A_2", *lines]), encoding="utf-8")
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


def searched(folder: Path) -> Any:
    return search(folder, "A*02:01+A*24:02", SearchCriteria(scope="A", as_of=AS_OF), frequencies="none")


def test_nothing_is_set_at_first(folder: Path) -> None:
    assert registry_settings(folder) == open_registry(folder).settings == RegistrySettings()
    found = searched(folder)
    assert found.notices == ()
    assert found.to_polars()["age_limit"].to_list() == [None] * 5


def test_donors_beyond_the_ages_are_marked_in_every_list(folder: Path) -> None:
    set_registry_settings(folder, RegistrySettings(min_age=18, max_age=55))
    found = searched(folder)
    limits = dict(found.to_polars().select("donor_id", "age_limit").iter_rows())
    assert limits == {"D1": "below 18", "D2": None, "D3": None, "D4": "above 55", "D5": None}
    notice = "the registry has set that donors donate from 18 to 55 years of age; 2 of 5 donors here beyond that"
    assert found.notices == (f"{notice}, marked with ! at the age",)
    ages = dict(found.summary().select("donor", "age").iter_rows())
    assert ages == {"D1": "16!", "D2": "26", "D3": "55", "D4": "56!", "D5": ""}
    for page in (repr(found), found._repr_html_()):
        assert notice in page
    # Workers mark what was set where the batch began.
    source = registry_source(folder)
    set_registry_settings(folder, RegistrySettings())
    assert source().registry.settings == RegistrySettings(18, 55)
    assert searched(folder).notices == ()


def test_settings_are_kept_and_part_of_the_registry(folder: Path) -> None:
    set_registry_settings(folder, RegistrySettings(max_age=55))
    assert stat.S_IMODE((folder / SETTINGS).stat().st_mode) == 0o600
    check_folder(folder)
    prove_registry(folder)
    assert open_registry(folder, at=1).settings == RegistrySettings(max_age=55)
    import_donors(folder, folder.parent / "donors.csv", update=True)
    assert open_registry(folder).settings == RegistrySettings(max_age=55)


def test_a_change_leaves_what_another_process_set_before_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = registry_settings_module.writing_registry

    @contextmanager
    def late(place: Path) -> Iterator[None]:
        monkeypatch.setattr(registry_settings_module, "writing_registry", taken)
        set_registry_settings(place, RegistrySettings(min_age=18))
        with taken(place):
            yield

    monkeypatch.setattr(registry_settings_module, "writing_registry", late)
    assert change_registry_settings(folder, {"max_age": 55}) == RegistrySettings(18, 55)
    assert change_registry_settings(folder, {"min_age": None}) == RegistrySettings(max_age=55)
    assert registry_settings(folder) == RegistrySettings(max_age=55)
    with pytest.raises(CriteriaError, match="setting: found 'age'"):
        change_registry_settings(folder, {"age": None})


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-5],
        lambda data: data.replace(b"55", b"54"),
        lambda data: b"",
        lambda data: b"[1]",
        lambda data: data.replace(b'"format": 1', b'"format": 2'),
        lambda data: b"\xff" + data,
        lambda data: b"[" * 9_000,
    ],
)
def test_changed_settings_are_refused(folder: Path, change: Any) -> None:
    set_registry_settings(folder, RegistrySettings(max_age=55))
    (folder / SETTINGS).write_bytes(change((folder / SETTINGS).read_bytes()))
    with pytest.raises(RegistryError, match="found a damaged file, expected the settings of the registry"):
        open_registry(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_age": -1}, "min_age: found -1, expected completed years from 0 to 120"),
        ({"max_age": True}, "max_age: found True"),
        ({"min_age": 40, "max_age": 30}, "min_age: found 40, expected at most 30, the max_age"),
        ({"age": 40}, "setting: found 'age', expected one of min_age, max_age"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(CriteriaError, match=message):
        RegistrySettings.from_dict(values)


def test_ages_at_the_limits_are_within() -> None:
    age = np.array([-1, 0, 17, 18, 55, 56], np.int32)
    assert RegistrySettings(18, 55).beyond(age).tolist() == [0, -1, -1, 0, 0, 1]
    assert not RegistrySettings().beyond(age).any()


def test_the_command_shows_and_changes_settings(folder: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(group, ("registry", "settings", str(folder), *arguments))

    assert run().stdout == "nothing is set\n"
    assert run("--set", "min-age=18", "--set", "max_age=55").stdout.splitlines() == [
        "min-age=18", "max-age=55", "donors donate from 18 to 55 years of age",
    ]  # fmt: skip
    assert run("--unset", "min-age").stdout.splitlines()[-1] == "donors donate up to 55 years of age"
    assert registry_settings(folder) == RegistrySettings(max_age=55)
    assert "expected one of min_age, max_age" in str(run("--unset", "height").exception)
    assert "expected NAME=VALUE with a whole number" in run("--set", "min-age=old").output
    shown = CliRunner().invoke(group, ("registry", "info", str(folder))).stdout
    assert "donors donate up to 55 years of age" in shown


def test_a_batch_says_what_is_set(folder: Path) -> None:
    set_registry_settings(folder, RegistrySettings(max_age=55))
    (folder.parent / "patients.csv").write_text("patient_id,A_1,A_2\nP1,02:01,24:02\n", encoding="utf-8")
    out = folder.parent / "m.csv"
    arguments = ("batch", str(folder), str(folder.parent / "patients.csv"), "--out", str(out), "--scope", "A")
    done = CliRunner().invoke(group, (*arguments, "--as-of", "2026-01-01", "--frequencies", "none"))
    assert done.exit_code == 0, done.output
    limits = dict(pl.read_csv(out).select("donor_id", "age_limit").iter_rows())
    assert {name for name, limit in limits.items() if limit == "above 55"} == {"D4"}
    (manifest,) = folder.parent.glob("m*.manifest.json")
    assert json.loads(manifest.read_text(encoding="utf-8"))["settings"] == {"max_age": 55}


def test_a_folder_without_a_registry_has_no_settings(folder: Path) -> None:
    with pytest.raises(RegistryError):
        set_registry_settings(folder / "none", RegistrySettings(max_age=55))
