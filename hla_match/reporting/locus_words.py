"""One locus of a patient and a donor in words: how each typing is understood, and what was found between them."""

from __future__ import annotations

from hla_match.kernels.codes import BEST, GVH_BEST, HVG_BEST, WORST
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.reading import LocusReading, Side

_GROUPS, _ANTIGENS = 3, 3
"""Entries of a long list that are shown."""

_LEVELS = {
    "L": "at allele level, with the same antigen",
    "M": "at antigen level",
    "?": "with an allele that has no name",
}
"""What the grade letter of a mismatch says of it."""


def understood(reading: LocusReading) -> str:
    """Return what a typing of a locus is read as.

    >>> from hla_match.nomenclature.reading import locus_reading
    >>> from hla_match.nomenclature.release import Nomenclature
    >>> understood(locus_reading(Nomenclature.builtin(), "A", "02:01", "01:04N"))
    '02:01P + null'
    """
    if reading.error is not None:
        return "cannot be read"
    if not reading.genotypes:
        return "not typed"
    if reading.is_absent:
        return "absent on both chromosomes"
    if len(reading.genotypes) > 1:
        return f"one of {len(reading.genotypes):,} genotypes, as {_pair(reading, 0)}"
    one, _ = reading.genotypes[0]
    return f"{_side(reading.locus, one)}, reported for both" if reading.is_lone else _pair(reading, 0)


def _pair(reading: LocusReading, number: int) -> str:
    return " + ".join(_side(reading.locus, side) for side in reading.genotypes[number])


def _side(locus: str, side: Side) -> str:
    if side.is_absent:
        return "absent"
    if side.is_new:
        return "NEW, matches nothing"
    if not side.p_groups:
        return "null"
    or_null = " or null" if side.has_null else ""
    if len(side.p_groups) == 1:
        return f"{side.p_groups[0]}{or_null}"
    prefix = SEROLOGY_PREFIX.get(locus, "")
    antigens = ", ".join(prefix + one.removeprefix("*") for one in side.antigens[:_ANTIGENS])
    shown = ", ".join(side.p_groups[:_GROUPS]) + (", ..." if len(side.p_groups) > _GROUPS else "")
    return f"{len(side.p_groups):,} P groups ({antigens + ': ' if antigens else ''}{shown}){or_null}"


def matched(counts: tuple[int, ...], grades: str, *, patient_typed: bool, donor_typed: bool) -> str:
    """Return what was found at a locus, in words.

    Args:
        counts: the six counts of the locus, as in `hla_match.kernels.search.locus_count`.
        grades: the two position grades, in the order of the donor's alleles.
        patient_typed: whether the patient is typed there.
        donor_typed: whether the donor is.

    >>> matched((2, 2, 0, 0, 0, 0), "AA", patient_typed=True, donor_typed=True)
    'both alleles match'
    >>> matched((1, 0, 1, 2, 1, 2), "PL", patient_typed=True, donor_typed=True)
    'one mismatch GvH and HvG, at allele level, with the same antigen; the other allele may match'
    >>> matched((2, 0, 0, 2, 0, 2), "PP", patient_typed=True, donor_typed=False)
    'the donor is not typed here: both alleles may match'
    """
    best, worst = counts[BEST], counts[WORST]
    if not (patient_typed and donor_typed):
        who = "the donor is not" if patient_typed else "the patient is not" if donor_typed else "neither person is"
        return f"{who} typed here: both alleles may match"
    if best == 2:
        return "both alleles " + ("may match, neither certainly", "may match, one certainly", "match")[worst]
    directions = [name for name, row in (("GvH", GVH_BEST), ("HvG", HVG_BEST)) if counts[row]]
    levels = [_LEVELS[letter] for letter in dict.fromkeys(grades) if letter in _LEVELS]
    n_mismatches = "one mismatch" if best == 1 else "two mismatches"
    said = ", ".join([f"{n_mismatches}{' ' if directions else ''}{' and '.join(directions)}", *levels])
    return f"{said}; the other allele {'matches' if worst else 'may match'}" if best == 1 else said
