"""A match list within 80 columns: one line of columns a donor, below it typing, mismatches and class of DPB1.

Columns that do not fit are left out, those that matter least first; an identifier or a grade is never cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import translatable, translated
from hla_match.loci import DRB345
from hla_match.reporting.fact_words import short_facts
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import percent, shown_attribute
from hla_match.reporting.side_by_side import WIDTH, paragraph, shown_width
from hla_match.visible_text import visible

_SHORT = {"DRB1": "DR", "DQB1": "DQ", "DPB1": "DP", DRB345: "345", "DQA1": "QA", "DPA1": "PA"}
"""Loci by shorter names."""

SHORT_NAMES = translatable(
    "DR, DQ, DP: DRB1, DQB1, DPB1; match: matching alleles, from those that are certain to those that may be"
)
"""The headings explained."""

_RIGHT = ("rank", "match", "P0", "P1", "P2", "age")
_LEFT_OUT_FIRST = (("P2",), ("GvH", "HvG"), ("CMV",), ("ABO",), ("sex",), ("age",))
"""Columns that are left out where there is no room, the first ones first; then loci that do not count."""

_NAMES = 3
"""Names of a list in a donor's typing that are shown."""

_TIE = "\u00a0"
"""A blank that is no place to break a line."""


def compact_lines(found: RankedDonors, encoding: str = "utf-8", part: slice = slice(None)) -> Iterator[str]:
    """Yield the table in lines: headings, a rule, and for each donor a line and the typing.

    Args:
        found: the list.
        encoding: of the terminal, which may not have every character.
        part: which donors.
    """
    frame = match_frame([found], part)
    columns = {name: [visible(cell, encoding) for cell in cells] for name, cells in _columns(found, frame).items()}
    width = {name: max(map(shown_width, (name, *cells))) for name, cells in columns.items()}
    uncounted = [(name,) for name in columns if name.startswith("(")]
    for names in (*_LEFT_OUT_FIRST, *reversed(uncounted)):
        if sum(width.values()) + len(width) - 1 > WIDTH:
            for name in columns.keys() & set(names):
                del width[name], columns[name]
    yield _row(list(columns), width)
    stroke = "\u2500"
    # A terminal without that stroke gets another one.
    yield (stroke if visible(stroke, encoding) == stroke else "-") * (sum(width.values()) + len(width) - 1)
    facts = frame.select("donor_typing", "mismatches", "dpb1_tce").iter_rows(named=True)
    for cells, row in zip(zip(*columns.values(), strict=True), facts, strict=True):
        yield _row(cells, width)
        below = [*short_typing(row["donor_typing"], indent=6), *paragraph(short_facts(row), indent=6)]
        yield from (visible(line, encoding) for line in below if line.strip())


def short_typing(gl_string: str, *, indent: int = 0) -> list[str]:
    """Return a typing in lines: each locus once, and of a list of alleles the first.

    >>> short_typing("A*02:01+A*24:02^B*40:01/B*40:02/B*40:03/B*40:04/B*40:06+B62^DRB1*09:01")
    ['A 02:01+24:02  B 40:01/40:02/40:03/2 more+B62  DR 09:01']

    Args:
        gl_string: the typing; "" where there is none.
        indent: blanks in front of each line.
    """
    text = "  ".join(_block(block) for block in gl_string.split("^")) if gl_string else translated("not typed")
    return [line.replace(_TIE, " ") for line in paragraph(text, indent=indent)]


def _block(block: str) -> str:
    starred = re.match(r"([A-Z0-9]+)\*", block)
    locus = starred[1] if starred else _locus_of_antigen(block)
    sides = []
    for side in re.split(r"([+|])", block):
        names = [name.removeprefix(f"{locus}*") for name in side.split("/")]
        more = [translated("{n} more", n=len(names) - _NAMES).replace(" ", _TIE)] if len(names) > _NAMES else []
        sides.append("/".join([*names[:_NAMES], *more]))
    return f"{_SHORT.get(locus, locus)}{_TIE}{''.join(sides)}"


def _locus_of_antigen(block: str) -> str:
    """Return the locus of a typing that begins with an antigen, as its other name or its letters tell."""
    starred = re.search(r"(?<![A-Z0-9])([A-Z0-9]+)\*", block)
    letters = re.match(r"[A-Za-z]+", block)
    if starred or letters is None:
        return starred[1] if starred else ""
    return {"Cw": "C", "DR": "DRB1", "DQ": "DQB1"}.get(letters[0], letters[0])


def _columns(found: RankedDonors, frame: pl.DataFrame) -> dict[str, list[str]]:
    size = 2 * len(found.criteria.loci)
    columns = {
        "rank": frame["rank"].cast(pl.String).to_list(),
        "donor": frame["donor_id"].to_list(),
        "match": [
            f"{best}/{size}" if best == worst else f"{worst}-{best}/{size}"
            for best, worst in frame.select("matches_best", "matches_worst").iter_rows()
        ],
    }
    if found.prediction is not None:
        columns |= {f"P{k}": [percent(value) for value in frame[f"p{k}"]] for k in range(3)}
    for result in found.loci:
        short = _SHORT.get(result.locus, result.locus)
        heading = short if result.locus in found.criteria.loci else f"({short})"
        columns[heading] = frame[f"{result.locus}_grade"].to_list()
    shown = {"gvh": "GvH", "hvg": "HvG", "age": "age", "sex": "sex", "abo": "ABO", "cmv": "CMV", "status": "status"}
    for name, heading in shown.items():
        if name in frame.columns:
            columns[heading] = shown_attribute(frame, name).to_list()
    return columns


def _row(cells: Sequence[str], width: dict[str, int]) -> str:
    padded = []
    for cell, (name, columns) in zip(cells, width.items(), strict=True):
        blanks = " " * (columns - shown_width(cell))
        padded.append(blanks + cell if name in _RIGHT else cell + blanks)
    return " ".join(padded).rstrip()
