"""Match lists of several patients as one table, at hardly more cost than the list of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.attributes import ATTRIBUTES, defaults
from hla_match.donors.registry import Registry
from hla_match.donors.registry_settings import RegistrySettings
from hla_match.kernels.codes import BEST, GVH_BEST, GVH_WORST, HVG_BEST, HVG_WORST, WORST
from hla_match.loci import SCOPE_LOCI
from hla_match.matching.criteria import Patient
from hla_match.matching.patient_table import GRADE_LETTERS
from hla_match.nomenclature.reported_gl_string import reported_gl_string
from hla_match.prediction.prediction import join_predictions
from hla_match.reporting.cord_columns import cord_columns
from hla_match.reporting.fact_columns import fact_columns, tce_column

_PAIRS = [one + other for one in GRADE_LETTERS for other in GRADE_LETTERS]
_GRADE_PAIR = pl.Series("grade", [*_PAIRS, None], pl.Enum(_PAIRS))
_NOT_COMPARED = len(_PAIRS)
"""The place of what stands at a locus that a patient is not typed at, and which is out of scope."""

_FEW = 1_000
"""Donors up to which texts are put together one by one."""


def match_frame(lists: Sequence[RankedDonors], part: slice = slice(None)) -> pl.DataFrame:
    """Return one row a donor of the lists of several patients, one list after another.

    Args:
        lists: at least one, all from searches of one matcher by one scope.
        part: which donors of each list.
    """
    registry, criteria = lists[0].registry, lists[0].criteria
    donors = [matches.donor[part] for matches in lists]
    donor = np.concatenate(donors)
    # Polars takes a series of its own kind of index as it is, and looks through an array at each use.
    at = pl.Series(donor)
    patient = np.repeat(np.arange(len(lists), dtype=np.uint32), [rows.size for rows in donors])
    total = np.concatenate([matches.total[:, part] for matches in lists], axis=1)
    compared = {result.locus for matches in lists for result in matches.loci}
    grades = {locus: _grades(lists, donors, locus) for locus in SCOPE_LOCI if locus in compared}
    untyped = _GRADE_PAIR.new_from_index(_PAIRS.index("PP"), donor.size)
    in_scope = [grades.get(locus, untyped).alias(locus) for locus in criteria.loci]
    age = pl.Series("age", np.concatenate([one.age[part] for one in lists]))
    # Series by series: each expression in their place would be a query of its own, and cost ten times as much.
    columns = [
        pl.Series("patient_id", [one.patient.patient_id for one in lists], pl.String)[patient],
        pl.Series("rank", np.concatenate([one.ranks[part] for one in lists])),
        registry.donor_attributes.of("donor_id", at),
        pl.Series("scope", [criteria.scope], pl.String).new_from_index(0, donor.size),
        pl.Series("matches_best", total[BEST]),
        pl.Series("matches_worst", total[WORST]),
        _side_by_side(in_scope),
        pl.Series("gvh", total[GVH_BEST]),
        pl.Series("hvg", total[HVG_BEST]),
        pl.Series("gvh_worst", total[GVH_WORST]),
        pl.Series("hvg_worst", total[HVG_WORST]),
        *_predictions(lists, part),
        *(series.alias(f"{locus}_grade") for locus, series in grades.items()),
        age.set(age < 0, None),
        _age_limits(registry.settings, age),
        *_attributes(registry, at),
        pl.Series("resolution", registry.donor_scores.of(donor)),
        pl.Series("patient_typing", [_typing_of(one.patient, registry) for one in lists], pl.String)[patient],
        registry.reported_typings.gl_strings(donor),
        *fact_columns(lists, donors),
        *cord_columns(lists, donors),
    ]
    return pl.DataFrame(columns)


def order_frame(found: RankedDonors) -> pl.DataFrame:
    """Return the columns of `match_frame` by which a list is filtered and sorted, in a fraction of its time.

    They are those of the match, of the probabilities, of the grades and of the person, and the class of DPB1; texts
    of typings and mismatches are put together for the donors alone who are shown.
    """
    registry, at = found.registry, pl.Series(found.donor)
    age = pl.Series("age", found.age)
    return pl.DataFrame(
        [
            pl.Series("rank", found.ranks),
            registry.donor_attributes.of("donor_id", at),
            pl.Series("matches_best", found.total[BEST]),
            pl.Series("matches_worst", found.total[WORST]),
            *_predictions([found], slice(None)),
            *(_grades([found], [found.donor], one.locus).alias(f"{one.locus}_grade") for one in found.loci),
            age.set(age < 0, None),
            *_attributes(registry, at),
            pl.Series("resolution", registry.donor_scores.of(found.donor)),
            tce_column([found], [found.donor]),
        ]
    )


def _attributes(registry: Registry, rows: pl.Series) -> Iterator[pl.Series]:
    """Yield the attributes of donors that lists show; of one that an empty cell has too, what the cell counts as."""
    known = registry.donor_attributes
    for name, attribute in ATTRIBUTES.items():
        if not attribute.in_lists:
            continue
        default = defaults().get(name)
        if default is None:
            if name in known.schema:
                yield known.of(name, rows)
        elif name in known.schema:
            found = known.of(name, rows)
            yield found.fill_null(default.value) if found.null_count() else found
        else:
            yield pl.Series(name, [default.value], pl.String).new_from_index(0, rows.len())


def _age_limits(settings: RegistrySettings, age: pl.Series) -> pl.Series:
    """Return what is said of donors beyond the ages of the registry; nothing of others."""
    beyond = settings.beyond(age.to_numpy())
    if not beyond.any():
        return pl.Series("age_limit", [None], pl.String).new_from_index(0, age.len())
    return pl.Series("age_limit", [settings.said(one) for one in beyond.tolist()], pl.String)


def _typing_of(patient: Patient, registry: Registry) -> str:
    """Return the typing of a patient as a GL String, with the names that were reported."""
    return reported_gl_string(registry.nomenclature.tables, patient.typings)


def _side_by_side(grades: Sequence[pl.Series]) -> pl.Series:
    """Return the grades of the loci in scope as one text a donor."""
    if grades[0].len() > _FEW:
        return pl.select(pl.concat_str(grades, separator=" ").alias("grades")).to_series()
    # A query costs more than so few texts.
    return pl.Series("grades", [" ".join(texts) for texts in zip(*grades, strict=True)], pl.String)


def _grades(lists: Sequence[RankedDonors], donors: Sequence[NDArray[np.uint32]], locus: str) -> pl.Series:
    """Return the grades of every row at a locus; nothing where the patient is not compared there."""
    codes = []
    for matches, donor in zip(lists, donors, strict=True):
        code = np.full(donor.size, _NOT_COMPARED, np.uint32)
        for result in matches.loci:
            if result.locus == locus:
                expanded_typing = result.expanded_typing_of(donor)
                first, second = result.grades(expanded_typing)
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
