"""The columns of a match frame that tell facts beside the match (`hla_match.immunogenetics`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.frame_columns import CodedColumn, decoded, text_columns
from hla_match.immunogenetics.antibodies import antibody_texts, counted, read_antibodies
from hla_match.immunogenetics.donor_facts import Coded, DonorFacts
from hla_match.immunogenetics.kir_ligand_mismatch import MISSING_WORDS, missing_ligands
from hla_match.immunogenetics.low_expression import MOST_LOW_EXPRESSION, range_text
from hla_match.immunogenetics.mismatches import Mismatches
from hla_match.immunogenetics.tce import MATCH, PERMISSIVE, TCE_CLASSES

Donors = NDArray[np.uint32]

_TCE_CLASS = pl.Series("dpb1_tce", TCE_CLASSES, pl.Enum(TCE_CLASSES))

FACT_COLUMNS = (
    "dpb1_tce",
    "p_dpb1_permissive",
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
"""The columns, in their order; behind them those of `TCE_V3_COLUMNS` where the release has version 3 of the groups."""

TCE_V3_COLUMNS = ("patient_dpb1_tce_v3", "donor_dpb1_tce_v3")


_DECIMALS = 12
"""Decimals of a probability that are written: sums of many terms differ in the next ones by their order."""

_MISSING = pl.Series(MISSING_WORDS, dtype=pl.String)
_NO_PROBABILITY = pl.Series("p_dpb1_permissive", [None], pl.Float64)
_NO_ANTIBODIES = pl.Series("antibodies", [None], pl.String)
_N_RANGES = MOST_LOW_EXPRESSION + 1
_RANGES = pl.Series(
    [range_text(least, most) for least in range(_N_RANGES) for most in range(_N_RANGES)], dtype=pl.String
)
_WORDS, _BRACKETED = attrgetter("words"), attrgetter("bracketed_words")
FEW_ROWS = 10_000
"""Rows up to which texts are put together one by one, as a query costs more than they do."""


def facts_of(matches: RankedDonors) -> DonorFacts:
    """Return what tells facts of the donors of a list."""
    return DonorFacts(matches.patient, {result.locus: result for result in matches.loci}, matches.ambiguous_nulls)


def fact_columns(lists: Sequence[RankedDonors], donors: Sequence[Donors]) -> list[pl.Series]:
    """Return the facts of donors of the lists of several patients, one list after another.

    Args:
        lists: as in `hla_match.reporting.match_frame.match_frame`.
        donors: rows of the registry, for each list.
    """
    facts = [facts_of(matches) for matches in lists]
    of_lists = list(zip(facts, donors, strict=True))
    ligands = [(of.ligands(donor), of.patient_ligands) for of, donor in of_lists]
    ranges = [least * _N_RANGES + most for least, most in (of.low_expression(donor) for of, donor in of_lists)]
    patient = np.repeat(np.arange(len(lists)), [donor.size for donor in donors])
    groups = pl.Series([of.patient_dq_groups or None for of in facts], dtype=pl.String)
    tce, missing_gvh, missing_hvg, patient_groups, lel = decoded(
        [
            _tce_codes(of_lists),
            CodedColumn(
                "kir_missing_gvh", _MISSING, np.concatenate([missing_ligands(theirs, mine) for theirs, mine in ligands])
            ),
            CodedColumn(
                "kir_missing_hvg", _MISSING, np.concatenate([missing_ligands(mine, theirs) for theirs, mine in ligands])
            ),
            CodedColumn("patient_dq_groups", groups, patient),
            CodedColumn("lel", _RANGES, np.concatenate(ranges)),
        ]
    )
    leader, expression, donor_groups = _texts(
        {
            "b_leader": [of.leader(donor) for of, donor in of_lists],
            "dpb1_expression": [of.expression(donor) for of, donor in of_lists],
            "donor_dq_groups": [of.dq_groups(donor) for of, donor in of_lists],
        }
    )
    return [
        tce,
        _permissive(lists, donors),
        leader,
        expression,
        missing_gvh,
        missing_hvg,
        patient_groups,
        donor_groups,
        lel,
        _mismatches(facts, lists, donors),
        _antibodies(lists, donors),
        *_tce_labels(lists, of_lists, patient),
    ]


def _tce_labels(
    lists: Sequence[RankedDonors], of_lists: Sequence[tuple[DonorFacts, Donors]], patient: NDArray[np.int64]
) -> list[pl.Series]:
    """Return the labels of the DPB1 alleles of patients and donors; nothing where the release has no version 3.

    Args:
        lists: those of the facts.
        of_lists: the facts of each list, and the donors.
        patient: (rows,) which list each row is of.
    """
    dpb1 = lists[0].registry.nomenclature.tables.loci.get("DPB1")
    if dpb1 is None or not dpb1.tce_group_v3:
        return []
    mine, theirs = TCE_V3_COLUMNS
    of_patients = pl.Series(mine, [of.patient_tce_labels for of, _ in of_lists], pl.String)
    return [of_patients[patient], *_texts({theirs: [of.tce_labels(donor) for of, donor in of_lists]})]


def tce_column(lists: Sequence[RankedDonors], donors: Sequence[Donors]) -> pl.Series:
    """Return the class of DPB1 by T-cell epitope groups of donors of several lists, as `fact_columns` has it."""
    of_lists = [(facts_of(matches), donor) for matches, donor in zip(lists, donors, strict=True)]
    (column,) = decoded([_tce_codes(of_lists)])
    return column


def _tce_codes(of_lists: Sequence[tuple[DonorFacts, Donors]]) -> CodedColumn:
    return CodedColumn("dpb1_tce", _TCE_CLASS, np.concatenate([of.tce(donor) for of, donor in of_lists]))


def _permissive(lists: Sequence[RankedDonors], donors: Sequence[Donors]) -> pl.Series:
    """Return the probability that each donor is matched or permissive at DPB1; nothing where it is not known."""
    if all(matches.tce_probabilities is None for matches in lists):
        return _nothing(_NO_PROBABILITY, donors)
    found = [_permissive_of(matches, donor) for matches, donor in zip(lists, donors, strict=True)]
    return pl.Series(_NO_PROBABILITY.name, np.concatenate(found), nan_to_null=True)


def _permissive_of(matches: RankedDonors, donor: Donors) -> NDArray[np.float64]:
    """Return (n,) float64 the same of the donors of one list; NaN where it is not known."""
    if matches.tce_probabilities is None:
        return np.full(donor.size, np.nan)
    found: NDArray[np.float64] = matches.tce_probabilities(donor)[:, [MATCH, PERMISSIVE]].sum(axis=1)
    return np.round(found, _DECIMALS)


def _antibodies(lists: Sequence[RankedDonors], donors: Sequence[Donors]) -> pl.Series:
    """Return the patients' antibodies against each donor in words; nothing where a patient has no list of them."""
    if not any(matches.patient.antibodies for matches in lists):
        return _nothing(_NO_ANTIBODIES, donors)
    return pl.Series("antibodies", list(chain.from_iterable(map(_antibodies_of, lists, donors))), pl.String)


def _antibodies_of(matches: RankedDonors, donor: Donors) -> Sequence[str | None]:
    """Return the same of the donors of one list."""
    if not matches.patient.antibodies:
        return [None] * donor.size
    antibodies, _ = read_antibodies(matches.patient.antibodies, matches.registry.nomenclature)
    loci = {result.locus: result for result in matches.loci}
    return antibody_texts(counted(antibodies, matches.criteria.antibody_mfi), loci, donor)


def _nothing(column: pl.Series, donors: Sequence[Donors]) -> pl.Series:
    """Return a column without values."""
    return column.new_from_index(0, sum(donor.size for donor in donors))


def _texts(columns: Mapping[str, Sequence[Coded[str] | Coded[str | None]]]) -> list[pl.Series]:
    """Return texts of each donor of some lists, by column; nothing where one is not known."""
    known = {name: [Coded([value or None for value in of.values], of.code) for of in columns[name]] for name in columns}
    if max(sum(of.code.size for of in lists) for lists in known.values()) <= FEW_ROWS:
        return text_columns({name: [text for of in lists for text in of.to_list()] for name, lists in known.items()})
    return [
        pl.concat([pl.Series(name, of.values, pl.String)[of.code] for of in lists]) for name, lists in known.items()
    ]


def _mismatches(facts: Sequence[DonorFacts], lists: Sequence[RankedDonors], donors: Sequence[Donors]) -> pl.Series:
    """Return the mismatches of each donor in words, joined by semicolons; those at loci out of scope in brackets."""
    if sum(donor.size for donor in donors) > FEW_ROWS:
        return pl.concat([_joined_words(*one) for one in zip(facts, lists, donors, strict=True)])
    texts: list[str] = []
    for of, matches, donor in zip(facts, lists, donors, strict=True):
        of_donor = [""] * donor.size
        for words, found in _mismatch_words(of, matches, donor):
            values = [words(one) for one in found.values]
            for row, code in enumerate(found.code.tolist()):
                if code:
                    before = of_donor[row]
                    of_donor[row] = f"{before}; {values[code]}" if before else values[code]
        texts.extend(of_donor)
    return pl.Series("mismatches", texts, pl.String)


def _joined_words(facts: DonorFacts, matches: RankedDonors, donor: Donors) -> pl.Series:
    """Return the same of a long list."""
    columns = [
        pl.Series(str(number), [words(one) or None for one in found.values], pl.String)[found.code]
        for number, (words, found) in enumerate(_mismatch_words(facts, matches, donor))
    ]
    if not columns:
        return pl.Series("mismatches", [""], pl.String).new_from_index(0, donor.size)
    return pl.select(pl.concat_str(columns, separator="; ", ignore_nulls=True).alias("mismatches")).to_series()


def _mismatch_words(
    facts: DonorFacts, matches: RankedDonors, donor: Donors
) -> Iterator[tuple[Callable[[Mismatches], str], Coded[Mismatches]]]:
    """Yield the mismatches of each locus with one, and what gives their words; the loci in scope come first."""
    scope = matches.criteria.loci
    for result in sorted(matches.loci, key=lambda one: one.locus not in scope):
        found = facts.mismatches(result.locus, donor)
        if len(found.values) > 1:
            yield _WORDS if result.locus in scope else _BRACKETED, found
