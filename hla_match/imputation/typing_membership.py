"""Which alleles of the panels the distinct typings of a registry, or of a patient, allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hla_match.imputation.offsets import offsets
from hla_match.imputation.panels import Panels
from hla_match.kernels.codes import NULL
from hla_match.kernels.schema.haplotypes import TypingAlleles
from hla_match.kernels.schema.typings import TypingTable
from hla_match.typings.encoding import Alternative, alternatives_with_nulls


class LocusAlleles(NamedTuple):
    """The typings of one locus in terms of the panels' alleles; numbers count from the first of the locus.

    Attributes:
        with_nulls_start: (entries,) int64 offsets into `with_nulls_set`.
        with_nulls_set: (alternatives, 2) int64 sets of each alternative.
        set_size: (sets,) int64 alleles of each set.
        set_allele: int64 alleles of each set, set after set.
        stated: (entries, 3) int32 as in `TypingAlleles`.
        max_signatures: as in `TypingAlleles`.
    """

    with_nulls_start: NDArray[np.int64]
    with_nulls_set: NDArray[np.int64]
    set_size: NDArray[np.int64]
    set_allele: NDArray[np.int64]
    stated: NDArray[np.int32]
    max_signatures: int


_NOT_TYPED = LocusAlleles(
    np.zeros(2, np.int64),
    np.zeros((0, 2), np.int64),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
    np.full((2, 3), -1, np.int32),
    3,
)
"""The typings of a locus at which no person is typed."""


def typing_membership(panels: Panels, tables: Mapping[str, TypingTable]) -> TypingAlleles:
    """Return the typings of some tables in terms of the panels' alleles; a locus without a table has none."""
    return join_loci([locus_alleles(panels, row, tables.get(locus)) for row, locus in enumerate(panels.loci)])


def locus_alleles(panels: Panels, row: int, table: TypingTable | None) -> LocusAlleles:
    """Return the typings of one locus of the panels in terms of its alleles; None: no person is typed there."""
    if table is None:
        return _NOT_TYPED
    code = panels.allele_code[row]
    allele, known = _among(code, table.counted.set_member)
    of_set = np.repeat(np.arange(table.counted.set_start.size - 1), np.diff(table.counted.set_start))[known]
    set_size = np.bincount(of_set, minlength=table.counted.set_start.size - 1)
    set_allele = allele[known]
    return LocusAlleles(
        table.with_nulls.pair_start.astype(np.int64),
        table.with_nulls.pair_set.astype(np.int64),
        set_size,
        set_allele,
        _stated(table, code, or_homozygous=panels.chain.locus_panel[row] < 0),
        max(_NOT_TYPED.max_signatures, _most_alleles(table, set_size, set_allele, code.size)),
    )


def typing_alleles(panels: Panels, row: int, alternatives: Sequence[Alternative]) -> LocusAlleles:
    """Return one typing of a locus of the panels, number 1 beside "not typed", in terms of its alleles.

    It is what `locus_alleles` returns for a table of one typing, found without the table. A typing without alternatives
    is none: the locus is not typed.
    """
    if not alternatives:
        return _NOT_TYPED
    code = panels.allele_code[row]
    number: dict[tuple[int, ...], int] = {}
    pairs = [[number.setdefault(side.codes, len(number)) for side in pair] for pair in alternatives]
    size = [len(codes) for codes in number]
    allele, known = _among(code, np.array([one for codes in number for one in codes], np.int32))
    set_allele, set_size = allele, np.array(size, np.int64)
    if not known.all():
        set_allele = allele[known]
        set_size = np.bincount(np.repeat(np.arange(len(size)), size)[known], minlength=len(size))
    stated = np.full((3, 3), -1, np.int32)
    _state(stated, 1, stated_genotypes(alternatives), code, or_homozygous=panels.chain.locus_panel[row] < 0)
    most = np.unique(set_allele).size if len(pairs) > 1 else 0
    return LocusAlleles(
        np.array([0, 0, len(pairs)], np.int64),
        np.array(pairs, np.int64),
        set_size,
        set_allele,
        stated,
        max(_NOT_TYPED.max_signatures, most),
    )


def join_loci(loci: Sequence[LocusAlleles]) -> TypingAlleles:
    """Return the typings of all loci of the panels, given locus by locus."""
    first_alternative = offsets([one.with_nulls_set.shape[0] for one in loci]).tolist()[:-1]
    first_set = offsets([one.set_size.size for one in loci]).tolist()[:-1]
    return TypingAlleles(
        typing_start=offsets([one.with_nulls_start.size for one in loci])[:-1],
        with_nulls_start=np.concatenate(
            [one.with_nulls_start + first for one, first in zip(loci, first_alternative, strict=True)]
        ),
        with_nulls_set=np.concatenate([one.with_nulls_set + first for one, first in zip(loci, first_set, strict=True)]),
        set_start=offsets(np.concatenate([one.set_size for one in loci])),
        set_allele=np.concatenate([one.set_allele for one in loci]),
        stated=np.concatenate([one.stated for one in loci]),
        max_signatures=max(one.max_signatures for one in loci),
    )


def _among(code: NDArray[np.int32], wanted: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where codes stand among ascending ones, and whether they are among them."""
    position = np.searchsorted(code, wanted)
    position[position == code.size] = 0
    return position, code[position] == wanted


def _most_alleles(table: TypingTable, size: NDArray[np.int64], allele: NDArray[np.int64], n_alleles: int) -> int:
    """Return the most alleles that a typing of several alternatives allows; 0 where there is no such typing.

    Args:
        table: the typings.
        size: (sets,) known alleles of each set.
        allele: those alleles, set after set.
        n_alleles: alleles of the locus.
    """
    n_alternatives = np.diff(table.with_nulls.pair_start)
    if n_alternatives.max(initial=0) < 2:
        return 0
    typing = np.repeat(np.arange(n_alternatives.size), n_alternatives)
    several = n_alternatives[typing] > 1
    sets = table.with_nulls.pair_set[several].ravel()
    typing = np.repeat(np.repeat(typing[several], 2), size[sets])
    start = offsets(size)[sets]
    # Ranges of `allele`, one after another.
    within = np.arange(typing.size) - np.repeat(offsets(size[sets])[:-1], size[sets])
    of_typing = np.unique(typing * n_alleles + allele[np.repeat(start, size[sets]) + within]) // n_alleles
    return int(np.bincount(of_typing).max(initial=0))


def stated_genotypes(alternatives: Iterable[Alternative]) -> tuple[tuple[int, int], ...]:
    """Return the genotypes of a typing that leaves one, the lesser allele first, or one with or without a null.

    A gene that is reported once may be on one chromosome alone: (a, a) or (null, a). What differs otherwise is not
    stated, and nothing is returned.

    >>> from hla_match.typings.encoding import ABSENT, Side
    >>> four, five = Side((4,)), Side((5,))
    >>> stated_genotypes([(five, four)]), stated_genotypes([(four, four), (four, ABSENT)])
    (((4, 5),), ((0, 4), (4, 4)))
    """
    found: set[tuple[int, int]] = set()
    for first, second in alternatives:
        if len(first.codes) > _STATED_MEMBERS or len(second.codes) > _STATED_MEMBERS:
            return ()
        found |= {(min(one, other), max(one, other)) for one in first.codes for other in second.codes}
    counts_for = {(other if one == NULL else one, other) for one, other in found}
    return tuple(sorted(found)) if len(counts_for) == 1 else ()


_STATED_MEMBERS = 2
"""An allele, and beside it perhaps a null one."""


def _stated(table: TypingTable, code: NDArray[np.int32], *, or_homozygous: bool) -> NDArray[np.int32]:
    """Return (typings + 1, 3) what each typing states, as in `TypingAlleles.stated`.

    Args:
        table: the typings.
        code: the codes of the locus' alleles, ascending.
        or_homozygous: whether a typing may leave open if a null allele is carried: where frequencies would tell how
            probable either is, it states nothing.
    """
    stated = np.full((table.n_typings + 1, 3), -1, np.int32)
    start, pairs = table.with_nulls
    set_start, set_member = table.counted.set_start, table.counted.set_member
    size = np.diff(set_start)[pairs]
    first = np.minimum(set_start[pairs], set_member.size - 1)
    n_alternatives = np.diff(start)
    alone = np.flatnonzero(n_alternatives == 1)
    alone = alone[(size[start[alone]] == 1).all(axis=1)]
    allele, known = _among(code, set_member[first[start[alone]]])
    readable = np.flatnonzero(known.all(axis=1))
    stated[alone[readable], :2] = np.sort(allele[readable], axis=1)
    stated[alone[readable], 2] = 0
    # Whether all sets of a typing are small enough to state something.
    fits = np.ones(table.n_typings, np.bool_)
    fits[np.repeat(np.arange(table.n_typings), n_alternatives)[(size > _STATED_MEMBERS).any(axis=1)]] = False
    several = fits & (n_alternatives > 0)
    several[alone] = False
    for typing in np.flatnonzero(several).tolist():
        found = stated_genotypes(alternatives_with_nulls(table, typing))
        _state(stated, typing, found, code, or_homozygous=or_homozygous)
    return stated


def _state(
    stated: NDArray[np.int32],
    typing: int,
    genotypes: tuple[tuple[int, int], ...],
    code: NDArray[np.int32],
    *,
    or_homozygous: bool,
) -> None:
    """Write what a typing states, given by `stated_genotypes`, where the locus has its alleles."""
    if len(genotypes) == 1 or (genotypes and or_homozygous):
        allele, known = _among(code, np.array(genotypes[0], np.int32))
        if known.all():
            stated[typing] = *allele.tolist(), len(genotypes) - 1
