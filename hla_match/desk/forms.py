"""What browsers send: the fields of a form, and the search that they ask for."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.errors import CriteriaError
from hla_match.loci import SCOPES
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.services.searched_registry import SearchRequest

MOST_FIELDS = 200
MOST_MISMATCHES = 6
"""How many mismatches the form can ask for."""
LISTED = (100, 500, 2_000)
"""How many donors a list can have at most."""


class FormError(Exception):
    """A body that is no form."""


class Fields(Mapping[str, str]):
    """The fields of a form by their names, without the blanks around their values.

    Args:
        pairs: name and value, as they came; a name can come several times.

    >>> fields = Fields([("status", "AV"), ("status", " TU "), ("age", "")])
    >>> fields["status"], fields.all("status"), fields.get("sex", ""), fields.number("age")
    ('TU', ('AV', 'TU'), '', None)
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value.strip())

    def __getitem__(self, name: str) -> str:
        return self._values[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field that is not empty, in the order in which they came."""
        return tuple(filter(None, self._values.get(name, ())))

    def number(self, name: str, *, most: int = 1_000_000) -> int | None:
        """Return the whole number of a field; None where it is empty.

        Raises:
            CriteriaError: it is none, or beyond the bounds.
        """
        # Keyboards for Chinese write wide figures.
        text = unicodedata.normalize("NFKC", self.get(name, ""))
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > most:
            raise CriteriaError(name, found=text[:20], expected=f"a whole number from 0 to {most:,}")
        return int(text)

    def share(self, name: str) -> float | None:
        """Return the percentage of a field as a share of one; None where it is empty.

        Raises:
            CriteriaError: it is none above 0 and up to 100.
        """
        text = unicodedata.normalize("NFKC", self.get(name, "")).removesuffix("%").strip()
        if not text:
            return None
        try:
            found = float(text) / 100
        except ValueError:
            found = 0.0
        if not 0 < found <= 1:
            raise CriteriaError(name, found=text[:20], expected="a percentage above 0 and up to 100")
        return found


async def form_of(request: Request) -> Fields:
    """Return the fields of the form that a request sends.

    Raises:
        FormError: it sends none, or one of too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError
    try:
        text = (await request.body()).decode("ascii")
        return Fields(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError:
        raise FormError from None


def query_of(request: Request) -> Fields:
    """Return the fields of the address of a request.

    Raises:
        FormError: there are too many, or they are no text.
    """
    try:
        text = request.scope["query_string"].decode("ascii")
        return Fields(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError:
        raise FormError from None


@dataclass(frozen=True, slots=True)
class SearchForm:
    """The fields of the form of a search, as they stand on the page; what is empty is left to the policy.

    `base` is the key of a list: what its search asks for beyond these fields holds, too.
    """

    typing: str = ""
    patient_id: str = ""
    patient_sex: str = ""
    patient_abo: str = ""
    patient_cmv: str = ""
    scope: str = ""
    loci: str = ""
    max_mismatches: str = ""
    policy: str = ""
    frequencies: str = "own"
    limit: str = str(LISTED[1])
    statuses: tuple[str, ...] = ()
    min_age: str = ""
    max_age: str = ""
    sex: str = ""
    min_p: str = ""
    base: str = ""

    @classmethod
    def of(cls, fields: Fields) -> SearchForm:
        """Return the form that was sent; what was not sent is as on an empty page."""
        names = [name for name in cls.__dataclass_fields__ if name != "statuses"]
        given = {name: fields[name] for name in names if name in fields}
        return cls(**given, statuses=fields.all("statuses"))

    @classmethod
    def of_request(cls, asked: SearchRequest, patient: Patient, typing: str) -> SearchForm:
        """Return the form that asks for the same search again, as far as it has fields for it.

        Args:
            asked: the search; its policy is one that the form can choose.
            patient: for whom.
            typing: of the patient, as a GL String.
        """
        criteria = asked.criteria
        given = {name: getattr(criteria, name) for name in criteria.model_fields_set}
        numbers = ("max_mismatches", "min_age", "max_age")
        shown = {name: str(given[name]) for name in numbers if given.get(name) is not None}
        if criteria.max_mismatches > MOST_MISMATCHES:
            del shown["max_mismatches"]
        if criteria.limit is not None:
            shown["limit"] = str(next((n for n in LISTED if n >= criteria.limit), LISTED[-1]))
        if "scope" in given:
            shown["scope" if criteria.scope in SCOPES else "loci"] = criteria.scope
        if len(criteria.sex) == 1:
            shown["sex"] = criteria.sex[0]
        if criteria.min_p is not None:
            shown["min_p"] = f"{100 * criteria.min_p:g}"
        of_patient = {f"patient_{name}": getattr(patient, name) or "" for name in ("sex", "abo", "cmv")}
        return cls(
            typing=typing,
            patient_id=patient.patient_id or "",
            **of_patient,
            **shown,
            statuses=tuple(given.get("statuses", ())),
            policy=asked.policy.name if isinstance(asked.policy, RankingPolicy) else "",
            frequencies=asked.frequencies if isinstance(asked.frequencies, str) else "own",
        )

    def request(
        self,
        frequencies: Sequence[str],
        policies: Sequence[str],
        today: datetime.date,
        *,
        further: Mapping[str, Any] = MappingProxyType({}),
    ) -> SearchRequest:
        """Return the search that is asked for.

        Args:
            frequencies: the sets that can be chosen.
            policies: the orders that can be chosen.
            today: the day at which ages are computed.
            further: criteria beyond those of the form, which hold where it leaves them open.

        Raises:
            CriteriaError: a field has a value that it cannot have.
        """
        # A name is looked up, never opened: a page chooses no files of the machine.
        for name, given, known in (("frequencies", self.frequencies, frequencies), ("policy", self.policy, policies)):
            if given and given not in known:
                raise CriteriaError(name, found=given[:40], expected=f"one of {', '.join(known)}")
        fields = Fields([(name, str(getattr(self, name))) for name in _NUMBERS])
        limit = fields.number("limit", most=LISTED[-1])
        criteria = {
            "scope": self.loci or self.scope,
            "max_mismatches": fields.number("max_mismatches", most=MOST_MISMATCHES),
            "limit": LISTED[1] if not limit else limit,
            "statuses": self.statuses,
            "min_age": fields.number("min_age", most=120),
            "max_age": fields.number("max_age", most=120),
            "sex": (self.sex,) if self.sex else (),
            "min_p": fields.share("min_p"),
            "as_of": today,
        }
        # What nobody asked for is left to the policy.
        asked = {**further, **{name: value for name, value in criteria.items() if value not in (None, "", ())}}
        return SearchRequest(
            criteria=SearchCriteria.model_validate(asked),
            policy=self.policy or None,
            frequencies=None if self.frequencies in ("", "own") else self.frequencies,
        ).checked()


_NUMBERS = ("max_mismatches", "limit", "min_age", "max_age", "min_p")
