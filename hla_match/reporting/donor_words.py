"""What is known of a donor as a person, in words of the language of the moment, from the columns of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hla_match.immunogenetics.tce import TCE_CLASSES
from hla_match.language import listed, translatable, translated
from hla_match.reporting.fallback_words import missing_words
from hla_match.reporting.search_notices import BEYOND

SEXES: Mapping[str, str] = {"F": translatable("female"), "M": translatable("male")}
RESULTS: Mapping[str, str] = {"P": translatable("positive"), "N": translatable("negative")}
STATUSES: Mapping[str, str] = {
    "AV": translatable("available"),
    "TU": translatable("temporarily unavailable"),
    "RS": translatable("reserved"),
    "OP": translatable("reserved for another patient"),
    "DE": translatable("deleted"),
}
"""The values of categories in words; a test compares them with the vocabulary of attributes."""

TCE_WORDS: Mapping[str, str] = dict(
    zip(
        TCE_CLASSES,
        (
            translatable("match"),
            translatable("permissive"),
            translatable("non-permissive HvG"),
            translatable("non-permissive GvH"),
            translatable("unknown"),
        ),
        strict=True,
    )
)
"""The classes of DPB1 by T-cell epitope groups in words."""


def donor_words(row: Mapping[str, Any]) -> dict[str, str]:
    """Return each thing that is known of a donor as a person, in words; "" where it is not known.

    Args:
        row: the donor, as in `MatchList.to_polars`.

    >>> row = {"age": 24, "age_limit": None, "sex": "F", "abo": "O", "cmv": None, "status": "AV", "resolution": 0.5}
    >>> list(donor_words(row).items())[:5]
    [('age', '24'), ('sex', 'female'), ('abo', 'O'), ('cmv', ''), ('status', 'available')]
    """
    return {
        "age": "" if row.get("age") is None else f"{row['age']}{BEYOND * (row.get('age_limit') is not None)}",
        "sex": _word(SEXES, row.get("sex")),
        "abo": row.get("abo") or "",
        "cmv": _word(RESULTS, row.get("cmv")),
        "status": _word(STATUSES, row.get("status")),
        "rhesus": _word(RESULTS, row.get("rhesus")),
        "city": row.get("city") or "",
        "weight": f"{row['weight_kg']:g} kg" if row.get("weight_kg") is not None else "",
        "last_contact": "" if row.get("last_contact_on") is None else str(row["last_contact_on"]),
        "reserved_until": "" if row.get("reserved_until") is None else str(row["reserved_until"]),
        "resolution": resolution_words(row["resolution"]),
    }


def person_sentence(row: Mapping[str, Any]) -> str:
    """Return what is known of a donor as a person in a line, with the status in words.

    >>> person_sentence({"status": "AV", "age": 24, "sex": "F", "abo": None, "resolution": 0.5})
    'available, 24 years, female, typing resolution 0.50'
    """
    words = donor_words(row)
    forms = {
        "status": "{value}",
        "reserved_until": translated("reserved until {value}"),
        "age": translated("{value} years"),
        "sex": "{value}",
        "abo": translated("blood group {value}"),
        "cmv": translated("CMV {value}"),
        "city": "{value}",
        "last_contact": translated("last contact {value}"),
        "resolution": translated("typing resolution {value}"),
    }
    return listed(form.format(value=words[name]) for name, form in forms.items() if words[name])


def resolution_words(score: float) -> str:
    """Return how well a donor is typed, as a score from 0 to 1.

    >>> resolution_words(0.5), resolution_words(0.004)
    ('0.50', 'below 0.01')
    """
    return translated("below 0.01") if score < 0.01 else f"{score:.2f}"


def donor_warnings(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what has to be seen before a donor is asked: ages, reservations, antibodies, probabilities not known."""
    if row.get("age_limit"):
        yield translated("beyond the ages at which donors of the registry donate")
    if row.get("reserved_until") is not None:
        yield translated("reserved until {day}", day=row["reserved_until"])
    if row.get("antibodies"):
        yield translated("antibodies of the patient: {names}", names=row["antibodies"])
    if row.get("p_missing"):
        yield translated("probability not known: {reason}", reason=missing_words(row["p_missing"]))


def _word(words: Mapping[str, str], value: str | None) -> str:
    return "" if value is None else translated(words[value])
