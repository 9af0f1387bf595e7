"""The picture of the front page: the time of a search over the number of donors, beside other programs.

Lines and filled points come from one file of results. A hollow point is a figure that the authors of a program
published: another machine, another registry.
"""

from __future__ import annotations

from benchmarks.findings import SHARED
from benchmarks.growth_plot import Series, growth_plot
from benchmarks.peers.graph_match import N_DONORS
from benchmarks.results import Document, figures, growth

_OWN = {
    "search": "hla-match",
    "search with P": "hla-match with probabilities",
    "NumPy search": "plain NumPy, not ranked",
}
"""Cases whose growth is drawn, and what their lines are called."""

_OTHERS = {
    "py-graph-match as shipped, mean": "py-graph-match, first 100 donors",
    "py-graph-match, complete, mean": "py-graph-match, all donors",
}
"""Figures of the case of py-graph-match, and what their points are called."""

PUBLISHED = {"Hap-E Search 2.0, as published: below 60 s": (9e6, 60.0)}
"""Donors and seconds that authors state: Hap-E Search 2.0, Front. Med. 2020;7:32."""


def programs_plot(document: Document) -> str | None:
    """Draw the picture, or return None where the results hold no growth of a search."""
    series: dict[str, list[tuple[float, float]]] = {}
    for case, name in _OWN.items():
        points = growth(document, case, "median")
        if len(points) > 1:
            series[name] = points
    if not series:
        return None
    known = figures(document)
    for figure, name in _OTHERS.items():
        found = known.get(("py-graph-match", SHARED, figure))
        if found is not None:
            series[name] = [(float(N_DONORS), found.value)]
    drawn: Series = {**series, **{name: [point] for name, point in PUBLISHED.items()}}
    title = f"Time of one search, 10/10, on {document['machine']['cores']} cores"
    return growth_plot(title, drawn, unit="s", dashed=(_OWN["NumPy search"],), hollow=tuple(PUBLISHED))
