"""Slow, obvious twins of the rules and kernels. They import nothing from the product, so they cannot share its errors."""
