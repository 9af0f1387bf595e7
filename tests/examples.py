"""How many inputs Hypothesis makes up for a test: a tenth of them, or all where HLA_MATCH_EXAMPLES is ``all``."""

from __future__ import annotations

import os

from hypothesis import settings

IS_WHOLE = os.environ.get("HLA_MATCH_EXAMPLES", "") == "all"

_SHARE, _LEAST = 10, 10


def examples(number: int) -> settings:
    """The settings of a test that deserves so many inputs.

    >>> examples(8).max_examples
    8
    """
    return settings(max_examples=number if IS_WHOLE else n_daily(number))


def n_daily(number: int) -> int:
    """The inputs of a daily run: a tenth, but no fewer than ten where there are so many.

    >>> n_daily(1500), n_daily(60), n_daily(8)
    (150, 10, 8)
    """
    return max(number // _SHARE, min(number, _LEAST))
