"""The report of a patient as tables in the language of the moment: a summary, the donors, how the list was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from hla_match.language import translated
from hla_match.reporting.grade_tiles import MISMATCH_COLOURS, tile_legend
from hla_match.reporting.list_report import ReportContent, count_sentences
from hla_match.reporting.list_view import DonorRow, ListView


def report_sheets(content: ReportContent) -> Mapping[str, pl.DataFrame]:
    """Return the sheets of a workbook by their names."""
    view = content.view
    return {
        translated("summary"): _lines(_summary(content)),
        translated("donors"): _donors(view),
        translated("about"): _lines(_about(content)),
    }


def _lines(entries: Iterator[tuple[str, str]]) -> pl.DataFrame:
    names = [translated("about"), translated("text")]
    return pl.DataFrame(list(entries), schema=dict.fromkeys(names, pl.String), orient="row")


def _summary(content: ReportContent) -> Iterator[tuple[str, str]]:
    view = content.view
    yield translated("patient"), view.patient_id
    for one in view.patient:
        read = f" = {one.understood}" if one.understood else ""
        yield one.locus, (one.reported or translated("not typed")) + read
    yield from ((translated("note"), notice) for notice in view.notices)
    yield from ((translated("donors"), sentence) for sentence in count_sentences(view))
    for count in view.classes:
        certain = translated("{n}, certain: {certain}", n=f"{count.n:,}", certain=f"{count.n_certain:,}")
        yield count.match_class, certain
    for advice in content.calls or content.near:
        name = translated("whom to call first") if content.calls else translated("nearest to the criteria")
        yield name, "\n".join([advice.head, *advice.lines])
    yield from ((translated("what to type"), sentence) for sentence in content.steps.sentences)
    yield translated("notice"), view.notice


def _about(content: ReportContent) -> Iterator[tuple[str, str]]:
    view = content.view
    yield from ((translated("order"), line) for line in view.order)
    yield from view.filters
    yield from content.made_from
    yield translated("grades"), tile_legend()
    yield from ((translated("not known to the nomenclature"), limit) for limit in view.limits)
    for number, part in enumerate(_pieces(content.manifest), 1):
        yield translated("manifest {part}", part=number), part


_CELL = 30_000
"""Characters of a text that is cut into several cells, below what a cell of Excel holds."""


def _pieces(text: str) -> Iterator[str]:
    yield from (text[at : at + _CELL] for at in range(0, len(text), _CELL))


def _donors(view: ListView) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {}
    for row in view.rows:
        for name, value in _cells(view, row):
            columns.setdefault(name, []).append(value)
    if not view.rows:
        return pl.DataFrame(schema={translated("rank"): pl.UInt32, translated("donor"): pl.String})
    kinds = {float: pl.Float64, int: pl.Int64}
    series = []
    for name, values in columns.items():
        kind = next((kinds[type(one)] for one in values if type(one) in kinds), pl.String)
        series.append(pl.Series(name, values, kind))
    return pl.DataFrame(series)


def _cells(view: ListView, row: DonorRow) -> Iterator[tuple[str, int | float | str | None]]:
    """Yield what a row of the sheet holds, by the names of its columns: the same of every donor of a list."""
    yield translated("rank"), row.rank
    yield translated("donor"), row.donor_id
    yield translated("match"), row.match
    for cell in row.loci:
        grades = translated("{locus} grades", locus=cell.heading)
        yield grades, "".join(tile.letter for tile in cell.tiles)
        yield translated("{locus} typing", locus=cell.heading), cell.donor_typing
    yield translated("other loci"), row.other_typing or None
    if view.has_probabilities:
        for name in MISMATCH_COLOURS:
            title = translated("probability of {n} mismatches, %", n=translated(name))
            yield title, None if row.probabilities is None else row.probabilities[name]
    yield translated("DPB1 class"), row.dpb1_class
    yield translated("age"), row.values["age"]
    yield translated("sex"), row.sex or None
    yield translated("blood group"), row.abo or None
    yield translated("CMV"), row.cmv or None
    yield translated("city"), row.city or None
    yield translated("status"), row.status or None
    yield translated("typing resolution"), row.values["resolution"]
    yield translated("last contact"), row.last_contact or None
    yield translated("reserved until"), row.reserved_until or None
    yield translated("mismatches"), "; ".join(row.mismatches) or None
    yield translated("before the next by"), row.why or None
    yield translated("warnings"), "; ".join(row.warnings) or None
