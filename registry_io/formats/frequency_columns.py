"""Which columns of a file of frequencies hold what: haplotypes or loci, populations, and frequencies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hla_match.errors import ErrorCode, FileError
from hla_match.loci import LOCI, near_loci
from registry_io.formats.frequency_alleles import DRB345, DRB345_PLACE
from registry_io.formats.frequency_table import FrequencyTable
from registry_io.persons.column_names import GL_STRING, typing_name

Unit = Literal["fraction", "percent", "count"]
"""In what frequencies are given: parts of 1, of 100, or numbers of haplotypes."""

_UNITS: tuple[Unit, ...] = ("fraction", "percent", "count")
_ROLES = {
    "haplotype": "haplotype hap haplo haplotypes 单倍型 单体型",
    "fraction": "frequency freq haplotypefrequency haplotypefreq hapfreq 频率 单倍型频率",
    "percent": "percent percentage pct frequencypercent freqpercent frequencypct 频率percent 单倍型频率percent 百分比",
    "count": "count counts haplotypecount 频数",
    "population": "population pop race ethnicity 人群",
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}
_POPULATION_COLUMN = re.compile(r"(.+)_freq", re.IGNORECASE)
_EXPECTED_COLUMNS = (
    "the columns haplotype and frequency, and perhaps population; or a column for each locus, and frequency or columns "
    "such as CAU_freq"
)


@dataclass(frozen=True, slots=True)
class FrequencyColumns:
    """Which columns of a table hold what.

    Attributes:
        haplotype: column of whole haplotypes, or None.
        places: without it, the columns of single loci; a place is a locus or `DRB345_PLACE`.
        frequency: columns of frequencies, each with its population where the column has one of its own.
        population: column of populations, or None.
        unit: in what the frequencies are given, where the column's name tells; None where the numbers have to.
    """

    haplotype: int | None
    places: dict[int, str]
    frequency: dict[int, str | None]
    population: int | None
    unit: Unit | None


def is_frequency_header(names: Sequence[str]) -> bool:
    """Whether some names are those of a table of frequencies: of alleles, and of what is frequent.

    >>> [is_frequency_header(names.split()) for names in ("hap pop freq", "A B CAU_freq", "A B")]
    [True, True, False]
    """
    roles = {_role(name) for name in names}
    alleles = "haplotype" in roles or any(_place(name) for name in names)
    return alleles and (not roles.isdisjoint(_UNITS) or any(_POPULATION_COLUMN.fullmatch(name) for name in names))


def find_frequency_columns(table: FrequencyTable) -> FrequencyColumns:
    """Return which columns hold what.

    Raises:
        FileError: two columns of one meaning, columns that are missing, or one that looks like a locus and is none.
    """
    known: dict[str, int] = {}
    places: dict[int, str] = {}
    populations: dict[int, str | None] = {}
    unused = []
    for number, name in enumerate(table.header):
        place = _place(name)
        match = _POPULATION_COLUMN.fullmatch(name)
        role = _role(name) or place
        what = role or (f"{match[1]}_freq" if match else "")
        if not what:
            if name and not name.lower().endswith("_rank"):
                unused.append(name)
            continue
        if what in known:
            raise _wrong_columns(table, f"two columns of {what.replace('fraction', 'frequency')}", name)
        known[what] = number
        if place and role == place:
            places[number] = place
        elif not role and match:
            populations[number] = match[1]
    unit = next((unit for unit in _UNITS if unit in known), None)
    unused += [table.header[known[other]] for other in _UNITS if other in known and (other != unit or populations)]
    if populations and unit != "fraction":
        unit = None
    haplotype, population = known.get("haplotype"), known.get("population")
    if (haplotype is None) == (not places) or (unit is None) == (not populations):
        names = ", ".join(name for name in table.header if name)
        raise _wrong_columns(table, f"the columns {names[:100] or '(none)'}")
    if population is not None and populations:
        raise _wrong_columns(table, "a column of populations beside populations that have columns of their own")
    if DRB345_PLACE in places.values() and set(DRB345) & set(places.values()):
        raise _wrong_columns(table, f"columns of {DRB345_PLACE} together and of one of these genes")
    for name in unused:
        _refuse_locus(table, name, set(places.values()))
    if unused:
        table.notes.append(f"columns not used: {', '.join(unused)}")
    frequency: dict[int, str | None] = {known[unit]: None} if unit is not None else populations
    # A column that is called frequency may hold percent, and then says so by its sum.
    return FrequencyColumns(haplotype, places, frequency, population, None if unit == "fraction" else unit)


def _role(name: str) -> str | None:
    """Return what a column is called; its blanks and signs do not count, but that of percent."""
    return _ROLE_OF.get(re.sub(r"[\W_]", "", name.replace("%", "percent").replace("\uff05", "percent").lower()))


def _place(name: str) -> str | None:
    """Return the locus that a column is named after, or `DRB3/4/5`."""
    bare = re.sub(r"[-/_ ]", "", name).upper().removeprefix("HLA")
    if bare in ("DRB345", "DRBX"):
        return DRB345_PLACE
    locus = "C" if bare == "CW" else bare
    return locus if locus in LOCI else None


def _refuse_locus(table: FrequencyTable, name: str, loci: set[str]) -> None:
    """Refuse an unused column that is called nearly like a locus which no column is of: haplotypes would lack it."""
    if not loci or typing_name(name) in (None, GL_STRING):
        return
    meant = near_loci(re.sub(r"^HLA[^A-Z]*", "", name.upper()))
    if not loci.intersection(meant):
        raise _wrong_columns(table, "a column that looks like a locus and is called like none", name)


def _wrong_columns(table: FrequencyTable, found: str, column: str | None = None) -> FileError:
    return FileError(
        table.path,
        row=table.header_row,
        column=column,
        found=found,
        expected=_EXPECTED_COLUMNS,
        hint="name the columns so in the first row",
        code=ErrorCode.FILE_WRONG_COLUMNS,
    )
