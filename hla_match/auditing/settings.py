"""What an audit goes by."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from hla_match.donors.attributes import DONOR_AGES
from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_count
from hla_match.nomenclature.release import Nomenclature

REGISTRATION_AGES = (18, 45)
"""Completed years at which the China Marrow Donor Program takes volunteers (its conditions of registration); the WMDA's
members take them from 16 or 18 to between 35 and 60."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What an audit goes by.

    Attributes:
        as_of: the day at which ages are computed; None for today, or without a clock the day of the import.
        registration_ages: the least and the greatest age at registration, in completed years.
        ages: the least and the greatest age of a donor who is not deleted.
        nomenclature: by which names are judged; None for the registry's own.
        workers: threads; the result does not depend on them.

    Raises:
        CriteriaError: a least age is above the greatest, or below 0, or there is no worker.

    >>> AuditSettings(registration_ages=(16, 60)).ages
    (16, 70)
    """

    as_of: datetime.date | None = None
    registration_ages: tuple[int, int] = REGISTRATION_AGES
    ages: tuple[int, int] = DONOR_AGES
    nomenclature: Nomenclature | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("registration_ages", "ages"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                expected = "the least and the greatest age, such as 18 and 45"
                raise CriteriaError(name, found=(low, high), expected=expected)
        check_count("workers", self.workers, least=1)
