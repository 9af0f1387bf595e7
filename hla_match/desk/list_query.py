"""What of a list a page shows: the donors who meet the filters, in the order of a column, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.desk.forms import Fields
from hla_match.donors.attributes import values_of
from hla_match.errors import CriteriaError
from hla_match.immunogenetics.tce import TCE_CLASSES
from hla_match.language import translatable

ON_PAGE = 50
"""Donors of a page."""

UNKNOWN = "unknown"
NONE = "none"
"""What filters call an attribute that is not known, and no mismatched locus."""

VALUED = ("sex", "abo", "cmv", "status", "city", "dpb1_tce")
"""The columns of which a filter takes one value."""

_ASKED = (*VALUED, "min_age", "max_age", "p0", "p1", "mismatch")

_COLUMNS = {"min_age": ("age",), "max_age": ("age",), "p1": ("p0", "p1"), "mismatch": ("mismatches",)}
"""The columns that a filter is on, where they have another name."""

SORTS: Mapping[str, tuple[str, bool]] = {
    "rank": ("rank", False),
    "donor": ("donor_id", False),
    "match": ("matches_best", True),
    "p0": ("p0", True),
    "age": ("age", False),
    "sex": ("sex", False),
    "abo": ("abo", False),
    "cmv": ("cmv", False),
    "city": ("city", False),
    "status": ("status", False),
    "resolution": ("resolution", True),
    "dpb1": ("dpb1_tce", False),
}
"""By name the column that a list is sorted by, and whether the greatest comes first."""

HEADINGS: Mapping[str, str] = {
    "rank": translatable("rank"),
    "donor": translatable("donor"),
    "match": translatable("match"),
    "p0": translatable("probability"),
    "age": translatable("age"),
    "sex": translatable("sex"),
    "abo": translatable("blood group"),
    "cmv": translatable("CMV"),
    "city": translatable("city"),
    "status": translatable("status"),
    "resolution": translatable("resolution"),
    "dpb1": translatable("DPB1"),
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The filters, the order and the page that an address asks for.

    Attributes:
        asked: the fields of the filters as they were given, those that are empty left out.
        sort: name in `SORTS`.
        is_reversed: whether the order is the other way round.
        page: from 1.
        has_typings: whether the typing at each locus is shown.
    """

    asked: Mapping[str, str]
    sort: str
    is_reversed: bool
    page: int
    has_typings: bool

    @classmethod
    def of(cls, fields: Fields) -> ListQuery:
        """Return what the fields of an address ask for.

        Raises:
            CriteriaError: a field has a value that it cannot have.
        """
        sort = fields.get("sort", "") or "rank"
        if sort not in SORTS:
            raise CriteriaError("sort", found=sort[:20], expected=f"one of {', '.join(SORTS)}")
        for name in ("min_age", "max_age"):
            fields.number(name, most=120)
        for name in ("p0", "p1"):
            fields.share(name)
        return cls(
            asked={name: fields[name] for name in _ASKED if fields.get(name, "")},
            sort=sort,
            is_reversed=fields.get("order", "") == "reversed",
            page=max(1, fields.number("page", most=100_000) or 1),
            has_typings=fields.get("typings", "") == "on",
        )

    def address(self, **changes: str) -> str:
        """Return the query of an address that asks for the same but for some fields; "" leaves a field out.

        >>> ListQuery({"sex": "F"}, "age", False, 3, False).address(page="4")
        '?sex=F&sort=age&page=4'
        """
        given = {
            **self.asked,
            "sort": "" if self.sort == "rank" else self.sort,
            "order": "reversed" if self.is_reversed else "",
            "page": "" if self.page == 1 else str(self.page),
            "typings": "on" if self.has_typings else "",
        }
        kept = {name: value for name, value in {**given, **changes}.items() if value}
        return f"?{urlencode(kept)}" if kept else "?"

    @property
    def is_by_rank(self) -> bool:
        """Whether donors stand in the order of the list."""
        return self.sort == "rank" and not self.is_reversed

    @property
    def columns(self) -> list[str]:
        """The columns that the filters are on."""
        return [column for name in self.asked for column in _COLUMNS.get(name, (name,))]

    def positions(self, frame: pl.DataFrame, loci: tuple[str, ...]) -> NDArray[np.intp]:
        """Return the positions of the donors who meet the filters, in the order that is asked for.

        Args:
            frame: the whole list, as `hla_match.reporting.match_frame.order_frame` gives it.
            loci: that were compared.

        Raises:
            CriteriaError: a filter names a value that there is not.
        """
        conditions = list(self._conditions(frame, loci))
        if self.is_by_rank and not conditions:
            return np.arange(frame.height)
        met = frame.lazy().with_row_index("position")
        met = met.filter(*conditions) if conditions else met
        column, descending = SORTS[self.sort]
        if column in frame.columns and not self.is_by_rank:
            by = pl.col(column)
            # Categories are sorted by their order, texts by their letters.
            met = met.sort(
                by, "rank", descending=[descending != self.is_reversed, False], nulls_last=True, maintain_order=True
            )
        return met.select("position").collect()["position"].to_numpy().astype(np.intp)

    def _conditions(self, frame: pl.DataFrame, loci: tuple[str, ...]) -> Iterator[pl.Expr]:
        asked = Fields(list(self.asked.items()))
        for name in VALUED:
            value = self.asked.get(name)
            if value is None:
                continue
            if name not in frame.columns:
                yield pl.lit(value == UNKNOWN)
            elif value == UNKNOWN and name != "dpb1_tce":
                yield pl.col(name).is_null()
            else:
                yield pl.col(name).cast(pl.String) == read_value(name, value)
        for name, column in (("min_age", "age"), ("max_age", "age")):
            number = asked.number(name)
            if number is not None:
                yield pl.col(column) >= number if name == "min_age" else pl.col(column) <= number
        for name, columns in (("p0", ["p0"]), ("p1", ["p0", "p1"])):
            share = asked.share(name)
            if share is None:
                continue
            if "p0" in frame.columns:
                # What is at the bound, but for rounding, is in.
                yield pl.sum_horizontal(pl.col(one) for one in columns) >= share - 1e-9
            else:
                yield pl.lit(False)
        mismatch = self.asked.get("mismatch")
        if mismatch is not None:
            yield from _at_locus(mismatch, loci)


def _at_locus(mismatch: str, loci: tuple[str, ...]) -> Iterator[pl.Expr]:
    """Yield the condition that a donor has a mismatch at a locus, or at none."""
    if mismatch == NONE:
        yield from (~_has_mismatch(locus) for locus in loci)
    elif mismatch in loci:
        yield _has_mismatch(mismatch)
    else:
        raise CriteriaError("mismatch", found=mismatch[:20], expected=f"one of {', '.join((NONE, *loci))}")


def _has_mismatch(locus: str) -> pl.Expr:
    # An allele without a name matches nothing.
    return pl.col(f"{locus}_grade").cast(pl.String).str.contains("[LM?]").fill_null(False)


def choices(frame: pl.DataFrame) -> dict[str, list[tuple[str, str | None]]]:
    """Return by column what a filter can ask for, as the address says it, and the value; those a donor of the list has.

    That nothing is known has the value None.
    """
    found: dict[str, list[tuple[str, str | None]]] = {}
    for name in VALUED:
        if name not in frame.columns:
            continue
        counted = frame[name].cast(pl.String).value_counts(sort=True)
        values = [value for value in counted[name].to_list() if value is not None][:_MOST_CHOICES]
        known = [*TCE_CLASSES] if name == "dpb1_tce" else [] if name == "city" else [*values_of(name)]
        values.sort(key=lambda value: known.index(value) if value in known else len(known))
        is_open = bool(frame[name].null_count()) and name != "dpb1_tce"
        if len(values) + is_open > 1:
            told = [(value if value in known else written_value(value), value) for value in values]
            found[name] = [*told, *([(UNKNOWN, None)] if is_open else [])]
    return found


_MOST_CHOICES = 300
"""Values of a filter, such as cities, of which the most frequent are offered."""

_WRITTEN_OUT = "="
"""Begins a value that is written out, since an address would not bring it back as it is."""


def written_value(value: str) -> str:
    r"""Return a value, such as a city, as an address has it.

    >>> written_value("杭州"), written_value("unknown"), written_value("=1"), written_value("a\tb ")
    ('杭州', '=unknown', '==1', '=a\\tb\\x20')
    """
    if value.isprintable() and value == value.strip() and value != UNKNOWN and not value.startswith(_WRITTEN_OUT):
        return value
    text = value.encode("unicode_escape").decode("ascii")
    # Blanks at the ends of a field are taken away.
    return _WRITTEN_OUT + (text[:-1] + r"\x20" if text.endswith(" ") else text)


def read_value(name: str, text: str) -> str:
    r"""Return the value that an address has, as `written_value` writes it.

    Args:
        name: of the field, for messages.
        text: from the address.

    Raises:
        CriteriaError: it is written out, and not as it has to be.

    >>> read_value("city", "=a\\tb"), read_value("city", "杭州")
    ('a\tb', '杭州')
    """
    if not text.startswith(_WRITTEN_OUT):
        return text
    try:
        return text.removeprefix(_WRITTEN_OUT).encode("ascii").decode("unicode_escape")
    except UnicodeError:
        raise CriteriaError(name, found=text[:20], expected="a value that the list has") from None
