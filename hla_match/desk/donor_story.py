"""One donor explained in the words of the pages, from an `Explanation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from hla_match.language import translatable, translated
from hla_match.reporting.donor_words import STATUSES, donor_warnings, donor_words
from hla_match.reporting.explanation import Explanation, probability_lines
from hla_match.reporting.fact_words import fact_lines
from hla_match.reporting.grade_tiles import mismatch_shares, tiles

ATTRIBUTES: Mapping[str, str] = {
    "status": translatable("status"),
    "reserved_until": translatable("reserved until"),
    "age": translatable("age"),
    "sex": translatable("sex"),
    "abo": translatable("blood group"),
    "rhesus": translatable("Rhesus factor"),
    "cmv": translatable("CMV antibodies"),
    "city": translatable("city"),
    "weight": translatable("weight"),
    "last_contact": translatable("last contact"),
    "resolution": translatable("resolution of the typing"),
}
"""What is known of a donor as a person, by the names of `hla_match.reporting.donor_words.donor_words`."""


def story(told: Explanation) -> dict[str, Any]:
    """Return the values of a template that explains a donor."""
    words = donor_words(told.row)
    frame = pl.DataFrame([told.row], infer_schema_length=None)
    return {
        "told": told,
        "attributes": [(translated(name), words[key]) for key, name in ATTRIBUTES.items() if words[key]],
        "warnings": list(donor_warnings(told.row)),
        "shares": next(mismatch_shares(frame)) if "p0" in told.row else None,
        "has_probabilities": "p0" in told.row,
        "chances": list(probability_lines(told.row, told.only_mismatch)),
        "facts": [*fact_lines(told.row), *told.probable_lines()],
        "tiles": tiles,
        "lets_in": [", ".join(_changes(one.change)) for one in told.obstacles],
    }


def _changes(change: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what would have to be asked for to let a donor in."""
    for name, value in change.items():
        if name == "statuses":
            yield translated("status: {values}", values=", ".join(translated(STATUSES[one]) for one in value))
        elif name == "max_mismatches":
            yield translated("at most {n} mismatches", n=value)
        elif name == "locus_limits":
            limits = ", ".join(f"{locus} {n}" for locus, n in value.items())
            yield (
                translated("most mismatches at a locus: {limits}", limits=limits)
                if limits
                else translated("no limit of mismatches at single loci")
            )
        elif value is None or value == () or name in ("only_donors", "without_donors"):
            yield translated("no criterion {name}", name=_criterion(name))
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            yield translated("criterion {name}: {value}", name=_criterion(name), value=shown)


def _criterion(name: str) -> str:
    return translated(_CRITERIA[name]) if name in _CRITERIA else name


_CRITERIA: Mapping[str, str] = {
    "min_age": translatable("least age"),
    "max_age": translatable("greatest age"),
    "sex": translatable("sex"),
    "abo": translatable("blood group"),
    "cmv": translatable("CMV antibodies"),
    "city": translatable("city"),
    "min_p": translatable("least probability"),
    "donor_type": translatable("kind of donor"),
    "without_antibodies": translatable("antibodies of the patient"),
    "only_donors": translatable("chosen donors only"),
    "without_donors": translatable("donors left out"),
}
