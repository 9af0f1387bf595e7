"""Models that refuse wrong values by errors of this project: all at once, each with its place.

Pydantic checks the values. Each fault becomes a `CriteriaError`, and several faults become one error. Copies are
checked as new objects are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from hla_match.errors import CriteriaError, ErrorCode, criteria_error
from hla_match.errors.arguments import InWords

_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "date_from_datetime_inexact": "a date without a time",
    "dict_type": "a mapping",
    "tuple_type": "a tuple",
    "frozen_set_type": "a set",
    "missing": "a value",
    "literal_error": "{expected}",
    "less_than_equal": "at most {le}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
}
"""What is expected, by the type of pydantic's finding; other findings keep pydantic's words."""

_OF_TYPE = frozenset(kind for kind in _EXPECTED if kind.endswith(("_type", "_from_float")))


class CheckedModel(BaseModel):
    """A frozen model that raises `CriteriaError` wherever pydantic would raise its own error.

    Attributes:
        is_of_person: whether values tell of a person, so that messages name their type alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    is_of_person: ClassVar[bool] = False

    def __init__(self, /, **values: Any) -> None:
        with _faults_told(type(self)):
            super().__init__(**values)

    @classmethod
    def model_validate(cls, obj: Any, **settings: Any) -> Self:
        """Make a model of a mapping; `settings` are pydantic's."""
        with _faults_told(cls):
            return super().model_validate(obj, **settings)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **settings: Any) -> Self:
        """Make a model of a JSON text; `settings` are pydantic's."""
        with _faults_told(cls):
            return super().model_validate_json(json_data, **settings)

    @classmethod
    def model_validate_strings(cls, obj: Any, **settings: Any) -> Self:
        """Make a model of a mapping of texts; `settings` are pydantic's."""
        with _faults_told(cls):
            return super().model_validate_strings(obj, **settings)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some values changed, checked as a new object is."""
        same = super().model_copy(deep=deep)
        if not update:
            return same
        set_before = {name: value for name, value in same.__dict__.items() if name in same.model_fields_set}
        return type(self)(**{**set_before, **update})

    def __setattr__(self, name: str, value: Any) -> None:
        with _faults_told(type(self)):
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        with _faults_told(type(self)):
            super().__delattr__(name)

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, values: Any) -> Any:
        """Take numbers of NumPy as those of Python, which pydantic alone knows."""
        if not isinstance(values, dict):
            return values
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


@contextmanager
def _faults_told(model: type[CheckedModel]) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        # Without the chain: pydantic's message quotes the values.
        raise criteria_error(list(_faults(model, error))) from None


def _faults(model: type[CheckedModel], error: ValidationError) -> Iterator[CriteriaError]:
    for finding in error.errors(include_url=False):
        told = finding.get("ctx", {}).get("error")
        if isinstance(told, CriteriaError):
            yield from told.faults
        else:
            yield _fault(model, finding)


def _fault(model: type[CheckedModel], finding: Any) -> CriteriaError:
    kind, value = finding["type"], finding["input"]
    name = ".".join(str(part) for part in finding["loc"] if part != "[key]") or model.__name__
    if kind == "frozen_instance":
        expected = "no change: model_copy(update=...) returns a changed copy"
        return CriteriaError(name, found=_shown(model, kind, value), expected=expected)
    if kind == "extra_forbidden":
        expected = f"a name of {', '.join(model.model_fields)}"
        return CriteriaError(model.__name__, found=name, expected=expected, code=ErrorCode.CRITERIA_UNKNOWN)
    if kind == "missing":
        return CriteriaError(name, found=InWords("nothing"), expected=_EXPECTED[kind])
    if kind in ("model_type", "model_attributes_type", "json_invalid"):
        found = InWords("text that is not JSON") if kind == "json_invalid" else _shown(model, kind, value)
        return CriteriaError(name, found=found, expected="a mapping of its fields", code=ErrorCode.CRITERIA_TYPE)
    expected = _EXPECTED[kind].format(**finding.get("ctx", {})) if kind in _EXPECTED else finding["msg"]
    code = ErrorCode.CRITERIA_TYPE if kind in _OF_TYPE else None
    return CriteriaError(name, found=_shown(model, kind, value), expected=expected, code=code)


def _shown(model: type[CheckedModel], kind: str, value: object) -> object:
    """Return a value as messages may name it: a number, or a text where one of some texts is expected.

    Of other values, and of all values of a person, the type is named.
    """
    is_plain = value is None or (isinstance(value, float | int) and not model.is_of_person)
    is_choice = kind == "literal_error" and isinstance(value, str) and not model.is_of_person
    return value if is_plain or is_choice else InWords(f"a value of type {type(value).__name__}")
