"""Haplotype frequencies in: tables with or without header, NMDP's tables, Atlas's JSON, told apart by their content.

Sources of the layouts: NMDP's tables of 2011, one column a locus and one a population, Gragert et al., Human Immunology
2013;74:1313, supplement; text of the WMDA's validation of matching, Bochtler et al., HLA 2016;87:439; output of
Hapl-o-Mat, Schaefer et al., BMC Bioinformatics 2017;18:284; frequency sets of Anthony Nolan's Atlas, class
`FrequencySetFileSchema`.

Every layout first becomes a table of text (`registry_io.formats.frequency_table`), then one column of alleles a locus
(`registry_io.formats.frequency_alleles`), then one row a haplotype and population.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hla_match.loci import LOCI
from registry_io.formats.frequency_alleles import haplotype_alleles
from registry_io.formats.frequency_columns import FrequencyColumns, find_frequency_columns, is_frequency_header
from registry_io.formats.frequency_table import (
    EXPECTED_FILE,
    FrequencyTable,
    frequency_table,
    no_frequency,
    table_of_frame,
)
from registry_io.formats.frequency_units import in_parts_of_1, written_values
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.source_file import SourceFile, read_error

# Bytes of memory: of a haplotype's frequency in a population beside its alleles, and of one in a table of all.
_ROW_BYTES = 16 * (len(LOCI) + 4)
_TABLE_CELL = 24


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
        cautions: what may have gone wrong without an error.
    """

    frame: pl.DataFrame
    source: str
    checksum: str
    notes: tuple[str, ...]
    cautions: tuple[str, ...] = ()


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
        raise read_error(path, error, expected=EXPECTED_FILE, hint="check the name and the folder") from error
    table = frequency_table(packed, budget, is_frequency_header)
    return _file_of(table, budget, path.name, source.checksum)


def frequencies_of(frame: pl.DataFrame, name: str) -> FrequencyFile:
    """Return the haplotype frequencies of a frame with the columns of a file: the same checks, and the same errors.

    Args:
        frame: a column `haplotype` and one `frequency`, or any other columns that a file may have; its first row is
            row 2, as below the header of a file.
        name: what errors and results call it.

    Raises:
        FileError: as `read_frequencies`, with `name` as the path.

    >>> found = frequencies_of(pl.DataFrame({"haplotype": ["A*02:01~B*07:02"], "frequency": [0.4]}), "own")
    >>> found.frame.select("A", "B", "frequency").rows()
    [('02:01', '07:02', 0.4)]
    """
    table = table_of_frame(frame, name)
    content = hashlib.sha256(json.dumps([table.header, *(column.to_list() for column in table.columns)]).encode())
    return _file_of(table, FileBudget.of(name, int(frame.estimated_size())), name, content.hexdigest())


def _file_of(table: FrequencyTable, budget: FileBudget, name: str, checksum: str) -> FrequencyFile:
    columns = find_frequency_columns(table)
    if not len(table.row):
        raise no_frequency(table.path)
    frame = _populations(table, columns, haplotype_alleles(table, columns.haplotype, columns.places), budget)
    return FrequencyFile(frame, name, checksum, tuple(table.notes), tuple(table.cautions))


def _populations(
    table: FrequencyTable, columns: FrequencyColumns, alleles: pl.DataFrame, budget: FileBudget
) -> pl.DataFrame:
    """Join alleles and frequencies, one population after the other where each has its column."""
    alleles = alleles.with_columns(pl.lit(table.population).alias("population"))
    if columns.population is not None:
        alleles = alleles.with_columns(table.text(columns.population).fill_null("").alias("population"))
    values = {
        number: written_values(table, number, optional=population is not None)
        for number, population in columns.frequency.items()
    }
    parts: list[pl.DataFrame] = []
    n_zero = n_rows = 0
    for number, population in columns.frequency.items():
        part = alleles.with_columns(
            values[number].value.alias("frequency"), table.row.alias("row"), pl.lit(number).alias("column")
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
    unit = columns.unit or ("percent" if all(read.is_percent for read in values.values()) else None)
    return in_parts_of_1(table, frame, unit).drop("column")
