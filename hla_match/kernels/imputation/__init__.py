"""Kernels of imputation: the haplotypes that can make up a person, in classes that the typing does not tell apart.

    typing of a locus ------ allele_signatures ------ which of its sets hold each allele
    panel of haplotypes ---- candidate_haplotypes --- the haplotypes that every locus allows
                             haplotype_classes ------ their classes, and the compatible pairs of classes
    chain of panels -------- panel_chain ------------ the first panel that explains the person
    classes of one person -- diplotypes ------------- the diplotypes above a weight

The weight of all diplotypes is a sum over pairs of classes: no diplotype is listed to find it.
"""
