"""Facts of patient and donors beside the match against the oracle of `tests.oracle.donor_facts`."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hla_match.donors.registry import build_registry
from hla_match.immunogenetics.donor_facts import DonorFacts
from hla_match.immunogenetics.kir_ligand_mismatch import MISSING_WORDS, missing_ligands
from hla_match.immunogenetics.leader_match import leader_place
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.registry_comparisons import RegistryComparisons
from hla_match.nomenclature.release import Nomenclature
from tests import strategies
from tests.examples import examples
from tests.oracle import donor_facts as oracle
from tests.oracle.matching import NEW, NULL, SHARED_NULL, gvh, hvg, match_count

NOMENCLATURE = Nomenclature.builtin()
ALLELES = {
    "A": "02:01 24:02 23:01 32:01 11:01 03:01 33:03",
    "B": "07:02 08:01 15:01 40:01 46:01 27:05 51:01",
    "C": "01:02 03:03 03:04 04:01 05:01 06:02 05:32",
    "DQA1": "01:01 01:02 02:01 03:01 04:01 05:01 06:01",
    "DQB1": "02:01 03:01 04:01 05:01 06:01 06:02 03:02",
    "DPB1": "01:01 02:01 03:01 04:01 05:01 04:02 56:01",
}
NULLS = {"A": "24:09N", "B": "51:11N", "C": "04:09N", "DPB1": "61:01N"}
VALUES = {
    "leader": {"B": "M M T T T T T"},
    "kir_ligand": {
        "A": "none Bw4-80I Bw4-80I Bw4-80I none none none",
        "B": "none none none none C1 Bw4-80T Bw4-80I",
        "C": "C1 C1 C1 C2 C2 C2 ?",
    },
    "expression": {"DPB1": "high low high low high low ?"},
    "group": {"DQA1": "G2 G2 G1 G1 G1 G1 G1", "DQB1": "G1 G1 G1 G2 G2 G2 G1"},
}
VALUE = {
    fact: {
        locus: dict(zip(strategies.NAMES, line.replace("?", "").split(" "), strict=True)) for locus, line in of.items()
    }
    for fact, of in VALUES.items()
}
NAME = {
    locus: {**dict(zip(strategies.NAMES, names.split(), strict=True)), NULL: NULLS.get(locus, ""), NEW: "NEW"}
    for locus, names in ALLELES.items()
}

ANTIGENS = {"B": "7 8 62 60 46 27 51", "C": "1 9 10 4 5 6 5"}
KINDS = {
    locus: {
        name: (NAME[locus][name].partition(":")[0], {antigen})
        for name, antigen in zip(strategies.NAMES, line.split(), strict=True)
    }
    for locus, line in ANTIGENS.items()
}
WRITTEN = {locus: {**names, SHARED_NULL: names[NULL]} for locus, names in NAME.items()}
"""The texts of the oracle's names."""


def texts(locus, typing):
    """The two column texts of a typing."""
    if typing is None:
        return "", ""
    pairs = [tuple("/".join(NAME[locus][name] for name in sorted(side)) for side in pair) for pair in typing]
    return pairs[0] if len(pairs) == 1 else ("|".join(f"{one}+{other}" for one, other in pairs), "")


def written(typing):
    """A typing as a laboratory can write it: an allele without a name stands alone."""
    new = frozenset({NEW})
    return typing and [tuple(new if new <= side else side for side in pair) for pair in typing]


def typings(locus):
    return strategies.typings(null=locus in NULLS).map(written)


def persons(*loci):
    return st.fixed_dictionaries({locus: typings(locus) for locus in loci})


RULES = st.sampled_from(("consensus", "strict"))


def facts(patient, donors, null_rule="consensus"):
    """The facts of a patient and a registry of some donors, and the row of each donor."""
    columns = {"person_id": [f"D{number}" for number in range(len(donors))]}
    for locus in donors[0]:
        pairs = [texts(locus, donor[locus]) for donor in donors]
        columns |= {f"{locus}_1": [first for first, _ in pairs], f"{locus}_2": [second for _, second in pairs]}
    registry, unreadable = build_registry(
        pl.DataFrame(columns),
        NOMENCLATURE,
        name="few",
        provenance={"imported_on": "2026-01-01"},
        ambiguous_nulls="keep",
    )
    assert not unreadable
    typed = {locus: texts(locus, typing) for locus, typing in patient.items() if typing is not None}
    person = Patient(typings={**typed, "DRB1": ("01:01", "01:01")})
    comparisons = RegistryComparisons(registry)
    criteria = SearchCriteria(null_rule=null_rule)
    loci = {locus: comparisons.compare(locus, person, criteria) for locus in patient}
    names = registry.attributes["donor_id"].to_list()
    rows = np.array([names.index(one) for one in columns["person_id"]], np.uint32)
    return DonorFacts(person, loci, "keep"), rows


def test_the_alleles_have_the_facts_that_the_oracle_is_told():
    for fact in ("leader", "kir_ligand", "expression"):
        for locus, line in VALUES[fact].items():
            values = NOMENCLATURE.index(locus).fact(fact)
            for allele, value in zip(ALLELES[locus].split(), line.replace("?", "").split(" "), strict=True):
                assert values.of(NOMENCLATURE.expand(locus, allele).alleles) == {value}, allele
    for locus, kinds in KINDS.items():
        for name, (_, antigens) in kinds.items():
            assert set(NOMENCLATURE.expand(locus, NAME[locus][name]).antigens) == antigens
    for locus, names in ALLELES.items():
        codes = [NOMENCLATURE.expand(locus, name).p_codes for name in names.split()]
        assert len(set(codes)) == len(codes)


@given(persons("B"), st.lists(persons("B"), min_size=1, max_size=6), RULES)
@examples(500)
def test_leader_codes_are_the_oracles(patient, donors, null_rule):
    found, rows = facts(patient, donors, null_rule)
    expected = [oracle.leader_code(patient["B"], donor["B"], VALUE["leader"]["B"], null_rule) for donor in donors]
    assert found.leader(rows).to_list() == expected


@given(persons("DPB1"), st.lists(persons("DPB1"), min_size=1, max_size=6), RULES)
@examples(300)
def test_expression_is_the_oracles(patient, donors, null_rule):
    found, rows = facts(patient, donors, null_rule)
    value = VALUE["expression"]["DPB1"]
    assert found.expression(rows).to_list() == [
        oracle.expression(patient["DPB1"], donor["DPB1"], value, null_rule) for donor in donors
    ]


@given(persons("A", "B", "C"), st.lists(persons("A", "B", "C"), min_size=1, max_size=4))
@examples(300)
def test_missing_ligands_are_the_oracles(patient, donors):
    found, rows = facts(patient, donors)
    of_donors, of_patient = found.ligands(rows), found.patient_ligands
    mine = oracle.person_ligands(patient, VALUE["kir_ligand"])
    theirs = [oracle.person_ligands(donor, VALUE["kir_ligand"]) for donor in donors]
    assert words(of_donors, of_patient) == [oracle.missing(one, mine) for one in theirs]
    assert words(of_patient, of_donors) == [oracle.missing(mine, one) for one in theirs]


@given(persons("DQA1", "DQB1"), st.lists(persons("DQA1", "DQB1"), min_size=1, max_size=4))
@examples(300)
def test_dq_groups_are_the_oracles(patient, donors):
    found, rows = facts(patient, donors)
    expected = ["/".join(sorted(oracle.dq_groups(*of.values(), VALUE["group"]))) for of in map(reversed_loci, donors)]
    assert found.dq_groups(rows).to_list() == expected
    assert found.patient_dq_groups == "/".join(
        sorted(oracle.dq_groups(*reversed_loci(patient).values(), VALUE["group"]))
    )


def words(has, lacks):
    return [MISSING_WORDS[code] for code in missing_ligands(has, lacks)]


def reversed_loci(person):
    return {locus: person[locus] for locus in ("DQB1", "DQA1")}


@given(persons("DQB1", "DPB1"), st.lists(persons("DQB1", "DPB1"), min_size=1, max_size=4), RULES)
@examples(200)
def test_mismatches_of_low_expression_are_the_oracles(patient, donors, null_rule):
    found, rows = facts(patient, donors, null_rule)
    least, most = found.low_expression(rows)
    for number, donor in enumerate(donors):
        places = [(patient[locus], donor[locus]) for locus in patient]
        expected = oracle.low_expression([*places, (None, None)], null_rule)
        assert (least[number], most[number]) == expected


NAMED = st.tuples(*(st.sampled_from((*strategies.NAMES, NULL)),) * 2)


@given(NAMED, st.lists(NAMED, min_size=1, max_size=6), RULES)
@examples(400)
def test_mismatches_of_certain_typings_are_the_oracles(patient, donors, null_rule):
    def typing(genotype):
        return [tuple(frozenset({name}) for name in genotype)]

    found, rows = facts({"C": typing(patient)}, [{"C": typing(donor)} for donor in donors], null_rule)
    for donor, told in zip(donors, found.mismatches("C", rows).to_list(), strict=True):
        assert len(told) == 2 - match_count(patient, donor, null_rule)
        assert [(one.patient, one.donor, one.level) for one in told] == oracle.told(
            patient, donor, null_rule, KINDS["C"], WRITTEN["C"]
        )
        if not told:
            continue
        assert {one.directions for one in told} == {oracle.directions(patient, donor, null_rule) or "GvH or HvG"}
        assert {one.homozygous for one in told} == {is_homozygous(patient, donor, null_rule)}


def is_homozygous(patient, donor, null_rule):
    first, second = oracle.as_counted(patient, donor, null_rule)
    return first == second


@given(persons("B"), st.lists(persons("B"), min_size=1, max_size=6), RULES)
@examples(300)
def test_as_many_mismatches_are_told_as_are_certain(patient, donors, null_rule):
    found, rows = facts(patient, donors, null_rule)
    for donor, told in zip(donors, found.mismatches("B", rows).to_list(), strict=True):
        if patient["B"] is None or donor["B"] is None:
            assert told == ()
            continue
        pairs = [(mine, theirs) for mine in oracle.genotypes(patient["B"]) for theirs in oracle.genotypes(donor["B"])]
        assert len(told) == min(2 - match_count(*pair, null_rule) for pair in pairs)
        for one in told:
            assert ("GvH" in one.directions.split("+")) == all(gvh(*pair, null_rule) for pair in pairs)
            assert ("HvG" in one.directions.split("+")) == all(hvg(*pair, null_rule) for pair in pairs)


@pytest.mark.parametrize(
    ("patient", "donor", "words"),
    [
        (("03:03", "04:01"), ("03:04", "04:01"), "C*03:03/03:04 GvH+HvG allele"),
        (("03:03:01:01", "04:01:01G"), ("03:04:01:02", "04:01"), "C*03:03/03:04 GvH+HvG allele"),
        (("03:03", "03:03"), ("03:03", "06:02"), "C*03:03/06:02 HvG antigen (patient homozygous)"),
        (("03:03", "06:02"), ("06:02", "06:02"), "C*03:03/06:02 GvH antigen"),
        (("03:03", "06:02"), ("NEW", "06:02"), "C*03:03/NEW GvH+HvG unknown"),
        (("03:03", "06:02"), ("03:02/04:01/07:02", "06:02"), "C*03:03/03:02 or 2 others GvH+HvG unknown"),
        (("03:03", "06:02"), ("4", "06:02"), "C*03:03/Cw4 GvH+HvG antigen"),
        (("Cw9", "06:02"), ("04:01", "06:02"), "Cw9/C*04:01 GvH+HvG antigen"),
        (("Cw9", "06:02"), ("4", "06:02"), "Cw9/Cw4 GvH+HvG antigen"),
        (("03:03", "06:02"), ("04:XX", "06:02"), "C*03:03/04:XX GvH+HvG antigen"),
        (("03:03", "06:02"), ("04:01", "05:01"), "C*03:03/04:01 GvH+HvG antigen; C*06:02/05:01 GvH+HvG antigen"),
    ],
)
def test_mismatches_in_words(patient, donor, words):
    frame = pl.DataFrame({"person_id": ["D1"], "C_1": [donor[0]], "C_2": [donor[1]]})
    registry, _ = build_registry(frame, NOMENCLATURE, name="one", provenance={"imported_on": "2026-01-01"})
    person = Patient(typings={"C": patient})
    result = RegistryComparisons(registry).compare("C", person, SearchCriteria())
    (found,) = DonorFacts(person, {"C": result}, "drop").mismatches("C", np.array([0], np.uint32)).to_list()
    assert "; ".join(map(str, found)) == words
    assert [one.is_permissive for one in found] == ["03:03/03:04" in words] * len(found)


@pytest.mark.parametrize(
    ("code", "place"), [("MMT", 1), ("TTM", 2), ("TTT", 1), ("TMT", 2), ("MMM", None), ("MTM", None), ("TMM", None)]
)
def test_the_published_order_of_leaders(code, place):
    """Petersdorf et al. 2020: of patients MT, MMT before TTM; of patients TT, TTT before TMT; of MM none."""
    assert leader_place(code) == place
