"""The few columns of a match list that a person reads, as text."""

from __future__ import annotations

import polars as pl

from hla_match.choice.features import FEATURES
from hla_match.choice.ranked_donors import RankedDonors
from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.search_notices import search_notices
from hla_match.visible_text import visible

NOTICE = "For research and decision support; validate independently before clinical use."


def percent(probability: float | None) -> str:
    """Return a probability in whole percent, without hiding that it is not quite 0 or 1.

    >>> [percent(value) for value in (0.0, 0.004, 0.5, 0.999, 1.0, None)]
    ['0%', '<1%', '50%', '>99%', '100%', '?']
    """
    if probability is None:
        return "?"
    if 0.0 < probability < 0.005:
        return "<1%"
    if 0.995 <= probability < 1.0 - 1e-9:
        return ">99%"
    return f"{100 * probability:.0f}%"


def policy_lines(policy: RankingPolicy) -> tuple[str, ...]:
    """Return what stands at every list: the order in words, and the caveat of the policy where it has one."""
    return (str(policy), *([f"{policy.name}: {policy.caveat}"] if policy.caveat else []))


def match_summary(found: RankedDonors, part: slice = slice(None)) -> pl.DataFrame:
    """Return what a person reads of each donor, as text: one column for each of the few things that matter.

    Loci outside the scope, which do not count, stand in brackets. P0, P1, P2 are the probabilities of as many
    mismatches in percent, "?" where they are missing.
    """
    size = 2 * len(found.criteria.loci)
    frame = match_frame([found], part)
    columns = {
        "rank": frame["rank"].cast(pl.String),
        "donor": frame["donor_id"],
        "best": frame["matches_best"].cast(pl.String) + f"/{size}",
        "worst": frame["matches_worst"].cast(pl.String) + f"/{size}",
    }
    if found.prediction is not None:
        columns |= {f"P{k}": pl.Series([percent(value) for value in frame[f"p{k}"]], dtype=pl.String) for k in range(3)}
    for result in found.loci:
        heading = result.locus if result.locus in found.criteria.loci else f"({result.locus})"
        columns[heading] = frame[f"{result.locus}_grade"].cast(pl.String)
    columns |= {"GvH": frame["gvh"].cast(pl.String), "HvG": frame["hvg"].cast(pl.String)}
    shown = {feature.columns[0]: feature.heading for feature in FEATURES.values() if feature.heading}
    shown |= {name: attribute.heading for name, attribute in ATTRIBUTES.items() if attribute.heading}
    for name, title in shown.items():
        if name in frame.columns:
            columns[title] = frame[name].cast(pl.String).fill_null("")
    return pl.DataFrame(columns)


def match_text(found: RankedDonors) -> str:
    """Return the first donors of a match list as lines of text, below the notices."""
    n_shown = min(len(found), 10)
    head = [
        f"MatchList for {found.patient.patient_id}: {found.n_found:,} donors, "
        f"{found.criteria.scope} with up to {found.criteria.max_mismatches} mismatches, "
        f"{found.registry.nomenclature.title}",
        *policy_lines(found.policy),
        *(f"note: {notice}" for notice in search_notices(found)),
    ]
    head = [visible(line) for line in head]
    if not n_shown:
        return "\n".join(head)
    summary = match_summary(found, slice(0, n_shown))
    summary = summary.with_columns(pl.all().map_elements(visible, pl.String))
    with pl.Config(
        tbl_rows=n_shown,
        tbl_cols=30,
        tbl_width_chars=200,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
    ):
        body = str(summary)
    more = [f"... {len(found) - n_shown:,} more"] if len(found) > n_shown else []
    return "\n".join([*head, body, *more, NOTICE])
