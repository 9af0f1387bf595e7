"""What spreadsheets make of typings: 02:01 becomes a time, a day's fraction or a date, which is no typing any more."""

from __future__ import annotations

import re

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+)?|[0-9]{1,4}[/-][0-9]{1,2}[/-][0-9]{1,4}"
EXPONENT = r"[0-9](?:\.[0-9]+)?E[+-]?[0-9]+"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
# A day's fraction; a time with seconds, or with AM or PM; and hours without their leading 0.
_TIME = (
    r"0?\.[0-9]{3,}|[0-9]{1,2}:[0-9]{2}:00(?:\.0+)?|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})? ?[AaPp]\.?[Mm]\.?"
    r"|[0-9]:[0-9]{2}(?::[0-9]{2})?"
)
_OF_TYPING = re.compile(
    rf"(?:(?:HLA-)?[A-Za-z]{{1,4}}[0-9]?\*)?"
    rf"(?:{DATE}|{_TIME}|{EXPONENT}|[0-9]{{1,2}}-{_MONTH}|{_MONTH}-[0-9]{{1,2}})"
)
ENTER_AGAIN = "format the column as text and enter {} again"


def spreadsheet_hint(text: str) -> str:
    """Return what to do about a typing of which a spreadsheet made a date, time or number; "" where none did.

    >>> spreadsheet_hint("1899-12-31 02:01:00")
    'a spreadsheet such as Excel took the typing for a date or time: format the column as text and enter it again'
    >>> spreadsheet_hint("02:01")
    ''
    """
    if _OF_TYPING.fullmatch(text.strip()):
        return f"a spreadsheet such as Excel took the typing for a date or time: {ENTER_AGAIN.format('it')}"
    return ""
