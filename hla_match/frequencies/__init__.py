"""Haplotype frequencies, and what they say about persons whose typings leave room.

A *panel* is a set of haplotypes over some loci with their frequencies. A person is *explained* by a panel when some
pair of its haplotypes is consistent with the typing; the pairs, weighted by Hardy-Weinberg, are the person's
distribution. Panels are tried along a chain that ends in single loci, and every result says how far it went.
"""
