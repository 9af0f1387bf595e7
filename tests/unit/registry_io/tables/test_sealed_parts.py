"""Parts of a long work: what was finished is taken up only as it was written, to the last byte."""

from __future__ import annotations

import errno
import shutil
import stat
from pathlib import Path

import polars as pl
import pytest

from hla_match.errors import BrokenPartsError, FileError
from registry_io.disk.durable_files import listening
from registry_io.tables.sealed_parts import SealedParts

TABLES = ("results", "status")
RANGES = [(0, 2), (2, 3), (3, 9)]


def _frame(start: int) -> pl.DataFrame:
    return pl.DataFrame({"patient_id": [f"P{start}"], "n": [start]})


def _written(folder: Path) -> SealedParts:
    parts = SealedParts(folder, TABLES)
    for part in RANGES:
        parts.write(part, dict.fromkeys(TABLES, _frame(part[0])))
    return parts


def test_what_was_written_is_taken_up_and_read(tmp_path: Path) -> None:
    _written(tmp_path / "parts")
    again = SealedParts(tmp_path / "parts", TABLES)
    assert again.take_up() == RANGES == again.standing()
    assert again.read((2, 3), "status").equals(_frame(2))
    assert again.schema((2, 3), "results") == _frame(2).schema
    again.remove()
    assert not list(tmp_path.iterdir())
    assert again.take_up() == again.standing() == []


def test_parts_are_their_owners_alone(tmp_path: Path) -> None:
    _written(tmp_path / "parts")
    assert stat.S_IMODE((tmp_path / "parts").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "parts").iterdir()} == {0o600}


@pytest.mark.parametrize("kind", ["results", "status", "seal"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "longer", "missing"])
def test_a_damaged_part_is_not_taken_up_and_the_others_are(tmp_path: Path, kind: str, damage: str) -> None:
    folder = tmp_path / "parts"
    parts = _written(folder)
    (path,) = folder.glob(f"2-3.*{kind}.parquet")
    data = path.read_bytes()
    for at in range(0, len(data), 97):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        damaged = {"flip": flipped, "cut": data[:at], "empty": b"", "longer": data + b"\0", "missing": None}[damage]
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        if kind != "seal":
            with pytest.raises(BrokenPartsError, match="the part 2-3 changed or removed"):
                parts.read((2, 3), kind)
        again = SealedParts(folder, TABLES)
        assert again.take_up() == [(0, 2), (3, 9)]
        assert not list(folder.glob("2-3.*"))
        again.write((2, 3), dict.fromkeys(TABLES, _frame(2)))
        assert again.standing() == RANGES


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    _written(folder)
    kept = set(folder.iterdir())
    for name in ("9-12.results.parquet", ".9-12.x.seal.parquet.01234567.part", "other"):
        (folder / name).write_bytes(b"half")
    assert SealedParts(folder, TABLES).take_up() == RANGES
    assert set(folder.iterdir()) == kept


def test_of_parts_that_overlap_the_first_is_taken_up(tmp_path: Path) -> None:
    parts = _written(tmp_path / "parts")
    parts.write((1, 5), dict.fromkeys(TABLES, _frame(1)))
    assert SealedParts(tmp_path / "parts", TABLES).take_up() == RANGES


def test_a_part_under_the_name_of_another_is_not_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    _written(folder)
    for path in list(folder.glob("2-3.*")):
        path.rename(path.with_name(path.name.replace("2-3.", "2-4.")))
    (folder / "3-9.status.parquet").write_bytes((folder / "0-2.status.parquet").read_bytes())
    assert SealedParts(folder, TABLES).take_up() == [(0, 2)]


def test_a_folder_that_vanishes_is_said_and_not_made_anew(tmp_path: Path) -> None:
    parts = _written(tmp_path / "parts")
    shutil.rmtree(tmp_path / "parts")
    with pytest.raises(BrokenPartsError, match="it was removed while the work went on"):
        parts.write((9, 10), dict.fromkeys(TABLES, _frame(9)))
    assert not (tmp_path / "parts").exists()
    assert parts.standing() == []


def test_a_part_that_cannot_be_written_leaves_nothing_of_itself(tmp_path: Path) -> None:
    steps: list[str] = []
    parts = _written(tmp_path / "count")
    with listening(lambda action, path: steps.append(action)):
        parts.write((9, 10), dict.fromkeys(TABLES, _frame(9)))
    parts = _written(tmp_path / "parts")
    kept = set(parts.folder.iterdir())
    for at in range(len(steps)):
        counted = iter(range(100))

        def fail(action: str, path: Path, at: int = at, counted: object = counted) -> None:
            if next(counted) == at:  # type: ignore[call-overload]
                raise OSError(errno.ENOSPC, "No space left on device")

        with listening(fail), pytest.raises(FileError, match="no room left on the disk"):
            parts.write((9, 10), dict.fromkeys(TABLES, _frame(9)))
        assert set(parts.folder.iterdir()) == kept
    parts.write((9, 10), dict.fromkeys(TABLES, _frame(9)))
    assert SealedParts(parts.folder, TABLES).take_up() == [*RANGES, (9, 10)]
