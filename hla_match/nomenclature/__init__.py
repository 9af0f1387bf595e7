"""What an HLA name means: alleles, groups, codes and antigens, under one release of the nomenclature."""
