"""Whom to call first and why: what a report says of the first donors, or of the nearest ones where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.language import translated
from hla_match.reporting.donor_words import person_sentence
from hla_match.reporting.explanation import Explanation, locus_sentence, probability_lines
from hla_match.reporting.fact_words import fact_lines


@dataclass(frozen=True, slots=True)
class CallAdvice:
    """One donor in sentences.

    Attributes:
        head: who it is, and the place.
        lines: what speaks for the donor, and what does not.
    """

    head: str
    lines: tuple[str, ...]


def call_advice(explanation: Explanation) -> CallAdvice:
    """Return what to know before a donor of the list is called."""
    head = translated("{donor}: {place}", donor=explanation.donor_id, place=explanation.place)
    return CallAdvice(head, tuple(_lines(explanation)))


def near_advice(explanation: Explanation) -> CallAdvice:
    """Return what keeps a donor out who comes near to the criteria, and what would let the donor in."""
    head = translated("{donor}: {place}", donor=explanation.donor_id, place=person_sentence(explanation.row))
    return CallAdvice(head, tuple(explanation.obstacle_sentences(options=True)))


def _lines(one: Explanation) -> Iterator[str]:
    yield person_sentence(one.row)
    for locus in one.loci:
        if set(locus.grades) - {"A"}:
            yield f"{locus.locus}: {locus_sentence(locus)}"
    yield from probability_lines(one.row, one.only_mismatch)
    if facts := " ".join((*fact_lines(one.row), *one.probable_lines())):
        yield facts
    yield from one.reasons
