"""Earlier reports of donors against those that hold: typings that exclude each other, and samples that were swapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hla_match.auditing.comparison import RecordComparison
from hla_match.auditing.duplicates import LEAST_LOCI
from hla_match.auditing.findings import FindingKind, all_findings, findings, no_findings, reported_texts
from hla_match.donors.registry import Registry, build_registry

_PAIRS = 1 << 20
"""Pairs of reports that are compared at a time."""

_NOW = "now "
"""Stands before the identifier of a donor's report that holds; earlier ones have numbers."""


def report_findings(registry: Registry, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return a finding for each locus at which an earlier report of a donor excludes the one that holds, and for swaps.

    Two donors are suspected to be swapped where the typings that hold exclude earlier ones of their own, and can be of
    one person with an earlier one of each other, at three loci or more; not where a still earlier one of their own can
    be of the same person as the one that holds, since such a swap was put right.

    Args:
        registry: the donors.
        earlier: their earlier reports, first to last: `person_id`, which may stand in several rows, and typings; donors
            who are not in the registry and reports that its nomenclature cannot read are passed over.
    """
    place = registry.attributes.select(person_id="donor_id").with_row_index("donor")
    old = earlier.join(place, on="person_id", maintain_order="left")
    if old.is_empty():
        return no_findings()
    reports = _reports(registry, old)
    at = {name: row for row, name in enumerate(reports.attributes["donor_id"].to_list())}
    read = [number for number in range(old.height) if str(number) in at]
    donor = old["donor"].to_numpy()[read].astype(np.int64)
    before = np.array([at[str(number)] for number in read], np.int64)
    now = np.array([at[f"{_NOW}{number}"] for number in donor.tolist()], np.int64)
    records = RecordComparison(reports)
    conflicts = _conflicts(registry, reports, records, donor, before, now)
    return all_findings([conflicts, _swaps(registry, records, donor, before, now)])


def _reports(registry: Registry, old: pl.DataFrame) -> Registry:
    """Return the earlier reports, numbered, and those that hold of the same donors, as one registry."""
    rows = np.unique(old["donor"].to_numpy())
    current: dict[str, Any] = {"person_id": [f"{_NOW}{row}" for row in rows.tolist()]}
    for number, locus in enumerate(registry.loci):
        text = registry.columns[locus].text[registry.donor_typing[number, rows]]
        current |= {f"{locus}_1": text["first"], f"{locus}_2": text["second"]}
    texts = [pl.col(name).cast(pl.String) for name in current if name in old.columns and name != "person_id"]
    numbered = pl.DataFrame({"person_id": [str(number) for number in range(old.height)]}).hstack(old.select(texts))
    both = pl.concat([numbered, pl.DataFrame(current)], how="diagonal")
    found, _ = build_registry(
        both,
        registry.nomenclature,
        name=registry.name,
        provenance={},
        codes=registry.codes,
        ambiguous_nulls=registry.ambiguous_nulls,
        loci=registry.loci,
    )
    return found


def _conflicts(
    registry: Registry,
    reports: Registry,
    records: RecordComparison,
    donor: NDArray[np.int64],
    before: NDArray[np.int64],
    now: NDArray[np.int64],
) -> pl.DataFrame:
    found = []
    for locus in reports.loci:
        wrong = np.flatnonzero(~records.agree(locus, before, now))
        by_serology = is_serology(reports, locus, before[wrong]) != is_serology(reports, locus, now[wrong])
        for kind, of_kind in (
            (FindingKind.DNA_AGAINST_SEROLOGY, wrong[by_serology]),
            (FindingKind.CONFLICTING_REPORTS, wrong[~by_serology]),
        ):
            _, first = np.unique(donor[of_kind], return_index=True)
            chosen = of_kind[np.sort(first)]
            earlier = reported_texts(reports, locus, before[chosen])
            holding = reported_texts(reports, locus, now[chosen])
            detail = pl.DataFrame({"text": earlier}).select(pl.format("earlier {}", "text")).to_series()
            found.append(findings(registry, kind, donor[chosen], locus=locus, reported=holding, detail=detail))
    return all_findings(found)


def is_serology(registry: Registry, locus: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (rows,) whether the typing of some donors at a locus is by serology alone."""
    column = registry.columns[locus]
    reported = np.diff(column.table.serology.serology_start) > 0
    start, pair_set = column.table.with_nulls
    by_dna = np.zeros(column.table.n_typings, np.bool_)
    of_pair = np.repeat(np.arange(by_dna.size), np.diff(start))
    by_dna[of_pair[~reported[pair_set].all(axis=1)]] = True
    serology: NDArray[np.bool_] = ~by_dna[
        column.expanded_typing[registry.donor_typing[registry.loci.index(locus), rows]]
    ]
    return serology


def _pairs(members: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield every two of some members, so many at a time that they take little memory."""
    step = max(1, _PAIRS // max(members.size, 1))
    for start in range(0, members.size, step):
        one, other = np.nonzero(np.arange(start, min(start + step, members.size))[:, None] < np.arange(members.size))
        yield members[one + start], members[other]


def _swaps(
    registry: Registry,
    records: RecordComparison,
    donor: NDArray[np.int64],
    before: NDArray[np.int64],
    now: NDArray[np.int64],
) -> pl.DataFrame:
    fits = records.of_one_person(before, now)
    same = np.flatnonzero(fits & (records.n_common_loci(before, now) >= LEAST_LOCI))
    first_same = np.full(registry.n_donors, before.size)
    np.minimum.at(first_same, donor[same], same)
    # What was right before, went wrong and is right again is no swap any more.
    changed = np.flatnonzero(~fits & (np.arange(before.size) < first_same[donor]))
    found = [np.zeros((2, 0), np.int64)]
    for one, other in _pairs(changed):
        can_be = donor[one] != donor[other]
        for old, new in ((before[one], now[other]), (before[other], now[one])):
            can_be &= records.n_common_loci(old, new) >= LEAST_LOCI
            can_be[can_be] = records.of_one_person(old[can_be], new[can_be])
        found.append(np.stack([donor[one[can_be]], donor[other[can_be]]]))
    pairs = np.concatenate(found, axis=1)
    by_identifier = np.argsort(registry.id_rank[pairs], axis=0)
    pairs = np.unique(np.take_along_axis(pairs, by_identifier, axis=0), axis=1)
    others = registry.attributes["donor_id"][pairs[1]]
    return findings(registry, FindingKind.SWAPPED_SAMPLES, pairs[0], other_donor_id=others)
