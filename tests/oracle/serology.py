"""The slow, obvious twin of serology: antigens, the proteins behind them and what counts for an antigen match.

It reads `rel_dna_ser.txt`, `rel_ser_ser.txt` and `hla_nom_p.txt` of a release itself. A *protein* is a P group, or the
two fields of an allele alone. Sources: HLA Dictionary 2008 (Holdsworth et al., Tissue Antigens 2009;73:95); WMDA
framework (Bochtler et al., Bone Marrow Transplant 2011;46:338, expansion of serology).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

Rows = Iterable[list[str]]
PREFIX = {"A": "A", "B": "B", "C": "Cw", "DRB1": "DR", "DQB1": "DQ"}
SECOND_DR = {"51", "52", "53"}


class Serology:
    """One locus of a release.

    Attributes:
        marks: by allele that is expressed, the antigens in the four columns unambiguous, possible, assumed, expert.
        protein: by allele, its protein.
        splits: by broad antigen.
        associated: by parent.
    """

    def __init__(self, locus: str, dna: Rows, groups: Rows, relations: Rows) -> None:
        """Take the rows of `rel_dna_ser.txt`, `hla_nom_p.txt` and `rel_ser_ser.txt`, of all loci."""
        self.locus = locus
        self.marks: dict[str, list[set[str]]] = {}
        for written, name, *cells in dna:
            if written == f"{locus}*" and not name.endswith("N"):
                self.marks[name] = [set(cell.split("/")) - {"", "0", "?"} for cell in cells[:4]]
        group = {
            name: label
            for written, members, label in groups
            if written == f"{locus}*" and label
            for name in members.split("/")
        }
        self.protein = {name: group.get(name, two_fields(name)) for name in self.marks}
        related = [row for row in relations if row[0] == PREFIX[locus]]
        self.splits = {antigen: set(cell.split("/")) - {""} for _, antigen, cell, _ in related}
        self.associated = {antigen: set(cell.split("/")) - {""} for _, antigen, _, cell in related}
        self.members: dict[str, list[str]] = {}
        for name, protein in self.protein.items():
            self.members.setdefault(protein, []).append(name)
        self._reports = {protein: self._reportable(protein) for protein in self.members}

    @classmethod
    def of_release(cls, folder: Path, locus: str) -> "Serology":
        """Read the files of a release."""
        return cls(locus, *(rows(folder / f"{name}.txt") for name in ("rel_dna_ser", "hla_nom_p", "rel_ser_ser")))

    def antigens(self) -> list[str]:
        """Every antigen of the locus that some allele or relation has."""
        found = {antigen for marks in self.marks.values() for cell in marks for antigen in cell}
        for table in (self.splits, self.associated):
            found |= {*table, *(antigen for finer in table.values() for antigen in finer)}
        return sorted(found - (SECOND_DR if self.locus == "DRB1" else set()), key=int)

    def finer(self, antigen: str) -> set[str]:
        """The antigen itself, its splits and associated antigens, and theirs."""
        below = self.splits.get(antigen, set()) | self.associated.get(antigen, set())
        return {antigen}.union(*(self.finer(one) for one in below))

    def are_related(self, one: str, other: str) -> bool:
        """One is the other, or lies below it."""
        return one in self.finer(other) or other in self.finer(one)

    def assigned(self, protein: str, *columns: int) -> set[str]:
        """What some member of a protein is assigned in some of the four columns."""
        return {antigen for name in self.members[protein] for column in columns for antigen in self.marks[name][column]}

    def antigens_of_protein(self, protein: str) -> set[str]:
        """What a protein counts as: the unambiguous antigens of its members, else all others; no broad beside a split.

        An associated antigen counts as its parent; where nothing is known the first field stands for it.
        """
        known = self.assigned(protein, 0) or self.assigned(protein, 1, 2, 3)
        named = {self.parent(antigen) for antigen in known}
        finest = {antigen for antigen in named if not self.splits.get(antigen, set()) & named}
        return finest or {"*" + protein.split(":")[0]}

    def parent(self, antigen: str) -> str:
        """The antigen that an associated one is a variant of; any other is its own."""
        return next((parent for parent, variants in self.associated.items() if antigen in variants), antigen)

    def antigens_of_report(self, antigen: str) -> set[str]:
        """What a reported antigen counts as."""
        return {self.parent(one) for one in {antigen} | self.splits.get(antigen, set())}

    def antigens_of_family(self, first: str) -> set[str]:
        """What ``first:XX`` counts as: what a fifth or the most of its alleles have, and the splits of that in it."""
        names = [name for name in self.marks if name.split(":")[0] == first]
        count = Counter(antigen for name in names for antigen in self.antigens_of_protein(self.protein[name]))
        kept = {antigen for antigen, n in count.items() if 5 * n >= len(names) or n == max(count.values())}
        return kept | {split for broad in kept for split in self.splits.get(broad, set()) if split in count}

    def proteins_of_report(self, antigen: str) -> set[str]:
        """The proteins that a person typed by an antigen may have; of one that none has, those of its first field."""
        found = {protein for protein, reports in self._reports.items() if antigen in reports}
        return found or self.proteins_of_family(antigen.zfill(2))

    def proteins_of_family(self, first: str) -> set[str]:
        """The proteins of the expressed alleles of a first field."""
        return {protein for name, protein in self.protein.items() if name.split(":")[0] == first}

    def _reportable(self, protein: str) -> set[str]:
        """Every antigen that a laboratory may report for a protein.

        What a member is assigned; a possible or assumed one only if it does not contradict an unambiguous one. All that
        stands above these. The splits of a broad one while nothing finer is known of the protein.
        """
        known, expert = self.assigned(protein, 0), self.assigned(protein, 3)
        possible = {
            antigen
            for antigen in self.assigned(protein, 1, 2)
            if not known or any(self.are_related(antigen, other) for other in known)
        }
        named = known | expert | possible
        reports = set(named)
        for broad in named & {antigen for antigen, splits in self.splits.items() if splits}:
            only_broads = all(self.splits.get(other) for other in known)
            if only_broads and not self.splits[broad] & self.antigens_of_protein(protein):
                reports |= self.splits[broad]
        above = {one for one in (*self.splits, *self.associated) if self.finer(one) & named}
        return reports | above


class Side(NamedTuple):
    """One side of a typing: what a person may have, what it counts as, and the antigen if it was typed by serology."""

    proteins: set[str]
    antigens: set[str]
    report: str = ""


def by_serology(serology: Serology, antigen: str) -> Side:
    """A side reported as an antigen."""
    return Side(serology.proteins_of_report(antigen), serology.antigens_of_report(antigen), antigen)


def by_dna(serology: Serology, name: str) -> Side:
    """A side reported as two fields."""
    proteins = {protein for allele, protein in serology.protein.items() if two_fields(allele) == name}
    return Side(proteins, {antigen for protein in proteins for antigen in serology.antigens_of_protein(protein)})


def by_family(serology: Serology, first: str) -> Side:
    """A side reported as ``first:XX``."""
    return Side(serology.proteins_of_family(first), serology.antigens_of_family(first))


def grade(serology: Serology, one: Side, other: Side) -> str:
    """The letter of two sides: A for one protein, P where they may have one, L where their antigens meet, else M.

    Unrelated antigens, both reported by serology, are a mismatch, whatever proteins may stand behind both.
    """
    apart = one.report and other.report and not serology.are_related(one.report, other.report)
    if one.proteins & other.proteins and not apart:
        return "A" if len(one.proteins) == len(other.proteins) == 1 else "P"
    return "L" if one.antigens & other.antigens else "M"


def rows(path: Path) -> Iterator[list[str]]:
    """The rows of a file of a release, without comments."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [cell.strip() for cell in line.split(";")]


def two_fields(name: str) -> str:
    """``02:01`` of ``02:01:01:02L``."""
    return ":".join(name.rstrip("NLSCAQ").split(":")[:2])
