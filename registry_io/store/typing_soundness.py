"""Checks that the typings of a locus lead from text to expanded typing, alternatives, sets and members.

What the chromosomes carry decides what is matched, and both are kept: so a number of one that leads to another set
than it did disagrees with the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.kernels.codes import FIRST_P_GROUP, NULL, NULL_RESOLVED, WITH_NULL, WITHOUT_NULL
from hla_match.kernels.schema.array import arrays_of, declarations
from hla_match.kernels.schema.typings import CountedTypings, TypingTable
from hla_match.loci import OPTIONAL_GENES, SEROLOGY_PREFIX
from hla_match.nomenclature.tables import NomenclatureTables
from hla_match.typings.encoding import alternatives_with_nulls, counted, side_of
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.array_bounds import check_ascending, check_below, refuse_unless, refuse_where
from registry_io.store.snapshot_arrays import check_bounds

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
    refuse_unless(column.expanded_typing[0] == 0, path, "a meaning of the empty text", "0 as the first number")
    check_below(column.expanded_typing[1:], column.table.n_typings, path, least=1)
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
    declared, arrays = declarations(TypingTable), arrays_of(table)
    paths = {name: snapshot / f"{one.file}-{locus}.npy" for name, one in declared.items()}
    check_bounds(declared, arrays, paths, filled={"set_start": 0, "alternative_start": 1, "pair_start": 1})
    for kind, n_members in (("set", n_codes), ("antigen", n_antigens), ("serology", n_antigens)):
        member = arrays[f"{kind}_member"]
        check_below(member, n_members, paths[f"{kind}_member"])
        check_ascending(member, arrays[f"{kind}_start"], paths[f"{kind}_member"])
    for name in ("alternative_start", "pair_start"):
        none = arrays[name].size > 1 and arrays[name][1] == 0
        refuse_unless(none, paths[name], "alternatives of typing 0", "none: it is not typed")
    _check_kinds(table.counted, paths["alternative_kind"])
    _check_counted(table, locus, paths)


def _check_kinds(typings: CountedTypings, path: Path) -> None:
    """Refuse kinds of alternatives that do not fit their sets."""
    null = _null_sets(typings)[typings.alternative_set]
    fitting = {
        WITHOUT_NULL: ~null.any(axis=1),
        NULL_RESOLVED: typings.alternative_set[:, 0] == typings.alternative_set[:, 1],
        WITH_NULL: null.any(axis=1),
    }
    fits = np.zeros(typings.alternative_kind.size, np.bool_)
    for kind, possible in fitting.items():
        fits |= (typings.alternative_kind == kind) & possible
    refuse_where(~fits, path, "kinds that fit the alternatives")


def _check_counted(table: TypingTable, locus: str, paths: Mapping[str, Path]) -> None:
    """Refuse alternatives that are not what the two chromosomes carry, as it counts."""
    path, expected = paths["alternative_set"], "what the two chromosomes carry, as it counts"
    _, _, start, alternative, kind = table.counted
    has_null = _with_null(table)
    n_pairs, n_alternatives = np.diff(table.with_nulls.pair_start), np.diff(start)
    refuse_where((n_pairs != n_alternatives) & ~has_null, path, expected)
    of_pair, of_alternative = np.repeat(has_null, n_pairs), np.repeat(has_null, n_alternatives)
    refuse_where(table.with_nulls.pair_set[~of_pair] != alternative[~of_alternative], path, expected)
    refuse_where(kind[~of_alternative] != WITHOUT_NULL, paths["alternative_kind"], expected)
    # Most of those who lack an optional gene have a typing of their own: reading them all takes too long.
    for typing in np.flatnonzero(has_null).tolist() if locus not in OPTIONAL_GENES else ():
        part = slice(start[typing], start[typing + 1])
        sides = ([side_of(table, one) for one in pair] for pair in alternative[part].tolist())
        found = [(first, second, own) for (first, second), own in zip(sides, kind[part].tolist(), strict=True)]
        wanted = counted(alternatives_with_nulls(table, typing))
        refuse_unless(found == list(wanted), path, f"other alternatives of typing {typing:,}", expected)


def _null_sets(typings: CountedTypings) -> NDArray[np.bool_]:
    """Return (sets,) bool: a set can be a null allele, which stands first in it."""
    return np.equal(typings.set_member[typings.set_start[:-1]], NULL)


def _with_null(table: TypingTable) -> NDArray[np.bool_]:
    """Return (typings,) bool: a chromosome may carry a null allele."""
    null_set = _null_sets(table.counted)
    found = np.zeros(table.n_typings, np.bool_)
    if null_set.any():
        typing = np.repeat(np.arange(table.n_typings), np.diff(table.with_nulls.pair_start))
        found[typing[null_set[table.with_nulls.pair_set].any(axis=1)]] = True
    return found
