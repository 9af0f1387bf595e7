"""Open cases against what changed since their last search, beside full searches of the same cases."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from benchmarks.case import Figure, Measured, seconds_of
from benchmarks.findings import Disagreement
from benchmarks.places import AS_OF, Place, SharedPlace
from hla_match import Patient, SearchCriteria, open_matcher, repeat, search_case
from hla_match.services.repeat_report import RepeatReport
from hla_match.synthetic.volunteers import volunteers
from registry_io import import_donors
from registry_io.persons.patient_file import read_patients
from registry_io.store.case_request import CaseRequest
from registry_io.store.case_steps import open_cases

N_CASES, N_NEW, N_CHANGED = 200, 500, 300
_SEED = 30
_SINGLE = 20
"""Cases that are searched one by one; all would take minutes."""
_LATER = AS_OF + datetime.timedelta(days=1)


@dataclass(frozen=True)
class RepeatedCases:
    """Cases of a copy of a registry that were searched once, and whose registry then took an intake and changes."""

    place: Place
    copies: tuple[Path, Path] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "copies", (self.place.folder / "repeated", self.place.folder / "searched"))

    @property
    def n_cases(self) -> int:
        """Open cases."""
        return 5 if self.place.settings.quick else N_CASES

    @cached_property
    def patients(self) -> list[Patient]:
        """As many patients as there are cases; of a few some come again."""
        registry = self.place.registry
        file = self.place.many_patients if isinstance(self.place, SharedPlace) else self.place.patient_file
        found = [one for _, one in read_patients(file, registry.nomenclature, registry.codes).patients]
        return [found[at % len(found)] for at in range(self.n_cases)]

    def start(self) -> None:
        """Make a copy of the registry with searched cases, its intake and changes, and a second one of that."""
        first, second = self.copies
        for folder in self.copies:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.place.registry_folder, first, ignore=shutil.ignore_patterns("imputed-*"))
        requests = [CaseRequest(patient=one, criteria=SearchCriteria(max_mismatches=1)) for one in self.patients]
        open_cases(first, requests, day=AS_OF)
        repeat(first, today=AS_OF)
        for rows in self._changes():
            file = self.place.folder / "intake.parquet"
            # Attributes may have other types where a registry was streamed.
            rows.select(pl.exclude("weight_kg", "height_cm")).write_parquet(file)
            import_donors(first, file, update=True, today=AS_OF)
        # As after the first search of the day.
        open_matcher(first)
        shutil.copytree(first, second)

    def _changes(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the intake, and donors who get a status, or the typings of somebody else."""
        quick = self.place.settings.quick
        n_new, n_changed = (20, 20) if quick else (N_NEW, N_CHANGED)
        came, _ = volunteers(n_new, seed=_SEED, as_of=AS_OF)
        new = came.with_columns(donor_id=pl.format("NEW{}", pl.int_range(n_new, eager=True)))
        rng = np.random.default_rng(_SEED)
        donor_ids = self.place.registry.attributes["donor_id"]
        rows = np.sort(rng.choice(self.place.n_donors, n_changed, replace=False)).astype(np.uint32)
        typed = volunteers(n_changed, seed=_SEED + 1, as_of=AS_OF)[0]
        changed = typed.with_columns(
            donor_id=donor_ids[rows],
            status=pl.Series(["TU" if at % 3 == 0 else "AV" for at in range(n_changed)]),
        )
        return new, changed


def check_repeat(cases: RepeatedCases) -> str:
    """Compare what repeating finds with what full searches find.

    Raises:
        Disagreement: a donor, or a reason, is another one.
    """
    cases.start()
    first, second = cases.copies
    found, wanted = repeat(first, today=_LATER), repeat(second, today=_LATER, full=True)
    differ = [one.number for one, other in zip(found.cases, wanted.cases, strict=True) if _told(one) != _told(other)]
    if differ:
        raise Disagreement(f"{len(differ)} cases are others after full searches, first case {differ[0]}")
    anew = [one.number for one in found.cases if one.why_full]
    n_changes = sum(len(one.changes) for one in found.cases)
    return f"{n_changes:,} changes of {len(found.cases):,} cases as of full searches; {len(anew):,} searched in full"


def _told(case: object) -> object:
    return {name: getattr(case, name) for name in ("changes", "n_listed", "n_erased", "error")}


def run_repeat(cases: RepeatedCases) -> Measured:
    """Time what repeating takes, and full searches of the same cases: one by one, and all in one process at once."""
    rows, full_rows, one_by_one = [], [], []
    first, second = cases.copies
    reports: list[RepeatReport] = []
    for _ in range(cases.place.settings.repeats):
        cases.start()
        rows.append([seconds_of(lambda: reports.append(repeat(first, today=_LATER)))])
        full_rows.append([seconds_of(partial(repeat, second, today=_LATER, full=True))])
    for number in range(1, min(cases.n_cases, _SINGLE) + 1):
        one_by_one.append([seconds_of(partial(search_case, second, number, today=_LATER))])
    shutil.rmtree(first)
    shutil.rmtree(second)
    own, at_once, single = (median(row[0] for row in each) for each in (rows, full_rows, one_by_one))
    figures = {
        "median": Figure(own),
        "a full search": Figure(single),
        "share of as many full searches": Figure(own / (single * cases.n_cases), ""),
        "all full searches at once": Figure(at_once),
        "share of these": Figure(own / at_once, ""),
    }
    anew = sum(bool(one.why_full) for one in reports[-1].cases)
    return Measured(figures, {"seconds": rows, "single": one_by_one, "full": full_rows}, (f"{anew:,} in full",))
