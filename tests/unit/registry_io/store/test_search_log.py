"""The log of searches: appended to by whoever searches, proved by its chain, and without a donor or a typing."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

import registry_io
from hla_match.cli.main import group
from hla_match.errors import FileError, RegistryError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.match_list import MatchList
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


def heard(registry: Path, said: list[str]) -> MatchList:
    """Search without frequencies, and gather what is said on the way."""
    return search(
        registry,
        TYPING,
        SearchCriteria(scope="A"),
        frequencies="none",
        actor="li",
        on_notice=lambda one: said.append(str(one)),
    )


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


def written(folder: Path) -> bytes:
    """Three searches, and their log."""
    for actor in ("li", "wang", "zhao"):
        log_search(folder, actor=actor, typing=TYPING, **REQUEST)
    return (folder / SEARCH_LOG).read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0], lines[1], lines[2].replace(b"wang", b"chen"), lines[3]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [*lines[:2], lines[3]],
        lambda lines: [*lines[:3], lines[3].replace(b'"number": 3', b'"number": 9')],
        lambda lines: [lines[0].replace(b'"salt": "', b'"salt": "0'), *lines[1:]],
        lambda lines: [*lines[:3], b"[" * 100_000 + b"\n"],
        lambda lines: lines[1:],
    ],
)
def test_what_was_changed_is_found(tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    lines = written(tmp_path).splitlines(keepends=True)
    (tmp_path / SEARCH_LOG).write_bytes(b"".join(change(lines)))
    assert list(search_log_faults(tmp_path))
    with pytest.raises(RegistryError, match="damaged"):
        logged_searches(tmp_path)


@pytest.mark.parametrize("at", range(4))
def test_nothing_is_appended_to_lines_that_are_none_of_a_log(tmp_path: Path, at: int) -> None:
    lines = written(tmp_path).splitlines(keepends=True)
    (tmp_path / SEARCH_LOG).write_bytes(
        [
            b"".join(lines[1:]),
            b"".join([*lines[:3], lines[0]]),
            b"".join([*lines[:3], b'{"number": "3", "hash": ""}\n']),
            b'{"salt": 1}\n',
        ][at]
    )
    with pytest.raises(RegistryError, match="a line that is none of a log"):
        log_search(tmp_path, actor="sun", typing=TYPING, **REQUEST)


def test_a_changed_byte_is_found_wherever_it_lies(tmp_path: Path) -> None:
    content = written(tmp_path)
    for at in range(len(content)):
        for flip in (1 << at % 8, 0xFF, content[at] ^ ord("\n")):
            changed = content[:at] + bytes([content[at] ^ (flip or 1)]) + content[at + 1 :]
            (tmp_path / SEARCH_LOG).write_bytes(changed)
            assert list(search_log_faults(tmp_path)), (at, flip)


def test_what_a_killed_writer_left_is_cut_off(tmp_path: Path) -> None:
    content = written(tmp_path)
    first, last = content.index(b"\n") + 1, content.rindex(b"\n", 0, -1) + 1
    for at in (*range(first), *range(last, len(content))):
        (tmp_path / SEARCH_LOG).write_bytes(content[:at])
        n_left = 2 if at >= last else 0
        assert (len(logged_searches(tmp_path)), list(search_log_faults(tmp_path))) == (n_left, [])
        log_search(tmp_path, actor="sun", typing=TYPING, **REQUEST)
        assert [one.actor for one in logged_searches(tmp_path)] == ["li", "wang", "sun"][2 - n_left :]


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(tmp_path)
    write = os.write

    def part(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", part)
    with pytest.raises(FileError, match="no room left on the disk"):
        log_search(tmp_path, actor="sun", typing=TYPING, **REQUEST)
    assert (tmp_path / SEARCH_LOG).read_bytes() == content


def test_lines_longer_than_a_part_that_is_read_are_one(tmp_path: Path) -> None:
    for actor in ("li", "wang"):
        log_search(tmp_path, actor=actor, **{**REQUEST, "request": json.dumps({"criteria": "x" * 200_000})})
    assert [one.actor for one in logged_searches(tmp_path)] == ["li", "wang"]


def test_a_damaged_log_is_said_and_keeps_nobody_from_a_search(registry: Path) -> None:
    (registry / SEARCH_LOG).write_bytes(b"no log, but long enough to be looked at\n" * 40)
    said: list[str] = []
    found = heard(registry, said)
    assert len(found) == 1
    assert said == [
        "searches.jsonl: this search is not in the registry's log: a damaged file (a line that is none of a log)"
    ]
    with pytest.raises(RegistryError, match="damaged"):
        logged_searches(registry)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write anywhere")
def test_a_folder_that_cannot_be_written_to_is_said(registry: Path) -> None:
    registry.chmod(0o500)
    said: list[str] = []
    found = heard(registry, said)
    registry.chmod(0o700)
    assert len(found) == 1
    assert any("not in the registry's log" in text for text in said)


def test_a_log_that_cannot_be_made_is_said(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_options: object) -> None:
        raise FileError("registry", found="a read-only file system", expected="a folder that can be written to")

    monkeypatch.setattr("hla_match.services.search_logging.log_search", refused)
    said: list[str] = []
    heard(registry, said)
    assert said == ["searches.jsonl: this search is not in the registry's log: a read-only file system"]


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
    changed = (registry / SEARCH_LOG).read_bytes().replace(b"hla-match", b"hla-patch")
    (registry / SEARCH_LOG).write_bytes(changed)
    proved = runner.invoke(group, ["registry", "verify", str(registry)])
    assert isinstance(proved.exception, RegistryError)
    assert "another content than was written" in str(proved.exception)
