"""The first donors of a match list as a picture: bars of probability, and tiles of grades by donor and locus.

matplotlib is an extra, and is loaded when a picture is asked for. The figure is made without `pyplot`: nothing is
shown, no window opens, and no state of the caller's own figures changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import polars as pl

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import InWords, check_count
from hla_match.reporting.grade_tiles import (
    BLACK,
    MISMATCH_COLOURS,
    TILES,
    WHITE,
    mismatch_shares,
    tile_columns,
    tiles,
)
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import NOTICE, policy_lines
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _LINE = 0.3, 0.16
"""Inches of a donor's row, and of a line above the picture."""

_LETTERS = 13
"""Letters of a line above the picture, an inch."""

_HAN_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
)
"""Fonts with Chinese characters, of which matplotlib's own font has none."""

_LEAST_SHARE, _LABELLED_SHARE = 0.001, 0.05
"""Shares of a bar below which nothing is drawn, or no number stands in them."""

_LEGEND: Mapping[str, Any] = {
    "frameon": False, "fontsize": 8, "handlelength": 1, "handleheight": 1, "columnspacing": 1, "borderaxespad": 0.2,
}  # fmt: skip
_GROUND, _INK, _FAINT = "#ffffff", "#222222", "#767676"


def match_figure(found: RankedDonors, n_donors: int = 20) -> Figure:
    """Return the first donors of a match list as a figure of matplotlib.

    Args:
        found: the list.
        n_donors: donors at most.

    Raises:
        CriteriaError: matplotlib is not installed, or the number is none of donors.
    """
    check_count("n_donors", n_donors)
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise CriteriaError(
            "plot",
            found=InWords("no matplotlib"),
            expected="matplotlib to be installed: pip install 'hla-match[plot]'",
            code=ErrorCode.CRITERIA_PACKAGE,
        ) from None
    frame = match_frame([found], slice(0, n_donors))
    has_shares = found.prediction is not None
    n_loci = len(found.loci)
    sizes = [*([4.2] if has_shares else []), 0.52 * max(n_loci, 2)]
    with rc_context({"font.family": _fonts(), "text.parse_math": False}):
        width = sum(sizes) + 2.6
        title = _title(found, frame.height, int(width * _LETTERS))
        height = _HEIGHT * max(frame.height, 1) + _LINE * len(title) + 2.1
        figure = Figure(figsize=(width, height), facecolor=_GROUND, layout="constrained")
        axes = figure.subplots(1, len(sizes), sharey=True, squeeze=False, width_ratios=sizes)[0]
        if has_shares:
            _draw_shares(axes[0], frame)
        _draw_tiles(axes[-1], found, frame)
        _label_donors(axes[0], frame)
        figure.suptitle("\n".join(title), fontsize=9, color=_INK, ha="left", x=0.01)
        figure.supxlabel(_foot(found), fontsize=7, color=_FAINT, ha="left", x=0.01)
    # A notebook that has not loaded pyplot shows the picture by this; one that has uses its own way.
    figure._repr_png_ = partial(_png, figure)
    return figure


def _draw_shares(axes: Axes, frame: pl.DataFrame) -> None:
    """Draw a bar for each donor: the probability of each number of mismatches, one beside another."""
    for row, shares in enumerate(mismatch_shares(frame)):
        if shares is None:
            axes.text(1, row, "probability missing", va="center", fontsize=8, color=_FAINT, style="italic")
            continue
        start = 0.0
        for name, share in shares.items():
            axes.barh(
                row, 100 * share, left=start, height=0.72, color=MISMATCH_COLOURS[name], edgecolor=_GROUND, lw=0.6
            )
            if share >= _LABELLED_SHARE:
                ink = WHITE if name == "0" else BLACK
                middle = start + 50 * share
                axes.text(middle, row, f"{100 * share:.0f}", va="center", ha="center", fontsize=7, color=ink)
            start += 100 * share
    axes.set(xlim=(0, 100), xlabel="probability in percent")
    axes.xaxis.label.set(fontsize=8, color=_INK)
    handles = [_patch(colour, name) for name, colour in MISMATCH_COLOURS.items()]
    # Above the bars, where the tiles have the names of their loci.
    handles.insert(0, _patch("none", "mismatches:"))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.04, 1), ncols=len(handles), **_LEGEND)


def _draw_tiles(axes: Axes, found: RankedDonors, frame: pl.DataFrame) -> None:
    """Draw two lettered tiles for each donor and locus."""
    from matplotlib.patches import Rectangle

    columns = tile_columns(found)
    for place, column in enumerate(columns.values()):
        for row, grades in enumerate(frame[column]):
            for side, tile in enumerate(tiles(grades)):
                x = place + 0.06 + 0.44 * side
                axes.add_patch(Rectangle((x, row - 0.38), 0.42, 0.76, facecolor=tile.fill, edgecolor="none"))
                axes.text(x + 0.21, row, tile.letter, va="center", ha="center", fontsize=8, color=tile.ink)
    axes.set(xlim=(0, max(len(columns), 1)), xticks=[place + 0.5 for place in range(len(columns))])
    axes.set_xticklabels(columns, fontsize=8)
    axes.tick_params(length=0, colors=_INK, labelbottom=False, labeltop=True)
    axes.spines[:].set_visible(False)
    handles = [_patch(tile.fill, f"{tile.letter} {tile.meaning}") for tile in TILES.values()]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0), **_LEGEND)


def _label_donors(axes: Axes, frame: pl.DataFrame) -> None:
    """Write rank, identifier and age of each donor before its row."""
    ages = frame["age"].cast(pl.String).fill_null("?")
    labels = [
        f"{rank}  {visible(donor)}  ({age})"
        for rank, donor, age in zip(frame["rank"], frame["donor_id"], ages, strict=True)
    ]
    axes.set(ylim=(max(frame.height, 1) - 0.4, -0.6), yticks=range(frame.height))
    axes.set_yticklabels(labels, fontsize=8)
    axes.tick_params(axis="y", length=0, colors=_INK)
    axes.tick_params(axis="x", colors=_INK, labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if not frame.height:
        axes.text(0, 0, "no donor", fontsize=9, color=_INK)


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, label=label)


def _title(found: RankedDonors, n_shown: int, width: int) -> list[str]:
    """Return the lines above the picture, of so many letters at most."""
    donors = f"{found.n_found:,} donors" + (f", {n_shown:,} shown" if n_shown < found.n_found else "")
    lines = [
        f"{visible(found.patient.patient_id)}: {donors}, {found.criteria.scope}, donors with rank and age",
        *(f"note: {visible(notice)}" for notice in search_notices(found)),
        *map(visible, policy_lines(found.policy)[1:]),
    ]
    return [part for line in lines for part in wrap(line, width, subsequent_indent="    ")]


def _foot(found: RankedDonors) -> str:
    """Return the lines below the picture."""
    names = [found.registry.nomenclature.title]
    if found.prediction is not None:
        names.insert(0, f"frequencies: {found.prediction.frequency_set}")
    return "\n".join([visible("; ".join(names)), NOTICE])


def _fonts() -> list[str]:
    """Return matplotlib's own font, and those that are there with characters that it lacks."""
    from matplotlib.font_manager import get_font_names

    known = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _HAN_FONTS if name in known)]


class _Bytes(list[bytes]):
    """What a picture is written into, as a file would be."""

    def write(self, data: bytes) -> int:
        """Take a part."""
        self.append(bytes(data))
        return len(data)


def _png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    written = _Bytes()
    figure.savefig(written, format="png", dpi=110)
    return b"".join(written)
