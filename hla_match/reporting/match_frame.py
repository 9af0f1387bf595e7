"""Match lists of several patients as one table, at hardly more cost than the list of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.donors.attributes import ATTRIBUTES, defaults
from hla_match.donors.registry import Registry
from hla_match.donors.registry_settings import RegistrySettings
from hla_match.frame_columns import CodedColumn, columns_of, decoded
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
_N_GRADES = np.uint8(len(GRADE_LETTERS))
_UNTYPED = _PAIRS.index("PP")
_NOT_COMPARED = len(_PAIRS)
"""The place of what stands at a locus that a patient is not typed at, and which is out of scope."""

_TOTALS = {
    "matches_best": BEST, "matches_worst": WORST, "gvh": GVH_BEST, "hvg": HVG_BEST, "gvh_worst": GVH_WORST,
    "hvg_worst": HVG_WORST,
}  # fmt: skip
"""Rows of the counts that are columns."""

_LISTED = ("donor_id", *(name for name, attribute in ATTRIBUTES.items() if attribute.in_lists))
_NO_LIMIT = pl.Series("age_limit", [None], pl.String)

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
    total = np.concatenate([matches.total[:, part] for matches in lists], axis=1)
    grades = _grades(lists, donors)
    patient = np.repeat(np.arange(len(lists)), [rows.size for rows in donors])
    typings = [_typing_of(one.patient, registry) for one in lists]
    patient_id, patient_typing, *letters = decoded(
        [
            CodedColumn("patient_id", pl.Series([one.patient.patient_id for one in lists], dtype=pl.String), patient),
            CodedColumn("patient_typing", pl.Series(typings, dtype=pl.String), patient),
            *(CodedColumn(f"{locus}_grade", _GRADE_PAIR, code) for locus, code in grades.items()),
        ]
    )
    donor_id, *attributes = _attributes(registry, at)
    matches_best, matches_worst, *directions = columns_of(list(_TOTALS), total[list(_TOTALS.values())])
    age = pl.Series("age", np.concatenate([one.age[part] for one in lists]))
    # Series by series: each expression in their place would be a query of its own, and cost ten times as much.
    columns = [
        patient_id,
        pl.Series("rank", np.concatenate([one.ranks[part] for one in lists])),
        donor_id,
        pl.Series("scope", [criteria.scope], pl.String).new_from_index(0, donor.size),
        matches_best,
        matches_worst,
        _side_by_side([grades.get(locus) for locus in criteria.loci], donor.size),
        *directions,
        *_predictions(lists, part),
        *letters,
        _known_ages(age),
        _age_limits(registry.settings, age),
        *attributes,
        pl.Series("resolution", registry.donor_scores.of(donor)),
        patient_typing,
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
    registry = found.registry
    donor_id, *attributes = _attributes(registry, pl.Series(found.donor))
    grades = _grades([found], [found.donor])
    age = pl.Series("age", found.age)
    return pl.DataFrame(
        [
            pl.Series("rank", found.ranks),
            donor_id,
            pl.Series("matches_best", found.total[BEST]),
            pl.Series("matches_worst", found.total[WORST]),
            *_predictions([found], slice(None)),
            *decoded([CodedColumn(f"{locus}_grade", _GRADE_PAIR, code) for locus, code in grades.items()]),
            _known_ages(age),
            *attributes,
            pl.Series("resolution", registry.donor_scores.of(found.donor)),
            tce_column([found], [found.donor]),
        ]
    )


def _attributes(registry: Registry, rows: pl.Series) -> Iterator[pl.Series]:
    """Yield the identifiers of donors, then the attributes that lists show.

    Of one that an empty cell has too, an empty cell is what it counts as.
    """
    known = registry.donor_attributes
    names = tuple([name for name in _LISTED if name in known.schema])
    found = dict(zip(names, known.columns(names, rows), strict=True))
    for name in _LISTED:
        default = defaults().get(name)
        if name not in found:
            if default is not None:
                yield pl.Series(name, [default.value], pl.String).new_from_index(0, rows.len())
        elif default is not None and found[name].null_count():
            yield found[name].fill_null(default.value)
        else:
            yield found[name]


def _known_ages(age: pl.Series) -> pl.Series:
    """Return ages; nothing where one is not known."""
    # To set what is not there costs more than to look for it.
    return age.set(age < 0, None) if (age.to_numpy() < 0).any() else age


def _age_limits(settings: RegistrySettings, age: pl.Series) -> pl.Series:
    """Return what is said of donors beyond the ages of the registry; nothing of others."""
    beyond = settings.beyond(age.to_numpy())
    if not beyond.any():
        return _NO_LIMIT.new_from_index(0, age.len())
    return pl.Series("age_limit", [settings.said(one) for one in beyond.tolist()], pl.String)


def _typing_of(patient: Patient, registry: Registry) -> str:
    """Return the typing of a patient as a GL String, with the names that were reported."""
    return reported_gl_string(registry.nomenclature.tables, patient.typings)


def _side_by_side(grades: Sequence[NDArray[np.uint8] | None], n_donors: int) -> pl.Series:
    """Return the grades of the loci in scope as one text a donor.

    Args:
        grades: (n,) of each locus, as `_grades` has them; None where no patient is compared.
        n_donors: donors of all patients.
    """
    codes = [np.full(n_donors, _UNTYPED, np.uint8) if one is None else one for one in grades]
    if n_donors > _FEW:
        columns = decoded([CodedColumn(str(number), _GRADE_PAIR, code) for number, code in enumerate(codes)])
        return pl.select(pl.concat_str(columns, separator=" ").alias("grades")).to_series()
    # A query costs more than so few texts.
    rows = zip(*(code.tolist() for code in codes), strict=True)
    return pl.Series("grades", list(map(_grades_text, rows)), pl.String)


@lru_cache(_FEW)
def _grades_text(codes: tuple[int, ...]) -> str:
    return " ".join([_PAIRS[code] for code in codes])


def _grades(lists: Sequence[RankedDonors], donors: Sequence[NDArray[np.uint32]]) -> dict[str, NDArray[np.uint8]]:
    """Return by locus where any patient is compared (n,) uint8 the grades of every row, as rows of `_GRADE_PAIR`."""
    compared = {result.locus for matches in lists for result in matches.loci}
    start = np.cumsum([0, *(donor.size for donor in donors)])
    loci = [locus for locus in SCOPE_LOCI if locus in compared]
    found = dict(zip(loci, np.full((len(loci), start[-1]), _NOT_COMPARED, np.uint8), strict=True))
    for matches, donor, part in zip(lists, donors, map(slice, start, start[1:]), strict=False):
        for result in matches.loci:
            first, second = result.grades(result.expanded_typing_of(donor))
            np.add(first * _N_GRADES, second, out=found[result.locus][part])
    return found


def _predictions(lists: Sequence[RankedDonors], part: slice) -> list[pl.Series]:
    """Return the columns of the predictions; none without frequencies."""
    taken = [one.prediction.take(part) for one in lists if one.prediction is not None]
    if not taken:
        return []
    # What is missing of a patient is said in each of its rows.
    alike = [join_predictions(list(group)) for _, group in groupby(taken, key=lambda one: one.patient_missing)]
    return pl.concat([one.to_polars() for one in alike]).get_columns()
