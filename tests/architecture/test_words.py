"""One meaning a word: words that stood for several things, or for nothing in the field, do not come back."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path for package in ("hla_match", "registry_io", "benchmarks") for path in (ROOT / package).rglob("*.py")
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "registry_io" / "FORMAT.md"])

NAMES = {
    "carried_with_notes": "with_nulls_and_notes",
    "MultipleAlleleCodes": "MacTable",
    "donor_order": "id_rank",
    "donor_orders": "typing_orders",
    "DonorOrder": "TypingOrder",
    "settle": "reconcile",
    "Noticed": "ReadNotes",
    "OddRow": "RaggedRow",
    "Told": "on_iteration",
    "Forecast": "LazyPredictions",
    "forecast": "predictions",
    "PatientWords": "PackedGenotypes",
    "strange": "unshared",
    "ANOTHER": "OTHER",
    "FAR": "TOO_MANY",
    "OPEN": "UNCERTAIN",
    "_DEARER": "SCAN_COST_RATIO",
    "at_work": "open",
    "hands": "stripes",
    "rank_number": "key columns",
    "reference": "release, or oracle",
    "meaning_of": "expanded_typing_of",
    "of_meaning": "of_typing",
    "by_meaning": "by_typing",
    "n_meanings": "n_expanded_typings",
}
"""Names in code that are retired, and what stands for them now."""

ROOMS_OF_TYPINGS = (
    *(f"hla_match/{room}/" for room in ("kernels", "typings", "donors", "imputation", "auditing", "estimation")),
    *(f"hla_match/{room}/" for room in ("prediction", "matching", "immunogenetics", "choice", "next_steps")),
    *(f"hla_match/{room}/" for room in ("searches", "services")),
    "registry_io/store/",
    "benchmarks/",
)
NAMES_OF_TYPINGS = {
    "meaning": "expanded_typing, or reported_typing where texts are numbered",
    "meanings": "expanded typings",
}
"""Names that are retired where typings are numbered: texts have one numbering, and what they allow another."""

PHRASES = {
    "see there": "say it",
    "like cards": "in stripes",
    "has nothing to do here": "say what happens",
    "hands": "stripes",
    "reckoned": "computed",
    "nought": "0",
    "amiss": "wrong",
    "slip of the pen": "a spelling mistake",
    "whose value is dear": "that is costly to work out",
}
"""Phrases in comments, docstrings and pages that send the reader elsewhere or make him guess."""


def names_retired_in(module: str) -> dict[str, str]:
    """The names that a module may not use, and what stands for them."""
    return NAMES | NAMES_OF_TYPINGS if module.startswith(ROOMS_OF_TYPINGS) else NAMES


def words(source: str, names: Mapping[str, str] = NAMES) -> Iterator[tuple[int, str, str]]:
    """Every retired name and phrase of a module: its line, itself, and what stands for it."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and token.string in names:
            yield token.start[0], token.string, names[token.string]
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            yield from ((token.start[0] + at, *found) for at, *found in phrases(token.string))


def phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Every retired phrase of a text: its line from 0, itself, and what to do instead."""
    for phrase, instead in PHRASES.items():
        for found in re.finditer(rf"\b{phrase}\b", text.lower()):
            yield text.count("\n", 0, found.start()), phrase, instead


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_the_words(path: Path) -> None:
    names = names_retired_in(path.relative_to(ROOT).as_posix())
    found = [f"{path.name}:{line}: {word}: {instead}" for line, word, instead in words(path.read_text("utf-8"), names)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_page_keeps_to_the_words(path: Path) -> None:
    found = [
        f"{path.name}:{line + 1}: {phrase}: {instead}" for line, phrase, instead in phrases(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_a_retired_word_is_found() -> None:
    assert [word for _, word, _ in words('forecast = 1\n"""A mass: see there."""\n')] == ["forecast", "see there"]
    assert not list(words("predictions = 1  # the handset\n"))


def test_a_word_may_be_retired_where_typings_are_numbered_alone() -> None:
    source = "meaning = column.meaning\n"
    assert [word for _, word, _ in words(source, names_retired_in("hla_match/donors/registry.py"))] == ["meaning"] * 2
    assert not list(words(source, names_retired_in("hla_match/reporting/grade_tiles.py")))
