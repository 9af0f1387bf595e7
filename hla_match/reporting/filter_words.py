"""The criteria of a search in words: what each is, and its value; those that ask for nothing are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hla_match.language import listed, translatable, translated, translated_count
from hla_match.matching.criteria import UNKNOWN, SearchCriteria
from hla_match.reporting.donor_words import RESULTS, SEXES, STATUSES

_DIRECTIONS = {
    "both": translatable("in either direction"),
    "gvh": translatable("in graft-versus-host direction"),
    "hvg": translatable("in host-versus-graft direction"),
}
_TYPES = {
    "donor": translatable("donors"),
    "cord": translatable("units of cord blood"),
    "any": translatable("donors and units of cord blood"),
}
_LEFT_OUT = {
    "certain": translatable("left out where it is certain"),
    "possible": translatable("left out, even where typings leave it open"),
}


def filter_words(criteria: SearchCriteria) -> Iterator[tuple[str, str]]:
    """Yield the criteria of a search, each as its name and its value, in the language of the moment.

    >>> list(filter_words(SearchCriteria(max_age=40)))[:2]
    [('loci that count', '10/10: A, B, C, DRB1, DQB1'), ('mismatches', 'at most 1, in either direction')]
    """
    loci = ", ".join(criteria.loci)
    yield translated("loci that count"), loci if "," in criteria.scope else f"{criteria.scope}: {loci}"
    direction = translated(_DIRECTIONS[criteria.direction])
    yield (
        translated("mismatches"),
        translated("at most {n}, {direction}", n=criteria.max_mismatches, direction=direction),
    )
    if criteria.locus_limits:
        limits = ", ".join(f"{locus} {n}" for locus, n in criteria.locus_limits.items())
        yield translated("most mismatches at a locus"), limits
    yield from _of_donors(criteria)
    if criteria.min_p is not None:
        yield translated("least probability of so few mismatches"), f"{100 * criteria.min_p:g}%"
    yield from _of_units(criteria)
    if criteria.antibody_mfi:
        yield translated("antibodies of the patient count from MFI"), f"{criteria.antibody_mfi:g}"
    if criteria.without_antibodies is not None:
        yield (
            translated("donors with an allele that the patient has antibodies against"),
            translated(_LEFT_OUT[criteria.without_antibodies]),
        )
    if criteria.only_donors is not None:
        yield translated("chosen from"), _identifiers(len(criteria.only_donors))
    if criteria.without_donors:
        yield translated("left out"), _identifiers(len(criteria.without_donors))
    if criteria.as_of is not None:
        yield translated("ages on"), str(criteria.as_of)


def _of_donors(criteria: SearchCriteria) -> Iterator[tuple[str, str]]:
    yield translated("persons"), translated(_TYPES[criteria.donor_type])
    yield translated("status"), _named(criteria.statuses, STATUSES)
    for name, text in (("min_age", "age of at least"), ("max_age", "age of at most")):
        if (age := getattr(criteria, name)) is not None:
            yield translated(text), translated("{n} years; donors without a birth date stay", n=age)
    if criteria.sex:
        yield translated("sex"), _named(criteria.sex, SEXES)
    if criteria.abo:
        yield translated("blood group"), _named(criteria.abo, {})
    if criteria.cmv:
        yield translated("CMV antibodies"), _named(criteria.cmv, RESULTS)
    if criteria.city:
        yield translated("city"), _named(criteria.city, {})


_AGES = translatable("age of at least"), translatable("age of at most")


def _of_units(criteria: SearchCriteria) -> Iterator[tuple[str, str]]:
    if criteria.min_cord_match is not None:
        yield translated("least matches of 6 of a unit of cord blood"), str(criteria.min_cord_match)
    if criteria.min_tnc_per_kg is not None:
        yield translated("least nucleated cells of a unit, 10^7 for a kilogram"), f"{criteria.min_tnc_per_kg:g}"
    if criteria.min_cd34_per_kg is not None:
        yield translated("least CD34 positive cells of a unit, 10^5 for a kilogram"), f"{criteria.min_cd34_per_kg:g}"


def _named(values: Sequence[str], words: Mapping[str, str]) -> str:
    known = {**words, UNKNOWN: translatable("not known")}
    return listed(translated(known[one]) if one in known else one for one in values)


def _identifiers(n: int) -> str:
    return translated_count("{n} identifier", "{n} identifiers", n)
