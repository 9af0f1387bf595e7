"""Two donors of one patient side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.language import translated
from hla_match.loci import scope_loci
from hla_match.reporting.explanation import Explanation, person_words, probability_lines
from hla_match.reporting.fact_words import fact_lines
from hla_match.reporting.side_by_side import WIDTH, paragraph, side_by_side
from hla_match.visible_text import visible

_WIDTHS = (7, 35, 36)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two donors of one patient.

    Shown, it is a page of 80 columns.

    Attributes:
        first, second: the donors, as they were asked for.
        why: which of them stands before the other, and the key that decides.
    """

    first: Explanation
    second: Explanation
    why: str

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the page in lines."""
        return [visible(line) for line in self._lines()]

    def _lines(self) -> Iterator[str]:
        both = (self.first, self.second)
        yield from side_by_side(["", *(one.donor_id for one in both)], _WIDTHS)
        yield "-" * WIDTH
        yield from side_by_side([translated("place"), *(one.place for one in both)], _WIDTHS)
        yield from side_by_side([translated("person"), *(person_words(one.row) for one in both)], _WIDTHS)
        yield from side_by_side([translated("match"), *(_counts(one) for one in both)], _WIDTHS)
        untyped = translated("not typed")
        for first, second in zip(self.first.loci, self.second.loci, strict=True):
            name = first.locus if first.in_scope else f"({first.locus})"
            yield from side_by_side([name, first.donor or untyped, second.donor or untyped], _WIDTHS)
            yield from side_by_side(["", *(f"{one.grades}: {one.words}" for one in (first, second))], _WIDTHS)
        chances = [" ".join(list(probability_lines(one.row, one.only_mismatch))[:-1]) for one in both]
        if any(chances):
            yield from side_by_side([translated("chance"), *chances], _WIDTHS)
        facts = [" ".join(fact_lines(one.row)) for one in both]
        yield from side_by_side([translated("facts"), *facts], _WIDTHS, most=None)
        yield ""
        yield from paragraph(self.why, indent=2, first=0)


def _counts(one: Explanation) -> str:
    size = 2 * len(scope_loci(one.row["scope"]))
    best, worst = one.row["matches_best"], one.row["matches_worst"]
    return translated(
        "{best} at best, {worst} certainly; GvH {gvh}, HvG {hvg} at best",
        best=f"{best}/{size}",
        worst=f"{worst}/{size}",
        gvh=one.row["gvh"],
        hvg=one.row["hvg"],
    )
