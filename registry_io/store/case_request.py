"""The request of a case: for whom, and which donors are wanted, as text in the case book and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_type
from hla_match.matching.criteria import Patient, SearchCriteria

_KEPT_CRITERIA = 256
_LISTS = ("only_donors", "without_donors")
_NOTES = ("ignored_loci", "reading_notes")


@lru_cache(_KEPT_CRITERIA)
def _criteria_of(text: str) -> SearchCriteria:
    """Return criteria from JSON; cases that ask alike share them."""
    return SearchCriteria.model_validate_json(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequest:
    """What a hospital asks for.

    Attributes:
        patient: for whom, the typing as it was reported.
        criteria: which donors; what nobody asked for is left to the policy. Ages are those of the day of each search.
        policy: the order as plain data, as `hla_match.RankingPolicy.to_dict` gives it; None for the default.
        frequencies: haplotype frequencies by name or file; None for the registry's own, ``"none"`` to go without.
        global_frequencies: those that are tried where the first explain nothing, or None.

    Raises:
        CriteriaError: the criteria name donors, or a value is of another type.
    """

    patient: Patient
    criteria: SearchCriteria = field(default_factory=SearchCriteria)
    policy: Mapping[str, Any] | None = None
    frequencies: str | None = None
    global_frequencies: str | None = None

    def __post_init__(self) -> None:
        check_type("patient", self.patient, Patient, expected="a Patient")
        check_type("criteria", self.criteria, SearchCriteria, expected="SearchCriteria")
        for name in ("frequencies", "global_frequencies"):
            check_type(name, getattr(self, name), str, type(None), expected="the name or the file of a set")
        for name in _LISTS:
            if getattr(self.criteria, name):
                raise CriteriaError(
                    name,
                    found=InWords("a list of donors"),
                    expected="criteria without one: a case follows the registry, and must not keep donors by name",
                    code=ErrorCode.CRITERIA_CONFLICT,
                )

    @property
    def text(self) -> str:
        """The request as JSON."""
        patient = self.patient
        return json.dumps(
            {
                "patient": json.loads(patient.model_dump_json(exclude_none=True)),
                **{name: list(getattr(patient, name)) for name in _NOTES},
                "criteria": json.loads(self.criteria.model_dump_json(exclude_unset=True, exclude={*_LISTS, "as_of"})),
                "policy": self.policy,
                "frequencies": self.frequencies,
                "global_frequencies": self.global_frequencies,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @property
    def asked(self) -> str:
        """All but the patient as text: cases of which it is the same ask alike."""
        criteria = self.criteria.model_dump_json(exclude_unset=True)
        sources = (self.frequencies, self.global_frequencies)
        return json.dumps([criteria, self.policy, *sources], ensure_ascii=False, sort_keys=True)

    @classmethod
    def of(cls, text: str) -> CaseRequest:
        """Read what `text` gives.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        found = json.loads(text)
        patient = Patient.model_validate_json(json.dumps(found["patient"]))
        notes = {name: tuple(found[name]) for name in _NOTES}
        return cls(
            patient=patient.model_copy(update=notes),
            criteria=_criteria_of(json.dumps(found["criteria"], sort_keys=True)),
            policy=found["policy"],
            frequencies=found["frequencies"],
            global_frequencies=found["global_frequencies"],
        )
