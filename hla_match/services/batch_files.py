"""The three files of a batch: written side by side, named together, each sum checked against the others."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from hla_match.errors import BrokenPartsError
from hla_match.services.batch_manifest import with_files
from hla_match.services.batch_outputs import manifest_path, status_path
from hla_match.services.batch_parts import STATUS_COLUMNS, BatchParts
from hla_match.services.counts import counted
from hla_match.services.person_statuses import quarantined_statuses
from registry_io.disk.joint_files import write_together
from registry_io.persons.patient_file import PatientFile
from registry_io.tables.results_file import put_rows
from registry_io.tables.spreadsheet_text import neutral_file, takes_text_for_formulas


def complete_statuses(parts: BatchParts, file: PatientFile) -> pl.DataFrame:
    """Return one status for each row of the file that has a patient, readable or not.

    Raises:
        BrokenPartsError: the finished parts are not those of all patients.
    """
    statuses = parts.statuses()
    rows = [row for row, _ in file.patients]
    if statuses["row"].to_list() != rows:
        raise BrokenPartsError(
            str(parts.folder),
            found=f"statuses of {counted(statuses.height, 'patient')}",
            expected=f"one for each of {len(rows):,}",
            hint="no result was written; keep other programs away from it, and start the same command again",
        )
    quarantined = quarantined_statuses(file.quarantined).with_columns(donors=pl.lit(0, pl.Int64))
    return pl.concat([statuses, quarantined.select(*STATUS_COLUMNS)]).sort("row", maintain_order=True)


def write_batch(
    out: Path,
    parts: BatchParts,
    statuses: pl.DataFrame,
    manifest: str,
    nomenclature: str,
    *,
    probabilities: bool,
    raw_text: bool,
) -> None:
    """Write results, statuses and manifest; after an error all of them are as they were.

    Args:
        out: file of the results.
        parts: the results.
        statuses: of all patients, as `complete_statuses` gives them.
        manifest: without what is known of the files only when they are written.
        nomenclature: the title that every row bears.
        probabilities: whether there are frequencies.
        raw_text: whether text stays that a spreadsheet would take for a formula.

    Raises:
        BrokenPartsError: a part is no longer what was written, or the statuses count other rows.
        FileError: there is no room.
    """
    n_rows = int(statuses["donors"].sum())
    raw_rows = raw_text or not takes_text_for_formulas(out)
    joined = parts.joined(nomenclature, probabilities=probabilities, n_rows=n_rows, raw_text=raw_rows)
    status_file, manifest_file = status_path(out), manifest_path(out)
    written = neutral_file(statuses, status_file, raw_text=raw_text)
    # The results come last: where they stand, the batch is complete.
    with write_together(status_file, manifest_file, out) as (status, beside, results):
        try:
            put_rows(joined, n_rows, results, out)
        except pl.exceptions.ComputeError as error:
            raise parts.broken or error from error
        put_rows(written.lazy(), written.height, status, status_file)
        files = {"results": (n_rows, results.sha256), "statuses": (written.height, status.sha256)}
        beside.write(with_files(manifest, **files).encode())
