"""How many alleles of patient and donor will match, as probabilities."""
