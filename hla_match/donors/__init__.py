"""Donors as immutable columns, their attributes, and their order by typing."""
