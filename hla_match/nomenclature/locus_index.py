"""Look-ups over the tables of one locus: from a name, the beginning of one, a group or an antigen to its alleles.

An allele is its row in `LocusTables`; a P group is a code, counted in the order in which the alleles come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.allele_facts import AlleleFact, AlleleValues, allele_values
from hla_match.nomenclature.antigen_index import AntigenIndex
from hla_match.nomenclature.antigen_names import SECOND_DR
from hla_match.nomenclature.tables import NomenclatureTables

SUFFIXES = "NLSCAQ"
"""The expression suffixes; N marks an allele that is not expressed."""


class LocusIndex:
    """Look-ups over one locus, most of them made on first use.

    Attributes:
        nomenclature: the tables of all loci.
        locus: the locus.
        tables: the tables of the locus.
        row: the row of each allele by its whole name.
        is_null: whether each allele is a null allele.
        prefix: rows by the first one to four fields of their names, suffixes left out.
        p_names: the P groups by code: "02:01P", or the two fields and suffix of an allele alone.
        p_code: the code of the P group of each allele; -1 for a null allele.
    """

    def __init__(self, nomenclature: NomenclatureTables, locus: str) -> None:
        self.nomenclature = nomenclature
        self.locus = locus
        self.tables = tables = nomenclature.loci[locus]
        self.row = {name: row for row, name in enumerate(tables.allele)}
        self.is_null = [name.endswith("N") for name in tables.allele]
        self.prefix: dict[str, list[int]] = {}
        self.p_names: list[str] = []
        self.p_code: list[int] = []
        self._facts: dict[AlleleFact, AlleleValues] = {}
        book: dict[str, int] = {}
        for row, name in enumerate(tables.allele):
            fields = name.rstrip(SUFFIXES).split(":")
            for depth in range(1, len(fields) + 1):
                self.prefix.setdefault(":".join(fields[:depth]), []).append(row)
            if self.is_null[row]:
                self.p_code.append(-1)
                continue
            label = tables.p_group[row] or ":".join(fields[:2])
            code = book.setdefault(label, len(book))
            if code == len(self.p_names):
                self.p_names.append(label if tables.p_group[row] else label + name[len(name.rstrip(SUFFIXES)) :])
            self.p_code.append(code)

    @cached_property
    def group(self) -> dict[str, list[int]]:
        """Rows of each G group and P group by name."""
        rows: dict[str, list[int]] = {}
        for names in (self.tables.g_group, self.tables.p_group):
            for row, name in enumerate(names):
                if name:
                    rows.setdefault(name, []).append(row)
        return rows

    @cached_property
    def abandoned(self) -> dict[str, list[str]]:
        """Abandoned names, as they are listed, by the first one to four fields of theirs, suffixes left out."""
        names: dict[str, list[str]] = {}
        for name in (*self.tables.deleted, *self.tables.old_name):
            digits = name.rstrip(SUFFIXES)
            pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
            fields = digits.split(":") if ":" in digits else pairs
            for depth in range(1, len(fields) + 1):
                names.setdefault(":".join(fields[:depth]), []).append(name)
        return names

    def fact(self, fact: AlleleFact) -> AlleleValues:
        """Return a fact of each allele, worked out once; the locus is one that has it."""
        known = self._facts.get(fact)
        return known if known is not None else self._facts.setdefault(fact, allele_values(self.tables, fact))

    def values_of_p(self, values: Sequence[str]) -> list[frozenset[str]]:
        """Return the distinct values of the alleles of each P group, from the value of each allele by its row."""
        found: list[set[str]] = [set() for _ in self.p_names]
        for code, value in zip(self.p_code, values, strict=True):
            if code >= 0:
                found[code].add(value)
        return [frozenset(one) for one in found]

    @cached_property
    def antigens(self) -> AntigenIndex:
        """The antigens of the alleles and P groups."""
        prefix = SEROLOGY_PREFIX.get(self.locus, "")
        relations = [one for one in self.nomenclature.antigen_relations if one.prefix == prefix]
        listed = {*self.nomenclature.antigens.get(prefix, ()), *filter(None, [SECOND_DR.get(self.locus)])}
        return AntigenIndex(self.tables, listed, relations, self.p_code, len(self.p_names))

    def expressed_first(self, rows: Iterable[int]) -> list[int]:
        """Return the expressed alleles of some rows, or all where none is expressed."""
        rows = list(rows)
        return [row for row in rows if not self.is_null[row]] or rows
