"""Facts beside the match of one donor in words, from the columns of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hla_match.language import translatable, translated
from hla_match.reporting.donor_words import TCE_WORDS
from hla_match.reporting.mismatch_words import mismatch_words

_UNKNOWN_CLASS = "unknown"


def fact_lines(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the alleles of both persons tell beside the match, one sentence for each rule that says something.

    Args:
        row: the donor, as in `MatchList.to_polars`.

    >>> row = {"mismatches": "B*07:02/08:01 GvH+HvG antigen", "dpb1_tce": "unknown", "b_leader": "MMT"}
    >>> list(fact_lines(row | {"kir_missing_gvh": "C1", "kir_missing_hvg": "none"}))[:2]
    ['Mismatches (patient/donor): B*07:02/08:01 GvH+HvG antigen.', 'Leaders of the mismatch at B: MMT.']
    """
    known = {name: row.get(name) for name in ("mismatches", "b_leader", "dpb1_expression", "lel")}
    if known["mismatches"]:
        told = "; ".join(mismatch_words(known["mismatches"]))
        yield translated("Mismatches (patient/donor): {mismatches}.", mismatches=told)
    if row.get("dpb1_tce", _UNKNOWN_CLASS) != _UNKNOWN_CLASS:
        yield translated("DPB1 by T-cell epitope groups: {words}.", words=translated(TCE_WORDS[row["dpb1_tce"]]))
    if known["dpb1_expression"]:
        level = translated(_LEVELS[known["dpb1_expression"]])
        yield translated("Expression of the patient's mismatched DPB1 allele: {level}.", level=level)
    if known["b_leader"]:
        yield translated("Leaders of the mismatch at B: {leaders}.", leaders=known["b_leader"])
    missing = [row.get(f"kir_missing_{direction}") for direction in ("gvh", "hvg")]
    if any(missing):
        gvh, hvg = map(_ligands, missing)
        yield translated("KIR ligands that are missing: GvH {gvh}, HvG {hvg}.", gvh=gvh, hvg=hvg)
    groups = [row.get(f"{person}_dq_groups") for person in ("patient", "donor")]
    if any(groups):
        patient, donor = (one or translated("not known") for one in groups)
        yield translated(
            "Groups of HLA-DQ heterodimers: patient {patient}, donor {donor}.", patient=patient, donor=donor
        )
    if known["lel"] and known["lel"] != "0":
        yield translated("Mismatches at DRB3/4/5, DQB1 and DPB1 in GvH direction: {n}.", n=known["lel"])


_LEVELS = {"high": translatable("high"), "low": translatable("low")}


def _ligands(value: str | None) -> str:
    return translated("not known") if value is None else translated("none") if value == "none" else value


def short_facts(row: Mapping[str, Any]) -> str:
    """Return for a line of a table the certain mismatches in scope and the class of DPB1; "" where nothing is known.

    >>> row = {"mismatches": "A*02:01/11:01 GvH+HvG antigen; (DPB1*13:01/05:01 GvH antigen)", "dpb1_tce": "match"}
    >>> short_facts(row)
    'mismatch: A*02:01/11:01 GvH+HvG antigen; DPB1 match'
    """
    named = [one for one in (row.get("mismatches") or "").split("; ") if one and not one.startswith("(")]
    told = "; ".join(mismatch_words("; ".join(named)))
    head = translated("mismatch: {told}", told=told) if len(named) == 1 else translated("mismatches: {told}", told=told)
    tce = row.get("dpb1_tce", _UNKNOWN_CLASS)
    dpb1 = [] if tce == _UNKNOWN_CLASS else [f"DPB1 {translated(TCE_WORDS[tce])}"]
    return "; ".join([*([head] if named else []), *dpb1])
