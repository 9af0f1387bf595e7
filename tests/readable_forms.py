"""What can be read, as one table: each form with an example, what it means or why it is refused, and what is noted.

`tests/unit/test_readable_forms.py` reads every row; the page `docs/what-can-be-read.md` is rendered from the same rows:

    python -m tests.readable_forms
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hla_match.errors import Reason
from hla_match.nomenclature import gl_string, name_line, standard_form, typing_reader
from tests.readable_files import FILE_FORMS, FileForm

PAGE = Path(__file__).resolve().parents[1] / "docs" / "what-can-be-read.md"

CODES = {"ZAAB": "01/02", "ANDB": "01/02", "ZB": "01/02", "OLD": "01/199"}
"""The multiple allele codes of the examples."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A typing in the columns of a locus.

    Attributes:
        locus: the locus of the columns.
        first: the first column.
        meaning: a typing, in two columns, in strict form that means the same; ("", "") for not typed, None where the
            text is refused.
        second: the second column.
        notes: what is noted.
        reason: why it is refused.
        release: whether the example takes an installed release instead of the built-in nomenclature.
    """

    locus: str
    first: str
    meaning: tuple[str, str] | None = None
    second: str = ""
    notes: tuple[str, ...] = ()
    reason: Reason | None = None
    release: bool = False

    @property
    def cells(self) -> tuple[str, str, str]:
        """What the page shows: what is written, what it means, and what is noted."""
        names = (f"{self.locus}_1", f"{self.locus}_2")
        written = ", ".join(
            f"{name} {shown(text)}" for name, text in zip(names, (self.first, self.second), strict=True) if text
        )
        return written, _meaning(self.meaning, self.reason), "; ".join(self.notes)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a person's typings: a GL String or names, as in `gl_string`, ``--hla``, ``reduce`` and ``typing``.

    Attributes:
        text: the line.
        meaning: a GL String in strict form that means the same, "" for not typed, None where the text is refused.
        notes: what is noted.
        reason: why it is refused.
    """

    text: str
    meaning: str | None = None
    notes: tuple[str, ...] = ()
    reason: Reason | None = None

    @property
    def cells(self) -> tuple[str, str, str]:
        """What the page shows: what is written, what it means, and what is noted."""
        return shown(self.text), _meaning(self.meaning, self.reason), "; ".join(self.notes)


@dataclass(frozen=True, slots=True)
class Section:
    """Some forms under one heading.

    Attributes:
        title: the heading.
        text: what holds for all of them.
        rows: the forms; of each, `cells` stand in a row of the page.
        columns: the names of the page's columns.
    """

    title: str
    text: str
    rows: Sequence[Cell | Line | FileForm]
    columns: tuple[str, ...] = ("written", "read as", "noted")


CELLS = (
    Section(
        "Names of alleles",
        "In the two columns of a locus. `HLA-`, locus and star may be left out.",
        (
            Cell("A", "HLA-A*02:01:01:01", ("02:01:01:01", "")),
            Cell("A", "A*02:01", ("02:01", "")),
            Cell("A", "*24:02:13", ("24:02:13", "")),
            Cell("A", "24:09N", ("24:09N", "")),
            Cell("A", "a*02:01", ("02:01", ""), notes=(standard_form.CAPITALS,)),
            Cell("A", "hla-a*24:09n", ("24:09N", ""), notes=(standard_form.CAPITALS,)),
            Cell("A", "\uff21\uff0a\uff10\uff12\uff1a\uff10\uff11", ("02:01", ""), notes=(standard_form.WIDTH,)),
            Cell("A", "HLA-A02:01", ("02:01", ""), notes=(standard_form.STAR,)),
            Cell("DRB1", "DRB1 15:01", ("15:01", ""), notes=(standard_form.BLANKS, standard_form.STAR)),
            Cell("A", "A*02:01 / A*02:06", ("02:01/02:06", ""), notes=(standard_form.BLANKS,)),
            Cell("A", "02:01/06/A*24:02", ("02:01/02:06/24:02", "")),
            Cell("A", "A*02:01 + A*24:02", ("02:01", "24:02")),
            Cell(
                "A",
                "hla#3.25.0#A*02:01+A*24:02",
                ("02:01", "24:02"),
                notes=(name_line.CODE_OF_RELEASE.format(release="3.25.0"),),
            ),
            Cell("A", "new", ("NEW", ""), notes=(standard_form.CAPITALS,)),
            Cell("A", "02:9999", reason=Reason.UNKNOWN_ALLELE),
            Cell("A", "B*15:01", reason=Reason.WRONG_LOCUS),
            Cell("A", "02:01x", reason=Reason.MALFORMED),
            Cell("A", "02 01", reason=Reason.MALFORMED),
        ),
    ),
    Section(
        "Groups, codes and families",
        "A small g stays small: it is another group than G.",
        (
            Cell("A", "A*02:01:01G", ("HLA-A*02:01:01G", "")),
            Cell("A", "02:01g", ("A*02:01g", "")),
            Cell("A", "a*02:01g", ("A*02:01g", ""), notes=(standard_form.CAPITALS,)),
            Cell("A", "*02:XX", ("A*02:XX", "")),
            Cell("A", "02:xx", ("A*02:XX", ""), notes=(standard_form.CAPITALS,)),
            Cell("A", "A*02", ("A*02:XX", "")),
            Cell("A", "*03:ANDB", ("03:01/03:02", "")),
            Cell("A", "A*03:andb", ("03:01/03:02", ""), notes=(standard_form.CAPITALS,)),
            Cell(
                "A", "A*09:XX", ("23:XX/24:XX", ""),
                notes=("A*09:XX was read as the families of its splits, A*23:XX, A*24:XX",),
            ),
            Cell(
                "DRB1", "DRB1*02:XX", ("15:XX/16:XX", ""),
                notes=("DRB1*02:XX was read as the families of its splits, DRB1*15:XX, DRB1*16:XX",),
            ),
            Cell(
                "DQB1", "DQB1*01:XX", ("05:XX/06:XX", ""),
                notes=("DQB1*01:XX was read as the families of its splits, DQB1*05:XX, DQB1*06:XX",),
            ),
            Cell("B", "B*62:XX", reason=Reason.UNKNOWN_ALLELE),
            Cell("A", "A02", reason=Reason.UNKNOWN_ANTIGEN),
        ),
    ),
    Section(
        "Names before April 2010, and abandoned ones",
        "Four digits alone are an antigen where there is one of that number (A2403), else a name.",
        (
            Cell("A", "A*0201", ("02:01", "")),
            Cell("A", "0201", ("02:01", "")),
            Cell("A", "A0201", ("02:01", ""), notes=(standard_form.STAR,)),
            Cell("A", "A1101", ("11:01", ""), notes=(standard_form.STAR,)),
            Cell("DRB1", "DRB11501", ("15:01", ""), notes=(standard_form.STAR,)),
            Cell("C", "Cw*0702", ("07:02", "")),
            Cell("A", "A*02XX", ("02:XX", ""), notes=(standard_form.COLON,)),
            Cell("DRB1", "DRB1*15ZB", ("15:01/15:02", ""), notes=(standard_form.COLON,)),
            Cell("A", "0201g", ("02:01g", ""), notes=(standard_form.COLON,)),
            Cell("A", "A*03012", ("03:01:02", ""), notes=(typing_reader.ONE_DIGIT,)),
            Cell("A", "A*9201", ("02:101", "")),
            Cell("A", "A*01:34", ("01:01:38L", ""), notes=("A*01:34 was renamed A*01:01:38L",), release=True),
            Cell("B", "B*27:215", ("27:05:02:01", ""), notes=("B*27:215 was renamed B*27:05:02:01",), release=True),
            Cell("C", "C*16:199", ("06:359N", ""), notes=("C*16:199 was renamed C*06:359N",), release=True),
            Cell(
                "C", "C*16:OLD", ("16:01/06:359N", ""), notes=("C*16:199 was renamed C*06:359N",), release=True,
            ),
            Cell("A", "A*02:100", reason=Reason.DELETED_ALLELE, release=True),
        ),
    ),
    Section(
        "Serology",
        "Broad, split and associated antigens, with their letters or without.",
        (
            Cell("A", "A2", ("2", "")),
            Cell("C", "cw7", ("Cw7", ""), notes=(standard_form.CAPITALS,)),
            Cell("C", "CW7", ("Cw7", "")),
            Cell("C", "C7", ("Cw7", "")),
            Cell("DRB1", "dr17", ("DR17", ""), notes=(standard_form.CAPITALS,)),
            Cell("B", "B62(15)", ("B62", "")),
            Cell("DRB1", "DR17(3)", ("DR17", "")),
            Cell("A", "A24 (9)", ("A24", ""), notes=(standard_form.BLANKS,)),
            Cell("DRB1", "DRw17", ("DR17", ""), notes=(standard_form.WORKSHOP,)),
            Cell("A", "A24(10)", reason=Reason.UNKNOWN_ANTIGEN),
            Cell("A", "A9(24)", reason=Reason.UNKNOWN_ANTIGEN),
            Cell("B", "Bw4", reason=Reason.MALFORMED),
        ),
    ),
    Section(
        "Homozygous, absent, not typed",
        "Beside a first typing, a sign for empty stands for nothing: reported homozygous. A word for not typed stands "
        "for any allele.",
        (
            Cell("A", "02:01", ("02:01", "02:01")),
            Cell("A", "02:01", ("02:01", ""), "-", notes=(standard_form.NO_SECOND,)),
            Cell("A", "A*02:01+A*-", ("02:01", ""), notes=(standard_form.NO_SECOND,)),
            Cell("A", "A*-+A*-", ("", ""), notes=(standard_form.NOT_TYPED,)),
            Cell("A", "-|24:02", ("", ""), notes=(standard_form.NOT_TYPED,)),
            Cell("A", "02:01", ("02:01", "XXXX"), "not typed", notes=(typing_reader.UNKNOWN_ALLELE,)),
            *(
                Cell("A", sign, ("", ""), sign, notes=(standard_form.NOT_TYPED,))
                for sign in ("-", ".", "****", "NA", "N/A", "Not typed", "NT", "UUUU", "A*-", "\u672a\u505a", "\u65e0")
            ),
            Cell("DRB3", "DRB3*XXXX", ("XXXX", ""), notes=(typing_reader.ANY_ALLELE,)),
            Cell("DRB4", "DRB4*NNNN", ("NNNN", "NNNN")),
            Cell("DRB4", "nnnn", ("NNNN", "NNNN")),
            Cell("A", "-", None, "02:01", reason=Reason.SECOND_WITHOUT_FIRST),
            Cell("A", "NULL", reason=Reason.MALFORMED),
        ),
    ),
    Section(
        "What spreadsheets make of typings",
        "A time, date or number tells no typing. The hint says how to format the column.",
        tuple(
            Cell("A", text, reason=reason)
            for text, reason in (
                ("0.0840277777777778", Reason.MALFORMED),
                ("2:01", Reason.MALFORMED),
                ("2:01 AM", Reason.MALFORMED),
                ("02:01:00", Reason.UNKNOWN_ALLELE),
                ("1899-12-31 02:01:00", Reason.MALFORMED),
                ("2.01", Reason.MALFORMED),
            )
        ),
    ),
)  # fmt: skip
"""The forms of a typing in the columns of a locus."""

LINES = (
    Section(
        "GL Strings",
        "Version 1.1: `?` `^` `|` `+` `~` `/`.",
        (
            Line("HLA-A*02:01+HLA-A*24:02^HLA-B*40:01", "A*02:01+A*24:02^B*40:01"),
            Line("A*02:01 + A*24:02 ^ B*40:01", "A*02:01+A*24:02^B*40:01", (standard_form.BLANKS,)),
            Line("a*02:01+a*24:02", "A*02:01+A*24:02", (standard_form.CAPITALS,)),
            Line("\uff21*02:01\uff0bA*24:02", "A*02:01+A*24:02", (standard_form.WIDTH,)),
            Line(
                "hla#3.25.0#A*01:01+A*02:01", "A*01:01+A*02:01", (name_line.CODE_OF_RELEASE.format(release="3.25.0"),)
            ),
            Line("hla#2018-06#A*01:01", "A*01:01", (name_line.CODE_OF_RELEASE.format(release="2018-06"),)),
            Line("A*02:01/06+A*24:02", "A*02:01/A*02:06+A*24:02"),
            Line("A0201+A2402", "A*0201+A2402", (standard_form.STAR,)),
            Line("A*02:01+A*-", "A*02:01", (standard_form.NO_SECOND,)),
            Line("A*02:01^B*-+B*-", "A*02:01", (standard_form.NOT_TYPED,)),
            Line("-", "", (standard_form.NOT_TYPED,)),
            Line("未做", "", (standard_form.NOT_TYPED,)),
            Line("A*02:01^MICA*008^HLA-E*01:01", "A*02:01"),
            Line("A*01:01+A*02 01", reason=Reason.MALFORMED),
            Line("A*01:01+A*02:01+A*03:01", reason=Reason.MALFORMED),
            Line("A*01:01^DR*15:01", reason=Reason.UNKNOWN_LOCUS),
        ),
    ),
    Section(
        "Names in a line",
        "Antigens or alleles separated by blanks, commas or semicolons: the locus by its letters, at most two names "
        "of a locus.",
        (
            Line("A2 A24 B60 B46 DR9 DR15", "A2+A24^B60+B46^DR9+DR15", (name_line.NAMES,)),
            Line("A2 C7 Cw4", "A2^Cw7+Cw4", (name_line.NAMES,)),
            Line("A2,24;B60,46", "A2+A24^B60+B46", (name_line.NAMES,)),
            Line("A*02:01, A*24:02, B*40:01", "A*02:01+A*24:02^B*40:01", (name_line.NAMES,)),
            Line("A2 B60(40) Cw7 DR17(3) DR53", "A2^B60(40)^Cw7^DR17(3)^DR53", (name_line.NAMES,)),
            Line("A2 A24 Bw6 B60", "A2+A24^B60", (name_line.EPITOPES, name_line.NAMES)),
            Line("A*02:01+A*24:02 B*07:02+B*08:01", "A*02:01+A*24:02^B*07:02+B*08:01", (name_line.BLOCKS,)),
            Line("A1 A2 A3", reason=Reason.CONFLICTING_TYPINGS),
            Line("24 A2", reason=Reason.MALFORMED),
        ),
    ),
    Section(
        "DRB3, DRB4 and DRB5",
        "A chromosome carries at most one of these genes. Where alternatives name different ones, each is only "
        "possible; `DRBX*NNNN` is a chromosome without any.",
        (
            Line("DRB3*01:01+DRB4*01:03", "DRB3*01:01^DRB4*01:03"),
            Line(
                "DRB3*01:01+DRB3*02:02|DRB3*01:01+DRB4*01:03",
                "DRB3*01:01+DRB3*02:02|DRB3*01:01+DRB3*NNNN^DRB4*NNNN+DRB4*NNNN|DRB4*01:03+DRB4*NNNN",
            ),
            Line(
                "A*01:01^DRB4*01:03?A*01:01^DRB5*01:01",
                "A*01:01^DRB4*01:03|DRB4*NNNN+DRB4*NNNN^DRB5*NNNN+DRB5*NNNN|DRB5*01:01",
            ),
            Line("DRB3*01:01+DRBX*NNNN", "DRB3*01:01+DRB3*NNNN^DRB4*NNNN+DRB4*NNNN^DRB5*NNNN+DRB5*NNNN"),
            Line("A*01:01^B*07:02?A*01:01", "A*01:01", (gl_string.UNNAMED.format(locus="B"),)),
        ),
    ),
)  # fmt: skip
"""The forms of a line of a person's typings."""

FILES = tuple(
    Section(heading, "", [form for form in FILE_FORMS if form.heading == heading])
    for heading in dict.fromkeys(form.heading for form in FILE_FORMS)
)
"""The forms of files."""


def shown(text: str) -> str:
    """Return a text as code in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def page() -> str:
    """Return the page of what can be read."""
    parts = [
        "# What can be read",
        "Every row of these tables is a test. What is understood differently than written is noted: printed with "
        "its number of donors at an import, shown again by `registry info`, and shown for one typing by "
        "`hla-match typing`. What could be understood in two ways is refused, with its place.",
        "## Typings in columns",
        *_sections(CELLS),
        "## Typings in a line",
        "In the column `gl_string`, in `--hla`, and where `reduce` and `typing` read.",
        *_sections(LINES),
    ]
    parts += [
        "## Files",
        "Header and first rows of files of donors, patients and haplotype frequencies, divided by /. What is said "
        "stands in the summary of an import.",
        *_sections(FILES),
    ]
    return "\n\n".join(parts) + "\n"


def _sections(sections: Sequence[Section]) -> list[str]:
    found = []
    for section in sections:
        rows = [section.columns, ("---",) * len(section.columns), *(row.cells for row in section.rows)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        found += [f"### {section.title}", *filter(None, (section.text,)), table]
    return found


def _meaning(meaning: str | tuple[str, str] | None, reason: Reason | None) -> str:
    if meaning is None:
        return f"refused: {reason}"
    if not any(meaning):
        return "not typed"
    return shown(meaning) if isinstance(meaning, str) else ", ".join(shown(text) for text in meaning if text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
