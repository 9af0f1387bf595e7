"""One nomenclature, ready to read typings: from any form a laboratory reports to the P groups it can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hla_match.errors import TypingError
from hla_match.errors.arguments import check_type
from hla_match.loci import check_locus
from hla_match.nomenclature.builtin import builtin_tables
from hla_match.nomenclature.identity import NomenclatureIdentity
from hla_match.nomenclature.locus_index import LocusIndex
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.standard_form import standard_typing
from hla_match.nomenclature.tables import NomenclatureTables
from hla_match.nomenclature.typing_reader import TypingReader

_KEPT_ALLELES, _KEPT_AT_LEAST = 1 << 20, 32
"""Alleles of typings that are kept as they were read, some 10 MB; and for how many a typing counts beside its own."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """What one side of a typing can be.

    Attributes:
        locus: the locus.
        text: as reported.
        p_codes: ascending codes of the P groups of the expressed alleles.
        has_null: a null allele is among the alternatives; alone, if `p_codes` is empty.
        is_new: reported as NEW.
        notes: what was dropped or replaced.
        alleles: the alleles' rows in the locus' tables.
        antigens: what the typing counts as for an antigen match, ascending: of serology the antigens reported with
            their splits, of DNA those of the alleles, of a family or code those that its alleles mostly have.
        serology: the antigens reported, ascending, where every name is one; else none.
    """

    locus: str
    text: str
    p_codes: tuple[int, ...]
    has_null: bool = False
    is_new: bool = False
    notes: tuple[str, ...] = ()
    alleles: tuple[int, ...] = ()
    antigens: tuple[str, ...] = ()
    serology: tuple[str, ...] = ()


class Nomenclature:
    """Reads typings under one set of tables.

    >>> nomenclature = Nomenclature.builtin()
    >>> [nomenclature.p_groups("A")[code] for code in nomenclature.expand("A", "02:01:01G").p_codes]
    ['02:01P']
    """

    def __init__(self, tables: NomenclatureTables) -> None:
        check_type("tables", tables, NomenclatureTables, expected="the tables of a nomenclature")
        self.tables = tables
        self.title = tables.title
        self.release = tables.release
        self._index: dict[str, LocusIndex] = {}
        self._expanded: dict[tuple[str, str], Expansion] = {}
        self._room = _KEPT_ALLELES

    @classmethod
    @cache
    def builtin(cls) -> Nomenclature:
        """Return the built-in nomenclature, which needs no file; `tables.limits` says what it does not know.

        A process has one: what it has looked up so far need not be looked up again.

        >>> Nomenclature.builtin().title
        'built-in nomenclature 1'
        """
        return cls(builtin_tables())

    @property
    def identity(self) -> NomenclatureIdentity:
        """What tells this nomenclature from others: codes carry it."""
        return NomenclatureIdentity(self.title, self.tables.checksum)

    def index(self, locus: str) -> LocusIndex:
        """Return the look-ups of a locus, made once.

        Raises:
            CriteriaError: the locus is unknown.
        """
        found = self._index.get(locus)
        if found is None:
            check_locus("locus", locus)
            found = self._index[locus] = LocusIndex(self.tables, locus)
        return found

    def p_groups(self, locus: str) -> tuple[str, ...]:
        """Return the P groups of a locus by code: "02:01P", or the two fields and suffix of an allele alone."""
        return tuple(self.index(locus).p_names)

    def antigens(self, locus: str) -> tuple[tuple[str, ...], ...]:
        """Return the antigens of each P group by code; a first field (``"*12"``) stands where none is known."""
        return self.index(locus).antigens.of_group

    def expand(self, locus: str, text: str, codes: MacTable | None = None) -> Expansion:
        """Return what one side of a typing can be; a list's alternatives stand between slashes.

        Raises:
            TypingError: with the reason, the position and what was expected.
            CriteriaError: the locus is unknown, or the text is none.
        """
        check_type("text", text, str, expected="a typing as text")
        stripped = text.strip()
        known = self._expanded.get((locus, stripped))
        if known is not None:
            return known
        index = self.index(locus)
        standard = standard_typing(locus, stripped)
        reader = TypingReader(index, standard.text, codes)
        try:
            reader.read()
        except TypingError as error:
            raise standard.refusal(error) from None
        expressed = {index.p_code[row] for row in reader.alleles if not index.is_null[row]}
        has_null = any(index.is_null[row] for row in reader.alleles) and (reader.keeps_null or not expressed)
        found = Expansion(
            locus=locus,
            text=stripped,
            p_codes=tuple(sorted(expressed)),
            has_null=has_null,
            is_new=reader.is_new,
            notes=tuple(dict.fromkeys((*standard.notes, *reader.notes))),
            alleles=tuple(dict.fromkeys(reader.alleles)),
            antigens=tuple(sorted(reader.antigens)),
            serology=tuple(sorted(reader.serology)),
        )
        return found if reader.needs_codes else self._kept(found)

    def _kept(self, found: Expansion) -> Expansion:
        """Keep what a typing can be, which needed no codes, as long as there is room; then begin anew."""
        needed = _KEPT_AT_LEAST + len(found.alleles) + len(found.p_codes)
        if needed > self._room:
            self._expanded, self._room = {}, _KEPT_ALLELES
        self._expanded[found.locus, found.text] = found
        self._room -= needed
        return found
