"""Several tables as the sheets of one Excel workbook: texts stay texts, and equal tables give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from registry_io.tables.results_file import check_cells, check_sheet, new_workbook

_WIDEST = 60
"""Characters of the widest column; longer texts are wrapped."""


def sheets_workbook(sheets: Mapping[str, pl.DataFrame], place: Path) -> bytes:
    """Return the tables of a report by the names of their sheets as a workbook without formulas and links.

    Args:
        sheets: a table each; columns whose names end in % hold shares of one.
        place: the file that it is for.

    Raises:
        CriteriaError: a table has more rows than a sheet, or a longer text than a cell holds.
    """
    for table in sheets.values():
        check_sheet(table.height, place, is_report=True)
        check_cells(table, place, is_report=True)
    made = io.BytesIO()
    with new_workbook(made) as workbook:
        wrapped = {"text_wrap": True, "valign": "top"}
        for name, table in sheets.items():
            shares = [one for one in table.columns if one.endswith("%")]
            table.write_excel(
                workbook,
                worksheet=name,
                column_formats={
                    **{one: wrapped for one, kind in table.schema.items() if kind == pl.String},
                    **{one: "0.00%" for one in shares},
                },
                column_widths={one: _width(table[one]) for one in table.columns},
                freeze_panes=(1, 0),
                table_style="Table Style Light 1",
            )
    return made.getvalue()


def _width(column: pl.Series) -> int:
    """Return the width of a column in pixels, some 8 a character, of which a Chinese one takes two."""
    texts = [column.name, *(str(one) for one in column.head(500) if one is not None)]
    longest = max(len(one.encode("utf-8", "replace")) if not one.isascii() else len(one) for one in texts)
    return 8 * (min(max(longest, 5), _WIDEST) + 2)
