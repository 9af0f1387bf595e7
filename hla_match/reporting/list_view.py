"""A list of donors as pages show it: every text in the language of the moment, beside the values to sort by.

    RankedDonors --> list_view --> ListView --> reports, the desk
                                     patient, classes, rows, order, filters, notices
                                     DonorRow: words, and the columns of `MatchList.to_polars`
                                       LocusCell: tiles, typing, probability

A view is made within `hla_match.language.speaking`, and holds finished texts: it can be shown by another thread.
Texts from files stand in it as they are; whoever shows them sees to hidden characters (`hla_match.visible_text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.kernels.codes import BEST, WORST
from hla_match.language import listed, translatable, translated
from hla_match.loci import genes_of
from hla_match.reporting.donor_words import TCE_WORDS, donor_warnings, donor_words
from hla_match.reporting.filter_words import filter_words
from hla_match.reporting.grade_tiles import GradeTile, mismatch_shares, tile_columns, tiles
from hla_match.reporting.list_story import PatientLocus, patient_loci
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import notice, policy_lines
from hla_match.reporting.mismatch_words import mismatch_words
from hla_match.reporting.search_notices import search_notices


@dataclass(frozen=True, slots=True)
class LocusCell:
    """A donor at one locus.

    Attributes:
        locus: the locus.
        heading: its name, in brackets where it does not count.
        in_scope: whether it counts.
        tiles: of the grades, in the order of the donor's alleles; none where nothing was compared.
        donor_typing: as reported, a block of a GL String; None where the donor is not typed there.
        p_match: probability that both alleles match; None where it is not known.
        told: the cell in words, for who cannot see it.
    """

    locus: str
    heading: str
    in_scope: bool
    tiles: tuple[GradeTile, ...]
    donor_typing: str | None
    p_match: float | None
    told: str


@dataclass(frozen=True, slots=True)
class DonorRow:
    """A donor of a list.

    Attributes:
        rank: in the whole list, from 1.
        donor_id: the identifier, as the registry has it.
        match: matching alleles in scope, from those that are certain to those that may be, such as "9-10/10".
        match_class: the best that may be, such as "10/10".
        is_certain: whether typings leave nothing open.
        loci: the loci that were compared.
        other_typing: what the donor is typed as at other loci, as a GL String; "" where at none.
        typing: the whole typing as a GL String.
        mismatches: those that are certain, one sentence each.
        probabilities: of each number of mismatches, by the names of `grade_tiles.MISMATCH_COLOURS`; None where they
            are not known.
        dpb1_class: by T-cell epitope groups.
        age, sex, abo, cmv, city, status, resolution: in words, "" where not known; an age beyond the registry's has
            a mark.
        reserved_until, last_contact, weight, rhesus: likewise.
        why: the key that puts the donor before the next one; "" of the last donor.
        warnings: what has to be seen before the donor is asked.
        values: the columns of `MatchList.to_polars`, to sort and filter by.
    """

    rank: int
    donor_id: str
    match: str
    match_class: str
    is_certain: bool
    loci: tuple[LocusCell, ...]
    other_typing: str
    typing: str
    mismatches: tuple[str, ...]
    probabilities: Mapping[str, float] | None
    dpb1_class: str
    age: str
    sex: str
    abo: str
    cmv: str
    city: str
    status: str
    resolution: str
    reserved_until: str
    last_contact: str
    weight: str
    rhesus: str
    why: str
    warnings: tuple[str, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClassCount:
    """The donors of one class.

    Attributes:
        match_class: such as "10/10": the alleles that match at best.
        n: donors of the class.
        n_certain: those whose typings leave nothing open.
        expected: how many donors of the list are expected to have as many mismatches; None without probabilities.
    """

    match_class: str
    n: int
    n_certain: int
    expected: float | None


@dataclass(frozen=True, slots=True)
class ListView:
    """A list of donors.

    Attributes:
        patient_id: of the patient.
        patient: the typing as reported and as understood, one entry a locus.
        scope: the loci that count, as they were asked for.
        n_found: donors that meet the criteria.
        n_listed: those of the list; `classes` counts these.
        classes: the donors by class, the best first; a class between others may have none.
        headings: of the loci that were compared.
        has_probabilities: whether there are frequencies.
        rows: the donors, best first; the first ones where no more were asked for.
        order: the policy in words, and its caveat where it has one.
        filters: the criteria, each as its name and its value.
        null_reading: how null alleles were read and counted.
        frequencies: name of the set; None without.
        nomenclature: what typings were read with.
        limits: what the nomenclature does not know.
        notices: what of the patient was not reported, was assumed, or was not compared.
        notice: what the list is for.
    """

    patient_id: str
    patient: tuple[PatientLocus, ...]
    scope: str
    n_found: int
    n_listed: int
    classes: tuple[ClassCount, ...]
    headings: tuple[str, ...]
    has_probabilities: bool
    rows: tuple[DonorRow, ...]
    order: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    null_reading: str
    frequencies: str | None
    nomenclature: str
    limits: tuple[str, ...]
    notices: tuple[str, ...]
    notice: str


NOT_TYPED = translatable("not typed")


def list_view(found: RankedDonors, *, first: int | None = None) -> ListView:
    """Return a list as pages show it, in the language of the moment.

    Args:
        found: the list.
        first: donors to show, from the first; None for all. Classes count all donors of the list.
    """
    nomenclature = found.registry.nomenclature
    return ListView(
        patient_id=found.patient.patient_id,
        patient=tuple(patient_loci(found)),
        scope=found.criteria.scope,
        n_found=found.n_found,
        n_listed=len(found),
        classes=class_counts(found),
        headings=tuple(tile_columns(found)),
        has_probabilities=found.prediction is not None,
        rows=() if first == 0 else donor_rows(found, slice(0, first)),
        order=policy_lines(found.policy),
        filters=tuple(filter_words(found.criteria)),
        null_reading=found.null_reading,
        frequencies=None if found.prediction is None else found.prediction.frequency_set,
        nomenclature=nomenclature.title,
        limits=tuple(map(translated, nomenclature.tables.limits)),
        notices=search_notices(found),
        notice=notice(),
    )


def class_counts(found: RankedDonors) -> tuple[ClassCount, ...]:
    """Return how many donors of a list there are of each class, from a full match to the worst that is there."""
    if not len(found):
        return ()
    size = 2 * len(found.criteria.loci)
    best, worst = found.total[BEST].astype(int), found.total[WORST].astype(int)
    counts = []
    for matches in range(size, int(best.min()) - 1, -1):
        of_class = best == matches
        expected, missing = None, size - matches
        if found.prediction is not None and missing < found.prediction.mismatches.shape[1]:
            expected = float(np.nansum(found.prediction.mismatches[:, missing]))
        n_certain = int((of_class & (worst == matches)).sum())
        counts.append(ClassCount(f"{matches}/{size}", int(of_class.sum()), n_certain, expected))
    return tuple(counts)


def donor_rows(found: RankedDonors, part: slice = slice(None), *, with_reasons: bool = True) -> tuple[DonorRow, ...]:
    """Return some donors of a list as pages show them, in the language of the moment.

    Args:
        found: the list.
        part: which of its donors.
        with_reasons: whether it is said what puts each before the next one; "" else.
    """
    frame = match_frame([found], part)
    rows, shares = frame.to_dicts(), mismatch_shares(frame) if found.prediction is not None else iter(())
    positions = range(*part.indices(len(found)))
    cells, others = _typings(found, part)
    columns = tile_columns(found)
    return tuple(
        _donor_row(
            found.why(at) if with_reasons and at + 1 < len(found) else "",
            columns,
            2 * len(found.criteria.loci),
            row,
            next(shares, None),
            {locus: texts[number] for locus, texts in cells.items()},
            other,
        )
        for number, (at, row, other) in enumerate(zip(positions, rows, others, strict=True))
    )


def _typings(found: RankedDonors, part: slice) -> tuple[dict[str, list[str]], list[str]]:
    """Return by locus that was compared the typings of some donors, and what they are typed as at other loci."""
    donors, reported = found.donor[part], found.registry.reported_typings
    blocks = {locus: reported.blocks(locus, donors) for locus in found.registry.loci}

    def joined(loci: list[str]) -> list[str]:
        columns = [blocks[locus] for locus in loci if locus in blocks] or [[""] * donors.size]
        return ["^".join(filter(None, texts)) for texts in zip(*columns, strict=True)]

    compared = {result.locus: joined(list(genes_of(result.locus))) for result in found.loci}
    shown = {gene for locus in compared for gene in genes_of(locus)}
    return compared, joined([locus for locus in blocks if locus not in shown])


def _donor_row(
    why: str,
    columns: Mapping[str, str],
    size: int,
    row: dict[str, Any],
    shares: Mapping[str, float] | None,
    typings: Mapping[str, str],
    other_typing: str,
) -> DonorRow:
    best, worst = row["matches_best"], row["matches_worst"]
    return DonorRow(
        rank=row["rank"],
        donor_id=row["donor_id"],
        match=f"{best}/{size}" if best == worst else f"{worst}-{best}/{size}",
        match_class=f"{best}/{size}",
        is_certain=best == worst,
        loci=tuple(_cell(heading, name.removesuffix("_grade"), row, typings) for heading, name in columns.items()),
        other_typing=other_typing,
        typing=row["donor_typing"] or "",
        mismatches=tuple(mismatch_words(row["mismatches"] or "")),
        probabilities=shares,
        dpb1_class=translated(TCE_WORDS[row["dpb1_tce"]]),
        **donor_words(row),
        why=why,
        warnings=tuple(donor_warnings(row)),
        values=row,
    )


def _cell(heading: str, locus: str, row: Mapping[str, Any], typings: Mapping[str, str]) -> LocusCell:
    shown, typing = tiles(row[f"{locus}_grade"]), typings[locus] or None
    told = translated(
        "{locus}: {grades}", locus=heading, grades=listed(tile.meaning for tile in shown) or translated(NOT_TYPED)
    )
    return LocusCell(
        locus=locus,
        heading=heading,
        in_scope=heading == locus,
        tiles=shown,
        donor_typing=typing,
        p_match=row.get(f"p_{locus}"),
        told=told if typing else translated("{cell}; the donor is not typed here", cell=told),
    )
