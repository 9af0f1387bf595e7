"""What a search returns: frozen, ordered, and turned into tables and pages only when asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.encoding import AmbiguousNulls, CountedAlternative, NullRule
from hla_match.matching.criteria import Patient, SearchCriteria
from hla_match.matching.notices import counts_notice, patient_notices
from hla_match.matching.patient_table import LocusComparison
from hla_match.matching.policies import FULL_MATCH, NEAR_MATCH, RankingPolicy, least_percents
from hla_match.matching.prediction import Prediction
from hla_match.registry import Registry
from hla_match.visible_text import visible

NOTICE = "For research and decision support; validate independently before clinical use."


def percent(probability: float | None) -> str:
    """Return a probability in whole percent, without hiding that it is not quite 0 or 1.

    >>> [percent(value) for value in (0.0, 0.004, 0.5, 0.999, 1.0, None)]
    ['0%', '<1%', '50%', '>99%', '100%', '?']
    """
    if probability is None:
        return "?"
    if 0.0 < probability < 0.005:
        return "<1%"
    if 0.995 <= probability < 1.0 - 1e-9:
        return ">99%"
    return f"{100 * probability:.0f}%"


@dataclass(frozen=True)
class LocusResult:
    """One patient at one locus: counts against every distinct meaning of the registry's typings there.

    Attributes:
        locus: the locus.
        comparison: the registry's side of it.
        alternatives: the patient's typing; empty where not typed.
        null_rule: how null alleles count.
        notes: what of the patient's typing was understood otherwise than it was written.
    """

    locus: str
    comparison: LocusComparison
    alternatives: tuple[CountedAlternative, ...]
    null_rule: NullRule
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> NDArray[np.uint8]:
        """(6, meanings) uint8 as in `hla_match.kernels.search.locus_count`."""
        return self.comparison.counts(self.alternatives, self.null_rule)

    def grades(self, meaning: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Return (2, n) uint8 as `LocusComparison.grades`, for (n,) meanings."""
        return self.comparison.grades(self.alternatives, self.null_rule, meaning)

    @property
    def is_serology(self) -> bool:
        """Whether a side of the patient was typed by serology alone, so that a donor's antigen can exclude a match."""
        return any(side.serology for first, second, _ in self.alternatives for side in (first, second))

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """(meanings,) bool: an allele of patient or donor was reported as NEW, so that no count is certain."""
        if any(alternative.has_new for alternative in self.alternatives):
            return np.ones(self.comparison.reports_new.size, np.bool_)
        return self.comparison.reports_new

    def meaning_of(self, donor: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return (n,) int32, the meaning of the typing of each of some donors."""
        meaning: NDArray[np.int32] = self.comparison.column.meaning[self.comparison.donor_typing[donor]]
        return meaning


@dataclass(frozen=True, slots=True)
class Match:
    """One donor of a match list.

    Attributes:
        rank: from 1.
        donor_id: the registry's identifier.
        matches_best: matching alleles in scope if every ambiguity turns out well.
        matches_worst: matching alleles in scope that are certain.
        grades: position grades by locus, in the order of the donor's alleles.
        gvh: least number of mismatches in graft-versus-host direction in scope.
        hvg: least number of mismatches in host-versus-graft direction in scope.
        age: completed years, or None.
        probabilities: of exactly 0, 1, 2, 3 and 4 mismatches in scope, or None where they are missing.
    """

    rank: int
    donor_id: str
    matches_best: int
    matches_worst: int
    grades: dict[str, str]
    gvh: int
    hvg: int
    age: int | None
    probabilities: tuple[float, ...] | None


@dataclass(frozen=True, repr=False, eq=False)
class MatchList:
    """The donors found for one patient, best first.

    Attributes:
        patient: for whom.
        criteria: what was asked.
        policy: what ordered them.
        registry: where they come from.
        loci: results of each locus that was compared, in scope or beyond it.
        donor: (n,) uint32 rows of the registry, best first.
        total: (6, n) uint8 counts summed over the scope.
        age: (n,) int32 completed years, -1 where missing.
        rank_number: (n,) uint64 packed ranking keys.
        n_found: donors that met the criteria, before `criteria.limit`.
        count_criteria: works out `criteria_counts`.
        prediction: match probabilities of the donors, or None without frequencies.
    """

    patient: Patient
    criteria: SearchCriteria
    policy: RankingPolicy
    registry: Registry
    loci: tuple[LocusResult, ...]
    donor: NDArray[np.uint32]
    total: NDArray[np.uint8]
    age: NDArray[np.int32]
    rank_number: NDArray[np.uint64]
    n_found: int
    count_criteria: Callable[[], dict[str, int]]
    prediction: Prediction | None = None

    @cached_property
    def criteria_counts(self) -> dict[str, int]:
        """The donors left after each criterion, one after another, by the criterion in words; worked out when asked.

        The first entry is all donors, the last `n_found`.
        """
        return self.count_criteria()

    @cached_property
    def patient_notices(self) -> tuple[str, ...]:
        """What of the patient was not reported, assumed or left aside: one sentence each."""
        return patient_notices(self.patient, self.criteria, self.registry, self.loci, self.prediction)

    @property
    def ambiguous_nulls(self) -> AmbiguousNulls:
        """What became of null alleles that a list or code of the patient names beside expressed ones."""
        return self.criteria.ambiguous_nulls or self.registry.ambiguous_nulls

    @property
    def null_reading(self) -> str:
        """How null alleles were read and counted, in a line."""
        modes = {"patient": self.ambiguous_nulls, "donors": self.registry.ambiguous_nulls}
        if len(set(modes.values())) == 1:
            modes = {"patient and donors": self.ambiguous_nulls}
        read = ", ".join(f"{mode} ({persons})" for persons, mode in modes.items())
        return f"null rule: {self.criteria.null_rule}; ambiguous nulls: {read}"

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader must know before the list: the notices on the patient, and why there is no donor.

        >>> from hla_match.matching.matcher import Matcher
        >>> from hla_match.nomenclature.builtin import builtin_tables
        >>> from hla_match.nomenclature.release import Nomenclature
        >>> from hla_match.registry import build_registry
        >>> donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]})
        >>> made_from = {"imported_on": "2026-01-01"}
        >>> registry, _ = build_registry(donors, Nomenclature(builtin_tables()), name="one", provenance=made_from)
        >>> patient = Patient(typings={"A": ("11:01", "11:01")})
        >>> found = Matcher(registry).search(patient, SearchCriteria(scope="A,B"))
        >>> found.notices[0]
        'B: the patient is not typed here, so that every donor is a potential match'
        >>> found.criteria_counts
        {'in the registry': 1, 'with status AV': 1, 'with at most 1 mismatch in A,B': 0}
        """
        return (*self.patient_notices, *(() if self.n_found else (counts_notice(self.criteria_counts),)))

    def __len__(self) -> int:
        return int(self.donor.size)

    def __getitem__(self, position: int) -> Match:
        row = self.to_polars(slice(position, position + 1 or None)).to_dicts()
        if not row:
            raise IndexError(position)
        found = row[0]
        return Match(
            rank=found["rank"],
            donor_id=found["donor_id"],
            matches_best=found["matches_best"],
            matches_worst=found["matches_worst"],
            grades={result.locus: found[f"{result.locus}_grade"] for result in self.loci},
            gvh=found["gvh"],
            hvg=found["hvg"],
            age=found["age"],
            probabilities=None if found.get("p0") is None else tuple(found[f"p{k}"] for k in range(5)),
        )

    def why(self, position: int) -> str:
        """Say which key puts the donor at a position (from 0) before the next one, and what both have there.

        Raises:
            IndexError: there is no next donor.
        """
        if not 0 <= position < len(self) - 1:
            raise IndexError(position)
        numbers = [int(self.rank_number[position]), int(self.rank_number[position + 1])]
        key, before, after = self.policy.deciding_key(*numbers)
        if self.prediction is None or key not in (FULL_MATCH, NEAR_MATCH):
            return key.reason(before, after)
        both = self.prediction.taken(slice(position, position + 2))
        return key.reason(before, after, at_least=least_percents(both, (before, after)))

    def to_polars(self, part: slice = slice(None)) -> pl.DataFrame:
        """Return one row a donor: identifiers, counts, directions, grades of each locus, attributes.

        The columns `gvh` and `hvg` are the least numbers (they belong to `matches_best`), `gvh_worst` and `hvg_worst`
        the greatest. With frequencies there are the columns of `hla_match.matching.prediction.Prediction.to_polars`.
        """
        from hla_match.matching.match_frame import match_frame

        return match_frame([self], part)

    def summary(self, part: slice = slice(None)) -> pl.DataFrame:
        """Return what a person reads of each donor, as text: one column for each of the few things that matter.

        Loci outside the scope, which do not count, stand in brackets. P0, P1, P2 are the probabilities of as many
        mismatches in percent, "?" where they are missing.
        """
        size = 2 * len(self.criteria.loci)
        frame = self.to_polars(part)
        columns = {
            "rank": frame["rank"].cast(pl.String),
            "donor": frame["donor_id"],
            "best": frame["matches_best"].cast(pl.String) + f"/{size}",
            "worst": frame["matches_worst"].cast(pl.String) + f"/{size}",
        }
        if self.prediction is not None:
            columns |= {
                f"P{k}": pl.Series([percent(value) for value in frame[f"p{k}"]], dtype=pl.String) for k in range(3)
            }
        for result in self.loci:
            heading = result.locus if result.locus in self.criteria.loci else f"({result.locus})"
            columns[heading] = frame[f"{result.locus}_grade"].cast(pl.String)
        columns |= {"GvH": frame["gvh"].cast(pl.String), "HvG": frame["hvg"].cast(pl.String)}
        for name, heading in (("age", "age"), ("sex", "sex"), ("abo", "ABO"), ("cmv", "CMV")):
            if name in frame.columns:
                columns[heading] = frame[name].cast(pl.String).fill_null("")
        return pl.DataFrame(columns)

    def __repr__(self) -> str:
        n_shown = min(len(self), 10)
        head = [
            f"MatchList for {self.patient.patient_id}: {self.n_found:,} donors, "
            f"{self.criteria.scope} with up to {self.criteria.max_mismatches} mismatches, "
            f"{self.registry.nomenclature.title}",
            str(self.policy),
            *(f"note: {notice}" for notice in self.notices),
        ]
        head = [visible(line) for line in head]
        if not n_shown:
            return "\n".join(head)
        summary = self.summary(slice(0, n_shown))
        summary = summary.with_columns(pl.all().map_elements(visible, pl.String))
        with pl.Config(
            tbl_rows=n_shown,
            tbl_cols=30,
            tbl_width_chars=200,
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
        ):
            body = str(summary)
        more = [f"... {len(self) - n_shown:,} more"] if len(self) > n_shown else []
        return "\n".join([*head, body, *more, NOTICE])

    def _repr_html_(self) -> str:
        from hla_match.matching.notebook import match_list_html

        return match_list_html(self)
