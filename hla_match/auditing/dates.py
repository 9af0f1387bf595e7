"""Ages out of the range in which registries take and keep donors, and dates that cannot follow each other."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.findings import FindingKind, all_findings, findings
from hla_match.auditing.settings import REGISTRATION_AGES
from hla_match.donors.ages import completed_years
from hla_match.donors.attribute_codes import day_numbers
from hla_match.donors.attributes import DONOR_AGES, values_of
from hla_match.donors.registry import Registry


def date_findings(
    registry: Registry,
    as_of: datetime.date,
    *,
    registration_ages: tuple[int, int] = REGISTRATION_AGES,
    ages: tuple[int, int] = DONOR_AGES,
) -> pl.DataFrame:
    """Return a finding for each age out of range and each date out of order; a date that is missing is in order.

    Args:
        registry: the donors.
        as_of: today.
        registration_ages: the least and the greatest age at registration, in completed years.
        ages: those of today, which are asked of donors who are not deleted.
    """
    born = registry.attribute_codes["birth_date"].astype(np.int64)
    registered, contacted, donated = (
        _days(registry, name) for name in ("registered_on", "last_contact_on", "donated_on")
    )
    today = as_of.year * 10000 + as_of.month * 100 + as_of.day
    age = completed_years(registry.attribute_codes["birth_date"], as_of)
    deleted = registry.attribute_codes["status"] == values_of("status").index("DE")
    at_registration = np.where((born > 0) & (registered >= born), (registered - born) // 10000, -1)
    return all_findings(
        [
            _ages(registry, FindingKind.AGE_AT_REGISTRATION, at_registration, registration_ages),
            _ages(registry, FindingKind.AGE_TODAY, np.where(deleted, -1, age), ages),
            *(
                findings(registry, FindingKind.DATES_OUT_OF_ORDER, np.flatnonzero(wrong), detail=detail)
                for detail, wrong in {
                    "born in the future": born > today,
                    "registered before birth": (registered > 0) & (registered < born),
                    "registered in the future": registered > today,
                    "last contact before registration": (contacted > 0) & (contacted < registered),
                    "last contact in the future": contacted > today,
                    "donated before registration": (donated > 0) & (donated < registered),
                    "donated in the future": donated > today,
                    # Where the day of registration is not known, which is told above.
                    "last contact before birth": (contacted > 0) & (contacted < born) & (registered == 0),
                    "donated before birth": (donated > 0) & (donated < born) & (registered == 0),
                }.items()
            ),
        ]
    )


def _days(registry: Registry, name: str) -> NDArray[np.int64]:
    """Return (donors,) a date as ``year * 10000 + month * 100 + day``, 0 where missing."""
    if name not in registry.donor_attributes.schema:
        return np.zeros(registry.n_donors, np.int64)
    return registry.attributes.select(day_numbers(name).fill_null(0).cast(pl.Int64)).to_series().to_numpy()


def _ages(registry: Registry, kind: FindingKind, age: NDArray[np.integer], allowed: tuple[int, int]) -> pl.DataFrame:
    """Return a finding for each age out of range; an age below 0 is not known."""
    low, high = allowed
    rows = np.flatnonzero((age >= 0) & ((age < low) | (age > high)))
    detail = (
        pl.DataFrame({"age": age[rows]}).select(pl.format(f"{{}} years, expected {low} to {high}", "age")).to_series()
    )
    return findings(registry, kind, rows, detail=detail)
