"""Cells of blood groups that say ABO and Rh together, such as A+, AB Rh(D) neg or A型RH阳性."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import polars as pl

from hla_match.donors.attributes import ATTRIBUTES, RESULT_WORDS
from hla_match.nomenclature.half_width import half_width
from registry_io.persons.attribute_values import attribute_values

BLOOD_NOTE = "blood groups such as A+ or A型RH阳性 were read as ABO and Rh"

# A single letter for the result, as in "AP", is too little.
_RESULT = "|".join(re.escape(word) for word in sorted(RESULT_WORDS, key=len, reverse=True) if word not in ("P", "N"))
_BOTH = re.compile(rf"(AB|[ABO])型?[,/]?(?:\((?:RH(?:\(D\)|D)?)?({_RESULT})\)|(?:RH(?:\(D\)|D)?)?({_RESULT}))")


def abo_and_rhesus(text: str) -> tuple[str, str] | None:
    """Return ABO and Rh of a cell that says both; None for another one.

    >>> [abo_and_rhesus(text) for text in ("A+", "AB Rh(D) neg", "A型RH阳性", "O型(Rh-)", "A", "A1+")]
    [('A', 'P'), ('AB', 'N'), ('A', 'P'), ('O', 'N'), None, None]
    """
    match = _BOTH.fullmatch("".join(half_width(text).split()).upper())
    return (match[1], RESULT_WORDS[match[2] or match[3]]) if match else None


def apart(
    frame: pl.DataFrame, present: Mapping[str, str]
) -> tuple[pl.DataFrame, Mapping[str, str], Counter[tuple[str, str]]]:
    """Return persons whose blood groups are apart, ABO in `abo` and Rh in `rhesus`.

    A cell is left as it is, so that it is reported, where the file's own column of Rh says something else.

    Args:
        frame: the attributes as text.
        present: the attributes, and what the file calls their columns.

    Returns:
        The frame, `present` with `rhesus`, if there was something, and the number of cells read so, by note and column.
    """
    notes: Counter[tuple[str, str]] = Counter()
    texts = frame["abo"].drop_nulls().unique(maintain_order=True)
    both = {text: pair for text in texts if (pair := abo_and_rhesus(text)) is not None}
    if not both:
        return frame, present, notes
    abo, rhesus = (
        frame["abo"].replace_strict(list(both), [pair[at] for pair in both.values()], default=None) for at in (0, 1)
    )
    own = frame["rhesus"] if "rhesus" in frame.columns else pl.Series([None] * frame.height, dtype=pl.String)
    read = attribute_values(ATTRIBUTES["rhesus"], own)
    agrees = abo.is_not_null() & (read.text.is_null() | (read.value == rhesus).fill_null(False))
    notes[BLOOD_NOTE, present["abo"]] = int(agrees.sum())
    apart = frame.with_columns(
        pl.when(agrees).then(pl.lit(abo)).otherwise(pl.col("abo")).alias("abo"),
        pl.when(agrees).then(pl.lit(rhesus)).otherwise(pl.lit(own)).alias("rhesus"),
    )
    return apart, {"rhesus": present["abo"], **present}, notes
