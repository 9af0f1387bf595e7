"""The log of searches: appended to by whoever searches, proved by its chain, and without a donor or a typing."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import registry_io
from hla_match.cli.main import group
from hla_match.errors import FileError, RegistryError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.services.batch import batch
from hla_match.services.search import search
from hla_match.services.search_logging import typing_text
from registry_io.disk.writer_lock import user_name
from registry_io.store.registry_folder import SEARCH_LOG
from registry_io.store.search_log import log_search, logged_searches, search_log_faults

REQUEST = {"program": "hla-match 1", "snapshot": "snapshot-1", "command": "search", "request": "{}"}
TYPING = "A*02:01+A*24:02"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nZJ-SECRET,02:01,24:02\n", encoding="utf-8")
    registry_io.import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin")
    return tmp_path / "registry"


def test_a_search_is_logged_where_somebody_is_named(registry: Path) -> None:
    criteria = SearchCriteria(scope="A")
    search(registry, TYPING, criteria)
    assert logged_searches(registry) == []
    search(registry, TYPING, criteria, actor="li")
    search(registry, "A*11:01+A*24:02", criteria, actor="wang")
    assert [entry.actor for entry in logged_searches(registry)] == ["li", "wang"]
    found = logged_searches(registry, typing_text(Patient.from_gl_string("patient", "A*24:02+A*02:01")))
    assert [(entry.actor, entry.command) for entry in found] == [("li", "search")]
    assert found[0].snapshot == registry_io.open_registry(registry).snapshot
    assert json.loads(found[0].request)["criteria"]["scope"] == "A"
    assert not list(search_log_faults(registry))


def test_the_log_holds_no_donor_and_no_typing(registry: Path) -> None:
    search(registry, TYPING, SearchCriteria(scope="A", without_donors={"ZJ-SECRET"}), actor="li")
    content = (registry / SEARCH_LOG).read_bytes()
    assert b"ZJ-SECRET" not in content
    assert b"02:01" not in content
    assert stat.S_IMODE((registry / SEARCH_LOG).stat().st_mode) == 0o600


def test_a_batch_is_logged_by_its_file(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,A_1,A_2\nP-SECRET,02:01,24:02\n", encoding="utf-8")
    batch(registry, tmp_path / "patients.csv", tmp_path / "out.csv", SearchCriteria(scope="A"), actor="li")
    (entry,) = logged_searches(registry)
    assert entry.command == "batch"
    assert json.loads(entry.patients)["file"] == "patients.csv"
    assert b"P-SECRET" not in (registry / SEARCH_LOG).read_bytes()


def test_searches_at_once_make_one_chain(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log_search(tmp_path, actor=f"user {number}", typing=TYPING, **REQUEST), range(40)))
    assert len(logged_searches(tmp_path, TYPING)) == 40
    assert not list(search_log_faults(tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE search SET actor = 'nobody' WHERE id = 2",
        "DELETE FROM search WHERE id = 1",
        "DELETE FROM search WHERE id = 2",
        "UPDATE search SET id = 9 WHERE id = 3",
        "UPDATE meta SET value = 'other'",
    ],
)
def test_what_was_changed_is_found(tmp_path: Path, change: str) -> None:
    for actor in ("li", "wang", "zhao"):
        log_search(tmp_path, actor=actor, typing=TYPING, **REQUEST)
    with closing(sqlite3.connect(tmp_path / SEARCH_LOG)) as connection, connection:
        connection.execute(change)
    assert list(search_log_faults(tmp_path))


def test_a_damaged_log_is_said_and_keeps_nobody_from_a_search(registry: Path) -> None:
    (registry / SEARCH_LOG).write_bytes(b"no database, but long enough to be looked at" * 40)
    said: list[str] = []
    found = search(registry, TYPING, SearchCriteria(scope="A"), actor="li", on_notice=lambda one: said.append(str(one)))
    assert len(found) == 1
    assert said == [
        "searches.sqlite: this search is not in the registry's log: a damaged file (file is not a database)"
    ]
    with pytest.raises(RegistryError, match="damaged"):
        logged_searches(registry)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write anywhere")
def test_a_folder_that_cannot_be_written_to_is_said(registry: Path) -> None:
    registry.chmod(0o500)
    said: list[str] = []
    found = search(registry, TYPING, SearchCriteria(scope="A"), actor="li", on_notice=lambda one: said.append(str(one)))
    registry.chmod(0o700)
    assert len(found) == 1
    assert any("not in the registry's log" in text for text in said)


def test_a_log_that_cannot_be_made_is_said(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_options: object) -> None:
        raise FileError("registry", found="a read-only file system", expected="a folder that can be written to")

    monkeypatch.setattr("hla_match.services.search_logging.log_search", refused)
    said: list[str] = []
    search(registry, TYPING, SearchCriteria(scope="A"), actor="li", on_notice=lambda one: said.append(str(one)))
    assert said == ["searches.sqlite: this search is not in the registry's log: a read-only file system"]


def test_commands_log_list_and_prove(registry: Path) -> None:
    runner = CliRunner()
    typing = ["--hla", TYPING]
    assert runner.invoke(group, ["search", str(registry), *typing, "--scope", "A"]).exit_code == 0
    listed = runner.invoke(group, ["registry", "searches", str(registry), *typing])
    assert listed.exit_code == 0
    assert user_name() in listed.output
    assert listed.output.endswith("1 search\n")
    assert runner.invoke(group, ["registry", "searches", str(registry), "--hla", "A*11:01"]).output == "0 searches\n"
    assert runner.invoke(group, ["registry", "verify", str(registry)]).exit_code == 0
    with closing(sqlite3.connect(registry / SEARCH_LOG)) as connection, connection:
        connection.execute("UPDATE search SET actor = 'nobody'")
    proved = runner.invoke(group, ["registry", "verify", str(registry)])
    assert isinstance(proved.exception, RegistryError)
    assert "another content than was written" in str(proved.exception)
