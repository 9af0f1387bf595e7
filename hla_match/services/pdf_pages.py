"""Pages as PDF, where the extra is installed and the fonts of this machine have the characters of the page.

WeasyPrint lays the page out; nothing is fetched for it, neither from the network nor from a file.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords
from hla_match.language import DEFAULT, language
from hla_match.services.fonts import CHINESE, missing_characters

_SHOWN = 20
"""Characters without a font that a message names."""


def check_pdf() -> None:
    """See that a PDF in the language of the moment can be made.

    Raises:
        CriteriaError: WeasyPrint or one of its libraries is not installed, or no font has Chinese characters.
    """
    _weasyprint()
    _check_characters(CHINESE if language() != DEFAULT else "")


def pdf_of_page(page: str) -> bytes:
    """Return a self-contained page as PDF.

    Raises:
        CriteriaError: WeasyPrint is not installed, or no font has a character of the page.
    """
    weasyprint = _weasyprint()
    # What no reader sees: names of fonts and colours.
    _check_characters(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    # It tells of each property that paper does not have, such as the focus of a keyboard.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    made: bytes = weasyprint.HTML(string=page, url_fetcher=nothing).write_pdf()
    return made


def _weasyprint() -> Any:
    """Return the module.

    Raises:
        CriteriaError: it is not installed, or a library of the system that it needs is not.
    """
    try:
        import weasyprint
    except ImportError:
        found, expected = "no WeasyPrint", "WeasyPrint to be installed: pip install 'hla-match[pdf]'"
    except OSError as error:
        found = str(error).partition(":")[0][:80]
        expected = "the library Pango, which WeasyPrint needs: on Debian the package libpangoft2-1.0-0"
    else:
        return weasyprint
    raise CriteriaError("pdf", found=InWords(found), expected=expected, code=ErrorCode.CRITERIA_PACKAGE) from None


def _check_characters(text: str) -> None:
    """Refuse characters that would be boxes.

    Raises:
        CriteriaError: no font of this machine has one of them, or nobody knows the fonts.
    """
    missing = missing_characters(text)
    if missing is None:
        found, expected = "no fontconfig", "the library fontconfig, which knows the fonts of this machine"
    elif missing:
        more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
        found = f"no font with the characters {' '.join(missing[:_SHOWN])}{more}"
        expected = "a font that has them, such as Noto Sans CJK SC (on Debian the package fonts-noto-cjk)"
    else:
        return
    hint = "a page (.html) or a workbook (.xlsx) needs no font here"
    raise CriteriaError("pdf", found=InWords(found), expected=expected, hint=hint, code=ErrorCode.CRITERIA_PACKAGE)
