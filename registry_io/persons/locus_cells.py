"""Cells that hold more than one typing of one locus: both typings, or that of any of DRB3, DRB4 and DRB5."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from hla_match.errors import Reason, TypingError
from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string import split_loci
from hla_match.nomenclature.standard_form import NO_SECOND, NOT_TYPED
from hla_match.nomenclature.untyped import is_empty, is_untyped
from registry_io.persons.attribute_values import EMPTY_NOTE
from registry_io.persons.line_notes import line_notes
from registry_io.tables.quarantine import QuarantinedRecord

ABSENT = "NNNN"
"""A typing of a gene that a chromosome lacks."""

_NO_GENE = re.compile(r"(?:(?:HLA-)?DRB[345X]\*)?(?:NNNN|00:00)", re.IGNORECASE)
_COMMA = r"[,;\x{FF0C}\x{FF1B}\x{3001}]"
_PAIRS = (
    rf"^([^,;\x{{FF0C}}\x{{FF1B}}\x{{3001}}|?^~]+?)\s*{_COMMA}\s*([^,;\x{{FF0C}}\x{{FF1B}}\x{{3001}}|?^~]+)$",
    r"^([^+|?^~]+?)\s*\+\s*([^+|?^~]+)$",
    r"^([^\s+|?^~,;]*[^\s+|?^~/,;])\s+([^\s+|?^~/,;(][^\s+|?^~,;]*)$",
)
_MARK = "\0is sign"
_PLACES = ("DRB345_1", "DRB345_2")
_Pair = tuple[str, str]


def both_typings(cells: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the two typings of cells that hold both, joined by a comma, a semicolon, ``+`` or a blank.

    A cell of one typing is reported homozygous, as where a second column is empty; one of whole genotypes is left as
    it is.

    >>> frame = pl.DataFrame({"A": ["02:01,24:02", "A*02:01+A*24:02", "02:01 24:02", "02:01", "02:01/02:06"]})
    >>> frame.select(*(side.alias(name) for side, name in zip(both_typings(pl.col("A")), "12"))).rows()[2:]
    [('02:01', '24:02'), ('02:01', None), ('02:01/02:06', None)]
    """
    text = cells.str.replace(rf"\s*{_COMMA}$", "")
    first, second = text, pl.lit(None, pl.String)
    for pattern in reversed(_PAIRS):
        matches = text.str.contains(pattern)
        first = pl.when(matches).then(text.str.extract(pattern, 1)).otherwise(first)
        second = pl.when(matches).then(text.str.extract(pattern, 2)).otherwise(second)
    return first, second


def without_signs_of_nothing(
    frame: pl.DataFrame, names: Mapping[str, Sequence[str]]
) -> tuple[pl.DataFrame, Counter[tuple[str, str]]]:
    """Return the typings with null where their cells say that nothing was typed, such as ``-`` in both of a locus.

    Args:
        frame: the persons.
        names: by locus, what the file calls its columns; `gl_string` may be among the loci.

    Returns:
        The frame, and the number of cells, by what is said of them and their column.
    """
    notes: Counter[tuple[str, str]] = Counter()
    for locus, own in names.items():
        sides = [name for name in (f"{locus}_1", f"{locus}_2", locus) if name in frame.columns]
        first = pl.col(sides[0])
        # Most typings begin with a digit, and no sign or word for nothing does.
        may_be = first.str.contains("^[^0-9]") | (first.is_null() & pl.col(sides[-1]).is_not_null())
        texts = frame.select(sides).filter(may_be).unique()
        are_signs = [is_untyped(*(text or "" for text in row)) for row in texts.iter_rows()]
        signs = texts.filter(pl.Series(are_signs, dtype=pl.Boolean)).with_columns(pl.lit(True).alias(_MARK))
        if not signs.height:
            continue
        marked = frame.join(signs, on=sides, how="left", nulls_equal=True, maintain_order="left")
        is_sign = marked[_MARK].fill_null(False)
        for side, name in zip(sides, (*own, own[-1]), strict=False):
            n_cells = int((is_sign & marked[side].is_not_null()).sum())
            notes.update({(EMPTY_NOTE, name): n_cells} if n_cells else {})
        frame = marked.drop(_MARK).with_columns(pl.when(~is_sign).then(pl.col(side)).alias(side) for side in sides)
    return frame, notes


def drb345_typings(first: str, second: str, notes: list[str] | None = None) -> dict[str, _Pair]:
    """Return what two places of DRB3, DRB4 and DRB5 report at each of these genes; `notes` as in `split_loci`.

    The places are the two chromosomes, of which each carries at most one of the genes: where both are given, a gene
    that neither names is absent from both, and one that a single place names is absent from the other.

    Raises:
        TypingError: a place does not name its gene, or names several; or there is a second without a first.

    >>> drb345_typings("DRB3*01:01", "DRB4*01:03")
    {'DRB3': ('01:01', 'NNNN'), 'DRB4': ('01:03', 'NNNN'), 'DRB5': ('NNNN', '')}
    >>> drb345_typings("DRB3*02:02", ""), drb345_typings("NNNN", "NNNN")["DRB3"]
    ({'DRB3': ('02:02', '')}, ('NNNN', ''))
    """
    if first and second and is_untyped(second) and notes is not None:
        notes.append(NO_SECOND if is_empty(second) else NOT_TYPED)
    first, second = ("" if is_untyped(text) else text for text in (first, second))
    if second and not first:
        raise TypingError(
            second,
            0,
            expected="nothing, because the first place is empty",
            reason=Reason.SECOND_WITHOUT_FIRST,
            hint="move the typing to the first column, or write NNNN there",
        )
    if not first:
        return {}
    if not second and "|" in first:
        return split_loci(first, notes=notes)
    places = [_gene(first, notes), _gene(second or first, notes)]
    if not second and places[0][0]:
        return {places[0][0]: (places[0][1], "")}
    typings: dict[str, _Pair] = {}
    for gene in OPTIONAL_GENES:
        names = [name for found, name in places if found == gene]
        typings[gene] = (names[0], names[1] if len(names) > 1 else ABSENT) if names else (ABSENT, "")
    return typings


def _gene(text: str, notes: list[str] | None) -> _Pair:
    """Return gene and typing of one place; "" and "" where it carries none of the genes."""
    if _NO_GENE.fullmatch(text):
        return "", ""
    typings = split_loci(text, notes=notes)
    gene = next(iter(typings), "")
    if len(typings) != 1 or gene not in OPTIONAL_GENES or typings[gene][1]:
        raise TypingError(
            text,
            0,
            expected="one typing with its gene, such as DRB3*01:01, DRB4*01:03 or NNNN",
            reason=Reason.WRONG_LOCUS,
        )
    return gene, typings[gene][0]


def join_drb345(frame: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[QuarantinedRecord], pl.DataFrame]:
    """Put the typings of the places `DRB345_1` and `DRB345_2` into columns of their genes; each text is read once.

    Args:
        frame: the persons.
        column: the column of the first place, as the file calls it.

    Returns:
        The frame with the columns of the three genes, a record for each person whose places cannot be read, and the
        rows of `registry_io.persons.line_notes.LINE_NOTES`.
    """
    given = frame.select(_PLACES).unique(maintain_order=True)
    columns = [f"{gene}_{side}" for gene in OPTIONAL_GENES for side in (1, 2)]
    rows: list[dict[str, str | None]] = []
    errors: dict[int, TypingError] = {}
    notes: dict[int, list[str]] = {}
    for number, (first, second) in enumerate(given.iter_rows()):
        try:
            typings = drb345_typings(first or "", second or "", notes.setdefault(number, []))
        except TypingError as error:
            typings, errors[number] = {}, error
        pairs = (typings.get(gene, ("", "")) for gene in OPTIONAL_GENES)
        rows.append(dict(zip(columns, (text or None for pair in pairs for text in pair), strict=True)))
    read = given.hstack(pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))).with_row_index("\0number")
    joined = frame.join(read, on=_PLACES, how="left", maintain_order="left", nulls_equal=True)
    wrong = joined.filter(pl.col("\0number").is_in(list(errors))).select("row", "person_id", "\0number")
    found = [
        QuarantinedRecord(
            row=row,
            person_id=person or "",
            column=column,
            text=errors[number].text,
            reason=errors[number].reason,
            message=f"position {errors[number].position}: expected {errors[number].expected}",
            hint=errors[number].hint,
        )
        for row, person, number in wrong.iter_rows()
    ]
    return joined.drop("\0number", *_PLACES), found, line_notes(joined, "\0number", notes)
