"""What the README and ``docs/`` show is what the program does: output, columns, Python."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest

import hla_match
from hla_match.cli.main import main
from hla_match.loci import SCOPE_LOCI
from tests.pages import DOCS, README, blocks, text_of

FREQUENCIES = """haplotype,frequency
A*02:01~C*01:02~B*46:01~DRB1*09:01~DQB1*03:03,0.3
A*24:02~C*07:02~B*40:01~DRB1*15:01~DQB1*06:01,0.3
A*11:01~C*07:02~B*40:01~DRB1*15:01~DQB1*06:01,0.2
"""


def hla_match_command(*arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hla-match", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the demonstration was run as the README says, and what it printed."""
    folder = tmp_path_factory.mktemp("front")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.chdir(folder)
        patch.setenv("HLA_MATCH_HOME", str(folder / "home"))
        hla_match_command("demo")
        (folder / "han.csv").write_text(FREQUENCIES, encoding="utf-8")
        hla_match_command("frequencies", "install", "han.csv", "--name", "han")
    return folder, printed.getvalue()


def test_the_readme_shows_what_the_demonstration_prints(demonstration: tuple[Path, str]) -> None:
    printed = {line.rstrip() for line in demonstration[1].splitlines()}
    (shown,) = blocks(README, "text")
    assert set(shown.splitlines()) <= printed


@pytest.mark.parametrize("page", [README, DOCS / "python.md"], ids=lambda page: page.name)
def test_the_python_of_a_page_runs(
    demonstration: tuple[Path, str], page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = demonstration
    (tmp_path / "donors.csv").write_bytes(gzip.decompress((folder / "hla-match-demo/donors.csv.gz").read_bytes()))
    shutil.copy(folder / "hla-match-demo/patients.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLA_MATCH_HOME", str(folder / "home"))
    found: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), found)
    matches = found["matches"]
    assert isinstance(matches, hla_match.MatchList)
    assert len(matches) > 2
    assert (tmp_path / "matches.manifest.json").exists()


def test_the_pages_name_every_column_of_a_result(
    demonstration: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = demonstration
    monkeypatch.chdir(folder / "hla-match-demo")
    monkeypatch.setenv("HLA_MATCH_HOME", str(folder / "home"))
    common = ("registry", "patients.csv", "--frequencies", "han", "--limit", "1")
    hla_match_command("batch", *common, "--out", "out.parquet")
    hla_match_command("impute", *common, "--out", "imputed.parquet")
    batch_page, frequency_page = text_of(DOCS / "batch.md"), text_of(DOCS / "frequencies.md")
    assert named_in(batch_page + frequency_page) >= columns_of("out.parquet")
    assert named_in(frequency_page) >= columns_of("imputed.parquet")


def named_in(page: str) -> set[str]:
    named = set(re.findall(r"`(\w+)`", page))
    return named | ({"p1", "p2", "p3"} if {"p0", "p4"} <= named else set())  # "`p0` to `p4`"


def columns_of(path: str) -> set[str]:
    """The columns of a table; those of one locus by the name that stands for all of them."""
    loci = "|".join(SCOPE_LOCI)
    names = pl.read_parquet_schema(path)
    return {re.sub(rf"^p_({loci})$", "p_A", re.sub(rf"^({loci})_grade$", "A_grade", name)) for name in names}
