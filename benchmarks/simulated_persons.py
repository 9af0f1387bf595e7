"""Persons drawn from haplotype frequencies, and how laboratories of each decade would have reported them.

Haplotypes pair at random (Hardy-Weinberg). What a laboratory does to a genotype is chosen without looking at it: the
decade, whether a locus is typed, and the method, which is the same for both alleles. A method is a partition of the
alleles, so a report says that the alleles are in these parts and nothing else. Then, and only then, the probability of
a genotype given the report is its Hardy-Weinberg weight among the genotypes that the report allows ("coarsening at
random", Heitjan & Rubin, Annals of Statistics 1991;19:2244), and a prediction that is right is also calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.frequencies.haplotype_frequencies import HaplotypeFrequencies
from hla_match.kernels.codes import FIRST_P_GROUP
from hla_match.nomenclature.release import Nomenclature

METHODS = ("serology", "XX", "list", "two fields")
DECADES = ("1990s", "2000s", "2010s", "2020s")

_METHOD_SHARE = np.array([[0.55, 0.45, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.3, 0.7], [0.0, 0.0, 0.0, 1.0]])
"""By decade, the share of each method; a locus without serology is typed to the first field instead."""

_TYPED_SHARE = {
    "A": (1.0, 1.0, 1.0, 1.0),
    "B": (1.0, 1.0, 1.0, 1.0),
    "C": (0.0, 0.4, 1.0, 1.0),
    "DRB1": (0.9, 1.0, 1.0, 1.0),
    "DQB1": (0.0, 0.1, 0.6, 1.0),
    "DPB1": (0.0, 0.0, 0.0, 0.6),
}
"""By decade, the share of persons who are typed at a locus; as in `hla_match.synthetic.volunteers`."""

DONOR_DECADES = (0.25, 0.25, 0.25, 0.25)
RECENT_DECADES = (0.0, 1 / 3, 1 / 3, 1 / 3)
"""Donors typed since 2000: about 15 genotypes each of the 3,380 most frequent haplotypes."""

PATIENT_DECADES = (0.05, 0.15, 0.3, 0.5)

_N_KITS = 6
_LARGEST_PART = 6
"""Lists come from so many kits, each of which parts the alleles of a first field into lists of 1 to so many alleles."""

_NO_SEROLOGY = ("C", "DQB1", "DPB1")


@dataclass(frozen=True, slots=True)
class Persons:
    """Simulated persons.

    Attributes:
        reported: `person_id` and the typings, as `hla_match.donors.registry.build_registry` takes them.
        genotype: (persons, loci, 2) int32 true allele codes, the lesser first.
        decade: (persons,) index into `DECADES`.
    """

    reported: pl.DataFrame
    genotype: NDArray[np.int32]
    decade: NDArray[np.int64]


class Laboratory:
    """Reports the alleles of a frequency set by every method.

    Args:
        frequencies: one population, without null alleles.
        nomenclature: reads what is reported.
        seed: of the kits.

    Attributes:
        n_respelled: by locus and method, the alleles whose report the nomenclature reads as more or less than the
            method's part, and which are therefore written as the list of that part.
    """

    def __init__(self, frequencies: HaplotypeFrequencies, nomenclature: Nomenclature, seed: int) -> None:
        self.frequencies = frequencies
        self.n_respelled: dict[tuple[str, str], int] = {}
        self._nomenclature = nomenclature
        self._codes = [np.unique(column) for column in frequencies.allele.T]
        rng = np.random.default_rng([seed, 0])
        self._texts = [self._locus_texts(column, rng) for column in range(len(frequencies.loci))]

    def persons(
        self, n: int, *, decades: tuple[float, ...], seed: int, prefix: str, method: str | None = None
    ) -> Persons:
        """Draw persons and report them.

        Args:
            n: how many.
            decades: the share of each of `DECADES`.
            seed: of the draw.
            prefix: of the identifiers.
            method: one of `METHODS` by which every locus is typed, whatever the decade.
        """
        rng = np.random.default_rng([seed, 1])
        frequency = self.frequencies.frequency[0]
        haplotype = rng.choice(frequency.size, (n, 2), p=frequency)
        decade = rng.choice(len(DECADES), n, p=np.array(decades))
        columns: dict[str, pl.Series] = {"person_id": pl.Series([f"{prefix}{number:07d}" for number in range(n)])}
        for column, locus in enumerate(self.frequencies.loci):
            columns |= self._report(rng, column, locus, haplotype, decade, method)
        genotype = np.sort(self.frequencies.allele[haplotype].transpose(0, 2, 1), axis=2)
        return Persons(pl.DataFrame(columns), genotype, decade)

    def names(self, locus: str) -> list[str]:
        """Return the alleles of the set at a locus, ascending by code, as the nomenclature reads them back."""
        column = self.frequencies.loci.index(locus)
        return [self._fine_name(locus, code) for code in self._codes[column].tolist()]

    def _report(
        self,
        rng: np.random.Generator,
        column: int,
        locus: str,
        haplotype: NDArray[np.int64],
        decade: NDArray[np.int64],
        only: str | None,
    ) -> dict[str, pl.Series]:
        n, n_alleles = decade.size, self._codes[column].size
        allele = np.searchsorted(self._codes[column], self.frequencies.allele[haplotype, column])
        method = (rng.random(n)[:, None] > np.cumsum(_METHOD_SHARE[decade], axis=1)[:, :-1]).sum(axis=1)
        if only is not None:
            method = np.full(n, METHODS.index(only))
        kit = rng.integers(0, _N_KITS, n)
        # Rows of the texts: serology, XX, two fields, then the kits.
        row = np.where(method == METHODS.index("list"), 3 + kit, np.minimum(method, 2))
        text = row[:, None] * n_alleles + allele
        text = np.where((rng.random(n) < 0.5)[:, None], text, text[:, ::-1])
        typed = rng.random(n) < np.array(_TYPED_SHARE.get(locus, _TYPED_SHARE["DPB1"]))[decade]
        typed |= only is not None
        words = self._texts[column]
        first, second = words.gather(text[:, 0]), words.gather(text[:, 1])
        # A method that sees no difference reports one name.
        seen = pl.Series(typed) & (first != second)
        nothing = pl.Series([None], dtype=pl.String)
        return {
            f"{locus}_1": first.zip_with(pl.Series(typed), nothing),
            f"{locus}_2": second.zip_with(seen, nothing),
        }

    def _locus_texts(self, column: int, rng: np.random.Generator) -> pl.Series:
        """Return what each method, and of the lists each kit, reports for each allele, method by method."""
        locus = self.frequencies.loci[column]
        names = self.names(locus)
        groups = self._codes[column] - FIRST_P_GROUP
        family = [name.partition(":")[0] for name in names]
        unnamed = [f"{one}:XX" for one in family]
        antigens = [self._nomenclature.antigens(locus)[group] for group in groups]
        serology = [
            text if locus in _NO_SEROLOGY or not found or found[0].startswith("*") else found[0]
            for text, found in zip(unnamed, antigens, strict=True)
        ]
        words = self._partition(locus, "serology", serology, names) + self._partition(locus, "XX", unnamed, names)
        words += names
        for _ in range(_N_KITS):
            part = np.zeros(len(names), np.int64)
            for one in sorted(set(family)):
                members = rng.permutation([row for row, other in enumerate(family) if other == one])
                sizes = rng.integers(1, _LARGEST_PART + 1, members.size)
                part[members] = np.searchsorted(np.cumsum(sizes), np.arange(members.size), side="right")
            kit = [f"{one}/{number}" for one, number in zip(family, part.tolist(), strict=True)]
            words += _lists(kit, names)
        return pl.Series(words, dtype=pl.String)

    def _partition(self, locus: str, method: str, texts: list[str], names: list[str]) -> list[str]:
        """Return the texts, and lists in place of those that allow other alleles of the set than report them."""
        codes = self._codes[self.frequencies.loci.index(locus)]
        lists = _lists(texts, names)
        sound = {}
        for text in set(texts):
            allowed = set(self._nomenclature.expand(locus, text).p_codes)
            reporting = {
                code - FIRST_P_GROUP for code, other in zip(codes.tolist(), texts, strict=True) if other == text
            }
            sound[text] = allowed & set((codes - FIRST_P_GROUP).tolist()) == reporting
        self.n_respelled[locus, method] = sum(not sound[text] for text in texts)
        return [text if sound[text] else other for text, other in zip(texts, lists, strict=True)]

    def _fine_name(self, locus: str, code: int) -> str:
        """Return two fields where they are this P group alone, else the name of the P group."""
        name = self._nomenclature.p_groups(locus)[code - FIRST_P_GROUP]
        plain = name.removesuffix("P")
        return plain if self._nomenclature.expand(locus, plain).p_codes == (code - FIRST_P_GROUP,) else name


def _lists(part: list[str], names: list[str]) -> list[str]:
    """Return for each allele the list of all alleles of its part."""
    members: dict[str, list[str]] = {}
    for one, name in zip(part, names, strict=True):
        members.setdefault(one, []).append(name)
    return ["/".join(members[one]) for one in part]


def matching_alleles(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (pairs, loci) how many alleles match: the better of the direct and the crossed pairing.

    Args:
        one: (pairs, loci, 2) int32 true alleles, none of them null.
        other: the same of the other persons.
    """
    direct = (one == other).astype(np.int64).sum(axis=2)
    crossed = (one == other[..., ::-1]).astype(np.int64).sum(axis=2)
    matches: NDArray[np.int64] = np.maximum(direct, crossed)
    return matches
