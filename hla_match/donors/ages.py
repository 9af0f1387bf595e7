"""Ages of donors, in completed years."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray


def completed_years(birth_date: NDArray[np.integer[Any]], date: datetime.date) -> NDArray[np.int32]:
    """Return ages on a date, -1 where the birth date is missing or later.

    Birth dates are given as `hla_match.donors.attribute_codes.codes_of` codes them.
    """
    today = date.year * 10000 + date.month * 100 + date.day
    unknown = (birth_date == 0) | (birth_date > today)
    return np.where(unknown, -1, (today - birth_date) // 10000).astype(np.int32, copy=False)
