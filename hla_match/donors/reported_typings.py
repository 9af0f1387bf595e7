"""The typings of donors as GL Strings, with the names that were reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.kernels.codes import NOT_TYPED
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.reported_gl_string import reported_block
from hla_match.typings.typing_book import LocusColumn


class ReportedTypings:
    """The typings of a registry's donors as text; each distinct one is written once, when it is asked for.

    Threads may share it.

    Args:
        loci: the loci of the rows of `donor_typing`.
        donor_typing: (loci, donors) code of each reported typing.
        columns: the reported typings of each locus.
        nomenclature: the one that they were read with.
    """

    def __init__(
        self,
        loci: Sequence[str],
        donor_typing: NDArray[np.uint16] | NDArray[np.uint32],
        columns: Mapping[str, LocusColumn],
        nomenclature: Nomenclature,
    ) -> None:
        self._loci = tuple(loci)
        self._donor_typing = donor_typing
        self._columns = columns
        self._tables = nomenclature.tables
        self._block: dict[str, dict[int, str]] = {locus: {NOT_TYPED: ""} for locus in loci}

    def gl_strings(self, donor: NDArray[np.uint32]) -> pl.Series:
        """Return the GL String of each of some donors; "" where no locus is typed."""
        blocks = [self.blocks(locus, donor) for locus in self._loci]
        return pl.Series(
            "donor_typing", ["^".join(filter(None, texts)) for texts in zip(*blocks, strict=True)], pl.String
        )

    def texts(self, locus: str, donor: int) -> tuple[str, str]:
        """Return the two texts that a donor reports at a locus; "" where there is none."""
        if locus not in self._loci:
            return "", ""
        text = self._columns[locus].text
        code = int(self._donor_typing[self._loci.index(locus), donor])
        return text["first"][code], text["second"][code]

    def blocks(self, locus: str, donor: NDArray[np.uint32]) -> list[str]:
        """Return the block of a locus in the GL String of each of some donors; "" where it is not typed."""
        known = self._block[locus]
        code: list[int] = self._donor_typing[self._loci.index(locus)][donor].tolist()
        try:
            return [known[one] for one in code]
        except KeyError:
            self._write(locus, [one for one in set(code) if one not in known])
        return [known[one] for one in code]

    def _write(self, locus: str, typings: list[int]) -> None:
        """Write the blocks of some distinct typings."""
        rows = np.array(typings)
        texts = (self._columns[locus].text[side][rows].to_list() for side in ("first", "second"))
        for one, first, second in zip(typings, *texts, strict=True):
            self._block[locus][one] = reported_block(self._tables, locus, first, second)
