"""The figures of the page `docs/why-it-is-fast.md`, taken from `benchmarks/REPORT.md`.

    python -m tests.speed_page

writes them into the page; a test fails where the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.pages import DOCS, ROOT, text_of

PAGE = DOCS / "why-it-is-fast.md"
REPORT = ROOT / "benchmarks" / "REPORT.md"
CASES = {
    "search": "one search, counts",
    "search with P": "one search, with probabilities",
    "open": "open the registry",
    "memory of a search with P": "memory of a process that searches",
}
_PLACE = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)


def figures(report: str) -> dict[str, dict[str, str]]:
    """The first figure of each case, by number of donors.

    >>> figures("## 10 donors, synthetic\\n| search | 489 µs<br>p99: 606 µs | | |\\n| build | skipped: no | | |\\n")
    {'10': {'search': '489 µs'}}
    """
    found: dict[str, dict[str, str]] = {}
    for section in report.split("\n## " if not report.startswith("## ") else "## ")[1:]:
        size = re.match(r"([\d,]+) donors, synthetic\n", section)
        if size is not None:
            rows = re.findall(r"^\| ([^|]+) \| ([^|<]+?)(?:<br>[^|]*)? \|", section, re.MULTILINE)
            found[size[1]] = {case: figure for case, figure in rows if re.match(r"[\d.]", figure)}
    return found


def table(report: str) -> Iterator[str]:
    """The table of the page."""
    measured = figures(report)
    yield f"| median | {' | '.join(f'{size} donors' for size in measured)} |\n"
    yield "|---|" + "---|" * len(measured) + "\n"
    for case, told in CASES.items():
        yield f"| {told} | {' | '.join(by_case.get(case, '') for by_case in measured.values())} |\n"


def written() -> str:
    """The page with the figures of the report."""
    return _PLACE.sub("".join(["\n", *table(text_of(REPORT)), "\n"]).replace("\\", r"\\"), text_of(PAGE))


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
