"""Slow, obvious twins of rules and kernels. They import nothing from the product, so they cannot share its errors."""
