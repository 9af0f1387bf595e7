"""Kernels of a search: what a patient's typings match of each distinct donor typing, and which donors that leaves.

    patient typing --+                       small tables, one entry a donor typing
                     +-- locus_count ------- mismatches, certain or not -------+
    donor typings ---+-- position_grade ---- the grade of each allele          |
                                                                               |
    donors in the order of their typings --- donor_runs, donor_pass -----------+-- rows within the limits

No kernel of this room sees a donor before the tables of all loci are made.
"""
