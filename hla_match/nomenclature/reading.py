"""How a typing of any form is understood, locus by locus, before anything is searched."""

from __future__ import annotations

from dataclasses import dataclass

from hla_match.errors import TypingError
from hla_match.errors.arguments import check_type
from hla_match.loci import LOCI, check_locus
from hla_match.nomenclature.gl_string import column_notes, genotypes, is_absent_gene, split_loci, split_locus
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.name_line import standard_gl_string
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.standard_form import standard_typing
from hla_match.nomenclature.untyped import is_untyped


@dataclass(frozen=True, slots=True)
class Side:
    """What one chromosome's typing can be.

    Attributes:
        text: in standard form.
        n_alleles: the alleles that it stands for.
        p_groups: the P groups of those that are expressed.
        antigens: of these P groups; "*12" for a first field of which none is known.
        has_null: a null allele is among the alternatives.
        is_new: reported as NEW.
        is_absent: the chromosome lacks the gene.
    """

    text: str
    n_alleles: int = 0
    p_groups: tuple[str, ...] = ()
    antigens: tuple[str, ...] = ()
    has_null: bool = False
    is_new: bool = False
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class LocusReading:
    """What a typing reports at one locus.

    Attributes:
        locus: the locus.
        genotypes: the alternatives, each of two sides; none where the locus was not typed or cannot be read.
        is_lone: one typing is reported for both chromosomes.
        notes: what was understood differently than written.
        error: why it cannot be read, or None.
    """

    locus: str
    genotypes: tuple[tuple[Side, Side], ...] = ()
    is_lone: bool = False
    notes: tuple[str, ...] = ()
    error: TypingError | None = None

    @property
    def is_absent(self) -> bool:
        """Whether both chromosomes lack the gene."""
        return bool(self.genotypes) and all(side.is_absent for pair in self.genotypes for side in pair)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a typing is understood.

    Attributes:
        text: as it was written.
        gl_string: the line in standard form, "" where it cannot be read.
        loci: the loci that are typed or cannot be read, in the order of `hla_match.loci.LOCI`.
        ignored_loci: loci that were passed over.
        notes: what was understood differently than written, those of single loci apart.
        error: why the line cannot be read at all, or None.
    """

    text: str
    gl_string: str = ""
    loci: tuple[LocusReading, ...] = ()
    ignored_loci: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: TypingError | None = None

    @property
    def is_readable(self) -> bool:
        """Whether all of it could be read."""
        return self.error is None and all(locus.error is None for locus in self.loci)


def read_typing(
    text: str,
    nomenclature: Nomenclature,
    *,
    locus: str | None = None,
    codes: MacTable | None = None,
) -> Reading:
    """Return how a typing is understood; what cannot be read stands in the result as an error.

    Args:
        text: a GL String or a line of names; with `locus`, a cell with one or two typings of that locus.
        nomenclature: reads the names.
        locus: the locus of names that stand without one.
        codes: multiple allele codes.

    Raises:
        CriteriaError: the text or the nomenclature is of another type, or the locus is unknown.

    >>> reading = read_typing("a0201 B*46:01", Nomenclature.builtin())
    >>> reading.gl_string, [found.genotypes[0][0].p_groups for found in reading.loci]
    ('A*0201^B*46:01', [('02:01P',), ('46:01',)])
    """
    check_type("text", text, str, expected="a typing as text")
    check_type("nomenclature", nomenclature, Nomenclature, expected="a Nomenclature, such as Nomenclature.builtin()")
    if locus is not None:
        check_locus("locus", locus)
    notes: list[str] = []
    ignored: list[str] = []
    try:
        if locus is None:
            typings = split_loci(text, ignored, notes)
            gl_string = "" if is_untyped(text) else standard_gl_string(text).text
        else:
            typings = {locus: split_locus(locus, text, notes)}
            gl_string = "+".join(standard_typing(locus, side).text for side in typings[locus] if side)
    except TypingError as error:
        return Reading(text, error=error)
    loci = [locus_reading(nomenclature, one, *typings[one], codes) for one in LOCI if one in typings]
    read = tuple(found for found in loci if found.genotypes or found.error or found.notes)
    return Reading(text, gl_string, read, tuple(ignored), tuple(notes))


def locus_reading(
    nomenclature: Nomenclature, locus: str, first: str, second: str, codes: MacTable | None = None
) -> LocusReading:
    """Return how the two texts that a locus was reported with are understood."""
    notes = dict.fromkeys(column_notes(first, second))
    sides: dict[str, Side] = {}
    try:
        pairs = genotypes(first, second)
        for text in dict.fromkeys(side for pair in pairs for side in pair):
            sides[text] = _side(nomenclature, locus, text, codes, notes)
    except TypingError as error:
        return LocusReading(locus, error=error)
    is_lone = len(pairs) == 1 and pairs[0][0] == pairs[0][1] and "+" not in first and not second
    return LocusReading(locus, tuple((sides[one], sides[other]) for one, other in pairs), is_lone, tuple(notes))


def _side(
    nomenclature: Nomenclature,
    locus: str,
    text: str,
    codes: MacTable | None,
    notes: dict[str, None],
) -> Side:
    standard = standard_typing(locus, text).text
    if is_absent_gene(locus, text):
        return Side(standard, is_absent=True)
    expansion = nomenclature.expand(locus, text, codes)
    notes.update(dict.fromkeys(expansion.notes))
    groups = nomenclature.p_groups(locus)
    return Side(
        text=standard,
        n_alleles=len(expansion.alleles),
        p_groups=tuple(groups[code] for code in expansion.p_codes),
        antigens=expansion.antigens,
        has_null=expansion.has_null,
        is_new=expansion.is_new,
    )
