"""The few columns of a match list that a person reads, as text."""

from __future__ import annotations

import polars as pl

from hla_match.choice.features import FEATURES
from hla_match.choice.ranked_donors import RankedDonors
from hla_match.choice.ranking_policy import RankingPolicy
from hla_match.donors.attributes import ATTRIBUTES
from hla_match.language import translatable, translated
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.search_notices import BEYOND

UNKNOWN_PROBABILITY = "n/a"
"""The sign of a probability that is not known; "?" is the sign of an allele that is not."""

NOTICE = translatable("For research and decision support; validate independently before clinical use.")


def notice() -> str:
    """Return what every list is for, in the language of the moment."""
    return translated(NOTICE)


def percent(probability: float | None) -> str:
    """Return a probability in whole percent, without hiding that it is not quite 0 or 1.

    >>> [percent(value) for value in (0.0, 0.004, 0.5, 0.999, 1.0, None)]
    ['0%', '<1%', '50%', '>99%', '100%', 'n/a']
    """
    if probability is None:
        return UNKNOWN_PROBABILITY
    if 0.0 < probability < 0.005:
        return "<1%"
    if 0.995 <= probability < 1.0 - 1e-9:
        return ">99%"
    return f"{100 * probability:.0f}%"


def policy_lines(policy: RankingPolicy) -> tuple[str, ...]:
    """Return what stands at every list: the order in words, and the caveat of the policy where it has one."""
    return (str(policy), *([f"{policy.name}: {translated(policy.caveat)}"] if policy.caveat else []))


def match_summary(found: RankedDonors, part: slice = slice(None)) -> pl.DataFrame:
    """Return what a person reads of each donor, as text: one column for each of the few things that matter.

    Loci outside the scope, which do not count, stand in brackets. P0, P1, P2 are the probabilities of as many
    mismatches in percent, "n/a" where they are missing. The last columns are the status and the typing of the donor.
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
            columns[title] = shown_attribute(frame, name)
    return pl.DataFrame({**columns, "status": frame["status"], "typing": frame["donor_typing"]})


def shown_attribute(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return an attribute of the donors of a frame as text, an age with the mark of one beyond the registry's ages."""
    text = frame[name].cast(pl.String).fill_null("")
    if name != "age" or frame["age_limit"].null_count() == frame.height:
        return text
    return text + pl.Series(["" if one is None else BEYOND for one in frame["age_limit"]])


def wide_summary(found: RankedDonors) -> pl.DataFrame:
    """Return `match_summary` with what is known of reaching each donor, and how well each is typed."""
    summary, frame = match_summary(found), match_frame([found])
    known = {"city": "city", "last_contact_on": "last contact", "reserved_until": "reserved until"}
    reached = [frame[name].cast(pl.String).fill_null("").alias(title) for name, title in known.items() if name in frame]
    score = pl.Series("resolution", [f"{value:.2f}" for value in frame["resolution"]], pl.String)
    facts = {"dpb1_tce": "DPB1 class", "mismatches": "mismatches"}
    told = [frame[name].cast(pl.String).fill_null("").alias(title) for name, title in facts.items()]
    return pl.DataFrame([*summary.drop("typing").get_columns(), *reached, score, *told, summary["typing"]])
