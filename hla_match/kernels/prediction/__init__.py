"""Kernels of prediction: how probable each number of mismatches is, from the haplotype classes of two persons.

    alleles of a locus ------ packed_alleles ------- labels: which alleles the patient may have, and how labels match
    haplotypes of panels ---- packed_haplotypes ---- each one a word; equal words are one
    classes of a person ----- packed_persons ------- the distinct words of each class, and their frequencies

    a patient of few genotypes
        genotype_prediction                          pairs of words of a donor, by what they match of one genotype

    an ambiguous patient
        locus_matches                                what matches at each locus by itself, and bounds
        probable_pairs, donor_genotypes              the genotypes of a person that are compared
        distinct_genotypes, donor_loci               equal ones as one, and what they have at each locus
        genotype_groups, genotype_comparison         the patient's genotypes against them, locus by locus
        joint_prediction                             donors as weighted sums of their genotypes

    all pairs of many persons
        listed_persons, genotype_pairs               genotypes as rows of bytes, compared all with all

`match_counts` is what the first two write.
"""
