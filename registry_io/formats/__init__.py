"""Foreign formats: releases of the nomenclature, haplotype frequencies, multiple allele codes."""
