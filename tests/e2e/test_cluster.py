"""A batch on a Dask cluster: the bytes that threads write, also when a worker is killed in the middle."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool, patients, volunteers

pytest.importorskip("distributed", reason="the extra [dask] is not installed")

TODAY = datetime.date(2026, 1, 1)
LOCI = ("A", "C", "B", "DRB1", "DQB1")
N_PATIENTS = 500
MAIN = (sys.executable, "-c", "from hla_match.cli.main import main; main()")
DASK = (sys.executable, "-m", "dask")
BATCH = ("batch", "registry", "patients.csv", "--overwrite", "--max-mismatches=2", "--limit=20", f"--as-of={TODAY}")


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HLA_MATCH_HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def done(folder: Path, *arguments: str) -> str:
    process = start(folder, *MAIN, *arguments)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return errors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cluster")
    volunteers(3000, seed=5, as_of=TODAY)[0].write_csv(made / "donors.csv")
    patients(N_PATIENTS, seed=5, as_of=TODAY)[0].write_csv(made / "patients.csv")
    haplotypes, shares = haplotype_pool(POOL_SEED)
    names = ["~".join(f"{locus}*{name}" for locus, name in zip(LOCI, one, strict=True)) for one in haplotypes]
    pl.DataFrame({"haplotype": names, "frequency": shares}).write_csv(made / "pool.csv")
    done(made, "registry", "import", "registry", "donors.csv", "--nomenclature", "builtin")
    return made


@pytest.fixture(scope="module")
def _threads(folder: Path) -> None:
    """What threads write."""
    done(folder, *BATCH, "--frequencies=pool.csv", "--out=threads.csv")


@pytest.fixture
def cluster(folder: Path, _threads: None) -> Iterator[list[subprocess.Popen[str]]]:
    """A scheduler, which the file scheduler.json leads to, and two workers."""
    quiet = ("--no-dashboard",)
    scheduler = start(
        folder, *DASK, "scheduler", "--host=127.0.0.1", "--port=0", "--scheduler-file=scheduler.json", *quiet
    )
    worker = (*DASK, "worker", "--scheduler-file=scheduler.json", "--nthreads=1", "--no-nanny", *quiet)
    started = [start(folder, *worker) for _ in range(2)]
    yield [scheduler, *started]
    for process in (*started, scheduler):
        process.kill()
        process.communicate()
    (folder / "scheduler.json").unlink()


def same_as_threads(folder: Path, name: str) -> bool:
    return all(
        (folder / f"{name}{ending}").read_bytes() == (folder / f"threads{ending}").read_bytes()
        for ending in (".csv", ".csv.status.csv", ".csv.manifest.json")
    )


def run_until(folder: Path, said: str, *options: str) -> subprocess.Popen[str]:
    """Start a batch and return it once it says so."""
    batch = start(folder, *MAIN, *BATCH, "--frequencies=pool.csv", *options)
    assert batch.stderr is not None
    while not (line := batch.stderr.readline()).startswith(said):
        assert line, "the batch ended early"
    return batch


def wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{path.name} did not appear")


@pytest.mark.exhaustive
def test_a_cluster_writes_the_bytes_of_threads(folder: Path, cluster: list[subprocess.Popen[str]]) -> None:
    wait_for(folder / "scheduler.json")
    done(folder, *BATCH, "--frequencies=pool.csv", "--out=cluster.csv", "--dask=scheduler.json", "--shards=2")
    assert same_as_threads(folder, "cluster")


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_worker_or_scheduler_loses_nothing(folder: Path, cluster: list[subprocess.Popen[str]]) -> None:
    wait_for(folder / "scheduler.json")
    scheduler, worker, _ = cluster
    batch = run_until(folder, "100 of", "--out=killed.csv", "--dask=scheduler.json")
    worker.kill()
    _, errors = batch.communicate()
    assert batch.returncode == 0, errors
    assert same_as_threads(folder, "killed")

    # Without its scheduler there is no cluster; threads take up what it finished.
    batch = run_until(folder, "300 of", "--out=lost.csv", "--dask=scheduler.json")
    scheduler.kill()
    _, errors = batch.communicate()
    assert batch.returncode == 2
    assert errors.splitlines()[-1].startswith("hla-match: dask: lost the cluster at scheduler.json")
    assert "Traceback" not in errors
    assert done(folder, *BATCH, "--frequencies=pool.csv", "--out=lost.csv").splitlines()[1].startswith("250 of")
    assert same_as_threads(folder, "lost")


def test_where_no_scheduler_is_one_line_says_so(folder: Path) -> None:
    process = start(folder, *MAIN, *BATCH, "--out=none.csv", "--dask=nowhere://127.0.0.1:9")
    _, errors = process.communicate()
    assert process.returncode == 2
    assert errors.splitlines()[-1].startswith("hla-match: dask: found 'nowhere://127.0.0.1:9', expected the address of")
    assert "Traceback" not in errors
