"""Every fact of the built-in nomenclature equals what IPD-IMGT/HLA 3.58.0 says of the same names."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from hla_match.loci import LOCI
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.builtin.ard_groups import ARD_GROUPS
from hla_match.nomenclature.builtin.null_alleles import NULL, QUESTIONABLE
from hla_match.nomenclature.builtin.serology import ASSUMED, EXCEPTIONS, EXPERT
from hla_match.nomenclature.builtin.tce import TCE_GROUPS
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import NomenclatureTables

COLUMNS = ("p_group", "antigen", "possible_antigen", "expert_antigen", "tce_group")


@pytest.fixture(scope="module")
def release(release_358: Nomenclature) -> NomenclatureTables:
    return release_358.tables


@pytest.fixture(scope="module")
def facts(release: NomenclatureTables) -> dict[tuple[str, str, str], set[str]]:
    """By locus, two fields and column, the values that the release gives the expressed alleles, lists taken apart."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for locus, tables in release.loci.items():
        for column in COLUMNS:
            for name, value in zip(tables.allele, getattr(tables, column), strict=True):
                if not name.endswith("N"):
                    found[locus, _two(name), column].update(v for v in value.split("/") if v not in ("", "0", "?"))
    return found


@pytest.fixture(scope="module")
def catalogue(shared_data: Path) -> set[tuple[str, str]]:
    """Locus and two fields of what CIWD 3.0 calls common, intermediate or well documented."""
    rows = (line.split(",") for line in (shared_data / "data" / "ciwd.3.0.0.csv").read_text("utf-8").splitlines()[1:])
    pairs = [row[0].split("*") for row in rows if row[1] in ("C", "I", "WD")]
    return {(locus, name.rstrip("NLSCAQ")) for locus, name in pairs if name.count(":") == 1 and name[-1] != "P"}


def _two(name: str) -> str:
    return ":".join(name.rstrip("NLSCAQ").split(":")[:2])


@pytest.mark.parametrize("locus", LOCI)
def test_universe(locus: str, release: NomenclatureTables) -> None:
    assert {_two(n) for n in builtin_tables().loci[locus].allele} == {_two(n) for n in release.loci[locus].allele}


@pytest.mark.parametrize(("table", "suffix"), [(NULL, "N"), (QUESTIONABLE, "Q")])
def test_suffixes(table: dict[str, str], suffix: str, release: NomenclatureTables) -> None:
    for locus, names in table.items():
        for name in names.split():
            ends = {full[-1] for full in release.loci[locus].allele if _two(full) == name[:-1]}
            assert ends == {suffix}, f"{locus}*{name}"


def test_catalogued_nulls_are_listed(release: NomenclatureTables, catalogue: set[tuple[str, str]]) -> None:
    expressed = {(locus, _two(n)) for locus, t in release.loci.items() for n in t.allele if not n.endswith("N")}
    silent = {(locus, _two(n)) for locus, t in release.loci.items() for n in t.allele} - expressed
    listed = {(locus, name[:-1]) for locus, names in NULL.items() for name in names.split()}
    assert silent & catalogue <= listed


def test_antigen_recognition_domains(
    facts: dict[tuple[str, str, str], set[str]], catalogue: set[tuple[str, str]]
) -> None:
    for locus, groups in ARD_GROUPS.items():
        for group, others in groups.items():
            for name in (group, *others.split()):
                assert facts[locus, _two(name), "p_group"] == {f"{group}P"}, f"{locus}*{name}"
    members: dict[tuple[str, str], set[str]] = defaultdict(set)
    for locus, name in catalogue:
        for group in facts[locus, name, "p_group"]:
            members[locus, group].add(name)
    for (locus, group), names in members.items():
        if len(names) > 1:
            listed = ARD_GROUPS[locus][group[:-1]].split()
            assert {_two(n) for n in (group[:-1], *listed)} >= names, f"{locus}*{group}"


@pytest.mark.parametrize("table", [EXCEPTIONS, EXPERT])
def test_serology_of_listed_names(
    table: dict[str, dict[str, str]], facts: dict[tuple[str, str, str], set[str]]
) -> None:
    column = "antigen" if table is EXCEPTIONS else "expert_antigen"
    for locus, by_antigen in table.items():
        for antigen, names in by_antigen.items():
            for name in names.split():
                assert _observed(facts, locus, name, column) == set(antigen.split("/")), f"{locus}*{name}"


def test_assumed_antigens_are_not_unambiguous(facts: dict[tuple[str, str, str], set[str]]) -> None:
    for locus, names in ASSUMED.items():
        for name in names.split():
            assert not facts[locus, name, "antigen"], f"{locus}*{name}"
            assert facts[locus, name, "possible_antigen"] == {name.partition(":")[0].lstrip("0")}, f"{locus}*{name}"


def _observed(facts: dict[tuple[str, str, str], set[str]], locus: str, name: str, column: str) -> set[str]:
    """Return a fact of an allele; of antigens the possible ones, too: what is assumed is not told apart."""
    found = facts[locus, _two(name), column]
    return found | facts[locus, _two(name), "possible_antigen"] if column == "antigen" else found


@pytest.mark.parametrize("column", ["antigen", "expert_antigen", "tce_group"])
def test_catalogued_alleles_agree(
    column: str, facts: dict[tuple[str, str, str], set[str]], catalogue: set[tuple[str, str]]
) -> None:
    for locus, tables in builtin_tables().loci.items():
        others = tables.possible_antigen if column == "antigen" else ("",) * len(tables.allele)
        for name, *values in zip(tables.allele, getattr(tables, column), others, strict=True):
            if (locus, _two(name)) in catalogue:
                assert set("/".join(values).split("/")) - {""} == _observed(facts, locus, name, column), name


def test_catalogued_alleles_count_as_the_same_antigens(
    release: NomenclatureTables, catalogue: set[tuple[str, str]]
) -> None:
    ours, theirs = Nomenclature.builtin(), Nomenclature(release)
    for locus, name in catalogue:
        if not name.endswith("N") and locus in ours.tables.loci:
            assert ours.expand(locus, name).antigens == theirs.expand(locus, name).antigens, f"{locus}*{name}"


def test_t_cell_epitope_groups(facts: dict[tuple[str, str, str], set[str]]) -> None:
    for group, names in TCE_GROUPS.items():
        for name in names.split():
            assert facts["DPB1", name, "tce_group"] == {group}, name


def test_antigens_and_relations(release: NomenclatureTables) -> None:
    ours = builtin_tables()
    assert {(r.prefix, r.antigen, r.splits, r.associated) for r in ours.antigen_relations} == {
        (r.prefix, r.antigen, r.splits, r.associated) for r in release.antigen_relations if r.prefix in ours.antigens
    }
    for prefix, antigens in ours.antigens.items():
        assert set(antigens) == set(release.antigens[prefix])


def test_special_first_fields(release: NomenclatureTables) -> None:
    for locus in ("A", "B"):
        for old, new in builtin_tables().loci[locus].old_name.items():
            # A*9271 had two synonymous sequences, so that its old name had six digits.
            wanted = {n for o, n in release.loci[locus].old_name.items() if o.startswith(old)}
            assert {_two(n) for n in wanted} == {_two(new)}, old
