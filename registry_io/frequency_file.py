"""Haplotype frequencies in: tables with or without header, NMDP's tables, Atlas's JSON, told apart by their content.

Sources of the layouts: NMDP's tables of 2011, one column a locus and one a population, Gragert et al., Human Immunology
2013;74:1313, supplement; text of the WMDA's validation of matching, Bochtler et al., HLA 2016;87:439; output of
Hapl-o-Mat, Schaefer et al., BMC Bioinformatics 2017;18:284; frequency sets of Anthony Nolan's Atlas, class
`FrequencySetFileSchema`.

Every layout first becomes a table of text (`registry_io.frequency_table`), then one column of alleles a locus
(`registry_io.frequency_alleles`), then one row a haplotype and population.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.errors import FileError
from hla_match.loci import LOCI, near_loci
from registry_io.budgets import Budgets, FileBudget
from registry_io.frequency_alleles import DRB345, DRB345_PLACE, haplotype_alleles
from registry_io.frequency_table import EXPECTED_FILE, FrequencyTable, frequency_table, no_frequency
from registry_io.person_columns import GL_STRING, typing_name
from registry_io.source_file import SourceFile

# Bytes of memory: of a haplotype's frequency in a population beside its alleles, and of one in a table of all.
_ROW_BYTES = 16 * (len(LOCI) + 4)
_TABLE_CELL = 24

GREATEST_TOTAL = 1.05
"""The sum of a population's frequencies, beyond which rounding does not explain that it is above 1."""

_ROLES = {
    "haplotype": "haplotype hap haplo haplotypes",
    "frequency": "frequency freq haplotype_frequency haplotype_freq hap_freq",
    "population": "population pop race ethnicity",
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}
_POPULATION_COLUMN = re.compile(r"(.+)_freq", re.IGNORECASE)
_EXPECTED_COLUMNS = (
    "the columns haplotype and frequency, and perhaps population; or a column for each locus, and frequency or columns "
    "such as CAU_freq"
)


@dataclass(frozen=True, slots=True)
class FrequencyFile:
    """The haplotype frequencies of a file, as they stand in it.

    Attributes:
        frame: one row a haplotype and population. One String column a locus of `LOCI`, in that order: the allele
            without locus (``01:01``, ``02:01g``, ``24:09N``), "absent"
            (`hla_match.frequencies.haplotype_frequencies.ABSENT`) where the haplotype lacks the gene, null where the
            file does not name the locus; then `population` (String, "" where the file names none), `frequency`
            (Float64, above 0) and `row` (UInt32, row of the file; in JSON the number of the entry, from 1).
        source: the file's name.
        checksum: SHA-256 of the file's bytes.
        notes: what the reader noticed, for a person.
        cautions: what may have gone wrong unseen.
    """

    frame: pl.DataFrame
    source: str
    checksum: str
    notes: tuple[str, ...]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which columns of a table hold what; a place is a locus or, for the column of DRB3, DRB4 and DRB5, `DRB3/4/5`."""

    haplotype: int | None
    places: dict[int, str]
    frequency: dict[int, str | None]
    population: int | None


def read_frequencies(path: Path, *, budgets: Budgets | None = None) -> FrequencyFile:
    """Read a file of haplotype frequencies, plain or compressed by gzip, in any of the layouts that the module names.

    Raises:
        FileError: the file cannot be read; an allele, a frequency or the columns are not what they should be; or the
            haplotypes do not all name the same loci.
        BudgetError: it takes more than its budget; without `budgets` those of the environment hold.
    """
    try:
        with SourceFile.open(path, budgets) as source:
            packed, budget = source.read(), source.budget
    except OSError as error:
        raise FileError(
            str(path),
            found=error.strerror or str(error),
            expected=EXPECTED_FILE,
            hint="check the name and the folder",
        ) from error
    table = frequency_table(packed, budget)
    roles = _roles(table)
    if not len(table.row):
        raise no_frequency(table.path)
    frame = _populations(table, roles, haplotype_alleles(table, roles.haplotype, roles.places), budget)
    return FrequencyFile(frame, path.name, source.checksum, tuple(table.notes), tuple(table.cautions))


# What the columns hold


def _roles(table: FrequencyTable) -> _Roles:
    known: dict[str, int] = {}
    places: dict[int, str] = {}
    populations: dict[int, str | None] = {}
    unused = []
    for number, name in enumerate(table.header):
        place = _place(name)
        role = _ROLE_OF.get(name.lower(), place)
        match = _POPULATION_COLUMN.fullmatch(name)
        if role:
            what = role
        elif match:
            what = f"{match[1]}_freq"
        else:
            if name and not name.lower().endswith("_rank"):
                unused.append(name)
            continue
        if what in known:
            raise _wrong_columns(table, f"two columns of {what}", name)
        known[what] = number
        if role and role == place:
            places[number] = role
        elif not role and match:
            populations[number] = match[1]
    haplotype, frequency, population = (known.get(role) for role in _ROLES)
    if (haplotype is None) == (not places) or (frequency is None) == (not populations):
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
    return _Roles(haplotype, places, {frequency: None} if frequency is not None else populations, population)


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
    )


# The frequencies of every population


def _populations(table: FrequencyTable, roles: _Roles, alleles: pl.DataFrame, budget: FileBudget) -> pl.DataFrame:
    """Join alleles and frequencies, one population after the other where each has its column."""
    alleles = alleles.with_columns(pl.lit(table.population).alias("population"))
    if roles.population is not None:
        alleles = alleles.with_columns(table.text(roles.population).fill_null("").alias("population"))
    parts: list[pl.DataFrame] = []
    n_zero = n_rows = 0
    for number, population in roles.frequency.items():
        part = alleles.with_columns(
            _frequency(table, number, optional=population is not None).alias("frequency"), table.row.alias("row")
        )
        if population is not None:
            part = part.with_columns(pl.lit(population).alias("population"))
        else:
            n_zero = int((part["frequency"] == 0).sum())
        parts.append(part.filter(pl.col("frequency") > 0))
        n_rows += parts[-1].height
        budget.check_held(_ROW_BYTES * n_rows, f"more than {n_rows:,} frequencies")
        budget.check_time()
    frame = pl.concat(parts)
    if not frame.height:
        raise no_frequency(table.path)
    if n_zero:
        table.notes.append(f"rows with frequency 0, left out: {n_zero:,}")
    # The frequencies become a table of populations and haplotypes.
    n_populations = frame["population"].n_unique()
    budget.check_populations(n_populations)
    n_haplotypes = frame.select(*LOCI).n_unique()
    budget.check_held(
        _TABLE_CELL * n_populations * n_haplotypes, f"{n_populations:,} populations and {n_haplotypes:,} haplotypes"
    )
    n_repeated = frame.height - frame.select(*LOCI, "population").n_unique()
    if n_repeated:
        table.notes.append(f"rows that repeat a haplotype of the same population: {n_repeated:,}")
    _note_totals(table, frame)
    return frame


def _frequency(table: FrequencyTable, number: int, *, optional: bool) -> pl.Series:
    """Return a column of frequencies; where it is one of several populations' it may be empty."""
    text = table.text(number)
    value = text.cast(pl.Float64, strict=False)
    good = (value.is_finite() & (value >= 0)).fill_null(False)
    if optional:
        good |= text.is_null()
    if not good.all():
        at = int(good.arg_min() or 0)
        found = text[at] or ""
        hints = {",": "write decimals with a point", "%": "write frequencies as parts of 1, not as percent"}
        raise table.error(
            at,
            number,
            found=repr(found[:60]) if found else "an empty field",
            expected="a number from 0 to 1",
            hint=next((hint for mark, hint in hints.items() if mark in found), ""),
        )
    if (value > 1).any():
        at = int((value > 1).fill_null(False).arg_max() or 0)
        raise table.error(at, number, found=text[at], expected="a number from 0 to 1", hint=_hint_above_1(value))
    return value


def _hint_above_1(value: pl.Series) -> str:
    if (value.drop_nulls() % 1 == 0).all():
        return "the column holds counts; divide each by their sum"
    if value.sum() <= 100 * GREATEST_TOTAL:
        return "the column holds percent; divide each by 100"
    return "divide each by the sum of its population"


def _note_totals(table: FrequencyTable, frame: pl.DataFrame) -> None:
    totals = frame.group_by("population", maintain_order=True).agg(pl.col("frequency").sum())
    for population, total in totals.iter_rows():
        if total > GREATEST_TOTAL:
            raise FileError(
                table.path,
                found=f"frequencies{_of(population)} that sum to {total:.6g}",
                expected="a sum of at most 1",
                hint="divide percent by 100; name the population of each row where there are several",
            )
        table.notes.append(f"frequencies{_of(population)} sum to {total:.6g}")


def _of(population: str) -> str:
    return f" of {population}" if population else ""
