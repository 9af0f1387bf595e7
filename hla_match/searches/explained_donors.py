"""A ranked list that explains itself: one donor, two, the nearest ones outside it, and what its order rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.errors import CriteriaError
from hla_match.reporting.comparison_page import Comparison
from hla_match.reporting.explanation import Explanation
from hla_match.searches.explanations import compare, explain, nearest_misses, why
from hla_match.searches.placed_donors import Donor, SearchAgain, position_given
from hla_match.searches.sensitivity import FIRST, RankChange, sensitivity


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class ExplainedDonors(RankedDonors):
    """The donors found for one patient, best first; the attributes are those of `RankedDonors`, and one more.

    Attributes:
        again: searches for the same patient otherwise, in order to explain the list.
    """

    again: SearchAgain

    def why(self, first: Donor, second: Donor | None = None) -> str:
        """Say which key puts a donor before another one, and what both have there.

        Args:
            first: a position, from 0; with a second donor also an identifier.
            second: another position or identifier; without it the donor at the next position.

        Raises:
            IndexError: there is no next donor.
            CriteriaError: a donor is not in the registry, or there is no such position.
        """
        if second is None and not isinstance(first, str):
            return super().why(position_given(first))
        if second is None:
            raise CriteriaError("second", found=None, expected="another donor")
        return why(self, first, second, self.again)

    def explain(self, donor: Donor) -> Explanation:
        """Explain one donor: typings side by side, every locus in words, probabilities, and the place.

        Of a donor who is not in the list it says which criteria keep the donor out, and what would let the donor in.

        Args:
            donor: the identifier, or a position in the list, from 0.

        Raises:
            CriteriaError: the donor is not in the registry, or there is no such position.
        """
        return explain(self, donor, self.again)

    def compare(self, first: Donor, second: Donor) -> Comparison:
        """Return two donors side by side, each as `explain` takes it, and why one stands before the other.

        Raises:
            CriteriaError: a donor is not in the registry, or there is no such position.
        """
        return compare(self, first, second, self.again)

    def nearest(self) -> list[Explanation]:
        """Return the donors who come nearest to the criteria without meeting them, such as those of an empty list."""
        return list(nearest_misses(self, self.again))

    def sensitivity(
        self, *, first: int = FIRST, others: Mapping[str, RankedDonors] | None = None
    ) -> tuple[RankChange, ...]:
        """Return which of the first donors change places under other policies, without frequencies, at other limits.

        Args:
            first: donors to look at.
            others: further lists of the same patient by what is otherwise there, such as other frequencies.
        """
        return sensitivity(self, self.again, first=first, others=others)
