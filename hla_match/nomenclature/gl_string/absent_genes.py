"""What a GL String says of the genes DRB3, DRB4 and DRB5 by naming another of them in their place.

A chromosome carries at most one of these genes. Where alternatives name different ones, none of the genes is certain:
one that stands beside another is beside its own absence, and one that does not stand is absent.
"""

from __future__ import annotations

from collections.abc import Sequence

from hla_match.loci import OPTIONAL_GENES
from hla_match.nomenclature.gl_string.genotype_sets import Genotypes, Pair, genotype_set

ABSENT = "NNNN"
"""The standard form of a gene that a chromosome lacks."""

NO_GENE = "DRBX"
"""The locus of some laboratories for whichever of the genes is meant: ``DRBX*NNNN`` is none of them."""


def beside_no_gene(genotype: dict[str, Pair]) -> dict[str, Pair]:
    """Return a genotype with ``DRBX*NNNN`` spelt out: a chromosome lacks all of the genes.

    >>> beside_no_gene({"DRB3": ("01:01", ""), "DRBX": ("NNNN", "")})["DRB3"]
    ('01:01', 'NNNN')
    """
    if NO_GENE not in genotype or not {ABSENT, ""}.issuperset(genotype[NO_GENE]):
        return genotype
    spelt = {locus: pair for locus, pair in genotype.items() if locus != NO_GENE}
    for gene in OPTIONAL_GENES:
        first, second = spelt.get(gene, (ABSENT, ABSENT))
        spelt[gene] = (first, second or ABSENT)
    return spelt


def with_absent_genes(alternatives: Sequence[dict[str, Genotypes]]) -> list[dict[str, Genotypes]]:
    """Return alternatives that name different genes with the absence of those that they do not name.

    An alternative that names none of the genes says nothing of them.

    >>> one, other = {"DRB4": genotype_set([("01:03", "")])}, {"DRB5": genotype_set([("01:01", "")])}
    >>> [list(found["DRB4"].values()) for found in with_absent_genes([one, other])]
    [[('01:03', '')], [('NNNN', 'NNNN')]]
    """
    named = [{gene for gene in OPTIONAL_GENES if gene in alternative} for alternative in alternatives]
    genes = set().union(*named)
    if all(own in (set(), genes) for own in named):
        return list(alternatives)
    filled = []
    for own, alternative in zip(named, alternatives, strict=True):
        spelt = dict(alternative)
        for gene in OPTIONAL_GENES:
            if gene in own and len(own) > 1:
                pairs = alternative[gene].values()
                spelt[gene] = genotype_set((first, second or ABSENT) for first, second in pairs)
            elif own and gene in genes - own:
                spelt[gene] = genotype_set([(ABSENT, ABSENT)])
        filled.append(spelt)
    return filled


def spelt_for_both(locus: str, alternatives: Genotypes) -> Genotypes:
    """Return genotypes of a locus with both meanings of a typing reported alone at a gene that may be absent.

    A single genotype is left as it is.

    >>> list(spelt_for_both("DRB4", genotype_set([("01:03", ""), ("NNNN", "NNNN")])).values())
    [('01:03', '01:03'), ('01:03', 'NNNN'), ('NNNN', 'NNNN')]
    """
    if locus not in OPTIONAL_GENES or len(alternatives) == 1:
        return alternatives
    return genotype_set(
        (first, partner)
        for first, second in alternatives.values()
        for partner in ([second] if second else [first, ABSENT])
    )
