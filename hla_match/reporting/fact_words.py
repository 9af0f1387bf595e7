"""Facts beside the match of one donor in words, from the columns of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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
        yield f"Mismatches (patient/donor): {known['mismatches']}."
    if row.get("dpb1_tce", _UNKNOWN_CLASS) != _UNKNOWN_CLASS:
        yield f"DPB1 by T-cell epitope groups: {row['dpb1_tce']}."
    if known["dpb1_expression"]:
        yield f"Expression of the patient's mismatched DPB1 allele: {known['dpb1_expression']}."
    if known["b_leader"]:
        yield f"Leaders of the mismatch at B: {known['b_leader']}."
    missing = [row.get(f"kir_missing_{direction}") for direction in ("gvh", "hvg")]
    if any(missing):
        yield f"KIR ligands that are missing: GvH {missing[0] or 'not known'}, HvG {missing[1] or 'not known'}."
    groups = [row.get(f"{person}_dq_groups") for person in ("patient", "donor")]
    if any(groups):
        yield f"Groups of HLA-DQ heterodimers: patient {groups[0] or 'not known'}, donor {groups[1] or 'not known'}."
    if known["lel"] and known["lel"] != "0":
        yield f"Mismatches at DRB3/4/5, DQB1 and DPB1 in GvH direction: {known['lel']}."


def short_facts(row: Mapping[str, Any]) -> str:
    """Return for a line of a table the certain mismatches in scope and the class of DPB1; "" where nothing is known.

    >>> row = {"mismatches": "A*02:01/11:01 GvH+HvG antigen; (DPB1*13:01/05:01 GvH antigen)", "dpb1_tce": "match"}
    >>> short_facts(row)
    'mismatch: A*02:01/11:01 GvH+HvG antigen; DPB1 match'
    """
    named = [one for one in (row.get("mismatches") or "").split("; ") if one and not one.startswith("(")]
    head = f"mismatch{'es' * (len(named) > 1)}: {'; '.join(named)}"
    tce = row.get("dpb1_tce", _UNKNOWN_CLASS)
    return "; ".join([*([head] if named else []), *([f"DPB1 {tce}"] if tce != _UNKNOWN_CLASS else [])])
