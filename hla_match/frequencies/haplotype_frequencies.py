"""Haplotype frequencies of one or several populations, coded by the P groups of a nomenclature."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, ErrorCode, TypingError
from hla_match.errors.arguments import InWords
from hla_match.kernels.codes import FIRST_P_GROUP, NULL
from hla_match.loci import LOCI
from hla_match.nomenclature.identity import NomenclatureIdentity
from hla_match.nomenclature.release import Nomenclature

ABSENT = "absent"
"""Stands for the allele's name where a haplotype lacks the gene, or carries an allele that is not expressed."""


@dataclass(frozen=True, slots=True)
class UnmappedName:
    """An allele name of a frequency file that is no single P group, and the frequency that was left out with it."""

    locus: str
    name: str
    reason: str
    mass: float


@dataclass(frozen=True)
class HaplotypeFrequencies:
    """Haplotypes over some loci and their frequencies in some populations.

    Attributes:
        name: what results call the set.
        loci: the loci, in the order of `hla_match.loci.LOCI`.
        allele: (haplotypes, loci) int32 codes as in `hla_match.typings.encoding`: 0 for a null allele or an absent
            gene, else a P group; each haplotype once.
        populations: names; ("",) where the file names none.
        frequency: (populations, haplotypes) float64; a population need not sum to 1.
        unmapped: names that could not be coded, most frequent first; their haplotypes are left out.
        unmapped_mass: (populations,) float64, the frequency left out.
        checksum: SHA-256 of the file.
        apart: frequencies of further loci, which are taken as independent of these; None without any.
        coded_by: the nomenclature whose P groups `allele` numbers; None where who made the codes does not say, and sees
            to it that they are those of the registry.
    """

    name: str
    loci: tuple[str, ...]
    allele: NDArray[np.int32]
    populations: tuple[str, ...]
    frequency: NDArray[np.float64]
    unmapped: tuple[UnmappedName, ...]
    unmapped_mass: NDArray[np.float64]
    checksum: str
    apart: HaplotypeFrequencies | None = None
    coded_by: NomenclatureIdentity | None = None

    @property
    def content(self) -> str:
        """SHA-256 of what the set holds, as it is coded, whatever it is called."""
        digest = hashlib.sha256(json.dumps([self.loci, self.populations]).encode())
        for array in (self.allele, self.frequency):
            digest.update(str((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.apart is not None:
            digest.update(self.apart.content.encode())
        return digest.hexdigest()

    @property
    def covered_loci(self) -> tuple[str, ...]:
        """The loci of the haplotypes and those apart, in the order of `hla_match.loci.LOCI`."""
        apart = () if self.apart is None else self.apart.loci
        return tuple(locus for locus in LOCI if locus in self.loci or locus in apart)

    @property
    def n_haplotypes(self) -> int:
        """Number of haplotypes."""
        return int(self.allele.shape[0])

    def __repr__(self) -> str:
        return (
            f"HaplotypeFrequencies({self.name!r}, {self.n_haplotypes:,} haplotypes, {'~'.join(self.loci)}, "
            f"{len(self.populations)} populations)"
        )

    def check_coded_by(self, nomenclature: Nomenclature, name: str = "frequencies") -> None:
        """Refuse a nomenclature other than the one that the haplotypes are coded by: a code is another allele there.

        Args:
            nomenclature: that of the registry which the frequencies meet.
            name: of the argument that they are.

        Raises:
            CriteriaError: they are coded by another one.
        """
        for one in (self, self.apart):
            if one is not None and one.coded_by is not None:
                check_coding(name, one.coded_by, nomenclature)

    def pooled(self) -> NDArray[np.float64]:
        """Return (haplotypes,) the mean over the populations, each scaled to a sum of 1 and counted alike.

        A population of which no haplotype could be coded does not count.
        """
        known = self.frequency[self.frequency.sum(axis=1) > 0]
        scaled = known / known.sum(axis=1, keepdims=True)
        mean: NDArray[np.float64] = scaled.mean(axis=0)
        return mean

    def to_polars(self, nomenclature: Nomenclature) -> pl.DataFrame:
        """Return one row a haplotype and population, most frequent first: `haplotype`, `frequency`, `population`.

        Args:
            nomenclature: the one that the haplotypes are coded by.

        Raises:
            CriteriaError: they are coded by another one.
        """
        if self.coded_by is not None and self.coded_by.checksum != nomenclature.tables.checksum:
            given, own = nomenclature.identity.told_apart(self.coded_by)
            raise CriteriaError(
                "nomenclature",
                found=InWords(given),
                expected=f"{own}, by which the haplotypes are coded",
                code=ErrorCode.CRITERIA_CONFLICT,
            )
        columns = []
        for column, locus in enumerate(self.loci):
            names = np.array([f"{locus}*{ABSENT}", "", *(f"{locus}*{name}" for name in nomenclature.p_groups(locus))])
            columns.append(pl.Series(locus, names[self.allele[:, column]]))
        haplotype = pl.DataFrame(columns).select(haplotype=pl.concat_str(pl.all(), separator="~"))
        frames = [
            haplotype.with_columns(frequency=pl.Series(self.frequency[row]), population=pl.lit(population))
            for row, population in enumerate(self.populations)
        ]
        present = pl.concat(frames).filter(pl.col("frequency") > 0)
        return present.sort("population", "frequency", "haplotype", descending=[False, True, False])


def code_haplotypes(
    frame: pl.DataFrame, nomenclature: Nomenclature, *, name: str, checksum: str = ""
) -> HaplotypeFrequencies:
    """Code a table of haplotypes; names that are no single P group are left out and reported with their frequency.

    Args:
        frame: a text column for each locus with the allele's name there ("02:01", or `ABSENT`), `population` and
            `frequency`; equal haplotypes of a population are added up.
        nomenclature: reads the names.
        name: what results call the set.
        checksum: SHA-256 of the file.

    Raises:
        CriteriaError: no haplotype is left.

    >>> frame = pl.DataFrame({"A": ["02:01", "02:09", "99:01"], "population": "", "frequency": [0.4, 0.2, 0.1]})
    >>> found = code_haplotypes(frame, Nomenclature.builtin(), name="example")
    >>> found.frequency.round(1).tolist(), [one.name for one in found.unmapped]
    ([[0.6]], ['99:01'])
    """
    loci = tuple(locus for locus in LOCI if locus in frame.columns and frame[locus].null_count() < frame.height)
    frequency = frame["frequency"].to_numpy()
    readable = np.ones(frame.height, np.bool_)
    allele = np.empty((frame.height, len(loci)), np.int32)
    unmapped: list[UnmappedName] = []
    for column, locus in enumerate(loci):
        names = frame[locus].unique(maintain_order=True)
        book: dict[str, int] = {}
        for text in names.to_list():
            try:
                book[text] = _allele_code(nomenclature, locus, text)
            except TypingError as error:
                mass = float(frequency[(frame[locus] == text).to_numpy()].sum())
                unmapped.append(UnmappedName(locus, text, f"{error.reason}: expected {error.expected}", mass))
        code = frame[locus].replace_strict(book, default=None, return_dtype=pl.Int32)
        readable &= code.is_not_null().to_numpy()
        allele[:, column] = code.fill_null(0).to_numpy()
    populations = tuple(frame["population"].unique(maintain_order=True))
    if not readable.any():
        raise CriteriaError(
            "frequencies", found=f"{name}: no haplotype that {nomenclature.title} can read", expected="known alleles"
        )
    population = frame["population"].cast(pl.Enum(list(populations))).to_physical().to_numpy()
    merged, number = _distinct_haplotypes(allele[readable])
    merged_frequency = np.zeros((len(populations), len(merged)))
    np.add.at(merged_frequency, (population[readable], number), frequency[readable])
    return HaplotypeFrequencies(
        name=name,
        loci=loci,
        allele=merged,
        populations=populations,
        frequency=merged_frequency,
        unmapped=tuple(sorted(unmapped, key=lambda one: (-one.mass, one.locus, one.name))),
        unmapped_mass=np.bincount(population[~readable], frequency[~readable], len(populations)).astype(np.float64),
        checksum=checksum,
        coded_by=nomenclature.identity,
    )


def check_coding(name: str, coded_by: NomenclatureIdentity, nomenclature: Nomenclature) -> None:
    """Refuse haplotypes that are coded by another nomenclature than that of a registry.

    Args:
        name: of the argument.
        coded_by: the nomenclature of the haplotypes.
        nomenclature: that of the registry.

    Raises:
        CriteriaError: they are two.
    """
    if coded_by.checksum != nomenclature.tables.checksum:
        found, expected = coded_by.told_apart(nomenclature.identity)
        raise CriteriaError(
            name,
            found=InWords(f"haplotypes coded by {found}"),
            expected=f"{expected}, the nomenclature of the registry",
            hint="open the frequencies for this registry: registry_io.open_frequencies(SOURCE, registry)",
            code=ErrorCode.CRITERIA_CONFLICT,
        )


def _distinct_haplotypes(allele: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the distinct rows of (haplotypes, loci) codes in ascending order, and which of them each row is."""
    order = np.lexsort(allele.T[::-1])
    ordered = allele[order]
    first = np.ones(order.size, np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(order.size, np.int64)
    number[order] = np.cumsum(first) - 1
    return np.ascontiguousarray(ordered[first]), number


def merge_haplotypes(
    allele: NDArray[np.int32], frequency: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the distinct rows of (haplotypes, loci) codes in ascending order, and the sums of their frequencies.

    Args:
        allele: (haplotypes, loci) int32.
        frequency: (populations, haplotypes) float64.
    """
    order = np.lexsort(allele.T[::-1])
    ordered = allele[order]
    first = np.ones(order.size, np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    sums: NDArray[np.float64] = np.add.reduceat(frequency[:, order], starts, axis=1)
    return np.ascontiguousarray(ordered[starts]), sums


def _allele_code(nomenclature: Nomenclature, locus: str, text: str) -> int:
    """Return the code of one haplotype's allele.

    Raises:
        TypingError: the name cannot be read, or stands for several P groups.
    """
    if text == ABSENT:
        return NULL
    expansion = nomenclature.expand(locus, text)
    if len(expansion.p_codes) > 1 or expansion.is_new:
        raise TypingError(text, 0, expected="an allele of one P group")
    return expansion.p_codes[0] + FIRST_P_GROUP if expansion.p_codes else NULL
