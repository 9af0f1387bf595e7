"""DRB345 against its oracle, from what laboratories report of the three genes to the counts of a search."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.drb345 import JointGenes
from hla_match.searches.matcher import Matcher
from tests.examples import examples
from tests.oracle import drb345 as oracle
from tests.oracle import matching
from tests.oracle.matching import NEW, NULL
from tests.tiny_tables import tiny_nomenclature

EXPRESSED = {"DRB3": ("01:01", "02:02"), "DRB4": ("01:03",), "DRB5": ("01:01", "02:02")}
ALLELES = {gene: {name: (name, "") for name in names} | {"03:01N": (NULL, "")} for gene, names in EXPRESSED.items()}
NOMENCLATURE = tiny_nomenclature(ALLELES)
NAMES = {gene: set(names) for gene, names in EXPRESSED.items()}
RULES = st.sampled_from(("consensus", "strict"))


def sides(gene):
    lists = ["/".join(EXPRESSED[gene])] if len(EXPRESSED[gene]) > 1 else []
    return st.sampled_from((*EXPRESSED[gene], *EXPRESSED[gene], *lists, "03:01N", "NNNN", "NEW"))


def typings(gene):
    """Mostly not typed or one allele, as most persons carry two of the genes."""
    one = sides(gene).map(lambda side: (side, ""))
    absent = st.just(("NNNN", ""))
    whole = st.lists(st.tuples(sides(gene), sides(gene)).map("+".join), min_size=2, max_size=2, unique=True)
    either = whole.map(lambda pairs: ("|".join(pairs), ""))
    two = st.tuples(sides(gene), sides(gene))
    return st.one_of(st.just(("", "")), one, absent, one, two, either)


persons = st.fixed_dictionaries({gene: typings(gene) for gene in oracle.GENES})


def carried(first, second):
    """A gene's typing in the oracle's terms: where one side alone is reported, the other may lack the gene."""
    if not first:
        return None
    if not second and "+" not in first:
        return [(side(first), side(first)), (side(first), frozenset({NULL}))]
    pairs = [genotype.split("+") for genotype in first.split("|")] if "+" in first else [[first, second]]
    return [(side(one), side(other)) for one, other in pairs]


def side(text):
    names = {"NNNN": NULL, "03:01N": NULL, "NEW": NEW}
    return frozenset(names.get(name, name) for name in text.split("/"))


def joint(person):
    return oracle.joint_typing({gene: carried(*typing) for gene, typing in person.items()}, NAMES)


def registry_of(donors):
    columns = {"person_id": [f"D{number}" for number in range(len(donors))]}
    for gene in oracle.GENES:
        columns[f"{gene}_1"] = [donor[gene][0] or None for donor in donors]
        columns[f"{gene}_2"] = [donor[gene][1] or None for donor in donors]
    text = {name: pl.String for name in columns}
    registry, unreadable = build_registry(
        pl.DataFrame(columns, schema=text), NOMENCLATURE, name="random", provenance={"imported_on": "2026-01-01"}
    )
    assert not unreadable
    return registry


def patient_of(person):
    return Patient(typings={gene: typing for gene, typing in person.items() if typing[0]} or {"A": ("01:01", "")})


@given(persons)
@examples(400)
def test_genotypes_are_the_oracles(person):
    registry = registry_of([person])
    genes = JointGenes(NOMENCLATURE)
    read = {gene: registry.encoder(gene).with_nulls(*typing) for gene, typing in person.items() if typing[0]}
    code = [NULL, NEW]
    for gene in oracle.GENES:
        code += [oracle.joint_name(gene, name) for name in NOMENCLATURE.p_groups(gene)]
    found = {
        tuple(sorted((code[one], code[other])))
        for first, second in (genes.with_nulls(read) if read else ())
        for one in first.codes
        for other in second.codes
    }
    assert found == {tuple(sorted(pair)) for pair in matching.genotypes(joint(person) or [])}


@given(persons, st.lists(persons, min_size=1, max_size=5), RULES, st.sampled_from(("both", "gvh", "hvg")))
@examples(300)
def test_searches_count_as_the_oracle(patient, donors, null_rule, direction):
    criteria = SearchCriteria(scope="DRB345", max_mismatches=2, null_rule=null_rule, direction=direction)
    found = Matcher(registry_of(donors)).search(patient_of(patient), criteria).to_polars()
    names = ("matches_best", "matches_worst", "gvh", "gvh_worst", "hvg", "hvg_worst")
    rows = {donor: tuple(numbers) for donor, *numbers in found.select("donor_id", *names).iter_rows()}
    # An absence is no allele, so that the consensus holds whatever is asked for.
    wanted = [matching.locus_counts(joint(patient), joint(donor)) for donor in donors]
    assert rows == {f"D{number}": tuple(counts.values()) for number, counts in enumerate(wanted)}


@given(persons, st.lists(persons, min_size=1, max_size=4), st.integers(0, 2), st.integers(0, 2))
@examples(100)
def test_limits_hold_as_in_the_oracle(patient, donors, most, limit):
    criteria = SearchCriteria(scope="DRB345", max_mismatches=most, locus_limits={"DRB345": limit})
    found = Matcher(registry_of(donors)).search(patient_of(patient), criteria)
    wanted = matching.search(
        {"DRB345": joint(patient)},
        {f"D{number}": {"DRB345": joint(donor)} for number, donor in enumerate(donors)},
        ["DRB345"],
        most,
        {"DRB345": limit},
    )
    assert set(found.to_polars().select("donor_id", "matches_best", "matches_worst").rows()) == set(wanted)
    assert list(found.criteria_counts.values())[-1] == len(wanted)


CASES = {
    "two genes, equal": ({"DRB3": "01:01", "DRB4": "01:03"}, {"DRB3": "01:01", "DRB4": "01:03"}, ("AA", 2, 2, 0, 0)),
    "another allele of one": ({"DRB3": "01:01", "DRB4": "01:03"}, {"DRB3": "02:02", "DRB4": "01:03"}, None),
    "no gene on either": ({gene: "NNNN" for gene in oracle.GENES}, {gene: "NNNN" for gene in oracle.GENES},
                          ("AA", 2, 2, 0, 0)),
    "one gene beside none": ({"DRB3": "01:01+NNNN", "DRB4": "NNNN", "DRB5": "NNNN"},
                             {"DRB3": "01:01", "DRB5": "01:01"}, ("AM", 1, 1, 0, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("patient", "donor", "expected"), CASES.values(), ids=CASES)
def test_counts_and_grades(patient, donor, expected):
    donor_row = {gene: (donor.get(gene, ""), "") for gene in oracle.GENES}
    found = Matcher(registry_of([donor_row])).search(
        patient_of({gene: (text, "") for gene, text in patient.items()}),
        SearchCriteria(scope="DRB345", max_mismatches=2),
    )
    (row,) = found.to_polars().to_dicts()
    numbers = tuple(row[name] for name in ("DRB345_grade", "matches_best", "matches_worst", "gvh", "hvg"))
    assert numbers == (expected or ("MA", 1, 1, 1, 1))
