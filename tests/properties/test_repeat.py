"""Repeating by those who changed finds what searches of everybody find, whatever happened in between."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hla_match import Patient, SearchCriteria, open_case, repeat
from hla_match.nomenclature.release import Nomenclature
from hla_match.services import case_lists
from hla_match.services.rebase import rebase
from registry_io import (
    add_donor,
    change_registry_settings,
    erase_donors,
    import_donors,
    merge_donors,
    reinstate_donor,
    update_donor,
    withdraw_donor,
)
from registry_io.store.journal.journal import Journal
from registry_io.store.registry_proof import prove_registry
from tests.tiny_tables import tiny_nomenclature

DAY = datetime.date(2026, 1, 31)
ALLELES = {"A": ["02:01", "02:07", "11:01", "24:02", "66:01"], "B": ["15:01", "40:01", "46:01", "57:01"]}
NOMENCLATURE = tiny_nomenclature({locus: {name: ("", "") for name in names} for locus, names in ALLELES.items()})
# 66:01 and 57:01 are in no haplotype: they are explained where somebody is typed as them alone.
HAPLOTYPES = [("02:01", "40:01", 0.3), ("11:01", "15:01", 0.2), ("24:02", "46:01", 0.2), ("02:07", "46:01", 0.15)]
N_DONORS = 40
KNOWN = [f"D{number}" for number in range(N_DONORS)]
TYPINGS = {
    "A_1": ["02:01", "24:02", "02:01/02:07", "66:01", "66:01/11:01"],
    "A_2": ["24:02", "11:01", "02:07"],
    "B_1": ["40:01", "46:01", "15:01/46:01", "57:01/40:01"],
    "B_2": ["46:01", "15:01"],
}
PATIENTS = (
    {"A": ("02:01", "24:02"), "B": ("40:01", "46:01")},
    {"A": ("02:01/66:01", "24:02"), "B": ("40:01", "46:01/57:01")},
)
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"limit": 4},
    {"limit": 4, "max_mismatches": 0},
    {"max_age": 40, "max_mismatches": 2},
    {"limit": 30, "max_mismatches": 3, "sex": ("M", "unknown")},
    {"min_p": 0.2, "max_mismatches": 1},
)

VALUES = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(texts) for name, texts in TYPINGS.items()},
        "birth_date": st.sampled_from(["1985-02-02", "1999-05-05"]),
    },
    optional={"status": st.sampled_from(["AV", "TU"]), "sex": st.sampled_from(["M", "F"])},
)
DONOR = st.sampled_from(KNOWN)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("update"), DONOR, VALUES),
        st.tuples(st.just("update"), DONOR, st.just({"status": "TU"})),
        st.tuples(st.just("withdraw"), DONOR, st.none()),
        st.tuples(st.just("reinstate"), DONOR, st.none()),
        st.tuples(st.just("erase"), DONOR, st.none()),
        st.tuples(st.just("merge"), DONOR, st.just("D3")),
        st.tuples(st.just("add"), st.sampled_from(["N1", "N2", "N3"]), VALUES),
        st.tuples(st.just("settings"), st.just(""), st.none()),
        st.tuples(st.just("frequencies"), st.just(""), st.none()),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry whose cases were searched once."""
    folder = tmp_path_factory.mktemp("repeat")
    rows = ["donor_id,A_1,A_2,B_1,B_2,birth_date,sex"]
    for number, donor_id in enumerate(KNOWN):
        typing = [texts[(number // (at + 1)) % len(texts)] for at, texts in enumerate(TYPINGS.values())]
        born = f"{1975 + number % 30}-{1 + number % 12:02}-15"
        rows.append(",".join([donor_id, *typing, born, "MF"[number % 2]]))
    (folder / "donors.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    write_set(folder, HAPLOTYPES)
    registry = folder / "registry"
    import_donors(registry, folder / "donors.csv", NOMENCLATURE, today=DAY)
    for typings in PATIENTS:
        for asked in ASKED:
            criteria = SearchCriteria(scope="A,B", **asked)
            open_case(registry, Patient(typings=typings), criteria, frequencies=str(folder / "set.csv"), day=DAY)
        criteria = SearchCriteria(scope="A,B", max_mismatches=2, limit=6)
        open_case(registry, Patient(typings=typings), criteria, frequencies="none", policy="plain", day=DAY)
    repeat(registry, today=DAY)
    return registry


def write_set(folder: Path, haplotypes: list[tuple[str, str, float]]) -> None:
    """Write the frequencies of the cases."""
    lines = [f"A*{a}~B*{b},{share}" for a, b, share in haplotypes]
    (folder / "set.csv").write_text("haplotype,frequency\n" + "\n".join(lines) + "\n", encoding="utf-8")


def do(sets: Path, registry: Path, action: str, donor: str, given_: Any) -> None:
    """Make a change; one that cannot be made is none."""
    from hla_match.errors import HlaMatchError

    actions: dict[str, Callable[[], object]] = {
        "update": lambda: update_donor(registry, donor, given_, today=DAY),
        "withdraw": lambda: withdraw_donor(registry, donor, today=DAY),
        "reinstate": lambda: reinstate_donor(registry, donor, today=DAY),
        "erase": lambda: erase_donors(registry, [donor], today=DAY),
        "merge": lambda: merge_donors(registry, given_, donor, today=DAY),
        "add": lambda: add_donor(registry, donor, given_, today=DAY),
        "settings": lambda: change_registry_settings(registry, {"min_age": 18, "max_age": 45}),
        "frequencies": lambda: write_set(sets, HAPLOTYPES[:-1]),
    }
    try:
        actions[action]()
    except HlaMatchError:
        pass


def lists_of(registry: Path) -> dict[int, list[tuple[str, str, bytes]]]:
    """The first donors of each list, as the case book has them."""
    with Journal.open(registry) as journal:
        found = {}
        for number in range(1, journal.cases.next_number):
            rows = journal.cases.listed(number)
            names = journal.cases.identifiers([one.donor for one in rows])
            kept = sorted((one.place, names[one.donor], one.content) for one in rows if one.donor in names)
            limit = (*ASKED, {"limit": 6})[(number - 1) % (len(ASKED) + 1)].get("limit")
            found[number] = [(name, content, place) for place, name, content in kept[:limit]]
        return found


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rounds=st.lists(st.tuples(CHANGES, st.sampled_from([0, 0, 3, 200])), min_size=1, max_size=2),
    reserve=st.sampled_from([1, 100]),
)
def test_repeating_finds_what_full_searches_find(
    base: Path, rounds: list[tuple[list[tuple[str, str, Any]], int]], reserve: int
) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_lists, "RESERVE", reserve)
        write_set(base.parent, HAPLOTYPES)
        patch.setattr(case_lists, "_MOST_CHANGED", 1)
        one = Path(shutil.copytree(base, Path(place) / "one"))
        day = DAY
        for changes, days in rounds:
            for change in changes:
                do(base.parent, one, *change)
            day += datetime.timedelta(days=days)
            other = Path(shutil.copytree(one, Path(place) / f"full-{days}-{len(changes)}", dirs_exist_ok=True))
            found, wanted = repeat(one, today=day), repeat(other, today=day, full=True)
            for case, full in zip(found.cases, wanted.cases, strict=True):
                assert (case.changes, case.n_listed) == (full.changes, full.n_listed), case.number
                assert (case.error, case.n_erased) == (full.error, full.n_erased)
            assert lists_of(one) == lists_of(other)
            shutil.rmtree(other)
        assert prove_registry(one) is None


def test_another_nomenclature_is_searched_in_full(base: Path, tmp_path: Path) -> None:
    """66:01 is of the P group of 11:01 then, and matches whoever has that."""
    write_set(base.parent, HAPLOTYPES)
    group = {"11:01": "11:01P", "66:01": "11:01P"}
    tables = tiny_nomenclature(
        {locus: {name: (group.get(name, ""), "") for name in names} for locus, names in ALLELES.items()}
    ).tables
    later = Nomenclature(replace(tables, title="later", checksum="later"))
    one, other = (Path(shutil.copytree(base, tmp_path / name)) for name in ("one", "other"))
    for registry in (one, other):
        rebase(registry, later)
    found, wanted = repeat(one, today=DAY), repeat(other, today=DAY, full=True)
    assert all("another nomenclature" in one.why_full for one in found.cases)
    assert [one.changes for one in found.cases] == [one.changes for one in wanted.cases]
    assert lists_of(one) == lists_of(other)


def test_most_cases_are_not_searched_in_full(base: Path, tmp_path: Path) -> None:
    write_set(base.parent, HAPLOTYPES)
    registry = Path(shutil.copytree(base, tmp_path / "registry"))
    update_donor(registry, "D1", {"status": "TU"}, today=DAY)
    add_donor(registry, "N1", {name: texts[0] for name, texts in TYPINGS.items()}, today=DAY)
    found = repeat(registry, today=DAY)
    assert {one.why_full for one in found.cases} == {""}
    assert sum(len(one.changes) for one in found.cases) > 0
    assert all(one.changes == () for one in repeat(registry, today=DAY).cases)
