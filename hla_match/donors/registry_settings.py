"""What a registry has set for itself: the ages at which its donors can donate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.attributes import OLDEST
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_name
from hla_match.language import retellable


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The settings of a registry; nothing is set until somebody sets it.

    Attributes:
        min_age: completed years from which donors donate, or None.
        max_age: completed years up to which they donate, or None.

    Raises:
        CriteriaError: an age is none, or the least is above the greatest.

    >>> str(RegistrySettings(18, 55)), str(RegistrySettings(max_age=55)), bool(RegistrySettings())
    ('donors donate from 18 to 55 years of age', 'donors donate up to 55 years of age', False)
    """

    min_age: int | None = None
    max_age: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and 0 <= value <= OLDEST):
                raise CriteriaError(name, found=value, expected=f"completed years from 0 to {OLDEST}")
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            expected = f"at most {self.max_age}, the max_age"
            raise CriteriaError("min_age", found=self.min_age, expected=expected, code=ErrorCode.CRITERIA_CONFLICT)

    def __bool__(self) -> bool:
        return bool(self.to_dict())

    def __str__(self) -> str:
        low, high = self.min_age, self.max_age
        if low is not None and high is not None:
            return retellable("donors donate from {low} to {high} years of age", low=low, high=high)
        if low is not None:
            return retellable("donors donate from {low} years of age", low=low)
        if high is not None:
            return retellable("donors donate up to {high} years of age", high=high)
        return retellable("nothing is set")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return settings from plain data.

        Raises:
            CriteriaError: there is no such setting, or it has a value that it cannot have.
        """
        for name in data:
            check_name("setting", name, SETTINGS, expected="one of")
        return cls(**data)

    def to_dict(self) -> dict[str, int]:
        """Return what is set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def beyond(self, age: NDArray[np.int32]) -> NDArray[np.int8]:
        """Return (n,) int8: -1 an age below the least, 1 above the greatest, 0 within both, or -1 years: not known."""
        found = np.zeros(age.size, np.int8)
        if self.min_age is not None:
            found[(age >= 0) & (age < self.min_age)] = -1
        if self.max_age is not None:
            found[age > self.max_age] = 1
        return found

    def said(self, beyond: int) -> str | None:
        """Return what a value of `beyond` says of a donor; None within the limits."""
        return {-1: f"below {self.min_age}", 1: f"above {self.max_age}"}.get(beyond)


SETTINGS = tuple(field.name for field in fields(RegistrySettings))
"""The names of the settings."""


NO_SETTINGS = RegistrySettings()
"""Of a registry of which nobody set anything."""
