"""Facts of one donor that typings leave open, in words: the values that frequencies find probable, and how probable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hla_match.immunogenetics.fact_probabilities import NO_SINGLE_MISMATCH, NOT_KNOWN, Probabilities
from hla_match.immunogenetics.mismatched_alleles import MismatchedAlleles
from hla_match.language import listed, translatable, translated
from hla_match.reporting.donor_words import TCE_WORDS
from hla_match.reporting.match_summary import percent

_MOST = 4
"""Values that a line names; the others are summed."""

_LEAST = 0.005
"""Probability from which on a value is named, and a mismatch is spoken of; it is 1 percent as shown."""

_CERTAIN = 1 - 1e-9

LINES: Mapping[str, str] = {
    "dpb1_tce": translatable("DPB1 by T-cell epitope groups, by frequencies: {values}."),
    "dpb1_expression": translatable("Expression of the patient's mismatched DPB1 allele, by frequencies: {values}."),
    "b_leader": translatable("Leaders of a single mismatch at B, by frequencies: {values}."),
    "kir_missing_gvh": translatable("KIR ligands that are missing in GvH, by frequencies: {values}."),
    "kir_missing_hvg": translatable("KIR ligands that are missing in HvG, by frequencies: {values}."),
    "patient_dq_groups": translatable("Groups of the patient's HLA-DQ heterodimers, by frequencies: {values}."),
    "donor_dq_groups": translatable("Groups of the donor's HLA-DQ heterodimers, by frequencies: {values}."),
}
"""What is said of each fact, by the column that has its certain value."""

_WORDS: Mapping[str, str] = {
    **TCE_WORDS,
    "high": translatable("high"),
    "low": translatable("low"),
    "none": translatable("none"),
    NO_SINGLE_MISMATCH: translatable("no single mismatch"),
    NOT_KNOWN: translatable("not known"),
}


def probable_lines(
    mismatched: Mapping[str, MismatchedAlleles], probabilities: Mapping[str, Probabilities]
) -> Iterator[str]:
    """Yield what frequencies say of the alleles of a mismatch, and of each fact that typings leave open.

    Args:
        mismatched: by locus.
        probabilities: by the column of the fact.

    >>> one = MismatchedAlleles("A", 0.31, {(("02:01",), ("02:06",)): 0.7, (("02:01",), ("02:07",)): 0.3}, 0.0)
    >>> for line in probable_lines({"A": one}, {"b_leader": {"MMT": 0.6, "no single mismatch": 0.4}}):
    ...     print(line)
    If there is a mismatch at A (31%), it is: A*02:01/02:06 70%, A*02:01/02:07 30%.
    Leaders of a single mismatch at B, by frequencies: MMT 60%, no single mismatch 40%.
    """
    for locus, one in mismatched.items():
        if one.p_mismatch >= _LEAST and (one.p_mismatch < _CERTAIN or len(one.alleles) > 1):
            cut = translated("; {p} was too unlikely to be compared", p=percent(one.cut)) if one.cut >= _LEAST else ""
            yield translated(
                "If there is a mismatch at {locus} ({p}), it is: {alleles}{cut}.",
                locus=locus,
                p=percent(one.p_mismatch),
                alleles=_values(one.words, str),
                cut=cut,
            )
    for name, form in LINES.items():
        values = probabilities.get(name, {})
        told = sum(p for value, p in values.items() if value not in (NO_SINGLE_MISMATCH, NOT_KNOWN))
        if told >= _LEAST and max(values.values()) < _CERTAIN:
            yield translated(form, values=_values(values, _word))


def _values(values: Mapping[str, float], word: Callable[[str], str]) -> str:
    """Return the most probable values with their probability; the others together."""
    named = [(one, p) for one, p in values.items() if p >= _LEAST][:_MOST]
    told = [f"{word(one)} {percent(p)}" for one, p in named]
    rest = sum(values.values()) - sum(p for _, p in named)
    return listed([*told, *([translated("others {p}", p=percent(rest))] if rest >= _LEAST else [])])


def _word(value: str) -> str:
    # Several ligands are one value among others that commas divide.
    return translated(_WORDS[value]) if value in _WORDS else value.replace(", ", "+")
