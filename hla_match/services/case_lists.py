"""The list of a case, searched in full or brought up to date by those donors alone of whom it may say something else.

Both give the same. Where only the changed ones are looked at, all else that a list is made from must be as it was: a
search says in words what is not, and looks at everybody.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hla_match.cases.list_changes import ChangedDonor, list_changes
from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.imputation.panels import Panels, registry_panels
from hla_match.language import translated
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.searches.listed_donors import listed_donors
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher
from hla_match.services.case_context import list_context, other_parts
from hla_match.services.executors import n_processors
from hla_match.services.list_rows import ChangedSince, Rows, first_rows, kept_rows, said
from hla_match.services.registry_changes import Alleles, RegistryChanges
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.store.case_records import CaseRecord
from registry_io.store.case_request import CaseRequest
from registry_io.store.case_runs import CaseRun, ListedRow, NewRun, run_of
from registry_io.store.journal.journal import Journal
from registry_io.store.record_state import transaction_of

RESERVE = 100
"""Donors beyond the limit of a list that are kept at least, so that some can leave before all are searched again."""
_MOST_CHANGED = 4
"""A registry of which a greater part than one in so many changed is searched in full: that costs less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundList:
    """The list of a case as it is now.

    Attributes:
        case: the case.
        new: what is to be recorded.
        why_full: why all donors were looked at, in words; "" where only those who changed were.
        why_other: what of the list is made from something else than before, in words; "" where nothing is.
        changes: donors of whom the list says something else than the one before; none of a first list.
        n_listed: donors of the list.
        n_erased: donors of the list before whose records were erased since.
        after: what the list says of the donors in `changes`, by identifier.
        since: what changed in between; None of a first list.
        found: the list itself, of a search of all donors; None of others.
    """

    case: CaseRecord
    new: NewRun
    why_full: str
    why_other: str
    changes: tuple[ChangedDonor, ...]
    n_listed: int
    n_erased: int
    after: Rows
    since: RegistryChanges | None
    found: MatchList | None = None


class _Asked(NamedTuple):
    """What a case asks for.

    Attributes:
        policy: the order.
        criteria: which donors.
        everybody: the same without a limit.
        context: what the list is made from beside the donors.
    """

    policy: RankingPolicy
    criteria: SearchCriteria
    everybody: SearchCriteria
    context: Mapping[str, Any]


class CaseLists:
    """Finds the lists of cases that ask for the same frequencies and scope.

    Args:
        folder: the registry's.
        searched: the registry with its frequencies, ready.
        day: at which ages are computed.
    """

    def __init__(self, folder: Path, searched: SearchedRegistry, day: datetime.date) -> None:
        self.searched, self._folder, self._day = searched, folder, day
        self._kept: dict[str, _Asked] = {}
        self._changes: dict[tuple[int, datetime.date], ChangedSince] = {}
        with Journal.open(folder) as journal:
            number = transaction_of(searched.registry.provenance, journal)
            assert number is not None, "a registry with cases has a record"
            self.transaction = number
            self._codes = journal.transaction_at(number).settings.codes

    @cached_property
    def matcher(self) -> Matcher:
        """What searches all donors."""
        return self.searched.matcher(workers=n_processors())

    @cached_property
    def panels(self) -> Panels | None:
        """The haplotypes of the frequencies, laid out for all donors; None without frequencies."""
        sets, registry = self.searched.sets, self.searched.registry
        return None if sets is None else registry_panels(registry, sets.frequencies, sets.fallback)

    @cached_property
    def _comparisons(self) -> RegistryComparisons:
        return RegistryComparisons(self.searched.registry)

    def find(self, journal: Journal, case: CaseRecord, *, full: bool = False) -> FoundList:
        """Return the list of a case as it is now.

        Args:
            journal: the record.
            case: the case.
            full: whether all donors are looked at in any case.

        Raises:
            TypingError: a typing of the patient cannot be read.
            CriteriaError: no locus in scope is typed, or the policy needs probabilities of which there are none.
        """
        asked = self._asked(case)
        last = case.last_search
        if last is None:
            return self._in_full(journal, case, asked, translated("the first search"))
        run = run_of(journal, last.told)
        since = self._since(journal, run)
        why = (
            translated("all donors are asked for") if full else self._why_full(journal, case, run, since, asked.context)
        )
        found = None if why else self._brought_up(journal, case, asked, run, since)
        if found is None:
            why = why or translated("fewer donors are known than the list has")
            found = self._in_full(journal, case, asked, why, run, since)
        return found

    def _asked(self, case: CaseRecord) -> _Asked:
        """Return what a case asks for; cases that ask alike share it."""
        key = case.request.asked
        if key not in self._kept:
            asked = replace(self.searched, request=search_request(case.request, self._day))
            policy, criteria = asked.ranking, asked.request.criteria
            everybody = policy.criteria_of(criteria.model_copy(update={"limit": None}))
            context = list_context(self.searched, self._codes, policy, criteria)
            self._kept[key] = _Asked(policy, criteria, everybody, context)
        return self._kept[key]

    def _since(self, journal: Journal, run: CaseRun) -> ChangedSince:
        key = (run.transaction, run.day)
        if key not in self._changes:
            changes = RegistryChanges(
                self._folder, self.searched.registry, self.transaction, run.transaction, (run.day, self._day)
            )
            self._changes[key] = ChangedSince(changes, self.searched, lambda: self.panels)
        return self._changes[key]

    def _why_full(
        self, journal: Journal, case: CaseRecord, run: CaseRun, since: ChangedSince, context: Mapping[str, Any]
    ) -> str:
        """Return why all donors have to be looked at; "" where those who changed suffice."""
        if others := other_parts(run.context, context):
            return others
        if len(since.rows) * _MOST_CHANGED > self.searched.registry.n_donors:
            return translated("a great part of the registry changed")
        if since.rare and self._may_carry(case, since.rare):
            return translated("an allele that the patient may carry came into the registry, or left it")
        if run.end is not None and not journal.cases.identifiers([run.end]):
            return translated("the last donor of the list was erased")
        return ""

    def _may_carry(self, case: CaseRecord, rare: Alleles) -> bool:
        patient, mode = case.request.patient, case.request.criteria.ambiguous_nulls
        read = self._comparisons.with_nulls(patient, tuple(rare), mode)
        return any(
            np.isin(np.array([code for side in alternative for code in side.codes], np.int32), rare[locus]).any()
            for locus, alternatives in read.items()
            for alternative in alternatives
        )

    def _in_full(
        self,
        journal: Journal,
        case: CaseRecord,
        asked: _Asked,
        why: str,
        run: CaseRun | None = None,
        since: ChangedSince | None = None,
    ) -> FoundList:
        limit = asked.criteria.limit
        depth = None if limit is None else limit + max(limit, RESERVE)
        criteria = asked.criteria.model_copy(update={"limit": depth})
        found = self.matcher.search(case.request.patient, criteria, policy=asked.policy)
        after: Rows = dict(listed_donors(found))
        last = None
        if found.n_found > len(found):
            last = next(reversed(after))
        before = kept_rows(journal, case.number)
        return self._compared(
            case, asked, run, since, before, after, why,
            last=last, n_before=len(before), n_kept=len(after), found=found,
        )  # fmt: skip

    def _brought_up(
        self,
        journal: Journal,
        case: CaseRecord,
        asked: _Asked,
        run: CaseRun,
        since: ChangedSince,
    ) -> FoundList | None:
        """Return the list with those who changed in their new places; None where too few of its donors are known."""
        limit = asked.criteria.limit
        changed = since.found(case.request.patient, asked.everybody, asked.policy)
        if limit is None:
            before = since.listed(journal, case.number)
            n_before = run.n_kept if not since.changes.n_erased else len(journal.cases.listed(case.number))
            n_kept = n_before - len(before) + len(changed)
            return self._compared(
                case, asked, run, since, before, dict(changed), "",
                last=None, n_before=n_before, n_kept=n_kept,
            )  # fmt: skip
        before = kept_rows(journal, case.number)
        if run.end is not None:
            name_of_end = journal.cases.identifiers([run.end]).get(run.end, "")
            if name_of_end not in before:  # erased meanwhile, the donor or the whole case
                return None
            end = (before[name_of_end][1], name_of_end)
            changed = {name: row for name, row in changed.items() if (row.place, name) <= end}
        after: Rows = {name: row for name, row in before.items() if name not in since.donor_ids} | changed
        last = None
        if run.end is not None:
            if len(after) < limit:
                return None
            # Who is known to the end before is known to whoever is the last of them now.
            last = max(after, key=lambda name: (after[name][1], name))
        return self._compared(
            case, asked, run, since, before, after, "",
            last=last, n_before=len(before), n_kept=len(after),
        )  # fmt: skip

    def _compared(
        self,
        case: CaseRecord,
        asked: _Asked,
        run: CaseRun | None,
        since: ChangedSince | None,
        before: Rows,
        after: Rows,
        why: str,
        *,
        last: str | None,
        n_before: int,
        n_kept: int,
        found: MatchList | None = None,
    ) -> FoundList:
        limit, context = asked.criteria.limit, asked.context
        written: dict[str, ListedRow | None] = {name: row for name, row in after.items() if before.get(name) != row}
        written |= {name: None for name in before if name not in after}
        touched: Set[str] = frozenset() if since is None else since.changes.differences.keys()
        was, now = first_rows(before, limit), first_rows(after, limit)
        changes = () if run is None else tuple(list_changes(said(was), said(now), touched))
        previous = case.last_search
        new_run = CaseRun(
            day=self._day,
            transaction=self.transaction,
            snapshot=self.searched.registry.snapshot,
            is_full=bool(why),
            since=None if why or previous is None else previous.number,
            n_kept=n_kept,
            end=None,
            context=context,
        )
        return FoundList(
            case=case,
            new=NewRun(
                case=case.number,
                run=new_run,
                last=last,
                before=None if previous is None else previous.number,
                changed=written,
            ),
            why_full=why,
            why_other="" if run is None else other_parts(run.context, context),
            changes=changes,
            n_listed=n_kept if limit is None else min(limit, n_kept),
            n_erased=0 if run is None else run.n_kept - n_before,
            after={one.donor_id: now[one.donor_id] for one in changes if one.donor_id in now},
            since=None if since is None else since.changes,
            found=found,
        )


def search_request(request: CaseRequest, day: datetime.date) -> SearchRequest:
    """Return what opens the registry for the request of a case, ages being those of a day.

    Raises:
        CriteriaError: the policy needs frequencies that are not wanted, or there are global frequencies only.
    """
    return SearchRequest(
        criteria=request.criteria.model_copy(update={"as_of": day}),
        policy=None if request.policy is None else RankingPolicy.from_dict(request.policy),
        frequencies=request.frequencies,
        global_frequencies=request.global_frequencies,
    ).checked()
