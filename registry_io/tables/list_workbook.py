"""A match list as an Excel workbook: the donors on one sheet, what the list is of on another."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hla_match.errors import CriteriaError, ErrorCode, FileError
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import given_path
from registry_io.tables.results_file import check_cells, check_sheet, new_workbook


def write_list_workbook(
    frame: pl.DataFrame, about: Sequence[tuple[str, str]], path: str | Path, *, overwrite: bool = False
) -> Path:
    """Write a match list as an Excel workbook, aside and then renamed; no cell of it is a formula or a link.

    The same list gives the same bytes.

    Args:
        frame: one row a donor.
        about: what the list is of: names and texts.
        path: the file, which ends in .xlsx.
        overwrite: whether a file of that name may be replaced.

    Returns:
        The path.

    Raises:
        CriteriaError: the name does not end in .xlsx, or there are more donors than rows of a sheet or longer texts
            than a cell holds.
        FileError: the file is there already, or cannot be written.
    """
    place = given_path("path", path)
    if place.suffix.lower() != ".xlsx":
        expected = "a name that ends in .xlsx"
        raise CriteriaError("output file", found=place.name, expected=expected, code=ErrorCode.CRITERIA_OUTPUT)
    check_sheet(frame.height, place)
    if place.exists() and not overwrite:
        raise FileError(
            str(place),
            found="a file",
            expected="a new name",
            hint="name another file, or give overwrite=True",
            code=ErrorCode.FILE_EXISTS,
        )
    content = list_workbook(frame, about, place)
    with atomic_write(place) as file:
        file.write(content)
    return place


def list_workbook(
    frame: pl.DataFrame, about: Sequence[tuple[str, str]], place: Path, *, sheet: str = "donors"
) -> bytes:
    """Return a match list, or another table, as the bytes of an Excel workbook; no cell is a formula or a link.

    Args:
        frame: one row a donor.
        about: what the list is of: names and texts.
        place: what the file is called, for messages.
        sheet: name of the sheet of the rows.

    Raises:
        CriteriaError: there are more donors than rows of a sheet, or longer texts than a cell holds.
    """
    check_sheet(frame.height, place)
    check_cells(frame, place)
    made = io.BytesIO()
    with new_workbook(made) as workbook:
        frame.write_excel(workbook, worksheet=sheet, autofit=frame.height <= 10_000, freeze_panes=(1, 3))
        lines = pl.DataFrame(about, schema={"about": pl.String, "text": pl.String}, orient="row")
        lines.write_excel(workbook, worksheet="about", autofit=True)
    return made.getvalue()
