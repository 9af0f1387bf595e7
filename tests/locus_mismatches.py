"""The WMDA's table of locus mismatches: 26 patterns of a patient's and a donor's alleles, N a null allele.

Source: Bochtler et al., Human Immunology 2016;77:371, table of locus mismatches; see also Bochtler et al., Bone Marrow
Transplant 2011;46:338. The file holds the facts of the table as they were published.
"""

import csv
from pathlib import Path

_TABLE = Path(__file__).parent / "golden" / "wmda_locus_mismatch_table_2016.csv"


def wmda_locus_mismatches() -> list[tuple[str, str, int, int, int]]:
    """Patient, donor, mismatches in GvH and HvG direction and the larger of the two, by pattern."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == 26
    return [(patient, donor, int(gvh), int(hvg), int(most)) for patient, donor, gvh, hvg, most in rows]
