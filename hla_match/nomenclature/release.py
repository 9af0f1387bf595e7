"""One nomenclature, ready to read typings: from any form a laboratory reports to the P groups it can be.

Sources: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291); WMDA framework,
Bochtler et al., Bone Marrow Transplant 2011;46:338 (expansion of codes, serology and truncated names); Holdsworth et
al., HLA Dictionary 2008 (Tissue Antigens 2009;73:95).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from hla_match.errors import Reason, TypingError
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.multiple_allele_codes import MultipleAlleleCodes
from hla_match.nomenclature.tables import AntigenRelation, LocusTables, NomenclatureTables

SUFFIXES = "NLSCAQ"

_NAME = re.compile(r"([0-9]{2,4}(?::[0-9]{2,4}){0,3})([NLSCAQ]?)", re.ASCII)
_GROUP = re.compile(r"([0-9]{2,4}(?::[0-9]{2,4}){1,2})(?:[GP]|[NLSCAQ]?g)", re.ASCII)
_CODE = re.compile(r"([0-9]{2,4}):([A-Z]{2,5})", re.ASCII)
_OLD = re.compile(r"([0-9]{4,8})([NLSCAQ]?)", re.ASCII)
_SEROLOGY = re.compile(r"(Cw|DR|DQ|DP|[ABC])?([0-9]{1,4})", re.ASCII)
_NO_ANTIGEN = frozenset({"", "0", "?"})
_NEW = re.compile(r"(?:[0-9]{2,4}:)?NEW", re.ASCII)
_LOCUS = re.compile(r"Cw|[A-Z]{1,4}[0-9]?", re.ASCII)
# How far a text that is no name reads like one: where it ends is where the fault is.
_READABLE = re.compile(
    r"(?:Cw|DR|DQ|[ABC])?(?:[0-9]{2,4}(?::[0-9]{0,4}){0,3}(?:[NLSCAQ]?g|[A-Z]{1,5})?|[0-9])?", re.ASCII
)
_SECOND_DR = MappingProxyType({"DRB3": "52", "DRB4": "53", "DRB5": "51"})


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
    """

    locus: str
    text: str
    p_codes: tuple[int, ...]
    has_null: bool = False
    is_new: bool = False
    notes: tuple[str, ...] = ()
    alleles: tuple[int, ...] = ()


@dataclass
class _Reading:
    """The alleles of one text as they are gathered; `keeps_null` where a null was named, not merely implied."""

    alleles: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keeps_null: bool = False


class _LocusIndex:
    """Look-ups over the tables of one locus, made on first use."""

    def __init__(self, tables: LocusTables) -> None:
        self.tables = tables
        self.row = {name: row for row, name in enumerate(tables.allele)}
        self.is_null = [name.endswith("N") for name in tables.allele]
        self.prefix: dict[str, list[int]] = {}
        self.p_names: list[str] = []
        self.p_code: list[int] = []
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
    def by_antigen(self) -> dict[str, list[int]]:
        """Rows by each antigen they are known, possible, assumed or expert-assigned to carry."""
        rows: dict[str, list[int]] = {}
        for row, (antigen, expert) in enumerate(zip(self.tables.antigen, self.tables.expert_antigen, strict=True)):
            for name in {*antigen.split("/"), *expert.split("/")} - _NO_ANTIGEN:
                rows.setdefault(name, []).append(row)
        return rows


class Nomenclature:
    """Reads typings under one set of tables.

    >>> from hla_match.nomenclature.builtin import builtin_tables
    >>> nomenclature = Nomenclature(builtin_tables())
    >>> [nomenclature.p_groups("A")[code] for code in nomenclature.expand("A", "02:01:01G").p_codes]
    ['02:01P']
    """

    def __init__(self, tables: NomenclatureTables) -> None:
        self.tables = tables
        self.title = tables.title
        self.release = tables.release
        self._index: dict[str, _LocusIndex] = {}
        self._antigens: dict[str, tuple[tuple[str, ...], ...]] = {}

    def index(self, locus: str) -> _LocusIndex:
        """Return the look-ups of a locus, made once."""
        found = self._index.get(locus)
        if found is None:
            found = self._index[locus] = _LocusIndex(self.tables.loci[locus])
        return found

    def p_groups(self, locus: str) -> tuple[str, ...]:
        """Return the P groups of a locus by code: "02:01P", or the two fields and suffix of an allele alone."""
        return tuple(self.index(locus).p_names)

    def allele_p_code(self, locus: str) -> tuple[int, ...]:
        """Return the code of the P group of each allele in the order of the tables; -1 for a null allele."""
        return tuple(self.index(locus).p_code)

    def antigens(self, locus: str) -> tuple[tuple[str, ...], ...]:
        """Return the antigens of each P group by code; a first field ("*12") stands where none is known."""
        known = self._antigens.get(locus)
        if known is None:
            index = self.index(locus)
            found: list[dict[str, None]] = [{} for _ in index.p_names]
            first_field = [""] * len(found)
            for row, code in enumerate(index.p_code):
                if code >= 0:
                    found[code].update(
                        dict.fromkeys(a for a in index.tables.antigen[row].split("/") if a not in _NO_ANTIGEN)
                    )
                    first_field[code] = first_field[code] or index.tables.allele[row].partition(":")[0]
            known = tuple(tuple(names) or (f"*{first_field[code]}",) for code, names in enumerate(found))
            self._antigens[locus] = known
        return known

    def expand(self, locus: str, text: str, codes: MultipleAlleleCodes | None = None) -> Expansion:
        """Return what one side of a typing can be; a list's alternatives stand between slashes.

        Raises:
            TypingError: with the reason, the position and what was expected.
        """
        stripped = text.strip()
        reading = _Reading()
        is_new = False
        position = 0
        first_field = ""
        for member in stripped.split("/"):
            name, starred = self._without_locus(locus, stripped, member, position)
            start = position + len(member) - len(name)
            # A lone first field behind a locus is a family, not an antigen.
            if starred and re.fullmatch(r"[0-9]{2,3}", name):
                name = f"{name}:XX"
            if first_field and re.fullmatch(r"[0-9]{2,4}[NLSCAQ]?", name) and ":" not in name:
                name = f"{first_field}:{name}"
            if _NEW.fullmatch(name):
                is_new = True
            else:
                self._read(locus, stripped, name, start, starred, codes, reading)
            first_field = name.partition(":")[0] if ":" in name else ""
            position += len(member) + 1
        index = self.index(locus)
        expressed = sorted({index.p_code[row] for row in reading.alleles if not index.is_null[row]})
        has_null = any(index.is_null[row] for row in reading.alleles) and (reading.keeps_null or not expressed)
        if is_new and reading.alleles:
            raise TypingError(stripped, 0, expected="NEW alone, or known alleles", reason=Reason.MALFORMED)
        rows = dict.fromkeys(reading.alleles)
        return Expansion(locus, stripped, tuple(expressed), has_null, is_new, tuple(reading.notes), tuple(rows))

    def _without_locus(self, locus: str, text: str, member: str, position: int) -> tuple[str, bool]:
        """Return a member without ``HLA-`` and ``LOCUS*``, and whether the locus was there."""
        name = member.removeprefix("HLA-")
        before, star, after = name.partition("*")
        if not star:
            return name, False
        position += len(member) - len(name)
        known = _LOCUS.match(before)
        if known is None or known.end() < len(before):
            at = known.end() if known else 0
            raise TypingError(text, position + at, expected=f"the locus {locus}, in ASCII capitals, before '*'")
        if ("C" if before == "Cw" else before) != locus:
            raise TypingError(
                text,
                position,
                expected=f"an allele of locus {locus}",
                reason=Reason.WRONG_LOCUS,
                hint="check that the columns are not swapped",
            )
        return after, True

    def _read(
        self,
        locus: str,
        text: str,
        name: str,
        position: int,
        starred: bool,
        codes: MultipleAlleleCodes | None,
        reading: _Reading,
    ) -> None:
        index = self.index(locus)
        if name.endswith(":XX") and re.fullmatch(r"[0-9]{2,4}", name[:-3]):
            rows = index.prefix.get(name[:-3])
            if rows is None:
                raise self._unknown(locus, text, name, position)
            reading.alleles += _expressed_first(index, rows)
        elif match := _GROUP.fullmatch(name):
            self._read_group(locus, text, name, match[1], name[-1], position, reading)
        elif (match := _NAME.fullmatch(name)) and ":" in name:
            reading.alleles += self._named(locus, text, name, match[1], match[2], position, reading)
        elif match := _CODE.fullmatch(name):
            self._read_code(locus, text, match[1], match[2], position, codes, reading)
        elif not starred and (match := _SEROLOGY.fullmatch(name)):
            self._read_number(locus, text, match[1] or "", match[2], position, reading)
        elif match := _OLD.fullmatch(name):
            self._read_old(locus, text, match[1], match[2], position, reading)
        else:
            readable = _READABLE.match(name)
            at = readable.end() if readable else 0
            raise TypingError(
                text, position + at, expected="an allele, group, code or antigen such as 02:01, 02:01:01G, 02:XX or 2"
            )

    def _named(
        self, locus: str, text: str, name: str, digits: str, suffix: str, position: int, reading: _Reading
    ) -> list[int]:
        """Return the rows of an allele name, whole or truncated."""
        index = self.index(locus)
        if name in index.row:
            reading.keeps_null = reading.keeps_null or index.is_null[index.row[name]]
            return [index.row[name]]
        rows = index.prefix.get(digits)
        if rows is not None:
            if not suffix:
                found = _expressed_first(index, rows)
                reading.keeps_null = reading.keeps_null or index.is_null[found[0]]
                return found
            same = [row for row in rows if index.tables.allele[row].endswith(suffix)]
            if same:
                reading.keeps_null = reading.keeps_null or suffix == "N"
                return same
        renamed = self._renamed(locus, text, name, position, reading)
        if renamed is not None:
            return self._named(locus, text, renamed[0], renamed[1], renamed[2], position, reading)
        two = ":".join(digits.split(":")[:2])
        if not self.tables.closed and digits.count(":") >= 2 and two in index.prefix and (not suffix or suffix != "N"):
            return _expressed_first(index, index.prefix[two])
        raise self._unknown(locus, text, name, position)

    def _renamed(self, locus: str, text: str, name: str, position: int, reading: _Reading) -> re.Match[str] | None:
        """Return the name in use for an abandoned one, through every renaming; None where it was never abandoned."""
        deleted = self.index(locus).tables.deleted
        current, seen = name, {name}
        while True:
            # Names abandoned before April 2010 are listed without colons.
            deletion = deleted.get(current) or deleted.get(current.replace(":", ""))
            if deletion is None:
                break
            following = deletion.replacement
            if following in seen or not _NAME.fullmatch(following):
                raise TypingError(
                    text,
                    position,
                    expected=f"an allele of {self.title}",
                    reason=Reason.DELETED_ALLELE,
                    hint=f"{locus}*{name} was deleted: {deletion.reason}",
                )
            seen.add(following)
            current = following
            if current in self.index(locus).row:
                break
        if current == name:
            return None
        reading.notes.append(f"{locus}*{name} was renamed {locus}*{current}")
        return _NAME.fullmatch(current)

    def _read_group(
        self, locus: str, text: str, name: str, digits: str, kind: str, position: int, reading: _Reading
    ) -> None:
        index = self.index(locus)
        two = ":".join(digits.split(":")[:2])
        rows = index.group.get(name)
        if kind == "g":
            rows = index.group.get(f"{two}P") or index.prefix.get(two)
            in_g = {
                r for g, members in index.group.items() if g.endswith("G") and g.startswith(f"{two}:") for r in members
            }
            rows = sorted({*(rows or ()), *in_g}) or None
        elif rows is None and (kind == "P" or not self.tables.closed):
            rows = index.group.get(f"{two}P") if kind == "G" else None
            rows = rows or _expressed_first(index, index.prefix.get(two, ())) or None
        elif rows is None and digits in index.prefix:
            # A group that a later release dissolved or renamed: its naming allele tells where its members are now.
            heir = next((g for row in index.prefix[digits] if (g := index.tables.g_group[row])), "")
            rows = index.group[heir] if heir else index.prefix[digits]
            reading.notes.append(f"{locus}*{name} is no group of {self.title}; read as {locus}*{heir or digits}")
        if rows is None:
            raise TypingError(
                text,
                position,
                expected=f"a {kind} group of {self.title}",
                reason=Reason.UNKNOWN_GROUP,
                hint="check the name, or install a newer release",
            )
        reading.keeps_null = reading.keeps_null or any(index.is_null[row] for row in rows)
        reading.alleles += rows

    def _read_code(
        self,
        locus: str,
        text: str,
        family: str,
        code: str,
        position: int,
        codes: MultipleAlleleCodes | None,
        reading: _Reading,
    ) -> None:
        expansion = codes.lookup(code) if codes is not None else None
        if expansion is None:
            raise TypingError(
                text,
                position + len(family) + 1,
                expected="a known multiple allele code",
                reason=Reason.UNKNOWN_CODE,
                hint="give the file of codes with --codes" if codes is None else "check the code, or give a newer file",
            )
        names = expansion.split("/")
        if any(":" in name for name in names):
            if family not in {name.partition(":")[0] for name in names}:
                raise TypingError(
                    text, position, expected=f"a first field that code {code} lists", reason=Reason.IMPOSSIBLE_CODE
                )
        else:
            names = [f"{family}:{name}" for name in names]
        found: list[int] = []
        for name in names:
            match = _NAME.fullmatch(name)
            try:
                if match is None:
                    raise self._unknown(locus, text, name, position)
                found += self._named(locus, text, name, match[1], match[2], position, reading)
            except TypingError:
                reading.notes.append(f"{locus}*{name} of code {code} does not exist in {self.title}")
        if not found:
            raise TypingError(
                text,
                position,
                expected=f"a code with alleles that exist at {locus}*{family}",
                reason=Reason.IMPOSSIBLE_CODE,
            )
        reading.alleles += found

    def _read_number(self, locus: str, text: str, prefix: str, number: str, position: int, reading: _Reading) -> None:
        """Read a bare number: an antigen, else a name before 2010 without its colons."""
        own = SEROLOGY_PREFIX.get(locus, "")
        if prefix and prefix != own and not (prefix == "C" and own == "Cw"):
            raise TypingError(
                text,
                position,
                expected=f"a typing of locus {locus}",
                reason=Reason.WRONG_LOCUS,
                hint="check that the columns are not swapped",
            )
        if not self._is_antigen(locus, number):
            if not prefix and len(number) == 4:
                self._read_old(locus, text, number, "", position, reading)
                return
            elsewhere = [other for other in self.tables.loci if self._is_antigen(other, number)]
            raise TypingError(
                text,
                position,
                expected=f"a serological antigen of locus {locus}",
                reason=Reason.WRONG_LOCUS if prefix and elsewhere else Reason.UNKNOWN_ANTIGEN,
                hint=f"{number} is an antigen of {', '.join(elsewhere)}; check that the columns are not swapped"
                if elsewhere
                else "two-digit names of alleles are written with a field, such as 02:XX",
            )
        index = self.index(locus)
        rows = {row for name in self.antigens_of(locus, number) for row in index.by_antigen.get(name, ())}
        rows |= self._unsplit(locus, number)
        expressed = sorted(row for row in rows if not index.is_null[row])
        if not expressed:
            raise TypingError(
                text, position, expected="an antigen that some allele carries", reason=Reason.UNKNOWN_ANTIGEN
            )
        reading.alleles += expressed

    def _is_antigen(self, locus: str, number: str) -> bool:
        prefix = SEROLOGY_PREFIX.get(locus, "")
        # DR51, DR52 and DR53 are each the antigen of another gene than the other DR antigens.
        if locus in _SECOND_DR or (prefix == "DR" and number in _SECOND_DR.values()):
            return _SECOND_DR.get(locus) == number
        return number in self.tables.antigens.get(prefix, ())

    def antigens_of(self, locus: str, number: str) -> set[str]:
        """Return the antigen names that alleles behind a reported antigen can carry; empty if it is no antigen.

        A broad antigen can be any of its splits, an antigen any of its associated ones.
        """
        if not self._is_antigen(locus, number):
            return set()
        prefix = SEROLOGY_PREFIX.get(locus, "")
        return _below(number, [relation for relation in self.tables.antigen_relations if relation.prefix == prefix])

    def _unsplit(self, locus: str, split: str) -> set[int]:
        """Return the alleles that may carry a split because only their broad antigen is known.

        An allele whose P group holds one of known split is not among them: the protein that antibodies see is the same.
        """
        index = self.index(locus)
        rows: set[int] = set()
        for relation in self.tables.antigen_relations:
            if relation.prefix == SEROLOGY_PREFIX.get(locus) and split in relation.splits:
                known = {code for code, names in enumerate(self.antigens(locus)) if set(names) & set(relation.splits)}
                rows |= {row for row in index.by_antigen.get(relation.antigen, ()) if index.p_code[row] not in known}
        return rows

    def _read_old(self, locus: str, text: str, digits: str, suffix: str, position: int, reading: _Reading) -> None:
        index = self.index(locus)
        old = index.tables.old_name
        if digits + suffix in old:
            names = [old[digits + suffix]]
        elif digits + suffix in index.tables.deleted:
            names = [digits + suffix]
        elif len(digits) % 2:
            raise self._unknown(locus, text, digits, position)
        else:
            depth = len(digits) // 2
            longer = (
                new
                for name, new in old.items()
                if name.startswith(digits) and len(name.rstrip(SUFFIXES)) > len(digits) and name.endswith(suffix)
            )
            truncated = (":".join(new.rstrip(SUFFIXES).split(":")[:depth]) + suffix for new in longer)
            pairs = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) + suffix
            names = list(dict.fromkeys(truncated)) or [pairs]
        rows: list[int] = []
        for name in names:
            # A digits-only name is one that was abandoned before names had colons.
            renamed = None if ":" in name else self._renamed(locus, text, name, position, reading)
            match = renamed or _NAME.fullmatch(name)
            if match is None:
                raise self._unknown(locus, text, name, position)
            rows += self._named(locus, text, match[0], match[1], match[2], position, reading)
        reading.alleles += _expressed_first(index, rows)

    def _unknown(self, locus: str, text: str, name: str, position: int) -> TypingError:
        family = name.partition(":")[0]
        known = family in self.index(locus).prefix
        return TypingError(
            text,
            position,
            expected=f"an allele of {self.title}",
            reason=Reason.UNKNOWN_ALLELE,
            hint="check the name, or install a newer release" if known else f"{locus}*{family} is no first field",
        )


def _below(antigen: str, relations: Iterable[AntigenRelation]) -> set[str]:
    """Return an antigen with its splits and associated antigens, theirs included."""
    below = {antigen}
    pending = [antigen]
    while pending:
        current = pending.pop()
        for relation in relations:
            if relation.antigen == current:
                finer = {*relation.splits, *relation.associated} - below
                below |= finer
                pending += finer
    return below


def _expressed_first(index: _LocusIndex, rows: Iterable[int]) -> list[int]:
    """Return the expressed alleles of some rows, or all where none is expressed."""
    rows = list(rows)
    return [row for row in rows if not index.is_null[row]] or rows
