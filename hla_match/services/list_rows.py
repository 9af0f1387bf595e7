"""The rows of the lists of cases, and those of the donors alone who changed since a list was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.imputation.panels import Panels
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.searches.listed_donors import ListedDonor, listed_donors
from hla_match.searches.matcher import Matcher
from hla_match.services.registry_changes import Alleles, RegistryChanges
from hla_match.services.searched_registry import SearchedRegistry
from registry_io.store.case_runs import ListedRow
from registry_io.store.journal.journal import Journal

Rows = dict[str, ListedRow]
"""What a list says of each donor by identifier."""


@dataclass
class ChangedSince:
    """What changed since a search, and the changed donors as a registry of their own; both made when asked for."""

    changes: RegistryChanges
    searched: SearchedRegistry
    panels: Callable[[], Panels | None]
    _listed: dict[int, Rows] | None = field(default=None)

    @cached_property
    def rare(self) -> Alleles:
        """Alleles that frequencies do not know and that changed donors brought, or took with them."""
        return {} if self.searched.sets is None else self.changes.rare_alleles(self.searched.sets)

    @cached_property
    def rows(self) -> NDArray[np.uint32]:
        """The rows of the donors of whom a list may say something else."""
        return self.changes.rows(self.rare)

    @cached_property
    def matcher(self) -> Matcher | None:
        """What searches them."""
        return self.changes.matcher(self.rows, self.panels())

    def found(self, patient: Patient, criteria: SearchCriteria, policy: RankingPolicy) -> dict[str, ListedDonor]:
        """Return those of them who meet the criteria, with what the policy sets."""
        # Of most patients none matches, which costs no prediction.
        if self.matcher is None or not self.matcher.finds_some(patient, criteria):
            return {}
        return listed_donors(self.matcher.search(patient, criteria, policy=policy))

    @cached_property
    def donor_ids(self) -> frozenset[str]:
        """The identifiers of those of whom a list may say something else, those who left among them."""
        present = self.searched.registry.attributes["donor_id"].gather(self.rows).to_list()
        return frozenset((*present, *self.changes.differences))

    def listed(self, journal: Journal, case: int) -> Rows:
        """Return what the list of a case says of them."""
        if self._listed is None:
            keys = journal.cases.keys(list(self.donor_ids))
            names = {key: name for name, key in keys.items()}
            self._listed = {
                number: {names[one.donor]: (one.content, one.place) for one in rows}
                for number, rows in journal.cases.listed_of(names).items()
            }
        return self._listed.get(case, {})


def kept_rows(journal: Journal, case: int) -> Rows:
    """Return what the list of a case says of every donor, those beyond its limit too."""
    rows = journal.cases.listed(case)
    names = journal.cases.identifiers([one.donor for one in rows])
    return {names[one.donor]: (one.content, one.place) for one in rows if one.donor in names}


def first_rows(rows: Mapping[str, ListedRow], limit: int | None) -> Mapping[str, ListedRow]:
    """Return the first donors of a list."""
    if limit is None or len(rows) <= limit:
        return rows
    order = sorted(rows, key=lambda name: (rows[name][1], name))
    return {name: rows[name] for name in order[:limit]}


def said(rows: Mapping[str, ListedRow]) -> dict[str, str]:
    """Return what a list says of each donor, without the places."""
    return {name: content for name, (content, _) in rows.items()}
