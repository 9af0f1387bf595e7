"""Kernels of prediction: how probable each number of mismatches is, from the haplotype classes of two persons."""
