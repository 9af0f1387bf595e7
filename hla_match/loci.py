"""The loci of the HLA region that the engine knows, their order, and the match scopes.

Sources: locus names, Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291),
table 1, "Names for genes in the HLA region", with the loci that IPD-IMGT/HLA names alleles of up to release 3.58 (R and
HFE beside them); scopes, Dehn et al., Blood 2019;134:924, "HLA matching".
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from types import MappingProxyType

from hla_match.errors import CriteriaError, ErrorCode
from hla_match.errors.arguments import check_name, check_type

LOCI: tuple[str, ...] = ("A", "B", "C", "DRB1", "DRB3", "DRB4", "DRB5", "DQA1", "DQB1", "DPA1", "DPB1")
"""Every locus, in the order in which reports and files list them."""

OTHER_LOCI: tuple[str, ...] = (
    "E", "F", "G", "H", "J", "K", "L", "N", "P", "R", "S", "T", "U", "V", "W", "X", "Y", "Z",
    "DRA", "DRB2", "DRB6", "DRB7", "DRB8", "DRB9", "DRBX", "DQA2", "DQB2", "DQB3", "DPA2", "DPB2", "DPA3",
    "DMA", "DMB", "DOA", "DOB", "MICA", "MICB", "MICC", "MICD", "MICE", "TAP1", "TAP2", "PSMB8", "PSMB9", "HFE",
)  # fmt: skip
"""The other loci of the region, which are read and not compared; DRBX is the "any of DRB3, DRB4, DRB5" of laboratories.

A name that is neither here nor in `LOCI` is a mistake.
"""

_ALIKE = 0.5
"""The similarity, from 0 to 1, from which on a wrong name suggests a locus: half of their letters are equal."""

OPTIONAL_GENES = ("DRB3", "DRB4", "DRB5")
"""Genes of which a chromosome carries at most one, and may carry none."""

DRB345 = "DRB345"
"""The scope locus of the two positions of a person's DRB3, DRB4 and DRB5 genes as one; no laboratory reports it."""

SCOPE_LOCI: tuple[str, ...] = tuple(
    scope_locus for locus in LOCI for scope_locus in ((locus, DRB345) if locus == OPTIONAL_GENES[-1] else (locus,))
)
"""Every locus that can be in scope, in the order in which results list them."""

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
    """Return the loci of a scope: a name of `SCOPES` or a list such as ``"A,B,DRB1"``, in which DRB345 may stand.

    Raises:
        CriteriaError: the name is not a scope, or a locus is unknown, named twice or counted twice.

    >>> scope_loci("8/8")
    ('A', 'B', 'C', 'DRB1')
    >>> scope_loci("drb1, B")
    ('B', 'DRB1')
    """
    check_type("scope", scope, str, expected="a text such as 10/10 or A,B,DRB1")
    named = SCOPES.get(scope.strip())
    if named is not None:
        return named
    wanted = [part.strip().upper().removeprefix("HLA-") for part in scope.split(",")]
    unknown = [part for part in wanted if part not in SCOPE_LOCI]
    if unknown or len(set(wanted)) < len(wanted):
        raise CriteriaError(
            "scope",
            found=scope,
            expected=f"one of {', '.join(SCOPES)}, or distinct loci of {','.join(SCOPE_LOCI)}, separated by commas",
            code=ErrorCode.CRITERIA_UNKNOWN,
        )
    if DRB345 in wanted and (twice := [gene for gene in OPTIONAL_GENES if gene in wanted]):
        raise CriteriaError("scope", found=scope, expected=f"{DRB345} or {', '.join(twice)}, whose alleles it counts")
    return tuple(locus for locus in SCOPE_LOCI if locus in wanted)


def typed_loci(loci: str) -> tuple[str, ...]:
    """Return the loci of a list as `scope_loci` reads it, all of which are typed by laboratories.

    Raises:
        CriteriaError: as `scope_loci`, or DRB345 is among them, which follows from the typings of its genes.
    """
    found = scope_loci(loci)
    if DRB345 in found:
        raise CriteriaError("loci", found=loci, expected=f"{', '.join(OPTIONAL_GENES)} instead of {DRB345}")
    return found


def genes_of(locus: str) -> tuple[str, ...]:
    """Return the loci at which typings of a scope locus are reported.

    >>> genes_of("A"), genes_of("DRB345")
    (('A',), ('DRB3', 'DRB4', 'DRB5'))
    """
    return OPTIONAL_GENES if locus == DRB345 else (locus,)


def check_locus(name: str, locus: object) -> None:
    """Refuse an argument that is no locus.

    Args:
        name: of the argument.
        locus: as given.

    Raises:
        CriteriaError: it is none of `LOCI`.

    >>> try:
    ...     check_locus("locus", "DQ")
    ... except CriteriaError as error:
    ...     error.hint
    'did you mean DQA1, DQB1?'
    """
    near = [one for one in near_loci(locus) if one in LOCI] if isinstance(locus, str) else []
    hint = f"did you mean {', '.join(near)}?" if near else ""
    check_name(name, locus, LOCI, expected="one of", hint=hint)


def near_loci(name: str) -> tuple[str, ...]:
    """Return the loci that may be meant by a name that is no locus.

    They are the one that stands before its digits, else those that begin so, else those most alike.

    >>> near_loci("B27"), near_loci("DR"), near_loci("DQ1"), near_loci("AA"), near_loci("DRA1"), near_loci("KIR")
    (('B',), ('DRB1', 'DRB3', 'DRB4', 'DRB5'), ('DQA1', 'DQB1'), ('A',), ('DRA',), ())
    """
    bare = name.upper().removeprefix("HLA")
    stem = bare.rstrip("0123456789")
    if stem in LOCI:
        return (stem,)
    begun = tuple(locus for locus in LOCI if bare and locus.startswith(bare))
    # A much longer name is like none; comparing it would take the square of its length.
    longest = max(map(len, (*LOCI, *OTHER_LOCI)))
    if begun or _ALIKE * (len(bare) + longest) > 2 * longest:
        return begun
    best, near = _most_alike(bare, LOCI)
    best_other, others = _most_alike(bare, OTHER_LOCI)
    if best_other > max(best, _ALIKE):
        return others
    return near if best >= _ALIKE else ()


def _most_alike(name: str, loci: tuple[str, ...]) -> tuple[float, tuple[str, ...]]:
    alike = {locus: SequenceMatcher(None, name, locus).ratio() for locus in loci}
    best = max(alike.values())
    return best, tuple(locus for locus in loci if alike[locus] == best)
