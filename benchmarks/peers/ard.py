"""Reduction to P groups beside py-ard: the same names, agreement first, then time.

py-ard is under the LGPL 3: it is run, in an interpreter of its own where one is named, and none of it is copied. It
takes about five milliseconds for a name of a whole family, so that all typings of the registry would take it more than
an hour: some of the donors are drawn evenly, and the time for all is that for these, scaled by the number of names.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.case import Figure, Measured
from benchmarks.findings import Disagreement
from benchmarks.peers.interpreter import interpreter_with, run_worker
from benchmarks.places import SharedPlace
from benchmarks.preparations import Reduction, run_reduction
from hla_match.nomenclature.reduction import reduce_typing

RELEASE = "3580"
N_DONORS = 500
"""Donors whose names py-ard is given one by one."""

_WORKER = Path(__file__).with_name("ard_worker.py")

NULLS_OF_FAMILY = "of a first field alone py-ard also lists null alleles"
NULLS_OF_GROUP = "of a G group py-ard leaves out the null alleles"
MEMBER = "of a G group py-ard gives a member in place of its P group"
ANTIGEN = "of an antigen py-ard leaves out alleles that have it by assumption, or its broad antigen"


class Reductions:
    """The names of the shared registry's donors, reduced by both.

    Attributes:
        own: our reduction of all donors.
        names: every distinct name.
        answer: what py-ard gave.
    """

    def __init__(self, place: SharedPlace) -> None:
        interpreter = interpreter_with("pyard", "py-ard", place.settings.peer_python)
        self.own = Reduction(place)
        frame = self.own.names
        self.names = pl.concat([frame[name] for name in frame.columns]).unique().drop_nulls().sort().to_list()
        some = frame.gather_every(max(frame.height // (20 if place.settings.quick else N_DONORS), 1))
        self.calls = [name for row in some.iter_rows() for name in row if name is not None]
        self.n_typed = frame.width * frame.height - sum(frame.null_count().row(0))
        folder = place.folder / "py-ard"
        release_folder(place.data, folder)
        job = {
            "release": RELEASE,
            "root": str(folder),
            "codes": str(place.source / "mac.txt"),
            "names": self.names,
            "calls": self.calls,
        }
        self.answer = run_worker(interpreter, _WORKER, job, folder)


def release_folder(data: Path, folder: Path) -> None:
    """Lay out the files of a release where py-ard looks for them."""
    source = data / "imgt" / "3.58.0"
    shutil.copytree(source / "wmda", folder / RELEASE / "wmda", dirs_exist_ok=True)
    listed = folder / "Latest" / "allelelist"
    listed.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "Allelelist.txt", listed / f"Allelelist.{RELEASE}.txt")


def difference(name: str, own: set[str], theirs: set[str], is_null: Callable[[str], bool]) -> str | None:
    """Return in words how two reductions of a name differ where that is known and wanted, else nothing.

    >>> difference("A*02:16:01G", {"A*02:16P"}, {"A*02:16:01"}, lambda name: name.endswith("N")) == MEMBER
    True
    >>> difference("A*02:01", {"A*02:01P"}, {"A*02:02P"}, lambda name: name.endswith("N"))
    """
    only_here, only_there = own - theirs, theirs - own
    if name.endswith(":XX") and not only_here and all(map(is_null, only_there)):
        return NULLS_OF_FAMILY
    if "*" not in name and not only_there:
        return ANTIGEN
    if name.endswith("G") and not only_there and all(map(is_null, only_here)):
        return NULLS_OF_GROUP
    if name.endswith("G") and only_there == {name[:-1]} and all(one.endswith("P") or is_null(one) for one in only_here):
        return MEMBER
    return None


def check(reductions: Reductions) -> str:
    """Compare the groups of every distinct name; they agree, or differ in a way that is known."""
    place = reductions.own.place

    def is_null(name: str) -> bool:
        return all(one.endswith("N") for one in reduce_typing(place.nomenclature, name, "P").split("/"))

    reduced = reductions.own.run()
    own: dict[str, str] = {}
    for column in reduced.columns:
        pairs = pl.DataFrame([reductions.own.names[column], reduced[column].alias("P")]).unique().drop_nulls()
        own.update(pairs.iter_rows())
    differing: Counter[str] = Counter()
    for name in reductions.names:
        theirs, mine = (set(one[name].split("/")) for one in (reductions.answer["reduced"], own))
        if theirs != mine:
            known = difference(name, mine, theirs, is_null)
            if known is None:
                raise Disagreement(f"{name}: {len(mine)} groups here, {len(theirs)} there, {len(mine & theirs)} alike")
            differing[known] += 1
    same = len(reductions.names) - differing.total()
    kinds = "".join(f"; {n} times {kind}" for kind, n in sorted(differing.items()))
    return f"{same:,} of {len(reductions.names):,} distinct names reduced alike{kinds}"


def run(reductions: Reductions) -> Measured:
    """Compare the time for all typings."""
    answer = reductions.answer
    own = run_reduction(reductions.own)
    here = own.figures["median"].value
    there = answer["calls_seconds"] / len(reductions.calls) * reductions.n_typed
    figures = {
        "times as fast": Figure(there / here, ""),
        "here": Figure(here),
        "py-ard, one name a call": Figure(there),
        "py-ard, each distinct name once": Figure(answer["names_seconds"]),
        "py-ard, start": Figure(answer["start_seconds"]),
    }
    note = (
        f"py-ard {answer['version']}; {reductions.n_typed:,} names, of which py-ard was given "
        f"{len(reductions.calls):,} of donors drawn evenly, and the time scaled; "
        f"{len(reductions.names):,} distinct names"
    )
    return Measured(figures, {**own.repetitions, "py-ard": [[answer["calls_seconds"]]]}, (note,))
