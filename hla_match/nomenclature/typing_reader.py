"""Reads one side of a typing: the alleles that its names stand for. Each form of name has its own rule.

Sources: WMDA framework, Bochtler et al., Bone Marrow Transplant 2011;46:338 (expansion of codes, serology and truncated
names); Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291).
"""

from __future__ import annotations

from hla_match.errors import Reason, TypingError
from hla_match.language import retellable, translatable
from hla_match.loci import SEROLOGY_PREFIX
from hla_match.nomenclature.abandoned_names import DeletedName, heirs, names_since_2010, with_two_digits
from hla_match.nomenclature.antigen_names import antigen_in_use
from hla_match.nomenclature.group_names import members_of_group
from hla_match.nomenclature.locus_index import SUFFIXES, LocusIndex
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.reported_names import ALLELE, ReportedName, antigen_parts, reported_names
from hla_match.nomenclature.serology import (
    alleles_of_antigen,
    antigens_mostly,
    antigens_of_alleles,
    loci_of_antigen,
    reported_antigens,
    unobserved_alleles,
)
from hla_match.nomenclature.standard_form import STAR
from hla_match.nomenclature.untyped import UNKNOWN

MOST_ALLELES = 50_000
"""Alleles that a text may name, each as often as it names it; no locus has a third of these."""

ANY_ALLELE = retellable("XXXX, present, was read as any allele of the locus")
UNKNOWN_ALLELE = retellable("an allele given as unknown or not typed was read as any allele of the locus")
ONE_DIGIT = retellable("third fields of one digit, such as A*03012, were read with two, A*030102")

NOW_NAMED = " was renamed "
"""Stands in a note between a name and those that took its place."""

NOT_IN_RELEASE = " does not exist in "
"""Stands in a note between a name that a code lists and the nomenclature that lacks it."""

_HEIRS = 4
"""Names that a note lists."""

_NEWER_RELEASE = "check the name, or install a newer release"
_SWAPPED = "check that the columns are not swapped"


class TypingReader:
    """Reads one text in standard form at one locus and gathers what it can be.

    Attributes:
        alleles: rows of the alleles, as often as they were named.
        antigens: what the names count as for an antigen match.
        serology: the antigens that were named, where every name is one.
        notes: what was dropped or replaced.
        keeps_null: a null allele was named by its own name, or by a name that stands for null alleles alone.
        is_new: reported as NEW.
    """

    def __init__(self, index: LocusIndex, text: str, codes: MacTable | None) -> None:
        self.alleles: list[int] = []
        self.antigens: set[str] = set()
        self.serology: set[str] = set()
        self.notes: list[str] = []
        self.keeps_null = False
        self.is_new = False
        self.needs_codes = False
        self._index = index
        self._text = text
        self._codes = codes
        self._position = 0  # of the name that is being read

    def read(self) -> None:
        """Read every name of the text.

        Raises:
            TypingError: a name cannot be read, with the reason, the position and what was expected.
        """
        new_at = 0
        named: list[str] = []
        for name in reported_names(self._index.locus, self._text):
            self._position = name.position
            if name.form == "new":
                self.is_new = True
                new_at = name.position
                continue
            antigen = self._antigen(name) if name.form == "antigen" else ""
            named.append(antigen)
            rows, antigens = self._of_antigen(antigen) if antigen else self._of_dna(name)
            self.alleles += rows
            self.antigens |= antigens
            if len(self.alleles) > MOST_ALLELES:
                raise self._refusal(Reason.TOO_AMBIGUOUS, f"at most {MOST_ALLELES:,} alleles", "name each allele once")
        self.serology = set(named) if all(named) else set()
        if self.is_new and self.alleles:
            self._position = new_at
            raise self._refusal(Reason.MALFORMED, "NEW alone, or known alleles")

    def _of_antigen(self, number: str) -> tuple[list[int], set[str]]:
        """Return the alleles that an antigen can be, and what it counts as."""
        rows = alleles_of_antigen(self._index, number)
        if not rows:
            own, title = SEROLOGY_PREFIX[self._index.locus], self._index.nomenclature.title
            rows = unobserved_alleles(self._index, number)
            self.notes.append(
                retellable(
                    "{antigen} is assigned to no allele in {title}; read as those it is likely for",
                    antigen=f"{own}{number}",
                    title=title,
                )
            )
        if not rows:
            raise self._refusal(Reason.UNKNOWN_ANTIGEN, "an antigen that some allele carries")
        return rows, reported_antigens(self._index, number)

    def _of_dna(self, name: ReportedName) -> tuple[list[int], set[str]]:
        """Return the alleles behind a name, and their antigens; of a family or a code those that most alleles have."""
        index = self._index
        match name.form:
            case "family":
                families = self._family(name.text)
                antigens = [antigens_mostly(index, [[row] for row in rows]) for rows in families]
                return [row for rows in families for row in rows], set().union(*antigens)
            case "code":
                members = self._code(name.text)
                return [row for rows in members for row in rows], antigens_mostly(index, members)
            case "allele":
                rows = self._allele(name.text)
            case "group":
                rows = self._group(name.text)
            case "any":
                self.notes.append(UNKNOWN_ALLELE if name.text == UNKNOWN else ANY_ALLELE)
                rows = index.expressed_first(range(len(index.is_null)))
            case _:
                rows = self._old_name(antigen_parts(name.text)[1] if name.form == "antigen" else name.text)
        return rows, antigens_of_alleles(index, rows)

    def _family(self, name: str) -> list[list[int]]:
        """Return the alleles of a first field (``02:XX``), or of each of the splits of a broad antigen (``09:XX``)."""
        index = self._index
        family = name.removesuffix(":XX")
        splits = [split.zfill(2) for split in index.antigens.splits(family.lstrip("0"))]
        if family in index.prefix:
            families = [index.prefix[family]]
        elif splits and all(split in index.prefix for split in splits):
            families = [index.prefix[split] for split in splits]
            read_as = ", ".join(f"{index.locus}*{split}:XX" for split in splits)
            form = translatable("{name} was read as the families of its splits, {families}")
            self.notes.append(retellable(form, name=f"{index.locus}*{name}", families=read_as))
        elif family in index.abandoned:
            families = [[row for heir in self._in_use(family) for row in self._allele(heir)]]
        else:
            raise self._unknown(name)
        found = [index.expressed_first(rows) for rows in families]
        self.keeps_null |= all(index.is_null[rows[0]] for rows in found)
        return found

    def _allele(self, name: str) -> list[int]:
        """Read the name of an allele, whole or truncated."""
        index = self._index
        if name in index.row:
            self.keeps_null |= index.is_null[index.row[name]]
            return [index.row[name]]
        digits = name.rstrip(SUFFIXES)
        suffix = name[len(digits) :]
        rows = index.prefix.get(digits, [])
        if rows and not suffix:
            found = index.expressed_first(rows)
            self.keeps_null |= index.is_null[found[0]]
            return found
        same = [row for row in rows if index.tables.allele[row].endswith(suffix)]
        if same:
            self.keeps_null |= suffix == "N"
            return same
        current = self._in_use(name)
        if current != [name]:
            return self._heirs(current)
        # Fields count from 01: the 00 is the seconds of a time that a spreadsheet made of the name.
        if not index.nomenclature.closed and "00" not in digits.split(":"):
            rows = index.prefix.get(":".join(digits.split(":")[:2]), [])
            if suffix:
                rows = [row for row in rows if index.is_null[row] == (suffix == "N")]
            if rows:
                self.keeps_null |= suffix == "N"
                return index.expressed_first(rows)
        raise self._unknown(name)

    def _heirs(self, names: list[str]) -> list[int]:
        """Read the names that took the place of one; of several, null alleles count only if all are null alleles."""
        keeps_null = self.keeps_null
        rows = self._index.expressed_first(row for name in names for row in self._allele(name))
        if len(names) > 1:
            self.keeps_null = keeps_null or self._index.is_null[rows[0]]
        return rows

    def _in_use(self, name: str) -> list[str]:
        """Return the names in use for one that may be abandoned, and note the difference."""
        locus = self._index.locus
        current = heirs(self._index, name)
        if isinstance(current, DeletedName):
            raise self._refusal(
                Reason.DELETED_ALLELE,
                f"an allele of {self._index.nomenclature.title}",
                f"{locus}*{name} was deleted: {current.reason}",
            )
        if not current:
            return [name]
        read_as, *others = (f"{locus}*{heir}" for heir in current[:_HEIRS])
        for other in others:
            read_as = retellable("{one} and {other}", one=read_as, other=other)
        if len(current) > _HEIRS:
            read_as = retellable("{names} and {n} more", names=read_as, n=len(current) - _HEIRS)
        self.notes.append(retellable("{name} was renamed {names}", name=f"{locus}*{name}", names=read_as))
        return current

    def _group(self, name: str) -> list[int]:
        """Read a G group, P group or small g group."""
        index = self._index
        rows, read_as = members_of_group(index, name)
        if not rows:
            kind = name[-1]
            raise self._refusal(Reason.UNKNOWN_GROUP, f"a {kind} group of {index.nomenclature.title}", _NEWER_RELEASE)
        if read_as:
            title, locus = index.nomenclature.title, index.locus
            form = translatable("{name} is no group of {title}; read as {allele}")
            self.notes.append(retellable(form, name=f"{locus}*{name}", title=title, allele=f"{locus}*{read_as}"))
        self.keeps_null |= all(index.is_null[row] for row in rows)
        return rows

    def _code(self, name: str) -> list[list[int]]:
        """Return the alleles of each member of a multiple allele code.

        It lists second fields, or whole names of which one has the first field.
        """
        family, _, code = name.partition(":")
        self.needs_codes = True
        expansion = self._codes.lookup(code) if self._codes is not None else None
        if expansion is None:
            self._position += len(family) + 1
            raise self._refusal(
                Reason.UNKNOWN_CODE,
                "a known multiple allele code",
                "give the file of multiple allele codes"
                if self._codes is None
                else "check the code, or give a newer file",
            )
        names = expansion.split("/")
        if not any(":" in listed for listed in names):
            names = [f"{family}:{listed}" for listed in names]
        elif not any(listed.startswith(f"{family}:") for listed in names):
            raise self._refusal(Reason.IMPOSSIBLE_CODE, f"a first field that code {code} lists")
        found: list[list[int]] = []
        for listed in names:
            try:
                if ALLELE.fullmatch(listed) is None:
                    raise self._unknown(listed)
                found.append(self._allele(listed))
            except TypingError:
                locus, title = self._index.locus, self._index.nomenclature.title
                form = translatable("{name} of code {code} does not exist in {title}")
                self.notes.append(retellable(form, name=f"{locus}*{listed}", code=code, title=title))
        if not found:
            raise self._refusal(
                Reason.IMPOSSIBLE_CODE, f"a code with alleles that exist at {self._index.locus}*{family}"
            )
        return found

    def _antigen(self, name: ReportedName) -> str:
        """Return the number of an antigen such as A2, 2 or A24(9), or "" of digits that are a name before 2010."""
        nomenclature, locus = self._index.nomenclature, self._index.locus
        prefix, number = antigen_parts(name.text)
        # DP and DQ are also the letters of loci that have no antigens.
        foreign = prefix not in ("", SEROLOGY_PREFIX.get(locus, locus[:2]))
        antigen = antigen_in_use(nomenclature, locus, prefix, number)
        if not foreign and antigen:
            own, title = SEROLOGY_PREFIX[locus], nomenclature.title
            if antigen != number:
                form = translatable("{antigen} is {now} in {title}")
                self.notes.append(retellable(form, antigen=f"{own}{number}", now=f"{own}{antigen}", title=title))
            if name.broad:
                self._check_broad(name, antigen)
            return antigen
        if not foreign and len(number) == 4 and not name.broad and prefix in ("", "A", "B", "Cw"):
            self.notes += [STAR] if prefix else []
            return ""
        elsewhere = loci_of_antigen(nomenclature, prefix, number)
        if elsewhere:
            hint = f"{prefix}{number} is an antigen of {', '.join(elsewhere)}; {_SWAPPED}"
        elif number.zfill(2) in self._index.prefix and not foreign:
            hint = f"a lone first field is written {number:0>2}:XX"
        else:
            hint = _SWAPPED if foreign else "check the name"
        swapped = foreign or (prefix and elsewhere)
        raise self._refusal(
            Reason.WRONG_LOCUS if swapped else Reason.UNKNOWN_ANTIGEN, f"a serological antigen of locus {locus}", hint
        )

    def _check_broad(self, name: ReportedName, number: str) -> None:
        """Refuse an antigen in brackets that is not the broad one of the antigen before it."""
        prefix, broad = antigen_parts(name.broad)
        antigens, own = self._index.antigens, SEROLOGY_PREFIX.get(self._index.locus)
        known = antigens.above(number)
        if broad not in known or prefix not in ("", own):
            turned = [f"{own}{broad}({number})"] if number in antigens.above(broad) else []
            meant = " or ".join([f"{own}{number}({antigen})" for antigen in known] or turned or [f"{own}{number}"])
            raise self._refusal(
                Reason.UNKNOWN_ANTIGEN, f"in brackets the broad antigen of {own}{number}", f"write {meant}"
            )

    def _old_name(self, old: str) -> list[int]:
        """Read a name before April 2010, whole or truncated."""
        names = names_since_2010(self._index, old)
        if not names and (longer := with_two_digits(old)):
            self.notes.append(ONE_DIGIT)
            names = names_since_2010(self._index, longer)
        if not names:
            raise self._unknown(old.rstrip(SUFFIXES))
        rows: list[int] = []
        keeps_null = self.keeps_null
        for name in names:
            # A digits-only name is one that was abandoned before names had colons.
            current = [name] if ":" in name else self._in_use(name)
            rows += [row for heir in current for row in self._allele(heir)]
        rows = self._index.expressed_first(rows)
        self.keeps_null = keeps_null or self._index.is_null[rows[0]]
        return rows

    def _unknown(self, name: str) -> TypingError:
        family = name.partition(":")[0]
        return self._refusal(
            Reason.UNKNOWN_ALLELE,
            f"an allele of {self._index.nomenclature.title}",
            _NEWER_RELEASE if family in self._index.prefix else f"{self._index.locus}*{family} is no first field",
        )

    def _refusal(self, reason: Reason, expected: str, hint: str = "") -> TypingError:
        return TypingError(self._text, self._position, expected=expected, reason=reason, hint=hint)
