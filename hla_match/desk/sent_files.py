"""Tables that are sent as files: text or an Excel workbook, in which no cell is a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from starlette.responses import Response

from registry_io.tables.list_workbook import list_workbook
from registry_io.tables.spreadsheet_text import neutral_frame

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sent_table(frame: pl.DataFrame, about: Sequence[tuple[str, str]], ending: str, name: str) -> Response | None:
    """Return a table as the file of an answer; None where there is no such kind of file.

    Args:
        frame: the table.
        about: what it is of, names and texts, which an Excel workbook has on a second sheet.
        ending: "csv" or "xlsx".
        name: of the file and of the sheet.

    Raises:
        CriteriaError: there are more rows than a sheet has, or longer texts than a cell holds.
    """
    if ending == "csv":
        text = io.BytesIO()
        neutral_frame(frame).write_csv(text, include_bom=True)
        return _file(text.getvalue(), "text/csv; charset=utf-8", f"{name}.csv")
    if ending == "xlsx":
        place = Path(f"{name}.xlsx")
        return _file(list_workbook(frame, about, place, sheet=name), _WORKBOOK, place.name)
    return None


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
