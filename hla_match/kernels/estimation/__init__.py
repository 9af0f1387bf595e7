"""Kernels of estimation: which haplotypes typings allow, and how often each is expected in persons so typed."""
