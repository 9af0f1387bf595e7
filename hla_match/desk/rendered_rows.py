"""The rows of lists as pages show them: made once, and kept for the next page that shows them while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from hla_match.desk.answers import macro
from hla_match.language import language
from hla_match.reporting.list_view import donor_rows
from hla_match.searches.match_list import MatchList

MOST_CHARACTERS = 24_000_000
"""Characters of rows that are kept, some 8,000 rows; those that were longest unused are made again when asked for."""

RowName = tuple[str, str, bool, int, int]
"""A row: key of the list, language, whether typings are shown, position, and that of the next row, -1 where unsaid."""


class RenderedRows:
    """The rows of the lists of all tabs; threads may share it.

    Args:
        most: characters that are kept.
    """

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._kept: OrderedDict[RowName, Markup] = OrderedDict()
        self._n_characters = 0
        self._lock = threading.Lock()

    def of(
        self, key: str, found: MatchList, shown: NDArray[np.intp], *, has_typings: bool, with_reasons: bool
    ) -> Markup:
        """Return rows of a list, one after another, in the language of the moment.

        Args:
            key: of the list.
            found: the list.
            shown: positions of the donors, in the order of the rows.
            has_typings: whether the typing at each locus is shown.
            with_reasons: whether each row says what puts it before the next one; positions are then ascending.
        """
        places = shown.tolist()
        following = [*places[1:], -1] if with_reasons else [-1] * len(places)
        names = [(key, language(), has_typings, *pair) for pair in zip(places, following, strict=False)]
        rows = self._known(names)
        lacking = [name for name in names if name not in rows]
        if lacking:
            made = _made(found, lacking)
            self._keep(made)
            rows |= made
        return Markup("").join(rows[name] for name in names)

    def _known(self, names: list[RowName]) -> dict[RowName, Markup]:
        with self._lock:
            known = {name: self._kept[name] for name in names if name in self._kept}
            for name in known:
                self._kept.move_to_end(name)
            return known

    def _keep(self, made: dict[RowName, Markup]) -> None:
        with self._lock:
            for name, row in made.items():
                before = self._kept.pop(name, None)
                self._n_characters += len(row) - (0 if before is None else len(before))
                self._kept[name] = row
            while self._n_characters > self._most:
                self._n_characters -= len(self._kept.popitem(last=False)[1])

    @property
    def n_characters(self) -> int:
        """Characters of the rows that are kept."""
        return self._n_characters


def _made(found: MatchList, names: list[RowName]) -> dict[RowName, Markup]:
    """Return some rows of a list that are not kept."""
    pairs = [place for *_, place, after in names for place in (place, after) if place >= 0]
    # Of positions that are ascending, as they are where reasons are told, each is followed by that of the next row.
    positions = np.unique(np.array(pairs, np.intp))
    part = found.take(positions)
    at = {place: number for number, place in enumerate(positions.tolist())}
    rows = donor_rows(part, with_reasons=False)
    has_probabilities = found.prediction is not None
    render, made = macro("rows", "donor_row"), {}
    for name in names:
        key, _, has_typings, place, after = name
        why = part.why(at[place]) if after >= 0 else ""
        donor = int(found.donor[place])
        made[name] = Markup(render(key, rows[at[place]], place, donor, why, has_typings, has_probabilities))
    return made
