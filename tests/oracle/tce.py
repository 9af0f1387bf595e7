"""The slow, obvious twin of DPB1's T-cell epitope classes: every genotype of one person beside every one of the other.

Source: Fleischhauer et al., Lancet Oncol 2012;13:366. Typings are those of `tests.oracle.matching`; `group` gives the
group of a name, "" where it has none. What a null allele is replaced by is that module's rule, too.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

from tests.oracle.matching import NEW, NULL, Genotype, Typing, genotypes, match_count, resolve_nulls


def person_group(genotype: Genotype, group: Mapping[str, str]) -> str:
    """The lower numbered group of the two alleles; none where an allele has none or has no name (NEW)."""
    found = [group.get(str(allele), "") for allele in resolve_nulls(genotype)]
    return "" if "" in found or NEW in genotype or set(genotype) == {NULL} else min(found)


def person_groups(typing: Typing, group: Mapping[str, str]) -> set[str]:
    """Every group that a typing leaves open; none where not typed."""
    return {person_group(genotype, group) for genotype in genotypes(typing or [])}


def tce_class(patient: Genotype, donor: Genotype, group: Mapping[str, str], null_rule: str = "consensus") -> str:
    """The class of two persons of one genotype each."""
    if match_count(patient, donor, null_rule) == 2:
        return "match"
    mine, theirs = person_group(patient, group), person_group(donor, group)
    if "" in (mine, theirs):
        return "unknown"
    if mine == theirs:
        return "permissive"
    return "non-permissive GvH" if int(mine) < int(theirs) else "non-permissive HvG"


def tce_classes(patient: Typing, donor: Typing, group: Mapping[str, str], null_rule: str = "consensus") -> set[str]:
    """Every class that two typings leave open; "unknown" where one of the two persons is not typed."""
    if patient is None or donor is None:
        return {"unknown"}
    return {tce_class(*pair, group, null_rule) for pair in product(genotypes(patient), genotypes(donor))}


def class_probabilities(
    patient: Mapping[Genotype, Fraction], donor: Mapping[Genotype, Fraction], group: Mapping[str, str]
) -> dict[str, Fraction]:
    """The probability of each class: the sum over every genotype of one person beside every one of the other."""
    found: dict[str, Fraction] = {}
    for (mine, p), (theirs, q) in product(patient.items(), donor.items()):
        name = tce_class(mine, theirs, group)
        found[name] = found.get(name, Fraction(0)) + p * q
    return found


def version_3_labels(typing: Typing, label: Mapping[str, str]) -> str | None:
    """The labels of a typing by version 3: those of one allele joined by "/", of a genotype by "+", genotypes by "|".

    Two alleles are told in the order of the typing, and once where another genotype has them the other way round. An
    allele of "" has no label and is told as "?", behind the others; a null allele is told as "null", before it.
    """
    if typing is None:
        return None
    texts = []
    for pair in typing:
        sides = []
        for side in pair:
            told = {"null" if name == NULL else label.get(name, "") or "?" for name in side}
            last = [word for word in ("null", "?") if word in told]
            sides.append("/".join([*sorted(told - {*last}), *last]))
        if "+".join(sides) not in texts and "+".join(reversed(sides)) not in texts:
            texts.append("+".join(sides))
    return "|".join(texts)
