"""Columns that are not read and look as if they were meant to be: they are reported with the names that are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from hla_match.nomenclature.half_width import half_width
from hla_match.nomenclature.untyped import is_untyped
from registry_io.persons.column_names import (
    GL_STRING,
    attribute_name,
    closest_name,
    typing_column,
    typing_name,
)
from registry_io.persons.record_actions import ACTION, ACTION_WORDS

# An allele, group, code or antigen with its letters, or a list that begins with one. Bare numbers may be anything.
_TYPING = (
    r"^(?:[0-9]{2,4}(?::[0-9]{2,4}){1,3}[A-Za-z]?|[0-9]{2,4}:[A-Z]{2,5}"
    r"|(?:HLA-)?[A-Za-z]{1,4}[0-9]?\*[0-9]{2,8}[0-9A-Za-z:]*|\*[0-9]{2,4}(?::[0-9A-Za-z]+)*|(?:DR|DQ|Cw)[0-9]{1,4})"
    r"(?:[/+|^~,;\x{FF0C}\x{3001}\s].*)?$"
)
_TWO_ANTIGENS = r"^[A-Za-z]{0,2}[0-9]{1,4}\s*[,;/+\s\x{FF0C}\x{3001}]\s*[A-Za-z]{0,2}[0-9]{1,4}$"
_CLOCK = r"^(?:00:|[0-9]+:00)"
_SAMPLE = 1000
"""Cells of a slice that are looked at to tell what a column holds."""

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Ignored columns that look as if they were meant to be read.

    Attributes:
        typings: columns of typings, each with the name that would be read, or "".
        attributes: columns of attributes, each with the attribute.
        actions: columns of what is asked for of each donor, each with the name that would be read.
        near: other columns, each with a name that is read and most like theirs.
    """

    typings: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    near: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: Lookalikes) -> Lookalikes:
        return Lookalikes(
            typings={**self.typings, **other.typings},
            attributes={**self.attributes, **other.attributes},
            actions={**self.actions, **other.actions},
            near={**self.near, **other.near},
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What is said of those that may have to be read."""
        found = []
        if self.typings:
            found.append(_unread(self.typings, "typings", typings_naming(self.typings)))
        if self.attributes:
            naming = f"name them {listed(tuple(self.attributes.values()))}"
            found.append(_unread(self.attributes, "attributes", naming))
        if self.actions:
            found.append(_unread(self.actions, "actions", f"name them {listed(tuple(self.actions.values()))}"))
        return tuple(found)

    def ignored(self, columns: Sequence[str]) -> list[str]:
        """Return those of some ignored columns that are in no caution, with the names that may be meant."""
        told = {**self.typings, **self.attributes, **self.actions}
        others = [name for name in columns if name not in told]
        return [f"{name} (did you mean {self.near[name]}?)" if name in self.near else name for name in others]


def _unread(columns: Mapping[str, str], what: str, naming: str) -> str:
    if len(columns) == 1:
        return f"column {next(iter(columns))} looks like {what} and was not read; {naming.replace('them', 'it', 1)}"
    return f"columns {listed(tuple(columns))} look like {what} and were not read; {naming}"


def lookalikes(frame: pl.DataFrame, ignored: Sequence[str], present: Collection[str]) -> Lookalikes:
    """Return which of the ignored columns look as if they were meant to be read.

    Args:
        frame: the table, every column as text.
        ignored: those of its columns that are not read.
        present: the names, as the project writes them, that other columns are read as.
    """
    typings: dict[str, str] = {}
    attributes: dict[str, str] = {}
    actions: dict[str, str] = {}
    near: dict[str, str] = {}
    for name in ignored:
        wanted = typing_name(name)
        if wanted is None and (holds_typings(frame[name]) or _is_locus_of_some(name, frame[name], present)):
            wanted = ""
        if wanted is not None:
            typings[name] = "" if wanted in present else wanted
        elif (attribute := attribute_name(name)) is not None and attribute not in present:
            attributes[name] = attribute
        elif ACTION not in present and not actions and holds_actions(frame[name]):
            actions[name] = ACTION
        elif (nearest := _whole_locus(name, present) or closest_name(name, present)) is not None:
            near[name] = nearest
    return Lookalikes(typings, attributes, actions, near)


def _is_locus_of_some(name: str, cells: pl.Series, present: Collection[str]) -> bool:
    """Whether a letter is that of a locus, and some of its cells read like alleles."""
    return _whole_locus(name, present) is not None and bool(_said(cells).str.contains(_TYPING).any())


def _whole_locus(name: str, present: Collection[str]) -> str | None:
    """Return the sure name of a letter that is no column of typings by itself."""
    column = typing_column(name)
    letter = column is not None and column.certainty == "letter" and f"{column.locus}_1" not in present
    return f"HLA-{column.locus}" if column is not None and letter else None


def holds_typings(cells: pl.Series, *, or_antigens: bool = False) -> bool:
    """Whether more than half of the cells of a column that say something read like names of alleles.

    Args:
        cells: the column, of which some first cells are looked at.
        or_antigens: whether two numbers, as antigens are written, count as well.

    >>> holds_typings(pl.Series(["02:01", None, "A*24:02/A*24:03"])), holds_typings(pl.Series(["08:30", "09:00"]))
    (True, False)
    """
    given = _said(cells)
    typings = given.str.contains(_TYPING) | (given.str.contains(_TWO_ANTIGENS) & or_antigens)
    return bool(typings.sum() * 2 > given.len()) and not given.str.contains(_CLOCK).any()


def holds_actions(cells: pl.Series) -> bool:
    """Whether all first cells of a column that say something are words of what is asked for of a donor.

    >>> holds_actions(pl.Series(["add", None, "Withdraw"])), holds_actions(pl.Series(["add", "ward 3"]))
    (True, False)
    """
    words = [half_width(text).lower() for text in _said(cells)]
    return bool(words) and all(word in ACTION_WORDS for word in words)


def _said(cells: pl.Series) -> pl.Series:
    """Return the first cells of a column that say something."""
    given = cells.drop_nulls().head(_SAMPLE).str.strip_chars()
    return given.filter(pl.Series([not is_untyped(text) for text in given], dtype=pl.Boolean))


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
