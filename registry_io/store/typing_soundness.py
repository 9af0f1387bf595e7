"""Whether the typings of a locus, as opened, can be followed from text to meaning, alternatives, sets and members.

What the chromosomes carry decides what is matched, and both are kept: so a number of one that leads to another set
than it did disagrees with the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.loci import OPTIONAL_GENES, SEROLOGY_PREFIX
from hla_match.nomenclature.tables import NomenclatureTables
from hla_match.typings.encoding import (
    CARRIED,
    FIRST_P_GROUP,
    FREE,
    NULL,
    RESOLVED,
    TypingTable,
    counted,
)
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.array_bounds import check_ascending, check_below, check_offsets, refuse_unless, refuse_where

_TEXTS = pl.Schema({"first": pl.String, "second": pl.String})


def check_typings(column: LocusColumn, locus: str, nomenclature: NomenclatureTables, snapshot: Path) -> None:
    """Refuse the typings of a locus that do not fit each other.

    Args:
        column: the typings; types and sizes of the arrays are as declared.
        locus: the locus.
        nomenclature: what numbers the P groups.
        snapshot: the folder of the files.

    Raises:
        RegistryError: a number leads out of what it points into, or two files disagree.
    """
    path = snapshot / f"typing-{locus}.arrow"
    refuse_unless(_are_texts(column.text), path, "another table", "texts `first` and `second`, row 0 empty")
    path = snapshot / f"meaning-{locus}.npy"
    refuse_unless(column.meaning[0] == 0, path, "a meaning of the empty text", "0 as the first number")
    check_below(column.meaning[1:], column.table.n_typings, path, least=1)
    # An allele is of one P group, and an antigen is listed or stands for a first field. How many there are is known
    # where a search has read the nomenclature, and compared there (`hla_match.matching.patient_table`): it takes longer
    # than all the rest.
    n_codes = FIRST_P_GROUP + len(nomenclature.loci[locus].allele)
    n_antigens = n_codes + len(nomenclature.antigens.get(SEROLOGY_PREFIX.get(locus, ""), ()))
    _check_table(column.table, locus, n_codes, n_antigens, snapshot)


def _are_texts(texts: pl.DataFrame) -> bool:
    if texts.schema != _TEXTS or not texts.height or texts.row(0) != ("", ""):
        return False
    return not (texts["first"].null_count() or texts["second"].null_count())


def _check_table(table: TypingTable, locus: str, n_codes: int, n_antigens: int, snapshot: Path) -> None:
    paths = {name: snapshot / f"{name}-{locus}.npy" for name in TypingTable.__slots__}
    check_offsets(table.set_start, table.set_member.size, paths["set_start"], filled=0)
    check_below(table.set_member, n_codes, paths["set_member"])
    check_ascending(table.set_member, table.set_start, paths["set_member"])
    for kind in ("antigen", "serology"):
        start, member = getattr(table, f"{kind}_start"), getattr(table, f"{kind}_member")
        check_offsets(start, member.size, paths[f"{kind}_start"])
        check_below(member, n_antigens, paths[f"{kind}_member"])
        check_ascending(member, start, paths[f"{kind}_member"])
    n_sets = table.set_start.size - 1
    for kind in ("carried", "alternative"):
        start, pairs = getattr(table, f"{kind}_start"), getattr(table, f"{kind}_set")
        check_offsets(start, len(pairs), paths[f"{kind}_start"], filled=1)
        none = start.size > 1 and start[1] == 0
        refuse_unless(none, paths[f"{kind}_start"], "alternatives of typing 0", "none: it is not typed")
        check_below(pairs, n_sets, paths[f"{kind}_set"])
    _check_kinds(table, paths["alternative_kind"])
    _check_counted(table, locus, paths)


def _check_kinds(table: TypingTable, path: Path) -> None:
    """Refuse kinds of alternatives that do not fit their sets."""
    null = (table.set_member[table.set_start[:-1]] == NULL)[table.alternative_set]
    fitting = {
        FREE: ~null.any(axis=1),
        RESOLVED: table.alternative_set[:, 0] == table.alternative_set[:, 1],
        CARRIED: null.any(axis=1),
    }
    fits = np.zeros(table.alternative_kind.size, np.bool_)
    for kind, possible in fitting.items():
        fits |= (table.alternative_kind == kind) & possible
    refuse_where(~fits, path, "kinds that fit the alternatives")


def _check_counted(table: TypingTable, locus: str, paths: Mapping[str, Path]) -> None:
    """Refuse alternatives that are not what the two chromosomes carry, as it counts."""
    path, expected = paths["alternative_set"], "what the two chromosomes carry, as it counts"
    has_null = _with_null(table)
    n_carried, n_alternatives = np.diff(table.carried_start), np.diff(table.alternative_start)
    refuse_where((n_carried != n_alternatives) & ~has_null, path, expected)
    of_carried, of_alternative = np.repeat(has_null, n_carried), np.repeat(has_null, n_alternatives)
    refuse_where(table.carried_set[~of_carried] != table.alternative_set[~of_alternative], path, expected)
    refuse_where(table.alternative_kind[~of_alternative] != FREE, paths["alternative_kind"], expected)
    # Most of those who lack an optional gene have a typing of their own: reading them all takes too long.
    for typing in np.flatnonzero(has_null).tolist() if locus not in OPTIONAL_GENES else ():
        part = slice(table.alternative_start[typing], table.alternative_start[typing + 1])
        pairs, kinds = table.alternative_set[part].tolist(), table.alternative_kind[part].tolist()
        found = [(table.side(one), table.side(other), kind) for (one, other), kind in zip(pairs, kinds, strict=True)]
        wanted = counted(table.with_nulls(typing))
        refuse_unless(found == list(wanted), path, f"other alternatives of typing {typing:,}", expected)


def _with_null(table: TypingTable) -> NDArray[np.bool_]:
    """Return (typings,) bool: a chromosome may carry a null allele."""
    null_set = table.set_member[table.set_start[:-1]] == NULL
    found = np.zeros(table.n_typings, np.bool_)
    if null_set.any():
        typing = np.repeat(np.arange(table.n_typings), np.diff(table.carried_start))
        found[typing[null_set[table.carried_set].any(axis=1)]] = True
    return found
