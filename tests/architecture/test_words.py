"""One meaning a word: words that stood for several things, or for nothing in the field, do not come back."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
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
}
"""Names in code that are retired, and what stands for them now."""

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


def words(source: str) -> Iterator[tuple[int, str, str]]:
    """Every retired name and phrase of a module: its line, itself, and what stands for it."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and token.string in NAMES:
            yield token.start[0], token.string, NAMES[token.string]
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            yield from ((token.start[0] + at, *found) for at, *found in phrases(token.string))


def phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Every retired phrase of a text: its line from 0, itself, and what to do instead."""
    for phrase, instead in PHRASES.items():
        for found in re.finditer(rf"\b{phrase}\b", text.lower()):
            yield text.count("\n", 0, found.start()), phrase, instead


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_the_words(path: Path) -> None:
    found = [f"{path.name}:{line}: {word}: {instead}" for line, word, instead in words(path.read_text("utf-8"))]
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
