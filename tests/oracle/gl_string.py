"""The slow, obvious twin of the split of a GL String into loci: plain strings, no tree, valid texts only."""

ORDER = "A B C DRB1 DRB3 DRB4 DRB5 DQA1 DQB1 DPA1 DPB1".split()
ANTIGENS = {"Cw": "C", "DR": "DRB1", "DQ": "DQB1", "A": "A", "B": "B"}
OWN_ANTIGENS = {"DR51": "DRB5", "DR52": "DRB3", "DR53": "DRB4"}


def locus_of(leaf: str) -> str:
    leaf = leaf.replace("HLA-", "")
    if "*" in leaf:
        locus = leaf.split("*")[0]
        return "C" if locus == "Cw" else locus
    if leaf in OWN_ANTIGENS:
        return OWN_ANTIGENS[leaf]
    return next(locus for prefix, locus in ANTIGENS.items() if leaf.startswith(prefix))


def name_of(leaf: str) -> str:
    name = leaf.replace("HLA-", "").split("*")[-1]
    # Four digits and more behind a locus are a name before 2010; without the locus they could be an antigen.
    return f"{locus_of(leaf)}*{name}" if "*" in leaf and name.isdigit() and len(name) > 3 else name


def typings_of(genotype: str, locus: str) -> list[str]:
    """Every typing of the locus in one genotype, the phase dropped."""
    lists = [alleles for chromosome in genotype.split("+") for alleles in chromosome.split("~")]
    return [
        "/".join(name_of(leaf) for leaf in alleles.split("/"))
        for alleles in lists
        if locus_of(alleles.split("/")[0]) == locus
    ]


def split_loci(text: str) -> dict[str, tuple[str, str]]:
    result = {}
    for locus in ORDER:
        seen: list[list[str]] = []
        for alternative in text.split("?"):
            for block in alternative.split("^"):
                for genotype in block.split("|"):
                    typings = typings_of(genotype, locus)
                    doubled = sorted(typings * 2 if len(typings) == 1 else typings)
                    if typings and all(doubled != sorted(old * 2 if len(old) == 1 else old) for old in seen):
                        seen.append(typings)
        if len(seen) == 1:
            result[locus] = (seen[0][0], seen[0][1] if len(seen[0]) == 2 else "")
        elif seen:
            result[locus] = ("|".join(f"{pair[0]}+{pair[-1]}" for pair in seen), "")
    return result
