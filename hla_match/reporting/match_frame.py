"""Match lists of several patients as one table, at hardly more cost than the list of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.kernels.codes import BEST, GVH_BEST, GVH_WORST, HVG_BEST, HVG_WORST, WORST
from hla_match.loci import SCOPE_LOCI
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.prediction.prediction import join_predictions

_PAIRS = [one + other for one in GRADE_LETTERS for other in GRADE_LETTERS]
_GRADE_PAIR = pl.Series("grade", [*_PAIRS, None], pl.Enum(_PAIRS))
_NOT_COMPARED = len(_PAIRS)
"""The place of what stands at a locus that a patient is not typed at, and which is out of scope."""


def match_frame(lists: Sequence[RankedDonors], part: slice = slice(None)) -> pl.DataFrame:
    """Return one row a donor of the lists of several patients, one list after another.

    Args:
        lists: at least one, all from searches of one matcher by one scope.
        part: which donors of each list.
    """
    registry, criteria = lists[0].registry, lists[0].criteria
    donors = [matches.donor[part] for matches in lists]
    donor = np.concatenate(donors)
    patient = np.repeat(np.arange(len(lists), dtype=np.uint32), [rows.size for rows in donors])
    total = np.concatenate([matches.total[:, part] for matches in lists], axis=1)
    compared = {result.locus for matches in lists for result in matches.loci}
    grades = {locus: _grades(lists, donors, locus) for locus in SCOPE_LOCI if locus in compared}
    untyped = _GRADE_PAIR.new_from_index(_PAIRS.index("PP"), donor.size)
    in_scope = [grades.get(locus, untyped).alias(locus) for locus in criteria.loci]
    age = pl.Series("age", np.concatenate([one.age[part] for one in lists]))
    attributes = registry.attributes
    # Series by series: each expression in their place would be a query of its own, and cost ten times as much.
    columns = [
        pl.Series("patient_id", [one.patient.patient_id for one in lists], pl.String)[patient],
        pl.Series("rank", np.concatenate([np.arange(len(one), dtype=np.uint32)[part] for one in lists]) + np.uint32(1)),
        attributes["donor_id"][donor],
        pl.Series("scope", [criteria.scope], pl.String).new_from_index(0, donor.size),
        pl.Series("matches_best", total[BEST]),
        pl.Series("matches_worst", total[WORST]),
        pl.select(pl.concat_str(in_scope, separator=" ").alias("grades")).to_series(),
        pl.Series("gvh", total[GVH_BEST]),
        pl.Series("hvg", total[HVG_BEST]),
        pl.Series("gvh_worst", total[GVH_WORST]),
        pl.Series("hvg_worst", total[HVG_WORST]),
        *_predictions(lists, part),
        *(series.alias(f"{locus}_grade") for locus, series in grades.items()),
        age.set(age < 0, None),
        *(attributes[name][donor] for name, one in ATTRIBUTES.items() if one.in_lists and name in attributes.columns),
    ]
    return pl.DataFrame(columns)


def _grades(lists: Sequence[RankedDonors], donors: Sequence[NDArray[np.uint32]], locus: str) -> pl.Series:
    """Return the grades of every row at a locus; nothing where the patient is not compared there."""
    codes = []
    for matches, donor in zip(lists, donors, strict=True):
        code = np.full(donor.size, _NOT_COMPARED, np.uint32)
        for result in matches.loci:
            if result.locus == locus:
                meaning = result.meaning_of(donor)
                first, second = result.grades(meaning)
                code = first.astype(np.uint32) * len(GRADE_LETTERS) + second
        codes.append(code)
    return _GRADE_PAIR[np.concatenate(codes)]


def _predictions(lists: Sequence[RankedDonors], part: slice) -> list[pl.Series]:
    """Return the columns of the predictions; none without frequencies."""
    taken = [one.prediction.take(part) for one in lists if one.prediction is not None]
    if not taken:
        return []
    # What is missing of a patient is said in each of its rows.
    alike = [join_predictions(list(group)) for _, group in groupby(taken, key=lambda one: one.patient_missing)]
    return pl.concat([one.to_polars() for one in alike]).get_columns()
