"""Position grades as lettered tiles in colours that the colour-blind tell apart; the colours of numbers of mismatches.

The colours are those of Okabe & Ito (Color Universal Design, 2008): blue where alleles match, vermilion where they do
not, and a letter on every tile, so that no colour has to be told at all. Tiles bring their own ground and ink: they
read alike on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import polars as pl

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import language, speaking, translatable, translated
from hla_match.prediction.prediction import MAX_MISMATCHES

BLACK, WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True)
class GradeTile:
    """How a grade of a donor's allele is shown.

    Attributes:
        letter: of the grade.
        meaning: in words.
        fill: colour of the tile.
        ink: colour of the letter.
    """

    letter: str
    meaning: str
    fill: str
    ink: str


TILES: Mapping[str, GradeTile] = MappingProxyType(
    {
        tile.letter: tile
        for tile in (
            GradeTile("A", translatable("allele match"), "#0072b2", WHITE),
            GradeTile("P", translatable("potential match"), "#56b4e9", BLACK),
            GradeTile("L", translatable("allele mismatch with antigen match"), "#e69f00", BLACK),
            GradeTile("M", translatable("antigen mismatch"), "#d55e00", BLACK),
            GradeTile("?", translatable("unknown allele"), "#bbbbbb", BLACK),
        )
    }
)
"""The tile of each letter, best first; `shown_tiles` has their meaning in the language of the moment."""

MISMATCH_COLOURS: Mapping[str, str] = MappingProxyType(
    {"0": "#0072b2", "1": "#f0e442", "2": "#e69f00", translatable("3 or more"): "#d55e00"}
)
"""The colour of each number of mismatches, by its name in a legend."""


def tile_columns(found: RankedDonors) -> Mapping[str, str]:
    """Return by the heading of each locus that was compared the column of its grades; brackets: not counted."""
    loci = found.criteria.loci
    return {
        result.locus if result.locus in loci else f"({result.locus})": f"{result.locus}_grade" for result in found.loci
    }


def tiles(grades: str | None) -> tuple[GradeTile, ...]:
    """Return the tiles of a locus, in the order of the donor's alleles; none where nothing was compared.

    >>> [tile.meaning for tile in tiles("AL")]
    ['allele match', 'allele mismatch with antigen match']
    """
    shown = shown_tiles()
    return tuple(shown[letter] for letter in grades or "")


def shown_tiles() -> Mapping[str, GradeTile]:
    """Return the tile of each letter with its meaning in the language of the moment, best first."""
    return _tiles_in(language())


@cache
def _tiles_in(code: str) -> Mapping[str, GradeTile]:
    with speaking(code):
        return {letter: replace(tile, meaning=translated(tile.meaning)) for letter, tile in TILES.items()}


def tile_legend() -> str:
    """Return what the letters mean, in a line.

    >>> tile_legend()[:37]
    'A allele match, P potential match, L '
    """
    return ", ".join(f"{tile.letter} {tile.meaning}" for tile in shown_tiles().values())


def mismatch_shares(frame: pl.DataFrame) -> Iterator[dict[str, float] | None]:
    """Yield for each donor of a match list the probability of each number of mismatches, by `MISMATCH_COLOURS`' names.

    What is too unlikely to have been compared is in none of them; None where probabilities are missing.
    """
    columns = [f"p{count}" for count in range(MAX_MISMATCHES + 1)]
    for *several, cut in frame.select(*columns, "p_cut").iter_rows():
        if several[0] is None:
            yield None
            continue
        few = several[: len(MISMATCH_COLOURS) - 1]
        more = max(0.0, 1.0 - sum(few) - (cut or 0.0))
        yield dict(zip(MISMATCH_COLOURS, (*few, more), strict=True))
