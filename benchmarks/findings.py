"""What a case finds instead of figures, and the name of the place that is not synthetic."""

from __future__ import annotations

SHARED = "shared"
"""Label of the shared registry; a synthetic one has its number of donors as its label."""


class Disagreement(Exception):  # noqa: N818 -- a finding
    """The result of a case is not what it is compared with, so that its time means nothing."""


class NotRun(Exception):  # noqa: N818 -- no error
    """A case cannot be run here; the message is the one line that says why."""
