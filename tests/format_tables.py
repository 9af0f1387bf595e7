"""The tables of arrays in `registry_io/FORMAT.md`, written from the declarations of the schema.

    python -m tests.format_tables

writes them between the marks that name the table; a test fails where the page differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import registry_io
from hla_match.kernels.schema.array import Declaration, declarations
from hla_match.kernels.schema.donors import DonorArrays, TypingOrder
from hla_match.kernels.schema.estimation import KeptFrequencies
from hla_match.kernels.schema.haplotypes import Imputation, PersonDigests
from hla_match.kernels.schema.typings import MacArrays, ReportedTypings, TypingTable
from registry_io.store.snapshot_arrays import ATTRIBUTE_CODES

PAGE = Path(registry_io.__file__).parent / "FORMAT.md"

TABLES: dict[str, tuple[Mapping[str, Declaration], str]] = {
    "donors": ({**declarations(DonorArrays), **ATTRIBUTE_CODES}, "{}"),
    "orders": (declarations(TypingOrder), "order_K_{}"),
    "typings": ({**declarations(ReportedTypings), **declarations(TypingTable)}, "{}-L"),
    "multiple allele codes": (declarations(MacArrays), "{}"),
    "imputed donors": ({**declarations(Imputation), **declarations(PersonDigests)}, "{}"),
    "own frequencies": (declarations(KeptFrequencies), "{}"),
}
"""What is declared, and how the names of files are made, by the mark in the page."""


def row(declared: Declaration, pattern: str, files: Mapping[str, str]) -> str:
    """Return the line of an array; `files` are the names in files of the arrays that it may speak of."""
    dims = declared.array.dims if "," in declared.array.dims else f"{declared.array.dims},"
    kind = " or ".join(map(Declaration.kind, declared.dtypes))
    missing = "" if declared.array.missing is None else f"; {declared.array.missing} where there is none"
    sentence = re.sub(r"`(\w+)`", lambda found: f"`{files.get(found[1], found[1])}`", declared.array.sentence)
    return f"| `{pattern.format(declared.file)}.npy` | ({dims}) {kind} | {sentence}{missing} |"


def table(mark: str) -> str:
    """Return a table with its marks."""
    arrays, pattern = TABLES[mark]
    files = {name: one.file for name, one in arrays.items()}
    rows = [row(one, pattern, files) for one in arrays.values()]
    lines = [f"<!-- arrays: {mark} -->", "| file | shape and type | content |", "|---|---|---|", *rows, "<!-- end -->"]
    return "\n".join(lines)


def page(text: str) -> str:
    """Return a page with its tables as declared."""
    return re.sub(r"<!-- arrays: ([\w ]+) -->.*?<!-- end -->", lambda found: table(found[1]), text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
