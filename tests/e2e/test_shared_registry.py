"""The shared registry under the real release: every row accounted for, and no true match missed."""

import collections
import datetime
import itertools

import polars as pl
import pytest

from hla_match.choice.policies import POLICIES
from hla_match.kernels.codes import NEW, NULL
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.nomenclature.release import Nomenclature
from hla_match.searches.matcher import Matcher
from hla_match.typings.encoding import LocusEncoder, alternatives_with_nulls
from registry_io.formats.imgt_release import read_release
from registry_io.formats.mac_file import read_codes
from registry_io.persons.patient_file import read_patients
from registry_io.store.donor_import import import_donors
from registry_io.store.frequency_store import open_frequencies
from registry_io.store.imputation_store import open_imputation
from registry_io.store.registry_store import open_registry, verify_registry
from tests.oracle import matching as oracle
from tests.oracle import reasons

SCOPE = ("A", "B", "C", "DRB1", "DQB1")


@pytest.fixture(scope="module")
def folder(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "zj"
    data = shared_data / "data" / "registry_103k"
    report = import_donors(
        folder,
        data / "donors.csv.gz",
        Nomenclature(read_release(shared_data / "imgt" / "3.58.0")),
        today=datetime.date(2026, 11, 1),
        codes=read_codes(data / "mac.txt"),
    )
    assert report.n_imported + report.n_quarantined == report.n_rows == 103_000
    assert report.n_quarantined == 0
    assert all(sound for _, sound in verify_registry(folder))
    return folder


@pytest.fixture(scope="module")
def registry(folder):
    return open_registry(folder)


def true_genotypes(frame: pl.DataFrame, nomenclature: Nomenclature) -> list[tuple[tuple[int, ...], ...]]:
    group = {
        (locus, name): nomenclature.expand(locus, name).p_codes[0]
        for locus in SCOPE
        for side in (1, 2)
        for name in frame[f"{locus}_{side}"].unique()
    }
    return [
        tuple(tuple(sorted((group[locus, row[f"{locus}_1"]], group[locus, row[f"{locus}_2"]]))) for locus in SCOPE)
        for row in frame.iter_rows(named=True)
    ]


def test_every_true_match_is_a_potential_match(registry, shared_data):
    data = shared_data / "data" / "registry_103k"
    truth = pl.read_csv(data / "donors.truth.csv.gz", infer_schema=False)
    patient_truth = pl.read_csv(data / "patients.truth.csv", infer_schema=False)
    available = set(registry.attributes.filter(pl.col("status") == "AV")["donor_id"])
    matching: dict[tuple[tuple[int, ...], ...], set[str]] = {}
    for donor_id, genotype in zip(truth["donor_id"], true_genotypes(truth, registry.nomenclature), strict=True):
        if donor_id in available:
            matching.setdefault(genotype, set()).add(donor_id)
    wanted = dict(zip(patient_truth["patient_id"], true_genotypes(patient_truth, registry.nomenclature), strict=True))
    matcher = Matcher(registry)
    compared = 0
    for _, patient in read_patients(data / "patients.csv").patients:
        truly = matching.get(wanted[patient.patient_id], set())
        found = set(matcher.search(patient, SearchCriteria(max_mismatches=0)).to_polars()["donor_id"])
        assert truly <= found
        compared += len(truly)
    assert compared > 100


def as_names(alternatives):
    """A typing in the oracle's terms: None where not typed."""
    names = {NULL: oracle.NULL, NEW: oracle.NEW}
    named = [tuple(frozenset(names.get(code, f"p{code}") for code in side) for side in pair) for pair in alternatives]
    return named or None


def donor_alternatives(registry, locus, donor):
    column = registry.columns[locus]
    typing = int(column.expanded_typing[registry.donor_typing[registry.loci.index(locus), donor]])
    return tuple(tuple(side.codes for side in pair) for pair in alternatives_with_nulls(column.table, typing))


@pytest.mark.exhaustive
def test_search_equals_the_oracle_on_shared_patients_and_donors(registry, shared_data):
    """Twenty patients, of whom half are made ambiguous, and 2,000 donors of all decades."""
    donors = {}
    ids = registry.attributes["donor_id"]
    status = registry.attributes["status"]
    for donor in range(0, registry.n_donors, 43):
        if status[donor] == "AV" and len(donors) < 2000:
            person = {locus: as_names(donor_alternatives(registry, locus, donor)) for locus in SCOPE}
            donors[ids[donor]] = person
    assert len(donors) == 2000
    full_counts = oracle.locus_counts
    remembered = {}

    def condensed_counts(patient, donor, null_rule):
        pair = oracle.condensed(patient, donor)
        key = repr([named and [tuple(map(sorted, pair)) for pair in named] for named in pair])
        if key not in remembered:
            remembered[key] = full_counts(*pair, null_rule)
        return remembered[key]

    matcher = Matcher(registry)
    criteria = SearchCriteria(max_mismatches=4, only_donors=frozenset(donors))
    encoders = {locus: LocusEncoder(registry.nomenclature, locus, registry.codes) for locus in SCOPE}
    patient_file = read_patients(shared_data / "data" / "registry_103k" / "patients.csv")
    patients = [patient for _, patient in patient_file.patients]
    found_rows = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "locus_counts", condensed_counts)
        for number, patient in enumerate(patients[:20]):
            typings = dict(patient.typings)
            if number % 2:  # as an older typing: a list of alleles at A, nothing at DQB1
                typings["A"] = tuple(f"{name}/02:01/02:06/11:01" for name in typings["A"] if name)
                typings.pop("DQB1", None)
            found = matcher.search(patient.model_copy(update={"typings": typings}), criteria).to_polars()
            named = {
                locus: as_names(
                    [(one.codes, other.codes) for one, other in encoders[locus].with_nulls(*typings[locus])]
                )
                if locus in typings
                else None
                for locus in SCOPE
            }
            wanted = set(oracle.search(named, donors, SCOPE, 4, {}))
            assert set(found.select("donor_id", "matches_best", "matches_worst").rows()) == wanted
            found_rows += len(wanted)
    assert found_rows > 1000


def donor_as_patient(registry, donor):
    """A donor's typings, sex, blood group and CMV status as a patient's."""
    typings = {}
    for row, locus in enumerate(registry.loci):
        first, second = registry.columns[locus].text.row(int(registry.donor_typing[row, donor]))
        if first:
            typings[locus] = (first, second)
    attributes = registry.attributes.row(donor, named=True)
    return Patient(typings=typings, cmv=attributes["cmv"], abo=attributes["abo"])


@pytest.mark.exhaustive
def test_no_reason_contradicts_what_the_list_shows(folder, registry, shared_data):
    """All neighbours in the lists of the shared patients, and of 200 donors of all decades taken as patients."""
    path = shared_data / "data" / "frequencies" / "synthetic_han_5locus.csv"
    imputed = open_imputation(folder, registry, open_frequencies(path, registry))
    matcher = Matcher(registry, imputed)
    patient_file = read_patients(shared_data / "data" / "registry_103k" / "patients.csv")
    patients = [patient for _, patient in patient_file.patients]
    patients += [donor_as_patient(registry, donor) for donor in range(0, registry.n_donors, registry.n_donors // 200)]
    criteria = SearchCriteria(max_mismatches=2, limit=100)
    keys = collections.Counter()
    for patient in patients:
        found = matcher.search(patient, criteria, policy="probability-first")
        rows = found.to_polars().rows(named=True)
        for position, (before, after) in enumerate(itertools.pairwise(rows)):
            reason = found.why(position)
            assert reasons.is_true(reason, before, after, 10, cmv=patient.cmv, abo=patient.abo), reason
            keys[reason.partition(":")[0]] += 1
    assert keys.keys() >= {"p0", "p0+p1", "mismatches", "age", "cmv", "donor_id"}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in POLICIES if not name.startswith("cord")])
def test_the_first_donors_of_each_policy_are_explained_by_true_reasons(name, folder, registry, shared_data):
    """The first 20 of each of the shared patients, pair by pair; no donor of less than 5% before one above 50%."""
    policy = POLICIES[name]
    path = shared_data / "data" / "frequencies" / "synthetic_han_5locus.csv"
    imputed = open_imputation(folder, registry, open_frequencies(path, registry)) if name != "plain" else None
    matcher = Matcher(registry, imputed)
    keys = collections.Counter()
    for _, patient in read_patients(shared_data / "data" / "registry_103k" / "patients.csv").patients:
        found = matcher.search(patient, SearchCriteria(scope="10/10", limit=20), policy=policy)
        most = found.criteria.max_mismatches
        rows = found.to_polars().rows(named=True)
        for position, (before, after) in enumerate(itertools.pairwise(rows)):
            reason = found.why(position)
            asked = {"cmv": patient.cmv, "abo": patient.abo, "most": most}
            assert reasons.is_true(reason, before, after, 10, **asked), reason
            keys[reason.partition(":")[0]] += 1
        if name == "wmda":
            near = [row["p0"] + row["p1"] for row in matcher.search(patient).to_polars().rows(named=True)]
            low, high = (
                [at for at, p in enumerate(near) if p < 0.05],
                [at for at, p in enumerate(near) if p > 0.5],
            )
            assert not low or not high or low[0] > high[-1]
    assert len(keys) >= 4
