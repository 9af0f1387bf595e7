"""The data dictionary, written from the declarations of the columns.

python -m tests.column_page
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hla_match.reporting.result_columns import RESULT_COLUMNS, STATUS_COLUMNS, ResultColumn

PAGE = Path(__file__).resolve().parents[1] / "docs" / "columns.md"

HEAD = """\
# Columns of results

Every column of the results of `hla-match batch`, of the statuses beside them, and of `MatchList.to_polars()`, in their
order. LOCUS in a name is a locus, as in `A_grade` and `p_DRB1`. [Batch](batch.md#result-files) tells which files
there are, [frequencies](frequencies.md#columns) what probabilities rest on, [what a match
means](what-a-match-means.md#position-grades) what the grades are.

"""


def page() -> str:
    """Return the page."""
    parts = [("Results", RESULT_COLUMNS), ("Statuses", STATUS_COLUMNS)]
    return HEAD + "\n".join(f"## {title}\n\n{''.join(_table(columns))}" for title, columns in parts)


def _table(columns: Sequence[ResultColumn]) -> Iterator[str]:
    yield "| column | values | empty | meaning |\n|---|---|---|---|\n"
    for one in columns:
        where = f" ({one.where})" if one.where else ""
        yield f"| `{one.name}` | {one.values} | {one.empty} | {one.meaning}{where} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
