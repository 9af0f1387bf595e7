"""Which column of a table of persons holds what, and which of the others look as if they were meant to be read."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from hla_match.errors import FileError
from hla_match.loci import LOCI
from registry_io.person_attributes import ATTRIBUTES, Kind

GL_STRING = "gl_string"

_IDENTIFIERS = {"donor": ("donor_id", "id", "patient_id"), "patient": ("patient_id", "id", "donor_id")}
_LOCUS_COLUMN = re.compile(rf"(?:HLA-)?({'|'.join(LOCI)})_([12])", re.ASCII | re.IGNORECASE)

# What laboratories and registries call the loci.
_LOCUS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{locus: locus for locus in LOCI},
        "CW": "C", "DRB": "DRB1", "DR": "DRB1", "DR51": "DRB5", "DR52": "DRB3", "DR53": "DRB4", "DQA": "DQA1",
        "DQB": "DQB1", "DQ": "DQB1", "DPA": "DPA1", "DPB": "DPB1", "DP": "DPB1",
        **dict.fromkeys(("DRB345", "DR345", "DRB3_4_5", "DRBX"), ""),
    }
)  # fmt: skip
_SIDE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("1", "01", "ONE", "FIRST", "1ST", "A", "I", "X"), "1"),
        **dict.fromkeys(("2", "02", "TWO", "SECOND", "2ND", "B", "II", "Y"), "2"),
        **dict.fromkeys(("3", "03", "4", "04", "THREE", "THIRD"), ""),
    }
)
_NOUN = "(?:ALLELE|TYPE|TYPING|ANTIGEN|HAPLOTYPE|HAP|DNA|SER|SEROLOGY|VALUE|LOCUS|GENE)"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# A letter is a side behind a digit or a separator only: DRA is another gene, AB a blood group.
_TYPING_NAME = re.compile(
    rf"(?:HLA_?)?(?:{_NOUN}_?)?(?P<locus>{_any_of(_LOCUS_WORDS)})(?:1(?=_[0-9]))?(?:_?{_NOUN})?"
    rf"(?:_?(?P<side>{_any_of(word for word in _SIDE_WORDS if len(word) > 1 or word.isdigit())})"
    rf"|(?:_|(?<=[0-9]))(?P<letter>I|A|B|X|Y))?(?:_?{_NOUN})?"
)
_GL_NAME = re.compile(r"(?:HLA_?)?(?:GLS?|GL_?STRINGS?|GENOTYPE_?LIST(?:_?STRING)?)")

# An allele, group, code or antigen with its letters, or a list that begins with one. Bare numbers may be anything.
_TYPING = (
    r"^(?:[0-9]{2,4}(?::[0-9]{2,4}){1,3}[A-Za-z]?|[0-9]{2,4}:[A-Z]{2,5}"
    r"|(?:HLA-)?[A-Za-z]{1,4}[0-9]?\*[0-9]{2,8}[0-9A-Za-z:]*|(?:DR|DQ|Cw)[0-9]{1,4})(?:[/+|^~,\s].*)?$"
)
_CLOCK = r"^(?:00:|[0-9]+:00)"
_SAMPLE = 1000
"""Cells of a slice that are looked at to tell what a column holds."""

# Names without anything but letters and digits, of columns that are meant to be an attribute.
_ATTRIBUTE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{name.replace("_", ""): name for name in ATTRIBUTES},
        **dict.fromkeys(("gender", "geschlecht", "donorsex", "patientsex"), "sex"),
        **dict.fromkeys(("birthdate", "dateofbirth", "dob", "birthday", "birth", "born", "bdate"), "birth_date"),
        **dict.fromkeys(("bloodgroup", "bloodtype", "abogroup", "bloodgroupabo", "aborh", "abotype"), "abo"),
        **dict.fromkeys(("rh", "rhd", "rhfactor", "rhesusfactor", "rhtype"), "rhesus"),
        **dict.fromkeys(("cmvstatus", "cmvigg", "cmvserology", "cmvantibody", "cytomegalovirus"), "cmv"),
        **dict.fromkeys(("weight", "bodyweight", "weightinkg", "kg", "mass"), "weight_kg"),
        **dict.fromkeys(("donorstatus", "availability", "available", "statuscode"), "status"),
        **dict.fromkeys(("registrationdate", "dateregistered", "registered", "registerdate"), "registered_on"),
        **dict.fromkeys(("lastcontact", "lastcontactdate", "contactdate"), "last_contact_on"),
        **dict.fromkeys(("ethnicity", "ethnicgroup", "populationgroup"), "population"),
    }
)
_ALIKE = 0.86
"""Likeness of a name to that of an attribute, by `difflib`, from which it is taken for a slip of the pen."""

_LONGEST_NAME = 40
_LISTED = 20


@dataclass(frozen=True, slots=True)
class PersonColumns:
    """Which column of the file holds what.

    Attributes:
        identifier: the column of identifiers.
        loci: the two columns of each locus.
        attributes: the columns of the attributes.
        gl_string: the column of GL Strings, or None.
        ignored: the other columns.
    """

    identifier: str
    loci: Mapping[str, tuple[str, str]]
    attributes: Mapping[str, str]
    gl_string: str | None
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Ignored columns that look as if they were meant to be read.

    Attributes:
        typings: columns of typings, each with the name that would be read, or "".
        attributes: columns of attributes, each with the attribute.
    """

    typings: Mapping[str, str]
    attributes: Mapping[str, str]

    def __or__(self, other: Lookalikes) -> Lookalikes:
        return Lookalikes({**self.typings, **other.typings}, {**self.attributes, **other.attributes})

    @property
    def cautions(self) -> tuple[str, ...]:
        """What is said of them."""
        found = []
        if self.typings:
            found.append(_unread(self.typings, "typings", typings_naming(self.typings)))
        if self.attributes:
            naming = f"name them {listed(tuple(self.attributes.values()))}"
            found.append(_unread(self.attributes, "attributes", naming))
        return tuple(found)


def _unread(columns: Mapping[str, str], what: str, naming: str) -> str:
    if len(columns) == 1:
        return f"column {next(iter(columns))} looks like {what} and was not read; {naming.replace('them', 'it', 1)}"
    return f"columns {listed(tuple(columns))} look like {what} and were not read; {naming}"


def find_columns(path: Path, names: Sequence[str], kind: Kind) -> PersonColumns:
    """Return which column holds what.

    Raises:
        FileError: two columns of one meaning, no identifiers, no typings, or half a pair of columns.
    """
    lower: dict[str, str] = {}
    sides: dict[tuple[str, str], str] = {}
    known = {*_IDENTIFIERS[kind], *ATTRIBUTES, GL_STRING}
    for name in names:
        match = _LOCUS_COLUMN.fullmatch(name)
        if match is not None:
            key = (match[1].upper(), match[2])
            other = sides.setdefault(key, name)
        elif name.lower() in known:
            other = lower.setdefault(name.lower(), name)
        else:
            continue
        if other != name:
            raise FileError(
                str(path),
                row=1,
                column=name,
                found=f"the meaning of column {other} again",
                expected="one column of each meaning",
                hint="rename or remove one of the two columns",
            )
    used = {*lower.values(), *sides.values()}
    spare = tuple(name for name in names if name not in used)
    identifier = next((lower[name] for name in _IDENTIFIERS[kind] if name in lower), None)
    if identifier is None:
        raise FileError(
            str(path),
            row=1,
            found="no column of identifiers",
            expected=f"one of {', '.join(_IDENTIFIERS[kind])}",
            hint="name the columns in the first row",
        )
    loci = _pairs(path, sides, spare)
    gl_string = lower.get(GL_STRING)
    if not loci and gl_string is None:
        raise FileError(
            str(path),
            row=1,
            found="no column of typings",
            expected="columns A_1, A_2, B_1, B_2, ... or gl_string",
            hint=_typings_hint(spare),
        )
    attributes = {name: lower[name] for name in ATTRIBUTES if name in lower}
    taken = {identifier, gl_string, *attributes.values(), *sides.values()}
    return PersonColumns(identifier, loci, attributes, gl_string, tuple(name for name in names if name not in taken))


def typing_name(column: str) -> str | None:
    """Return the name of a column that is called nearly like one of typings; "" where only the likeness is sure.

    >>> [typing_name(name) for name in ("DR_1", "HLA-Cw 2", "DRB1_one", "A_3", "GL-String", "age")]
    ['DRB1_1', 'C_2', 'DRB1_1', '', 'gl_string', None]
    """
    word = re.sub(r"[\W_]+", "_", _folded(column).upper()).strip("_")
    if _GL_NAME.fullmatch(word):
        return GL_STRING
    match = _TYPING_NAME.fullmatch(word)
    # A letter alone may be a column of anything.
    if match is None or len(word) == 1:
        return None
    locus, side = _LOCUS_WORDS[match["locus"]], _SIDE_WORDS.get(match["side"] or match["letter"] or "", "")
    return f"{locus}_{side}" if locus and side else ""


def attribute_name(column: str) -> str | None:
    """Return the attribute that a column is called nearly like.

    >>> [attribute_name(name) for name in ("Birth Date", "gender", "wieght_kg", "diagnosis")]
    ['birth_date', 'sex', 'weight_kg', None]
    """
    word = re.sub(r"[\W_]", "", _folded(column).lower())
    if word in _ATTRIBUTE_WORDS or not word:
        return _ATTRIBUTE_WORDS.get(word)
    near = difflib.get_close_matches(word, _ATTRIBUTE_WORDS, n=1, cutoff=_ALIKE)
    return _ATTRIBUTE_WORDS[near[0]] if near else None


def holds_typings(cells: pl.Series) -> bool:
    """Whether more than half of the cells of a column that are not empty read like names of alleles.

    >>> holds_typings(pl.Series(["02:01", None, "A*24:02/A*24:03"])), holds_typings(pl.Series(["08:30", "09:00"]))
    (True, False)
    """
    given = cells.drop_nulls().head(_SAMPLE).str.strip_chars()
    return bool(given.str.contains(_TYPING).sum() * 2 > given.len()) and not given.str.contains(_CLOCK).any()


def lookalikes(frame: pl.DataFrame, columns: PersonColumns) -> Lookalikes:
    """Return which of the ignored columns look as if they were meant to be read.

    Args:
        frame: the table, every column as text.
        columns: what its columns hold.
    """
    present = {*(f"{locus}_{side}" for locus in columns.loci for side in (1, 2)), *columns.attributes}
    if columns.gl_string is not None:
        present.add(GL_STRING)
    typings: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for name in columns.ignored:
        wanted = typing_name(name)
        if wanted is None and holds_typings(frame[name]):
            wanted = ""
        if wanted is not None:
            typings[name] = "" if wanted in present else wanted
        elif (attribute := attribute_name(name)) is not None and attribute not in present:
            attributes[name] = attribute
    return Lookalikes(typings, attributes)


def _folded(column: str) -> str:
    """Return a name with full-width characters as ASCII; "" for one that is too long to be meant."""
    return unicodedata.normalize("NFKC", column) if len(column) <= _LONGEST_NAME else ""


def _pairs(path: Path, sides: Mapping[tuple[str, str], str], spare: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the pair of columns of each locus; half a pair is refused."""
    loci: dict[str, tuple[str, str]] = {}
    for locus in LOCI:
        first, second = sides.get((locus, "1")), sides.get((locus, "2"))
        if first is not None and second is not None:
            loci[locus] = (first, second)
        elif first is not None or second is not None:
            missing = f"{locus}_2" if second is None else f"{locus}_1"
            meant = next((name for name in spare if typing_name(name) == missing), None)
            raise FileError(
                str(path),
                row=1,
                column=first or second,
                found=f"no column {missing} beside it",
                expected="both columns of the locus",
                hint=f"name the column {meant} {missing}"
                if meant is not None
                else f"add the column {missing}; it may be empty",
            )
    return loci


def _typings_hint(spare: Sequence[str]) -> str:
    """Return how columns of typings are named, and which of the columns may be meant."""
    meant = {name: wanted for name in spare if (wanted := typing_name(name)) is not None}
    if meant:
        return f"{listed(tuple(meant))} look like typings: {typings_naming(meant)}"
    return f"loci: {', '.join(LOCI)}; each has the columns LOCUS_1 and LOCUS_2, with or without HLA- before"


def typings_naming(meant: Mapping[str, str]) -> str:
    """Return what to name columns that look like typings, given each with the name of `typing_name`.

    >>> typings_naming({"DR_1": "DRB1_1", "DR_2": "DRB1_2"})
    'name them DRB1_1, DRB1_2'
    """
    free = {name: wanted for name, wanted in meant.items() if wanted}
    distinct = len(set(free.values())) == len(free)
    if distinct and len(free) == len(meant):
        return f"name them {listed(tuple(free.values()))}"
    general = "LOCUS_1 and LOCUS_2, such as A_1 and A_2"
    if distinct and free:
        return f"name {listed(tuple(free))} as {listed(tuple(free.values()))}, and others {general}"
    return f"columns of typings are named {general}, or {GL_STRING}"


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence, the first of many.

    >>> listed(["A1", "A2"])
    'A1, A2'
    """
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")
