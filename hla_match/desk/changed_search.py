"""A search that is changed from another one: what that asks for beyond the fields of the form, which holds further."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hla_match.choice.policies import POLICIES
from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.desk.donor_story import ATTRIBUTES
from hla_match.desk.forms import SearchForm
from hla_match.language import translatable, translated
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.reporting.filter_words import filter_words
from hla_match.services.searched_registry import SearchRequest

_OF_FORM = {"patient_id", "typings", "sex", "abo", "cmv", "ignored_loci", "reading_notes"}
"""What of a patient the form asks for, and what comes with the typing."""


@dataclass(frozen=True, slots=True)
class Further:
    """What a search asks for that the form of searches has no fields for.

    Attributes:
        criteria: by name, as they were set.
        patient: attributes of the patient by name.
        policy: name of the order that the form cannot choose, or "".
        frequencies: names of those that the form cannot choose.
    """

    criteria: Mapping[str, Any] = field(default_factory=dict)
    patient: Mapping[str, Any] = field(default_factory=dict)
    policy: str = ""
    frequencies: tuple[str, ...] = ()

    @classmethod
    def of(cls, asked: SearchRequest, patient: Patient, form: SearchForm, known: Sequence[str]) -> Further:
        """Return what the form of a search leaves out.

        Args:
            asked: the search.
            patient: for whom.
            form: that asks for the same, as far as it can.
            known: frequencies that can be chosen.
        """
        policy = asked.policy if isinstance(asked.policy, RankingPolicy) else None
        is_known = policy is None or POLICIES.get(policy.name) == policy
        of_policy = dict(policy.filters) if policy is not None and is_known else {}
        in_form = replace(form, policy="", frequencies="").request((), (), datetime.date.today()).criteria
        criteria = asked.criteria
        left = criteria.model_fields_set - in_form.model_fields_set - {"as_of", "limit"}
        names = [asked.frequencies, asked.global_frequencies]
        return cls(
            criteria={
                name: getattr(criteria, name)
                for name in sorted(left)
                if name not in of_policy or of_policy[name] != getattr(criteria, name)
            },
            patient={
                name: value
                for name in sorted(patient.model_fields_set - _OF_FORM)
                if (value := getattr(patient, name)) not in (None, "", ())
            },
            policy="" if is_known or policy is None else policy.name,
            frequencies=tuple(str(name) for name in names if name is not None and str(name) not in known),
        )

    def __bool__(self) -> bool:
        return bool(self.criteria or self.patient or self.policy or self.frequencies)

    def words(self) -> Iterator[tuple[str, str]]:
        """Yield the criteria and the attributes that hold further, each as its name and its value."""
        by_default = set(filter_words(SearchCriteria()))
        for name, value in self.criteria.items():
            given = {name: value}
            if name == "locus_limits":
                given["scope"] = ",".join(value)
            told = [one for one in filter_words(SearchCriteria.model_construct(**given)) if one not in by_default]
            yield told[-1] if told else (_named(name), str(value))
        for name, value in self.patient.items():
            yield translated("of the patient: {name}", name=_named(name)), str(value)


def _named(name: str) -> str:
    return translated(_NAMES[name]) if name in _NAMES else name


_NAMES: Mapping[str, str] = {
    **ATTRIBUTES,
    "direction": translatable("direction of mismatches"),
    "null_rule": translatable("null rule"),
    "ambiguous_nulls": translatable("ambiguous nulls"),
    "population": translatable("population"),
    "antibodies": translatable("antibodies"),
}
"""What has no words among the criteria."""
