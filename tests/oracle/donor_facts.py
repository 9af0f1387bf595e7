"""The slow, obvious twins of facts of two persons: every genotype of one beside every genotype of the other.

Typings are those of `tests.oracle.matching`; `value` gives the fact of a name, "" where it is not known. A null allele
has no product. Sources: Petersdorf et al., Lancet Haematol 2020;7(1) (leader); Ruggeri et al., Science 2002;295:2097
(KIR ligands); Petersdorf et al., Blood 2022;139:3009 (DQ); Fernández-Viña et al., Blood 2013;121:4603 (low expression).
"""

from collections.abc import Iterable, Mapping
from itertools import product

from tests.oracle.matching import (
    NEW,
    NULL,
    SHARED_NULL,
    Alternative,
    Genotype,
    Typing,
    as_counted,
    genotypes,
    gvh,
    hvg,
    is_same,
    match_count,
)

LIGANDS = ("C1", "C2", "Bw4-80I", "Bw4-80T")

Split = tuple[str, str, str]
"""The patient's mismatched allele, the donor's, and the shared one as the patient has it."""


def single_mismatches(patient: Typing, donor: Typing, null_rule: str) -> list[Split] | None:
    """How each pair of genotypes splits into what matches and what does not; None unless each has one mismatch."""
    if patient is None or donor is None:
        return None
    found = []
    for mine, theirs in product(genotypes(patient), genotypes(donor)):
        if match_count(mine, theirs, null_rule) != 1 or NEW in (*mine, *theirs):
            return None
        own, other = as_counted(mine, theirs, null_rule), as_counted(theirs, mine, null_rule)
        found += [
            (own[1 - i], other[1 - j], own[i])
            for i, j in product((0, 1), (0, 1))
            if is_same(own[i], other[j]) or (own[i] == other[j] and "null" in own[i])
        ]
    return found


def _value(name: str, value: Mapping[str, str]) -> str:
    return value.get(str(name), "")


def leader_code(patient: Typing, donor: Typing, value: Mapping[str, str], null_rule: str) -> str | None:
    """The code of a single mismatch, if there is one mismatch and one code, and all leaders are known."""
    splits = single_mismatches(patient, donor, null_rule)
    if splits is None:
        return None
    codes = {"".join(letters) if all(letters := [_value(name, value) for name in split]) else "" for split in splits}
    return (codes.pop() or None) if len(codes) == 1 else None


def expression(patient: Typing, donor: Typing, value: Mapping[str, str], null_rule: str) -> str | None:
    """The level of the patient's mismatched allele, if there is one mismatch and one level."""
    splits = single_mismatches(patient, donor, null_rule)
    levels = {_value(mine, value) for mine, _, _ in splits or []}
    return (levels.pop() or None) if len(levels) == 1 else None


def person_ligands(typings: Mapping[str, Typing], value: Mapping[str, Mapping[str, str]]) -> tuple[set[str], set[str]]:
    """The ligands that a person has for certain, and those that the person may have, by the typings of A, B and C.

    Where a locus is not typed, or an allele is not known, its alleles may be any ligand of the locus.
    """
    every = {"A": {"Bw4-80I", "Bw4-80T"}, "B": {"C1", "Bw4-80I", "Bw4-80T"}, "C": {"C1", "C2"}}
    certain, possible = set(), set()
    for locus, typing in typings.items():
        if typing is None:
            possible |= every[locus]
            continue
        of_genotypes = []
        for genotype in genotypes(typing):
            found = set()
            for name in genotype:
                if name == NEW or (name != NULL and _value(name, value[locus]) == ""):
                    possible |= every[locus]
                elif name != NULL:
                    found.add(_value(name, value[locus]))
            of_genotypes.append(found & set(LIGANDS))
        certain |= set.intersection(*of_genotypes)
        possible |= set.union(*of_genotypes)
    return certain, possible


def missing(has: tuple[set[str], set[str]], lacks: tuple[set[str], set[str]]) -> str:
    """The ligands that one person has and the other lacks, "?" behind those of which it is not certain."""
    words = []
    for ligand in LIGANDS:
        if ligand in has[0] and ligand not in lacks[1]:
            words.append(ligand)
        elif ligand in has[1] and ligand not in lacks[0]:
            words.append(ligand + "?")
    return ", ".join(words) or "none"


def dq_groups(dqb1: Typing, dqa1: Typing, value: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The groups of the two heterodimers, of every genotype of both loci whose chains agree."""
    found = set()
    for beta, alpha in product(genotypes(dqb1 or []), genotypes(dqa1) if dqa1 else [None]):
        chains = sorted(_value(name, value["DQB1"]) for name in beta)
        if "" in chains:
            continue
        if alpha is None or chains == sorted(_value(name, value["DQA1"]) for name in alpha):
            found.add("".join(chains))
    return found


def low_expression(places: Iterable[tuple[Typing, Typing]], null_rule: str) -> tuple[int, int]:
    """The least and the greatest number of mismatches in GvH direction over places, each not typed or typed in both."""
    least = most = 0
    for patient, donor in places:
        if patient is None or donor is None:
            most += 2
            continue
        counts = [gvh(*pair, null_rule) for pair in product(genotypes(patient), genotypes(donor))]
        least, most = least + min(counts), most + max(counts)
    return least, most


Kinds = Mapping[str, tuple[str, set[str]]]
"""By allele, its first field and its antigens."""

Told = tuple[str, str, str]
"""The patient's allele, the donor's, and the level of their mismatch."""


def ways(patient: Genotype, donor: Genotype, null_rule: str) -> list[list[Genotype]]:
    """The pairs of alleles that do not match, in each way of putting two genotypes side by side with most matches."""
    own, other = as_counted(patient, donor, null_rule), as_counted(donor, patient, null_rule)
    found = []
    for pairs in ((own[0], other[0]), (own[1], other[1])), ((own[0], other[1]), (own[1], other[0])):
        equal = [is_same(one, two) or (one == two and "null" in one) for one, two in pairs]
        found.append([pair for pair, same in zip(pairs, equal, strict=True) if not same])
    fewest = min(map(len, found))
    return [pairs for pairs in found if len(pairs) == fewest]


def level(one: str, other: str, kinds: Kinds) -> str:
    """The level of a mismatch: of the allele within a first field or an antigen (Lee et al., Blood 2007;110:4576)."""
    if NEW in (one, other):
        return "unknown"
    if one not in kinds or other not in kinds:
        return "antigen"
    return "allele" if kinds[one][0] == kinds[other][0] or kinds[one][1] & kinds[other][1] else "antigen"


def told(patient: Genotype, donor: Genotype, null_rule: str, kinds: Kinds, names: Mapping[str, str]) -> list[Told]:
    """The mismatches of two genotypes in the way with the fewest of antigens, of equal ones the first by names."""
    found = [
        sorted((names[one], names[two], level(str(one), str(two), kinds)) for one, two in pairs)
        for pairs in ways(patient, donor, null_rule)
    ]
    return min(found, key=lambda pairs: (sum(one[2] == "antigen" for one in pairs), pairs))


def level_ranges(
    patient: list[Alternative], donor: list[Alternative], null_rule: str, kinds: Kinds
) -> dict[str, tuple[int, int]]:
    """The least and the greatest number of mismatches of each level, of all genotypes with the most matches."""
    pairs = list(product(genotypes(patient), genotypes(donor)))
    best = max(match_count(*pair, null_rule) for pair in pairs)
    names = {name: str(name) for pair in pairs for one in pair for name in one} | {SHARED_NULL: SHARED_NULL}
    levels = [
        [one[2] for one in told(*pair, null_rule, kinds, names)]
        for pair in pairs
        if match_count(*pair, null_rule) == best
    ]
    counts = {name: [found.count(name) for found in levels] for name in ("allele", "antigen")}
    return {name: (min(found), max(found)) for name, found in counts.items()}


def directions(patient: Genotype, donor: Genotype, null_rule: str) -> str:
    """The directions in which two genotypes mismatch."""
    found = (("GvH", gvh(patient, donor, null_rule)), ("HvG", hvg(patient, donor, null_rule)))
    return "+".join(name for name, count in found if count)
