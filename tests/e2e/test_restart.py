"""An interrupted batch: nothing half-written, and a second run that goes on where the first stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01"
N_PATIENTS = 1500
MAIN = [sys.executable, "-c", "from hla_match.cli.main import main; main()"]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*MAIN, *arguments],
        cwd=folder,
        env={**os.environ, "HLA_MATCH_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.exhaustive
def test_an_interrupted_batch_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    donors = "".join(f"D{number},{PATIENT}\n" for number in range(20))
    (tmp_path / "donors.csv").write_text(f"donor_id,gl_string\n{donors}", encoding="utf-8")
    patients = "".join(f"P{number},{PATIENT}\n" for number in range(N_PATIENTS))
    (tmp_path / "patients.csv").write_text(f"patient_id,gl_string\n{patients}P1,A*99:01+\n", encoding="utf-8")
    _, errors = start(tmp_path, "registry", "import", "registry", "donors.csv").communicate()
    assert "Traceback" not in errors
    before = set(tmp_path.iterdir())

    batch = start(tmp_path, "batch", "registry", "patients.csv", "--out", "out.csv")
    assert batch.stderr is not None
    # A part is 250 patients: the first is on disk when the line on 300 comes.
    for done in (100, 200, 300):
        line = batch.stderr.readline()
        assert (
            batch.stderr.readline() if line.startswith("Compiling") else line
        ) == f"{done} of {N_PATIENTS:,} patients\n"
    batch.send_signal(signal.SIGINT)
    output, errors = batch.communicate()
    assert batch.returncode == 130
    assert output == ""
    assert errors.splitlines()[-1].startswith("hla-match: interrupted; what was finished is kept: the same command")
    assert "Traceback" not in errors
    (parts,) = set(tmp_path.iterdir()) - before
    assert parts.name.startswith(".out.csv.parts-")
    kept = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert len(kept) >= 2
    assert all(path.suffix == ".parquet" for path in kept)

    again = start(tmp_path, "batch", "registry", "patients.csv", "--out", "out.csv")
    assert again.stderr is not None
    assert again.stderr.readline() == f"250 of {N_PATIENTS:,} patients\n"
    # Taken up, not searched again: the finished parts are the same files.
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    _, errors = again.communicate()
    assert again.returncode == 0, errors
    assert set(tmp_path.iterdir()) - before == {
        tmp_path / name for name in ("out.csv", "out.csv.status.csv", "out.csv.manifest.json")
    }

    whole = start(tmp_path, "batch", "registry", "patients.csv", "--out", "whole.csv")
    _, errors = whole.communicate()
    assert whole.returncode == 0, errors
    for ending in (".csv", ".csv.status.csv", ".csv.manifest.json"):
        assert (tmp_path / f"out{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 20 * N_PATIENTS + 1
