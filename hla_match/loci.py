"""The loci of the HLA region that the engine knows, their order, and the match scopes.

Sources: locus names, Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291),
section "Naming of HLA genes"; scopes, Dehn et al., Blood 2019;134:924, "HLA matching".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.errors import CriteriaError

LOCI: tuple[str, ...] = ("A", "B", "C", "DRB1", "DRB3", "DRB4", "DRB5", "DQA1", "DQB1", "DPA1", "DPB1")
"""Every locus, in the order in which reports and files list them."""

OPTIONAL_GENES = ("DRB3", "DRB4", "DRB5")
"""Genes of which a chromosome carries at most one, and may carry none."""

SEROLOGY_PREFIX: Mapping[str, str] = MappingProxyType(
    {"A": "A", "B": "B", "C": "Cw", "DRB1": "DR", "DRB3": "DR", "DRB4": "DR", "DRB5": "DR", "DQB1": "DQ"}
)
"""The letters that stand before a serological antigen of a locus; a locus that is absent has no antigens."""

SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "6/6": ("A", "B", "DRB1"),
        "8/8": ("A", "B", "C", "DRB1"),
        "10/10": ("A", "B", "C", "DRB1", "DQB1"),
        "12/12": ("A", "B", "C", "DRB1", "DQB1", "DPB1"),
    }
)
"""The named match scopes: the loci whose alleles are counted, two a locus."""


def scope_loci(scope: str) -> tuple[str, ...]:
    """Return the loci of a scope: a name of `SCOPES` or a list such as ``"A,B,DRB1"``.

    Raises:
        CriteriaError: the name is not a scope, or a locus is unknown or named twice.

    >>> scope_loci("8/8")
    ('A', 'B', 'C', 'DRB1')
    >>> scope_loci("drb1, B")
    ('B', 'DRB1')
    """
    named = SCOPES.get(scope.strip())
    if named is not None:
        return named
    wanted = [part.strip().upper().removeprefix("HLA-") for part in scope.split(",")]
    unknown = [part for part in wanted if part not in LOCI]
    if unknown or len(set(wanted)) < len(wanted):
        raise CriteriaError(
            "scope",
            found=scope,
            expected=f"one of {', '.join(SCOPES)}, or distinct loci of {','.join(LOCI)}, separated by commas",
        )
    return tuple(locus for locus in LOCI if locus in wanted)
