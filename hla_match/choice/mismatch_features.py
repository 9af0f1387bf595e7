"""Features of what kind the mismatches are: their direction, their level, and which of them are permissive."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from hla_match.choice.candidates import Candidates
from hla_match.choice.feature import UNKNOWN_VALUE, Feature, Unknown, said_as, said_in
from hla_match.immunogenetics.permissive_c import NOT_KNOWN, permissive_by_typing
from hla_match.immunogenetics.tce import TCE_CLASSES, UNKNOWN, tce_class_by_typing
from hla_match.kernels.codes import BEST, GRADE_M, GVH_BEST, HVG_BEST
from hla_match.language import translatable
from hla_match.loci import SCOPE_LOCI

_DEHN = "Dehn et al., Blood 2019;134:924"


def mismatches_of_direction(candidates: Candidates, *, row: int) -> NDArray[np.uint8]:
    """Return (n,) uint8 the least number of mismatches in scope of one direction.

    A single mismatch at a locus at which the patient is homozygous is none in GvH direction.
    """
    return candidates.scope_count(row)


def antigen_mismatches(candidates: Candidates) -> NDArray[np.uint8]:
    """Return (n,) uint8 the donor's alleles in scope whose antigen the patient does not have (grade M)."""
    found = np.zeros(candidates.donor.size, np.uint8)
    for locus in candidates.criteria.loci:
        if locus in candidates.loci:
            result = candidates.loci[locus]
            found += (result.grades(result.expanded_typing_of(candidates.donor)) == GRADE_M).sum(axis=0, dtype=np.uint8)
    return found


def c_permissive_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8: 0 no mismatch in scope but C*03:03 against C*03:04, 1 another; unknown where typings are open.

    Mismatches are the least possible ones of both directions.
    """
    n_mismatches = 2 * len(candidates.criteria.loci) - candidates.scope_count(BEST).astype(np.int8)
    if "C" not in candidates.criteria.loci:
        return (n_mismatches > 0).astype(np.int8)
    permissive = candidates.at_locus("C", permissive_by_typing, 0)
    # Where it is open, all mismatches at C may be permissive ones.
    at_c = 2 - candidates.at_locus("C", lambda result: result.counts[BEST], 2).astype(np.int8)
    found = (n_mismatches > np.where(permissive == NOT_KNOWN, at_c, permissive)).astype(np.int8)
    found[(permissive == NOT_KNOWN) & (found == 0)] = UNKNOWN_VALUE
    return found


def dpb1_tce_class(candidates: Candidates) -> NDArray[np.int8]:
    """Return (n,) int8 the place of the pair's class in `TCE_CLASSES`, unknown where that is not known."""
    found = candidates.at_locus("DPB1", tce_class_by_typing, UNKNOWN).astype(np.int8)
    return np.where(found == UNKNOWN, np.int8(UNKNOWN_VALUE), found)


def _directed(name: str, row: int, words: str, column: str) -> Feature:
    return Feature(
        name=name,
        source=_DEHN,
        values=partial(mismatches_of_direction, row=row),
        directions={"ascending": words},
        greatest=2 * len(SCOPE_LOCI),
        unit=translatable("mismatches"),
        said=said_in(""),
        columns=(column,),
    )


GVH = _directed("gvh", GVH_BEST, translatable("fewer mismatches in GvH direction"), "gvh")
HVG = _directed("hvg", HVG_BEST, translatable("fewer mismatches in HvG direction"), "hvg")

ANTIGEN_MISMATCHES = Feature(
    name="antigen_mismatches",
    source="Bochtler et al., Bone Marrow Transplant 2011;46:338",
    values=antigen_mismatches,
    directions={"ascending": translatable("fewer mismatches of antigens")},
    greatest=2 * len(SCOPE_LOCI),
    unit=translatable("mismatches"),
    said=said_in(""),
    columns=("grades",),
)

C_PERMISSIVE = Feature(
    name="c_permissive",
    source="Fernandez-Vina et al., Blood 2014;123:1270",
    values=c_permissive_class,
    directions={"ascending": translatable("no mismatch but C*03:03 against C*03:04")},
    greatest=1,
    said=said_as(translatable("no mismatch but perhaps that one"), translatable("another mismatch")),
    unknown=Unknown(
        said=translatable("perhaps that one alone"),
        places={
            "before-worst": translatable("where typings leave it open, before others"),
            "last": translatable("where typings leave it open, last"),
            "first": translatable("where typings leave it open, first"),
        },
    ),
    columns=("grades",),
)

DPB1_TCE = Feature(
    name="dpb1_tce",
    source="Fleischhauer et al., Lancet Oncol 2012;13:366; Crivello et al., Biol Blood Marrow Transplant 2015;21:233",
    values=dpb1_tce_class,
    directions={
        "ascending": translatable("DPB1 match before permissive before non-permissive HvG before non-permissive GvH")
    },
    greatest=UNKNOWN - 1,
    said=said_as(*TCE_CLASSES[:UNKNOWN]),
    unknown=Unknown(
        said=translatable("unknown DPB1 class"),
        places={
            "last": translatable("unknown last"),
            "before-worst": translatable("unknown before non-permissive GvH"),
            "first": translatable("unknown first"),
        },
    ),
    columns=("dpb1_tce",),
)
