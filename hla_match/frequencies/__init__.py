"""Sets of haplotype frequencies."""
