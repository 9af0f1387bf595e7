"""The alleles of haplotypes: parts of texts or fields of columns become one column of names a locus.

The distinct parts of a file, a few thousand, are read one at a time; the rows, of which there may be a million, are
handled as arrays of the parts' numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.frequencies.haplotype_frequencies import ABSENT
from hla_match.loci import LOCI
from hla_match.nomenclature.name_line import standard_name
from hla_match.nomenclature.spelling import StandardText
from hla_match.nomenclature.standard_form import CAPITALS, COLON
from registry_io.formats.frequency_table import FrequencyTable, no_frequency

DRB345 = ("DRB3", "DRB4", "DRB5")
DRB345_PLACE = "DRB3/4/5"
"""The place of a column that holds whichever of the three genes a haplotype has."""

_NO_DRB345 = "DRBX"
_USUAL = (CAPITALS, COLON)  # tables of haplotypes are often written so
_READ_LOCI = (*LOCI, _NO_DRB345)  # a haplotype's parts are of a locus, or say that DRB3, DRB4 and DRB5 are absent
_ALLELE = re.compile(
    r"[0-9]{2,4}(?::[0-9]{2,4}){1,2}(?:[GP]|[NLSCAQ]?g)|[0-9]{2,4}(?::[0-9]{2,4}){1,3}[NLSCAQ]?", re.ASCII
)
# Names before April 2010. A*92 and B*95 continued A*02 and B*15, so that their digits are not their fields.
_OLD_ALLELE = re.compile(r"(?!92|95)([0-9]{2})([0-9]{2}[NLSCAQ]?)", re.ASCII)


def haplotype_alleles(table: FrequencyTable, haplotype: int | None, places: Mapping[int, str]) -> pl.DataFrame:
    """Return a String column for each locus of `LOCI`, one row a row of the table.

    Args:
        table: the file.
        haplotype: column of whole haplotypes, or None.
        places: without it, the columns of single loci; a place is a locus or `DRB345_PLACE`.

    Raises:
        FileError: a part is no allele of its column, or the haplotypes do not all name the same loci.
    """
    if haplotype is not None:
        parts = _split_haplotypes(table, haplotype)
        numbers = [haplotype] * len(parts)
    else:
        numbers = list(places)
        parts = [_column_parts(table.text(number), place) for number, place in places.items()]
    stacked = pl.concat([part.alias("part") for part in parts])
    distinct = stacked.drop_nulls().unique(maintain_order=True)
    if distinct.is_empty():
        raise no_frequency(table.path)
    code = stacked.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    code = code.reshape(len(parts), len(table.row))
    read = []
    notes: Counter[str] = Counter()
    for number, text in enumerate(distinct):
        # `absent` is how this program writes what it estimated.
        written = text.strip()
        standard = StandardText(text, written) if written.endswith(f"*{ABSENT}") else standard_name(written)
        notes.update(note for note in standard.notes if note not in _USUAL)
        part = _part(standard.text)
        if isinstance(part, _Fault):
            at = np.argwhere(code.T == number)[0]
            raise table.error(int(at[0]), numbers[at[1]], found=repr(text[:60]), expected=part.expected, hint=part.hint)
        read.append(part)
    table.notes.extend(f"{note}: {n:,} alleles or groups" for note, n in notes.items())
    # The last entry is that of code -1, no part.
    locus_of = np.array([*(_READ_LOCI.index(locus) for locus, _ in read), -1], dtype=np.int8)
    if places:
        _check_columns(table, places, code, locus_of)
    return _columns(table, code, locus_of, pl.Series([*(name for _, name in read), None], dtype=pl.String))


def _split_haplotypes(table: FrequencyTable, number: int) -> list[pl.Series]:
    """Split haplotypes at ``~``, or at ``-`` where the file uses that; no locus or allele has either in its name."""
    text = table.text(number)
    if text.null_count():
        at = int(text.is_null().arg_max() or 0)
        raise table.error(at, number, found="an empty field", expected="a haplotype such as A*01:01~B*08:01")
    joint = "~"
    text = text.str.replace_all("\uff5e", joint)
    if not text.str.contains("~", literal=True).any() and text.str.contains("-", literal=True).any():
        text = text.str.replace_all(r"(?i)HLA-", "")
        joint = "-"
    n_joints = text.str.count_matches(joint, literal=True)
    most = int(n_joints.arg_max() or 0)
    if n_joints[most] > len(LOCI):
        raise table.error(
            most, number, found=f"{n_joints[most] + 1} alleles", expected="one allele a locus, joined by ~"
        )
    return pl.select(pl.lit(text).str.split_exact(joint, n_joints[most])).to_series().struct.unnest().get_columns()


def _column_parts(text: pl.Series, place: str) -> pl.Series:
    """Return the alleles of a column with their locus, which those that begin with a digit or a star lack."""
    locus = _NO_DRB345 if place == DRB345_PLACE else place
    bare = pl.lit(text).str.strip_chars()
    lacks = bare.str.contains(rf"^(?:[0-9\x{{FF10}}-\x{{FF19}}*\x{{FF0A}}]|(?:(?i)NNNN|{ABSENT})$)")
    return pl.select(
        pl.when(lacks).then(f"{locus}*" + bare.str.replace(r"^[*\x{FF0A}]", "")).otherwise(bare)
    ).to_series()


@dataclass(frozen=True, slots=True)
class _Fault:
    expected: str
    hint: str = ""


def _part(text: str) -> tuple[str, str] | _Fault:
    """Return locus and allele of one part of a haplotype in standard form.

    >>> _part("HLA-A*24:09N"), _part("B*0702"), _part("DRBX*NNNN"), _part("DRB4*absent")
    (('A', '24:09N'), ('B', '07:02'), ('DRBX', 'absent'), ('DRB4', 'absent'))
    """
    locus, star, name = text.removeprefix("HLA-").partition("*")
    if not star or locus not in _READ_LOCI:
        return _Fault(
            f"an allele with its locus, one of {', '.join(_READ_LOCI)}", "join alleles by ~, as in A*01:01~B*08:01"
        )
    # It may stand at every locus: a null allele is absent.
    if name == ABSENT or (name == "NNNN" and locus in (*DRB345, _NO_DRB345)):
        return locus, ABSENT
    if locus != _NO_DRB345:
        if _ALLELE.fullmatch(name):
            return locus, name
        if old := _OLD_ALLELE.fullmatch(name):
            return locus, f"{old[1]}:{old[2]}"
    return _Fault(
        "an allele or group of at least two fields, such as A*01:01, A*01:01g or A*01:01:01G",
        "write DRB3*, DRB4* or DRB5* before the allele, or DRBX*NNNN"
        if locus == _NO_DRB345
        else "a haplotype names one allele or group a locus, neither lists nor multiple allele codes",
    )


def _check_columns(
    table: FrequencyTable, places: Mapping[int, str], code: NDArray[np.int32], locus_of: NDArray[np.int8]
) -> None:
    """Refuse an allele in the column of another locus."""
    for part, (number, place) in zip(code, places.items(), strict=True):
        allowed = (*DRB345, _NO_DRB345) if place == DRB345_PLACE else (place,)
        fits = np.isin(locus_of[part], [-1, *(_READ_LOCI.index(locus) for locus in allowed)])
        if not fits.all():
            at = int(np.argmin(fits))
            raise table.error(
                at,
                number,
                found=f"an allele of {_READ_LOCI[locus_of[part[at]]]}",
                expected=f"an allele of {' or '.join(allowed)}",
                hint="check that the columns are not swapped",
            )


def _columns(
    table: FrequencyTable, code: NDArray[np.int32], locus_of: NDArray[np.int8], names: pl.Series
) -> pl.DataFrame:
    """Put every part into the column of its locus; the haplotypes must name the same loci, and each once."""
    locus = locus_of[code]
    columns: dict[str, pl.Series] = {}
    named: dict[str, NDArray[np.bool_]] = {}
    for number, name in enumerate(_READ_LOCI):
        here = locus == number
        _refuse(table, here.sum(axis=0) > 1, f"two alleles of {name}")
        named[name] = here.any(axis=0)
        columns[name] = names.gather(np.where(here, code, -1).max(axis=0) % len(names))
    none = named.pop(_NO_DRB345)
    del columns[_NO_DRB345]
    absent = {gene: (columns[gene] == ABSENT).fill_null(False).to_numpy() for gene in DRB345}
    n_genes = np.sum([named[gene] & ~absent[gene] for gene in DRB345], axis=0)
    _refuse(table, n_genes > 1, "two of the genes DRB3, DRB4 and DRB5")
    _refuse(table, none & (n_genes > 0), f"{_NO_DRB345}*NNNN beside one of DRB3, DRB4 and DRB5")
    says = none | np.any([named[gene] for gene in DRB345], axis=0)
    places = {name: here for name, here in named.items() if name not in DRB345}
    genes = [gene for gene in DRB345 if named[gene].any()]
    if any(absent[gene].any() for gene in genes) and all(named[gene].all() for gene in genes):
        # Every haplotype says of each of these genes whether it has it: they are loci like any other.
        _check_places(table, places)
        return pl.DataFrame([columns[name].alias(name) for name in LOCI])
    places[DRB345_PLACE] = none | (n_genes == 1) | np.all(list(absent.values()), axis=0)
    _check_places(table, places)
    if says.any():
        columns.update({gene: columns[gene].fill_null(ABSENT) for gene in DRB345})
    return pl.DataFrame([columns[name].alias(name) for name in LOCI])


def _check_places(table: FrequencyTable, places: dict[str, NDArray[np.bool_]]) -> None:
    stacked = np.array(list(places.values()))
    at = int(np.argmax((stacked != stacked[:, :1]).any(axis=0)))
    if at:
        first, other = ([name for name, here in places.items() if here[row]] for row in (0, at))
        raise table.error(
            at,
            None,
            found=f"the loci {', '.join(other)}",
            expected=f"{', '.join(first)} as in row {table.row[0]}",
            hint=f"every haplotype names the same loci; {_NO_DRB345}*NNNN says that DRB3, DRB4 and DRB5 are absent",
        )


def _refuse(table: FrequencyTable, wrong: NDArray[np.bool_], found: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise table.error(at, None, found=found, expected="one allele a locus, and at most one of DRB3, DRB4 and DRB5")
