"""What a GL String, or a line of names, reports at each locus."""

from __future__ import annotations

import re
from functools import lru_cache

from hla_match.errors import Reason, TypingError
from hla_match.language import retellable, translatable
from hla_match.loci import LOCI, OPTIONAL_GENES, OTHER_LOCI, near_loci
from hla_match.nomenclature.gl_string.absent_genes import NO_GENE, beside_no_gene, spelt_for_both, with_absent_genes
from hla_match.nomenclature.gl_string.genotype_sets import Genotypes, Pair, column_pair, genotype_set, unite
from hla_match.nomenclature.gl_string.grammar import GLNode, locus_and_name, operands, tree, without_hla
from hla_match.nomenclature.half_width import half_width
from hla_match.nomenclature.name_line import standard_gl_string, standard_name
from hla_match.nomenclature.spelling import StandardText
from hla_match.nomenclature.standard_form import NOT_TYPED
from hla_match.nomenclature.untyped import UNKNOWN, is_untyped

UNNAMED = translatable("an alternative of a GL String does not name {locus}, which was read as not typed")
"""The note on a locus that an alternative leaves open."""

# A chromosome carries at most one of these genes, so its partner may carry another.
_SUBSTITUTES = frozenset({*OPTIONAL_GENES, NO_GENE})
_OTHER_LOCI = frozenset(OTHER_LOCI)
_KNOWN_LOCI = frozenset({*LOCI, *OTHER_LOCI})
_LONGEST_KNOWN = 200
"""Characters up to which it is kept what a block reports."""
_SWAPPED = "check that the columns are not swapped"


def split_loci(
    text: str, other_loci: list[str] | None = None, notes: list[str] | None = None
) -> dict[str, tuple[str, str]]:
    """Return what a GL String, or a line of names, reports at each locus, in the order of `LOCI`.

    Names are in standard form and lose ``HLA-`` and ``LOCUS*``; antigens (``A2``) keep their letters. One typing is
    reported homozygous and has "" as its second. Alternative genotypes stand in the first text, as in
    ``("01:01+02:01|01:02+02:03", "")``, each genotype once in whichever order it is written. Phase is dropped. A locus
    that an alternative does not name is not typed; but DRB3, DRB4 and DRB5 are absent (``NNNN``) where another of them
    stands in their place.

    Args:
        text: the GL String, or names as `hla_match.nomenclature.name_line` reads them.
        other_loci: receives the names of loci of `OTHER_LOCI`, each once.
        notes: receives what was understood differently than written, each once.

    Raises:
        TypingError: the text does not parse; a name that is no locus of the HLA region (``UNKNOWN_LOCUS``); three or
            more typings of a locus; loci mixed in one list, genotype or set of alternative genotypes, where only DRB3,
            DRB4 and DRB5 may replace each other (``WRONG_LOCUS``); or a locus in two blocks or twice in a haplotype
            (``CONFLICTING_TYPINGS``).

    >>> split_loci("HLA-A*02:01+HLA-A*24:02/HLA-A*24:03^HLA-B*07:02")
    {'A': ('02:01', '24:02/24:03'), 'B': ('07:02', '')}
    >>> split_loci("DRB3*01:01+DRB4*01:03")
    {'DRB3': ('01:01', ''), 'DRB4': ('01:03', '')}
    >>> split_loci("DRB4*01:03?DRB5*01:01")["DRB4"]
    ('01:03+01:03|01:03+NNNN|NNNN+NNNN', '')
    """
    if text.strip() and is_untyped(text):
        if notes is not None and NOT_TYPED not in notes:
            notes.append(NOT_TYPED)
        return {}
    standard = standard_gl_string(text)
    found_notes = dict.fromkeys(standard.notes)
    try:
        persons = _persons_of_known_blocks(standard, found_notes) or _persons(standard, found_notes)
    except TypingError as error:
        raise standard.refusal(error) from None
    # An alternative of nothing but loci that are passed over is passed over with them.
    reported = _united([person for person in persons if not _OTHER_LOCI.issuperset(person)], found_notes)
    unknown = [locus for locus, pairs in reported.items() if _is_open(pairs)] if UNKNOWN in standard.text else []
    for locus in unknown:
        del reported[locus]
        found_notes[NOT_TYPED] = None
    if other_loci is not None:
        named = dict.fromkeys(locus for person in persons for locus in person)
        other_loci.extend(locus for locus in named if locus not in LOCI and locus not in other_loci)
    if notes is not None:
        notes.extend(note for note in found_notes if note not in notes)
    return {locus: column_pair(spelt_for_both(locus, reported[locus])) for locus in LOCI if locus in reported}


def split_locus(locus: str, text: str, notes: list[str] | None = None) -> tuple[str, str]:
    """Return what one cell with all typings of a locus reports, as a pair of columns.

    The cell holds one or two typings, separated by blanks, a comma, a semicolon or ``+``, or a GL String of the locus.

    Raises:
        TypingError: as `split_loci`; more than two typings; or another locus (``WRONG_LOCUS``).

    >>> split_locus("A", "02:01, 24:02"), split_locus("A", "A*02:01+A*24:02"), split_locus("DRB1", "DR 15")
    (('02:01', '24:02'), ('A*02:01+A*24:02', ''), ('DR15', ''))
    """
    if is_untyped(text):
        return "", ""
    bare = half_width(text)
    if re.search("[|+]", bare) and not re.search("[?^~]", bare):
        return text.strip(), ""
    standard = standard_name(text)
    typings = re.split(r"[ ,;]+", standard.text.strip(" ,;"))
    if not re.search("[?^~]", bare) and len(typings) <= 2:
        if notes is not None:
            notes.extend(standard.notes)
        return typings[0], "".join(typings[1:])
    if len(typings) > 2:
        at = standard.text.index(typings[2], len(typings[0]) + len(typings[1]))
        raise TypingError(
            text, standard.origin[at] if standard.origin else at, expected="at most two typings of a locus"
        )
    other_loci: list[str] = []
    split = split_loci(text, other_loci, notes)
    if other_loci or split.keys() - {locus}:
        raise TypingError(text, 0, expected=f"typings of locus {locus}", reason=Reason.WRONG_LOCUS, hint=_SWAPPED)
    return split.get(locus, ("", ""))


def _persons_of_known_blocks(standard: StandardText, notes: dict[str, None]) -> list[dict[str, Genotypes]]:
    """Return the one person of a text of short blocks in standard form; none where it is another, or has a fault.

    The genotypes of a locus are far fewer than the persons of a registry.
    """
    blocks = standard.text.split("^")
    if standard.origin or "?" in standard.text or len(max(blocks, key=len)) > _LONGEST_KNOWN:
        return []
    reported: dict[str, Genotypes] = {}
    n_loci = 0
    try:
        known = [_known_block(block) for block in blocks]
    except TypingError:  # whose position is that in the block
        return []
    for found, _ in known:
        reported |= found
        n_loci += len(found)
    if n_loci > len(reported):
        return []
    notes |= dict.fromkeys(note for _, several in known for note in several)
    return [reported]


@lru_cache(maxsize=1 << 14)
def _known_block(text: str) -> tuple[dict[str, Genotypes], tuple[str, ...]]:
    """Return the genotypes of a block in standard form, and the notes on them."""
    notes: dict[str, None] = {}
    found = _block(text, 0, tree(text, 0, len(text), 0, checked=True), notes)
    return found, tuple(notes)


def _persons(standard: StandardText, notes: dict[str, None]) -> list[dict[str, Genotypes]]:
    """Return the genotypes of every locus of each whole alternative."""
    text = standard.text
    # What was in standard form at first sight has names that need no second look.
    node = tree(text, 0, len(text), 0, checked=not standard.origin)
    return [_person(text, start, alternative, notes) for start, alternative in operands(node, 0, "?")]


def _person(text: str, start: int, node: GLNode, notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the genotypes of every locus of one whole alternative."""
    reported: dict[str, Genotypes] = {}
    for block_start, block in operands(node, start, "^"):
        found = _block(text, block_start, block, notes)
        for locus in found:
            if locus in reported:
                raise TypingError(
                    text,
                    block_start,
                    expected=f"a locus other than {locus}, which stands in an earlier block",
                    reason=Reason.CONFLICTING_TYPINGS,
                    hint="join alternative genotypes of a locus with '|' and its two typings with '+'",
                )
        reported.update(found)
    return reported


def _block(text: str, start: int, node: GLNode, notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the alternative genotypes of one block, all of the same loci."""
    alternatives: list[dict[str, Genotypes]] = []
    for genotype_start, genotype in operands(node, start, "|"):
        found = _genotype(text, genotype_start, genotype)
        if alternatives:
            _require_same_loci(text, genotype_start, set(alternatives[0]), set(found))
        alternatives.append({locus: genotype_set([pair]) for locus, pair in found.items()})
    return _united(alternatives, notes)


def _united(alternatives: list[dict[str, Genotypes]], notes: dict[str, None]) -> dict[str, Genotypes]:
    """Return the genotypes of alternatives; a locus that one of them leaves open is not typed, which is noted."""
    if len(alternatives) == 1:
        return alternatives[0]
    reported: dict[str, Genotypes] = {}
    spelt = with_absent_genes(alternatives)
    for alternative in spelt:
        unite(reported, alternative)
    for locus in LOCI:
        if locus in reported and any(locus not in alternative for alternative in spelt):
            notes[retellable(UNNAMED, locus=locus)] = None
            del reported[locus]
    return reported


def _is_open(alternatives: Genotypes) -> bool:
    """Say whether one of the alternatives of a locus is that it was not typed."""
    return any({UNKNOWN, ""}.issuperset(pair) for pair in alternatives.values())


def _genotype(text: str, start: int, node: GLNode) -> dict[str, Pair]:
    """Return the pair of typings of every locus of one genotype, the phase dropped."""
    places = list(operands(node, start, "+"))
    if len(places) > 2:
        raise TypingError(text, places[2][0], expected="at most two typings of a locus")
    haplotypes = [_haplotype(text, *place) for place in places]
    if len(haplotypes) == 2:
        _require_same_loci(text, places[1][0], set(haplotypes[0]), set(haplotypes[1]))
    found: dict[str, Pair] = {}
    for haplotype in haplotypes:
        for locus, typing in haplotype.items():
            found[locus] = (found[locus][0], typing) if locus in found else (typing, "")
    return beside_no_gene(found)


def _haplotype(text: str, start: int, node: GLNode) -> dict[str, str]:
    """Return the typing of every locus of one chromosome."""
    found: dict[str, str] = {}
    for list_start, alleles in operands(node, start, "~"):
        locus, typing = _allele_list(text, list_start, alleles)
        if locus in found:
            raise TypingError(
                text,
                list_start,
                expected=f"a locus other than {locus}, which the haplotype has already",
                reason=Reason.CONFLICTING_TYPINGS,
            )
        found[locus] = typing
    return found


def _allele_list(text: str, start: int, node: GLNode) -> tuple[str, str]:
    """Return the one locus of a list of alleles, and the list of their names."""
    locus = ""
    names: list[str] = []
    for leaf_start, leaf in operands(node, start, "/"):
        found, name = locus_and_name(leaf.text)
        if found not in _KNOWN_LOCI:
            raise _unknown_locus(text, leaf_start + len(leaf.text) - len(without_hla(leaf.text)), found)
        if names and found != locus:
            raise TypingError(text, leaf_start, expected=f"an allele of locus {locus}", reason=Reason.WRONG_LOCUS)
        locus = found
        names.append(name)
    return locus, "/".join(names)


def _unknown_locus(text: str, start: int, locus: str) -> TypingError:
    """Return the error of a name that is no locus, with the loci that may be meant."""
    *others, last = near_loci(locus) or ("",)
    return TypingError(
        text,
        start,
        expected=f"one of the loci {', '.join(LOCI)}",
        reason=Reason.UNKNOWN_LOCUS,
        hint=f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if last else "",
    )


def _require_same_loci(text: str, start: int, before: set[str], found: set[str]) -> None:
    """Refuse an operand whose loci differ from those of the operands before it."""
    if (before ^ found) - _SUBSTITUTES:
        raise TypingError(
            text,
            start,
            expected=f"the locus {', '.join(sorted(before))} as before",
            reason=Reason.WRONG_LOCUS,
            hint="separate loci with '^'",
        )
