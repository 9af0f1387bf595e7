"""Changes of a registry: a year's intake and a day, until they can be searched; searches over many snapshots."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from benchmarks.case import Figure, Measured, passes, seconds_of
from benchmarks.findings import Disagreement
from benchmarks.places import AS_OF, Place
from benchmarks.searches import CRITERIA, first_of_all
from hla_match import Matcher, Patient, Registry
from hla_match.donors.registry import build_registry, persons_of
from hla_match.synthetic.volunteers import volunteers
from registry_io import import_donors, open_imputation, open_registry
from registry_io.disk.checked_files import SETTLED_SECONDS
from registry_io.disk.durable_files import flush
from registry_io.store.registry_folder import JOURNAL, writing_registry
from registry_io.store.snapshot_changes import GROWTH, merge_changes, publish_changes

_SEED = 20
_BUILT = 200_000
"""Donors up to whom the registry is built at once to compare with; beyond them it is merged."""

Changes = tuple[pl.DataFrame, pl.Series]
"""Persons who come or become others, and identifiers of those who leave."""


@dataclass(frozen=True)
class Intake:
    """Changes that are published onto a copy of a registry.

    Attributes:
        place: has the registry.
        n_new: volunteers who come.
        n_retyped: donors who get the typings of somebody else.
        n_leaving: donors who leave.
        predicts: whether the donors are imputed, too.
    """

    place: Place
    n_new: int
    n_retyped: int = 0
    n_leaving: int = 0
    predicts: bool = False
    copy: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "copy", self.place.folder / "changed")

    def start(self) -> None:
        """Make a fresh copy of the registry, and open it once, as whoever keeps it did.

        It is not remembered of files of this moment that they are sound: they rest first, as those of a registry have
        that was imported some time ago.
        """
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.place.registry_folder, self.copy, copy_function=os.link)
        if not self.place.settings.quick:
            time.sleep(SETTLED_SECONDS + 1)
        open_registry(self.copy)

    @property
    def n_snapshots(self) -> int:
        """Snapshots of changes, one upon the other."""
        return 3 if self.place.settings.quick else N_SNAPSHOTS

    def changes(self, seed: int) -> Changes:
        """Return the changes of a seed; of the same donors every time, so that they follow one another."""
        quick = self.place.settings.quick
        n_new, n_retyped, n_leaving = (
            min(number, 20) if quick else number for number in (self.n_new, self.n_retyped, self.n_leaving)
        )
        registry = self.place.registry
        rng = np.random.default_rng([_SEED, seed])
        came, _ = volunteers(n_new, seed=_SEED + seed, as_of=AS_OF)
        numbers = pl.int_range(n_new, eager=True)
        new = came.drop("donor_id").with_columns(person_id=pl.format("NEW{}-{}", pl.lit(seed), numbers))
        rows = np.sort(rng.choice(registry.n_donors, 2 * n_retyped + n_leaving, replace=False)).astype(np.uint32)
        rng.shuffle(rows)
        retyped = persons_of(registry.take(rows[:n_retyped]))
        # With the typings of somebody else.
        retyped = retyped.with_columns(person_id=registry.attributes["donor_id"][rows[n_retyped : 2 * n_retyped]])
        known = [pl.col(name).cast(dtype) for name, dtype in registry.attributes.schema.items() if name in new.columns]
        persons = pl.concat([new.with_columns(known), retyped], how="diagonal")
        return persons, registry.attributes["donor_id"][rows[2 * n_retyped :]]

    def publish(self, changes: Changes, growth: float = GROWTH) -> Registry:
        """Publish changes, and open the registry as a reader does."""
        persons, leaving = changes
        with writing_registry(self.copy):
            publish_changes(
                self.copy,
                [persons],
                leaving,
                provenance=self.place.registry.provenance,
                nomenclature=self.place.registry.nomenclature,
                growth=growth,
            )
        return open_registry(self.copy)

    def search(self, changes: Changes) -> None:
        """Publish changes, and search the registry for a patient."""
        registry = self.publish(changes)
        imputed = None
        if self.predicts:
            imputed = open_imputation(self.copy, registry, self.place.frequencies, workers=self.place.settings.workers)
        Matcher(registry, imputed).search(self.place.patients[0], CRITERIA)


@dataclass(frozen=True)
class RecordedIntake(Intake):
    """The same through the record: a file of differences is imported, each into the registry of the one before."""

    def start(self) -> None:
        """Make a fresh copy of the registry, its record too, which is written to."""
        super().start()
        for path in self.place.registry_folder.glob(f"{JOURNAL}*"):
            (self.copy / path.name).unlink()
            shutil.copy2(path, self.copy)
            # The first change would bring the copy to the disk with its own pages.
            flush(self.copy / path.name)

    def written(self, changes: Changes) -> Path:
        """Write changes as a file of differences."""
        persons, leaving = changes
        rows = [
            persons.rename({"person_id": "donor_id"}).with_columns(action=pl.lit("update")),
            pl.DataFrame({"donor_id": leaving, "action": ["withdraw"] * len(leaving)}),
        ]
        path = self.place.folder / "changes.csv"
        pl.concat(rows, how="diagonal").write_csv(path)
        return path

    def publish(self, changes: Changes, growth: float = GROWTH) -> Registry:
        """Import changes as a file, and open the registry as a reader does; `growth` is that of an import."""
        return self.imported(self.written(changes))

    def imported(self, file: Path) -> Registry:
        """Import a file, and open the registry as a reader does."""
        import_donors(self.copy, file, update=True, today=AS_OF)
        return open_registry(self.copy)

    def search_after(self, file: Path) -> None:
        """Import a file, and search the registry for a patient."""
        Matcher(self.imported(file)).search(self.place.patients[0], CRITERIA)


def check_intake(intake: Intake) -> str:
    """Compare the lists of some patients with those of the same donors in one snapshot.

    Raises:
        Disagreement: a list is another.
    """
    intake.start()
    changes = intake.changes(0)
    registry = intake.publish(changes)
    if intake.place.n_donors <= _BUILT:
        persons, leaving = changes
        base = persons_of(intake.place.registry)
        gone = pl.concat([persons["person_id"], leaving])
        whole, _ = build_registry(
            pl.concat([base.filter(~pl.col("person_id").is_in(gone.implode())), persons], how="diagonal"),
            intake.place.registry.nomenclature,
            name=registry.name,
            provenance=registry.provenance,
            codes=registry.codes,
            ambiguous_nulls=registry.ambiguous_nulls,
        )
    else:
        with writing_registry(intake.copy):
            merge_changes(intake.copy)
        whole = open_registry(intake.copy)
    n_compared = _same_lists(registry, whole, first_of_all(intake.place.patients))
    return f"{n_compared:,} donors of lists, and {registry.n_donors:,} in all, as of one snapshot"


def _same_lists(one: Registry, other: Registry, patients: list[Patient]) -> int:
    found = [
        [Matcher(registry).search(patient, CRITERIA).to_polars() for patient in patients] for registry in (one, other)
    ]
    if one.n_donors != other.n_donors or not all(map(pl.DataFrame.equals, *found)):
        raise Disagreement("other lists than of the same donors in one snapshot")
    return sum(map(len, found[0]))


def run_intake(intake: Intake) -> Measured:
    """Time publishing, opening and a search, each time onto the registry as it was."""
    if intake.predicts:
        open_imputation(intake.place.registry_folder, intake.place.registry, intake.place.frequencies)
    rows = []
    for seed in range(1, intake.place.settings.repeats + 1):
        intake.start()
        rows.append(_timed(partial(intake.search, intake.changes(seed))))
    shutil.rmtree(intake.copy)
    return _measured(rows, ("with probabilities",) if intake.predicts else ())


def run_recorded(intake: RecordedIntake) -> Measured:
    """Time importing, opening and a search, day after day."""
    intake.start()
    files = (intake.written(intake.changes(seed)) for seed in range(1, intake.place.settings.repeats + 1))
    rows = [_timed(partial(intake.search_after, file)) for file in files]
    shutil.rmtree(intake.copy)
    return _measured(rows)


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of one call, and those of the processor."""
    start = time.process_time()
    seconds = seconds_of(action)
    return seconds, time.process_time() - start


def _measured(rows: Sequence[tuple[float, float]], notes: tuple[str, ...] = ()) -> Measured:
    seconds, processor = zip(*rows, strict=True)
    figures = {
        "median": Figure(median(seconds)),
        "least": Figure(min(seconds)),
        "of the processor": Figure(median(processor)),
    }
    return Measured(figures, {"seconds": [[one] for one in seconds]}, notes)


N_SNAPSHOTS = 20


def check_snapshots(intake: Intake) -> str:
    """Publish changes one after another without joining them, and compare lists with those of the merged registry.

    Raises:
        Disagreement: a list is another.
    """
    intake.start()
    for seed in range(intake.n_snapshots):
        registry = intake.publish(intake.changes(seed), growth=0)
    with writing_registry(intake.copy):
        merge_changes(intake.copy)
    n_compared = _same_lists(registry, open_registry(intake.copy), first_of_all(intake.place.patients))
    return f"{n_compared:,} donors of lists are those of the merged registry"


def run_snapshots(intake: Intake) -> Measured:
    """Time searches over many snapshots and over one, by turns, and the opening of both."""
    opened = {}
    for name, folder in _chain_and_one(intake):
        opened[name] = (
            min(seconds_of(partial(open_registry, folder)) for _ in range(3)),
            Matcher(open_registry(folder)),
        )
    searches = {
        name: passes(partial(matcher.search, criteria=CRITERIA), intake.place.patients, intake.place.settings.repeats)
        for name, (_, matcher) in opened.items()
    }
    medians = {name: float(np.median(np.median(np.array(rows), axis=0))) for name, rows in searches.items()}
    return Measured(
        {
            "median": Figure(medians["many"]),
            "times that over one": Figure(medians["many"] / medians["one"], ""),
            "open": Figure(opened["many"][0]),
            "open one": Figure(opened["one"][0]),
        },
        searches,
    )


def _chain_and_one(intake: Intake) -> Iterator[tuple[str, Path]]:
    """Yield the folder of a registry of many snapshots, then that of the same in one."""
    intake.start()
    for seed in range(intake.n_snapshots):
        intake.publish(intake.changes(seed), growth=0)
    yield "many", intake.copy
    with writing_registry(intake.copy):
        merge_changes(intake.copy)
    yield "one", intake.copy
