"""The columns of a match frame that tell facts beside the match (`hla_match.immunogenetics`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.immunogenetics.antibodies import antibody_texts, counted, read_antibodies
from hla_match.immunogenetics.donor_facts import Coded, DonorFacts
from hla_match.immunogenetics.kir_ligand_mismatch import MISSING_WORDS, missing_ligands
from hla_match.immunogenetics.low_expression import MOST_LOW_EXPRESSION, range_text
from hla_match.immunogenetics.tce import MATCH, PERMISSIVE, TCE_CLASSES

_TCE_CLASS = pl.Series("dpb1_tce", TCE_CLASSES, pl.Enum(TCE_CLASSES))


_TEXTS = (
    "b_leader",
    "dpb1_expression",
    "kir_missing_gvh",
    "kir_missing_hvg",
    "patient_dq_groups",
    "donor_dq_groups",
    "lel",
    "mismatches",
    "antibodies",
)
FACT_COLUMNS = ("dpb1_tce", "p_dpb1_permissive", *_TEXTS)
"""The columns, in their order."""


_DECIMALS = 12
"""Decimals of a probability that are written: sums of many terms differ in the next ones by their order."""

_MISSING = pl.Series(MISSING_WORDS, dtype=pl.String)
_N_RANGES = MOST_LOW_EXPRESSION + 1
_RANGES = pl.Series(
    [range_text(least, most) for least in range(_N_RANGES) for most in range(_N_RANGES)], dtype=pl.String
)
FEW_ROWS = 1_000
"""Rows up to which texts are put together one by one, as a query costs more than they do."""


def facts_of(matches: RankedDonors) -> DonorFacts:
    """Return what tells facts of the donors of a list."""
    return DonorFacts(matches.patient, {result.locus: result for result in matches.loci}, matches.ambiguous_nulls)


def fact_columns(lists: Sequence[RankedDonors], donors: Sequence[NDArray[np.uint32]]) -> list[pl.Series]:
    """Return the facts of donors of the lists of several patients, one list after another.

    Args:
        lists: as in `hla_match.reporting.match_frame.match_frame`.
        donors: rows of the registry, for each list.
    """
    classes, probabilities = [], []
    texts: dict[str, list[pl.Series]] = {name: [] for name in _TEXTS}
    for matches, donor in zip(lists, donors, strict=True):
        facts = facts_of(matches)
        classes.append(facts.tce(donor))
        probabilities.append(_permissive(matches, donor))
        of_donors, of_patient = facts.ligands(donor), facts.patient_ligands
        least, most = facts.low_expression(donor)
        patient_groups = Coded([facts.patient_dq_groups], np.zeros(donor.size, np.int64))
        for name, found in (
            ("b_leader", _gathered(facts.leader(donor))),
            ("dpb1_expression", _gathered(facts.expression(donor))),
            ("kir_missing_gvh", _MISSING[missing_ligands(of_donors, of_patient)]),
            ("kir_missing_hvg", _MISSING[missing_ligands(of_patient, of_donors)]),
            ("patient_dq_groups", _gathered(patient_groups)),
            ("donor_dq_groups", _gathered(facts.dq_groups(donor))),
            ("lel", _RANGES[least * _N_RANGES + most]),
            ("mismatches", mismatch_texts(facts, matches, donor)),
            ("antibodies", _antibodies(matches, donor)),
        ):
            texts[name].append(found)
    joined = [pl.concat(parts) if len(parts) > 1 else parts[0] for parts in texts.values()]
    named = [series.alias(name) for name, series in zip(texts, joined, strict=True)]
    permissive = pl.Series("p_dpb1_permissive", np.concatenate(probabilities), nan_to_null=True)
    return [_TCE_CLASS[np.concatenate(classes)], permissive, *named]


def _permissive(matches: RankedDonors, donor: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return (n,) float64 the probability that each donor is matched or permissive at DPB1; NaN where not known."""
    if matches.tce_probabilities is None:
        return np.full(donor.size, np.nan)
    found: NDArray[np.float64] = matches.tce_probabilities(donor)[:, [MATCH, PERMISSIVE]].sum(axis=1)
    return np.round(found, _DECIMALS)


def _antibodies(matches: RankedDonors, donor: NDArray[np.uint32]) -> pl.Series:
    """Return the patient's antibodies against each donor in words; nothing where the patient has no list of them."""
    if not matches.patient.antibodies:
        return pl.Series([None], dtype=pl.String).new_from_index(0, donor.size)
    antibodies, _ = read_antibodies(matches.patient.antibodies, matches.registry.nomenclature)
    loci = {result.locus: result for result in matches.loci}
    found = antibody_texts(counted(antibodies, matches.criteria.antibody_mfi), loci, donor)
    return pl.Series(found, dtype=pl.String)


def _gathered(coded: Coded[str] | Coded[str | None]) -> pl.Series:
    """Return a text of each donor; nothing where it is not known."""
    return pl.Series([value or None for value in coded.values], dtype=pl.String)[coded.code]


def mismatch_texts(facts: DonorFacts, matches: RankedDonors, donor: NDArray[np.uint32]) -> pl.Series:
    """Return the mismatches of each donor in words, joined by semicolons; those at loci out of scope in brackets."""
    scope = matches.criteria.loci
    texts = []
    for result in sorted(matches.loci, key=lambda one: one.locus not in scope):
        coded = facts.mismatches(result.locus, donor)
        if len(coded.values) > 1:
            form = "{}" if result.locus in scope else "({})"
            words = ["; ".join(map(form.format, found)) or None for found in coded.values]
            texts.append((result.locus, Coded(words, coded.code)))
    if donor.size > FEW_ROWS and texts:
        columns = [pl.Series(locus, one.values, pl.String)[one.code] for locus, one in texts]
        return pl.select(pl.concat_str(columns, separator="; ", ignore_nulls=True)).to_series()
    rows = zip(*(one.to_list() for _, one in texts), strict=True) if texts else [()] * donor.size
    return pl.Series(["; ".join(filter(None, row)) for row in rows], dtype=pl.String)
