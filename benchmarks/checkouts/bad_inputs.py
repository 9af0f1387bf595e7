"""Command lines that end in an error or leave records out, with the files that make them do so."""

from __future__ import annotations

from pathlib import Path

_PATIENT = "A*02:01+A*24:02^B*40:01+B*46:01^DRB1*09:01+DRB1*15:01"
_ONE_DONOR = "donor_id,A_1,A_2,B_1,B_2,DRB1_1,DRB1_2\nD1,02:01,24:02,40:01,46:01,09:01,15:01\n"

_FILES = {
    "no_rows.csv": "donor_id,A_1,A_2\n",
    "empty.csv": "",
    "no_identifier.csv": "name,A_1,A_2\nx,02:01,24:02\n",
    "same_identifier.csv": _ONE_DONOR + "D1,02:01,24:02,40:01,46:01,09:01,15:01\n",
    "unreadable_typings.csv": _ONE_DONOR
    + "D2,2:1:x,24:02,40:01,46:01,09:01,15:01\nD3,,24:02,40:01,46:01,09:01,15:01\nD4,02:ZZZZ,,40:01,,99:99,15:01\n",
    "unreadable_attributes.csv": "donor_id,A_1,A_2,sex,birth_date,abo,cmv,weight_kg,status\n"
    "D1,02:01,24:02,X,2099-01-01,Q,maybe,0,AV\nD2,02:01,24:02,M,1990-02-30,A+,neg,4 kg,??\nD3,02:01,,F,,,,,\n",
    "unread_columns.csv": "donor_id,A_1,A_2,HLA-B1,B 2,Blutgruppe,drb1-1\nD1,02:01,24:02,40:01,46:01,A,09:01\n",
    "ragged.csv": "donor_id,A_1,A_2\nD1,02:01,24:02,11:01\nD2,02:01\n",
    "bad_patients.csv": "patient_id,A_1,A_2,B_1,B_2,cmv,abo\n"
    "P1,02:01,24:02,40:01,46:01,P,A\nP2,xx,24:02,40:01,46:01,?,Z\nP3,02:01,24:99,40:01,,,\nP1,02:01,24:02,40:01,,,\n",
    "bad_codes.txt": "CODE SUBTYPE\nAB 01\n",
    "no_numbers.csv": "haplotype,frequency\nA*02:01~B*40:01,much\n",
    "negative.csv": "haplotype,frequency\nA*02:01~B*40:01,-0.5\nA*24:02~B*46:01,1.5\n",
    "unknown_alleles.csv": "haplotype,frequency\nA*02:01~B*40:01,0.5\nA*02:999~B*46:01,0.25\nA*24:02~B*46:01,0.25\n",
    "no_identifiers.txt": "\n",
    "identifiers.txt": "D00001\nD00002\nnobody\n",
}

_DONOR_FILES = (
    "no_rows.csv", "empty.csv", "no_identifier.csv", "same_identifier.csv", "unreadable_typings.csv",
    "unreadable_attributes.csv", "unread_columns.csv", "ragged.csv",
)  # fmt: skip

BAD_LINES: dict[str, tuple[str, ...]] = {
    "no-such-command": ("serach", "registry"),
    "no-registry": ("search", "nowhere", "--hla", _PATIENT),
    "unknown-locus": ("search", "corner", "--hla", "DQ1*02:01+A*24:02"),
    "unreadable-gl-string": ("search", "corner", "--hla", "A*02:01+^B*xx"),
    "unknown-allele": ("search", "corner", "--hla", "A*02:9999+A*24:02"),
    "one-scope-locus-missing": ("search", "corner", "--hla", "A*02:01+A*24:02", "--as-of", "2026-11-01"),
    "unknown-scope": ("search", "corner", "--hla", _PATIENT, "--scope", "9/9"),
    "unknown-limit-locus": ("search", "corner", "--hla", _PATIENT, "--locus-limit", "Z=1"),
    "unreadable-limit": ("search", "corner", "--hla", _PATIENT, "--locus-limit", "A:1"),
    "too-many-mismatches": ("search", "corner", "--hla", _PATIENT, "--max-mismatches", "9"),
    "ages-the-wrong-way": ("search", "corner", "--hla", _PATIENT, "--min-age", "50", "--max-age", "20"),
    "unknown-status": ("search", "corner", "--hla", _PATIENT, "--status", "AV,XX"),
    "unknown-policy": ("search", "corner", "--hla", _PATIENT, "--policy", "youngest"),
    "policy-without-frequencies": ("search", "corner", "--hla", _PATIENT, "--policy", "probability-first"),
    "unknown-frequencies": ("search", "corner", "--hla", _PATIENT, "--frequencies", "nowhere"),
    "frequencies-no-numbers": ("search", "corner", "--hla", _PATIENT, "--frequencies", "no_numbers.csv"),
    "frequencies-negative": ("search", "corner", "--hla", _PATIENT, "--frequencies", "negative.csv"),
    "no-identifiers": ("search", "corner", "--hla", _PATIENT, "--only-donors", "no_identifiers.txt"),
    "identifiers-unknown": (
        "search", "corner", "--hla", _PATIENT, "--without-donors", "identifiers.txt", "--as-of", "2026-11-01",
    ),
    "bad-patients": ("batch", "corner", "bad_patients.csv", "--out", "bad_patients_out.csv", "--as-of", "2026-11-01"),
    "no-patients": ("batch", "corner", "nowhere.csv", "--out", "nowhere_out.csv"),
    "unknown-ending": ("batch", "corner", "corner_patients.csv", "--out", "out.doc"),
    "no-folder": ("batch", "corner", "corner_patients.csv", "--out", "nowhere/out.csv"),
    "impute-unknown-loci": (
        "impute", "corner", "corner_patients.csv", "--frequencies", "unknown_alleles.csv", "--out", "x", "--loci", "Z",
    ),
    "show-unknown-alleles": ("frequencies", "show", "unknown_alleles.csv"),
    "show-no-numbers": ("frequencies", "show", "no_numbers.csv"),
    "install-negative": ("frequencies", "install", "negative.csv", "--name", "negative"),
    "estimate-unknown-population": ("frequencies", "estimate", "corner", "--out", "x.csv", "--population", "nowhere"),
    "release-missing": ("nomenclature", "install", "--from", "nowhere"),
    "nomenclature-unknown": ("registry", "import", "never", "unread_columns.csv", "--nomenclature", "9.99.0"),
    "codes-unreadable": ("registry", "import", "never", "unread_columns.csv", "--codes", "bad_codes.txt"),
    "registry-is-there": ("registry", "import", "corner", "unread_columns.csv"),
    "registry-shrinks": ("registry", "import", "corner", "unread_columns.csv", "--replace"),
    "typing-unreadable": ("typing", "A*02:01+A*02:9999", "nonsense", "DQ1"),
    "reduce-unreadable": ("reduce", "--to", "P", "A*02:01", "A*99:99", "nonsense"),
    "rollback-of-one": ("registry", "rollback", "corner"),
    **{
        f"import-{name.removesuffix('.csv').replace('_', '-')}": ("registry", "import", f"of_{name}", name)
        for name in _DONOR_FILES
    },
}  # fmt: skip
"""Arguments after ``hla-match``, by the name of the step."""


def write_bad_files(folder: Path) -> None:
    """Write the files that the command lines name into a folder."""
    for name, text in _FILES.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
