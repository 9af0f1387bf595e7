"""The kinds of files that a report can be, by the ending of a name: a page, a page as PDF, a workbook."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.language import speaking
from hla_match.services.outputs import output_error

if TYPE_CHECKING:
    from hla_match.reporting.list_report import ReportContent


class ReportKind(StrEnum):
    """What a report can be written as; the value is the ending of its name."""

    HTML = ".html"
    PDF = ".pdf"
    EXCEL = ".xlsx"

    @classmethod
    def of(cls, place: Path) -> ReportKind:
        """Return the kind that the ending of a name stands for.

        Raises:
            CriteriaError: it stands for none.

        >>> ReportKind.of(Path("P1.HTML"))
        <ReportKind.HTML: '.html'>
        """
        for kind in cls:
            if place.suffix.lower() == kind.value:
                return kind
        raise output_error(place, f"a name that ends in one of {', '.join(cls)}")

    def check(self, language: str) -> None:
        """See that reports of this kind can be made here, before anything is searched.

        Raises:
            CriteriaError: there is no such language, a package is not installed, or no font has Chinese characters.
        """
        with speaking(language):
            if self is ReportKind.PDF:
                from hla_match.services.pdf_pages import check_pdf

                check_pdf()

    def made(self, content: ReportContent, place: Path) -> bytes:
        """Return a report as bytes, in the language of the moment.

        Args:
            content: what it says.
            place: the file that it is for.

        Raises:
            CriteriaError: a text is longer than a cell of a workbook holds, or no font has its characters.
        """
        from hla_match.reporting.list_report import report_page

        if self is ReportKind.EXCEL:
            from hla_match.reporting.report_workbook import report_sheets
            from registry_io.tables.sheets_workbook import sheets_workbook

            return sheets_workbook(report_sheets(content), place)
        page = report_page(content)
        if self is ReportKind.HTML:
            return page.encode()
        from hla_match.services.pdf_pages import pdf_of_page

        return pdf_of_page(page)
