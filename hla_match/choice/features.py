"""The features that policies rank by, by name, in the order in which a summary shows those of the donor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.choice.donor_features import ABO, AGE, CMV, DONOR_ID, SEX
from hla_match.choice.feature import Feature
from hla_match.choice.match_features import CERTAINTY, FULL_MATCH, MISMATCHES, NEAR_MATCH, RESOLVED

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {one.name: one for one in (FULL_MATCH, NEAR_MATCH, RESOLVED, MISMATCHES, CERTAINTY, AGE, SEX, ABO, CMV, DONOR_ID)}
)
