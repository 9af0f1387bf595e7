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
from tests.questions import Answers, questions

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


@pytest.mark.parametrize(
    "page", [README, pytest.param(DOCS / "python.md", marks=pytest.mark.exhaustive)], ids=lambda page: page.name
)
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
    assert (tmp_path / "matches.csv.manifest.json").exists()


ANSWERS = {
    "Whom do I call first?": r"\n +1 SYN\d+ +10/10 +100% ",
    "Why does the first donor stand before the third?": r"by age: younger \(20 years before 21 years\)",
    "Why is this one not in the list, and what would let the donor in?": (
        r"kept out by: with at most 1 mismatch in 10/10; the donor: at least 4\n.+Let in by: --max-mismatches 4"
    ),
    "Which of these two, and why?": r"SYN0098321 stands before SYN0100553 by donor_id",
    "In which order are donors listed, and on whose authority?": r"(?s)^wmda, version .+ p0: .+caveat: ",
    "Would another order, or another limit, change whom I call?": r"by the policy plain.+first is SYN0099918",
    "Was the patient's typing understood as I meant it?": r"read as +A2\+A33\^B46\+B58\^DR3\+DR9\n",
    "What of the patient is missing?": r"'C, DQB1: the patient is not typed here.+'DRB1: one typing reported",
    "Who is certain to be a 10/10?": r"note: 122 of the 4,845 donors of the list",
    "How probable is it that a donor matches at all ten?": r"p0 +┆ p1 +┆ p2",
    "Nobody is good enough: what do the nearest donors miss?": r"0 donors; (.*\n)+Nearest .+\nSYN(.*\n)+ +kept out by",
    "What did the laboratory compare, locus by locus?": r"AA: both alleles match\n",
    "Only men up to 30 who are CMV negative?": r"\n +1 SYN\d+ .+ M +\w+ +N +AV\n",
    "And of the list that I have, without searching again?": r"12 of the 4,845 donors of the list",
    "Is this donor in the list, and where?": r"^Match\(rank=\d+, donor_id='SYN0099918', matches_best=10",
    "Where is the mismatch of the nine-of-ten donors, of which kind, and in which direction?": (
        r"A\*02:07/11:01 GvH\+HvG antigen(.*\n)+A\*33:03/02:07 GvH antigen"
    ),
    "Is DPB1 permissive, and if not, in which direction?": r"SYN0099918 ┆ MM +┆ permissive",
    "Where HLA-B mismatches: do the leaders match?": r"┆ TTT ",
    "Which KIR ligands has one of the two and the other lacks?": r"┆ Bw4-80T +┆ none",
    "Whom do I call first for a transplant with cyclophosphamide after it?": (
        r"\n +1 SYN\d+ +8/8 (.*\n)+ptcy: Current evidence is not yet robust enough"
    ),
    "Which typing do I order next?": r"\n +1  SYN\d+ (.*\n)*Type ",
    "How many donors do I ask at once?": r"^[1-9]\d?$",
    "Is the donor available, and when was the last contact?": r"┆ AV +┆ \w+ +┆ 20\d\d-\d\d-\d\d",
    "What does the registry know of a donor, and since when?": r"add: donors.csv.gz(.*\n)+ +A_1: 33:03:01:01\n",
    "What would the list have been on another day?": r"\n +3 SYN\d+ +10/10 ",
    "How do I take the list to the meeting?": r"list\.xlsx",
    "And as a picture?": r"Figure",
    "How do I search for all patients of the hospital at once?": r"20 patients: 20 ok.*\n.*\n +200 rows in lists.xlsx",
    "Which of my donors may be recorded wrongly?": r"103,000 donors, \d+ findings",
}
"""What an answer holds, by its question."""


def test_every_question_of_a_coordinator_is_answered_by_one_command_or_call(
    demonstration: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = demonstration
    monkeypatch.chdir(folder / "hla-match-demo")
    monkeypatch.setenv("HLA_MATCH_HOME", str(folder / "home"))
    asked = list(questions())
    assert [question.text for question in asked] == [*ANSWERS]
    assert len(asked) >= 20
    answers = Answers()
    for question in asked:
        printed = answers.printed(question)
        assert re.search(ANSWERS[question.text], printed), (question, printed)


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
