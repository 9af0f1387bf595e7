"""Whether a table of a release ends too early: the tables are held against each other and against the lists of alleles.

In releases 3.33 to 3.58 ``rel_dna_ser.txt``, ``hla_nom.txt`` and ``dpb_tce.csv`` hold every allele of
``Allelelist.txt``; groups lack up to twelve, each of which ``Allele_status.txt`` lacks, too. All are sorted by locus
and number. So a table was cut where it lacks what comes behind its last line, and lags where it lacks a few others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hla_match.errors import ErrorCode
from hla_match.loci import LOCI
from registry_io.formats.release_files import REQUIRED, TRUNCATED, ReleaseFiles

# More than this share of a locus is not a lag: a part is missing.
_TOLERATED_GAP = 0.02
_MOST_NAMED = 5
_FIELD = re.compile(r"[0-9]{1,9}")

# The broad antigens, which have split since 1991 at the latest (HLA Dictionary 2008, "Broad, split and associated
# antigens"): no list says how many lines there are of them.
_BROADS = (
    *(("A", number) for number in ("9", "10", "19", "28")),
    *(("B", number) for number in ("5", "12", "14", "15", "16", "17", "21", "22", "40", "70")),
    ("Cw", "3"),
    *(("DQ", number) for number in ("1", "3")),
    *(("DR", number) for number in ("2", "3", "5", "6")),
    *(("Dw", number) for number in ("6", "7")),
)

Names = dict[str, set[str]]
"""The alleles of each locus."""


class Listing(NamedTuple):
    """The alleles that a file names, and the locus and first allele of its last line."""

    names: Names
    last_locus: str
    last_name: str


def check_completeness(files: ReleaseFiles, verified: frozenset[str]) -> Iterator[str]:
    """Yield in words which alleles a table lacks that other files of the release list.

    Args:
        files: the files; every line of them has the fields that it should have.
        verified: the files that fit their checksums: those were not cut since.

    Raises:
        NomenclatureError: a table was cut.
    """
    _check_splits(files, verified)
    tables = {name: _listing(_alleles_of_table(files, name)) for name in REQUIRED if name != "rel_ser_ser.txt"}
    _check_loci(files, tables, verified)
    for name, expected in _expected(files, tables).items():
        lacking = []
        for locus in (*LOCI, *({tables[name].last_locus} - set(LOCI))):
            missing = _missing(files, name, tables[name], locus, expected.get(locus, set()), is_whole=name in verified)
            lacking += [f"{locus}*{one}" for one in missing if locus in LOCI]
        if lacking:
            more = f" and {len(lacking) - _MOST_NAMED:,} more" if len(lacking) > _MOST_NAMED else ""
            yield f"{name} lacks {', '.join(lacking[:_MOST_NAMED])}{more}, which other files of the release list"


def _missing(
    files: ReleaseFiles, name: str, table: Listing, locus: str, expected: set[str], *, is_whole: bool
) -> list[str]:
    """Return the alleles of a locus that a table lacks, and refuse one that was cut, unless it is known to be whole."""
    missing = sorted(expected - table.names.get(locus, set()), key=_number)
    is_cut = bool(missing) and locus == table.last_locus and _number(missing[0]) > _number(table.last_name)
    is_short = locus in LOCI and len(missing) > _TOLERATED_GAP * len(expected)
    if is_short or (is_cut and not is_whole):
        more = f" and {len(missing) - 1:,} more of the locus" if len(missing) > 1 else ""
        raise files.error(
            name,
            found=f"no {locus}*{missing[0]}{more}",
            expected=f"the {len(expected):,} alleles of {locus} that the release lists",
            hint=TRUNCATED,
            code=ErrorCode.NOMENCLATURE_INCOMPLETE,
        )
    return missing


def _check_loci(files: ReleaseFiles, tables: dict[str, Listing], verified: frozenset[str]) -> None:
    """Refuse a table that was cut between two loci."""
    listed = set(_listing(_alleles_of_list(files, "Allelelist.txt")).names)
    expected = {
        "rel_dna_ser.txt": listed,
        "hla_nom.txt": listed,
        "hla_nom_g.txt": {tables["hla_nom_p.txt"].last_locus},
        "hla_nom_p.txt": {tables["hla_nom_g.txt"].last_locus},
    }
    for name, loci in expected.items():
        missing = sorted(loci - tables[name].names.keys())
        if missing and name not in verified:
            more = f" and {len(missing) - 1} more loci" if len(missing) > 1 else ""
            raise files.error(
                name,
                found=f"no allele of {missing[0]}{more}",
                expected="every locus that the release lists",
                hint=TRUNCATED,
                code=ErrorCode.NOMENCLATURE_INCOMPLETE,
            )


def _check_splits(files: ReleaseFiles, verified: frozenset[str]) -> None:
    """Refuse a table of relations that lacks the splits of a broad antigen which the release lists."""
    name = "rel_ser_ser.txt"
    listed = {(cells[0], cells[1]) for _, cells in files.rows("hla_nom.txt", 2) if not cells[0].endswith("*")}
    related = {(cells[0], cells[1]) for _, cells in files.rows(name, 2)}
    missing = [prefix + number for prefix, number in _BROADS if (prefix, number) in listed - related]
    if missing and name not in verified:
        raise files.error(
            name,
            found=f"no splits of {', '.join(missing)}",
            expected="those of every broad antigen",
            hint=TRUNCATED,
            code=ErrorCode.NOMENCLATURE_INCOMPLETE,
        )


def _expected(files: ReleaseFiles, tables: dict[str, Listing]) -> dict[str, Names]:
    """Return the alleles that each table should hold, for all that is known."""
    listed = _listing(_alleles_of_list(files, "Allelelist.txt")).names
    sequenced = _listing(_alleles_of_list(files, "Allele_status.txt")).names
    every = _union(tables["rel_dna_ser.txt"].names, tables["hla_nom.txt"].names, listed)
    g_group, p_group = tables["hla_nom_g.txt"].names, tables["hla_nom_p.txt"].names
    # An allele without a sequence is in no group.
    grouped = {locus: every[locus] & names for locus, names in sequenced.items() if locus in every}
    if not sequenced:
        grouped = {locus: every.get(locus, set()) for locus in LOCI}
    grouped = _union(grouped, g_group, p_group)
    return {
        "rel_dna_ser.txt": every,
        "hla_nom.txt": every,
        "hla_nom_g.txt": grouped,
        # The P groups leave null alleles out.
        "hla_nom_p.txt": {locus: {name for name in names if name[-1] != "N"} for locus, names in grouped.items()},
        "dpb_tce.csv": {"DPB1": every.get("DPB1", set())},
    }


def _alleles_of_table(files: ReleaseFiles, name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield locus and alleles of each line of a table."""
    if name == "dpb_tce.csv":
        yield from _alleles_of_list(files, name)
        return
    for row, (locus, members, *cells) in files.rows(name, 2):
        is_deleted = name == "hla_nom.txt" and len(cells) > 1 and cells[1]
        if locus.endswith("*") and not is_deleted:
            yield locus.removesuffix("*"), _all_named(files, name, row, members.split("/"))


def _alleles_of_list(files: ReleaseFiles, name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield locus and allele of each line of a list with commas; none where the file is not there."""
    if name in files:
        for row, line in files.lines(name):
            allele = next((cell for cell in line.split(",", 2)[:2] if "*" in cell), "")
            locus, star, digits = allele.partition("*")
            if star:
                yield locus, _all_named(files, name, row, [digits])


def _all_named(files: ReleaseFiles, name: str, row: int, alleles: list[str]) -> list[str]:
    if not all(alleles):
        found = "an allele without a name"
        raise files.error(name, row=row, found=found, expected="the names of alleles", hint=TRUNCATED)
    return alleles


def _listing(lines: Iterator[tuple[str, list[str]]]) -> Listing:
    names: Names = {}
    locus, members = "", [""]
    for locus, members in lines:
        names.setdefault(locus, set()).update(members)
    return Listing(names, locus, members[0])


def _union(*sources: Names) -> Names:
    found: Names = {}
    for source in sources:
        for locus, names in source.items():
            found.setdefault(locus, set()).update(names)
    return found


def _number(name: str) -> tuple[int, ...]:
    """Return the fields of a name as numbers, by which the tables are sorted."""
    return tuple(map(int, _FIELD.findall(name)))
