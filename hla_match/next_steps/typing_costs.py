"""What the typing of some loci costs: a price of the order, and one of each locus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real

from hla_match.errors import CriteriaError
from hla_match.errors.arguments import check_type
from hla_match.loci import LOCI, check_locus


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingCosts:
    """Costs of typings, in any unit.

    Attributes:
        order: of each order, whatever it asks for: contact, sample, transport.
        locus: of each locus that `loci` does not name.
        loci: of single loci.

    Raises:
        CriteriaError: a cost is no number of at least 0, a name is no locus, or an order could cost nothing.

    >>> costs = TypingCosts(order=2, loci={"DPB1": 1.5})
    >>> costs.of(["A", "DPB1"])
    4.5
    """

    order: float = 0.0
    locus: float = 1.0
    loci: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_type("costs", self.loci, Mapping, expected="costs by locus, such as {'DPB1': 2.0}")
        for locus in self.loci:
            check_locus("costs", locus)
        for cost in (self.order, self.locus, *self.loci.values()):
            if isinstance(cost, bool) or not isinstance(cost, Real) or not 0 <= cost < float("inf"):
                raise CriteriaError("costs", found=cost, expected="a number of at least 0")
        least = min(self.loci.get(locus, self.locus) for locus in LOCI)
        if self.order + least <= 0:
            raise CriteriaError("costs", found=0, expected="a typing that costs something")

    def of(self, loci: Sequence[str]) -> float:
        """Return what the typing of some loci costs, asked for together."""
        return float(self.order + sum(self.loci.get(locus, self.locus) for locus in loci))
