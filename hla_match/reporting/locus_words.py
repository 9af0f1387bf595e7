"""One locus of a patient and a donor in words: how each typing is understood, and what was found between them."""

from __future__ import annotations

from hla_match.kernels.codes import BEST, GVH_BEST, HVG_BEST, WORST
from hla_match.language import language, translatable, translated
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.reading import LocusReading, Side

_GROUPS, _ANTIGENS = 3, 3
"""Entries of a long list that are shown."""

_LEVELS = {
    "L": translatable("at allele level, with the same antigen"),
    "M": translatable("at antigen level"),
    "?": translatable("with an allele that has no name"),
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
        return translated("cannot be read")
    if not reading.genotypes:
        return translated("not typed")
    if reading.is_absent:
        return translated("absent on both chromosomes")
    if len(reading.genotypes) > 1:
        n = len(reading.genotypes)
        return translated("one of {n} genotypes, as {first}", n=f"{n:,}", first=_pair(reading, 0))
    one, _ = reading.genotypes[0]
    if reading.is_lone:
        return translated("{allele}, reported for both", allele=_side(reading.locus, one))
    return _pair(reading, 0)


def _pair(reading: LocusReading, number: int) -> str:
    return " + ".join(_side(reading.locus, side) for side in reading.genotypes[number])


def _side(locus: str, side: Side) -> str:
    if side.is_absent:
        return translated("absent")
    if side.is_new:
        return translated("NEW, matches nothing")
    if not side.p_groups:
        return translated("null")
    or_null = translated(" or null") if side.has_null else ""
    if len(side.p_groups) == 1:
        return f"{side.p_groups[0]}{or_null}"
    prefix = SEROLOGY_PREFIX.get(locus, "")
    antigens = ", ".join(prefix + one.removeprefix("*") for one in side.antigens[:_ANTIGENS])
    shown = ", ".join(side.p_groups[:_GROUPS]) + (", ..." if len(side.p_groups) > _GROUPS else "")
    groups = translated("{n} P groups", n=f"{len(side.p_groups):,}")
    return f"{groups} ({antigens + ': ' if antigens else ''}{shown}){or_null}"


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
        if patient_typed:
            return translated("the donor is not typed here: both alleles may match")
        if donor_typed:
            return translated("the patient is not typed here: both alleles may match")
        return translated("neither person is typed here: both alleles may match")
    if best == 2:
        return translated(_MATCHED[worst])
    directions = translated(" and ").join(name for name, row in (("GvH", GVH_BEST), ("HvG", HVG_BEST)) if counts[row])
    levels = [translated(_LEVELS[letter]) for letter in dict.fromkeys(grades) if letter in _LEVELS]
    n_mismatches = translated("one mismatch") if best == 1 else translated("two mismatches")
    said = _CLAUSES[language()].join([f"{n_mismatches}{' ' if directions else ''}{directions}", *levels])
    if best != 1:
        return said
    other = translated("; the other allele matches") if worst else translated("; the other allele may match")
    return f"{said}{other}"


_MATCHED = (
    translatable("both alleles may match, neither certainly"),
    translatable("both alleles may match, one certainly"),
    translatable("both alleles match"),
)
_CLAUSES = {"en": ", ", "zh": "\uff0c"}
