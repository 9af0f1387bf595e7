"""Look-ups over the antigens of one locus: how they split, and which of them the alleles and P groups have.

Sources: Holdsworth et al., HLA Dictionary 2008 (Tissue Antigens 2009;73:95), "Broad, split and associated antigens";
WMDA Bioinformatics & Innovation Committee, antigen and allele mismatches, 7 February 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property

from hla_match.nomenclature.tables import AntigenRelation, LocusTables

_NO_ANTIGEN = frozenset({"", "0", "?"})


class AntigenIndex:
    """Look-ups over the antigens of one locus, most of them made on first use.

    Args:
        tables: the alleles.
        names: every antigen of the locus that may be reported.
        relations: those of these antigens.
        p_code: the P group of each allele; -1 for a null allele.
        n_groups: number of P groups.
    """

    def __init__(
        self,
        tables: LocusTables,
        names: Iterable[str],
        relations: Iterable[AntigenRelation],
        p_code: Sequence[int],
        n_groups: int,
    ) -> None:
        self._tables = tables
        self._listed = tuple(names)
        self._relation = {one.antigen: one for one in relations}
        self._parent = {name: one.antigen for one in self._relation.values() for name in one.associated}
        self._p_code = p_code
        self._n_groups = n_groups
        self.below = cache(self._below)

    def splits(self, antigen: str) -> tuple[str, ...]:
        """Return the splits of a broad antigen; none of any other."""
        relation = self._relation.get(antigen)
        return relation.splits if relation is not None else ()

    def broads(self, antigen: str) -> list[str]:
        """Return the broad antigens that an antigen is a split of."""
        return [broad for broad, relation in self._relation.items() if antigen in relation.splits]

    def above(self, antigen: str) -> list[str]:
        """Return the antigens that one is a split or an associated antigen of, over any number of steps."""
        return [other for other in self._relation if other != antigen and antigen in self.below(other)]

    def compared(self, antigen: str) -> str:
        """Return the antigen that one counts as: an associated antigen is a variant of its parent (A203 of A2)."""
        return self._parent.get(antigen, antigen)

    def _below(self, antigen: str) -> frozenset[str]:
        """Return an antigen with its splits and associated antigens, theirs included."""
        below = {antigen}
        pending = [antigen]
        while pending:
            relation = self._relation.get(pending.pop())
            if relation is not None:
                finer = {*relation.splits, *relation.associated} - below
                below |= finer
                pending += finer
        return frozenset(below)

    def are_related(self, one: str, other: str) -> bool:
        """Say whether an antigen is another, or its broad, split, parent or associated one, over any number of steps.

        Two sides typed by serology alone whose antigens are not related differ, whatever alleles stand behind them: a
        laboratory that tells B38 from B39 has seen that they are not one antigen.
        """
        return other in self.below(one) or one in self.below(other)

    @cached_property
    def unambiguous(self) -> tuple[frozenset[str], ...]:
        """The antigens that the members of each P group, by code, are unambiguously assigned."""
        found: list[set[str]] = [set() for _ in range(self._n_groups)]
        for cell, code in zip(self._tables.antigen, self._p_code, strict=True):
            if cell and code >= 0:
                found[code].update(_names(cell))
        return tuple(map(frozenset, found))

    @cached_property
    def of_group(self) -> tuple[tuple[str, ...], ...]:
        """The antigens of each P group by code, as they are compared for an antigen match.

        The members of a P group are one protein to antibodies: where a member has an unambiguous antigen, the possible,
        assumed and expert-assigned ones of any member say no more, nor does a broad antigen beside one of its splits;
        those computed from sequences are taken where there is no other.
        Where no antigen is known the first field stands for it ("*12"), but at DPB1 every mismatch is an antigen
        mismatch.
        """
        tables = self._tables
        others: list[set[str]] = [set() for _ in range(self._n_groups)]
        computed: list[set[str]] = [set() for _ in range(self._n_groups)]
        first_field = [""] * self._n_groups
        for row, code in enumerate(self._p_code):
            if code < 0:
                continue
            first_field[code] = first_field[code] or tables.allele[row].partition(":")[0]
            if not self.unambiguous[code]:
                others[code].update(_names(tables.possible_antigen[row]), _names(tables.expert_antigen[row]))
                computed[code].update(_names(tables.computed_antigen[row]) if tables.computed_antigen else ())
        found = []
        for code, certain in enumerate(self.unambiguous):
            names = {self.compared(name) for name in certain or others[code] or computed[code]}
            finest = tuple(sorted(name for name in names if names.isdisjoint(self.splits(name))))
            found.append(finest or (() if tables.locus == "DPB1" else (f"*{first_field[code]}",)))
        return tuple(found)

    @cached_property
    def code(self) -> dict[str, int]:
        """The number of each antigen that a typing may count as or be reported as."""
        related = {name for one in self._relation.values() for name in (one.antigen, *one.splits, *one.associated)}
        names = dict.fromkeys(name for antigens in self.of_group for name in antigens)
        return {name: code for code, name in enumerate(names | dict.fromkeys(sorted({*self._listed, *related})))}

    @cached_property
    def alleles(self) -> dict[str, list[int]]:
        """The rows of the alleles that can be typed as each antigen, without those of its splits.

        A possible or assumed antigen, such as 15/70, says nothing where that of the allele's P group is known and is
        another: 15/70 is neither 70 beside a member with 62 nor 15 beside one with 71.
        """
        tables = self._tables
        rows: dict[str, list[int]] = {}
        columns = zip(tables.antigen, tables.possible_antigen, tables.expert_antigen, strict=True)
        for (row, code), (certain, possible, expert) in zip(enumerate(self._p_code), columns, strict=True):
            if code < 0:
                continue
            known = self.unambiguous[code]
            names = {*_names(certain), *_names(expert)}
            names.update(
                name
                for name in _names(possible)
                if not known or name in known or any(self.are_related(name, other) for other in known)
            )
            for name in names:
                rows.setdefault(name, []).append(row)
        return rows

    def unsplit(self, broad: str) -> set[int]:
        """Return the rows of the alleles of a broad antigen of whose P groups no split, and nothing finer, is known."""
        return {
            row
            for row in self.alleles.get(broad, ())
            if all(self.splits(name) for name in self.unambiguous[self._p_code[row]])
            and set(self.splits(broad)).isdisjoint(self.of_group[self._p_code[row]])
        }


# Few cells differ, of tens of thousands.
@cache
def _names(cell: str) -> tuple[str, ...]:
    """Return the antigens of a cell of the tables."""
    return tuple(name for name in cell.split("/") if name not in _NO_ANTIGEN)
