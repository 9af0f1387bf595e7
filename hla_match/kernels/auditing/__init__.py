"""Kernels of the audit: whether two typings can stand side by side."""
