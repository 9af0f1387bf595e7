"""The label of each DPB1 allele by version 3 of the T-cell epitope groups, which tells core from non-core alleles.

Source: Arrieta-Bolaños et al., Blood 2022;140:659. The labels are shown as the release has them, and no class of a pair
of persons is drawn from them. Oracle: ``tests/oracle/tce.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hla_match.immunogenetics.reported_sides import LocusSides, ReportedSide, SidePair
from hla_match.kernels.codes import NEW, NULL

NO_LABEL, NULL_ALLELE = "?", "null"
"""What stands for an allele without a label, and for a null allele."""


def labels_text(genotypes: Iterable[tuple[frozenset[str], frozenset[str]]]) -> str:
    """Return the labels of a typing in words: of both alleles, in the order in which they were reported.

    Args:
        genotypes: for each alternative genotype the labels that its two alleles can have.

    >>> labels_text([(frozenset({"3 (core)"}), frozenset({"2", "?"}))])
    '3 (core)+2/?'
    >>> labels_text([(frozenset({"1"}), frozenset({"2"})), (frozenset({"1"}), frozenset({"null"}))])
    '1+2|1+null'
    """
    found: dict[tuple[str, ...], str] = {}
    for pair in genotypes:
        sides = ["/".join(sorted(labels, key=_place)) for labels in pair]
        # The same two alleles the other way round are told once.
        found.setdefault(tuple(sorted(sides)), "+".join(sides))
    return "|".join(found.values())


def typing_labels(pairs: Sequence[SidePair], sides: LocusSides) -> str | None:
    """Return the labels of a typing of DPB1 in words; None where it is not typed.

    Args:
        pairs: the alternative genotypes; none where it is not typed.
        sides: reads the typings of DPB1, of a release with version 3.
    """
    return labels_text((_labels(first, sides), _labels(second, sides)) for first, second in pairs) or None


def _labels(side: ReportedSide, sides: LocusSides) -> frozenset[str]:
    """Return the labels that one side of a typing can have."""
    label, is_null = sides.index.tables.tce_group_v3, sides.index.is_null
    found = {label[row] or NO_LABEL for row in side.alleles if not is_null[row]}
    if NULL in side.codes:
        found.add(NULL_ALLELE)
    return frozenset(found | {NO_LABEL} if NEW in side.codes or not found else found)


def _place(label: str) -> tuple[bool, bool, str]:
    return label == NO_LABEL, label == NULL_ALLELE, label
