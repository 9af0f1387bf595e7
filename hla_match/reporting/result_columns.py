"""Every column of results and of statuses, declared once: its values, what an empty cell is, and its meaning.

The data dictionary `docs/columns.md` is written from these declarations, and a test compares them with what is written.
"""

from __future__ import annotations

from dataclasses import dataclass

LOCUS = "LOCUS"
"""Stands in a name for each locus that was compared, or of probabilities each one in scope."""

TEXT, WHOLE, NUMBER, DATE = "text", "whole number", "number", "date"
"""What values can be; in Parquet text is also a category, a number one of 32 or 64 bits."""

_ALWAYS = "never empty"
_NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a table that a search or a batch gives.

    Attributes:
        name: in files and frames; `LOCUS` in it stands for a locus.
        values: of which kind they are.
        empty: when a cell is empty.
        meaning: what a value says.
        where: under which condition there is the column; "" where it is always there.
    """

    name: str
    values: str
    empty: str
    meaning: str
    where: str = ""


_FREQUENCIES = "with frequencies"
_KNOWN = "where the registry has it"
_UNITS = "where donors have a type"
_NO_UNIT = "not a unit of cord blood"
_VERSION_3 = "where the release has version 3"
_NO_LABELS = "not typed at DPB1, or the patient is not"
_LABELS = "version 3 of the T-cell epitope groups, such as 3 (core)+3 (non-core); ? without a group, no verdict follows"

RESULT_COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn("patient_id", TEXT, _ALWAYS, "identifier of the patient in the patient file"),
    ResultColumn("rank", WHOLE, _ALWAYS, "place in the patient's list, from 1"),
    ResultColumn("donor_id", TEXT, _ALWAYS, "identifier of the donor in the registry"),
    ResultColumn("scope", TEXT, _ALWAYS, "the loci that count, as they were asked for"),
    ResultColumn("matches_best", WHOLE, _ALWAYS, "matching alleles in scope if every ambiguity turns out well"),
    ResultColumn("matches_worst", WHOLE, _ALWAYS, "matching alleles in scope that are certain"),
    ResultColumn("grades", TEXT, _ALWAYS, "the position grades of the loci in scope, separated by blanks"),
    ResultColumn("gvh", WHOLE, _ALWAYS, "least mismatches in scope in graft-versus-host direction"),
    ResultColumn("hvg", WHOLE, _ALWAYS, "least mismatches in scope in host-versus-graft direction"),
    ResultColumn("gvh_worst", WHOLE, _ALWAYS, "greatest mismatches in scope in graft-versus-host direction"),
    ResultColumn("hvg_worst", WHOLE, _ALWAYS, "greatest mismatches in scope in host-versus-graft direction"),
    *(
        ResultColumn(
            f"p{count}", NUMBER, _NOT_KNOWN, f"probability of exactly {count} mismatches in scope, 0 to 1", _FREQUENCIES
        )
        for count in range(5)
    ),
    ResultColumn("p_LOCUS", NUMBER, _NOT_KNOWN, "probability that both alleles of the locus match", _FREQUENCIES),
    ResultColumn("frequency_set", TEXT, _ALWAYS, "the haplotype frequencies that probabilities rest on", _FREQUENCIES),
    ResultColumn(
        "fallback", TEXT, _ALWAYS, "what the probability rests on, the farthest step of patient and donor", _FREQUENCIES
    ),
    ResultColumn("p_missing", TEXT, "the probability is known", "why the probability is not known", _FREQUENCIES),
    ResultColumn("p_cut", NUMBER, _NOT_KNOWN, "probability of what was too unlikely to be compared", _FREQUENCIES),
    ResultColumn(
        "LOCUS_grade",
        TEXT,
        "the patient is not compared there",
        "the two position grades of the locus, in the order of the donor's alleles",
    ),
    ResultColumn("age", WHOLE, _NOT_KNOWN, "completed years on the day of the search"),
    ResultColumn(
        "age_limit",
        TEXT,
        "the age is within the registry's limits, or there are none",
        "that the donor is beyond the ages at which donors of the registry donate",
    ),
    ResultColumn("sex", TEXT, _NOT_KNOWN, "F or M", _KNOWN),
    ResultColumn("abo", TEXT, _NOT_KNOWN, "blood group: A, B, AB or O", _KNOWN),
    ResultColumn("rhesus", TEXT, _NOT_KNOWN, "rhesus factor: P positive, N negative", _KNOWN),
    ResultColumn("cmv", TEXT, _NOT_KNOWN, "antibodies against cytomegalovirus: P positive, N negative", _KNOWN),
    ResultColumn("weight_kg", NUMBER, _NOT_KNOWN, "weight in kilograms", _KNOWN),
    ResultColumn(
        "status",
        TEXT,
        _ALWAYS,
        "AV available, TU temporarily unavailable, RS reserved, OP reserved for another patient, DE deleted; AV where "
        "none is stated",
    ),
    ResultColumn("last_contact_on", DATE, _NOT_KNOWN, "day of the last contact", _KNOWN),
    ResultColumn("reserved_until", DATE, _NOT_KNOWN, "end of a reservation", _KNOWN),
    ResultColumn("city", TEXT, _NOT_KNOWN, "where the donor lives", _KNOWN),
    ResultColumn("donor_type", TEXT, "none is stated: a donor", "DONOR, or CORD for a unit of cord blood", _KNOWN),
    ResultColumn("tnc_e7", NUMBER, _NOT_KNOWN, "nucleated cells of a unit of cord blood in 10^7", _KNOWN),
    ResultColumn("cd34_e6", NUMBER, _NOT_KNOWN, "CD34 positive cells of a unit in 10^6", _KNOWN),
    ResultColumn("volume_ml", NUMBER, _NOT_KNOWN, "volume of a unit in millilitres", _KNOWN),
    ResultColumn("bank", TEXT, _NOT_KNOWN, "the cord blood bank that keeps a unit", _KNOWN),
    ResultColumn(
        "resolution",
        NUMBER,
        _ALWAYS,
        "how well the donor is typed, 0 to 1: the mean at A, B, C, DRB1 and DQB1 of the probability that two draws "
        "from the genotypes that a typing leaves open are equal, all alleles taken as equally frequent",
    ),
    ResultColumn("patient_typing", TEXT, _ALWAYS, "typing of the patient as a GL String, names as reported"),
    ResultColumn("donor_typing", TEXT, "no locus is typed", "typing of the donor as a GL String, names as reported"),
    ResultColumn(
        "dpb1_tce",
        TEXT,
        _ALWAYS,
        "class of DPB1 by T-cell epitope groups: match, permissive, non-permissive HvG, non-permissive GvH, unknown",
    ),
    ResultColumn(
        "p_dpb1_permissive",
        NUMBER,
        "there are no frequencies that have DPB1, or they explain no typing there",
        "probability that DPB1 is matched or permissive, 0 to 1",
    ),
    ResultColumn(
        "b_leader",
        TEXT,
        "there is no single mismatch at B, or typings leave it open",
        "leaders of HLA-B of a single mismatch: of the patient's allele, of the donor's, of the shared one",
    ),
    ResultColumn(
        "dpb1_expression",
        TEXT,
        "there is no single mismatch at DPB1, or typings leave it open",
        "expression of the patient's mismatched DPB1 allele: high or low",
    ),
    ResultColumn(
        "kir_missing_gvh",
        TEXT,
        _ALWAYS,
        "KIR ligands that the donor has and the patient lacks, or none; ? may be missing",
    ),
    ResultColumn(
        "kir_missing_hvg",
        TEXT,
        _ALWAYS,
        "KIR ligands that the patient has and the donor lacks, or none; ? may be missing",
    ),
    ResultColumn("patient_dq_groups", TEXT, _NOT_KNOWN, "groups G1 and G2 of the patient's HLA-DQ heterodimers"),
    ResultColumn("donor_dq_groups", TEXT, _NOT_KNOWN, "groups G1 and G2 of the donor's HLA-DQ heterodimers"),
    ResultColumn(
        "lel", TEXT, _ALWAYS, "mismatches at DRB3/4/5, DQB1 and DPB1 in graft-versus-host direction, perhaps a range"
    ),
    ResultColumn(
        "mismatches",
        TEXT,
        "no mismatch is certain",
        "each certain mismatch: alleles of patient and donor, directions, level; out of scope in brackets",
    ),
    ResultColumn(
        "antibodies",
        TEXT,
        "the patient has no list of antibodies",
        "antibodies of the patient against alleles of the donor that the patient lacks; ? perhaps",
    ),
    ResultColumn("patient_dpb1_tce_v3", TEXT, _NO_LABELS, f"the patient's DPB1 alleles by {_LABELS}", _VERSION_3),
    ResultColumn("donor_dpb1_tce_v3", TEXT, _NO_LABELS, f"the donor's DPB1 alleles by {_LABELS}", _VERSION_3),
    ResultColumn(
        "cord_match",
        TEXT,
        _NO_UNIT,
        "matches of 6 at best, as cord blood is matched: A and B by antigen, DRB1 by allele, such as 5/6",
        _UNITS,
    ),
    ResultColumn("cord_match_8", TEXT, _NO_UNIT, "matching alleles at A, B, C and DRB1 at best, such as 7/8", _UNITS),
    ResultColumn(
        "tnc_per_kg", NUMBER, f"{_NO_UNIT}, or not known", "nucleated cells for a kilogram of the patient, 10^7", _UNITS
    ),
    ResultColumn(
        "cd34_per_kg", NUMBER, f"{_NO_UNIT}, or not known", "CD34 positive cells for a kilogram, 10^5", _UNITS
    ),
    ResultColumn("nomenclature", TEXT, _ALWAYS, "the release that the typings were read with", "in results of a batch"),
)
"""The columns of results and of `MatchList.to_polars`, in their order."""

STATUS_COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn("patient_id", TEXT, "the row has none", "identifier of the patient"),
    ResultColumn("row", WHOLE, _ALWAYS, "row of the patient file, counted from 1, the header among them"),
    ResultColumn("status", TEXT, _ALWAYS, "ok, or error where the patient was not searched for"),
    ResultColumn("donors", WHOLE, _ALWAYS, "rows of the patient in the results"),
    ResultColumn("reason", TEXT, "nothing is to be said", "why there was no search, or what was missing or assumed"),
)
"""The columns of the statuses of a batch, in their order."""
