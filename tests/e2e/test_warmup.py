"""After a warm-up nothing is left to compile: no command that matches makes another file of machine code."""

from __future__ import annotations

import datetime
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hla_match.synthetic.volunteers import haplotype_pool, patients, volunteers

AS_OF = datetime.date(2026, 1, 1)


def run(folder: Path, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with a cache folder of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NUMBA_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-c", "from hla_match.cli.main import main; main()", *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        **options,
    )


REGISTRY = """donor_id,gl_string
D1,A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02^DRB1*09:01+DRB1*15:01^DQB1*03:03+DQB1*06:01
D2,A*02:XX+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01
"""
SEARCH = ("search", "registry", "--hla", "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01", "--scope", "6/6")


@pytest.mark.exhaustive
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")
def test_a_damaged_emptied_full_or_open_cache_changes_no_result(tmp_path: Path) -> None:
    (tmp_path / "donors.csv").write_text(REGISTRY, encoding="utf-8")
    run(tmp_path, "registry", "import", "registry", "donors.csv", "--nomenclature", "builtin")
    cache = tmp_path / "cache"
    right = run(tmp_path, *SEARCH).stdout
    assert "2 donors" in right

    def files() -> list[Path]:
        return sorted(path for path in cache.rglob("*") if path.is_file())

    for number, path in enumerate(files()):
        content = bytearray(path.read_bytes())
        content[number % len(content)] ^= 1
        path.write_bytes(content if number % 3 else b"")
    done = run(tmp_path, *SEARCH)
    assert done.stdout == right
    assert "once on a machine" in done.stderr
    assert "Compiling" not in run(tmp_path, *SEARCH).stderr

    shutil.rmtree(cache)
    done = run(tmp_path, *SEARCH, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert done.stdout == right
    assert done.stderr.count("The machine code cannot be kept (File too large)") == 1
    assert not any(path.suffix == ".tmp" for path in files())

    cache.chmod(0o777)
    before = files()
    done = run(tmp_path, *SEARCH)
    assert done.stdout == right
    assert f"in every run, as other users can write to {cache}; 'chmod go-w {cache}' mends that" in done.stderr
    assert files() == before


@pytest.mark.exhaustive
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")
def test_after_a_warm_up_nothing_is_compiled(tmp_path: Path) -> None:
    donors, _ = volunteers(3000, seed=3, as_of=AS_OF)
    donors.write_csv(tmp_path / "donors.csv")
    people, _ = patients(12, seed=3, as_of=AS_OF)
    people.write_csv(tmp_path / "patients.csv")
    pool, frequency = haplotype_pool(5, 300)
    order = ("A", "B", "C", "DRB1", "DQB1")
    lines = ["~".join(f"{locus}*{name}" for locus, name in zip(order, names, strict=False)) for names in pool]
    rows = [f"{line},{value}" for line, value in zip(lines, frequency.tolist(), strict=True)]
    (tmp_path / "own.csv").write_text("\n".join(["haplotype,frequency", *rows, ""]), encoding="utf-8")

    done = run(tmp_path, "warmup")
    assert "kernels are ready in" in done.stdout
    assert "Compiling kernels" in done.stderr
    files = sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())

    run(tmp_path, "registry", "import", "registry", "donors.csv", "--nomenclature", "builtin")
    typing = "A*02:XX+A*11:01^B*46:01+B*15:XX^DRB1*09:01+DRB1*15:XX"
    for more in ((), ("--frequencies", "own.csv")):
        done = run(tmp_path, "search", "registry", "--hla", typing, "--max-mismatches", 2, *more)
        assert "Compiling" not in done.stderr
        for scope in ("10/10", "12/12", "6/6", "A,B"):
            out = ("--overwrite", "--out", "out.csv", "--scope", scope, "--max-mismatches", 2)
            for limit in ((), ("--limit", 1)):
                done = run(tmp_path, "batch", "registry", "patients.csv", *out, *limit, *more)
                assert "Compiling" not in done.stderr
    done = run(tmp_path, "impute", "registry", "patients.csv", "--frequencies", "own.csv", "--out", "imputed.csv")
    assert "Compiling" not in done.stderr
    done = run(tmp_path, "frequencies", "estimate", "registry", "--out", "estimated.csv", "--max-iterations", 3)
    assert "Compiling" not in done.stderr
    assert sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file()) == files
