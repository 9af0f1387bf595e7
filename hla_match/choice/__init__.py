"""Which donor to take first: policies, ranking and reasons."""
