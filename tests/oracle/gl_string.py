"""The slow, obvious twin of the split of a GL String into loci: plain strings, no tree, valid texts only."""

import re

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


GENES = ("DRB3", "DRB4", "DRB5")
ABSENT = "NNNN"


def genotype_of(genotype: str) -> dict[str, list[str]]:
    """By locus the one or two typings of a genotype; ``DRBX*NNNN`` says that a chromosome has none of the genes."""
    lists = [alleles for chromosome in genotype.split("+") for alleles in chromosome.split("~")]
    loci = [locus_of(alleles.split("/")[0]) for alleles in lists]
    found = {locus: typings_of(genotype, locus) for locus in loci}
    if "DRBX" in found and set(found["DRBX"]) == {ABSENT}:
        del found["DRBX"]
        for gene in GENES:
            found[gene] = [*found.get(gene, [ABSENT]), ABSENT][:2]
    return found


def with_absence(alternatives: list[dict[str, list[list[str]]]]) -> None:
    """Where alternatives name different ones of the genes, say of each alternative which it lacks."""
    named = [[gene for gene in GENES if gene in alternative] for alternative in alternatives]
    somewhere = [gene for gene in GENES if any(gene in genes for genes in named)]
    if all(genes == somewhere or not genes for genes in named):
        return
    for alternative, genes in zip(alternatives, named, strict=True):
        for gene in somewhere if genes else ():
            if gene not in genes:
                alternative[gene] = [[ABSENT, ABSENT]]
            elif len(genes) > 1:
                alternative[gene] = [[*pair, ABSENT][:2] for pair in alternative[gene]]


def united(alternatives: list[dict[str, list[list[str]]]]) -> dict[str, list[list[str]]]:
    """The genotypes of each locus that every alternative names."""
    with_absence(alternatives)
    found = {}
    for locus in {locus for alternative in alternatives for locus in alternative}:
        if all(locus in alternative for alternative in alternatives) or locus not in ORDER:
            found[locus] = [pair for alternative in alternatives for pair in alternative.get(locus, [])]
    return found


def split_loci(text: str) -> dict[str, tuple[str, str]]:
    persons = []
    for alternative in text.split("?"):
        person: dict[str, list[list[str]]] = {}
        for block in alternative.split("^"):
            genotypes = [genotype_of(genotype) for genotype in block.split("|")]
            person |= united([{locus: [pair] for locus, pair in one.items()} for one in genotypes])
        # An alternative of nothing but loci that are passed over is passed over with them.
        if any(locus_of(leaf) in (*ORDER, "DRBX") for leaf in re.split(r"[\^|+~/]", alternative)):
            persons.append(person)
    result = {}
    for locus, pairs in sorted(united(persons).items(), key=lambda item: (*ORDER, item[0]).index(item[0])):
        seen: list[list[str]] = []
        for pair in pairs:
            doubled = sorted(pair * 2 if len(pair) == 1 else pair)
            if all(doubled != sorted(old * 2 if len(old) == 1 else old) for old in seen):
                seen.append(pair)
        if locus not in ORDER:
            continue
        if len(seen) == 1:
            result[locus] = (seen[0][0], seen[0][1] if len(seen[0]) == 2 else "")
        elif seen:
            if locus in GENES:
                # Alone, a typing of such a gene stands for both chromosomes, or beside the absence of the gene.
                spelt = [both for pair in seen for both in ([pair] if len(pair) == 2 else [pair * 2, [*pair, ABSENT]])]
                seen = [pair for i, pair in enumerate(spelt) if sorted(pair) not in map(sorted, spelt[:i])]
            result[locus] = ("|".join(f"{pair[0]}+{pair[-1]}" for pair in seen), "")
    return result
