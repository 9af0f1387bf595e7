"""The files of a report on a registry: tables and a page, all of them new or all of them as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from hla_match.services.outputs import output_error, refuse_overwriting
from registry_io.disk.joint_files import lock_files, write_together
from registry_io.tables.results_file import check_writable_ending, put_rows
from registry_io.tables.spreadsheet_text import neutral_file

PAGE_ENDINGS = (".html", ".htm")
"""Endings of a page."""


@contextmanager
def report_files(
    registry: Path, tables: Sequence[Path], page: Path | None, inputs: Sequence[Path] = ()
) -> Iterator[None]:
    """Be the only writer of some tables and a page while the block runs, once it is seen that they can be written.

    Args:
        registry: the folder of the registry, in which no report lies.
        tables: CSV, Parquet, JSON lines or Excel, by their endings.
        page: a page, or None.
        inputs: files that are read.

    Raises:
        CriteriaError: an ending names no format, two files have one name, or one would replace what is read.
        FileError: one of them cannot be written.
        LockedError: another process writes one of them.
    """
    for table in tables:
        check_writable_ending(table)
    if page is not None and not page.name.lower().endswith(PAGE_ENDINGS):
        raise output_error(page, f"a name that ends in one of {', '.join(PAGE_ENDINGS)}")
    paths = [*tables, *([page] if page is not None else [])]
    refuse_overwriting(paths, registry, inputs)
    with lock_files(*paths):
        yield


def write_report(
    tables: Mapping[Path, pl.DataFrame],
    pages: Mapping[Path, str],
    *,
    raw_text: bool = False,
    acknowledge: Callable[[], None] | None = None,
) -> None:
    """Write tables and pages by their paths; `acknowledge` is as in `registry_io.disk.joint_files.write_together`.

    Raises:
        CriteriaError: a table has more rows than an Excel sheet.
        FileError: a file cannot be written.
    """
    with write_together(*tables, *pages, acknowledge=acknowledge) as files:
        for file in files:
            if file.path in pages:
                file.write(pages[file.path].encode())
                continue
            frame = neutral_file(tables[file.path], file.path, raw_text=raw_text)
            put_rows(frame.lazy(), frame.height, file, file.path)
