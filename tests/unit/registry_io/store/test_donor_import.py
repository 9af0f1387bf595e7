"""An import as a whole: what it says, and what it leaves alone when it fails."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hla_match.errors import CriteriaError, FileError, RegistryError
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from registry_io.disk.durable_files import listening
from registry_io.store import donor_import
from registry_io.store.donor_changes import update_donor
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_records import registry_log
from registry_io.store.import_report import ImportReport
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_proof import prove_registry
from registry_io.store.registry_store import open_registry
from registry_io.store.rollback import roll_back

NOMENCLATURE = Nomenclature.builtin()
HEADER = "donor_id,A_1,A_2,status\n"


def imported(folder: Path, rows: str, codes: MacTable | None = None, **how: bool) -> ImportReport:
    path = folder / "donors.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    today = datetime.date(2026, 1, 1)
    return import_donors(folder / "registry", path, NOMENCLATURE, today=today, codes=codes, **how)


def test_notes_are_reported_and_kept(tmp_path: Path) -> None:
    codes = MacTable.from_items([("AB", "01/9999")])
    report = imported(tmp_path, "D1,02:AB,24:02,\nD2,02:AB,,AV\n", codes)
    assert report.notes[0].startswith("2 donors: A*02:9999 of code AB does not exist in ")
    assert report.notes[1] == "1 donor: without a status, counted as available"
    assert open_registry(tmp_path / "registry").notes == report.registry.notes


def test_an_import_tells_of_its_own_registry_whoever_writes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tmp_path, "D1,02:01,24:02,\n")

    @contextmanager
    def writing_before_another(folder: Path) -> Iterator[None]:
        with writing_registry(folder):
            yield
        roll_back(folder)

    monkeypatch.setattr(donor_import, "writing_registry", writing_before_another)
    report = imported(tmp_path, "D1,02:01,24:02,\nD2,02:01,24:02,\n", replace=True)
    assert report.n_imported == report.registry.n_donors == 2
    assert open_registry(tmp_path / "registry").n_donors == 1


def test_what_is_written_otherwise_is_counted_once_a_donor(tmp_path: Path) -> None:
    report = imported(tmp_path, "D1,02:01,24:02,\nD2,\uff10\uff12:01,\uff12\uff14:02,\nD3,a*02:01,a*24:02,\n")
    assert report.quarantined == []
    assert report.notes == (
        "3 donors: without a status, counted as available",
        "1 donor: full-width characters were read as half-width ones",
        "1 donor: names in lower case were read in capitals",
    )


@pytest.mark.parametrize("rows", ["D9,02:9999,,\nD8,,,\n", ""], ids=["none readable", "none"])
def test_a_file_without_a_readable_donor_replaces_nothing(tmp_path: Path, rows: str) -> None:
    imported(tmp_path, "D1,02:01,24:02,\nD2,02:9999,,\n")
    with pytest.raises(FileError, match=r"at least one donor; .*the registry is as it was"):
        imported(tmp_path, rows, replace=True)
    assert open_registry(tmp_path / "registry").attributes["donor_id"].to_list() == ["D1"]
    assert pl.read_csv(tmp_path / "registry" / "quarantine.csv").height == 1
    failed = tmp_path / "registry" / "quarantine-failed.csv"
    assert failed.exists() == bool(rows)
    if rows:
        assert pl.read_csv(failed)["reason"].to_list() == ["unknown_allele", "not_typed"]
    imported(tmp_path, "D1,02:01,24:02,\n", replace=True)
    assert not failed.exists()


def test_a_first_import_that_failed_can_be_repeated(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no donor that can be read in 1 row,.*; no registry was made"):
        imported(tmp_path, "D1,02:9999,,\n")
    assert [path.name for path in (tmp_path / "registry").iterdir()] == ["quarantine-failed.csv"]
    assert imported(tmp_path, "D1,02:01,,\n").n_imported == 1


def test_a_folder_of_other_files_gets_no_report(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "notes.txt").touch()
    with pytest.raises(RegistryError, match="a folder with other files"):
        imported(tmp_path, "D1,02:9999,,\n")
    assert [path.name for path in (tmp_path / "registry").iterdir()] == ["notes.txt"]


def test_the_report_stands_before_the_registry_is_switched(tmp_path: Path) -> None:
    imported(tmp_path, "D1,02:01,24:02,\n")
    folder = tmp_path / "registry"

    seen: list[int] = []

    def interrupted(action: str, path: Path) -> None:
        if (action, path.name) == ("rename", "CURRENT"):
            seen.append(pl.read_csv(folder / "quarantine.csv").height)
            raise KeyboardInterrupt

    with listening(interrupted), pytest.raises(KeyboardInterrupt):
        imported(tmp_path, "D1,02:01,24:02,\nD2,02:01,24:02,\nD3,02:9999,,\n", replace=True)
    assert seen == [1]
    assert pl.read_csv(folder / "quarantine.csv").is_empty(), "and is given back where there is no switch"
    assert open_registry(folder).attributes["donor_id"].to_list() == ["D1"]
    assert len(list(folder.glob("snapshot-*"))) == 2, "what is recorded stays for the next writer"
    update_donor(folder, "D1", {"A_2": "11:01"})
    assert open_registry(folder).attributes["donor_id"].to_list() == ["D1", "D2"]
    assert pl.read_csv(folder / "quarantine.csv").height == 1


def test_a_registry_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    rows = "".join(f"D{number:02},02:01,24:02,\n" for number in range(20))
    imported(tmp_path, rows)
    more = rows.replace("D00", "D90") + "D91,02:01,24:02,\n"
    counts = "2 new, 19 known and equal, 0 known and different, 1 not in the file"
    with pytest.raises(RegistryError, match=f"a registry of 20 donors; the file: {counts}, expected a new folder"):
        imported(tmp_path, more)
    assert open_registry(tmp_path / "registry").n_donors == 20
    report = imported(tmp_path, more, replace=True)
    assert str(report.replacement) == "20 donors: 1 go, 19 stay, 2 come"
    assert open_registry(tmp_path / "registry").n_donors == 21


def test_a_replacement_that_loses_more_than_a_tenth_is_asked_for_once_more(tmp_path: Path) -> None:
    rows = [f"D{number:02},02:01,24:02,\n" for number in range(20)]
    imported(tmp_path, "".join(rows))
    with pytest.raises(RegistryError, match=r"20 donors: 3 go, 17 stay, 0 come, expected .*leave to lose more"):
        imported(tmp_path, "".join(rows[3:]), replace=True)
    assert open_registry(tmp_path / "registry").n_donors == 20
    assert len(list((tmp_path / "registry").glob("snapshot-*"))) == 1
    imported(tmp_path, "".join(rows[2:]), replace=True)
    imported(tmp_path, "".join(rows[5:]), replace=True, allow_shrink=True)
    assert open_registry(tmp_path / "registry").n_donors == 15


def test_a_refused_import_leaves_nothing(tmp_path: Path) -> None:
    imported(tmp_path, "D1,02:01,24:02,\n")
    before = sorted(path.name for path in (tmp_path / "registry").rglob("*"))
    with pytest.raises(RegistryError, match="expected a new folder"):
        imported(tmp_path, "D2,02:01,24:02,\n")
    assert sorted(path.name for path in (tmp_path / "registry").rglob("*")) == before


@pytest.mark.parametrize("wrong", [{"ambiguous_nulls": "x"}, {"today": "2026-01-01"}, {"codes": 5}])
def test_arguments_that_cannot_be_are_refused_before_anything_is_read(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(CriteriaError) as caught:
        import_donors(tmp_path / "registry", tmp_path / "donors.csv", "builtin", **wrong)
    assert [caught.value.name] == [*wrong]
    assert not (tmp_path / "registry").exists()


def test_names_that_are_no_utf8_are_written_as_text_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, file = (tmp_path / os.fsdecode(name) for name in (b"zh\xe9", b"don\xff.csv"))
    file.write_text("donor_id,A_1,A_2\nD1,02:01,24:02\nD2,02:01,24:02\n", encoding="utf-8")
    import_donors(folder, file, "builtin")
    update_donor(folder, "D1", {"status": "TU"})
    assert [one.source for one in registry_log(folder)] == ["don\ufffd.csv", ""]
    assert (open_registry(folder).name, open_registry(folder, at=1).name) == ("zh\ufffd", "zh\ufffd")
    assert prove_registry(folder) is None
    folder.rename(tmp_path / "zhejiang")
    monkeypatch.chdir(tmp_path / "zhejiang")
    update_donor(".", "D1", {"status": "AV"})
    assert open_registry(".").name == "zhejiang"


def test_values_that_are_lost_with_a_column_are_told(tmp_path: Path) -> None:
    header = "donor_id,A_1,A_2,DQB1_1,DQB1_2,city,weight_kg\n"
    whole = f"{header}D1,02:01,24:02,02:01,03:01,Ningbo,60\nD2,02:01,24:02,,,Huzhou,\n"
    fewer = "donor_id,A_1,A_2,city\nD1,02:01,24:02,Ningbo\nD2,02:01,11:01,\nD3,02:01,24:02,\n"
    for name, text in {"whole": whole, "fewer": fewer}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    import_donors(tmp_path / "r", tmp_path / "whole.csv", Nomenclature.builtin())
    told = import_donors(tmp_path / "r", tmp_path / "fewer.csv", Nomenclature.builtin(), update=True).notes
    lost = "known donors lost values that the file does not have: DQB1 of 1, city of 1, weight_kg of 1"
    assert [note for note in told if "lost" in note] == [lost]
    again = import_donors(tmp_path / "r", tmp_path / "whole.csv", Nomenclature.builtin(), update=True, again=True)
    assert not [note for note in again.notes if "lost" in note]


def test_values_are_lost_by_empty_cells_too_whoever_else_has_one(tmp_path: Path) -> None:
    header = "donor_id,A_1,A_2,DPB1_1,DPB1_2\n"
    whole, fewer = (f"{header}D1,02:01,24:02,{one}D2,02:01,24:02,02:01,05:01\n" for one in ("02:01,05:01\n", ",\n"))
    for name, text in {"whole": whole, "fewer": fewer}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    import_donors(tmp_path / "r", tmp_path / "whole.csv", Nomenclature.builtin())
    told = import_donors(tmp_path / "r", tmp_path / "fewer.csv", Nomenclature.builtin(), update=True).notes
    assert "known donors lost values that the file does not have: DPB1 of 1" in told
