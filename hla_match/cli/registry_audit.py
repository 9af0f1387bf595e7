"""``hla-match registry audit``: what may be wrong with donors, and how well they are typed."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.frequency_options import frequency_options
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.errors import CriteriaError
from hla_match.language import listed, translated, translated_count
from hla_match.language.retelling import retold
from hla_match.wide_text import padded

if TYPE_CHECKING:
    from hla_match.services.audit import AuditReport

_PATH = click.Path(path_type=Path)


@click.command("audit", cls=SpokenCommand)
@click.argument("registry", type=_PATH)
@frequency_options(required=False)
@click.option("--out", type=_PATH, help="Table of the findings, by donor: CSV, Parquet, JSON lines or Excel by ending.")
@click.option("--scores", type=_PATH, help="Table of the donors' resolution, likewise.")
@click.option("--page", type=_PATH, help="HTML page of counts and plots, which names nobody.")
@click.option("--nomenclature", "release", help="Release by which names are judged.  [default: the registry's own]")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The date at which ages are computed.  [default: today]"
)
@click.option("--registration-ages", default="18-45", show_default=True, help="Ages at which donors are registered.")
@click.option("--ages", default="16-70", show_default=True, help="Ages at which donors are kept.")
@raw_text_option
def audit(
    registry: Path,
    frequencies: str | None,
    global_frequencies: str | None,
    out: Path | None,
    scores: Path | None,
    page: Path | None,
    release: str | None,
    as_of: datetime.datetime | None,
    registration_ages: str,
    ages: str,
    raw_text: bool,
) -> None:
    """Look through the donors of REGISTRY for what may be wrong, and how well they are typed.

    The terminal shows counts; whoever a finding is about stands in the file of --out alone.
    """
    from hla_match.auditing.settings import AuditSettings
    from hla_match.services.executors import n_processors
    from registry_io.store.nomenclature_store import open_nomenclature

    settings = AuditSettings(
        as_of=as_of.date() if as_of is not None else None,
        registration_ages=_ages("registration-ages", registration_ages),
        ages=_ages("ages", ages),
        nomenclature=open_nomenclature(release) if release is not None else None,
        workers=n_processors(),
    )
    prepare_kernels()
    from hla_match.services.audit import audit as audit_folder

    report = audit_folder(
        registry,
        out,
        scores=scores,
        page=page,
        frequencies=frequencies,
        global_frequencies=global_frequencies,
        settings=settings,
        raw_text=raw_text,
        on_notice=say_notice,
    )
    say(*_lines(report))
    for what, path in {translated("Findings"): out, translated("Scores"): scores, translated("Page"): page}.items():
        if path is not None:
            say(translated("{what}: {path}", what=what, path=path))


def _ages(name: str, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,3})-([0-9]{1,3})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise CriteriaError(name, found=text, expected="the least and the greatest age, such as 18-45")
    return int(match[1]), int(match[2])


def _lines(report: AuditReport) -> list[str]:
    from hla_match.auditing.findings import FindingKind
    from hla_match.auditing.resolution import LEVELS
    from hla_match.reporting.level_words import level_word

    audit = report.audit
    donors = translated_count("{n} donor", "{n} donors", report.registry.n_donors)
    lines = [
        translated_count(
            "{registry}: {donors}, {n} finding as of {day}",
            "{registry}: {donors}, {n} findings as of {day}",
            audit.findings.height,
            registry=report.registry.name,
            donors=donors,
            day=report.settings.as_of,
        )
    ]
    for kind, n_findings, n_donors in audit.counts().iter_rows():
        if n_findings:
            donors = translated_count("{n} donor", "{n} donors", n_donors)
            label = padded(retold(FindingKind(kind).label), 38)
            lines.append(translated("  {label} {n}, {donors}", label=label, n=f"{n_findings:>9,}", donors=donors))
    if audit.n_duplicates_by_chance is not None:
        label = translated("suspected duplicates expected by chance")
        lines.append(f"  {padded(label, 39)} {audit.n_duplicates_by_chance:>8,}")
    n_typings = max(audit.resolution.level.size, 1)
    shares = listed(
        translated(
            "{share} {level}", share=f"{(audit.resolution.level == code).sum() / n_typings:.1%}", level=level_word(name)
        )
        for code, name in enumerate(LEVELS)
    )
    loci = listed(audit.resolution.loci)
    lines.append(translated("Typings of {loci}: {shares}", loci=loci, shares=shares))
    if report.registry.n_donors:
        score = f"{audit.resolution.score.mean():.3f}"
        lines.append(translated("Mean resolution score: {score}", score=score))
    return lines + [
        translated("not looked at: {what}: {why}", what=retold(kind.label), why=retold(why))
        for kind, why in audit.not_checked
    ]
