"""A registry survives what happens to it: imports that race, are killed, meet a full disk or damaged bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.own_process import called

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
ROW = "{},02:01,24:02,40:01,46:01,09:01,15:01\n"
HEADER = "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2\n"


def started(folder: Path, *arguments: object, **how: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from hla_match.cli.main import main; main()", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,  # type: ignore[call-overload]
    )


def done(folder: Path, *arguments: object, **how: object) -> tuple[int, str, str]:
    process = started(folder, *arguments, **how)
    out, err = process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def donors(folder: Path, name: str, identifiers: list[str]) -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(ROW.format(one) for one in identifiers), encoding="utf-8")
    return path


def found(folder: Path) -> list[str]:
    code, out, err = called(folder, "search", "registry", "--hla", PATIENT, "--scope", "6/6", "--limit", "1000")
    assert code == 0, err
    rows = (line.split() for line in out.splitlines())
    return sorted(row[1] for row in rows if len(row) > 2 and row[0].isdigit() and row[1].startswith("D"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    donors(tmp_path, "a.csv", ["DA", "DB", "DC"])
    donors(tmp_path, "b.csv", ["DA", "DB", "DC", "DD"])
    assert called(tmp_path, "registry", "import", "registry", "a.csv")[0] == 0
    return tmp_path


def test_replacing_rolling_back_and_collecting(folder: Path) -> None:
    code, out, err = called(folder, "registry", "import", "registry", "b.csv")
    assert code == 2
    assert "3 donors; the file: 1 new, 3 known and equal, 0 known and different, 0 not in the file" in err
    assert "--replace" in err
    code, out, err = called(folder, "registry", "import", "registry", "b.csv", "--replace")
    assert code == 0, err
    assert "Replaced 3 donors: 0 go, 3 stay, 1 come" in out
    code, _, err = called(folder, "registry", "import", "registry", "a.csv", "--replace", "--again")
    assert code == 2
    assert "4 donors: 1 go" in err
    assert "--allow-shrink" in err
    code, out, err = called(folder, "registry", "rollback", "registry")
    assert (code, "3 donors" in out) == (0, True), err
    assert called(folder, "registry", "import", "registry", "a.csv", "--replace", "--again")[0] == 0
    donors(folder, "c.csv", ["DA", "DB", "DC", "DE"])
    assert called(folder, "registry", "import", "registry", "c.csv", "--replace")[0] == 0
    code, out, err = called(folder, "registry", "gc", "registry")
    assert (code, "0 items removed" in out) == (0, True), err
    code, out, err = called(folder, "registry", "gc", "registry", "--now")
    assert (code, "1 item removed" in out) == (0, True), err
    assert called(folder, "registry", "verify", "registry")[0] == 0


def test_a_damaged_registry_is_said_and_mended_as_the_hint_says(folder: Path) -> None:
    (snapshot,) = (folder / "registry").glob("snapshot-*")
    path = snapshot / "donor_typing.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for command in (("search", "registry", "--hla", PATIENT), ("registry", "verify", "registry")):
        code, _, err = called(folder, *command)
        assert code == 2
        assert "donor_typing.npy" in err
        assert err.count("\n") == 1 + err.count("Nomenclature"), err
    assert called(folder, "registry", "import", "registry", "a.csv", "--replace")[0] == 0
    assert called(folder, "registry", "verify", "registry")[0] == 0
    assert found(folder) == ["DA", "DB", "DC"]


@pytest.mark.exhaustive
def test_of_two_imports_one_is_refused_or_comes_after(folder: Path) -> None:
    for _ in range(3):
        both = [
            started(folder, "registry", "import", "registry", name, "--replace", "--allow-shrink", "--again")
            for name in ("a.csv", "b.csv")
        ]
        ended = [(process.communicate()[1], process.returncode) for process in both]
        for err, code in ended:
            assert code in (0, 2), err
            assert code == 0 or "which writes it since" in err
        assert 0 in [code for _, code in ended]
        assert found(folder) in (["DA", "DB", "DC"], ["DA", "DB", "DC", "DD"])
        assert done(folder, "registry", "verify", "registry")[0] == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("seconds", [0.6, 0.8, 1.0, 1.2])
def test_a_killed_import_costs_nothing(folder: Path, seconds: float) -> None:
    process = started(folder, "registry", "import", "registry", "b.csv", "--replace")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert found(folder) in (["DA", "DB", "DC"], ["DA", "DB", "DC", "DD"])
    assert not list((folder / "registry").glob(".writing-*"))
    assert done(folder, "registry", "import", "registry", "b.csv", "--replace")[0] == 0
    assert found(folder) == ["DA", "DB", "DC", "DD"]


@pytest.mark.exhaustive
def test_a_reader_under_a_writer_sees_one_of_both(folder: Path) -> None:
    for name in ("b.csv", "a.csv"):
        writer = started(folder, "registry", "import", "registry", name, "--replace", "--allow-shrink", "--again")
        while writer.poll() is None:
            assert found(folder) in (["DA", "DB", "DC"], ["DA", "DB", "DC", "DD"])
        assert writer.communicate()[1].count("Traceback") == 0
        assert done(folder, "registry", "gc", "registry")[0] == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> object:
    """A function that mounts a disk of some kilobytes; only a superuser can."""
    places: list[Path] = []

    def mounted(kilobytes: int) -> Path:
        place = tmp_path / f"disk-{len(places)}"
        place.mkdir()
        try:
            made = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)],
                capture_output=True,
                check=False,
            ).returncode
        except OSError:
            made = 1
        if made:
            pytest.skip("a small disk can be mounted by a superuser only")
        places.append(place)
        return place

    yield mounted
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_costs_nothing(folder: Path, small_disk) -> None:
    many = donors(folder, "many.csv", [f"D{number:05}" for number in range(5000)])
    place = small_disk(1200)
    code, _, err = done(folder, "registry", "import", place / "registry", "a.csv")
    assert code == 0, err
    before = sorted(path.name for path in (place / "registry").rglob("*"))
    code, _, err = done(folder, "registry", "import", place / "registry", many, "--replace", "--allow-shrink")
    assert code == 2
    assert err.splitlines()[-1].startswith("hla-match: ")
    assert "no room left on the disk" in err
    assert sorted(path.name for path in (place / "registry").rglob("*")) == before
    assert done(folder, "registry", "verify", place / "registry")[0] == 0
    filled = small_disk(100)
    code, _, err = done(folder, "registry", "import", filled / "registry", "a.csv")
    assert (code, "no room left on the disk" in err) == (2, True), err
    assert list(filled.iterdir()) == []
