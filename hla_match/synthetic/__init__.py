"""A synthetic provincial registry: persons drawn from published haplotypes, typed as each decade would report them."""
