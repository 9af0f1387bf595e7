"""A whole list explained: what the patient is read as, and why each donor stands before the next one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hla_match.choice.ranked_donors import RankedDonors
from hla_match.language import translated
from hla_match.loci import LOCI
from hla_match.nomenclature.reading import locus_reading
from hla_match.nomenclature.reported_gl_string import reported_block
from hla_match.reporting.locus_words import understood
from hla_match.reporting.match_frame import match_frame
from hla_match.reporting.match_summary import percent, policy_lines
from hla_match.reporting.side_by_side import WIDTH, paragraph, side_by_side
from hla_match.visible_text import visible

_WIDTHS = (7, 35, 36)


def patient_lines(found: RankedDonors) -> Iterator[str]:
    """Yield the typing of the patient as it was reported, and as it is understood, locus by locus."""
    heading = [translated("locus"), translated("the patient as reported"), translated("as understood")]
    yield from side_by_side(heading, _WIDTHS)
    yield "-" * WIDTH
    for one in patient_loci(found):
        cells = [one.locus, one.reported or translated("not typed"), one.understood]
        yield from map(visible, side_by_side(cells, _WIDTHS))


@dataclass(frozen=True, slots=True)
class PatientLocus:
    """What of the patient was reported at a locus, and how it is understood.

    Attributes:
        locus: the locus.
        reported: a block of a GL String; "" where it counts and is not typed.
        understood: in words; "" where it is not typed.
    """

    locus: str
    reported: str
    understood: str


def patient_loci(found: RankedDonors) -> Iterator[PatientLocus]:
    """Yield the typing of the patient locus by locus; of loci that are not typed those that count."""
    registry, typings = found.registry, found.patient.typings
    for locus in LOCI:
        pair = typings.get(locus, ("", ""))
        if pair[0]:
            reading = locus_reading(registry.nomenclature, locus, *pair, registry.codes)
            block = reported_block(registry.nomenclature.tables, locus, *pair)
            yield PatientLocus(locus, block, understood(reading))
        elif locus in found.criteria.loci:
            yield PatientLocus(locus, "", "")


def order_lines(found: RankedDonors) -> Iterator[str]:
    """Yield the donors of a list in a line or two each: the match, and the key that puts it before the next one."""
    size = 2 * len(found.criteria.loci)
    for line in policy_lines(found.policy):
        yield from paragraph(visible(line), indent=2, first=0)
    rows = match_frame([found]).to_dicts()
    for at, row in enumerate(rows):
        match = translated(
            "{best} at best, {worst} certainly",
            best=f"{row['matches_best']}/{size}",
            worst=f"{row['matches_worst']}/{size}",
        )
        chance = f", P0 {percent(row['p0'])}, P1 {percent(row['p1'])}" if "p0" in row else ""
        why = translated("; before the next by {reason}", reason=found.why(at)) if at + 1 < len(rows) else ""
        yield from paragraph(visible(f"{row['rank']:>4}  {row['donor_id']}: {match}{chance}{why}"), indent=6, first=0)
