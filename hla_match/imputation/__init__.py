"""What persons may carry under haplotype frequencies.

A *panel* is a set of haplotypes over some loci with their frequencies. A pair of haplotypes is a *diplotype*. A person
is *explained* by a panel when at least one of its diplotypes is consistent with the typing. The consistent diplotypes,
each weighted by the product of its two frequencies (Hardy-Weinberg), are the distribution of the person.

Panels form a chain, from the most specific to the least. The first panel that explains a person is used, and every
result says how far the chain was followed:

    own population -> whole registry -> global set -> blocks of loci -> single loci -> the typing itself
      A~C~B~DRB1~DQB1 (one part)                      A~C~B | DRB1~DQB1   A | C | B ...

Where loci are explained by different panels, each panel is a *part*, and parts are independent. A person is stored as
classes of haplotypes that the typing does not distinguish, and the pairs of classes that are consistent. Diplotypes
follow from these; they are listed only where somebody asks for them (`genotypes`).

    panels              the chain, laid out as arrays
    typing_membership   which alleles of a panel each typing allows
    imputed_registry    the donors of a registry, imputed once or on demand
    donor_identity      whose donors were imputed
    genotypes           the most probable diplotypes and genotypes of a person
"""
