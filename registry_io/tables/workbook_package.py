"""The parts of a workbook: where its sheets, styles and number formats stand in the package.

Source: ECMA-376-1:2016, section 18.8.30 (number formats); ECMA-376-2 (packages and their relations).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from array import array
from collections.abc import Callable
from xml.parsers import expat

_CHUNK = 1 << 20
_LARGEST_STYLES = 64 * _CHUNK
_NO_RESULTS = (b"</f></c>", b"</f><v></v>", b"</f><v/>", b"</f><v />", b'"/></c>')
_OVERLAP = max(map(len, _NO_RESULTS))
# The formats without a code in the file that are not plain numbers, dates or text.
_BUILTIN = {9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 48: "##0.0E+0"}
_QUOTED = re.compile(r'"[^"]*"|\\.')
_WITHOUT_SHAPE = re.compile(r"\[(?![hms]+\])[^\]]*\]|[_*].", re.IGNORECASE)
_DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
_PLAIN = re.compile(r"[#,]*(?P<zeros>0*)(?:\.[0#?]*)? *")

_Start = Callable[[str, dict[str, str]], None]


def least_digits(code: str) -> int | None:
    r"""Return how many digits a number format shows at least before the point; None where it shows more than digits.

    A date counts as one digit: it is read as a date.

    >>> [least_digits(code) for code in ("0000000", "#,##0.00;[Red]-#,##0.00", "yyyy-mm-dd", r"00\:00", "0.00E+00")]
    [7, 1, 1, None, None]
    """
    shape = _WITHOUT_SHAPE.sub("", code.split(";")[0])
    if shape.strip().lower() in ("general", "@", "") or _DATE.search(_QUOTED.sub("", shape)):
        return 1
    plain = _PLAIN.fullmatch(shape)
    return None if plain is None else len(plain["zeros"])


class WorkbookPackage:
    """The parts of a workbook, without regard to case and slashes of their names."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}

    def related(self, part: str, kind: str) -> str:
        """Return the part that a part names by a relation of a kind.

        Raises:
            LookupError: there is none.
        """
        return {found: target for found, target in self._relations(part).values()}[kind]

    def sheet(self, book: str, name: str) -> str:
        """Return the part of a sheet.

        Raises:
            LookupError: there is none of this name.
        """
        identifiers: dict[str, str] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if local_name(tag) == "sheet":
                own = next((text for key, text in attributes.items() if key.endswith(":id")), "")
                identifiers.setdefault(attributes["name"], own)

        self.parse(book, start)
        return self._relations(book)[identifiers[name]][1]

    def formats(self, book: str) -> dict[str, str]:
        """Return, by the number of a cell's style, the formats that may show more than the digits of a number."""
        codes, number_format, inside = dict(_BUILTIN), array("I"), [""]

        def start(tag: str, attributes: dict[str, str]) -> None:
            name = local_name(tag)
            if name in ("cellXfs", "cellStyleXfs", "dxfs"):
                inside[0] = name
            elif name == "numFmt" and inside[0] != "dxfs":
                codes[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif name == "xf" and inside[0] == "cellXfs":
                number_format.append(int(attributes.get("numFmtId", "0")))

        try:
            styles = self.related(book, "styles")
        except LookupError:
            return {}
        self.parse(styles, start, at_most=_LARGEST_STYLES)
        odd = {number: code for number, code in codes.items() if least_digits(code) not in (0, 1)}
        return {str(style): odd[number] for style, number in enumerate(number_format) if number in odd}

    def has_failures(self, sheet: str) -> bool:
        """Whether a sheet may have formulas without a result."""
        rest = b""
        with self._archive.open(self._names[sheet]) as handle:
            while chunk := handle.read(_CHUNK):
                text = rest + chunk
                if b't="e"' in text or (b"<f" in text and any(end in text for end in _NO_RESULTS)):
                    return True
                rest = chunk[-_OVERLAP:]
        return False

    def parse(
        self,
        part: str,
        start: _Start,
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        *,
        at_most: int | None = None,
    ) -> None:
        """Parse the XML of a part.

        Raises:
            ValueError: it declares entities, or has more bytes than `at_most`.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        parser.StartDoctypeDeclHandler = _refuse
        if at_most is not None and self._archive.getinfo(self._names[part]).file_size > at_most:
            raise ValueError(part)
        with self._archive.open(self._names[part]) as handle:
            while chunk := handle.read(_CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return, by their identifiers, kind and target of what a part is related to."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if local_name(tag) == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join(f"/{folder}", attributes["Target"].replace("\\", "/")))
                found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target.lstrip("/").lower())

        self.parse(posixpath.join(folder, "_rels", f"{name}.rels"), start)
        return found


def _refuse(*_: object) -> None:
    raise ValueError("a document type")


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition(":")[2]
