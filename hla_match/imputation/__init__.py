"""What persons may carry under haplotype frequencies."""
