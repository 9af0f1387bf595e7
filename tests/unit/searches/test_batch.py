"""Many patients give what each gives alone, whatever searches for them and however the donors are divided."""

from __future__ import annotations

import dataclasses
import datetime
import multiprocessing
import pickle
import shutil
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry_io
from hla_match import errors
from hla_match.errors import CriteriaError, HlaMatchError, RegistryError, TypingError
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches import batch
from hla_match.searches.batch import search_blocks, search_patients
from hla_match.synthetic.volunteers import POOL_SEED, haplotype_pool, patients, volunteers
from registry_io.store.donor_import import import_donors
from tests.examples import examples

TODAY = datetime.date(2026, 1, 1)
LOCI = ("A", "C", "B", "DRB1", "DQB1")
POLICIES = ("wmda", "plain")


class InTurn(Executor):
    """Calls at once; counts what is waiting."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def submit(self, fn, /, *args, **kwargs):
        # What is handed over must be able to travel.
        fn, args = pickle.loads(pickle.dumps((fn, args)))
        self.sizes.append(len(args[1].patients))
        future: Future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(fn(*args, **kwargs))))
        except HlaMatchError as error:
            future.set_exception(error)
        return future


def persons() -> list[Patient]:
    """Patients as hospitals type them, one by first field, one whom nobody can read, and one typed beyond the scope."""
    found = []
    for row in patients(9, seed=3, as_of=TODAY)[0].iter_rows(named=True):
        texts = {locus: (row[f"{locus}_1"], row[f"{locus}_2"] or "") for locus in (*LOCI, "DPB1") if row[f"{locus}_1"]}
        found.append(Patient(patient_id=row["patient_id"], typings=texts, cmv=row["cmv"]))
    short = {
        locus: tuple(text and f"{text.partition(':')[0]}:XX" for text in found[0].typings[locus]) for locus in "AB"
    }
    return [
        *found[:4],
        Patient(patient_id="unreadable", typings={"A": ("99:99", "")}),
        Patient(patient_id="short", typings=short),
        *found[4:],
    ]


PATIENTS = persons()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> registry_io.RegistrySource:
    folder = tmp_path_factory.mktemp("batch")
    volunteers(1500, seed=5, as_of=TODAY)[0].write_csv(folder / "donors.csv")
    import_donors(folder / "registry", folder / "donors.csv", Nomenclature.builtin(), today=TODAY)
    haplotypes, shares = haplotype_pool(POOL_SEED)
    names = ["~".join(f"{locus}*{name}" for locus, name in zip(LOCI, one, strict=True)) for one in haplotypes]
    pl.DataFrame({"haplotype": names, "frequency": shares}).write_csv(folder / "pool.csv")
    return registry_io.registry_source(folder / "registry", folder / "pool.csv", home=folder / "home")


@pytest.fixture(scope="module")
def matcher(source):
    return source()


@pytest.fixture(scope="module")
def alone(matcher):
    """By policy and limit the table and number of each patient's own search."""
    found = {}
    for policy in POLICIES:
        for limit in (1, 7, None):
            lists = []
            for patient in PATIENTS:
                try:
                    lists.append(matcher.search(patient, criteria_of(limit), policy=policy))
                except TypingError:
                    lists.append(None)
            found[policy, limit] = [one and (one.to_polars(), one.n_found) for one in lists]
    return found


@pytest.mark.parametrize("wrong", [{"policy": "nonsense"}, {"in_flight": 0}, {"shards": 0}, {"workers": 0}])
def test_what_is_wrong_for_all_is_no_outcome_of_a_patient(matcher, wrong):
    with pytest.raises(CriteriaError):
        list(search_patients(matcher, PATIENTS, **wrong))


def test_a_scope_that_the_registry_lacks_stops_the_batch(matcher):
    with pytest.raises(CriteriaError):
        list(search_patients(matcher, PATIENTS, SearchCriteria(scope="DRB3")))


def criteria_of(limit):
    return SearchCriteria(max_mismatches=2, limit=limit, as_of=TODAY)


def check(outcomes, expected):
    outcomes = list(outcomes)
    assert [outcome.patient for outcome in outcomes] == PATIENTS
    for outcome, wanted in zip(outcomes, expected, strict=True):
        if wanted is None:
            assert isinstance(outcome.error, TypingError)
            assert (outcome.frame.shape, outcome.n_found) == ((0, 0), 0)
        else:
            assert outcome.n_found == wanted[1]
            assert outcome.frame.equals(wanted[0])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("limit", [1, 7, None])
@pytest.mark.parametrize("shards", [None, 1, 2, 5])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_threads_and_shards_change_nothing(matcher, alone, policy, limit, shards, workers):
    found = search_patients(matcher, PATIENTS, criteria_of(limit), policy=policy, workers=workers, shards=shards)
    check(found, alone[policy, limit])


@given(
    st.sampled_from(POLICIES),
    st.sampled_from([1, 7, None]),
    st.integers(1, 40),
    st.integers(1, 5),
    st.integers(1, 6),
    st.sampled_from([1, 20_000, 10**9]),
)
@examples(10)
def test_blocks_and_memory_change_nothing(source, alone, policy, limit, shards, block, in_flight, memory):
    found = search_blocks(
        source,
        PATIENTS,
        criteria_of(limit),
        policy=policy,
        workers=InTurn(),
        shards=shards,
        block=block,
        in_flight=in_flight,
        memory=memory,
    )
    check((outcome for one in found for outcome in one.outcomes()), alone[policy, limit])


def test_any_executor_searches(source, alone):
    expected = alone["wmda", 7]
    with ThreadPoolExecutor(2) as threads:
        check(search_patients(source, PATIENTS, criteria_of(7), workers=threads), expected)
        threads.submit(int).result()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        check(search_patients(source, PATIENTS, criteria_of(7), workers=processes), expected)
        check(search_patients(source, PATIENTS, criteria_of(7), workers=processes, shards=3), expected)


def test_a_few_patients_occupy_all_workers_and_many_travel_in_blocks(source):
    few, many = InTurn(), InTurn()
    assert len(list(search_patients(source, PATIENTS[:2], criteria_of(7), workers=few))) == 2
    assert few.sizes == [2] * 4
    assert len(list(search_patients(source, PATIENTS * 10, criteria_of(7), workers=many))) == 110
    assert many.sizes == [25, 25, 25, 25, 10]


def test_little_memory_lets_fewer_patients_wait(source):
    tight = InTurn()
    rows = next(search_patients(source, PATIENTS, criteria_of(None), workers=InTurn())).frame.estimated_size()
    list(search_patients(source, PATIENTS * 4, criteria_of(None), workers=tight, memory=rows))
    assert set(tight.sizes) == {1}


def test_a_range_of_rows_is_searched_alone(matcher):
    whole = matcher.search(PATIENTS[0], criteria_of(None))
    found = []
    for start, stop in ((0, 0), (0, 3), (3, 17), (17, 24), (24, 1500)):
        part = matcher.search(PATIENTS[0], criteria_of(None), donors=range(start, stop))
        assert np.all((part.donor >= start) & (part.donor < stop))
        found += part.donor.tolist()
    assert sorted(found) == sorted(whole.donor.tolist())
    for rows in (range(0, 1501), range(-1, 3), range(0, 10, 2), range(5, 3)):
        with pytest.raises(CriteriaError, match="a range of rows from 0 to 1500"):
            matcher.search(PATIENTS[0], donors=rows)


def test_what_cannot_be_is_refused(matcher, source):
    for numbers in ({"workers": 0}, {"workers": "2"}, {"shards": -1}, {"memory": 0}):
        with pytest.raises(CriteriaError, match="at least 1"):
            list(search_patients(matcher, PATIENTS, **numbers))
    with pytest.raises(CriteriaError, match="registry_source"):
        list(search_patients(matcher, PATIENTS, workers=InTurn()))


def test_nobody_has_no_outcome(matcher):
    assert list(search_patients(matcher, [], workers=2)) == []


def test_a_batch_ends_with_the_registry_that_it_began_with(tmp_path: Path):
    (tmp_path / "donors.csv").write_text("donor_id,A_1,A_2\nD1,02:01,11:01\n", encoding="utf-8")
    nomenclature = Nomenclature.builtin()
    import_donors(tmp_path / "registry", tmp_path / "donors.csv", nomenclature, today=TODAY)
    source = registry_io.registry_source(tmp_path / "registry")
    donors = pl.DataFrame({"donor_id": ["D2"], "A_1": ["11:01"], "A_2": ["24:02"]})
    import_donors(tmp_path / "registry", donors, nomenclature, today=TODAY, update=True)
    (outcome,) = search_patients(source, PATIENTS[:1], workers=InTurn())
    assert outcome.frame["donor_id"].to_list() == ["D1"]
    shutil.copytree(source.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / source.snapshot)
    source = dataclasses.replace(source, folder=tmp_path / "copy")
    with pytest.raises(RegistryError, match=r"was removed since; start the batch again"):
        list(search_patients(source, PATIENTS, workers=InTurn()))


def test_a_log_of_a_task_names_no_person():
    task = batch._Task(tuple(PATIENTS), SearchCriteria(only_donors=frozenset({"SYN0000001"})), None, 0, 1)
    assert "SYN" not in repr(task)
    assert PATIENTS[0].patient_id not in repr(task)
    assert "XX" not in repr(task)


def test_errors_travel_with_what_they_carry():
    made = [
        TypingError("02:0l", 4, expected="a digit", hint="mind the letter l"),
        CriteriaError("scope", found="9/9", expected="8/8"),
        errors.FileError("a.csv", row=3, column="A_1", found="x", expected="y"),
        RegistryError("folder", found="x", expected="y", hint="z"),
        HlaMatchError("by itself"),
    ]
    for error in made:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
