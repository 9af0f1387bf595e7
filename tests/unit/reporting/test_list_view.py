"""A list as pages show it says what the list says, in either language, beside the values to sort by."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import polars as pl
import pytest

from hla_match.donors.attributes import values_of
from hla_match.donors.registry import build_registry
from hla_match.frequencies.haplotype_frequencies import code_haplotypes
from hla_match.immunogenetics.mismatches import Mismatch
from hla_match.imputation.imputed_registry import ImputedRegistry
from hla_match.language import speaking
from hla_match.loci import SCOPE_LOCI
from hla_match.matching.criteria import Direction, DonorType, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES
from hla_match.reporting.filter_words import filter_words
from hla_match.reporting.list_view import ListView, list_view
from hla_match.reporting.match_frame import order_frame
from hla_match.reporting.mismatch_words import mismatch_words
from hla_match.reporting.page_templates import shared_environment
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

NOMENCLATURE = Nomenclature.builtin()
HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "D\u202e1", "x" * 10_000, "a\nb"]
DONORS = [
    ("sure", "02:01", "24:02", "40:01", "46:01", "04:01", "M", "AV"),
    ("open", "02:XX", "24:02", "40:01", "46:01", "", "F", "AV"),
    ("far", "02:01", "24:02", "40:01", "", "04:02", None, None),
    *((name, "02:01", "11:01", "40:01", "46:01", "", "M", "AV") for name in HOSTILE),
]


@pytest.fixture(scope="module")
def found() -> MatchList:
    """Donors of each class, one who is typed where the patient is not, and some of hostile names."""
    columns = ["person_id", "A_1", "A_2", "B_1", "B_2", "DPB1_1", "sex", "status"]
    donors = pl.DataFrame(DONORS, schema=columns, orient="row")
    donors = donors.with_columns(city=pl.lit("</td><b>杭州"), DPB1_2=pl.lit(""))
    registry, _ = build_registry(donors, NOMENCLATURE, name="r", provenance={"imported_on": "2026-01-01"})
    shares = {("02:01", "40:01"): 0.4, ("24:02", "46:01"): 0.3, ("11:01", "46:01"): 0.3}
    table = pl.DataFrame(
        [(*one, "", share) for one, share in shares.items()], schema=["A", "B", "population", "frequency"], orient="row"
    )
    imputed = ImputedRegistry.of(registry, code_haplotypes(table, NOMENCLATURE, name="three"))
    return Matcher(registry, imputed).search(
        "A*02:01+A*24:02^B*40:01+B*46:01", SearchCriteria(scope="A,B", max_mismatches=2)
    )


@pytest.fixture(params=["en", "zh"])
def view(found: MatchList, request: pytest.FixtureRequest) -> ListView:
    with speaking(request.param):
        return list_view(found)


def test_rows_are_those_of_the_list_in_its_order(found: MatchList, view: ListView) -> None:
    frame = found.to_polars()
    assert [row.donor_id for row in view.rows] == frame["donor_id"].to_list()
    assert [dict(row.values) for row in view.rows] == frame.to_dicts()
    assert [row.typing for row in view.rows] == frame["donor_typing"].to_list()
    assert [row.rank for row in list_view(found, first=2).rows] == [1, 2]


def test_lists_are_sorted_by_the_columns_of_their_frame(found: MatchList) -> None:
    for one in (found, found.take(slice(1, 3)), found.take(slice(0, 0))):
        frame = order_frame(one)
        assert set(frame.columns) >= {"rank", "age", "status", "p0", "A_grade", "resolution", "dpb1_tce"}
        assert frame.equals(one.to_polars().select(frame.columns))


def test_a_typing_stands_at_its_locus_and_none_is_lost(view: ListView) -> None:
    for row in view.rows:
        at_loci = [cell.donor_typing for cell in row.loci]
        assert "^".join(filter(None, [*at_loci, row.other_typing])) == row.typing
    sure = next(row for row in view.rows if row.donor_id == "sure")
    assert [cell.donor_typing for cell in sure.loci] == ["A*02:01+A*24:02", "B*40:01+B*46:01"]
    assert sure.other_typing == "DPB1*04:01"


def test_classes_count_every_donor_once(found: MatchList, view: ListView) -> None:
    assert sum(one.n for one in view.classes) == len(found) == view.n_listed
    assert [one.match_class for one in view.classes] == ["4/4", "3/4"]
    best = found.to_polars()["matches_best"]
    assert view.classes[0].n == int((best == 4).sum())
    assert view.classes[0].n_certain == int((found.to_polars()["matches_worst"] == 4).sum())
    expected = found.to_polars()["p0"].sum()
    assert view.classes[0].expected == pytest.approx(expected)


def test_an_empty_list_has_a_view() -> None:
    donors = pl.DataFrame({"person_id": ["D"], "A_1": ["01:01"], "A_2": ["03:01"]})
    registry, _ = build_registry(donors, NOMENCLATURE, name="r", provenance={"imported_on": "2026-01-01"})
    empty = list_view(Matcher(registry).search("A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=0)))
    assert (empty.rows, empty.classes, empty.n_found) == ((), (), 0)
    assert any("no donor meets all criteria" in one for one in empty.notices)


def test_the_reason_is_that_of_the_list_and_the_last_donor_has_none(found: MatchList) -> None:
    rows = list_view(found).rows
    assert [row.why for row in rows[:-1]] == [found.why(at) for at in range(len(found) - 1)]
    assert rows[-1].why == ""
    assert list_view(found, first=2).rows[1].why == found.why(1)


def test_values_of_categories_all_have_words() -> None:
    assert tuple(SEXES) == values_of("sex")
    assert set(RESULTS) == set(values_of("cmv"))
    assert set(STATUSES) == set(values_of("status"))


@pytest.mark.parametrize("form", ["{}", "({})"])
def test_every_mismatch_has_its_words(form: str) -> None:
    alleles, directions = ("02:01", "?", "02:XX"), ("GvH", "HvG", "GvH+HvG", "GvH or HvG")
    kinds = product(SCOPE_LOCI, alleles, directions, ("allele", "antigen", "unknown"), (False, True))
    told = [
        Mismatch(locus, mine, "03:01", direction, level, homozygous)
        for locus, mine, direction, level, homozygous in kinds
    ]
    column = "; ".join(form.format(one) for one in told)
    assert "; ".join(mismatch_words(column)) == column
    with speaking("zh"):
        words = list(mismatch_words(column))
    assert len(words) == len(told)
    for one, text in zip(words, told, strict=True):
        assert not re.search(r"allele|antigen|unknown|mismatch|patient| or ", one), one
        assert one.startswith("(") == one.endswith(")") == (form != "{}")
        assert str(text).split()[0].rstrip(":") in one


def test_every_criterion_has_its_words() -> None:
    criteria = [
        SearchCriteria(direction=direction, donor_type=donor_type)
        for direction in get_args(Direction)
        for donor_type in get_args(DonorType)
    ]
    asked = dict(
        max_mismatches=2, locus_limits={"A": 0}, statuses=("AV", "TU"), min_age=20, max_age=40, sex=("M", "unknown"),
        abo=("O",), cmv=("N",), city=("杭州",), min_p=0.05, min_cord_match=4, min_tnc_per_kg=3.0, min_cd34_per_kg=1.5,
        antibody_mfi=1000.0, only_donors=frozenset({"D1"}), without_donors=frozenset({"D2", "D3"}),
        as_of="2026-01-01",
    )  # fmt: skip
    criteria.append(SearchCriteria.model_validate(asked))
    english = dict(filter_words(criteria[-1]))
    assert len(english) == 4 + len(asked) - 2  # mismatches and statuses are told of every search
    assert english["sex"] == "male, not known"
    assert english["left out"] == "2 identifiers"
    with speaking("zh"):
        for one in criteria:
            for name, value in filter_words(one):
                assert re.search("[\u4e00-\u9fff]", name), name
                assert not re.search(r"[a-z]{4}", value), value


def test_hostile_names_stay_texts_in_every_piece(found: MatchList) -> None:
    environment = shared_environment()
    page = environment.from_string(
        '{% import "parts.jinja" as parts with context %}{% for row in view.rows %}{{ row.donor_id }} {{ row.city }}'
        "{% for cell in row.loci %}{{ parts.locus_cell(cell, true) }}{% endfor %}"
        "{{ parts.probability_bar(row.probabilities) }}{% endfor %}{{ parts.tiles_legend() }}{{ parts.bars_legend() }}"
    ).render(view=list_view(found))
    assert "<script" not in page
    assert "</td>" not in page
    assert "\u202e" not in page
    assert r"D\u202e1" in page
    assert "x" * 10_000 in page
    # No attribute of a style and no handler: the desk forbids both.
    assert not re.search(r"<[^>]+ (style|on[a-z]+)=", page)


def test_alleles_that_are_left_out_are_counted_in_the_language() -> None:
    text = "DRB1*04:05/03:01 or 4 others GvH+HvG antigen"
    assert list(mismatch_words(text)) == [text]
    with speaking("zh"):
        assert list(mismatch_words(text)) == ["DRB1*04:05/03:01 或另外 4 种 GvH+HvG 抗原水平"]
        assert list(mismatch_words(text.replace("4 others", "1 other"))) == [
            "DRB1*04:05/03:01 或另外 1 种 GvH+HvG 抗原水平"
        ]


def test_tiles_have_their_letters_and_their_words(view: ListView) -> None:
    page = shared_environment().from_string(
        '{% import "parts.jinja" as parts with context %}{{ parts.locus_tiles(cell) }}'
    )
    for row in view.rows:
        for cell in row.loci:
            shown = page.render(cell=cell)
            assert re.findall(r">(.)</b>", shown) == [tile.letter for tile in cell.tiles]
            assert f'aria-label="{cell.told}"' in shown
