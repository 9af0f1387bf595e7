"""The report of one patient: a page to read, to print and to keep, and the page that links those of many patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from jinja2 import Environment

from hla_match.language import language, translated, translated_count
from hla_match.reporting.call_advice import CallAdvice
from hla_match.reporting.list_view import ListView
from hla_match.reporting.match_summary import notice
from hla_match.reporting.next_steps import NextSteps, steps_headings, steps_legend, steps_summary
from hla_match.reporting.page_templates import shared_environment

FIRST = 10
"""Donors on the first page of a report."""


@dataclass(frozen=True, slots=True)
class StepsView:
    """What to type, and how many donors to ask.

    Attributes:
        sentences: in words.
        headings: of the table; empty where there is none.
        rows: its cells as text.
        legend: what the columns are.
    """

    sentences: tuple[str, ...]
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    legend: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything that a report says, in the language of the moment.

    Attributes:
        view: the list.
        calls: whom to call first.
        near: who comes nearest to the criteria, where no donor meets them.
        steps: what to type.
        registry: the registry in a line.
        made_from: what the list was made from, as names and texts.
        manifest: the manifest as JSON.
    """

    view: ListView
    calls: tuple[CallAdvice, ...]
    near: tuple[CallAdvice, ...]
    steps: StepsView
    registry: str
    made_from: tuple[tuple[str, str], ...]
    manifest: str


def steps_view(steps: NextSteps | None, n_donors: int) -> StepsView:
    """Return what to type and how many to ask; why that is not known where there are no steps.

    Args:
        steps: the next steps; None without probabilities.
        n_donors: donors of the list.
    """
    if not n_donors:
        return StepsView((translated("There is no donor to ask."),))
    if steps is None:
        return StepsView(
            (translated("This is not known without haplotype frequencies: they tell how probable each match is."),)
        )
    summary = steps_summary(steps)
    return StepsView(steps.sentences, steps_headings(summary.columns), tuple(summary.iter_rows()), steps_legend(steps))


def count_sentences(view: ListView) -> Iterator[str]:
    """Yield in plain words how many donors there are, and of which class."""
    if not view.n_found:
        yield translated("No donor of the registry meets the criteria.")
        return
    yield translated_count("{n} donor meets the criteria.", "{n} donors meet the criteria.", view.n_found)
    if view.n_listed < view.n_found:
        yield translated_count(
            "The list has the first donor; the figures below are for it.",
            "The list has the first {n} donors; the figures below are for them.",
            view.n_listed,
        )
    if len(view.rows) < view.n_listed:
        yield translated_count(
            "The full list names the first of them.",
            "The full list names the first {n} of them.",
            len(view.rows),
        )
    best = view.classes[0]
    yield translated_count(
        "{n} donor may be a full match ({match_class}), certain as typed: {certain}.",
        "{n} donors may be a full match ({match_class}), certain as typed: {certain}.",
        best.n,
        match_class=best.match_class,
        certain=f"{best.n_certain:,}",
    )
    if best.expected is not None:
        yield translated(
            "By the probabilities {n} full matches are to be expected among them.", n=f"{best.expected:,.1f}"
        )


def report_page(content: ReportContent) -> str:
    """Return the report of a patient as one self-contained page, in the language of the moment."""
    template = _environment(language()).get_template("report.jinja")
    return template.render(
        view=content.view,
        first=content.view.rows[:FIRST],
        counts=tuple(count_sentences(content.view)),
        calls=content.calls,
        near=content.near,
        steps=content.steps,
        about=content,
    )


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A patient of an index.

    Attributes:
        patient_id: as the file has it.
        file: name of the report beside the index; "" where there is none.
        n_found: donors that meet the criteria; None where nobody was searched for.
        best: the class of the first donor; "" where there is none.
        n_best: donors of the list who may be of the best class.
        p_best: probability of no mismatch of the first donor, as shown; "" where not known.
        said: why there is no report, or what was missing or assumed.
    """

    patient_id: str
    file: str
    n_found: int | None
    best: str
    n_best: int
    p_best: str
    said: tuple[str, ...]

    @property
    def is_unwritten(self) -> bool:
        """Whether the patient was searched for, and there is no report all the same."""
        return not self.file and self.n_found is not None


class MadeFrom(Protocol):
    """What reports were made from; `ReportContent` has the same attributes."""

    @property
    def registry(self) -> str:
        """The registry in a line."""
        ...

    @property
    def made_from(self) -> tuple[tuple[str, str], ...]:
        """Names and texts."""
        ...

    @property
    def manifest(self) -> str:
        """The manifest as JSON."""
        ...


def index_page(entries: Sequence[IndexEntry], about: MadeFrom) -> str:
    """Return the page that links the reports of many patients, in the language of the moment.

    Args:
        entries: the patients, in the order of their file.
        about: what they were made from.
    """
    template = _environment(language()).get_template("report_index.jinja")
    n_failed = sum(one.n_found is None for one in entries)
    n_unwritten = sum(one.is_unwritten for one in entries)
    return template.render(entries=entries, n_failed=n_failed, n_unwritten=n_unwritten, about=about, notice=notice())


@cache
def _environment(code: str) -> Environment:
    """Return what renders pages in a language; macros of another one are not those of this."""
    return shared_environment()
