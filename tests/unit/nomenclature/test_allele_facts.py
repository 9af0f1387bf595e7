"""Facts of alleles: from sequences, from families and their exceptions, and against values computed elsewhere."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from hla_match.nomenclature.allele_facts import LOCI_OF_FACT, AlleleFact, allele_values
from hla_match.nomenclature.builtin.dpb1_expression import EXPRESSION
from hla_match.nomenclature.kir_ligand_exceptions import DOCUMENTED_LIGANDS, RARE_LIGANDS
from hla_match.nomenclature.leader import LEADER_EXCEPTIONS
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import LocusTables, NomenclatureTables
from registry_io.formats.imgt_release import read_release

BUILTIN = Nomenclature.builtin()

# What the values of the shared folder take from a fixed place, where an insertion or deletion lies before residue 80.
# The motif itself is whole in each of them.
SHIFTED = {
    ("A", "24:536"): ("none", "Bw4-80I"),
    ("C", "03:46"): ("unknown", "C1"),
    ("C", "03:448"): ("unknown", "C1"),
    ("C", "04:526"): ("unknown", "C2"),
    ("C", "05:202"): ("unknown", "C2"),
    ("C", "07:663"): ("unknown", "C1"),
    ("C", "07:974"): ("unknown", "C1"),
    ("C", "17:64"): ("unknown", "C2"),
}


def tables(locus: str, alleles: tuple[str, ...], **columns: tuple[str, ...]) -> LocusTables:
    return LocusTables(locus, alleles, *[("",) * len(alleles)] * 5, **columns)


def two_fields(name: str) -> str:
    return ":".join(name.split(":")[:2]).rstrip("NLSCAQ")


@pytest.fixture(scope="module")
def release(shared_data: Path) -> NomenclatureTables:
    found = read_release(shared_data / "imgt" / "3.58.0")
    if not found.loci["B"].leader:
        pytest.skip("the release has no fasta folder")
    return found


def sequenced(release: NomenclatureTables, locus: str, fact: AlleleFact) -> dict[str, set[str]]:
    """What the sequences of expressed alleles say, by two fields; "" among it where one does not say."""
    found = defaultdict(set)
    for name, value in zip(release.loci[locus].allele, getattr(release.loci[locus], fact), strict=True):
        if not name.endswith("N"):
            found[two_fields(name)].add(value)
    return found


def rows(shared_data: Path, name: str) -> list[dict[str, str]]:
    with (shared_data / "data" / "immunogenetics" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_an_allele_has_the_value_of_its_sequence_before_that_of_its_family() -> None:
    values = allele_values(
        tables("B", ("07:02:01", "07:02:02", "07:05", "07:65", "15:01N"), leader=("T", *[""] * 4)), "leader"
    )
    assert values.value == ("T", "T", "M", "T", "")
    assert values.of_sequence == (True, False, False, False, False)
    assert values.is_rare == (True, True, False, True, False)


def test_rare_alleles_count_where_no_other_is_possible() -> None:
    values = BUILTIN.index("B").fact("leader")

    def of(text: str) -> list[str]:
        return sorted(values.of(BUILTIN.expand("B", text).alleles))

    assert of("07:XX") == of("07:02") == ["M"]
    assert of("07:65") == of("07:65/07:271") == ["T"]
    assert of("07:02/15:01") == ["M", "T"]


def test_documented_exceptions_count_beside_others() -> None:
    values = BUILTIN.index("B").fact("kir_ligand")
    assert values.of(BUILTIN.expand("B", "27:05/27:08").alleles) == {"Bw4-80T", "none"}
    assert values.of(BUILTIN.expand("B", "27:05/27:33").alleles) == {"Bw4-80T"}


@pytest.mark.parametrize(
    ("locus", "name", "expected"),
    [
        *(("C", name, "C1") for name in ("01:02", "03:04", "07:02", "08:01", "12:03", "14:02", "16:01")),
        *(("C", name, "C2") for name in ("02:02", "04:01", "05:01", "06:02", "15:02", "17:01", "12:05", "16:02")),
        *(("B", name, "C1") for name in ("46:01", "73:01")),
        *(("B", name, "Bw4-80T") for name in ("13:02", "27:05", "37:01", "44:02", "47:01", "38:02")),
        *(("B", name, "Bw4-80I") for name in ("38:01", "49:01", "51:01", "52:01", "53:01", "57:01", "58:01", "15:17")),
        *(("B", name, "none") for name in ("07:02", "08:01", "15:01", "35:01", "40:01", "54:01")),
        *(("A", name, "Bw4-80I") for name in ("23:01", "24:02", "25:01", "32:01")),
        *(("A", name, "none") for name in ("01:01", "02:01", "03:01", "11:01", "33:03", "24:04")),
        ("C", "05:32", ""),
    ],
)  # fmt: skip
def test_ligands_of_families(locus: str, name: str, expected: str) -> None:
    values = BUILTIN.index(locus).fact("kir_ligand")
    assert values.of(BUILTIN.expand(locus, name).alleles) == {expected}


@pytest.mark.parametrize(
    ("names", "level"),
    [
        ("01:01 03:01 05:01 06:01 09:01 10:01 11:01 13:01 14:01 15:01", "high"),
        ("02:01 02:02 04:01 04:02 17:01 23:01", "low"),
        ("56:01 900:01", ""),
    ],
)
def test_expression_of_common_alleles(names: str, level: str) -> None:
    values = BUILTIN.index("DPB1").fact("expression")
    for name in names.split():
        assert values.of(BUILTIN.expand("DPB1", name).alleles) == {level}


def test_a_null_allele_has_no_value() -> None:
    assert BUILTIN.index("DPB1").fact("expression").of(BUILTIN.expand("DPB1", "61:01N").alleles) == frozenset()


def test_leaders_of_sequences_are_those_computed_elsewhere(release: NomenclatureTables, shared_data: Path) -> None:
    found = sequenced(release, "B", "leader")
    other = {two_fields(row["two_field"]): row["leader"] for row in rows(shared_data, "b_leader_358.csv")}
    assert len(other) == 26
    values = release_values(release, "B", "leader")
    for name, leaders in found.items():
        usual = "M" if name[:2] in "07 08 14 38 39 42 48 67 73 81".split() else "T"
        assert leaders - {""} <= {other.get(name, usual)}, name
        assert values[name] == {other.get(name, usual)}, name
    assert sum(leaders == {""} for leaders in found.values()) == 2_430


def release_values(release: NomenclatureTables, locus: str, fact: AlleleFact) -> dict[str, set[str]]:
    """The value of the expressed alleles by two fields, wherever it comes from."""
    found = defaultdict(set)
    values = allele_values(release.loci[locus], fact)
    for name, value, is_null in zip(release.loci[locus].allele, values.value, values.is_null, strict=True):
        if not is_null:
            found[two_fields(name)].add(value)
    return found


@pytest.mark.parametrize("locus", LOCI_OF_FACT["kir_ligand"])
def test_ligands_of_sequences_are_those_computed_elsewhere(
    release: NomenclatureTables, shared_data: Path, locus: str
) -> None:
    families = {
        row["family"]: row["consensus"]
        for row in rows(shared_data, "kir_ligand_families_358.csv")
        if row["locus"] == locus
    }
    others = {
        two_fields(row["two_field"]): row["ligand"]
        for row in rows(shared_data, "kir_ligands_358.csv")
        if row["locus"] == locus
    }
    found = sequenced(release, locus, "kir_ligand")
    assert len(found) > 4_000
    shifted = set()
    for name, ligands in found.items():
        expected = others.get(name, families[name.partition(":")[0]])
        if (locus, name) in SHIFTED:
            shifted.add(name)
            assert (expected, ligands) == (SHIFTED[locus, name][0], {SHIFTED[locus, name][1]})
            continue
        # C1 is what a receptor binds, whatever the epitope of HLA-B beside it; Bw6 is no ligand.
        expected = "C1" if expected.endswith("+C1") else {"Bw6": "none", "unknown": ""}.get(expected, expected)
        assert ligands == {expected}, name
    assert shifted == {name for of, name in SHIFTED if of == locus}


def test_expression_of_sequences_is_that_computed_elsewhere(release: NomenclatureTables, shared_data: Path) -> None:
    found = sequenced(release, "DPB1", "expression")
    # Those were read from whole sequences only; each is an allele here, with or without its last exon.
    for row in rows(shared_data, "dpb1_expression_358.csv"):
        assert found[two_fields(row["two_field"])] - {""} == {row["level"]}, row["two_field"]
    assert sum(len(levels - {""}) == 1 for levels in found.values()) > 1_100
    assert not any(len(levels - {""}) > 1 for levels in found.values())


def test_the_built_in_tables_are_what_the_sequences_say(release: NomenclatureTables, shared_data: Path) -> None:
    catalogue = {
        tuple(row["ALLELE"].split("*"))
        for row in csv.DictReader((shared_data / "data" / "ciwd.3.0.0.csv").read_text("utf-8").splitlines())
        if row["TOTAL"] in ("C", "I", "WD") and row["ALLELE"][-1] not in "PN"
    }
    documented = {(locus, two_fields(name)) for locus, name in catalogue}
    leaders = {name: value for value, names in LEADER_EXCEPTIONS.items() for name in names.split()}
    assert not {("B", name) for name in leaders} & documented
    without = {
        locus: replace(columns, leader=(), kir_ligand=(), expression=()) for locus, columns in release.loci.items()
    }
    for fact, loci in LOCI_OF_FACT.items():
        for locus in loci:
            sequences, values = sequenced(release, locus, fact), allele_values(without[locus], fact)
            for name, value, is_null in zip(without[locus].allele, values.value, values.is_null, strict=True):
                known = sequences[two_fields(name)] - {""}
                is_listed = fact != "expression" or (locus, two_fields(name)) in documented
                if known and not is_null and is_listed:
                    assert {value} == known, (fact, locus, name)
    for locus in "ABC":
        for table, is_documented in ((DOCUMENTED_LIGANDS, True), (RARE_LIGANDS, False)):
            names = {name for of in table[locus].values() for name in of.split()}
            assert all(((locus, name) in documented) == is_documented for name in names)
    listed = {name for names in EXPRESSION.values() for name in names.split()}
    assert listed == {name for locus, name in documented if locus == "DPB1"}
