"""Tiles and bars show what the list says, and read without colours, on a dark page, and by the colour-blind."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from hla_match.donors.registry import build_registry
from hla_match.errors import CriteriaError
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.matching.criteria import SearchCriteria
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.grade_tiles import MISMATCH_COLOURS, TILES, mismatch_shares, tile_legend
from hla_match.reporting.terminal import GRADES
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
LEAST_CONTRAST = 4.5
"""Of a letter on its tile: WCAG 2.2, criterion 1.4.3, level AA."""

LEAST_DIFFERENCE = 12.0
"""Of two tiles in CIELAB (CIE 1976): far more than the 2.3 that are just noticeable."""

TO_LMS = np.array(
    [[0.31399022, 0.63951294, 0.04649755], [0.15537241, 0.75789446, 0.08670142], [0.01775239, 0.10944209, 0.87256922]]
)
"""Linear sRGB to cones, after Hunt, Pointer and Estevez with sRGB's primaries."""

DICHROMACIES = {
    "protanopia": [[0, 1.05118294, -0.05116099], [0, 1, 0], [0, 0, 1]],
    "deuteranopia": [[1, 0, 0], [0.9513092, 0, 0.04866992], [0, 0, 1]],
    "tritanopia": [[1, 0, 0], [0, 1, 0], [-0.86744736, 1.86727089, 0]],
}
"""What is left of the cones' answers (Viénot, Brettel & Mollon, Color Res Appl 1999;24:243, for white and blue)."""


@pytest.fixture(scope="module")
def found() -> MatchList:
    """Donors with each grade but one of another letter; one of them is not explained by the frequencies."""
    typings = {
        "certain": ("02:01", "24:02"),
        "open": ("02:XX", "24:02"),
        "allele": ("02:06", "24:02"),
        "antigen": ("11:01", "24:02"),
        "new": ("NEW", "24:02"),
        "unexplained": ("02:01/02:03", "33:03"),
        "$x^2$ <b>": ("02:01", "33:03"),
    }
    donors = pl.DataFrame(
        [(name, *pair) for name, pair in typings.items()], schema=["person_id", "A_1", "A_2"], orient="row"
    )
    registry, _ = build_registry(donors, NOMENCLATURE, name="seven", provenance={"imported_on": "2026-01-01"})
    shares = {"02:01": 0.4, "24:02": 0.3, "02:06": 0.1, "11:01": 0.2}
    table = pl.DataFrame(
        [(one, "", share) for one, share in shares.items()], schema=["A", "population", "frequency"], orient="row"
    )
    imputed = ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="four"))
    return Matcher(registry, imputed).search("A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=2))


def linear(colour: str) -> NDArray[np.float64]:
    value = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb / (0.9505, 1.0, 1.089), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_every_grade_has_a_tile_that_the_table_explains_alike() -> None:
    assert set(TILES) == set(GRADE_LETTERS)
    assert tile_legend() == GRADES.partition(";")[0]


def test_the_letters_stand_out_from_their_tiles() -> None:
    for tile in TILES.values():
        light, dark = sorted((luminance(tile.fill), luminance(tile.ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST, tile


@pytest.mark.parametrize("colours", [[tile.fill for tile in TILES.values()], [*MISMATCH_COLOURS.values()]])
@pytest.mark.parametrize("cones", [np.eye(3), *map(np.array, DICHROMACIES.values())], ids=["all", *DICHROMACIES])
def test_colour_blind_people_tell_the_colours_apart(colours: list[str], cones: NDArray[np.float64]) -> None:
    seen = [lab(np.clip(np.linalg.inv(TO_LMS) @ cones @ TO_LMS @ linear(colour), 0, 1)) for colour in colours]
    for one, other in combinations(range(len(colours)), 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= LEAST_DIFFERENCE, (colours[one], colours[other])


def test_the_shares_of_a_bar_are_the_columns_of_the_list(found: MatchList) -> None:
    frame = found.to_polars()
    shown = list(mismatch_shares(frame))
    assert None in shown
    for row, shares in zip(frame.iter_rows(named=True), shown, strict=True):
        if shares is None:
            assert row["p0"] is None
            continue
        assert [shares["0"], shares["1"], shares["2"]] == [row["p0"], row["p1"], row["p2"]]
        assert sum(shares.values()) + row["p_cut"] == pytest.approx(1)


def test_a_notebook_shows_the_letter_of_every_grade_and_a_legend(found: MatchList) -> None:
    page = found._repr_html_()
    body, legend = page.partition("<tbody>")[2].split("</tbody>")
    grades = [grade for row in found for grade in row.grades["A"]]
    assert re.findall(r'hla-match-tile"[^>]*>(.)</b>', body) == grades
    assert {*grades} == set(GRADE_LETTERS)
    assert all(f">{tile.letter}</b> {tile.meaning}" in legend for tile in TILES.values())
    assert "haplotype frequencies: four" in legend
    assert "$x^2$ &lt;b&gt;" in body


def test_a_notebook_shows_typings_and_mismatches_below_each_donor(found: MatchList) -> None:
    text = html.unescape(re.sub("<wbr>", "", found._repr_html_()))
    assert "patient: A*02:01+A*24:02<" in text
    frame = found.to_polars()
    assert all(f">{typing}<" in text for typing in frame["donor_typing"])
    told = [mismatches for mismatches in frame["mismatches"] if mismatches]
    assert told
    assert all(f"mismatches: {mismatches}" in text for mismatches in told)


def test_a_notebook_page_brings_no_ground_of_its_own_but_of_tiles(found: MatchList) -> None:
    page = found._repr_html_()
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "#" not in style  # no colour of a light page that a dark one would have to bear
    assert set(re.findall(r"[^-]color: ([^;]+);", style)) == {"inherit"}
    assert len(re.findall(r"background: #\w+; color: #\w+", page)) == page.count('class="hla-match-tile"')


def test_an_empty_list_is_a_page_without_a_table(found: MatchList) -> None:
    page = found.filter(pl.lit(False))._repr_html_()
    assert "<table>" not in page
    assert "0 of the 7 donors of the list" in page


@pytest.fixture
def figure(found: MatchList) -> Any:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    return found.plot()


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_figure_shows_the_list(found: MatchList, figure: Any) -> None:
    bars, grid = figure.axes
    frame = found.to_polars()
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert labels == [f"{row['rank']}  {row['donor_id']}  (?)" for row in frame.iter_rows(named=True)]
    assert texts(grid) == [grade for row in found for grade in row.grades["A"]]
    assert [label.get_text() for label in grid.get_xticklabels()] == ["A"]
    assert texts(bars).count("probability missing") == frame["p0"].null_count() > 0
    width = sum(bar.get_width() for bar in bars.patches)
    assert width == pytest.approx(100 * (len(found) - frame["p0"].null_count()))
    assert len(found.plot(2).axes[1].texts) == 4


def test_a_figure_is_a_picture_and_shows_itself_to_nobody(figure: Any) -> None:
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_a_figure_without_probabilities_or_donors_is_drawn(found: MatchList) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    plain = Matcher(found.registry).search("A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=2))
    assert len(plain.plot().axes) == 1
    plain.plot().canvas.draw()
    assert "no donor" in texts(plain.filter(pl.lit(False)).plot().axes[0])
    with pytest.raises(CriteriaError, match="n_donors: found 0"):
        plain.plot(0)


def test_matplotlib_that_is_not_installed_is_named(found: MatchList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(CriteriaError) as raised:
        found.plot()
    assert "pip install 'hla-match[plot]'" in str(raised.value)
    assert raised.value.code == "criteria.package"


def test_a_search_loads_no_package_of_pictures() -> None:
    program = (
        "import sys, hla_match.searches.match_list, hla_match.services.search\n"
        "print(*sorted({'matplotlib', 'pandas', 'pyarrow', 'jinja2', 'xlsxwriter'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "matplotlib" not in done.stdout
    assert "pandas" not in done.stdout
    assert "jinja2" not in done.stdout
