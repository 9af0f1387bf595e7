"""What is said before a list: what of the patient is missing or assumed, and which criterion left no donor."""

from __future__ import annotations

import datetime
import io

import polars as pl
import pytest
from rich.console import Console

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.reporting.search_page import search_page
from hla_match.reporting.terminal import match_table
from hla_match.searches import donor_finder
from hla_match.searches.batch import search_patients
from hla_match.searches.match_list import MatchList
from hla_match.searches.matcher import Matcher

UNTYPED = "the patient is not typed here, so that every donor is a potential match"
LACKING = "no donor of the registry is typed here, so that every donor is a potential match"
LONE = "one typing reported, counted as homozygous"
N_DONORS = 60


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    """Sixty donors: A in turn of three genotypes, each third not available, ages from 20 to 79 but for one unknown."""
    typings = (("02:01", "24:02"), ("02:01", "11:01"), ("11:01", "33:03"))
    donors = pl.DataFrame(
        {
            "person_id": [f"D{row:02}" for row in range(N_DONORS)],
            "A_1": [typings[row % 3][0] for row in range(N_DONORS)],
            "A_2": [typings[row % 3][1] for row in range(N_DONORS)],
            "B_1": ["40:01"] * N_DONORS,
            "B_2": ["46:01"] * N_DONORS,
            "DRB3_1": ["01:01"] * N_DONORS,
            "DRB3_2": ["02:02"] * N_DONORS,
            "status": ["TU" if row % 5 == 0 else "AV" for row in range(N_DONORS)],
            "birth_date": [None, *(datetime.date(2026 - 20 - row, 1, 1) for row in range(1, N_DONORS))],
        }
    )
    registry, unreadable = build_registry(
        donors, Nomenclature.builtin(), name="sixty", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return Matcher(registry)


def test_what_is_understood_otherwise_than_written_is_said_of_a_patient(matcher: Matcher) -> None:
    patient = Patient(typings={"A": ("a*02:01", "24:02"), "B": ("b*40:01", "-"), "DRB3": ("NT", "NT")})
    assert patient.typings["DRB3"] == ("", "")
    notices = matcher.search(patient, SearchCriteria(scope="A,B")).notices
    assert "A, B: names in lower case were read in capitals" in notices
    assert "B: a sign for empty beside a first typing was read as reported homozygous" in notices
    assert f"B: {LONE}" in notices


def test_a_line_of_names_is_echoed_as_it_was_understood(matcher: Matcher) -> None:
    notices = searched(matcher, "A2 A24 B60 B46").notices
    assert "the typing was read as A2+A24^B60+B46" in notices
    assert any(notice.startswith("names separated by blanks or commas") for notice in notices)
    assert not any("read as" in notice for notice in searched(matcher, "A*02:01+A*24:02^B*40:01+B*46:01").notices)


def searched(matcher: Matcher, text: str, scope: str = "A,B", **criteria: object) -> MatchList:
    return matcher.search(
        Patient.from_gl_string("P1", text), SearchCriteria.model_validate({"scope": scope, **criteria})
    )


@pytest.mark.parametrize(
    ("text", "scope", "notices"),
    [
        ("A*02:01+A*24:02^B*40:01+B*46:01", "A,B", ()),
        ("A*02:01+A*02:01^B*40:01+B*46:01", "A,B", ()),
        ("A*02:01+A*24:02", "A,B", (f"B: {UNTYPED}",)),
        ("A*02:01+A*24:02^B*40:01", "A,B", (f"B: {LONE}",)),
        ("A*02:01^B*40:01/B*40:02", "A,B", (f"A, B: {LONE}",)),
        ("A2^B62+B60", "A,B", (f"A: {LONE}",)),
        ("A*02:01+A*24:02", "8/8", (f"B, C, DRB1: {UNTYPED}", f"C, DRB1: {LACKING}")),
        ("A*02:01+A*24:02^B*40:01+B*46:01^C*01:02+C*07:02", "A,B,C", (f"C: {LACKING}",)),
        ("A*02:01+A*24:02^B*40:01", "A", (f"B: {LONE}",)),
        ("A*02:01+A*24:02^DRB3*01:01", "A", (f"DRB3: {LONE} or as beside an absent gene",)),
        ("A*02:01+A*24:02^DRB3*NNNN", "A,DRB3", ()),
        ("A*02:01+A*24:02^DRB3*01:01+DRB3*NNNN", "A,DRB3", ()),
        ("A*02:01+A*NEW", "A", ("A: an allele reported as NEW, which matches nothing",)),
        (
            "A*02:01+A*24:02^MICA*008^E*01:01",
            "A",
            ("MICA, E: reported, but not a locus that is compared; ignored",),
        ),
    ],
)
def test_what_is_missing_or_assumed_of_a_patient(
    matcher: Matcher, text: str, scope: str, notices: tuple[str, ...]
) -> None:
    assert searched(matcher, text, scope, max_mismatches=6).patient_notices == notices


def test_alternatives_of_one_typing_each_are_lone(matcher: Matcher) -> None:
    for first, lone in (("02:01|24:02", True), ("02:01|02:06+24:02", True), ("02:01+24:02|02:06+24:02", False)):
        patient = Patient(typings={"A": (first, "")})
        assert (f"A: {LONE}" in matcher.search(patient, SearchCriteria(scope="A")).notices) == lone


def test_blanks_are_no_typing(matcher: Matcher) -> None:
    patient = Patient(typings={"A": ("02:01", "24:02"), "B": (" ", "")})
    assert matcher.search(patient, SearchCriteria(scope="A,B")).patient_notices == (f"B: {UNTYPED}",)


def test_notices_stand_above_every_list(matcher: Matcher) -> None:
    matches = searched(matcher, "A*02:01")
    expected = [f"B: {UNTYPED}", f"A: {LONE}", *matches.notices[-1:]]
    assert expected[-1].startswith("32 of 32 donors are unresolved: their typings allow at most 1 mismatch and more")
    assert list(matches.notices) == expected
    assert len(matches)
    donor = matches[0].donor_id
    out = io.StringIO()
    match_table(matches, Console(file=out, width=100))
    assert " ".join(out.getvalue().split()).startswith(" ".join(f"note: {notice}" for notice in expected))
    for page in (repr(matches), matches._repr_html_(), search_page("Searches", matches.registry, [matches])):
        positions = [page.index(notice) for notice in expected]
        assert max(positions) < page.rindex(donor)


def test_unresolved_donors_are_counted_where_nothing_predicts_them(matcher: Matcher) -> None:
    certain = searched(matcher, "A*02:01+A*24:02^B*40:01+B*46:01")
    assert certain.n_found == 32
    assert certain.n_unresolved == 0
    assert certain.notices == ()
    # The second allele of B is any of B*46: one more mismatch than the one at A of each second donor.
    some = searched(matcher, "A*02:01+A*24:02^B*40:01+B*46:01/B*46:02")
    at_a = [match.grades["A"] for match in some]
    assert some.n_unresolved == sum(grade != "AA" for grade in at_a) == 16
    assert some.notices[-1].startswith("16 of 32 donors are unresolved")
    assert searched(matcher, "A*02:01+A*24:02^B*40:01+B*46:01/B*46:02", locus_limits={"B": 0}).n_unresolved == 32
    # None of the unresolved stands among the others.
    assert [grade == "AA" for grade in at_a] == [True] * 16 + [False] * 16


ALL = ("in the registry", 60)
AVAILABLE = ("with status AV", 48)


@pytest.mark.parametrize(
    ("criteria", "counts"),
    [
        ({}, [ALL, AVAILABLE]),
        ({"statuses": ("OP", "DE")}, [ALL, ("with status OP or DE", 0)]),
        ({"min_age": 30, "max_age": 39}, [ALL, AVAILABLE, ("aged 30 to 39 or of unknown age", 8)]),
        ({"max_age": 24, "statuses": ("AV", "TU")},
         [ALL, ("with status AV or TU", 60), ("aged at most 24 or of unknown age", 5)]),
        ({"min_age": 120}, [ALL, AVAILABLE, ("aged at least 120 or of unknown age", 0)]),
        ({"only_donors": frozenset({"D01", "D05", "D99"})}, [ALL, AVAILABLE, ("among those asked for", 1)]),
        ({"only_donors": frozenset({"D01", "D02"}), "without_donors": frozenset({"D02"})},
         [ALL, AVAILABLE, ("among those asked for", 2), ("not among those left out", 1)]),
        ({"locus_limits": {"A": 1}}, [ALL, AVAILABLE, ("within the limits A=1", 0)]),
        ({"locus_limits": {"B": 0}}, [ALL, AVAILABLE, ("within the limits B=0", 48)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n_shards", [1, 3, 7])
def test_the_donors_left_after_each_criterion(
    matcher: Matcher, criteria: dict[str, object], counts: list[tuple[str, int]], n_shards: int
) -> None:
    """The patient mismatches all donors at both alleles of A; shards of a batch count together what a search does."""
    patient = Patient.from_gl_string("P1", "A*01:01+A*03:01^B*40:01+B*46:01")
    asked = SearchCriteria.model_validate({"scope": "A,B", "as_of": datetime.date(2026, 1, 1), **criteria})
    counts = [*counts, ("with at most 1 mismatch in A,B", 0)]
    matches = matcher.search(patient, asked)
    assert list(matches.criteria_counts.items()) == counts
    left = ", ".join(f"{n} {criterion}" for criterion, n in counts)
    assert matches.notices == (f"no donor meets all criteria; left after each: {left}",)
    (outcome,) = search_patients(matcher, [patient], asked, shards=n_shards)
    assert outcome.notices == matches.notices


def test_the_counts_end_with_the_donors_found(matcher: Matcher) -> None:
    matches = searched(matcher, "A*02:01+A*24:02^B*40:01+B*46:01", max_mismatches=0, direction="gvh", limit=3)
    assert list(matches.criteria_counts.items())[1:] == [
        AVAILABLE,
        ("with at most 0 GvH mismatches in A,B", matches.n_found),
    ]
    assert matches.n_found > len(matches) == 3


def test_nothing_is_counted_where_donors_were_found(matcher: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(donor_finder, "criteria_counts", lambda *_: 1 / 0)
    patients = [Patient.from_gl_string("P1", "A*02:01+A*24:02^B*40:01"), Patient(typings={"A": ("99:99", "")})]
    first, second = search_patients(matcher, patients, SearchCriteria(scope="A,B"))
    assert (first.n_found > 0, first.notices) == (True, (f"B: {LONE}",))
    assert (second.error is None, second.notices) == (False, ())
