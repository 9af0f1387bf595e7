"""The features that policies rank by, by name, in the order in which a summary shows those of the donor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hla_match.choice.antibody_feature import ANTIBODIES
from hla_match.choice.cord_features import CD34_PER_KG, CORD_MATCH, CORD_MATCH_8, TNC_PER_KG
from hla_match.choice.donor_features import ABO, AGE, CMV, DONOR_ID, SEX
from hla_match.choice.feature import Feature
from hla_match.choice.match_features import ASKED_MATCH, CERTAINTY, FULL_MATCH, MISMATCHES, NEAR_MATCH, RESOLVED
from hla_match.choice.mismatch_features import ANTIGEN_MISMATCHES, C_PERMISSIVE, DPB1_TCE, GVH, HVG

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        one.name: one
        for one in (
            FULL_MATCH, NEAR_MATCH, ASKED_MATCH, RESOLVED, MISMATCHES, CERTAINTY, C_PERMISSIVE, GVH, HVG,
            ANTIGEN_MISMATCHES, DPB1_TCE, CORD_MATCH, CORD_MATCH_8, TNC_PER_KG, CD34_PER_KG, ANTIBODIES, AGE, SEX,
            ABO, CMV, DONOR_ID,
        )
    }
)  # fmt: skip
