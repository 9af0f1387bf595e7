"""``audit``: a registry in; a table of findings, a table of scores and a page out."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hla_match.auditing.findings import FindingKind, in_schema
from hla_match.auditing.settings import AuditSettings
from hla_match.donors.registry import Registry
from hla_match.errors import Reason
from hla_match.language import translated
from hla_match.loci import LOCI
from hla_match.services.executors import n_processors
from hla_match.services.frequency_sets import FrequencySets
from hla_match.services.notices import Notices, OnNotice
from hla_match.services.report_files import report_files, write_report
from hla_match.services.searched_registry import check_fallback, source_files
from registry_io.disk.given_path import given_path
from registry_io.persons.typing_conflicts import ONE_BY_SEROLOGY
from registry_io.store.frequency_store import FrequencyInput
from registry_io.store.imputation_store import open_imputation
from registry_io.store.registry_folder import QUARANTINE
from registry_io.store.registry_store import open_registry
from registry_io.tables.quarantine import read_quarantine

if TYPE_CHECKING:
    from hla_match.auditing.audit import Audit


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        registry: what was looked through.
        audit: what was found.
        settings: what it went by, the day of the audit among it.
        frequencies: name of the frequencies, or None.
    """

    registry: Registry
    audit: Audit
    settings: AuditSettings
    frequencies: str | None


def audit(
    registry: str | Path,
    out: str | Path | None = None,
    *,
    scores: str | Path | None = None,
    page: str | Path | None = None,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    settings: AuditSettings | None = None,
    raw_text: bool = False,
    on_notice: OnNotice | None = None,
) -> AuditReport:
    r"""Look through the donors of a registry for what may be wrong, and how well they are typed.

    Args:
        registry: folder of the registry.
        out: table of the findings, one row each, by donor: CSV, Parquet, JSON lines or Excel, by its ending.
        scores: table of the donors with their resolution score, and the level of each locus.
        page: HTML page of counts and plots, which names nobody.
        frequencies: haplotype frequencies, as `registry_io.open_frequencies` takes them; without them haplotypes are
            not looked at, nor whether duplicates are chance.
        global_frequencies: those that are asked where the first explain nobody.
        settings: what to go by; by default ages are computed today, and all processors compute.
        raw_text: whether text stays as it is that a spreadsheet would take for a formula.
        on_notice: is called with each notice as soon as there is one.

    Raises:
        CriteriaError: a file has no name that can be written.
        FileError: a file cannot be read or written.
        RegistryError: there is no registry in the folder, or it is damaged.
        LockedError: another process writes the same files.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,DRB1_1,DRB1_2,DRB3_1,DRB3_2\nD1,04:05,15:01,02:02,\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> audit(folder / "registry", folder / "findings.csv").audit.findings.select("donor_id", "kind", "reported").rows()
    [('D1', 'dr_linkage', 'DRB1 04:05+15:01; DRB3 02:02')]
    """
    check_fallback(frequencies, global_frequencies)
    folder, notices = given_path("registry", registry), Notices(on_notice)
    settings = settings if settings is not None else AuditSettings(workers=n_processors())
    settings = replace(settings, as_of=settings.as_of or datetime.date.today())
    table, score_table, page_file = (
        None if path is None else given_path(name, path)
        for name, path in {"out": out, "scores": scores, "page": page}.items()
    )
    tables = [path for path in (table, score_table) if path is not None]
    with report_files(folder, tables, page_file, source_files(frequencies, global_frequencies)):
        report = _audited(folder, settings, (frequencies, global_frequencies), notices)
        frames = {table: report.audit.findings, score_table: report.audit.resolution.by_donor(report.registry)}
        pages = {} if page_file is None else {page_file: _page(report)}
        write_report({path: frame for path, frame in frames.items() if path is not None}, pages, raw_text=raw_text)
    return report


def _audited(
    folder: Path,
    settings: AuditSettings,
    given: tuple[FrequencyInput | None, FrequencyInput | None],
    notices: Notices,
) -> AuditReport:
    """Look through the registry of a folder with the frequencies that were given, own and global."""
    from hla_match.auditing.audit import audit_registry

    opened = open_registry(folder)
    frequencies = imputed = None
    if given[0] is not None:
        sets = FrequencySets.load(given[0], given[1], opened, notices)
        imputed = open_imputation(folder, opened, sets.frequencies, sets.fallback, workers=settings.workers)
        frequencies = sets.frequencies
    found = audit_registry(
        opened,
        settings,
        frequencies=frequencies,
        imputed=imputed,
        earlier=earlier_reports(folder),
        further=[left_out(folder)],
    )
    return AuditReport(opened, found, settings, None if frequencies is None else frequencies.name)


def earlier_reports(folder: Path) -> pl.DataFrame | None:
    """Return the records of donors that a later one took the place of; None where the registry keeps none.

    Raises:
        RegistryError: the record of the registry is damaged.
    """
    from registry_io.store.journal.journal import Journal
    from registry_io.store.journal.journal_file import has_journal

    if not has_journal(folder):
        return None
    with Journal.open(folder) as journal:
        parts = list(journal.replaced_persons())
    return pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame(schema={"person_id": pl.String})


def left_out(folder: Path) -> pl.DataFrame:
    """Return a finding for each of the quarantined records of the last import, which are in no registry.

    Raises:
        FileError: the quarantine report cannot be read.
    """
    from hla_match.auditing.names import KIND_OF_REASON

    records = read_quarantine(folder / QUARANTINE)
    # Of two typings of one locus the text tells which.
    of_text = pl.when(pl.col("column") == "gl_string").then(pl.col("text").str.extract("^([A-Z0-9]+): "))
    locus = pl.coalesce(of_text, pl.col("column").str.replace("_[12]$", ""))
    kinds = {reason.value: kind.value for reason, kind in KIND_OF_REASON.items()}
    by_reason = pl.col("reason").replace_strict(kinds, default=FindingKind.LEFT_OUT.value, return_dtype=pl.String)
    of_two_kinds = (pl.col("reason") == Reason.CONFLICTING_TYPINGS.value) & pl.col("message").str.contains(
        ONE_BY_SEROLOGY, literal=True
    )
    return in_schema(
        records.select(
            kind=pl.when(of_two_kinds).then(pl.lit(FindingKind.DNA_AGAINST_SEROLOGY.value)).otherwise(by_reason),
            donor_id="person_id",
            locus=pl.when(locus.is_in(LOCI)).then(locus),
            reported="text",
            detail=pl.format("row {}: {}: {}", "row", "reason", "message"),
        )
    )


def _page(report: AuditReport) -> str:
    from hla_match.reporting.audit_page import audit_page

    title = translated("Audit of the registry {name}", name=report.registry.name)
    return audit_page(title, report.registry, report.audit, report.settings, report.frequencies)
