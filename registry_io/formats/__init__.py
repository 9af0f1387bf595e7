"""Foreign formats: releases of the nomenclature, haplotype frequencies, multiple allele codes.

    imgt_release        a release of IPD-IMGT/HLA; release_integrity and release_completeness refuse a damaged one
    release_sequences   what its sequences tell of alleles, where they are there: leader, KIR ligand, expression
    tce_table           T-cell epitope groups of DPB1
    mac_file            NMDP's file of multiple allele codes
    frequency_file      haplotype frequencies in any of their layouts, told apart by content

What is read here knows no nomenclature: names stay text until `hla_match` reads them.
"""
