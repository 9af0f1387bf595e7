"""The feature of donors whom the patient has antibodies against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.feature import Feature, said_as
from hla_match.immunogenetics.antibodies import CERTAIN, against_any, counted, read_antibodies
from hla_match.language import translatable


def antibody_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8: 0 no antibody against the donor, 1 perhaps, 2 one at least."""
    text = candidates.patient.antibodies
    if not text:
        return np.zeros(candidates.donor.size, np.int8)
    antibodies, _ = read_antibodies(text, candidates.registry.nomenclature)
    return against_any(counted(antibodies, candidates.criteria.antibody_mfi), candidates.loci, candidates.donor)


ANTIBODIES = Feature(
    name="antibodies",
    source="Dehn et al., Blood 2019;134:924",
    values=antibody_class,
    directions={"ascending": translatable("no antibody of the patient against the donor")},
    greatest=CERTAIN,
    said=said_as(translatable("no antibody"), translatable("perhaps an antibody"), translatable("an antibody")),
    columns=("antibodies",),
)
