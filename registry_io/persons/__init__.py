"""Tables of persons: which column holds what, and what a cell says."""
