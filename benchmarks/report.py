"""The report: what was measured, as tables and growth plots, written from a file of results and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.case import Case
from benchmarks.findings import SHARED
from benchmarks.growth_plot import growth_plot
from benchmarks.machine import machine_line
from benchmarks.programs_plot import programs_plot
from benchmarks.reliability.section import reliability_section
from benchmarks.results import Document, bound, figures, growth, place_name, shown, verdicts

Plot = tuple[str, str, str, str, tuple[str, ...]]

PLOTS: tuple[Plot, ...] = (
    (
        "searches",
        "One patient, 10/10 with up to 2 mismatches, best 100",
        "median",
        "s",
        (
            "search",
            "search for barely typed",
            "search with P",
            "NumPy search",
            "streaming sum, one thread",
            "streaming sum, all threads",
            "memcpy",
        ),
    ),
    ("slowest", "One patient, 99th percentile", "p99", "s", ("search", "search for barely typed", "search with P")),
    ("preparations", "Before the first search", "median", "s", ("import", "open", "imputation")),
    ("memory", "Peak memory of a process", "median", "bytes", ("memory of a search", "memory of a search with P")),
)
"""File, title, figure, unit and cases of each growth plot."""

_FLOORS = ("streaming sum, one thread", "streaming sum, all threads", "memcpy")


def write_report(
    document: Document, cases: Sequence[Case], path: Path, reliability: Document | None = None
) -> list[Path]:
    """Write the report and, in a folder of its name beside it, the plots; return everything written.

    Args:
        document: the results.
        cases: the table.
        path: of the report, such as ``REPORT.md``.
        reliability: the results of the attacks, or None.
    """
    folder = path.parent / path.stem.lower()
    folder.mkdir(parents=True, exist_ok=True)
    written = [path]
    pictures = []
    for name, title, figure, unit, names in PLOTS:
        drawn = {case: growth(document, case, figure) for case in names}
        series = {case: points for case, points in drawn.items() if len(points) > 1}
        if series:
            picture = folder / f"{name}.svg"
            picture.write_text(growth_plot(title, series, unit=unit, dashed=_FLOORS), encoding="utf-8")
            pictures.append(f"![{title}]({folder.name}/{picture.name})")
            written.append(picture)
    programs = programs_plot(document)
    if programs is not None:
        (folder / "programs.svg").write_text(programs, encoding="utf-8")
        written.append(folder / "programs.svg")
    lines = [
        "# Benchmark report",
        "",
        "Written by `python -m benchmarks report` from a file of results, not by hand; `README.md` says how.",
        "",
        machine_line(document["machine"]) + f"; {document['settings']['workers']} threads.",
        "",
        "Every result was compared with another way to it before it was timed; the last column of each table says how.",
        "Times are medians over patients of their medians over repetitions, unless a name says otherwise.",
        "",
    ]
    if document["settings"]["quick"]:
        lines += ["**A quick run: tiny registries, one repetition. The figures mean nothing.**", ""]
    lines += ["## Targets", "", *_targets(document, cases), ""]
    if pictures:
        lines += ["## Growth", "", "\n\n".join(pictures), ""]
    if reliability is not None:
        lines += [*reliability_section(reliability), ""]
    places = list(dict.fromkeys(result["place"] for result in document["results"]))
    for label in places:
        lines += [f"## {_heading(label)}", "", *_table(document, cases, label), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return written


def _heading(label: str) -> str:
    return "The shared registry and the other programs" if label == SHARED else f"{place_name(label)}, synthetic"


def _targets(document: Document, cases: Sequence[Case]) -> Iterator[str]:
    yield from ("| case | figure | at | target | measured | |", "|---|---|---|---|---|---|")
    for verdict in verdicts(document, cases):
        measured = "" if verdict.value is None else shown(verdict.value, verdict.unit)
        cells = (
            verdict.case,
            verdict.target.figure,
            place_name(verdict.target.place),
            bound(verdict),
            measured,
            f"**{verdict.word}**" if verdict.word == "MISSED" else verdict.word,
        )
        yield f"| {' | '.join(cells)} |"


def _table(document: Document, cases: Sequence[Case], label: str) -> Iterator[str]:
    known = figures(document)
    by_name = {case.name: case for case in cases}
    yield from ("| case | figures | beside its floor | compared first |", "|---|---|---|---|")
    for result in document["results"]:
        if result["place"] != label:
            continue
        name = result["case"]
        if "figures" not in result:
            state = f"skipped: {result['skipped']}" if "skipped" in result else f"**failed**: {result['failed']}"
            yield f"| {name} | {_cell(state)} | | |"
            continue
        numbers = "<br>".join(
            f"{'' if figure == 'median' else figure + ': '}{shown(one['value'], one['unit'])}"
            for figure, one in result["figures"].items()
        )
        beside = ""
        case = by_name.get(name)
        floor = known.get((case.beside, label, "median")) if case is not None and case.beside is not None else None
        if case is not None and floor is not None:
            beside = f"{shown(result['figures']['median']['value'] / floor.value, '')} times {case.beside}"
        notes = "".join(f"; {note}" for note in result["notes"])
        yield f"| {name} | {numbers} | {beside} | {_cell(result['agreed'] + notes)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
