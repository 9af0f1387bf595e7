"""The slow, obvious twin of null alleles in ambiguity: what one side of a typing can be, name by name.

A list ``a/b`` and a multiple allele code *name* alleles. A truncated name, a family ``24:XX`` and a G group *stand for*
alleles, and for null ones only where no other is there (WMDA framework, Bochtler et al., Bone Marrow Transplant
2011;46:338). A named null beside expressed alleles is possible ("keep"), or left out ("drop"), as coordinators and
Atlas read decoded codes.
"""

from collections.abc import Mapping

from tests.oracle.matching import NULL, Alternative, Side


def alternatives(
    first: str, second: str, alleles: Mapping[str, tuple[str, str]], codes: Mapping[str, str], mode: str
) -> list[Alternative]:
    """What the two columns of a locus allow: two sides, or whole genotypes ``a+b|c+d`` in the first."""
    if "+" not in first:
        return [(side(first, alleles, codes, mode), side(second or first, alleles, codes, mode))]
    pairs = [genotype.split("+") for genotype in first.split("|")]
    return [(side(one, alleles, codes, mode), side(other, alleles, codes, mode)) for one, other in pairs]


def side(text: str, alleles: Mapping[str, tuple[str, str]], codes: Mapping[str, str], mode: str) -> Side:
    """What a side can be: P groups, and NULL where that is possible.

    Args:
        text: names between slashes.
        alleles: by whole name the P group, or NULL, and the G group.
        codes: the second fields that a multiple allele code lists.
        mode: "drop" or "keep".
    """
    found: set[str] = set()
    for name in text.split("/"):
        family, _, rest = name.partition(":")
        if rest in codes:
            for listed in codes[rest].split("/"):
                found |= stood_for(f"{family}:{listed}", alleles)
        else:
            found |= stood_for(name, alleles)
    if mode == "drop" and found != {NULL}:
        found.discard(NULL)
    return frozenset(found)


def stood_for(name: str, alleles: Mapping[str, tuple[str, str]]) -> set[str]:
    """The P groups that one name stands for; NULL only where it is null alleles alone that it stands for."""
    if name in alleles:
        return {alleles[name][0]}
    if name.endswith("G"):
        found = {p_group for p_group, g_group in alleles.values() if g_group == name}
    else:
        beginning = name.removesuffix("XX")
        found = {
            p_group
            for whole, (p_group, _) in alleles.items()
            if f"{whole.rstrip('N')}:".startswith(f"{beginning.rstrip(':')}:")
        }
    return found - {NULL} or found
