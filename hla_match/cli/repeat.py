"""``hla-match repeat``: every open case against what changed in the registry since its last search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hla_match.cli.case_options import PATH, REGISTRY, actor_option
from hla_match.cli.compilation import prepare_kernels
from hla_match.cli.estimation_progress import own_progress
from hla_match.cli.messages import say
from hla_match.cli.notices import say_notice
from hla_match.cli.progress import progress
from hla_match.cli.raw_text import raw_text_option
from hla_match.cli.registry_record import say_wrapped
from hla_match.cli.spoken_commands import SpokenCommand
from hla_match.language import translated, translated_count
from hla_match.language.retelling import retold

if TYPE_CHECKING:
    from hla_match.services.repeat_report import RepeatedCase

_SIGNS = {"new": "+", "changed": "~", "gone": "-"}
_SAY_EVERY = 100


@click.command(cls=SpokenCommand)
@REGISTRY
@click.option("--all", "full", is_flag=True, help="Look at all donors for every case, not only at those who changed.")
@click.option("--out", type=PATH, help="Table of the changes: CSV, Parquet, JSON lines or Excel by ending.")
@click.option("--lists", type=PATH, help="Table of the whole lists of all cases; with --all.")
@click.option("--overwrite", is_flag=True, help="Replace files of these names.")
@click.option(
    "--show", "shown", default=10, show_default=True, type=click.IntRange(0), help="Changes of a case to print."
)
@raw_text_option
@actor_option
def command(
    registry: Path,
    full: bool,
    out: Path | None,
    lists: Path | None,
    overwrite: bool,
    shown: int,
    raw_text: bool,
    actor: str,
) -> None:
    """Bring the list of every open case of REGISTRY up to date, and say who is new, changed or gone, and why.

    Only donors are looked at who changed since the last search of a case; where that would not be exact, all are.
    """
    from hla_match.services.repeat import open_repeat

    opened = open_repeat(registry, full=full, out=out, lists=lists, overwrite=overwrite, on_notice=say_notice)
    with opened as cases:
        if cases.cases:
            prepare_kernels(probabilities=cases.has_probabilities)
        with own_progress() as on_iteration, progress(translated("cases"), _SAY_EVERY) as on_progress:
            report = cases.run(raw_text=raw_text, actor=actor, on_progress=on_progress, on_iteration=on_iteration)
    for case in report.cases:
        _say(case, shown)
    n_full = sum(bool(one.why_full) for one in report.cases)
    say_wrapped(
        translated_count("{n} open case", "{n} open cases", len(report.cases))
        + translated("; all donors looked at for {full}", full=n_full)
    )
    for path in filter(None, (report.out, report.lists)):
        say(translated("written: {path}", path=path))


def _say(case: RepeatedCase, shown: int) -> None:
    """Say what became of a case, and the first of its changes."""
    if case.error:
        what = translated("not searched: {why}", why=retold(case.error))
    else:
        counts = [f"{_SIGNS[name]}{sum(one.change == name for one in case.changes)}" for name in _SIGNS]
        listed = translated_count("{n} donor in the list", "{n} donors in the list", case.n_listed)
        what = f"{' '.join(counts)}, {listed}"
        if case.why_full:
            what = translated("{what}; all donors looked at: {why}", what=what, why=case.why_full)
    say_wrapped(f"{case.number:>5}  {case.patient_code}  {what}", indent=7)
    for one in case.changes[:shown]:
        say_wrapped(f"       {_SIGNS[one.change]} {one.donor_id}  {one.donor_code}  {one.reason}", indent=11)
    if case.n_erased:
        erased = translated_count("{n} record was erased", "{n} records were erased", case.n_erased)
        say_wrapped(f"       - {erased}", indent=11)
    if len(case.changes) > shown:
        more = translated_count("{n} more", "{n} more", len(case.changes) - shown)
        say_wrapped(f"       {more}", indent=11)
