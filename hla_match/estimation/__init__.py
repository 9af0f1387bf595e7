"""Haplotype frequencies from the typings of a registry."""
