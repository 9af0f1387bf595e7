"""A registry that is kept, against a dictionary: whatever is done, it holds what the dictionary says, then and now.

A crash is a copy of the folder, taken at one of the steps by which a command changes files: what a killed process
leaves. `python -m tests.properties.test_living_registry` takes 500 runs of 50 steps.
"""

from __future__ import annotations

import dataclasses
import datetime
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hla_match.donors.registry import Registry, build_registry
from hla_match.errors import HlaMatchError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from registry_io.disk.durable_files import listening
from registry_io.store.compaction import compact_registry, n_erased_in_files
from registry_io.store.donor_changes import add_donor, reinstate_donor, update_donor, withdraw_donor
from registry_io.store.donor_erasure import erase_donors
from registry_io.store.donor_import import import_donors
from registry_io.store.donor_merge import merge_donors
from registry_io.store.journal.journal import Journal
from registry_io.store.rebase import rebase_registry
from registry_io.store.record_state import catch_up
from registry_io.store.registry_folder import writing_registry
from registry_io.store.registry_store import open_registry, verify_registry
from registry_io.store.rollback import roll_back
from tests.examples import IS_WHOLE
from tests.tiny_tables import tiny_nomenclature

Record = dict[str, str]
Donors = dict[str, Record]
"""The donors of a registry, by identifier: texts by column."""

DAY = datetime.date(2026, 1, 1)
ALLELES = {
    "A": ["02:01", "02:07", "11:01", "24:02", "33:03"],
    "B": ["15:01", "15:02", "40:01", "46:01", "58:01"],
    "DRB1": ["09:01", "12:02", "15:01", "15:02"],
}
_APART = {locus: {name: (name, "") for name in names} for locus, names in ALLELES.items()}
_TOGETHER = {**_APART, "A": {name: ("02:01P" if name.startswith("02") else name, "") for name in ALLELES["A"]}}
NOMENCLATURE = tiny_nomenclature(_APART)
_OTHER = dataclasses.replace(tiny_nomenclature(_TOGETHER).tables, title="other", checksum="other")
RELEASES = (NOMENCLATURE, Nomenclature(_OTHER))
"""Two that read all typings, and differ in P groups."""
PATIENT = Patient(
    patient_id="P", typings={"A": ("02:01", "24:02"), "B": ("40:01", "46:01"), "DRB1": ("09:01", "15:01")}
)
CRITERIA = SearchCriteria(max_mismatches=6, as_of=DAY)

IDENTIFIERS = [f"D{number}" for number in range(8)]
VALUES = {
    "A_1": ["02:01", "24:02", "11:01", "02:XX"],
    "A_2": ["24:02", "33:03", "02:07"],
    "B_1": ["40:01", "46:01", "15:XX"],
    "B_2": ["46:01", "58:01"],
    "DRB1_1": ["09:01", "15:01/15:02"],
    "DRB1_2": ["15:01", "12:02"],
    "sex": ["M", "F"],
    "status": ["AV", "TU"],
    "city": ["杭州", "Ningbo"],
}
OTHERS: Donors = {
    f"B{number}": {name: values[number % len(values)] for name, values in VALUES.items()} for number in range(40)
}
"""Donors whom nothing befalls: so many that what befalls the others is written onto the snapshot before."""
RECORDS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})
FILES = st.dictionaries(st.sampled_from(IDENTIFIERS), RECORDS, min_size=1, max_size=6)


class LivingRegistry(RuleBasedStateMachine):
    """The registry of a folder, and the donors that it must have after each transaction.

    `shown` and `back` are the transactions whose donors the snapshot has, and that which a rollback makes valid; 0 of
    none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.folder = self.place / "registry"
        self.states: list[Donors] = []
        self.known: Donors = {}
        self.merged: dict[str, str] = {}
        self.release = RELEASES[0]
        self.releases: list[Nomenclature] = []
        self.erasures: list[int] = []
        self.shown, self.back = 0, 0

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @property
    def donors(self) -> Donors:
        """Who must be a donor now."""
        return self.states[-1]

    @initialize(file=FILES)
    def first_import(self, file: Donors) -> None:
        """Every registry begins with a file."""
        whole = {**OTHERS, **file}
        self._becomes(whole, lambda: import_donors(self.folder, frame_of(whole), NOMENCLATURE, today=DAY))

    @rule(file=FILES)
    def add(self, file: Donors) -> None:
        """New donors are added; where one of them is known, nothing is."""
        taken = self._taken(file)
        change = lambda: import_donors(self.folder, frame_of(file), add=True, today=DAY, again=True)  # noqa: E731
        if not taken or taken.keys() & self.known.keys():
            self._is_refused(change)
        else:
            self._becomes({**self.donors, **taken}, change)

    @rule(file=FILES)
    def update(self, file: Donors) -> None:
        """Records are added and replaced."""
        taken = self._taken(file)
        change = lambda: import_donors(self.folder, frame_of(file), update=True, today=DAY, again=True)  # noqa: E731
        if taken:
            self._becomes({**self.donors, **taken}, change)
        else:
            self._is_refused(change)

    @rule(file=FILES)
    def replace(self, file: Donors) -> None:
        """Whoever is not in the file leaves."""
        whole = frame_of({**OTHERS, **file})
        self._becomes(
            {**OTHERS, **self._taken(file)},
            lambda: import_donors(
                self.folder, whole, self.release, replace=True, allow_shrink=True, today=DAY, again=True
            ),
        )

    @precondition(lambda self: self.states)
    @rule(release=st.sampled_from(RELEASES))
    def rebase(self, release: Nomenclature) -> None:
        """All donors are read with another release; it is a transaction, and nobody comes or leaves."""
        found = rebase_registry(self.folder, release, today=DAY)
        assert (found.transaction is None) == (release is self.release)
        self.release = release
        if found.transaction is not None:
            self._remember(self.donors)

    @rule(stays=st.sampled_from(IDENTIFIERS), leaves=st.sampled_from(IDENTIFIERS), record=RECORDS)
    def merge(self, stays: str, leaves: str, record: Record) -> None:
        """Two records become one; the identifier of the other one is read in no file from then on."""
        change = lambda: merge_donors(self.folder, stays, leaves, values=record, today=DAY)  # noqa: E731
        if stays == leaves or not {stays, leaves} <= self.donors.keys():
            self._is_refused(change)
        else:
            change()
            self._remember({**{one: self.donors[one] for one in self.donors if one != leaves}, stays: record})
            self.merged[leaves] = stays

    @rule(donor_id=st.sampled_from(IDENTIFIERS), record=RECORDS)
    def add_one(self, donor_id: str, record: Record) -> None:
        """A donor is added who was never known."""
        if donor_id in self.known:
            self._is_refused(lambda: add_donor(self.folder, donor_id, record, today=DAY))
        else:
            self._becomes(
                {**self.donors, donor_id: record}, lambda: add_donor(self.folder, donor_id, record, today=DAY)
            )

    @rule(donor_id=st.sampled_from(IDENTIFIERS), name=st.sampled_from(list(VALUES)), data=st.data())
    def update_one(self, donor_id: str, name: str, data: st.DataObject) -> None:
        """One value of one donor changes."""
        value = data.draw(st.sampled_from(VALUES[name]))
        if donor_id not in self.donors:
            self._is_refused(lambda: update_donor(self.folder, donor_id, {name: value}, today=DAY))
        else:
            after = {**self.donors, donor_id: {**self.donors[donor_id], name: value}}
            self._becomes(after, lambda: update_donor(self.folder, donor_id, {name: value}, today=DAY))

    @rule(donor_id=st.sampled_from(IDENTIFIERS))
    def withdraw(self, donor_id: str) -> None:
        """A donor leaves."""
        after = {one: record for one, record in self.donors.items() if one != donor_id}
        if donor_id not in self.donors:
            self._is_refused(lambda: withdraw_donor(self.folder, donor_id, today=DAY))
        else:
            self._becomes(after, lambda: withdraw_donor(self.folder, donor_id, today=DAY))

    @rule(donor_id=st.sampled_from(IDENTIFIERS))
    def reinstate(self, donor_id: str) -> None:
        """A donor comes back with the last record."""
        if donor_id not in self.known:
            self._is_refused(lambda: reinstate_donor(self.folder, donor_id, today=DAY))
        else:
            after = {**self.donors, donor_id: self.known[donor_id]}
            self._becomes(after, lambda: reinstate_donor(self.folder, donor_id, today=DAY))
            self.merged.pop(donor_id, None)

    @rule(donor_id=st.sampled_from(IDENTIFIERS))
    def erase(self, donor_id: str) -> None:
        """Nothing is known any more of a person, now or then, nor of records that were merged into theirs."""
        if donor_id not in self.known or donor_id in self.merged:
            self._is_refused(lambda: erase_donors(self.folder, [donor_id], today=DAY))
            return
        erase_donors(self.folder, [donor_id], today=DAY)
        gone = {one for one in self.known if self._person_of(one) == donor_id}
        self._remember(self.donors)
        self.erasures.append(len(self.states))
        for donors in (*self.states, self.known, self.merged):
            for one in gone & donors.keys():
                del donors[one]

    @precondition(lambda self: self.states)
    @rule()
    def compact(self) -> None:
        """Earlier snapshots go where persons were erased; what is known stays."""
        compact_registry(self.folder, grace=datetime.timedelta(0))
        assert n_erased_in_files(self.folder) == 0
        if self.back < max(self.erasures, default=0):
            self.back = 0

    @precondition(lambda self: self.states)
    @rule()
    def roll_back(self) -> None:
        """The donors before the last change are back, and read as then, but for those who were erased since."""
        if not self.back:
            self._is_refused(lambda: roll_back(self.folder))
            return
        roll_back(self.folder)
        donors, release = self.states[self.back - 1], self.releases[self.back - 1]
        is_change = (donors, release) != (self.donors, self.release)
        self.release = release
        if any(number > self.back for number in self.erasures):  # a snapshot of then has them
            if is_change:
                self._remember(donors)
        else:
            assert is_change
            left, taken = self.shown, self.back
            self._remember(donors)
            self.back, self.shown = left, taken
        if is_change:
            for one in donors:
                self.merged.pop(one, None)

    @precondition(lambda self: self.states)
    @rule(donor_id=st.sampled_from(IDENTIFIERS), record=RECORDS, share=st.floats(0, 1, exclude_max=True))
    def crash(self, donor_id: str, record: Record, share: float) -> None:
        """A writer is killed at any of its steps; the next one finds the state before it, or the one after."""
        if donor_id in self.merged:
            return
        after = {**self.donors, donor_id: record}
        file = frame_of({donor_id: record})
        steps = self._steps(lambda folder: import_donors(folder, file, update=True, today=DAY, again=True))
        left = self.place / "left"
        with copied_at(self.folder, left, int(share * steps)):
            import_donors(self.folder, file, update=True, today=DAY, again=True)
        shutil.rmtree(self.folder)
        left.rename(self.folder)
        assert seen(open_registry(self.folder)) in (as_searched(self.donors), as_searched(after))
        with writing_registry(self.folder), Journal.writing(self.folder) as journal:
            catch_up(self.folder, journal)
            is_done = len(journal.transactions()) > len(self.states)
        if is_done:
            self._remember(after)

    @precondition(lambda self: self.states)
    @rule(share=st.floats(0, 1, exclude_max=True))
    def look_back(self, share: float) -> None:
        """The record gives the donors of any earlier transaction, and so does a search of then."""
        number = int(share * len(self.states))
        with Journal.open(self.folder) as journal:
            frames = list(journal.persons_at(number + 1))
        rows = [row for frame in frames for row in frame.drop("row").iter_rows(named=True)]
        found = {row.pop("person_id"): {name: str(value) for name, value in row.items() if value} for row in rows}
        assert found == self.states[number]
        assert seen(open_registry(self.folder, at=number + 1)) == as_searched(self.states[number])

    @precondition(lambda self: self.states)
    @invariant()
    def holds_what_the_dictionary_says(self) -> None:
        """Searches see the donors, the record tells every transaction, and all files are as they were written."""
        assert seen(open_registry(self.folder)) == as_searched(self.donors)
        assert all(sound for _, sound in verify_registry(self.folder))
        with Journal.open(self.folder) as journal:
            assert len(journal.transactions()) == len(self.states)
            assert journal.verify() == []

    @precondition(lambda self: self.states)
    @rule()
    def answers_as_if_built_from_scratch(self) -> None:
        """A search over all that lies on one another gives what one over a registry of the same donors gives."""
        frame = frame_of(self.donors).rename({"donor_id": "person_id"})
        fresh = build_registry(frame, self.release, name="registry", provenance={"imported_on": DAY.isoformat()})[0]
        lists = [Matcher(one).search(PATIENT, CRITERIA).to_polars() for one in (fresh, open_registry(self.folder))]
        assert lists[0].equals(lists[1])

    def _becomes(self, after: Donors, change: Callable[[], Any]) -> None:
        """Make a change that leaves these donors; one that changes nothing makes no transaction."""
        change()
        if not self.states or after != self.donors:
            self._remember(after)

    def _person_of(self, donor_id: str) -> str:
        """Return the identifier of the record into which one was merged, or itself."""
        return self._person_of(self.merged[donor_id]) if donor_id in self.merged else donor_id

    def _taken(self, file: Donors) -> Donors:
        """Return the rows of a file that are read: those of records that were merged into others are not."""
        return {donor_id: record for donor_id, record in file.items() if donor_id not in self.merged}

    def _remember(self, after: Donors) -> None:
        self.states.append(dict(after))
        self.releases.append(self.release)
        self.known.update(after)
        self.back, self.shown = self.shown, len(self.states)

    def _is_refused(self, change: Callable[[], Any]) -> None:
        with pytest.raises(HlaMatchError):
            change()

    def _steps(self, change: Callable[[Path], Any]) -> int:
        """Return the number of steps of a change, by making it to a copy."""
        copy = self.place / "copy"
        shutil.copytree(self.folder, copy)
        steps: list[str] = []
        with listening(lambda action, _path: steps.append(action)):
            change(copy)
        shutil.rmtree(copy)
        return len(steps)


@contextmanager
def copied_at(folder: Path, copy: Path, step: int) -> Iterator[None]:
    """Copy a folder as it is before a step of what is done in it, or at the end where there are fewer steps."""
    n_steps = 0

    def hear(_action: str, _path: Path) -> None:
        nonlocal n_steps
        if n_steps == step:
            shutil.copytree(folder, copy)
        n_steps += 1

    with listening(hear):
        yield
    if not copy.exists():
        shutil.copytree(folder, copy)


def frame_of(donors: Donors) -> pl.DataFrame:
    """Return donors as the rows of a file."""
    rows = [{"donor_id": donor_id, **record} for donor_id, record in donors.items()]
    return pl.DataFrame(rows, {"donor_id": pl.String, **dict.fromkeys(VALUES, pl.String)})


def as_searched(donors: Donors) -> Donors:
    """Return what searches see of donors."""
    return {one: {name: record[name] for name in ("sex", "status", "city")} for one, record in donors.items()}


def seen(registry: Registry) -> Donors:
    """Return the donors that searches of a registry see."""
    attributes = registry.attributes.select("donor_id", "sex", "status", "city")
    return {row.pop("donor_id"): row for row in attributes.iter_rows(named=True)}


def runs(number: int, n_steps: int) -> settings:
    """Return the settings of some runs of at most so many steps."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(max_examples=number, stateful_step_count=n_steps, deadline=None, suppress_health_check=slow)


TestLivingRegistry = LivingRegistry.TestCase
TestLivingRegistry.settings = runs(6, 20) if IS_WHOLE else runs(3, 12)

if __name__ == "__main__":
    run_state_machine_as_test(LivingRegistry, settings=runs(500, 50))
