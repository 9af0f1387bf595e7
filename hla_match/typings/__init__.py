"""A person's typing as sets of integers."""
