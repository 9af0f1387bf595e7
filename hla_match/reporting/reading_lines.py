"""How a typing is understood, as lines for a terminal: one a locus, or one a genotype where there are several."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from hla_match.errors import TypingError
from hla_match.loci import OPTIONAL_GENES, SEROLOGY_PREFIX
from hla_match.nomenclature.reading import LocusReading, Reading, Side
from hla_match.visible_text import visible

_GROUPS, _ANTIGENS, _GENOTYPES = 3, 6, 6
"""Entries of a long list that are shown."""

_WIDEST = 100
"""Columns of a text in which a place is marked; of a longer one the part around the place is shown."""


def reading_lines(reading: Reading, encoding: str = "utf-8") -> list[str]:
    """Return how a typing is understood, in lines.

    Args:
        reading: the typing.
        encoding: that of the terminal, whose characters a mark under a text stands below.
    """
    if reading.error is not None:
        return list(_fault(reading.error, encoding))
    lines = [f"read as  {reading.gl_string}"] if reading.gl_string not in ("", reading.text.strip()) else []
    for locus in reading.loci:
        lines += _locus_lines(locus, encoding)
    if not any(locus.genotypes or locus.error for locus in reading.loci):
        lines.append("not typed")
    if reading.ignored_loci:
        lines.append(f"not compared and passed over: {', '.join(reading.ignored_loci)}")
    noted = dict.fromkeys([*reading.notes, *(note for locus in reading.loci for note in locus.notes)])
    return [*lines, *(f"note: {note}" for note in noted)]


def _locus_lines(locus: LocusReading, encoding: str) -> Iterator[str]:
    head = f"{locus.locus:<6}"
    if locus.error is not None:
        first, *marked = _fault(locus.error, encoding)
        yield head + first
        yield from (" " * 6 + line for line in marked)
    elif not locus.genotypes:
        yield f"{head}not typed"
    elif locus.is_absent:
        yield f"{head}absent on both chromosomes"
    elif len(locus.genotypes) == 1:
        one, other = locus.genotypes[0]
        shown = _side(locus.locus, one)
        beside = ", or beside an absent gene" if locus.locus in OPTIONAL_GENES else ""
        lone = f"{shown}, reported for both{beside}"
        yield head + (lone if locus.is_lone else f"{shown} + {_side(locus.locus, other)}")
    else:
        yield f"{head}one of {len(locus.genotypes):,} genotypes"
        for one, other in locus.genotypes[:_GENOTYPES]:
            yield f"{'':<6}{_side(locus.locus, one)} + {_side(locus.locus, other)}"
        if len(locus.genotypes) > _GENOTYPES:
            yield f"{'':<6}and {len(locus.genotypes) - _GENOTYPES:,} more"


def _side(locus: str, side: Side) -> str:
    if side.is_absent:
        return "absent"
    name = side.text.replace("HLA-", "").replace(f"{locus}*", "")
    if side.is_new:
        return f"{name} (no name yet, matches nothing)"
    prefix = SEROLOGY_PREFIX.get(locus, "")
    antigens = [one if one.startswith("*") else prefix + one for one in side.antigens]
    facts = []
    if side.p_groups and side.p_groups != (name,):
        facts.append(f"{_counted(side.n_alleles, 'allele')} of {_groups(side)}")
    if antigens and name.partition("(")[0] not in antigens:
        facts.append(_first(antigens, _ANTIGENS))
    if side.has_null:
        facts.append("null alleles among them" if side.p_groups else "null")
    return f"{name} ({'; '.join(facts)})" if facts else name


def _groups(side: Side) -> str:
    if len(side.p_groups) == 1:
        return f"P group {side.p_groups[0]}"
    return f"{len(side.p_groups):,} P groups {_first(side.p_groups, _GROUPS)}"


def _fault(error: TypingError, encoding: str) -> Iterator[str]:
    """Yield what is wrong with a text, the text, and a mark under the place."""
    yield f"not read: expected {error.expected}" + (f"; {error.hint}" if error.hint else "")
    start = max(0, error.position - _WIDEST // 2)
    before = visible(error.text[start : error.position], encoding)
    yield before + visible(error.text[error.position : start + _WIDEST], encoding)
    yield " " * sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in before) + "^"


def _first(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"
