"""The donors that a search found, in the order of a policy, as rows and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.policies import KeyColumns, RankingPolicy
from hla_match.donors.registry import Registry
from hla_match.immunogenetics.carried_genotypes import CarriedPersons
from hla_match.language import translated
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.locus_result import LocusResult
from hla_match.prediction.prediction import Prediction
from hla_match.typings.encoding import AmbiguousNulls


@dataclass(frozen=True, repr=False, eq=False)
class RankedDonors:
    """The donors found for one patient, best first, as numbers.

    Attributes:
        patient: for whom.
        criteria: what was asked.
        policy: what ordered them.
        registry: where they come from.
        loci: results of each locus that was compared, in scope or beyond it.
        donor: (n,) uint32 rows of the registry, best first.
        total: (6, n) uint8 counts summed over the scope.
        age: (n,) int32 completed years, -1 where missing.
        key_columns: (n,) codes of the donors for each key of the policy, lower first.
        n_found: donors that met the criteria, before `criteria.limit`.
        count_criteria: works out `criteria_counts`.
        count_unresolved: works out `n_unresolved`.
        prediction: match probabilities of the donors, or None without frequencies.
        tce_probabilities: gives (n, classes) probabilities of the T-cell epitope classes of some donors; None without
            frequencies that have DPB1.
        carried: what the patient and the donors may carry; None without frequencies.
        rank_in_whole: (n,) uint32 ranks from 1 of a part of a list in the whole of it; None of a whole list.
        narrowed: how a part was chosen, one sentence each time.
    """

    patient: Patient
    criteria: SearchCriteria
    policy: RankingPolicy
    registry: Registry
    loci: tuple[LocusResult, ...]
    donor: NDArray[np.uint32]
    total: NDArray[np.uint8]
    age: NDArray[np.int32]
    key_columns: KeyColumns
    n_found: int
    count_criteria: Callable[[], dict[str, int]]
    count_unresolved: Callable[[], int]
    prediction: Prediction | None = None
    tce_probabilities: Callable[[NDArray[np.uint32]], NDArray[np.float64]] | None = None
    carried: CarriedPersons | None = None
    rank_in_whole: NDArray[np.uint32] | None = None
    narrowed: tuple[str, ...] = ()

    @cached_property
    def criteria_counts(self) -> dict[str, int]:
        """The donors left after each criterion, one after another, by the criterion in words; worked out when asked.

        The first entry is all donors, the last `n_found`.
        """
        return self.count_criteria()

    @cached_property
    def n_unresolved(self) -> int:
        """Of how many donors found the typings leave open whether they meet the criteria; worked out when asked."""
        return self.count_unresolved()

    @property
    def ambiguous_nulls(self) -> AmbiguousNulls:
        """What became of null alleles that a list or code of the patient names beside expressed ones."""
        return self.criteria.ambiguous_nulls or self.registry.ambiguous_nulls

    @property
    def null_reading(self) -> str:
        """How null alleles were read and counted, in a line."""
        of_patient, of_donors = self.ambiguous_nulls, self.registry.ambiguous_nulls
        if of_patient == of_donors:
            read = translated("{mode} (patient and donors)", mode=of_patient)
        else:
            read = translated(
                "{of_patient} (patient), {of_donors} (donors)", of_patient=of_patient, of_donors=of_donors
            )
        return translated("null rule: {rule}; ambiguous nulls: {read}", rule=self.criteria.null_rule, read=read)

    @property
    def ranks(self) -> NDArray[np.uint32]:
        """(n,) uint32, the rank of each donor in the whole list, from 1."""
        whole = self.rank_in_whole
        return np.arange(1, len(self) + 1, dtype=np.uint32) if whole is None else whole

    def take(self, positions: NDArray[np.integer[Any]] | slice, *narrowed: str) -> Self:
        """Return some of the donors, by their positions in ascending order; they keep their ranks.

        Args:
            positions: of the donors, from 0.
            narrowed: how they were chosen, in a sentence.
        """
        return replace(
            self,
            donor=self.donor[positions],
            total=self.total[:, positions],
            age=self.age[positions],
            key_columns=tuple(column[positions] for column in self.key_columns),
            prediction=None if self.prediction is None else self.prediction.take(positions),
            rank_in_whole=self.ranks[positions],
            narrowed=(*self.narrowed, *narrowed),
        )

    def __len__(self) -> int:
        return int(self.donor.size)

    def why(self, position: int) -> str:
        """Say which key puts the donor at a position (from 0) before the next one, and what both have there.

        Raises:
            IndexError: there is no next donor.
        """
        if not 0 <= position < len(self) - 1:
            raise IndexError(position)
        key, before, after = self.policy.deciding_key(self.key_columns, position)
        is_least = key.declared.is_least
        if self.prediction is None or is_least is None:
            return key.reason(before, after)
        first, second = is_least(self.prediction.take(slice(position, position + 2))).tolist()
        return key.reason(before, after, is_least=(first, second))
