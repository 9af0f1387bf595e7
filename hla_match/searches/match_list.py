"""What a search returns: ranked donors, turned into tables and pages when asked."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.errors import CriteriaError, DonorNotListedError
from hla_match.errors.arguments import InWords, check_count, check_type
from hla_match.foreign_frames import pandas_frame
from hla_match.next_steps.availability import Availability
from hla_match.next_steps.typing_costs import TypingCosts
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import match_summary
from hla_match.reporting.match_text import match_text
from hla_match.reporting.next_steps import NextSteps
from hla_match.reporting.search_notices import patient_notices, search_notices
from hla_match.searches.explained_donors import ExplainedDonors
from hla_match.searches.list_conditions import condition_columns, met_positions, narrowed_by
from hla_match.searches.list_outcomes import ListOutcomes
from hla_match.searches.next_step_search import next_steps

if TYPE_CHECKING:
    from pathlib import Path

    import pandas
    from matplotlib.figure import Figure

_BLOCK = 256
"""Donors that are read at once where all are gone through."""


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


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class MatchList(ExplainedDonors):
    """The donors found for one patient, best first; the attributes are those of `ExplainedDonors`, and one more.

    Attributes:
        outcomes_of: returns what may come out of typing some donors by their rows.
    """

    outcomes_of: Callable[[NDArray[np.uint32]], ListOutcomes] | None = None

    @cached_property
    def patient_notices(self) -> tuple[str, ...]:
        """What of the patient was not reported, was assumed, or was not compared: one sentence each."""
        return patient_notices(self)

    @property
    def notices(self) -> tuple[str, ...]:
        """The notices above the list: those on the patient, and why there is no donor.

        >>> from hla_match.matching.criteria import Patient, SearchCriteria
        >>> from hla_match.searches.matcher import Matcher
        >>> from hla_match.nomenclature.release import Nomenclature
        >>> from hla_match.donors.registry import build_registry
        >>> donors = pl.DataFrame({"person_id": ["D1"], "A_1": ["02:01"], "A_2": ["24:02"]})
        >>> made_from = {"imported_on": "2026-01-01"}
        >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="one", provenance=made_from)
        >>> patient = Patient(typings={"A": ("11:01", "11:01")})
        >>> found = Matcher(registry).search(patient, SearchCriteria(scope="A,B"))
        >>> found.notices[0]
        'B: the patient is not typed here, so that every donor is a potential match'
        >>> found.criteria_counts
        {'in the registry': 1, 'with status AV': 1, 'with at most 1 mismatch in A,B': 0}
        """
        return search_notices(self)

    @overload
    def __getitem__(self, position: int | str) -> Match: ...
    @overload
    def __getitem__(self, position: slice) -> list[Match]: ...
    def __getitem__(self, position: int | slice | str) -> Match | list[Match]:
        if isinstance(position, slice):
            return [self._match(row) for row in self.to_polars(position).iter_rows(named=True)]
        at = self.position_of(position) if isinstance(position, str) else operator.index(position)
        row = self.to_polars(slice(at, at + 1 or None)).to_dicts()
        if not row:
            raise IndexError(at)
        return self._match(row[0])

    def __iter__(self) -> Iterator[Match]:
        for start in range(0, len(self), _BLOCK):
            yield from self[start : start + _BLOCK]

    def __contains__(self, donor: object) -> bool:
        donor_id = donor.donor_id if isinstance(donor, Match) else donor
        if not isinstance(donor_id, str) or self._find(donor_id) is None:
            return False
        return not isinstance(donor, Match) or self[donor_id] == donor

    def position_of(self, donor_id: str) -> int:
        """Return the position, from 0, of a donor by the registry's identifier; `found[donor_id]` is the donor.

        Raises:
            DonorNotListedError: the donor is not in the list; it is a `KeyError`, too.
        """
        check_type("donor_id", donor_id, str, expected="a donor's identifier")
        found = self._find(donor_id)
        if found is None:
            expected = f"one of the {len(self):,} donors of the list"
            raise DonorNotListedError(
                "donor",
                found=InWords("an identifier of none of them"),
                expected=expected,
                hint="`explain` tells why a donor is not in it",
            )
        return found

    def _find(self, donor_id: str) -> int | None:
        return self.registry.donor_attributes.of("donor_id", pl.Series(self.donor)).index_of(donor_id)

    def head(self, n: int = 10) -> MatchList:
        """Return the list of the first donors."""
        check_count("n", n, least=0)
        return self.take(slice(0, n))

    def filter(self, *conditions: pl.Expr, **values: object) -> MatchList:
        """Return the list of the donors who meet all conditions; they keep their order and their ranks.

        What is unknown of a donor meets no condition. `why` of the new list compares a donor with the next one that is
        left.

        Args:
            conditions: expressions of polars on the columns of `to_polars`.
            values: by column the value that a donor has there, or a list of values of which it has one; None stands for
                what is unknown.

        Raises:
            CriteriaError: there is no such column, or a condition does not fit it.

        >>> from hla_match.matching.criteria import SearchCriteria
        >>> from hla_match.searches.matcher import Matcher
        >>> from hla_match.nomenclature.release import Nomenclature
        >>> from hla_match.donors.registry import build_registry
        >>> ids, first, second, sex = ["D1", "D2"], ["02:01", "11:01"], ["24:02", "24:02"], ["M", "F"]
        >>> donors = pl.DataFrame({"person_id": ids, "A_1": first, "A_2": second, "sex": sex})
        >>> made_from = {"imported_on": "2026-01-01"}
        >>> registry, _ = build_registry(donors, Nomenclature.builtin(), name="r", provenance=made_from)
        >>> found = Matcher(registry).search("A*02:01+A*24:02", SearchCriteria(scope="A", max_mismatches=1))
        >>> [(match.rank, match.donor_id) for match in found.filter(sex="F")]
        [(2, 'D2')]
        >>> "D1" in found.filter(pl.col("matches_best") == 2), found["D1"].rank
        (True, 1)
        """
        positions = met_positions(self.to_polars(), conditions, values)
        return self.take(positions, narrowed_by(positions.size, len(self), condition_columns(conditions, values)))

    def _match(self, found: dict[str, Any]) -> Match:
        """Return the donor of a row of the table."""
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

    def to_polars(self, part: slice = slice(None)) -> pl.DataFrame:
        """Return one row a donor: identifiers, counts, directions, grades of each locus, attributes.

        The columns `gvh` and `hvg` are the least numbers (they belong to `matches_best`), `gvh_worst` and `hvg_worst`
        the greatest. With frequencies there are the columns of `hla_match.prediction.prediction.Prediction.to_polars`.
        """
        return match_frame([self], part)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the columns of `to_polars` as a frame of pandas, which needs no pyarrow.

        Raises:
            CriteriaError: pandas is not installed.
        """
        return pandas_frame(self.to_polars())

    def to_excel(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the list as an Excel workbook: the columns of `to_polars`, and what the list is of on a second sheet.

        The file is written aside and then renamed; no cell of it is a formula.

        Args:
            path: the file, which ends in .xlsx.
            overwrite: whether a file of that name may be replaced.

        Returns:
            The path.

        Raises:
            CriteriaError: the name does not end in .xlsx, or there are more donors than rows of a sheet.
            FileError: the file is there already, or cannot be written.
        """
        from hla_match.reporting.list_about import list_about

        # Files are `registry_io`'s, which is asked when somebody wants one.
        from registry_io.tables.list_workbook import write_list_workbook

        return write_list_workbook(self.to_polars(), list(list_about(self)), path, overwrite=overwrite)

    def plot(self, n_donors: int = 20) -> Figure:
        """Return the first donors as a figure of matplotlib, which does not show itself.

        Bars are the probability of each number of mismatches, tiles the grades of each locus, lettered and in colours
        that the colour-blind tell apart.

        Args:
            n_donors: donors at most.

        Raises:
            CriteriaError: matplotlib is not installed (``pip install 'hla-match[plot]'``).
        """
        from hla_match.reporting.match_figure import match_figure

        return match_figure(self, n_donors)

    def summary(self, part: slice = slice(None)) -> pl.DataFrame:
        """Return what a person reads of each donor, as text: one column for each of the few things that matter.

        Loci outside the scope, which do not count, stand in brackets. P0, P1, P2 are the probabilities of as many
        mismatches in percent, "n/a" where they are missing. The last columns are the donor's status and typing.
        """
        return match_summary(self, part)

    def next_steps(
        self,
        *,
        first: int = 20,
        mismatches: int | None = None,
        wanted: int = 1,
        certainty: float = 0.9,
        availability: Availability | None = None,
        costs: TypingCosts | None = None,
    ) -> NextSteps:
        """Return which typing to order next, and how many of the donors to ask.

        Args:
            first: donors to look at, from the first.
            mismatches: of a donor who matches at most; None for the least that one of the donors has with 1% or more.
            wanted: donors who match and are available.
            certainty: the probability that there are so many.
            availability: how probable it is that a donor who is asked is available; None for what was published.
            costs: of typings; None for 1 a locus.

        Raises:
            CriteriaError: the list has no probabilities, or a number is none that it can be.
        """
        check_count("first", first)
        if self.outcomes_of is None:
            raise CriteriaError(
                "next_steps", found="a list without its search", expected="a list that Matcher.search returned"
            )
        return next_steps(
            self,
            self.outcomes_of(self.donor[:first]),
            costs=TypingCosts() if costs is None else costs,
            availability=Availability() if availability is None else availability,
            mismatches=mismatches,
            wanted=wanted,
            certainty=certainty,
        )

    def __repr__(self) -> str:
        return match_text(self)

    def _repr_html_(self) -> str:
        # Only notebooks ask for it: no command waits for the template engine.
        from hla_match.reporting.notebook import match_list_html

        return match_list_html(self)
