"""How probable it is that a donor who is asked is available.

A share of all donors who are asked is the start; what speaks against or for a donor multiplies the odds, as in a
logistic model. What was published of each:

- Share: of 3,843 donors asked for, 54% were available at confirmatory typing, 44% of those asked for Asian patients;
  of those available 68% were so at work-up (Blood Adv 2024;8:2753).
- Sex: a woman's odds of being cancelled are 1.32 times a man's (Lown et al., Bone Marrow Transplant 2014;49:525: 7,541
  requests at Anthony Nolan, 38.2% cancelled by the donor).
- Descent: an Asian donor's odds of being cancelled are 2.65 times a white one's (same source). The share of a registry
  has it already, so that nothing is multiplied.
- Age: older donors were available less often, but not once the other factors were taken into account (same source), so
  that its odds ratio is 1 unless it is set.
- Contact: those recruited within five years were available more often (same source, whose summary gives no figure), so
  that the odds ratio of each year since the last contact is 1 unless it is set.

The share is that of all who were asked; here it is taken for a man, so that women are taken a little too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.errors import CriteriaError
from hla_match.language import listed, translatable, translated

SHARES = {
    "typing": 0.54,
    "typing-asian": 0.44,
    "work-up": 0.54 * 0.68,
    "work-up-asian": 0.44 * 0.68,
}
"""Published shares of available donors: at confirmatory typing, or at work-up, of all donors asked or of those asked
for Asian patients (Blood Adv 2024;8:2753). Of those available at typing the same share is taken for both at work-up."""

ODDS_RATIOS = (0.01, 100.0)
"""Least and greatest odds ratio. Beyond these a donor decides nothing, and powers of them would be no numbers."""

AGE_FROM = 30
"""Completed years up to which age does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """The chance that a donor who is asked is available.

    Attributes:
        share: of the donors in whom nothing speaks for or against it.
        woman: odds ratio of being available of a woman, beside a man.
        ten_years: odds ratio of each ten years of age above 30.
        year_since_contact: odds ratio of each year since the last contact.

    Raises:
        CriteriaError: the share is no probability, or an odds ratio is none from 0.01 to 100.

    >>> round(Availability(share=0.5, woman=0.5).of(30, "F", None), 3)
    0.333
    """

    share: float = SHARES["typing"]
    woman: float = 1 / 1.32
    ten_years: float = 1.0
    year_since_contact: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.share, bool) or not isinstance(self.share, Real) or not 0 < self.share <= 1:
            raise CriteriaError("availability", found=self.share, expected="a probability above 0, up to 1")
        least, greatest = ODDS_RATIOS
        for name in ("woman", "ten_years", "year_since_contact"):
            ratio = getattr(self, name)
            if isinstance(ratio, bool) or not isinstance(ratio, Real) or not least <= ratio <= greatest:
                raise CriteriaError(
                    f"availability: {name}", found=ratio, expected=f"an odds ratio from {least:g} to {greatest:g}"
                )

    @classmethod
    def named(cls, share: str, **ratios: float) -> Availability:
        """Return what a name of `SHARES`, or a number as a text, stands for, with some odds ratios.

        Raises:
            CriteriaError: it is neither.

        >>> Availability.named("typing-asian").share, Availability.named("0.6").share
        (0.44, 0.6)
        """
        try:
            number = SHARES[share] if share in SHARES else float(share)
        except ValueError:
            expected = f"one of {', '.join(SHARES)}, or a probability"
            raise CriteriaError("available", found=share, expected=expected) from None
        return cls(share=number, **ratios)

    def of(self, age: int | None, sex: str | None, years_since_contact: float | None) -> float:
        """Return the probability of one donor; what is not known, None, does not count."""
        return float(
            self.of_donors(
                np.array([-1 if age is None else age]),
                np.array([sex == "F"]),
                np.array([0.0 if years_since_contact is None else years_since_contact]),
            )[0]
        )

    def of_donors(
        self, age: NDArray[np.integer[Any]], is_woman: NDArray[np.bool_], years_since_contact: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (n,) probabilities of some donors.

        Args:
            age: (n,) completed years, -1 where not known.
            is_woman: (n,) bool.
            years_since_contact: (n,) years, 0 where not known.
        """
        if self.share >= 1.0:
            return np.ones(age.size)
        decades = np.maximum(age - AGE_FROM, 0) / 10
        odds = self.share / (1.0 - self.share) * np.where(is_woman, self.woman, 1.0)
        odds = odds * self.ten_years**decades * self.year_since_contact ** np.maximum(years_since_contact, 0.0)
        found: NDArray[np.float64] = odds / (1.0 + odds)
        return found

    @property
    def text(self) -> str:
        """What is assumed, in words."""
        found = [translated("{share} of donors asked are available", share=f"{100 * self.share:.0f}%")]
        if self.share >= 1.0:
            return found[0]
        ratios = {
            translatable("odds x{ratio} for a woman"): self.woman,
            translatable("odds x{ratio} for ten years above 30"): self.ten_years,
            translatable("odds x{ratio} for a year since contact"): self.year_since_contact,
        }
        found += [translated(form, ratio=f"{one:.2f}") for form, one in ratios.items() if one != 1.0]
        return listed(found)
