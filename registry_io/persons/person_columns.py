"""Which column of a table of persons holds what.

A name tells it (`registry_io.persons.column_names`). Where a name may as well be something else, as `A1` and `B` may
be, its column is read only beside its partner, and where typings stand below it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.donors.attribute_types import PersonKind
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.errors import ErrorCode, FileError
from hla_match.loci import DRB345, LOCI, OPTIONAL_GENES
from registry_io.persons.column_lookalikes import holds_typings, listed, typings_naming
from registry_io.persons.column_names import (
    ATTRIBUTE_NAMES,
    GL_STRING,
    IDENTIFIERS,
    TypingColumn,
    bare,
    is_gl_string,
    nearest_name,
    typing_column,
    typing_name,
)
from registry_io.persons.record_actions import ACTION, ACTION_NAMES

_POPULATIONS = ("population1", "population2")
"""Names, as `bare` makes them, of the populations of a person's parents."""

_IDENTIFIER_ORDER: Mapping[PersonKind, tuple[str, ...]] = {
    "donor": ("donor", "id", "patient", "grid", "subject", "sample"),
    "patient": ("patient", "id", "donor", "grid", "subject", "sample"),
}
_OWN_NAMES = {"donor": "donor_id", "id": "ID", "patient": "patient_id"}
_FLAG = r"^(?i:[01YN+\-]|yes|no|true|false|pos|neg|positive|negative|有|无|是|否|阳性|阴性)$"


@dataclass(frozen=True, slots=True)
class PersonColumns:
    """Which column of the file holds what.

    Attributes:
        identifier: the column of identifiers.
        loci: the two columns of each locus, or the one in which both its typings stand; `DRB345` may be among them.
        attributes: the columns of the attributes.
        populations: the two columns of the populations of parents, or none.
        gl_string: the column of GL Strings, or None.
        ignored: the other columns.
        named: columns that go by another name than the project's, and the name they are read as.
        action: the column of what is asked for of each donor, or None.
        kind: what the persons are.
    """

    identifier: str
    loci: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, str]
    populations: tuple[str, ...]
    gl_string: str | None
    ignored: tuple[str, ...]
    named: Mapping[str, str]
    action: str | None = None
    kind: PersonKind = "donor"

    @property
    def own_names(self) -> Mapping[str, str]:
        """The project's names, by the columns that hold what they name as it is, one typing or attribute a column."""
        pairs = {names: locus for locus, names in self.loci.items() if len(names) == 2}
        sides = {name: f"{locus}_{side}" for names, locus in pairs.items() for side, name in enumerate(names, 1)}
        return {**sides, **{column: name for name, column in self.attributes.items()}}

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that something is read from, but for those of identifiers and actions."""
        of_loci = [name for names in self.typings.values() for name in names]
        return tuple(dict.fromkeys([*of_loci, *self.attributes.values(), *self.populations]))

    @property
    def typings(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of typings, by locus, `gl_string` among them."""
        return {**self.loci, **({GL_STRING: (self.gl_string,)} if self.gl_string is not None else {})}

    @property
    def present(self) -> frozenset[str]:
        """The names, as the project writes them, that columns are read as."""
        sides = {f"{locus}_{side}" for locus in self.typed_loci for side in (1, 2)}
        population = ("population",) if self.populations else ()
        gl_string = (GL_STRING,) if self.gl_string is not None else ()
        # Of patients nothing is asked for.
        action = () if self.kind == "donor" and self.action is None else (ACTION,)
        return frozenset({*sides, *self.attributes, *population, *gl_string, *action})

    @property
    def typed_loci(self) -> frozenset[str]:
        """The loci that columns of typings are of."""
        genes = OPTIONAL_GENES if DRB345 in self.loci else ()
        return frozenset(self.loci) - {DRB345} | set(genes)


def is_person_header(names: Sequence[str]) -> bool:
    """Whether some names are those of a table of persons: one of identifiers, and one of typings.

    >>> is_person_header(["编号", "A1", "A2"]), is_person_header(["code", "meaning"])
    (True, False)
    """
    typings = any(is_gl_string(name) or typing_column(name) for name in names)
    return typings and any(bare(name) in IDENTIFIERS for name in names)


def may_stand_twice(name: str) -> bool:
    """Whether a name may stand above two columns: that of a locus, or a population.

    >>> may_stand_twice("HLA-A"), may_stand_twice("population"), may_stand_twice("A_1"), may_stand_twice("sex")
    (True, True, False, False)
    """
    column = typing_column(name)
    return (column is not None and not column.side) or bare(name) == "population"


def find_columns(path: Path, frame: pl.DataFrame, kind: PersonKind) -> PersonColumns:
    """Return which column holds what.

    Args:
        path: the file, for messages.
        frame: the table, or its first rows, every column as text.
        kind: what the persons are.

    Raises:
        FileError: two columns of one meaning, no identifiers, no typings, or half a pair of columns.
    """
    names = frame.columns
    identifier = _identifier(path, names, kind)
    found: dict[str, str] = {}
    populations = tuple(name for word in _POPULATIONS for name in names if bare(name) == word)
    if len(populations) != len(_POPULATIONS):
        populations = ()
    for name in names:
        attribute = GL_STRING if is_gl_string(name) else ATTRIBUTE_NAMES.get(bare(name))
        if attribute is not None:
            _take(path, found, attribute, name)
    if populations and "population" in found:
        raise _twice(path, populations[0], found["population"])
    gl_string = found.pop(GL_STRING, None)
    loci = _loci(path, frame)
    attributes = {name: found[name] for name in ATTRIBUTES if name in found}
    of_loci = {name: own for locus, columns in loci.items() for name, own in _own_names(locus, columns).items()}
    action = _action(path, names) if kind == "donor" else None
    used = {identifier, gl_string, action, *attributes.values(), *populations, *of_loci}
    ignored = tuple(name for name in names if name not in used)
    if not loci and gl_string is None and action is None:
        raise FileError(
            str(path),
            row=1,
            found="no column of typings",
            expected="columns A_1, A_2, B_1, B_2, ... or gl_string",
            hint=_typings_hint(ignored),
            code=ErrorCode.FILE_MISSING_COLUMN,
        )
    own = {**{column: name for name, column in attributes.items()}, **of_loci}
    if gl_string is not None:
        own[gl_string] = GL_STRING
    named = {name: meant for name, meant in own.items() if _is_renamed(name, meant)}
    if bare(identifier) not in ("id", "donorid", "patientid") or not identifier.isascii():
        named[identifier] = "identifier"
    return PersonColumns(identifier, loci, attributes, populations, gl_string, ignored, named, action, kind)


def _identifier(path: Path, names: Sequence[str], kind: PersonKind) -> str:
    """Return the column of identifiers: of the words for them, the one that says most of this kind of persons."""
    found: dict[str, str] = {}
    for name in names:
        if (whose := IDENTIFIERS.get(bare(name))) is not None:
            _take(path, found, whose, name)
    for whose in _IDENTIFIER_ORDER[kind]:
        if whose in found:
            return found[whose]
    near = {name: known for name in names if (known := nearest_name(name, (*IDENTIFIERS, *_OWN_NAMES.values())))}
    hint = "name the columns in the first row"
    if near:
        name, known = next(iter(near.items()))
        meant = _OWN_NAMES.get(IDENTIFIERS[bare(known)], known) if known.isascii() else known
        hint = f"is it column {name}? Name it {meant}"
    raise FileError(
        str(path),
        row=1,
        found="no column of identifiers",
        expected=f"one of {', '.join(_OWN_NAMES[whose] for whose in _IDENTIFIER_ORDER[kind] if whose in _OWN_NAMES)}",
        hint=hint,
        code=ErrorCode.FILE_MISSING_COLUMN,
    )


def _action(path: Path, names: Sequence[str]) -> str | None:
    """Return the column of what is asked for of each donor; None where there is none."""
    found: dict[str, str] = {}
    for name in names:
        if bare(name) in ACTION_NAMES:
            _take(path, found, ACTION, name)
    return found.get(ACTION)


def _take(path: Path, found: dict[str, str], meaning: str, name: str) -> None:
    """Note the column of a meaning, of which there is one."""
    other = found.setdefault(meaning, name)
    if other != name:
        raise _twice(path, name, other)


def _twice(path: Path, name: str, other: str) -> FileError:
    return FileError(
        str(path),
        row=1,
        column=name,
        found=f"the meaning of column {other} again",
        expected="one column of each meaning",
        hint="rename or remove one of the two columns",
        code=ErrorCode.FILE_DUPLICATE_COLUMN,
    )


def _loci(path: Path, frame: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the columns of each locus; half a pair of the project's names is refused, of others not read."""
    columns = {name: column for name in frame.columns if (column := typing_column(name)) is not None}
    for name in _doubtful(frame, columns):
        del columns[name]
    sides: dict[tuple[str, str], str] = {}
    for name, column in columns.items():
        other = sides.setdefault((column.locus, column.side), name)
        if other != name:
            raise _twice(path, name, other)
    loci: dict[str, tuple[str, ...]] = {}
    for locus in (*LOCI, DRB345):
        pair = tuple(sides[locus, side] for side in ("1", "2") if (locus, side) in sides)
        whole = sides.get((locus, ""))
        if whole is not None and pair:
            raise _twice(path, whole, pair[0])
        if whole is not None:
            loci[locus] = (whole,)
        elif len(pair) == 2:
            loci[locus] = pair
        elif pair and columns[pair[0]].is_own:
            raise _half_a_pair(path, frame.columns, locus, pair[0], columns[pair[0]])
    for gene in OPTIONAL_GENES:
        if gene in loci and DRB345 in loci:
            raise _twice(path, loci[DRB345][0], loci[gene][0])
    return loci


def _doubtful(frame: pl.DataFrame, columns: Mapping[str, TypingColumn]) -> set[str]:
    """Return the columns whose name may mean something else than typings, and whose cells do not tell.

    They are halves of a pair that is called by joined names, A1 or B2, one of many such, as of a table with a column an
    antigen, or flags; letters without typings below; and DQB1 beside DQB2, which may be the two typings of DQB.
    """
    places = {(column.locus, column.side) for column in columns.values()}
    letters = [name for name, column in columns.items() if column.certainty == "letter"]
    stems = {
        match[1].upper()
        for name in frame.columns
        if (match := re.fullmatch(r"(?i)(?:HLA[-_. ]*)?([ABC]|CW)(?!0?[12]$)[0-9]{1,4}", name.strip()))
    }
    doubtful: set[str] = set()
    for name, column in columns.items():
        if column.certainty == "joined":
            alone = (column.locus, {"1": "2", "2": "1"}[column.side]) not in places
            if alone or column.locus in stems or _holds_flags(frame[name]):
                doubtful.add(name)
        elif column.certainty == "letter":
            if not holds_typings(frame[name], or_antigens=len(letters) > 1):
                doubtful.add(name)
        elif not column.side and column.locus.endswith("1"):
            second = re.compile(rf"(?i)(?:HLA[-_.\s]*)?{column.locus[:-1]}2")
            if any(second.fullmatch(other.strip()) for other in frame.columns):
                doubtful.add(name)
    partners = {(columns[name].locus, {"1": "2", "2": "1"}.get(columns[name].side)) for name in doubtful}
    return doubtful | {
        name
        for name, column in columns.items()
        if column.certainty == "joined" and (column.locus, column.side) in partners
    }


def _holds_flags(cells: pl.Series) -> bool:
    """Whether a column holds nothing but a mark of whether something is there."""
    given = cells.drop_nulls()
    return bool(given.len()) and bool(given.str.strip_chars().str.contains(_FLAG).all())


def _own_names(locus: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of a locus, and what the project would call them."""
    if len(columns) == 1:
        return {columns[0]: f"both typings of {'DRB3, DRB4 or DRB5' if locus == DRB345 else locus}"}
    return {column: f"{locus}_{side}" for side, column in enumerate(columns, start=1)}


def _is_renamed(name: str, meant: str) -> bool:
    """Whether a column goes by another name than the project's, in any case."""
    return re.sub("(?i)^HLA-", "", name).lower() != meant.lower()


def _half_a_pair(path: Path, names: Sequence[str], locus: str, name: str, column: TypingColumn) -> FileError:
    missing = f"{locus}_{'2' if column.side == '1' else '1'}"
    meant = next((other for other in names if typing_name(other) == missing), None)
    return FileError(
        str(path),
        row=1,
        column=name,
        found=f"no column {missing} beside it",
        expected="both columns of the locus",
        hint=f"name the column {meant} {missing}"
        if meant is not None
        else f"add the column {missing}; it may be empty",
        code=ErrorCode.FILE_MISSING_COLUMN,
    )


def _typings_hint(spare: Sequence[str]) -> str:
    """Return how columns of typings are named, and which of the columns may be meant."""
    meant = {name: wanted for name in spare if (wanted := typing_name(name)) is not None}
    if meant:
        return f"{listed(tuple(meant))} look like typings: {typings_naming(meant)}"
    return f"loci: {', '.join(LOCI)}; each has the columns LOCUS_1 and LOCUS_2, with or without HLA- before"
