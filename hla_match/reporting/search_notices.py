"""Notices above a list of donors: what of the patient was not reported, was assumed, or was not compared.

A notice is one sentence that names loci and no person. It stands above every list and in the status file of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.immunogenetics.antibodies import read_antibodies
from hla_match.language import listed, retold_form, translatable, translated, translated_count
from hla_match.loci import OPTIONAL_GENES, genes_of
from hla_match.nomenclature.gl_string import is_absent_gene, lone_typings


def search_notices(found: RankedDonors) -> tuple[str, ...]:
    """Return the notices above a list: on the patient, how many are unresolved or left out, why there is no donor."""
    n_open = 0 if found.prediction is not None else found.n_unresolved
    return (
        *patient_notices(found),
        *((unresolved_notice(n_open, found.n_found, found.criteria.max_mismatches),) if n_open else ()),
        *map(retold_form, found.narrowed),
        *((settings_notice(found),) if found.registry.settings else ()),
        *(() if found.n_found else (counts_notice(found.criteria_counts),)),
    )


def settings_notice(found: RankedDonors) -> str:
    """Return what the registry has set for itself, and how many of the donors of a list are beyond it."""
    settings = found.registry.settings
    n_beyond = int(np.count_nonzero(settings.beyond(found.age)))
    told = translated("the registry has set that {settings}", settings=retold_form(str(settings)))
    if not n_beyond:
        return told
    return told + translated_count(
        "; {beyond} of {n} donor here beyond that, marked with {sign} at the age",
        "; {beyond} of {n} donors here beyond that, marked with {sign} at the age",
        len(found),
        beyond=f"{n_beyond:,}",
        sign=BEYOND,
    )


NO_WEIGHT = translatable(
    "the patient's weight is not known, so that doses are not, and no unit is left out for its dose"
)
"""The notice of a search for cord blood by dose without a weight."""

BEYOND = "!"
"""What marks the age of a donor beyond the ages that the registry has set."""


def unresolved_notice(n_unresolved: int, n_found: int, max_mismatches: int) -> str:
    """Return what unresolved donors are, and how many of those found are.

    >>> unresolved_notice(57, 60, 1).partition(": ")[0]
    '57 of 60 donors are unresolved'
    """
    mismatches = translated_count("{n} mismatch", "{n} mismatches", max_mismatches)
    return translated_count(
        "{unresolved} of {n} donor is unresolved: its typings allow at most {mismatches} and more, and nothing says "
        "how probable either is; haplotype frequencies do, or typing these donors",
        "{unresolved} of {n} donors are unresolved: their typings allow at most {mismatches} and more, and nothing "
        "says how probable either is; haplotype frequencies do, or typing these donors",
        n_found,
        unresolved=f"{n_unresolved:,}",
        mismatches=mismatches,
    )


def _unread_antibodies(found: RankedDonors) -> tuple[str, ...]:
    """Return which antibodies could not be read, or that there are none by which donors could be left out."""
    text = found.patient.antibodies
    if not text and found.criteria.without_antibodies is not None:
        return (translated("the patient has no list of antibodies, so that no donor is left out by them"),)
    unread = read_antibodies(text, found.registry.nomenclature)[1] if text else []
    if not unread:
        return ()
    return (translated("antibodies that name no allele or antigen, left aside: {names}", names=", ".join(unread)),)


def patient_notices(found: RankedDonors) -> tuple[str, ...]:
    """Return the notices on a patient, which do not depend on the donors found."""
    patient, criteria, loci, prediction = found.patient, found.criteria, found.loci, found.prediction
    untyped = [locus for locus in criteria.loci if not patient.is_typed(locus)]
    lacking = [locus for locus in criteria.loci if not set(genes_of(locus)) & set(found.registry.loci)]
    lone = [one.locus for one in loci if _is_lone(one.locus, *patient.typings.get(one.locus, ("", "")))]
    new = [one.locus for one in loci if any(alternative.has_new for alternative in one.alternatives)]
    missing = () if prediction is None else prediction.patient_missing
    notices: dict[str, Sequence[str]] = {
        translated("reported, but not a locus that is compared; ignored"): patient.ignored_loci,
        translated("the patient is not typed here, so that every donor is a potential match"): untyped,
        translated("no donor of the registry is typed here, so that every donor is a potential match"): lacking,
        translated("one typing reported, counted as homozygous"): [
            locus for locus in lone if locus not in OPTIONAL_GENES
        ],
        translated("one typing reported, counted as homozygous or as beside an absent gene"): [
            locus for locus in lone if locus in OPTIONAL_GENES
        ],
        translated("an allele reported as NEW, which matches nothing"): new,
    }
    has_floors = criteria.min_tnc_per_kg is not None or criteria.min_cd34_per_kg is not None
    for one in loci:
        for note in one.notes:
            told = retold_form(note)
            notices[told] = [*notices.get(told, ()), one.locus]
    return (
        *(f"{', '.join(named)}: {notice}" for notice, named in notices.items() if named),
        *map(retold_form, patient.reading_notes),
        *([translated(NO_WEIGHT)] if has_floors and patient.weight_kg is None else []),
        *_unread_antibodies(found),
        *([translated("no frequencies explain the patient at {loci}", loci=", ".join(missing))] if missing else []),
    )


def counts_notice(criteria_counts: Mapping[str, int]) -> str:
    """Return in one sentence how many donors were left after each criterion.

    >>> counts_notice({"in the registry": 1200, "with status AV": 0})
    'no donor meets all criteria; left after each: 1,200 in the registry, 0 with status AV'
    """
    left = listed(
        translated("{n} {criterion}", n=f"{n:,}", criterion=retold_form(criterion))
        for criterion, n in criteria_counts.items()
    )
    return translated("no donor meets all criteria; left after each: {left}", left=left)


def _is_lone(locus: str, first: str, second: str) -> bool:
    """Say whether a typing reports one allele, or one list of alleles, for both chromosomes."""
    return not is_absent_gene(locus, first) and bool(lone_typings(first, second))
