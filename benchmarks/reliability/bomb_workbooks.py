"""Workbooks that ask for much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.reliability.bomb_files import HEADER, zip_of

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK = {
    "[Content_Types].xml": (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook {MAIN} xmlns:r="{_RELATIONS}"><sheets><sheet name="donors" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>"
    ),
}


def _text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def far_row(row: int) -> str:
    """Return a row whose only cell is in the last column that a sheet can have."""
    return f'<row r="{row}">{_text_cell(f"XFD{row}", "x")}</row>'


_HEAD_CELLS = "".join(_text_cell(f"{chr(65 + at)}1", name) for at, name in enumerate(HEADER.split(",")))
HEAD_ROW = f'<row r="1">{_HEAD_CELLS}</row>'
WHOLE_SHEET = '<dimension ref="A1:XFD1048576"/>'
_NO_STRINGS = f"<sst {MAIN}></sst>"


def workbook_of(
    sheet: str,
    *,
    strings: str = _NO_STRINGS,
    dimension: str = "",
    repeated: Iterable[tuple[str, bytes, bytes, int]] = (),
) -> Callable[[Path], None]:
    """Return what writes a workbook of one sheet, of which parts may be written many times over."""
    also = {name: text.encode() for name, text in WORKBOOK.items()}
    names = {name for name, *_ in repeated}
    own = {
        SHEET: f"<worksheet {MAIN}>{dimension}<sheetData>{sheet}</sheetData></worksheet>".encode(),
        STRINGS: strings.encode(),
    }
    return zip_of(*repeated, also=also | {name: data for name, data in own.items() if name not in names})


def many_cells(n_rows: int, n_columns: int) -> str:
    """Return rows of cells that all name the first shared string."""
    return ("<row>" + '<c t="s"><v>0</v></c>' * n_columns + "</row>") * n_rows


SHOWN_CELL = b'<row><c t="inlineStr"><is><t>02:01</t></is></c></row>'
OPEN_SHEET = f"<worksheet {MAIN}><sheetData>".encode()
